"""What a training run says while it runs. The terminal, the events file and the tests all listen to these."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    part: str
    """fold-0, fold-1, ..., all"""
    exams: int
    parameters: int
    steps: int
    resumed_at: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    part: str
    step: int
    steps: int
    epoch: float
    """How often each exam has been seen so far, on average."""
    loss: float
    rate: float
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Validated:
    part: str
    step: int
    metric: str
    value: float
    exams: int


@dataclass(frozen=True, slots=True)
class Fitted:
    part: str
    steps: int
    seconds: float
    digest: str
    """Of the weights: the same recipe on the same machine gives the same one."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A stage of `study` begins."""

    stage: str
    message: str


Event = Started | Progress | Validated | Fitted | Staged
