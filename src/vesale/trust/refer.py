"""Report or refer: a threshold on the confidence above which, of the exams reported alone, at most alpha are wrong.

Learn then Test (Angelopoulos, Bates, Candes, Jordan, Lei 2021): each candidate threshold is a hypothesis 'more than
alpha of what it reports is wrong', tested by the exact binomial tail; the fallback procedure (Wiens 2003), a fixed
sequence whose level is dealt out to several starts, keeps the chance of any false rejection below delta. Candidates are
chosen from n, alpha, delta and the confidences, never from the errors. What confidence is: confidence.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

GRID = 20
"""About this many candidate thresholds."""
LATE = ((0.3, 1.0),)
EARLY_AND_LATE = ((0.1, 0.2), (0.3, 0.8))
"""(share of the subjects from which candidates are tried, share of delta for it): few starts keep each test strong, a
late start forgives a sure error, an early one lets a weak model report its surest exams."""
FEW_STARTS = 1000
"""With fewer subjects there is one start."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReferRule:
    """Report when confidence >= threshold; then at most alpha are wrong, with confidence 1 - delta."""

    alpha: float
    delta: float
    threshold: float | None
    """None: nothing can be promised, so everything is referred."""
    n: int
    """Calibration subjects."""
    reported: int
    """Of them, those that the rule reports."""
    wrong: int
    """Of the reported, those that were wrong."""
    needed: int
    """Error-free calibration subjects that any promise of this kind takes at least."""

    def reports(self, confidence: float) -> bool:
        return self.threshold is not None and confidence >= self.threshold


def needed(alpha: float, delta: float) -> int:
    """Subjects reported without an error before 'at most alpha are wrong' holds with confidence 1 - delta."""
    return math.ceil(math.log(delta) / math.log(1 - alpha) - 1e-9)


def fit_refer(
    confidence: ArrayLike, wrong: ArrayLike, subjects: Sequence[str], alpha: float, delta: float
) -> ReferRule:
    """The lowest threshold that the calibration exams support: (n,) confidences in [0, 1], (n,) wrong or not.

    One exam a subject is drawn (blindly, always the same), so the promise is about subjects, each by any of its exams.
    It holds for subjects drawn like the calibration subjects, where surer answers are not wrong more often.
    """
    c, w = _one_each(np.asarray(confidence, dtype=float), np.asarray(wrong, dtype=bool), subjects)
    if not ((c >= 0) & (c <= 1)).all():
        raise ValueError("confidences must lie in [0, 1]")
    order = np.argsort(-c, kind="stable")
    c, errors = c[order], np.cumsum(w[order])
    least, best = needed(alpha, delta), None
    level = 0.0
    for count, share in _plan(len(c), alpha, delta):
        level += share * delta
        threshold, reported = _cut(c, count)
        if special.bdtr(errors[reported - 1], reported, alpha) <= level:  # P(errors or fewer of reported)
            best = (threshold, reported, int(errors[reported - 1]))
        else:
            level = 0.0
    if best is None:
        return ReferRule(alpha, delta, None, len(c), 0, 0, least)
    return ReferRule(alpha, delta, best[0], len(c), best[1], best[2], least)


@lru_cache(maxsize=64)
def _plan(n: int, alpha: float, delta: float) -> tuple[tuple[int, float], ...]:
    """(how many of the surest subjects a candidate reports, its share of delta), the surest candidate first.

    Candidates are where one more error becomes tolerable, thinned to GRID; between them a test gains nothing.
    """
    counts = _tolerant(n, alpha, delta)
    if not counts:
        return ()
    kept = [counts[0]]
    for count in counts[1:]:
        if count - kept[-1] >= n // GRID:
            kept.append(count)
    if kept[-1] < n:
        kept.append(n)
    shares = [0.0] * len(kept)
    for start, share in LATE if n < FEW_STARTS else EARLY_AND_LATE:
        shares[next(i for i, count in enumerate(kept) if count >= start * n)] += share
    return tuple(zip(kept, shares, strict=True))


def _tolerant(n: int, alpha: float, delta: float) -> list[int]:
    """The smallest number of subjects at which 0, 1, 2, ... errors still pass, up to n."""
    sizes = np.arange(1, n + 1)
    most = stats.binom.ppf(delta, sizes, alpha)  # the smallest k with cdf >= delta
    passes = np.where(stats.binom.cdf(most, sizes, alpha) <= delta, most, most - 1)
    return [int(x) + 1 for x in np.flatnonzero(np.diff(passes, prepend=-1) > 0)]


def _cut(confidence: Floats, count: int) -> tuple[float, int]:
    """A threshold that reports the `count` surest and their equals, just above the next; and how many it reports."""
    reported = int((confidence >= confidence[count - 1]).sum())
    if reported == len(confidence):
        return 0.0, reported
    return float(np.nextafter(confidence[reported], 2.0)), reported


def _one_each(
    confidence: Floats, wrong: NDArray[np.bool_], subjects: Sequence[str]
) -> tuple[Floats, NDArray[np.bool_]]:
    names = np.asarray(subjects, dtype=str)
    order = np.random.default_rng(0).permutation(len(names))
    first = order[np.unique(names[order], return_index=True)[1]]
    return confidence[first], wrong[first]
