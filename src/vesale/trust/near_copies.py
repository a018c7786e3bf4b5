"""What pictures that are nearly the same mean for a cohort: leaks across splits and subjects, labels that disagree."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vesale.core.exam import Cohort, Exam
from vesale.core.report import Finding, Severity
from vesale.io.cohort_table import found

from .duplicates import Same
from .leaks import Resolved, conflicts, joined, lines_of, listed, losers, splits_of


@dataclass(frozen=True, slots=True)
class Copy:
    """Two exams, one picture of each, and what was found of the two."""

    first: str
    second: str
    same: Same


def near_copies(cohort: Cohort, copies: Sequence[Copy], join: bool = False) -> Resolved:
    """Findings of exams whose pictures are nearly the same; exams of the cohort only.

    Sure ones, taken together in groups, are an error across subjects or given splits; less sure ones a warning; inside
    one subject both are notes. `join` treats the sure ones as exact copies are: those across given splits are removed
    from the lower split, the others go on as one subject.
    """
    exams = {exam.id: exam for exam in cohort}
    sure = [copy for copy in copies if copy.same.sure]
    groups = _groups(sure)
    inside = {name: i for i, group in enumerate(groups) for name in group}
    unsure = [c for c in copies if not c.same.sure and inside.get(c.first, -1) != inside.get(c.second, -2)]
    removed = losers(exams, groups) if join else {}
    findings: list[Finding] = []
    for group in groups:
        members = [exams[name] for name in group]
        here = [c for c in sure if c.first in group]
        findings.append(_group(members, here, removed, join))
        leak = _leaks(members)
        findings += [f if leak else replace(f, severity="warning") for f in conflicts(members, members)]
    for group in _groups(unsure):
        findings.append(_maybe([exams[n] for n in group], [c for c in unsure if c.first in group]))
    kept = [exam for exam in cohort if exam.id not in removed]
    if join:
        kept = joined(kept, [[n for n in group if n not in removed] for group in groups])
    excluded = tuple(
        (name, f"nearly the same picture as {k} ({exams[k].split}); removed from {exams[name].split or 'no split'}")
        for name, k in removed.items()
    )
    return Resolved(cohort.where(kept, ""), tuple(findings), excluded)


def across(cohorts: tuple[Cohort, Cohort], exact: Iterable[tuple[str, str]], copies: Sequence[Copy]) -> list[Finding]:
    """Findings of pictures that the first cohort shares with the second; `exact` and `copies` name exams of both."""
    ours, theirs = ({exam.id: exam for exam in cohort} for cohort in cohorts)
    name = cohorts[1].name
    findings, known = [], set()
    for first, others in _by_first(exact).items():
        known |= {(first, other) for other in others}
        text = (f"exam {first} shows the same picture as {listed(others)} of {name}", OTHER_REMEDY)
        findings.append(_other("exact_duplicate", "error", text, ours[first], name))
        findings += _disagreeing(ours[first], [theirs[o] for o in others], name)
    near = [c for c in copies if (c.first, c.second) not in known]
    for first in dict.fromkeys(c.first for c in near):
        here = sorted((c for c in near if c.first == first), key=lambda c: -c.same.confidence)
        sure = [c for c in here if c.same.sure]
        others = list(dict.fromkeys(c.second for c in sure or here))
        verb = "shows nearly the same picture as" if sure else "may show the same as"
        message = f"exam {first} {verb} {listed(others)} of {name}{_how(sure or here)}"
        text = (message, OTHER_REMEDY if sure else MAYBE_REMEDY)
        finding = _other("near_duplicate", "error" if sure else "warning", text, ours[first], name)
        best = here[0].same
        findings.append(replace(finding, confidence=best.confidence, measure=best.measure))
        findings += _disagreeing(ours[first], [theirs[o] for o in others], name) if sure else []
    return findings


REMEDY = "keep one of them, or give them one subject; --allow near_duplicate counts them as one subject"
MAYBE_REMEDY = "look at the pictures: if they show one person's exam, or one field, give them one subject"
OTHER_REMEDY = "leave it out of one of the two: nothing that is measured on may have been learned from"


def _group(members: Sequence[Exam], copies: Sequence[Copy], removed: Mapping[str, str], join: bool) -> Finding:
    subjects, splits = len({exam.subject for exam in members}), splits_of(members)
    weakest = min(copies, key=lambda c: c.same.confidence).same
    message = f"{len(members)} exams show nearly the same picture: {listed(e.id for e in members)}{_how(copies)}"
    message += f", under {subjects} subjects" if subjects > 1 else ", of one subject"
    message += f", in {' and in '.join(splits)}" if len(splits) > 1 else ""
    gone = [e.id for e in members if e.id in removed]
    if gone:
        message += f"; removed from the lower split: {listed(gone)}"
    elif join and subjects > 1:
        message += "; they go on as one subject, on one side of every fold"
    severity: Severity = "note"
    if _leaks(members):
        severity = "warning" if len(gone) == len(members) - 1 else "error"
    remedy = REMEDY if severity != "note" else "nothing needs doing, unless they are meant to be different"
    key = f"near|{'|'.join(e.id for e in members)}"
    finding = found("near_duplicate", severity, (message, remedy), key, [e.id for e in members], lines_of(members))
    return replace(finding, splits=splits, confidence=weakest.confidence, measure=weakest.measure)


def _maybe(members: Sequence[Exam], copies: Sequence[Copy]) -> Finding:
    best = max(copies, key=lambda c: c.same.confidence).same
    subjects = len({exam.subject for exam in members})
    whose = f"under {subjects} subjects" if subjects > 1 else "of one subject"
    message = f"{len(members)} exams may show the same: {listed(e.id for e in members)}{_how(copies)}, {whose}"
    severity: Severity = "warning" if _leaks(members) else "note"
    remedy = MAYBE_REMEDY if severity == "warning" else "nothing needs doing, unless they are meant to be different"
    key = f"maybe|{'|'.join(e.id for e in members)}"
    finding = found("near_duplicate", severity, (message, remedy), key, [e.id for e in members], lines_of(members))
    return replace(finding, splits=splits_of(members), confidence=best.confidence, measure=best.measure)


def _leaks(members: Sequence[Exam]) -> bool:
    return len({e.subject for e in members}) > 1 or len(splits_of(members)) > 1


def _how(copies: Sequence[Copy]) -> str:
    said = listed(sorted({c.same.change for c in copies if c.same.change}), "; ")
    return f" ({said})" if said else ""


def _other(kind: str, severity: Severity, text: tuple[str, str], exam: Exam, name: str) -> Finding:
    finding = found(kind, severity, text, f"against|{name}|{exam.id}", [exam.id], lines_of([exam]))
    return replace(finding, splits=splits_of([exam]))


def _disagreeing(ours: Exam, theirs: Sequence[Exam], name: str) -> list[Finding]:
    """One finding per label that both cohorts have and on which they differ."""
    findings = []
    for column, value in ours.truth.items():
        other = [e for e in theirs if e.truth.get(column) is not None and e.truth[column] != value]
        if value is None or not other:
            continue
        said = listed(f"{e.id} {e.truth[column]!r}" for e in other)
        message = f"{column} differs between exams that show the same picture: {ours.id} {value!r}; in {name}, {said}"
        text = (message, "look at the picture, correct the label where it is wrong")
        key = f"against|{name}|{column}|{ours.id}"
        findings.append(found("label_conflict", "warning", text, key, [ours.id], lines_of([ours])))
    return findings


def _by_first(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for first, second in pairs:
        groups.setdefault(first, []).append(second)
    return groups


def _groups(copies: Sequence[Copy]) -> list[tuple[str, ...]]:
    """Exams that hang together, each set sorted, in the order of the first."""
    parent = {name: name for copy in copies for name in (copy.first, copy.second)}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for copy in copies:
        low, high = sorted((root(copy.first), root(copy.second)))
        parent[high] = low
    groups: dict[str, list[str]] = {}
    for name in sorted(parent):
        groups.setdefault(root(name), []).append(name)
    return [tuple(names) for names in groups.values()]
