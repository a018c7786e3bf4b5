"""What a watch over a stream of readings found, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alarm:
    """When the stream is said to have moved, and what moved most."""

    at: int
    """Readings seen when it rang (1 for the first)."""
    since: int
    """The reading from which the winning bet gained all it has: about where the change began (maximum likelihood)."""
    what: str
    """The quantity whose bet won most."""
    higher: bool
    """True: it has risen."""


@dataclass(frozen=True, slots=True)
class Change:
    """One quantity before and after, when all was seen."""

    what: str
    before: float
    after: float
    """Medians."""
    p: float
    """Kolmogorov and Smirnov, two samples."""
    p_corrected: float
    """After Holm, for the number of quantities."""


@dataclass(frozen=True, slots=True)
class Drift:
    readings: int
    reference: int
    every: int
    evidence: tuple[float, ...]
    """What the detector has after each reading; it rings at `every`, and then starts again."""
    alarms: tuple[Alarm, ...]
    changes: tuple[Change, ...]
    """Of the readings since the first alarm's change (of all when none rang) against the reference."""
