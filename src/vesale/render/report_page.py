"""A Report and its extras as one self-contained HTML page that a doctor understands; the layout is in the template."""

import base64
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.report import Finding, Measure, Report
from ..metrics.intervals import clopper_pearson
from .audit_text import audit_section
from .calibration_section import calibration_views
from .charts import curve_svg
from .extras import Confusion, Curve, ExamLine, Extras, Series, Shown
from .gate_section import gate_view
from .page import page
from .privacy_section import privacy_section
from .refer_section import prices_in_words, refer_section
from .text import lead_sentences, refer_sentence, warnings_of
from .words import (
    DASH,
    NO_BREAK,
    clock,
    counted,
    decimal,
    form,
    integer,
    interval_text,
    listed,
    metric_help,
    metric_name,
    percent,
    say,
    short_percent,
    unknown,
    value_text,
)

__all__ = ["Confusion", "Curve", "ExamLine", "Extras", "Series", "Shown", "report_page"]

MOST_EXAMS = 500
"""Rows of the table of exams; the rest is in exams.csv."""
View = dict[str, Any]
Row = tuple[tuple[str, ...], Mapping[str, Measure] | None, str | None]
"""Heads of a row, its numbers, and what is said where there are none."""


def report_page(report: Report, extras: Extras, language: str = "en") -> str:
    """The answer in plain sentences first, then warnings, pictures, numbers, curves, and how to do it again."""
    r, e = report, extras
    tables = {
        "measures": [(output, [_measure(m, language) for m in ms.values()]) for output, ms in r.measures.items()],
        "baselines": _baselines(r, language),
        "subgroups": _subgroups(r, language),
        "audit": audit_section(e.audit, language),
        "per_class": _per_class(r, language),
    }
    content = {
        "title": e.title,
        "model_line": _model_line(r),
        "task": e.task,
        "leads": lead_sentences(r, e.kinds, language),
        "trust": refer_sentence(r, language),
        "intended_use": e.intended_use,
        "limits": e.limits,
        "warnings": warnings_of(r, language),
        "gallery": [_picture(s) for s in e.gallery],
        "curves": [{"title": c.title, "svg": curve_svg(c, f"v{i}", language)} for i, c in enumerate(e.curves)],
        "confusions": [_confusion(c, language) for c in e.confusions],
        "calibration": calibration_views(r, language, (_measure, _matrix)),
        "rules": _rules(r, e, language),
        "referral": [_measure(m, language) for m in _referral(r)],
        "refer": refer_section(e.promised, language),
        "accepts": gate_view(e.accepts, language),
        "cohort": _cohort(r, language),
        "excluded": r.cohort.get("excluded") or (),
        "findings": None if e.findings is None else [_finding(f, language) for f in e.findings],
        "exams": [_exam(x, language) for x in e.exams[:MOST_EXAMS]],
        "exams_shown": counted(min(len(e.exams), MOST_EXAMS), "exam", language),
        "exams_rest": _rest(len(e.exams) - MOST_EXAMS, language),
        "privacy": privacy_section(e.privacy, language),
        "command": r.command,
        "again": _again(r, e, language),
    }
    return page("report.html.j2", language, **content, **tables, contents=_contents({**content, **tables}, language))


def _contents(content: View, language: str) -> list[tuple[str, str]]:
    """The sections that the page has, for its navigation."""
    there = [
        ("pictures", "report.pictures", bool(content["gallery"])),
        ("numbers", "report.numbers", True),
        ("curves", "report.curves", bool(content["curves"] or content["confusions"])),
        ("calibration", "report.calibration", True),
        ("referral", "report.referral", True),
        ("gate", "gate.title", True),
        ("subgroups", "report.subgroups", True),
        ("per-class", "report.per_class", bool(content["per_class"])),
        ("cohort", "report.cohort", True),
        ("privacy", "privacy.title", content["privacy"] is not None),
        ("exams", "report.exams", bool(content["exams"])),
        ("again", "report.again", True),
    ]
    return [(anchor, say(key, language)) for anchor, key, shown in there if shown]


def _referral(report: Report) -> list[Measure]:
    if report.refer is None:
        return []
    found = (report.refer.share_reported, report.refer.error_reported, report.refer.cost_reported)
    return [m for m in found if m is not None]


def _model_line(report: Report) -> str:
    model = report.model
    return " ".join(str(model[key]) for key in ("name", "version", "digest") if model.get(key))


def _measure(measure: Measure, language: str) -> View:
    """Words for one number; `value` is empty when it is unknown, `unknown` then says why."""
    return {
        "name": metric_name(measure.name, language),
        "value": value_text(measure, language),
        "interval": interval_text(measure, language),
        "n": counted(measure.n, measure.n_of, language),
        "unknown": unknown(measure.method, language),
        "method": measure.method or say("unknown", language),
        "help": metric_help(measure.name, language),
        "span": _span(measure),
    }


def _span(measure: Measure) -> View | None:
    """Places on a bar 140 wide that stands for 0 to 1; None for what does not live there."""
    ends = [v for v in (measure.value, measure.low, measure.high) if v is not None]
    if measure.value is None or form(measure.name) == "number" or not all(0 <= v <= 1 for v in ends):
        return None
    bare = measure.low is None or measure.high is None
    low, high = (None, None) if bare else (_place(measure.low), _place(measure.high))
    return {"value": _place(measure.value), "low": low, "high": high}


def _place(value: float | None) -> float:
    return round(2 + 140 * (value or 0.0), 1)


def _matrix(rows: Sequence[Row], language: str) -> tuple[list[str], list[View]]:
    """Columns: every metric of any row. Rows: their heads, and a cell a metric or one note in the cells' place."""
    metrics = list(dict.fromkeys(m for _, measures, _ in rows for m in measures or {}))
    views = []
    for head, measures, note in rows:
        cells = [_measure(measures[m], language) if m in measures else None for m in metrics] if measures else []
        why = None if measures else note or say("unknown", language)
        views.append({"head": list(head), "cells": cells, "note": why})
    return [metric_name(m, language) for m in metrics] or [say("label.value", language)], views


def _baselines(report: Report, language: str) -> list[tuple[str, list[str], list[View]]]:
    tables = []
    for output, measures in report.measures.items():
        named = {name: outputs[output] for name, outputs in report.baselines.items() if output in outputs}
        if named:
            shared = {m: v for m, v in measures.items() if any(m in others for others in named.values())}
            rows: list[Row] = [((say("report.model_column", language),), shared, None)]
            rows += [((name,), others, None) for name, others in named.items()]
            tables.append((output, *_matrix(rows, language)))
    return tables


def _per_class(report: Report, language: str) -> list[tuple[str, list[str], list[View]]]:
    return [
        (output, *_matrix([((name,), measures, None) for name, measures in classes.items()], language))
        for output, classes in report.per_class.items()
        if classes
    ]


def _subgroups(report: Report, language: str) -> list[tuple[str, list[str], list[View]]]:
    if not report.subgroups:
        return []
    tables = []
    for output in report.measures:
        rows = [
            ((g.by, g.value, integer(g.subjects, language)), (g.measures or {}).get(output), g.note)
            for g in report.subgroups
        ]
        tables.append((output, *_matrix(rows, language)))
    return tables


def _picture(shown: Shown) -> View:
    """A PNG as the page holds it; its size is read from its header (PNG specification, IHDR)."""
    width, height = struct.unpack(">II", shown.png[16:24])
    return {
        "title": shown.title,
        "caption": shown.caption,
        "data": base64.b64encode(shown.png).decode("ascii"),
        "width": width,
        "height": height,
        "wide": width > 1.5 * height,
    }


def _confusion(confusion: Confusion, language: str) -> View:
    rows = []
    for i, (name, counts) in enumerate(zip(confusion.names, confusion.counts, strict=True)):
        total = sum(counts)
        cells = [_cell(count, total, i == j, language) for j, count in enumerate(counts)]
        rows.append({"name": name, "cells": cells, "sum": integer(total, language)})
    return {"output": confusion.output, "names": confusion.names, "rows": rows}


def _cell(count: int, total: int, right: bool, language: str) -> View:
    share = say("unknown", language)
    if total:
        low, high = clopper_pearson(count, total)
        share = f"{percent(count / total, 0, language)} {_bracket(low, high, language)}"
    shade = round(45 * count / total) if total else 0
    return {"count": integer(count, language), "share": share, "right": right, "shade": shade}


def _bracket(low: float, high: float, language: str) -> str:
    ends = (percent(end, 0, language).rpartition(NO_BREAK)[0] for end in (low, high))
    return f"[{DASH.join(ends)}]"


def _rules(report: Report, extras: Extras, language: str) -> list[tuple[str, str]]:
    not_known = say("unknown", language)
    rows = [
        (say("report.refer_rule", language), extras.refer_rule or not_known),
        (say("report.gate", language), extras.gate or not_known),
    ]
    if report.refer:
        alpha, sure = short_percent(report.refer.alpha, language), short_percent(1 - report.refer.delta, language)
        text = say("report.promise.text", language, alpha=alpha, confidence=sure)
        if report.refer.prices:
            prices, hundred = (
                prices_in_words(report.refer.prices, language),
                decimal(100 * report.refer.alpha, 3, language),
            )
            text = say("refer.promise_priced", language, prices=prices, hundred=hundred, confidence=sure)
        rows.insert(1, (say("report.promise", language), text))
    return rows


def _cohort(report: Report, language: str) -> list[tuple[str, str]]:
    c, not_known = report.cohort, say("unknown", language)
    by_subject = c.get("split_by_subject")
    counts = [
        (say(f"label.{key}s", language), not_known if c.get(f"{key}s") is None else integer(c[f"{key}s"], language))
        for key in ("subject", "exam")
    ]
    return [
        *counts,
        (say("label.split", language), str(c.get("split") or not_known).replace("_", " ")),
        (
            say("label.split_by_subject", language),
            not_known if by_subject is None else say("yes" if by_subject else "no", language),
        ),
        (say("label.digest", language), str(c.get("digest") or not_known)),
    ]


def _finding(finding: Finding, language: str) -> View:
    lines = [str(n) for n in finding.lines]
    where = f" ({say('label.lines', language, lines=listed(lines))})" if lines else ""
    return {
        "severity": say(f"severity.{finding.severity}", language),
        "kind": finding.kind.replace("_", " "),
        "message": f"{finding.message}{where}",
        "remedy": finding.remedy,
        "measure": _measure(finding.measure, language) if finding.measure else None,
    }


def _exam(exam: ExamLine, language: str) -> View:
    not_known = say("unknown", language)
    return {
        "exam": exam.exam,
        "status": exam.status,
        "status_name": say(f"status.{exam.status}", language),
        "truth": not_known if exam.truth is None else exam.truth,
        "prediction": say("answer.none", language) if exam.prediction is None else exam.prediction,
        "confidence": not_known if exam.confidence is None else percent(exam.confidence, 0, language),
    }


def _rest(n: int, language: str) -> str:
    return say("report.exams.rest", language, n=integer(n, language)) if n > 0 else ""


def _again(report: Report, extras: Extras, language: str) -> list[tuple[str, str]]:
    not_known = say("unknown", language)
    training = not_known
    if extras.training_seconds is not None and extras.training_steps is not None:
        steps = integer(extras.training_steps, language)
        training = say("label.training.value", language, time=clock(extras.training_seconds, language), steps=steps)
    peak = f"{integer(round(report.peak_rss_mb), language)}{NO_BREAK}MB" if report.peak_rss_mb else not_known
    return [
        (say("label.model", language), _model_line(report) or not_known),
        (say("label.recipe", language), extras.recipe or not_known),
        (say("label.training", language), training),
        (say("label.machine", language), extras.machine or not_known),
        (say("label.seconds", language), clock(report.seconds, language)),
        (say("label.peak", language), peak),
        (say("label.licence", language), extras.licence or not_known),
        (say("label.citation", language), extras.citation or not_known),
    ]
