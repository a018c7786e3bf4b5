"""Results to a Report and its page: numbers, curves, and the best, the median and the worst exam as pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.audit import Audit
from ..core.exam import Cohort, Exam
from ..core.model import Card
from ..core.prediction import Guarantee
from ..core.report import Calibration, Candidate, Finding, Measure, Report
from ..core.task import Category, Partition, Picture, Quantity
from ..io import open_source
from ..metrics.classification import roc_curve
from ..ops.machine import peak_rss_mb
from ..render.composite import composite
from ..render.documents import dumps, report_document
from ..render.extras import Accepts, Confusion, Curve, ExamLine, Extras, Series, Shown
from ..render.overlay import confusion_overlay, thumbnail
from ..render.report_page import report_page
from ..render.sheet import volume_overlay
from ..trust.state import Trust
from .audit import audit_of_study
from .calibration_rows import Cell, Row, calibrated_groups, probabilities
from .picture_gallery import picture_gallery
from .promised import promised
from .results import Priced, Results, answered, measured, referral, view_mask, write_results
from .samples import IGNORED, view_labels
from .views import read_picture


@dataclass(frozen=True, slots=True)
class About:
    """What a report says beside its numbers."""

    command: str
    model: Mapping[str, str]
    split: str | None
    excluded: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] | None = None
    promise: tuple[float, float] | None = None
    """(alpha, delta) of the refer rule."""
    rule: str | None = None
    """The refer rule in words."""
    trust: Trust | None = None
    """Of the model, whose refer rule is drawn."""
    gate: str | None = None
    accepts: Accepts | None = None
    """What the gate compares with."""
    card: Card | None = None
    recipe: str | None = None
    losses: tuple[Series, ...] = ()
    """Training loss by step."""
    baselines: Mapping[str, Mapping[str, Mapping[str, Measure]]] = field(default_factory=dict)
    warnings: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    by_subject: bool = True
    """Whether the exams were kept apart from the learned ones by subject."""
    candidates: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)
    """Output -> the ways to calibrate that were tried."""
    guarantees: Mapping[str, Guarantee] = field(default_factory=dict)
    language: str = "en"
    """Of report.html."""
    without: Mapping[str, Mapping[str, NDArray[np.float32]]] = field(default_factory=dict)
    """Picture -> exam -> what would be shown without looking at the signal."""


def write_report(results: Results, cohort: Cohort, readings: Path, about: About, out: Path) -> Report:
    """Write report.json, report.html, exams.csv (and histograms.npz) into `out`."""
    found = measured(results)
    ids = {str(r["exam"]) for r in results.rows}
    exams = [e for e in cohort if e.id in ids]
    declined = [(str(r["exam"]), str(r["status"])) for r in results.rows if r["status"] in ("declined", "failed")]
    split = {
        "digest": cohort.digest,
        "subjects": len({e.subject for e in exams}),
        "exams": len(exams),
        "split": about.split,
        "split_by_subject": cohort.subjects_known and about.by_subject,
        "excluded": [{"exam": e, "reason": r} for e, r in (*about.excluded, *declined)],
    }
    audit = audit_of_study(results, cohort, (about.command, about.model), out)
    report = Report(
        command=about.command,
        model=about.model,
        cohort=split,
        measures=found.measures,
        per_class=found.per_class,
        subgroups=audit.groups if audit else (),
        calibration=_calibration(found.calibration, results, cohort),
        candidates=about.candidates,
        guarantees=about.guarantees,
        coverage=found.coverage,
        refer=referral(results.rows, *about.promise, _priced(results, about)) if about.promise else None,
        baselines=about.baselines,
        warnings=(*about.warnings, *_warnings(cohort, results), *_alarms(audit)),
        seconds=about.seconds,
        peak_rss_mb=peak_rss_mb(),
    )
    out.mkdir(parents=True, exist_ok=True)
    write_results(results, out)
    (out / "report.json").write_text(dumps(report_document(report)) + "\n", encoding="utf-8")
    extras = replace(_extras(results, cohort, readings, about), audit=audit)
    page = report_page(report, extras, about.language)
    (out / "report.html").write_text(page, encoding="utf-8")
    return report


def _calibration(found: Mapping[str, Calibration], results: Results, cohort: Cohort) -> dict[str, Calibration]:
    """With the subgroups of the cohort."""
    rows = answered(results.rows)
    groups = {
        name: calibrated_groups(name, results.task.outputs[name], rows, results.histograms.get(name), cohort)
        for name in found
    }
    return {name: replace(one, subgroups=groups[name]) for name, one in found.items()}


def _priced(results: Results, about: About) -> Priced | None:
    rule = about.trust.refer if about.trust else None
    return None if rule is None else (results.task, rule.prices, rule.positive)


def _warnings(cohort: Cohort, results: Results) -> list[tuple[str, str]]:
    found = []
    if not cohort.subjects_known:
        message = (
            "The table has no subject column, so a split by patient was impossible: if a patient has several images, "
            "these numbers are too good."
        )
        found.append(("no_subject", message))
    some = answered(results.rows)
    if len(some) < 30:
        found.append(("few_exams", f"Only {len(some)} exams were answered: every number here is uncertain."))
    return found


def _alarms(audit: Audit | None) -> list[tuple[str, str]]:
    """The gaps between groups that nobody may overlook."""
    return [("gap", f.message) for f in audit.findings if f.severity == "error"] if audit else []


def _extras(results: Results, cohort: Cohort, readings: Path, about: About) -> Extras:
    card, task = about.card, results.task
    training: Mapping[str, Any] = card.training if card else {}
    return Extras(
        title=f"{task.name}: how good, how sure",
        task=task_in_words(results),
        intended_use=card.intended_use if card else "",
        limits=card.limits if card else (),
        kinds={name: output.kind for name, output in task.outputs.items()},
        recipe=about.recipe,
        machine=training.get("machine"),
        training_seconds=training.get("seconds"),
        training_steps=training.get("steps"),
        gallery=tuple(
            picture_gallery(results, (cohort, readings), about.without, about.language)
            or _gallery(results, cohort, readings)
        ),
        curves=tuple(_curves(results, about)),
        confusions=tuple(_confusions(results)),
        exams=tuple(_lines(results)),
        refer_rule=about.rule,
        promised=promised(about.trust, results) if about.trust else None,
        gate=about.gate,
        accepts=_accepts(results, about),
        findings=about.findings,
        licence=card.licence if card else None,
        citation=card.citation if card else None,
        privacy=card.privacy if card else {},
    )


def _accepts(results: Results, about: About) -> Accepts | None:
    if about.accepts is None:
        return None
    declined = sum(row["status"] == "declined" for row in results.rows)
    return replace(about.accepts, declined=(declined, len(results.rows)))


def task_in_words(results: Results) -> str:
    """What was asked, in a sentence."""
    parts = []
    what = "a signal" if results.task.from_signal else "an image"
    for name, output in results.task.outputs.items():
        match output:
            case Category():
                parts.append(f"say which of {', '.join(output.names)} {what} shows")
            case Quantity(steps=None):
                parts.append(f"estimate {name}" + (f" in {output.unit}" if output.unit else ""))
            case Quantity(steps=steps):
                parts.append(f"grade {name} on the scale {', '.join(steps or ())}")
            case Partition():
                parts.append(f"outline {', '.join(output.scored)}")
            case Picture():
                parts.append(
                    f"show the {name} that was seen" if results.task.from_signal else f"make the {name} of {what}"
                )
    return f"{results.task.name}: {'; '.join(parts)}."


def _gallery(results: Results, cohort: Cohort, readings: Path) -> list[Shown]:
    """The best, the median and the worst exam of the first output whose truth is known."""
    exams = {e.id: e for e in cohort}
    if results.task.from_signal:
        return []  # there is no picture of a signal
    for name, output in results.task.outputs.items():
        ranked = _ranked(results, name, output)
        if not ranked:
            continue
        places = {"Best": 0, "Median": len(ranked) // 2, "Worst": len(ranked) - 1}
        middle = exams[str(ranked[places["Median"]][1]["exam"])]
        shown = _at_a_glance(middle, cohort, (name, output), readings)
        for title, place in places.items():
            score, row = ranked[place]
            exam = exams[str(row["exam"])]
            caption = _caption(title, row, name, (score, place + 1, len(ranked)))
            if isinstance(output, Partition):
                png = _compared(exam, cohort, (name, output), readings)
            else:
                source = open_source(cohort.root / next(iter(exam.views[0].inputs.values())))
                png = thumbnail(composite(read_picture(source, 320)))
            shown.append(Shown(f"{title} of {len(ranked)}: {exam.id}", caption, png))
        return shown
    return []


def _ranked(results: Results, name: str, output: Any) -> list[tuple[float, Row]]:
    """Rows by how well they were answered, best first, with the score."""
    rows = [r for r in answered(results.rows) if r.get(f"{name}.truth") is not None]
    scored: list[tuple[float, Row]] = []
    for row in rows:
        truth = row[f"{name}.truth"]
        if isinstance(output, Partition):
            scored.append((_number(row[f"{name}.dice"]), row))
        elif isinstance(output, Category) and output.exclusive:
            text = f"{truth:g}" if isinstance(truth, float) else str(truth)
            scored.append((_number(row.get(f"{name}.p.{text}")), row))
        elif isinstance(output, Quantity):
            scored.append((-abs(_number(row[f"{name}.value"]) - _number(truth)), row))
    return sorted(scored, key=lambda s: (-s[0], str(s[1]["exam"])))


def _caption(title: str, row: Row, name: str, score: tuple[float, int, int]) -> str:
    if f"{name}.dice" in row:
        return f"{title} exam by Dice: {score[0]:.3f} (number {score[1]} of {score[2]})."
    truth, answer = row[f"{name}.truth"], row[f"{name}.prediction"]
    if f"{name}.value" in row:
        return f"{title} exam: {_plain(row[f'{name}.value'])} was answered, {_plain(truth)} is the truth."
    sure = f"the truth got a probability of {score[0]:.2f}"
    return f"{title} exam: {_plain(answer)} was answered, {_plain(truth)} is the truth; {sure}."


def _compared(exam: Exam, cohort: Cohort, named: tuple[str, Partition], readings: Path) -> bytes:
    """What was found, missed and falsely marked in an exam's first view."""
    name, output = named
    view = exam.views[0]
    image = open_source(cohort.root / next(iter(view.inputs.values()))).read()
    truth = view_labels(cohort, view, output, image.grid.shape)
    counts = truth != IGNORED
    said = _said(exam, name, output, readings)
    return confusion_overlay(composite(image), said * counts, truth * counts, counts.any(0))


def _said(exam: Exam, name: str, output: Partition, readings: Path) -> NDArray[Any]:
    """The answered mask of an exam's first view."""
    document = json.loads((readings / exam.id / "prediction.json").read_text(encoding="utf-8"))
    return view_mask(readings / exam.id, document["outputs"][name]["files"], 0, output)


def _at_a_glance(exam: Exam, cohort: Cohort, named: tuple[str, Any], readings: Path) -> list[Shown]:
    """The contact sheet of an exam that is a volume, with its outlines; nothing of a flat image."""
    name, output = named
    source = open_source(cohort.root / next(iter(exam.views[0].inputs.values())))
    if len(source.levels[0].shape) != 3:
        return []
    labels: NDArray[Any] | None = None
    names: tuple[str, ...] = ()
    exclusive = True
    if isinstance(output, Partition):
        labels, names, exclusive = _said(exam, name, output, readings), output.names, output.exclusive
    sheet = volume_overlay(read_picture(source, 320), labels, names, exclusive, source.description)
    caption = "The whole exam: central planes, maximum projection, slices" + (
        ", with what was outlined." if names else "."
    )
    return [Shown(f"At a glance: {exam.id}", caption, sheet)]


def _curves(results: Results, about: About) -> list[Curve]:
    curves = []
    rows = answered(results.rows)
    for name, output in results.task.outputs.items():
        known = [r for r in rows if r.get(f"{name}.truth") is not None]
        if not known:
            continue
        lines = _roc(results, name, output, known)
        if lines:
            curves.append(Curve(f"ROC: {name}", "1 - specificity", "sensitivity", tuple(lines), diagonal=True))
    if about.losses:
        curves.append(Curve("Training loss", "step", "loss", about.losses))
    return curves


def _roc(results: Results, name: str, output: Any, rows: Sequence[Row]) -> list[Series]:
    lines = []
    if isinstance(output, Category):
        p = probabilities(rows, name, output.names)
        shown = list(enumerate(output.names))[1 if len(output.names) == 2 else 0 :]
        for i, label in shown:
            truth = np.array([label in str(_plain(r[f"{name}.truth"])).split(";") for r in rows])
            if truth.any() and not truth.all():
                x, y = roc_curve(p[:, i], truth)
                lines.append(Series(label, *_thinned(x, y)))
    if isinstance(output, Partition):
        positives, negatives = (c.sum(0).astype(float) for c in results.histograms[name])
        for i, label in enumerate(output.scored):
            if positives[i].sum() and negatives[i].sum():
                y = np.concatenate([[0], np.cumsum(positives[i][::-1]) / positives[i].sum()])
                x = np.concatenate([[0], np.cumsum(negatives[i][::-1]) / negatives[i].sum()])
                lines.append(Series(label, *_thinned(x, y)))
    return lines


def _thinned(x: Any, y: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """At most 200 points, evenly along the curve."""
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), 200)).astype(int))
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    keep = np.unique([*np.searchsorted(along, np.linspace(0, along[-1], 150)).clip(0, len(x) - 1), *keep[[0, -1]]])
    return tuple(float(v) for v in np.asarray(x)[keep]), tuple(float(v) for v in np.asarray(y)[keep])


def _confusions(results: Results) -> list[Confusion]:
    found = []
    for name, output in results.task.outputs.items():
        names: tuple[str, ...] | None = None
        if isinstance(output, Category) and output.exclusive:
            names = output.names
        elif isinstance(output, Quantity):
            names = output.steps
        if names is None:
            continue
        counts = np.zeros((len(names), len(names)), int)
        for row in answered(results.rows):
            truth, answer = row.get(f"{name}.truth"), row.get(f"{name}.prediction")
            if truth is not None and answer is not None:
                counts[_place(truth, output, names), _place(answer, output, names)] += 1
        found.append(Confusion(name, names, tuple(tuple(int(v) for v in r) for r in counts)))
    return found


def _place(cell: Cell, output: Any, names: Sequence[str]) -> int:
    return int(_number(cell)) if isinstance(output, Quantity) else names.index(_plain(cell))


def _lines(results: Results) -> list[ExamLine]:
    lines = []
    first = next(iter(results.task.outputs))
    for row in results.rows:
        truth, answer = row.get(f"{first}.truth"), row.get(f"{first}.prediction")
        sure = max((_number(v) for k, v in row.items() if k.startswith(f"{first}.p.") and v is not None), default=None)
        if f"{first}.dice" in row:
            dice = row[f"{first}.dice"]
            truth, answer = None, None if dice is None else f"Dice {_number(dice):.3f}"
        shown = [None if c is None else _plain(c) for c in (truth, answer)]
        lines.append(ExamLine(str(row["exam"]), str(row["status"]), shown[0], shown[1], sure))
    return lines


def _plain(cell: Cell) -> str:
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def _number(cell: Cell) -> float:
    return float("nan") if cell is None else float(cell)
