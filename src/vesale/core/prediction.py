"""What a model says of one exam, and how sure it is. Never a bare array, never a bare float."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .image import Image

Status = Literal["reported", "referred", "declined", "failed"]
Code = Literal[
    "unreadable",
    "wrong_modality",
    "low_quality",
    "unlike_training",
    "no_scale",
    "not_calibrated",
    "too_few_calibration",
    "uncertain",
]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an exam is not reported alone, in one sentence."""

    code: Code
    message: str
    value: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """Of the exams reported alone at most `alpha` are wrong, with confidence 1 - `delta`."""

    alpha: float
    delta: float
    n_calibration: int
    error: str
    """What counts as wrong, in words."""
    approximate: bool
    """True when calibrated on out-of-fold predictions of other networks than the one that answers."""
    unit: Literal["subject"] = "subject"
    confidence: float | None = None
    """How sure the model was of this exam; None: not kept."""
    threshold: float | None = None
    """From which confidence an exam is reported alone."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """Kind of error -> what it costs; with any, `alpha` bounds the mean cost instead of the share of errors."""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What is promised of one output's set, interval, mask or picture, and which kind of promise it is."""

    of: Literal["set", "interval", "mask", "picture"]
    level: float
    """Chance that a set or an interval holds the truth; share of a structure that a mask finds, of a picture's samples
    that lie in their intervals."""
    delta: float | None
    """None: on average over exams, those of the calibration included; else with confidence 1 - delta."""
    n: int
    """Calibration subjects that it rests on."""
    needed: int | None
    """Calibration subjects that would do (of a name by itself: that bear it); None: no number would."""
    given: bool
    """False: there are too few, and nothing is promised."""
    approximate: bool
    """True when calibrated on out-of-fold predictions of other networks than the one that answers (cross-fitted)."""
    how: Literal["class_conditional", "pooled", "marginal", "plain", "adaptive", "risk"]
    """Sets: for each true name by itself, the rare ones together (pooled), or all names together (marginal).
    Intervals: of one width (plain) or by the exam (adaptive)."""
    pooled: tuple[str, ...] = ()
    """Names that too few calibration exams bear for a promise of their own."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the gate looked at."""

    name: str
    passed: bool
    value: float | None


@dataclass(frozen=True, slots=True)
class GateVerdict:
    verdict: Literal["pass", "fail", "not_fitted"]
    score: float | None = None
    threshold: float | None = None
    false_alarm_rate: float | None = None
    checks: tuple[Check, ...] = ()
    scores: tuple[float, ...] = field(default=(), repr=False)
    """Of the calibration exams, sorted: what the score stands among."""


@dataclass(frozen=True, slots=True)
class AnsweredQuantity:
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    level: float | None = None
    """Coverage of [low, high] or of `set`; None when not calibrated."""
    steps: tuple[str, ...] | None = None
    step: int | None = None
    probabilities: tuple[float, ...] | None = None
    set: tuple[int, ...] | None = None
    kind: Literal["quantity"] = "quantity"
    quantiles: Mapping[str, float] | None = None
    """Level -> the value below which the truth lies with that chance; None when not calibrated, or of a grade."""
    guarantee: Guarantee | None = None


@dataclass(frozen=True, slots=True)
class AnsweredCategory:
    exclusive: bool
    answer: str | tuple[str, ...] | None
    probabilities: Mapping[str, float]
    calibrated: bool
    set: tuple[str, ...] | None = None
    """Every name that cannot be ruled out at this level; None when not calibrated."""
    level: float | None = None
    kind: Literal["category"] = "category"
    guarantee: Guarantee | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """How much of the image bears one name."""

    name: str
    samples: int
    area_mm2: float | None = None
    volume_mm3: float | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class MaskRisk:
    """What is promised of the outlined mask: the share of the structure it misses stays below alpha."""

    alpha: float
    threshold: float
    n: int
    delta: float | None = None
    """None: the promise holds in expectation over exams; else with confidence 1 - delta."""
    measure: Literal["fnr"] = "fnr"


@dataclass(frozen=True, slots=True)
class AnsweredPartition:
    exclusive: bool
    names: tuple[str, ...]
    labels: tuple[Image, ...]
    """One per view, kind 'labels': (1, *shape) of indices when exclusive, else (class, *shape) of 0 / 1."""
    confidence: tuple[Image, ...]
    """One per view, float32 in [0, 1]: of the winning label when exclusive, else one channel a class."""
    regions: tuple[Region, ...]
    risk: MaskRisk | None = None
    files: tuple[str, ...] = ()
    """Relative to prediction.json; filled when the masks are written."""
    confidence_files: tuple[str, ...] = ()
    thresholds: tuple[float, ...] = ()
    """Per scored name: the probability from which a sample bears it; of several exclusive names the likeliest wins."""
    kind: Literal["partition"] = "partition"
    risks: tuple[MaskRisk, ...] = ()
    """Per scored name, as `risk`, which is the first of them."""
    guarantee: Guarantee | None = None


@dataclass(frozen=True, slots=True)
class AnsweredPicture:
    channels: tuple[str, ...]
    unit: str | None
    pictures: tuple[Image, ...]
    """One per view, float32 in the unit of the true pictures."""
    spreads: tuple[Image, ...] = ()
    """One per view, in the same unit: with a `level` half the width of each sample's interval, else as the model states
    its error; empty: the model states none."""
    low: float | None = None
    high: float | None = None
    """Range of the samples."""
    level: float | None = None
    """Share of the samples that lie in their intervals; None when not calibrated."""
    files: tuple[str, ...] = ()
    """Relative to prediction.json; filled when the pictures are written."""
    spread_files: tuple[str, ...] = ()
    kind: Literal["picture"] = "picture"
    guarantee: Guarantee | None = None


Answer = AnsweredQuantity | AnsweredCategory | AnsweredPartition | AnsweredPicture


@dataclass(frozen=True, slots=True)
class Seen:
    """One image that went in: digest, modality, shape and spacing."""

    sha256: str
    modality: str | None
    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which model, on which pixels, how: enough to do it again."""

    model: Mapping[str, str]
    """name, version, digest"""
    recipe: str
    inputs: tuple[Seen, ...]
    runtime: str
    precision: str
    vesale: str
    seed: int
    seconds: float
    log_entry: str | None = None
    explanation: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    exam: str
    subject: str | None
    status: Status
    reasons: tuple[Reason, ...]
    """Empty exactly when the exam is reported."""
    outputs: Mapping[str, Answer]
    """Empty when declined or failed; kept when referred, so that the reader sees what the model thought."""
    gate: GateVerdict
    evidence: Evidence
    promise: Promise | None = None
    notes: tuple[str, ...] = field(default=())
    """What was odd about the files, as their readers said it."""
    news: tuple[str, ...] = field(default=())
    """What no training exam had: another device, another size of pixels."""
