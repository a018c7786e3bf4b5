"""Records to the JSON documents that others rely on (INTERFACES); prose and pages live in the other files here."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, assert_never

import numpy as np

from ..core.model import Card
from ..core.prediction import (
    Answer,
    AnsweredCategory,
    AnsweredPartition,
    AnsweredPicture,
    AnsweredQuantity,
    Evidence,
    GateVerdict,
    Guarantee,
    Prediction,
    Status,
)
from ..core.report import Calibration, Finding, Measure, Report, Subgroup

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReadExam:
    """One exam of a reading: its status and where its prediction.json lies, relative to summary.json."""

    exam: str
    status: Status
    path: str | None
    news: tuple[str, ...] = ()
    """What no training exam had."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that could not be read or answered, and what to do about it."""

    input: str
    code: str
    message: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A whole run of `vesale read`."""

    model: Mapping[str, str]
    """name, version, digest"""
    started: datetime
    """Must know its time zone."""
    seconds: float
    peak_rss_mb: float | None
    vesale: str
    exams: tuple[ReadExam, ...]
    failures: tuple[Failure, ...] = ()
    log: Mapping[str, Any] | None = None
    """status (written, off, failed), entries, missed, head, message: how the log of readings fared."""

    @property
    def counts(self) -> dict[str, int]:
        """How many exams there are, and how many of each status."""
        statuses: tuple[Status, ...] = ("reported", "referred", "declined", "failed")
        return {"exams": len(self.exams)} | {s: sum(e.status == s for e in self.exams) for s in statuses}


def number(measure: Measure) -> Document:
    """Number of INTERFACES; what is not finite is null."""
    names = ("value", "low", "high", "level", "n", "n_of", "unit", "method")
    return {name: plain(getattr(measure, name)) for name in names}


def measure(name: str, number: Mapping[str, Any]) -> Measure:
    """The inverse of `number`, under the metric's name."""
    return Measure(
        name=name,
        value=number["value"],
        low=number["low"],
        high=number["high"],
        n=number["n"],
        n_of=number["n_of"],
        unit=number["unit"],
        method=number["method"],
        level=number["level"],
    )


def prediction_document(prediction: Prediction) -> Document:
    """vesale/prediction/1: one exam's answer or referral."""
    p = prediction
    promise = p.promise and {
        "alpha": p.promise.alpha,
        "delta": p.promise.delta,
        "n_calibration": p.promise.n_calibration,
        "unit": p.promise.unit,
        "error": p.promise.error,
        "approximate": p.promise.approximate,
        "confidence": p.promise.confidence,
        "threshold": p.promise.threshold,
        "prices": p.promise.prices,
    }
    return _document(
        "prediction",
        {
            "exam": p.exam,
            "subject": p.subject,
            "status": p.status,
            "reasons": [
                {"code": r.code, "message": r.message, "value": r.value, "threshold": r.threshold} for r in p.reasons
            ],
            "promise": promise,
            "outputs": {name: _answer(answer) for name, answer in p.outputs.items()},
            "gate": _gate(p.gate),
            "evidence": _evidence(p.evidence),
            "notes": [*p.notes, *p.news],
            "news": p.news,
        },
    )


def report_document(report: Report) -> Document:
    """vesale/report/1: what was measured, on whom."""
    r = report
    refer = r.refer and {
        "alpha": r.refer.alpha,
        "delta": r.refer.delta,
        "share_reported": r.refer.share_reported,
        "error_reported": r.refer.error_reported,
        "prices": r.refer.prices,
        "cost_reported": r.refer.cost_reported,
    }
    known = {key: r.cohort.get(key) for key in ("digest", "subjects", "exams", "split", "split_by_subject")}
    return _document(
        "report",
        {
            "command": r.command,
            "model": _model(r.model),
            "cohort": {**known, "excluded": [], **r.cohort},
            "measures": r.measures,
            "per_class": r.per_class,
            "subgroups": [subgroup_document(s) for s in r.subgroups],
            "calibration": {name: _calibration(c) for name, c in r.calibration.items()},
            "candidates": {o: [asdict(c) for c in tried] for o, tried in r.candidates.items()},
            "guarantees": {o: guarantee_document(g) for o, g in r.guarantees.items()},
            "coverage": r.coverage,
            "refer": refer,
            "baselines": r.baselines,
            "warnings": [{"code": code, "message": message} for code, message in r.warnings],
            "seconds": r.seconds,
            "peak_rss_mb": r.peak_rss_mb,
        },
    )


def summary_document(summary: Summary) -> Document:
    """vesale/summary/1: a run of `vesale read`."""
    s = summary
    return _document(
        "summary",
        {
            "model": _model(s.model),
            "started": s.started,
            "seconds": s.seconds,
            "peak_rss_mb": s.peak_rss_mb,
            "vesale": s.vesale,
            "counts": s.counts,
            "exams": [{"exam": e.exam, "status": e.status, "path": e.path, "news": e.news} for e in s.exams],
            "failures": [
                {"input": f.input, "code": f.code, "message": f.message, "remedy": f.remedy} for f in s.failures
            ],
            "log": s.log,
        },
    )


def card_document(card: Card) -> Document:
    """vesale/card/1: what a reader must know before trusting a model."""
    return _document("card", {f.name: getattr(card, f.name) for f in fields(card)})


DRAWN = ("cue", "asked", "boxes")


def finding_document(finding: Finding) -> Document:
    """One finding as `vesale check` lists it, without what only its drawing needs; it bears no schema."""
    return {f.name: plain(getattr(finding, f.name)) for f in fields(finding) if f.name not in DRAWN}


def dumps(document: Mapping[str, Any]) -> str:
    """The text of a document, keys in the order given; a number that is not finite is an error here."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def timestamp(moment: datetime) -> str:
    """UTC ISO-8601, to the second. A moment without a time zone is a ValueError: it could be any of 24."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """Any value of our records as JSON knows it: numpy unpacked, measures as Numbers, what is not finite null."""
    match value:
        case Measure():
            return number(value)
        case None | str() | bool():
            return value
        case np.generic() | np.ndarray():
            return plain(value.tolist())
        case float():
            return value if math.isfinite(value) else None
        case int():
            return value
        case datetime():
            return timestamp(value)
        case PurePath():
            return value.as_posix()
        case Mapping():
            return {str(k): plain(v) for k, v in value.items()}
        case Sequence():
            return [plain(v) for v in value]
    raise TypeError(f"{type(value).__name__} has no place in a document")


def _document(name: str, content: Document) -> Document:
    return {"schema": f"vesale/{name}/1", **plain(content)}


def _model(model: Mapping[str, str]) -> Document:
    return {"name": model.get("name"), "version": model.get("version"), "digest": model.get("digest")}


def _answer(answer: Answer) -> Document:
    match answer:
        case AnsweredQuantity():
            names = ["kind", "value", "unit", "low", "high", "level", "steps", "step", "probabilities", "set"]
            names += ["quantiles"]
        case AnsweredCategory():
            names = ["kind", "exclusive", "answer", "probabilities", "calibrated", "set", "level"]
        case AnsweredPartition():
            return _partition(answer)
        case AnsweredPicture():
            return _picture(answer)
        case _:
            assert_never(answer)
    found = {name: getattr(answer, name) for name in names}
    return found | {"guarantee": guarantee_document(answer.guarantee)}


def _partition(answer: AnsweredPartition) -> Document:
    grid = answer.labels[0].grid if answer.labels else None
    regions = [
        {
            "name": r.name,
            "samples": r.samples,
            "area_mm2": r.area_mm2,
            "volume_mm3": r.volume_mm3,
            "count": r.count,
        }
        for r in answer.regions
    ]
    risks = [
        {"measure": r.measure, "alpha": r.alpha, "delta": r.delta, "threshold": r.threshold, "n": r.n}
        for r in answer.risks
    ]
    risk = answer.risk and {
        "measure": answer.risk.measure,
        "alpha": answer.risk.alpha,
        "delta": answer.risk.delta,
        "threshold": answer.risk.threshold,
        "n": answer.risk.n,
    }
    return {
        "kind": answer.kind,
        "exclusive": answer.exclusive,
        "files": answer.files,
        "confidence_files": answer.confidence_files,
        "names": {str(i): name for i, name in enumerate(answer.names)},
        "shape": grid.shape if grid else (),
        "spacing_mm": grid.spacing if grid else None,
        "regions": regions,
        "risk": risk,
        "thresholds": answer.thresholds,
        "risks": risks,
        "guarantee": guarantee_document(answer.guarantee),
    }


def _picture(answer: AnsweredPicture) -> Document:
    first = answer.pictures[0].data if answer.pictures else None
    return {
        "kind": answer.kind,
        "file": next(iter(answer.files), None),
        "shape": () if first is None else first.shape[1:],
        "dtype": "float32",
        "unit": answer.unit,
        "spread_file": next(iter(answer.spread_files), None),
        "files": answer.files,
        "spread_files": answer.spread_files,
        "channels": answer.channels,
        "low": answer.low,
        "high": answer.high,
        "level": answer.level,
        "guarantee": guarantee_document(answer.guarantee),
    }


def _gate(gate: GateVerdict) -> Document:
    return {
        "verdict": gate.verdict,
        "score": gate.score,
        "threshold": gate.threshold,
        "false_alarm_rate": gate.false_alarm_rate,
        "checks": [{"name": c.name, "pass": c.passed, "value": c.value} for c in gate.checks],
    }


def _evidence(evidence: Evidence) -> Document:
    explanation = evidence.explanation
    if explanation is not None:
        explanation = {k: explanation.get(k) for k in ("method", "file", "faithfulness", "passed")} | dict(explanation)
    return {
        "model": _model(evidence.model),
        "recipe": evidence.recipe,
        "inputs": [
            {"sha256": s.sha256, "modality": s.modality, "shape": s.shape, "spacing_mm": s.spacing_mm}
            for s in evidence.inputs
        ],
        "runtime": evidence.runtime,
        "precision": evidence.precision,
        "vesale": evidence.vesale,
        "seed": evidence.seed,
        "seconds": evidence.seconds,
        "log_entry": evidence.log_entry,
        "explanation": explanation,
    }


def subgroup_document(group: Subgroup) -> Document:
    """One subgroup as report.json and audit.json list it; it bears no schema."""
    return {
        "by": group.by,
        "value": group.value,
        "subjects": group.subjects,
        "measures": group.measures,
        "note": group.note,
        "exams": group.exams,
        "rates": group.rates,
        "per_class": group.per_class,
    }


def _calibration(calibration: Calibration) -> Document:
    c = calibration
    return {
        "ece": c.ece,
        "brier": c.brier,
        "bins": [{"p": b.p, "observed": b.observed, "n": b.n, "low": b.low, "high": b.high} for b in c.bins],
        "of": c.of,
        "stated": c.stated,
        "observed": c.observed,
        "per_class": {name: _calibration(each) for name, each in c.per_class.items()},
        "subgroups": [{f.name: getattr(g, f.name) for f in fields(g)} for g in c.subgroups],
    }


def guarantee_document(guarantee: Guarantee | None) -> Document | None:
    """What is promised of an output, and which kind of promise it is: an extension of INTERFACES' Output."""
    if guarantee is None:
        return None
    return {f.name: plain(getattr(guarantee, f.name)) for f in fields(guarantee)}
