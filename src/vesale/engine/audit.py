"""Results of a cohort to an Audit: groups by trait, every number in each, what differs, what matters of it."""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..core.audit import ENOUGH, Audit, AuditFinding, Compared, Family, Gap, Grouping, Question
from ..core.errors import RecipeError
from ..core.exam import Cohort, Exam
from ..core.report import Measure, Subgroup
from ..render.audit_document import audit_document
from ..render.audit_page import audit_page
from ..render.audit_text import finding_text, group_note, note_text
from ..render.documents import dumps
from ..trust.bias import Bools, Contrast, Ratio, Sides, contrast, detectable, holm
from ..trust.gaps import demographic_parity, equalised_odds
from ..trust.groups import MOST_TRAITS, Groups, Value, crossed, group, sizes, usable
from .audit_metrics import Comparable, comparables, decisions
from .results import Results

REST = "rest"
DEALINGS: Mapping[Family, int] = {"main": 5, "further": 2}
"""A test may take this many times tests / alpha dealings, so that its smallest p survives the correction."""
MOST_DEALINGS = 100_000
ERRORS = frozenset(
    [
        *("auc", "sensitivity", "specificity", "accuracy", "dice", "mae", "mean_error"),
        *("calibration_gap", "coverage", "error_reported"),
    ]
)
"""What makes a gap of the main family an error; a gap of another number is a warning."""


def audit_results(results: Results, cohort: Cohort, question: Question = Question()) -> Audit:  # noqa: B008
    """The audit of the exams that were read; `command`, `seconds` and `model` are the caller's to fill in.

    RecipeError when the cohort has no such trait.
    """
    exams = {e.id: e for e in cohort}
    rows = [exams[str(r["exam"])] for r in results.rows]
    subjects = [str(r["subject"]) for r in results.rows]
    singles = groupings(rows, subjects, question)
    pairs = [crossed(a, b) for a, b in itertools.combinations(singles, 2)] if question.crossed else []
    numbers = comparables(results)
    values = Values(subjects)
    everyone = _subgroup(numbers, ("", ""), np.ones(len(rows), bool), values)
    groups = [_described(numbers, g, i, values) for g in singles for i in range(len(g.names))]
    main = [n for n in numbers if n.family == "main"]
    groups += [_described(main, g, i, values) for g in pairs for i in range(len(g.names))]
    tests = compared(numbers, (singles, pairs), subjects, question, values)
    gaps = tuple(_gaps(results, singles, subjects))
    audit = Audit(
        command="",
        model={},
        cohort={"digest": cohort.digest, "subjects": len(set(subjects)), "exams": len(rows)},
        question=question,
        by=tuple(g.by for g in singles),
        everyone=everyone,
        groups=tuple(groups),
        tests=tests,
        gaps=gaps,
        notes=tuple(_notes(singles, subjects, question)),
    )
    return replace(audit, findings=tuple(_findings(audit)))


def audit_of_study(results: Results, cohort: Cohort, about: tuple[str, Mapping[str, str]], out: Path) -> Audit | None:
    """The audit that every report holds, by the traits the cohort has, written beside it; None where it has none.

    `about`: (command, model). Traits are not crossed here: `vesale audit` does it.
    """
    exams = {e.id: e for e in cohort}
    rows = [exams[str(r["exam"])] for r in results.rows]
    question = Question(crossed=False)
    if not groupings(rows, [str(r["subject"]) for r in results.rows], question):
        return None
    audit = replace(audit_results(results, cohort, question), command=about[0], model=about[1])
    write_audit(audit, out)
    return audit


def write_audit(audit: Audit, out: Path, language: str = "en") -> None:
    """audit.json and audit.html in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "audit.json").write_text(dumps(audit_document(audit)), encoding="utf-8")
    (out / "audit.html").write_text(audit_page(audit, language), encoding="utf-8")


def groupings(rows: Sequence[Exam], subjects: Sequence[str], question: Question) -> list[Groups]:
    """The traits asked for, or else those that have something to compare."""
    known = {name: _values(rows, name) for name in _traits(rows)}
    if question.by:
        for wanted in question.by:
            if wanted.name not in known:
                have = ", ".join(known) or "none"
                raise RecipeError(f"--by {wanted.name}: the cohort has no such trait", f"it has: {have}")
        return [group(wanted, known[wanted.name], subjects, question.pool) for wanted in question.by]
    found = []
    for name, values in known.items():
        made = group(Grouping(name), values, subjects, question.pool)
        if usable(made, values, subjects):
            found.append(made)
    return found[:MOST_TRAITS]


def _traits(rows: Sequence[Exam]) -> list[str]:
    """Columns of traits, and of views what is the same in all of an exam, where anything is known."""
    names = dict.fromkeys(name for exam in rows for name in exam.traits)
    return [n for n in (*names, "view", "laterality") if any(v is not None for v in _values(rows, n))]


def _values(rows: Sequence[Exam], name: str) -> list[Value]:
    if name not in ("view", "laterality"):
        return [exam.traits.get(name) for exam in rows]
    found: list[Value] = []
    for exam in rows:
        seen = {v.view if name == "view" else v.laterality for v in exam.views}
        found.append(seen.pop() if len(seen) == 1 else None)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The numbers of any exams with their intervals, each worked out once."""

    subjects: Sequence[str]
    known: dict[tuple[int, bytes], Measure] = field(default_factory=dict)

    def __call__(self, number: Comparable, here: Bools) -> Measure:
        """Unknown when fewer than ten subjects stand behind it."""
        key = id(number), here.tobytes()
        if key not in self.known:
            found = number.measure(here, self.subjects)
            if found.value is not None and found.n < ENOUGH:
                found = replace(found, value=None, low=None, high=None, method=group_note(found.n))
            self.known[key] = found
        return self.known[key]


def _described(numbers: Sequence[Comparable], groups: Groups, i: int, values: Values) -> Subgroup:
    return _subgroup(numbers, (groups.by, groups.names[i]), groups.member == i, values)


def _subgroup(numbers: Sequence[Comparable], named: tuple[str, str], here: Bools, values: Values) -> Subgroup:
    """Every number of a group with its interval; only its size when it has fewer than ten subjects."""
    n = len(set(np.asarray(values.subjects, dtype=str)[here]))
    if n < ENOUGH:
        return Subgroup(*named, n, None, group_note(n), exams=int(here.sum()))
    measures: dict[str, dict[str, Measure]] = {}
    classes: dict[str, dict[str, dict[str, Measure]]] = {}
    rates: dict[str, Measure] = {}
    for number in numbers:
        found = values(number, here)
        if number.output is None:
            rates[number.metric] = found
        elif number.of is None:
            measures.setdefault(number.output, {})[number.metric] = found
        else:
            classes.setdefault(number.output, {}).setdefault(number.of, {})[number.metric] = found
    return Subgroup(*named, n, measures, None, int(here.sum()), rates, classes or None)


def compared(
    numbers: Sequence[Comparable],
    groups: tuple[Sequence[Groups], Sequence[Groups]],
    subjects: Sequence[str],
    question: Question,
    values: Values | None = None,
) -> tuple[Compared, ...]:
    """Each group against everyone else whose trait is known, of two groups the one against the other.

    `groups`: (of one trait, of two traits crossed). Without `values` those of either side stay unknown, for who wants
    the tests only.
    """
    plans = list(_plans(numbers, groups))
    planned = Counter(p.family for p in plans)
    draws = {
        f: min(MOST_DEALINGS, math.ceil(DEALINGS[f] * n / question.alpha / 1000) * 1000) for f, n in planned.items()
    }
    sides = [_sides(p.groups, p.i, subjects) for p in plans]
    contrasts = [
        contrast(p.number.statistic, s, draws[p.family], k, values is not None)
        for k, (p, s) in enumerate(zip(plans, sides, strict=True))
    ]
    counts = Counter(p.family for p, c in zip(plans, contrasts, strict=True) if c.p is not None)

    def value(number: Comparable, here: Bools) -> Measure:
        nothing = Measure(number.metric, None, None, None, 0, method="not asked for")
        return values(number, here) if values else nothing

    found = []
    for plan, s, said in zip(plans, sides, contrasts, strict=True):
        limit = None if said.se is None else detectable(said.se, question.alpha, counts[plan.family])
        test = _compared(plan, said, (value(plan.number, s.a), value(plan.number, s.b)))
        found.append(replace(test, detectable=limit, relevant=_relevant(plan.number, question.gap)))
    return _corrected(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """One comparison to make."""

    number: Comparable
    groups: Groups
    i: int
    family: Family


def _plans(numbers: Sequence[Comparable], groups: tuple[Sequence[Groups], Sequence[Groups]]) -> Iterator[_Plan]:
    for crossed_too, made in zip((False, True), groups, strict=True):
        for g in made:
            several = range(len(g.names)) if len(g.names) > 1 else range(0)
            for i in several[:1] if len(g.names) == 2 else several:
                for number in numbers:
                    if not _constant(number) and (number.family == "main" or not crossed_too):
                        yield _Plan(number, g, i, "further" if crossed_too else number.family)


_FAMILIES: tuple[Family, ...] = ("main", "further")


def _constant(number: Comparable) -> bool:
    """A share that is 0 or 1 in every exam cannot differ, and need not be corrected for."""
    s = number.statistic
    return isinstance(s, Ratio) and (not s.counts.any() or (s.binary and len(set(s.top[s.counts])) == 1))


def _sides(groups: Groups, i: int, subjects: Sequence[str]) -> Sides:
    return Sides(groups.member == i, (groups.member >= 0) & (groups.member != i), subjects)


def _compared(plan: _Plan, said: Contrast, values: tuple[Measure, Measure]) -> Compared:
    number, g = plan.number, plan.groups
    ratio = None
    if said.ratio is not None and number.metric not in _SIGNED:
        value, low, high = said.ratio
        ratio = Measure("ratio", value, low, high, said.n, method="a / b; delta method on the logarithm, by subject")
    return Compared(
        by=g.by,
        output=number.output,
        metric=number.metric,
        of=number.of,
        a=g.names[plan.i],
        b=g.names[1] if len(g.names) == 2 else REST,
        value_a=values[0],
        value_b=values[1],
        difference=Measure(
            number.metric, said.difference, said.low, said.high, said.n, unit=number.unit, method=said.how
        ),
        ratio=ratio,
        p=said.p,
        p_corrected=None,
        family=plan.family,
        detectable=None,
        both_sides=said.both_sides,
    )


_SIGNED = frozenset({"calibration_gap", "mean_error"})
"""Numbers around zero: a ratio of two of them says nothing."""


def _relevant(number: Comparable, gap: float) -> float | None:
    """The difference from which it matters: of errors in a unit a share of their mean size, else the gap asked for."""
    if not number.unit:
        return gap
    assert isinstance(number.statistic, Ratio)
    sizes = Ratio(np.abs(number.statistic.top), number.statistic.bottom)
    whole = float(sizes(np.ones((1, len(sizes.top))))[0])
    return None if math.isnan(whole) else 4 * gap * whole


def _corrected(tests: Sequence[Compared]) -> tuple[Compared, ...]:
    found = list(tests)
    for family in _FAMILIES:
        places = [i for i, t in enumerate(found) if t.family == family and t.p is not None]
        for i, p in zip(places, holm([found[i].p or 0.0 for i in places]), strict=True):
            found[i] = replace(found[i], p_corrected=p, tests=len(places))
    return tuple(found)


def _gaps(results: Results, singles: Sequence[Groups], subjects: Sequence[str]) -> Iterator[Gap]:
    for g in singles:
        for d in decisions(results):
            for metric, found in (
                ("equalised_odds", equalised_odds(d.said, d.truth, g.member, subjects)),
                ("demographic_parity", demographic_parity(d.said, d.truth, g.member, subjects)),
            ):
                if found is not None:
                    names = tuple(g.names[i] for i in found.groups)
                    yield Gap(g.by, d.output, d.of, metric, replace(found.measure, name=metric), found.by_chance, names)


def _findings(audit: Audit) -> list[AuditFinding]:
    """Significant and relevant gaps first, then what could not be said and what could not have been shown."""
    found = []
    for test in audit.tests:
        if test.p_corrected is None or test.p_corrected >= audit.question.alpha or test.difference.value is None:
            continue
        big = test.relevant is not None and abs(test.difference.value) >= test.relevant
        severity = "note" if not big else "error" if test.family == "main" and test.metric in ERRORS else "warning"
        kind = "gap" if big else "small_gap"
        found.append(AuditFinding(kind, severity, finding_text(test, audit.question), test))  # type: ignore[arg-type]
    found.sort(key=lambda f: ({"error": 0, "warning": 1, "note": 2}[f.severity], f.test.p_corrected if f.test else 0))
    return [*found, *_unsaid(audit)]


def _unsaid(audit: Audit) -> Iterator[AuditFinding]:
    """Groups that are too small, and traits of which the sample could not have shown a gap that matters."""
    for g in audit.groups:
        if g.measures is None and " x " not in g.by:
            told = {"by": g.by, "value": g.value, "n": str(g.subjects)}
            yield _noted("too_few", told)
    for by in audit.by:
        tests = [t for t in audit.tests if t.by == by and t.family == "main" and t.detectable and t.relevant]
        blind = [t for t in tests if (t.detectable or 0) > (t.relevant or 0)]
        if blind:
            worst = max(blind, key=lambda t: (t.detectable or 0) / (t.relevant or 1))
            message = finding_text(worst, audit.question, kind="blind")
            told = {"count": str(len(blind)), "of": str(len(tests))}
            yield AuditFinding("could_not_show", "note", message, worst, told)


def _notes(singles: Sequence[Groups], subjects: Sequence[str], question: Question) -> Iterator[AuditFinding]:
    for g in singles:
        unknown = int((g.member < 0).sum())
        if g.pooled:
            told = {"by": g.by, "values": ", ".join(g.pooled), "n": str(question.pool)}
            yield _noted("pooled", told | {"size": str(sizes(g, subjects)[-1])})
        if g.codes:
            yield _noted("codes", {"by": g.by})
        if g.cuts:
            yield _noted(
                "bins_chosen" if g.chosen else "bins", {"by": g.by, "cuts": ", ".join(f"{c:g}" for c in g.cuts)}
            )
        if unknown:
            yield _noted("no_value", {"by": g.by, "n": str(unknown)})
        both = _both_sides(g, subjects)
        if both:
            yield _noted("both_sides", {"by": g.by, "n": str(both)})


def _noted(kind: str, told: Mapping[str, str]) -> AuditFinding:
    return AuditFinding(kind, "note", note_text(kind, told), None, told)


def _both_sides(groups: Groups, subjects: Sequence[str]) -> int:
    seen: dict[str, set[int]] = {}
    for subject, member in zip(subjects, groups.member.tolist(), strict=True):
        if member >= 0:
            seen.setdefault(subject, set()).add(member)
    return sum(len(places) > 1 for places in seen.values())
