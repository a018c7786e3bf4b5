"""What stands on both sides of a split: pictures that come twice, subjects in two splits; no file is opened here."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from vesale.core.exam import Cohort, Exam, Trait
from vesale.core.report import Finding, Severity
from vesale.io.cohort_table import found

RANK = {None: 0, "train": 1, "validation": 2, "calibration": 3, "test": 4}
"""Of a picture in two splits, the copy in the split of the lower rank goes: what is measured on stays whole."""
NAMED = 6
"""So many exams are named in one message; all are in the finding's list."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The cohort without the copies that leak across given splits, and what was found."""

    cohort: Cohort
    findings: tuple[Finding, ...]
    excluded: tuple[tuple[str, str], ...]
    """(exam, reason)"""


def resolve_duplicates(cohort: Cohort, pictures: Mapping[str, Sequence[str]], join: bool = False) -> Resolved:
    """Exams that show the same picture; `pictures` maps an exam to the digests of its pictures.

    Copies across given splits are removed from the lower split. Copies that remain are an error when their subjects
    differ; `join` puts them under one subject, so that they stay on one side of every fold.
    """
    exams = {exam.id: exam for exam in cohort}
    groups = _groups(pictures)
    removed = losers(exams, groups)
    findings: list[Finding] = [_within(exams[name]) for name, digests in pictures.items() if _repeats(digests)]
    for group in groups:
        members = [exams[name] for name in group]
        stay = [exam for exam in members if exam.id not in removed]
        findings += [_across(members, removed)] if len(stay) < len(members) else []
        findings += [_copies(stay, join)] if len(stay) > 1 else []
        findings += conflicts(members, stay)
    kept = [exam for exam in cohort if exam.id not in removed]
    if join:
        kept = joined(kept, [[n for n in group if n not in removed] for group in groups])
    excluded = tuple(
        (name, f"same picture as {keeper} ({exams[keeper].split}); removed from {exams[name].split or 'no split'}")
        for name, keeper in removed.items()
    )
    return Resolved(cohort.where(kept, ""), tuple(findings), excluded)


def subject_leaks(cohort: Cohort) -> list[Finding]:
    """Subjects with exams in two given splits, or in two given folds; none is named."""
    findings = []
    subjects: dict[str, list[Exam]] = {}
    for exam in cohort if cohort.subjects_known else ():
        subjects.setdefault(exam.subject, []).append(exam)
    for exams in subjects.values():
        for what, sides in (("split", [e.split for e in exams]), ("fold", [e.fold for e in exams])):
            if len(set(sides) - {None}) > 1:
                findings.append(_leak(exams, what, sides))
    return findings


def _groups(pictures: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Sets of exams that share a picture, each set once."""
    owners: dict[str, list[str]] = {}
    for name, digests in pictures.items():
        for digest in dict.fromkeys(digests):
            owners.setdefault(digest, []).append(name)
    return list(dict.fromkeys(tuple(sorted(names)) for names in owners.values() if len(names) > 1))


def losers(exams: Mapping[str, Exam], groups: Iterable[Sequence[str]]) -> dict[str, str]:
    """Exam to remove -> exam of the highest split that keeps the picture; none goes for one that goes itself."""
    beside: dict[str, list[str]] = {}
    for group in groups:
        for name in group:
            beside.setdefault(name, []).extend(group)
    removed: dict[str, str] = {}
    for name in sorted(beside, key=lambda n: (-RANK[exams[n].split], n)):
        rank = RANK[exams[name].split]
        keepers = [n for n in beside[name] if n not in removed and RANK[exams[n].split] > rank]
        if keepers:
            removed[name] = max(keepers, key=lambda n: RANK[exams[n].split])
    return removed


def _repeats(digests: Sequence[str]) -> bool:
    return len(set(digests)) < len(digests)


def _within(exam: Exam) -> Finding:
    text = (f"exam {exam.id}: two of its views show the same picture", "take one row away if it is there by mistake")
    return found("exact_duplicate", "warning", text, f"within|{exam.id}", [exam.id], lines_of([exam]))


def _across(members: Sequence[Exam], removed: Mapping[str, str]) -> Finding:
    ranked = sorted(members, key=lambda e: (-RANK[e.split], e.id))
    sides = [
        f"{split or 'no split'} ({listed(e.id for e in group)})" for split, group in groupby(ranked, lambda e: e.split)
    ]
    gone = [e for e in ranked if e.id in removed]
    left = listed(dict.fromkeys(e.split or "no split" for e in gone))
    message = f"the same picture stands in {' and in '.join(sides)}; removed from {left}: {listed(e.id for e in gone)}"
    text = (message, "nothing needs doing; to have it otherwise, correct the table")
    key = f"across|{'|'.join(e.id for e in ranked)}"
    finding = found("exact_duplicate", "warning", text, key, [e.id for e in ranked], lines_of(ranked))
    return replace(finding, splits=splits_of(ranked))


def _copies(stay: Sequence[Exam], join: bool) -> Finding:
    subjects = len({exam.subject for exam in stay})
    where = f" in {stay[0].split}" if stay[0].split else ""
    message = f"{len(stay)} exams{where} show the same picture: {listed(e.id for e in stay)}"
    if subjects > 1:
        message += f", under {subjects} subjects"
        message += "; they go on as one subject, on one side of every fold" if join else ""
    remedy = "keep one of them; or --allow exact_duplicate, which counts them as one subject"
    key = f"copies|{'|'.join(e.id for e in stay)}"
    severity: Severity = "error" if subjects > 1 else "warning"
    finding = found("exact_duplicate", severity, (message, remedy), key, [e.id for e in stay], lines_of(stay))
    return replace(finding, splits=splits_of(stay))


def conflicts(members: Sequence[Exam], stay: Sequence[Exam]) -> list[Finding]:
    """One finding per label on which copies disagree: an error unless no two of those that stay do."""
    findings = []
    for column in sorted({column for exam in members for column in exam.truth}):
        if len(_values(members, column)) < 2:
            continue
        said = [f"{e.id} {e.truth[column]!r}" for e in members if e.truth.get(column) is not None]
        resolved = len(_values(stay, column)) < 2
        message = f"{column} differs between exams that show the same picture: {listed(said)}"
        message += "; the copy that disagrees was removed" if resolved else ""
        key = f"{column}|{'|'.join(e.id for e in members)}"
        text = (message, "look at the picture, correct the label, keep one row")
        severity: Severity = "warning" if resolved else "error"
        finding = found("label_conflict", severity, text, key, [e.id for e in members], lines_of(members))
        findings.append(replace(finding, splits=splits_of(members)))
    return findings


def _values(exams: Sequence[Exam], column: str) -> set[Trait]:
    return {value for exam in exams if (value := exam.truth.get(column)) is not None}


def joined(exams: Sequence[Exam], groups: Iterable[Sequence[str]]) -> list[Exam]:
    """The exams with the subjects of each group made one: the first in the order of their names."""
    parent = {exam.subject: exam.subject for exam in exams}
    subject = {exam.id: exam.subject for exam in exams}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for group in groups:
        roots = sorted({root(subject[name]) for name in group})
        for other in roots[1:]:
            parent[other] = roots[0]
    return [replace(exam, subject=root(exam.subject)) for exam in exams]


def _leak(exams: Sequence[Exam], what: str, sides: Sequence[str | None]) -> Finding:
    counts = Counter(str(side) for side in sides if side is not None)
    said = " and ".join(f"{side} ({n})" for side, n in sorted(counts.items()))
    message = f"one subject has exams in two {what}s: {said}: {listed(e.id for e in exams)}"
    text = (message, f"put all exams of one subject into one {what}")
    key = f"{what}|{'|'.join(sorted(e.id for e in exams))}"
    finding = found("subject_leak", "error", text, key, [e.id for e in exams], lines_of(exams))
    return replace(finding, splits=splits_of(exams))


def lines_of(exams: Iterable[Exam]) -> list[int | None]:
    return [view.line for exam in exams for view in exam.views]


def splits_of(exams: Iterable[Exam]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(exam.split for exam in exams if exam.split))


def listed(names: Iterable[str], between: str = ", ") -> str:
    """The first of them, and how many more."""
    every = list(names)
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    return between.join(every[:NAMED]) + more
