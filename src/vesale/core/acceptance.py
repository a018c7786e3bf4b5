"""A commissioning as data: what a model was said to do, and what it does at a new site."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from .report import Calibration, Measure, Referral

FEW = 50
"""Local subjects from which an acceptance makes sense."""
Verdict = Literal["as_stated", "not_shown_worse", "worse", "unknown"]
Advice = Literal["accept", "accept_with_conditions", "do_not_accept", "too_few"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One number as stated for the model and as found here."""

    output: str
    metric: str
    stated: Measure
    here: Measure
    difference: Measure
    """here - stated."""
    verdict: Verdict
    """as_stated: the loss is shown to be smaller than the margin; not_shown_worse: it may be larger; worse: there is a
    loss, and it may be larger than the margin; unknown: one of them is not known."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one package did on the exams of the site."""

    measures: Mapping[str, Mapping[str, Measure]]
    calibration: Mapping[str, Calibration]
    coverage: Mapping[str, Measure]
    rates: Mapping[str, Measure]
    """declined and referred, of all exams"""
    refer: Referral | None
    statuses: tuple[str, ...]
    """Of every exam."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One property of the pictures: how far the site's median lies from that of the training, in its spread."""

    what: str
    shift: float


@dataclass(frozen=True, slots=True)
class Renewed:
    """The refer rule as fitted at the site."""

    alpha: float
    delta: float
    threshold: float | None
    """None: nothing can be promised here, so every exam goes to a reader."""
    n: int
    """Subjects."""
    reported: int
    wrong: int
    """Of the reported."""
    needed: int
    """Error-free subjects that any promise of this kind takes at least."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A commissioning, before a person has signed it."""

    command: str
    origin: Mapping[str, str]
    model: Mapping[str, str]
    """name, version, digest of the package of the site"""
    cohort: Mapping[str, Any]
    excluded: tuple[tuple[str, str], ...]
    """(exam, reason)"""
    margin: float
    stated: Mapping[str, Mapping[str, Measure]]
    """What the card of origin says."""
    delivered: Side
    """The package of origin on the exams of the site."""
    commissioned: Side
    """What was fitted again, each exam by what was fitted on others."""
    compared: tuple[Compared, ...]
    """As stated against as delivered."""
    pictures: tuple[Moved, ...]
    gate_moved: bool
    """The gate of origin declines more of the site's exams than it may, beyond chance."""
    promise: Renewed | None
    """Of the local package; None where the recipe names no bound for what is wrong."""
    advice: Advice
    wanted_exams: int | None
    """How many more exams it takes at least; None: no more."""
    created: datetime
    seconds: float
