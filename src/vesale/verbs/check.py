"""`vesale check`: whether a cohort can be learned from and measured on; leaks, duplicates, faults of files and table.

What only the table says is found by `io/cohort.py`; files are opened by `engine/looking.py`.
"""

import difflib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from vesale.core.errors import RecipeError
from vesale.core.exam import Cohort, Exam
from vesale.core.report import Finding
from vesale.engine.copies import common, copies, digests, pictures_across
from vesale.engine.finding_pictures import (
    Drawing,
    Shown,
    copy_drawings,
    exam_drawings,
    pair_drawing,
    with_pictures,
)
from vesale.engine.looking import Examine, Inspected, Key, inspect, uses
from vesale.engine.shortcut_pictures import shortcut_drawings
from vesale.engine.suspicions import keep, suspicions
from vesale.io.cohort import Columns, ReadCohort, read_cohort
from vesale.io.cohort_table import found
from vesale.render.check_page import Told, check_page
from vesale.render.documents import dumps
from vesale.trust.leaks import resolve_duplicates, subject_leaks
from vesale.trust.near_copies import across, near_copies

KINDS = (
    *("unreadable", "missing_file", "bad_row", "no_subject", "exact_duplicate", "near_duplicate", "subject_leak"),
    *("label_conflict", "shortcut", "burned_in_text", "metadata_shortcut", "mask_mismatch", "label_outlier"),
)
"""What `--allow` can name."""
EXAMINED: Mapping[str, Examine] = {"traces": keep}
"""What is asked of every image while its samples are in memory; what each keeps is in `Inspected.examined`."""
Watch = Callable[[str, int, int], None]
"""What is counted, how many are done, how many there are."""
_ORDER = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Checked:
    cohort: Cohort
    """Without the exams that cannot be used; copies across given splits removed from the lower split."""
    findings: tuple[Finding, ...]
    """Errors first."""
    allowed: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]
    """(exam, reason)"""
    seconds: float
    ok: bool
    """No error whose kind is not allowed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user asks for beside the findings."""

    out: Path | None = None
    """Folder for check.html, check.json and pictures/; None writes nothing."""
    against: tuple[Path, ...] = ()
    """Other cohorts, which must have no photograph in common with this one."""
    language: str = "en"
    """Of the page."""


def check(
    path: Path | ReadCohort,
    allow: Sequence[str] = (),
    columns: Columns = Columns(),  # noqa: B008
    wanted: Wanted = Wanted(),
    watch: Watch = lambda _, __, ___: None,
) -> Checked:
    """Read the cohort, open every file of it, and say everything that is wrong, all together.

    `allow` names kinds of fault with which to go on: faulty exams are then left out, and exams that show the same
    picture count as one subject. RecipeError for a kind that does not exist, CohortError when there is no cohort.
    """
    start = time.perf_counter()
    allowed = _known(allow)
    read = path if isinstance(path, ReadCohort) else read_cohort(path, columns)
    looks = inspect(read.cohort, EXAMINED, partial(watch, "files"))
    faults = [finding for exam in read.cohort for finding in _faults(exam, looks)]
    gone = {name for finding in faults for name in finding.exams}
    usable = read.cohort.where([exam for exam in read.cohort if exam.id not in gone], "")
    exact = resolve_duplicates(usable, digests(usable, looks), join="exact_duplicate" in allowed)
    with threadpool_limits(1):  # products of thumbnails are too small to be shared among processors
        pairs = copies(exact.cohort, looks, partial(watch, "pictures compared"))
    resolved = near_copies(exact.cohort, pairs, join="near_duplicate" in allowed)
    findings = [*read.findings, *faults, *exact.findings, *resolved.findings, *subject_leaks(resolved.cohort)]
    findings += _shown_across(resolved.cohort, looks)
    with threadpool_limits(1):
        findings += suspicions(resolved.cohort, looks, "traces")
    drawings = exam_drawings(findings, usable) | copy_drawings(resolved.findings, pairs, (usable, usable))
    if wanted.out:
        drawings |= shortcut_drawings(findings, resolved.cohort, looks, "traces", wanted.language)
    for other in wanted.against:
        more, drawn = _against(resolved.cohort, looks, other, watch)
        findings, drawings = findings + more, drawings | drawn
    kept = {exam.id for exam in resolved.cohort}
    reasons = {n: f.message for f in reversed(findings) if f.severity == "error" for n in f.exams if n not in kept}
    findings = sorted(findings, key=lambda f: _ORDER[f.severity])
    checked = Checked(
        cohort=resolved.cohort,
        findings=tuple(with_pictures(findings, drawings, wanted.out) if wanted.out else findings),
        allowed=allowed,
        excluded=tuple({**reasons, **dict(exact.excluded), **dict(resolved.excluded)}.items()),
        seconds=time.perf_counter() - start,
        ok=not any(f.severity == "error" and f.kind not in allowed for f in findings),
    )
    if wanted.out:
        _write(checked, wanted.out, wanted.language)
    return checked


def check_document(checked: Checked, folder: str = "") -> dict[str, Any]:
    """The JSON of `vesale check COHORT --json`, schema vesale/check/1; `folder`: the way from it to the pictures."""
    cohort = checked.cohort
    return {
        "schema": "vesale/check/1",
        "cohort": {"digest": cohort.digest, "subjects": len(cohort.subjects), "exams": len(cohort)},
        "seconds": round(checked.seconds, 3),
        "allowed": list(checked.allowed),
        "findings": [_finding(finding, folder) for finding in checked.findings],
        "excluded": [{"exam": exam, "reason": reason} for exam, reason in checked.excluded],
    }


def _known(allow: Sequence[str]) -> tuple[str, ...]:
    for kind in allow:
        if kind not in KINDS:
            near = difflib.get_close_matches(kind, KINDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the kinds are {', '.join(KINDS)}"
            raise RecipeError(f"--allow {kind}: no such kind of fault", hint)
    return tuple(dict.fromkeys(allow))


def _against(
    cohort: Cohort, looks: Mapping[Key, Inspected], path: Path, watch: Watch
) -> tuple[list[Finding], dict[str, Drawing]]:
    """What this cohort shares with another, and how to draw it."""
    read = read_cohort(path).cohort
    seen = inspect(read, {}, partial(watch, f"files of {read.name}"))
    lost = {e.id for e in read for view in e.views for p in view.inputs.values() if seen["image", p].fault}
    other = read.where([exam for exam in read if exam.id not in lost], "")
    exact, pairs = common((cohort, other), (looks, seen), partial(watch, f"pictures compared with {read.name}"))
    findings = across((cohort, other), exact, pairs)
    drawings = copy_drawings(findings, pairs, (cohort, other))
    exams = ({exam.id: exam for exam in cohort}, {exam.id: exam for exam in other})
    same = dict(reversed(exact))
    for finding in findings:
        if finding.exams[0] in same and finding.id not in drawings:
            ours, theirs = exams[0][finding.exams[0]], exams[1][same[finding.exams[0]]]
            drawings[finding.id] = pair_drawing(Shown(cohort, ours), Shown(other, theirs))
    if lost:
        text = (f"{len(lost)} exams of {read.name} cannot be read and were not compared", "run vesale check on it")
        findings.append(found("unreadable", "warning", text, f"against|{read.name}"))
    return findings, drawings


def _write(checked: Checked, out: Path, language: str) -> None:
    cohort = checked.cohort
    sizes = (len(cohort), len(cohort.subjects))
    told = Told(cohort.name, *sizes, checked.ok, checked.allowed, checked.excluded)
    out.mkdir(parents=True, exist_ok=True)
    (out / "check.html").write_text(check_page(checked.findings, told, language), encoding="utf-8")
    (out / "check.json").write_text(dumps(check_document(checked)) + "\n", encoding="utf-8")


def _faults(exam: Exam, looks: Mapping[Key, Inspected]) -> Iterator[Finding]:
    """What cannot be read, and masks that do not lie on their image."""
    for view in exam.views:
        for use, path in uses(view):
            if fault := looks[use, path].fault:
                text = (f"{fault[0]}; exam {exam.id} is left out", fault[1])
                yield found("unreadable", "error", text, f"{exam.id}|{path}", [exam.id], [view.line])
        images = [looks["image", path] for path in view.inputs.values()]
        for use, path in uses(view):
            look = looks[use, path]
            wrong = [i.shape for i in images if not i.fault and i.shape != look.shape]
            if use == "picture" and any(i.signal for i in images):
                continue  # what was seen has a size of its own
            if use != "image" and not look.fault and wrong:
                message = f"{path} is {_by(look.shape)}, its image {_by(wrong[0])}; exam {exam.id} is left out"
                text = (message, f"give the {use} that was drawn on this image, at its size")
                yield found("mask_mismatch", "error", text, f"{exam.id}|{path}", [exam.id], [view.line])


def _shown_across(cohort: Cohort, looks: Mapping[Key, Inspected]) -> Iterator[Finding]:
    """True pictures on both sides of the test split: such a one need only be recognised."""
    across = pictures_across(cohort, looks)
    if across:
        exams = list(dict.fromkeys(name for names in across for name in names))
        message = f"{len(across)} pictures stand in the test split and are learned from, too ({len(exams)} exams)"
        text = (message, "give the trials of one picture one subject, and deal out subjects anew")
        yield found("subject_leak", "warning", text, "picture|" + "|".join(sorted(exams)), exams)


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _finding(finding: Finding, folder: str) -> dict[str, Any]:
    measure = finding.measure
    number = {k: v for k, v in asdict(measure).items() if k != "name"} if measure else None
    return {
        "id": finding.id,
        "kind": finding.kind,
        "severity": finding.severity,
        "exams": list(finding.exams),
        "lines": list(finding.lines),
        "splits": list(finding.splits),
        "confidence": finding.confidence,
        "message": finding.message,
        "remedy": finding.remedy,
        "picture": f"{folder}{finding.picture}" if finding.picture else None,
        "measure": number,
    }
