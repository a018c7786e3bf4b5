"""What an audit asks and what it found, as data: groups, comparisons with their tests, gaps, findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .report import Measure, Severity, Subgroup

Family = Literal["main", "further"]
ENOUGH = 10
"""Subjects that a group, and each side of a comparison's denominator, must have; below, it is too few to say."""
GAP = 0.05
"""A difference of shares or indices from which a gap matters, unless it is asked otherwise."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """One column to group by, and how."""

    name: str
    cuts: tuple[float, ...] = ()
    """Inner bounds of the bins of a number; empty: thirds of what is there."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an audit is asked."""

    by: tuple[Grouping, ...] = ()
    """Empty: every trait of the cohort that has groups to compare."""
    alpha: float = 0.05
    """Of audits of a model that is equally good for everyone, the share that may raise an alarm all the same."""
    gap: float = GAP
    """Smallest difference of shares or indices that matters; of errors in a unit: four times this share of the mean."""
    pool: int = ENOUGH
    """Values of a trait with fewer subjects than this are taken together."""
    crossed: bool = True
    """Whether every two traits are also crossed."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One number in two groups, the difference between them, and whether chance alone would show it."""

    by: str
    output: str | None
    """None: of the exam as a whole (referred, declined, wrong when reported)."""
    metric: str
    of: str | None
    """The class or name that it is of; None: of the output."""
    a: str
    b: str
    """The other group, or `rest`: everyone else whose trait is known."""
    value_a: Measure
    value_b: Measure
    difference: Measure
    """a - b"""
    ratio: Measure | None
    """a / b, where both are shares or errors above zero."""
    p: float | None
    """None when there were too few to say, or when nothing varies; `difference.method` then says which."""
    p_corrected: float | None
    """Holm's, within the family."""
    family: Family
    detectable: float | None
    """The smallest difference that would be found in four of five such cohorts, after the correction."""
    both_sides: int = 0
    """Subjects with exams in both groups: the comparison is paired in them."""
    relevant: float | None = None
    """The difference from which this one matters."""
    tests: int = 1
    """How many comparisons of its family were corrected for."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest difference between any two groups of a trait."""

    by: str
    output: str
    of: str
    metric: str
    """equalised_odds demographic_parity"""
    difference: Measure
    by_chance: float | None
    """What the gap stays below in 95 of 100 cohorts where the trait means nothing; None where it was not worked out."""
    groups: tuple[str, ...] = ()
    """The groups it was taken over: those with enough subjects."""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """What a reader of the audit must know; `told` lets a page say it in another language."""

    kind: str
    severity: Severity
    message: str
    test: Compared | None = None
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Audit:
    """The whole audit of a model's readings of a cohort."""

    command: str
    model: Mapping[str, str]
    cohort: Mapping[str, object]
    question: Question
    by: tuple[str, ...]
    everyone: Subgroup
    groups: tuple[Subgroup, ...] = ()
    tests: tuple[Compared, ...] = ()
    gaps: tuple[Gap, ...] = ()
    findings: tuple[AuditFinding, ...] = ()
    notes: tuple[AuditFinding, ...] = ()
    """How groups were made: bins, codes, pools, exams without a value."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """No finding of the level error."""
        return not any(f.severity == "error" for f in self.findings)
