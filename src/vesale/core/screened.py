"""What a programme found: of a step, of a photograph, of a patient. What a programme is stands in programme.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .exam import Trait
from .prediction import Prediction, Promise, Status

Decided = Literal["refer", "no_refer"]
Place = Literal["urgent", "soon", "routine", "retake", "unsure", "none"]
"""Where a patient stands in the worklist, first to last: by the rule that refers it; photographs to be taken again; not
sure enough, or nothing promised; set aside."""
PLACES: tuple[Place, ...] = ("urgent", "soon", "routine", "retake", "unsure", "none")


@dataclass(frozen=True, slots=True)
class Why:
    """A sentence to be said in any language: a key of the tables of words, and what goes into it."""

    key: str
    values: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    """A text, or language -> text."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Numbers that were measured on outlines."""

    numbers: Mapping[str, float | None]
    """None: it could not be measured here; a note says why."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What was told in words: side: right."""
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Places to draw: (row, column)."""
    notes: tuple[Why, ...] = ()


@dataclass(frozen=True, slots=True)
class StepDone:
    """One step on one photograph."""

    name: str
    ran: bool
    why: Why | None = None
    """Why it was not run, or gave no answer."""
    model: Mapping[str, str] | None = None
    """name, version, digest of the package."""
    prediction: Prediction | None = None
    path: str | None = None
    """Of its prediction.json, relative to programme.json."""
    measured: Measured | None = None

    @property
    def answered(self) -> bool:
        return self.measured is not None or (self.prediction is not None and bool(self.prediction.outputs))


@dataclass(frozen=True, slots=True)
class Photograph:
    exam: str
    """Unique among the patient's photographs."""
    steps: tuple[StepDone, ...]
    view: str | None = None
    laterality: str | None = None
    """right or left: as the table says, else as was measured; None: not known."""
    side_measured: bool = False
    usable: bool = True
    why: Why | None = None
    """Why it is not usable."""
    picture: str | None = None
    """File with what was found drawn on it, relative to programme.json."""
    legend: tuple[tuple[str, str, str], ...] = ()
    """(colour, step.class, mark) of what is drawn."""
    notes: tuple[Why, ...] = ()

    def step(self, name: str) -> StepDone | None:
        return next((s for s in self.steps if s.name == name), None)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a patient is not set aside."""

    code: str
    """As those of predictions, and: finding (a rule was met), incomplete (a side was not photographed)."""
    why: Why
    value: float | None = None
    threshold: float | None = None
    exam: str | None = None
    """The photograph it rests on."""


@dataclass(frozen=True, slots=True)
class Patient:
    subject: str
    status: Status
    decision: Decided | None
    """None: no photograph could be read at all."""
    causes: tuple[Cause, ...]
    """Empty exactly when the patient is set aside."""
    photographs: tuple[Photograph, ...]
    place: Place
    risk: float | None = None
    """Calibrated probability of being referable; None: not calibrated, or no photograph was usable."""
    score: float | None = None
    """The worst photograph's probability, as the packages state it."""
    threshold: float | None = None
    """The risk from which a patient is not set aside."""
    promise: Promise | None = None
    values: Mapping[str, float | None] = field(default_factory=dict)
    """What the fusion saw."""
    facts: Mapping[str, Trait] = field(default_factory=dict)
    """Columns of the table that the programme knows."""
    missing: tuple[str, ...] = ()
    """What the fusion would have used, and is not known of this patient."""
    notes: tuple[Why, ...] = ()
