"""`vesale check`: whether a cohort can be learned from and measured on; leaks, duplicates, faults of files and table.

What only the table says is found by `io/cohort.py`; files are opened by `engine/looking.py`.
"""

import difflib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vesale.core.errors import RecipeError
from vesale.core.exam import Cohort, Exam
from vesale.core.report import Finding
from vesale.engine.looking import Examine, Inspected, Key, inspect, uses
from vesale.engine.suspicions import keep, suspicions
from vesale.io.cohort import Columns, ReadCohort, read_cohort
from vesale.io.cohort_table import found
from vesale.trust.leaks import resolve_duplicates, subject_leaks

KINDS = (
    *("unreadable", "missing_file", "bad_row", "no_subject", "exact_duplicate", "near_duplicate", "subject_leak"),
    *("label_conflict", "shortcut", "burned_in_text", "metadata_shortcut", "mask_mismatch", "label_outlier"),
)
"""What `--allow` can name."""
EXAMINED: Mapping[str, Examine] = {"traces": keep}
"""What is asked of every image while its samples are in memory; what each keeps is in `Inspected.examined`."""
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


def check(path: Path | ReadCohort, allow: Sequence[str] = (), columns: Columns = Columns()) -> Checked:  # noqa: B008
    """Read the cohort, open every file of it, and say everything that is wrong, all together.

    `allow` names kinds of fault with which to go on: faulty exams are then left out, and exams that show the same
    picture count as one subject. RecipeError for a kind that does not exist, CohortError when there is no cohort.
    """
    start = time.perf_counter()
    allowed = _known(allow)
    read = path if isinstance(path, ReadCohort) else read_cohort(path, columns)
    looks = inspect(read.cohort, EXAMINED)
    faults = [finding for exam in read.cohort for finding in _faults(exam, looks)]
    gone = {name for finding in faults for name in finding.exams}
    usable = read.cohort.where([exam for exam in read.cohort if exam.id not in gone], "")
    pictures = {e.id: [looks["image", p].digest for v in e.views for p in v.inputs.values()] for e in usable}
    resolved = resolve_duplicates(usable, pictures, join="exact_duplicate" in allowed)
    findings = [*read.findings, *faults, *resolved.findings, *subject_leaks(resolved.cohort)]
    findings += suspicions(resolved.cohort, looks, "traces")
    kept = {exam.id for exam in resolved.cohort}
    reasons = {n: f.message for f in reversed(findings) if f.severity == "error" for n in f.exams if n not in kept}
    return Checked(
        cohort=resolved.cohort,
        findings=tuple(sorted(findings, key=lambda f: _ORDER[f.severity])),
        allowed=allowed,
        excluded=tuple({**reasons, **dict(resolved.excluded)}.items()),
        seconds=time.perf_counter() - start,
        ok=not any(f.severity == "error" and f.kind not in allowed for f in findings),
    )


def check_document(checked: Checked) -> dict[str, Any]:
    """The JSON of `vesale check COHORT --json`, schema vesale/check/1."""
    cohort = checked.cohort
    return {
        "schema": "vesale/check/1",
        "cohort": {"digest": cohort.digest, "subjects": len(cohort.subjects), "exams": len(cohort)},
        "seconds": round(checked.seconds, 3),
        "allowed": list(checked.allowed),
        "findings": [_finding(finding) for finding in checked.findings],
        "excluded": [{"exam": exam, "reason": reason} for exam, reason in checked.excluded],
    }


def _known(allow: Sequence[str]) -> tuple[str, ...]:
    for kind in allow:
        if kind not in KINDS:
            near = difflib.get_close_matches(kind, KINDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the kinds are {', '.join(KINDS)}"
            raise RecipeError(f"--allow {kind}: no such kind of fault", hint)
    return tuple(dict.fromkeys(allow))


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
            if use != "image" and not look.fault and wrong:
                message = f"{path} is {_by(look.shape)}, its image {_by(wrong[0])}; exam {exam.id} is left out"
                text = (message, f"give the {use} that was drawn on this image, at its size")
                yield found("mask_mismatch", "error", text, f"{exam.id}|{path}", [exam.id], [view.line])


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _finding(finding: Finding) -> dict[str, Any]:
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
        "picture": finding.picture,
        "measure": number,
    }
