"""What a report page shows beside the Report: pictures, curves, tables of exams, rules in words; data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.audit import Audit
from ..core.report import Finding


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of the gallery (the best, the median and the worst exam, say)."""

    title: str
    caption: str
    """Says what is seen, and how good it is with its n; it is read aloud in the picture's place."""
    png: bytes


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """ROC, precision-recall, training loss."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    diagonal: bool = False
    """Draw y = x, which is chance on a ROC curve; both axes then run from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """counts[truth][answer] of one output, both in the order of names."""

    output: str
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class ExamLine:
    """One row of the table of exams; None is shown as not known."""

    exam: str
    status: str
    truth: str | None
    prediction: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Accepts:
    """What a report says of the gate of its model."""

    scores: tuple[float, ...]
    """Of the calibration exams."""
    threshold: float
    false_alarm_rate: float
    n: int
    approximate: bool
    declined: tuple[int, int] | None = None
    """Of the report's exams: how many were declined, of how many."""
    devices: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    side: tuple[float, float] | None = None
    """Pixels a side, from the least to the most."""
    pixel_mm: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """The refer rule and what it rests on; shares and errors are shares of 1, with prices the mean cost."""

    alpha: float
    delta: float
    threshold: float | None
    n: int
    """Calibration subjects."""
    reported: int
    wrong: int
    """Of the reported."""
    cost: float | None
    """Of the wrong ones together."""
    needed: int
    would_do: int | None
    error: str
    """What counts as wrong, in words."""
    approximate: bool
    prices: Mapping[str, float] = field(default_factory=dict)
    positive: tuple[str, ...] = ()
    calibrated: tuple[tuple[float, float, float], ...] = ()
    """(share reported, error among them, what it stays below with confidence 1 - delta) of thresholds, surest first."""
    measured: tuple[tuple[float, float], ...] = ()
    """(share reported, error among them) of the exams of this report."""


@dataclass(frozen=True, slots=True)
class Extras:
    title: str
    task: str
    """What was asked, in one sentence that a doctor understands."""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Output -> quantity, category, partition or picture; one that is missing is told by its metrics."""
    recipe: str | None = None
    """The recipe's digest."""
    machine: str | None = None
    training_seconds: float | None = None
    training_steps: int | None = None
    gallery: tuple[Shown, ...] = ()
    curves: tuple[Curve, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    exams: tuple[ExamLine, ...] = ()
    refer_rule: str | None = None
    promised: Promised | None = None
    gate: str | None = None
    accepts: Accepts | None = None
    findings: tuple[Finding, ...] | None = None
    """Of `check`; None when the data were not checked."""
    licence: str | None = None
    citation: str | None = None
    privacy: Mapping[str, Any] = field(default_factory=dict)
    """As the card has it."""
    audit: Audit | None = None
    """Of the groups; None where the cohort has no trait to group by."""
