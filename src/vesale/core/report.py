"""What we found, as data. Rendering to a page, a terminal or a file happens elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .prediction import Guarantee

Unit = Literal["subject", "exam", "pixel", "block", "seed", "trial"]
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number never travels without its interval and its n."""

    name: str
    """auc, accuracy, dice, f1, ... as INTERFACES names them."""
    value: float | None
    """None when it cannot be computed here (one class only); `method` then says why."""
    low: float | None
    high: float | None
    n: int
    n_of: Unit = "subject"
    unit: str = ""
    method: str = ""
    """How value and interval were found: 'percentile bootstrap over subjects, 2000 draws', 'Clopper-Pearson', ..."""
    level: float = 0.95

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name} unknown ({self.method})"
        span = "" if self.low is None or self.high is None else f" [{self.low:.3g}, {self.high:.3g}]"
        return f"{self.name} {self.value:.3g}{self.unit}{span} n={self.n}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a cohort: what it is, where it stands, how sure, and what to do."""

    id: str
    kind: str
    """unreadable missing_file bad_row no_subject exact_duplicate near_duplicate subject_leak label_conflict ..."""
    severity: Severity
    message: str
    remedy: str
    exams: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    """Line numbers in labels.csv, the header being line 1."""
    splits: tuple[str, ...] = ()
    confidence: float | None = None
    picture: str | None = None
    measure: Measure | None = None
    cue: str | None = None
    """Name of what predicts a label, among `trust.shortcuts.cues_of`."""
    asked: tuple[str, str | None] | None = None
    """What is predicted: the column, and the class; no class of a quantity."""
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    """Places in the picture (top, left, bottom, right), as shares of height and width."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram: mean confidence, share that was right, exams."""

    p: float
    observed: float
    n: int
    low: float | None = None
    high: float | None = None
    """95 % interval of what was observed, by subject; None: too few subjects."""


@dataclass(frozen=True, slots=True)
class CalibratedGroup:
    """Calibration within a subgroup of the cohort."""

    by: str
    value: str
    subjects: int
    ece: Measure | None = None
    """None with a note when there are too few subjects to say."""
    brier: Measure | None = None
    stated: float | None = None
    observed: Measure | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    ece: Measure
    brier: Measure
    bins: tuple[Bin, ...]
    of: Literal["answer", "name", "interval", "pixel"] = "answer"
    """What the probabilities are of: that the answer is right, that a name is borne, that the truth lies within the
    interval at each level, that a sample bears the name."""
    stated: float | None = None
    """Mean stated probability (of intervals: the widest level)."""
    observed: Measure | None = None
    """The share that came true."""
    per_class: Mapping[str, "Calibration"] = field(default_factory=dict)
    subgroups: tuple[CalibratedGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to calibrate and how well it foretold the subjects that it was not fitted on."""

    name: str
    """none (as the network states it), temperature, platt, vector or isotonic; simplest first."""
    log_loss: float | None
    """Mean over subjects, in nats, on the folds left out; None: not cross-validated, there are too few subjects."""
    standard_error: float | None
    """Of that mean, over subjects."""
    excess: float | None
    """By how much it is worse than the best one."""
    excess_error: float | None
    """Standard error of that difference, over the same subjects."""
    chosen: bool


@dataclass(frozen=True, slots=True)
class Subgroup:
    by: str
    value: str
    subjects: int
    measures: Mapping[str, Mapping[str, Measure]] | None = None
    """output -> metric -> measure; None with a note when there are too few subjects to say."""
    note: str | None = None
    exams: int | None = None
    rates: Mapping[str, Measure] | None = None
    """Of whole exams: share_reported, share_referred, share_declined, error_reported."""
    per_class: Mapping[str, Mapping[str, Mapping[str, Measure]]] | None = None
    """output -> class -> metric -> measure"""


@dataclass(frozen=True, slots=True)
class Referral:
    """What the refer rule did on these exams."""

    alpha: float
    delta: float
    share_reported: Measure
    error_reported: Measure
    prices: Mapping[str, float] = field(default_factory=dict)
    """Kind of error -> what it costs; with any, alpha bounds `cost_reported`, not `error_reported`."""
    cost_reported: Measure | None = None
    """Mean cost of the exams reported alone; None without prices."""


@dataclass(frozen=True, slots=True)
class Report:
    command: str
    model: Mapping[str, str]
    """name, version, digest"""
    cohort: Mapping[str, Any]
    """digest, subjects, exams, split, split_by_subject, excluded: [{exam, reason}]"""
    measures: Mapping[str, Mapping[str, Measure]]
    per_class: Mapping[str, Mapping[str, Mapping[str, Measure]]] = field(default_factory=dict)
    subgroups: tuple[Subgroup, ...] = ()
    calibration: Mapping[str, Calibration] = field(default_factory=dict)
    candidates: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)
    """Output -> the ways to calibrate that were tried."""
    guarantees: Mapping[str, Guarantee] = field(default_factory=dict)
    """Output -> what is promised of its sets, intervals or masks."""
    coverage: Mapping[str, Measure] = field(default_factory=dict)
    refer: Referral | None = None
    baselines: Mapping[str, Mapping[str, Mapping[str, Measure]]] = field(default_factory=dict)
    warnings: tuple[tuple[str, str], ...] = ()
    """(code, message)"""
    seconds: float = 0.0
    peak_rss_mb: float = 0.0
