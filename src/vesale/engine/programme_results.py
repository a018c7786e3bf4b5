"""A folder of programme.json against a cohort's truth: a row a patient, and what a programme does as it operates.

Anyone's programme can be judged: only the files are read. What the numbers are is metrics/operating.py.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.audit import Audit
from ..core.errors import CohortError
from ..core.exam import Cohort, Exam, View
from ..core.programme import Programme, Truth, load_programme
from ..core.report import Measure, Report
from ..core.task import Category, Task
from ..io.package import PROGRAMME
from ..metrics.classification import category_measures
from ..metrics.operating import Screened, decision_curve, operating, per_thousand
from ..ops.machine import peak_rss_mb
from ..render.documents import dumps, plain, report_document
from ..render.operating_page import PIVOTAL, Operating, operating_page
from ..render.programme_document import NAMES
from .audit import audit_of_study
from .calibration_rows import Row
from .programme_patients import traits_of
from .results import Results, referral

OUTPUT = "referable"
PREVALENCES = (0.05, 0.1, 0.2)
"""Shares of referable patients at which the workload is stated, when the user names none."""
AGAIN = frozenset({"incomplete", "low_quality", "unreadable", "unlike_training", "wrong_modality"})
"""Causes by which a patient could not be imaged."""


@dataclass(frozen=True, slots=True, eq=False)
class PatientResults:
    """Everything that was read of a programme's folder, beside the truth."""

    results: Results
    """One row a patient: exam (its folder), subject, status, referable.truth, .prediction and probabilities."""
    cohort: Cohort
    """The cohort with one exam a patient, its traits and `referable` as truth."""
    screened: Screened
    """Of the patients whose truth is known, in the order of the rows that have one."""
    programme: Programme
    model: Mapping[str, str]
    decided: int
    """Patients set aside under a promise."""
    promise: tuple[float, float] | None
    """(alpha, delta) of that promise."""
    unread: tuple[str, ...] = ()
    """Subjects of the cohort of whom the folder says nothing."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What an evaluation is about, beside its numbers."""

    command: str
    split: str | None = None
    prevalences: tuple[float, ...] = PREVALENCES
    language: str = "en"
    seconds: float = 0.0
    excluded: tuple[tuple[str, str], ...] = ()


def is_patients(folder: Path) -> bool:
    """Whether a folder holds what a programme wrote."""
    return folder.is_dir() and (folder / PROGRAMME).is_file() and any(folder.glob("*/programme.json"))


def truth_of(programme: Programme, exams: Sequence[Exam]) -> bool | None:
    """Whether a patient is referable by the columns that the programme names; None: it cannot be said.

    True when any exam meets any; False when every column that the table has is filled in every exam and none is met.
    """
    known = True
    for exam in exams:
        cells = {t.column: exam.truth.get(t.column, exam.traits.get(t.column)) for t in programme.truth}
        if any(_met(t, cells[t.column]) for t in programme.truth):
            return True
        has = {t.column for t in programme.truth if t.column in exam.truth or t.column in exam.traits}
        known = known and bool(has) and all(cells[c] is not None for c in has)
    return False if known and exams else None


def read_patient_results(folder: Path, cohort: Cohort) -> PatientResults:
    """CohortError when no patient of the cohort was read, or when the cohort has none of the truth's columns."""
    programme = load_programme(folder / PROGRAMME)
    exams: dict[str, list[Exam]] = {}
    for exam in cohort:
        exams.setdefault(exam.subject, []).append(exam)
    rows, people, seen, promise = [], [], [], None
    model: Mapping[str, str] = {}
    for path in sorted(folder.glob("*/programme.json")):
        said = json.loads(path.read_text(encoding="utf-8"))
        members = exams.get(said["subject"])
        if not members:
            continue
        truth = truth_of(programme, members)
        rows.append(_row(path.parent.name, said, truth))
        people.append(_person(path.parent.name, members, truth))
        seen.append((truth, said))
        model = said["programme"]
        if said["promise"]:
            promise = (said["promise"]["alpha"], said["promise"]["delta"])
    if not rows:
        raise CohortError(f"{folder}: no patient of {cohort.name} in it", "subjects must agree on both sides")
    if all(t is None for t, _ in seen):
        columns = ", ".join(t.column for t in programme.truth) or "none is named"
        raise CohortError(f"{cohort.name}: no patient's truth is known", f"columns that the programme asks: {columns}")
    task = Task(programme.name, {OUTPUT: Category(NAMES)})
    whole = replace(cohort, exams=tuple(people))
    decided = sum(r["status"] == "reported" for r in rows)
    unread = tuple(sorted(set(exams) - {str(r["subject"]) for r in rows}))
    found = (Results(task, tuple(rows)), whole, _screened(seen), programme, model, decided, promise)
    return PatientResults(*found, unread)


def patient_report(found: PatientResults, about: Judged, out: Path) -> Report:
    """Write report.json, report.html, patients.csv (and the audit by the table's traits) into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    measures = {"patient": operating(found.screened), OUTPUT: _risk_measures(found)}
    known = [r for r in found.results.rows if r[f"{OUTPUT}.truth"] is not None]
    results = replace(found.results, rows=tuple(known))
    ids = {str(r["exam"]) for r in known}
    cohort = found.cohort.where([e for e in found.cohort if e.id in ids], "")
    audit = audit_of_study(results, cohort, (about.command, found.model), out)
    report = Report(
        command=about.command,
        model=found.model,
        cohort={
            "digest": found.cohort.digest,
            "subjects": len(known),
            "exams": len(known),
            "split": about.split,
            "split_by_subject": found.cohort.subjects_known,
            "promise": found.programme.decision.promise,
            "set_aside_under_promise": found.decided,
            "excluded": [{"exam": e, "reason": r} for e, r in (*about.excluded, *_unknown(found))],
        },
        measures=measures,
        subgroups=audit.groups if audit else (),
        refer=referral(known, *found.promise) if found.promise else None,
        warnings=tuple(_warnings(found, audit)),
        seconds=about.seconds,
        peak_rss_mb=peak_rss_mb(),
    )
    shown = _operating(found, about)
    document = report_document(report) | {"operating": plain(_operating_document(shown))}
    (out / "report.json").write_text(dumps(document) + "\n", encoding="utf-8")
    html = operating_page(report, shown, found.programme, about.language)
    (out / "report.html").write_text(html, encoding="utf-8")
    _write_rows(found, out / "patients.csv")
    return report


def _met(truth: Truth, cell: str | float | None) -> bool:
    if cell is None:
        return False
    if truth.answer and (f"{cell:g}" if isinstance(cell, float) else str(cell).strip()) in truth.answer:
        return True
    try:
        return truth.at_least is not None and float(cell) >= truth.at_least
    except ValueError:
        return False


def _row(name: str, said: Mapping[str, Any], truth: bool | None) -> Row:
    row: Row = {"exam": name, "subject": said["subject"], "status": said["status"]}
    row[f"{OUTPUT}.truth"] = None if truth is None else NAMES[truth]
    decision = said["decision"]
    p = said["risk"]["probabilities"]["refer"] if said["risk"] else said["score"]
    row[f"{OUTPUT}.prediction"] = decision
    if decision is not None:
        p = float(decision == "refer") if p is None else float(p)
        row |= {f"{OUTPUT}.p.{NAMES[0]}": 1 - p, f"{OUTPUT}.p.{NAMES[1]}": p}
    row["wrong"] = None if truth is None or decision is None else float(NAMES[truth] != decision)
    row["confidence"] = said["promise"]["confidence"] if said["promise"] else None
    row["order"] = said["order"]
    row["codes"] = ";".join(dict.fromkeys(r["code"] for r in said["reasons"]))
    return row


def _person(name: str, members: Sequence[Exam], truth: bool | None) -> Exam:
    traits = {k: v for k, v in traits_of(members).items() if all(k not in e.truth for e in members)}
    views = tuple(View({"image": path}) for e in members for v in e.views for path in v.inputs.values())
    answer = None if truth is None else NAMES[truth]
    return Exam(name, members[0].subject, views, {OUTPUT: answer}, traits, members[0].split)


def _screened(seen: Sequence[tuple[bool | None, Mapping[str, Any]]]) -> Screened:
    known = [(truth, said) for truth, said in seen if truth is not None]
    risks = [s["risk"]["probabilities"]["refer"] if s["risk"] else None for _, s in known]
    return Screened(
        np.array([t for t, _ in known], dtype=bool),
        np.array([s["decision"] == "no_refer" for _, s in known], dtype=bool),
        np.array([not AGAIN & {r["code"] for r in s["reasons"]} for _, s in known], dtype=bool),
        np.array([np.nan if r is None else r for r in risks], dtype=float),
    )


def _risk_measures(found: PatientResults) -> dict[str, Measure]:
    """How well the risk (else the plain score) ranks patients; decisions are judged apart."""
    rows = [
        r for r in found.results.rows if r[f"{OUTPUT}.truth"] is not None and r.get(f"{OUTPUT}.p.refer") is not None
    ]
    if not rows:
        return {}
    p = np.array([[float(r[f"{OUTPUT}.p.{n}"] or 0.0) for n in NAMES] for r in rows])
    truth = np.array([NAMES.index(str(r[f"{OUTPUT}.truth"])) for r in rows])
    said = np.array([NAMES.index(str(r[f"{OUTPUT}.prediction"])) for r in rows])
    measured = category_measures(p, truth, said, NAMES, [str(r["subject"]) for r in rows])
    return {k: v for k, v in measured.items() if k in ("auc", "auprc")}


def _unknown(found: PatientResults) -> list[tuple[str, str]]:
    rows = found.results.rows
    unknown = [(str(r["exam"]), "truth not known") for r in rows if r[f"{OUTPUT}.truth"] is None]
    return unknown + [(subject, "not read") for subject in found.unread]


def _warnings(found: PatientResults, audit: Audit | None) -> list[tuple[str, str]]:
    told = []
    if not found.cohort.subjects_known:
        message = (
            "The table has no subject column: each exam was taken for a patient, so these numbers may be too good."
        )
        told.append(("no_subject", message))
    if found.promise is None:
        told.append(("no_promise", "Nobody was set aside under a promise: every patient went to a doctor."))
    if found.unread:
        told.append(("not_read", f"{len(found.unread)} patients of the cohort were not read, and count nowhere here."))
    bad = int(found.screened.positive.sum())
    if bad < 30:
        told.append(("few_referable", f"Only {bad} patients are truly referable: sensitivity is uncertain."))
    return told + ([("gap", f.message) for f in audit.findings if f.severity == "error"] if audit else [])


def _operating(found: PatientResults, about: Judged) -> Operating:
    seen = found.screened
    workload = {p: per_thousand(seen, p) for p in about.prevalences}
    return Operating(decision_curve(seen), workload, float(seen.positive.mean()), found.decided, found.promise)


def _operating_document(shown: Operating) -> dict[str, Any]:
    curve = shown.curve
    names = ("thresholds", "model", "everyone", "programme")
    return {
        "decision_curve": {name: getattr(curve, name) for name in names},
        "workload": [{"prevalence": p, **measures} for p, measures in shown.workload.items()],
        "prevalence_here": shown.prevalence,
        "set_aside_under_promise": shown.decided,
        "published": [
            {"who": t.who, "metric": metric, "value": value, "mark": t.mark}
            for t in PIVOTAL
            for metric, value in t.values
        ],
    }


def _write_rows(found: PatientResults, path: Path) -> None:
    rows = found.results.rows
    names = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_text(row.get(name)) for name in names] for row in rows)


def _text(cell: str | float | None) -> str:
    return "" if cell is None else f"{cell:.9g}" if isinstance(cell, float) else str(cell)
