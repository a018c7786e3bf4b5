"""Report or refer: a threshold on the confidence above which, of the exams reported alone, at most alpha are wrong.

Learn then Test (Angelopoulos, Bates, Candes, Jordan, Lei 2021): each candidate threshold is a hypothesis 'more than
alpha of what it reports is wrong', tested by an exact tail (bounded.py); the fallback procedure (Wiens 2003), a fixed
sequence whose level is dealt out to several starts, keeps the chance of any false rejection below delta. Candidates are
chosen from n, alpha, delta and the confidences, never from the errors. What confidence is: confidence.py.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .bounded import ceiling, fewest, tail

GRID = 40
"""About this many candidate thresholds."""
LATE = ((0.3, 1.0),)
EARLY_AND_LATE = ((0.1, 0.2), (0.3, 0.8))
"""(share of the subjects from which candidates are tried, share of delta for it): few starts keep each test strong, a
late start forgives a sure error, an early one lets a weak model report its surest exams."""
ROOM = 1.3
"""Times the fewest that can pass, from which candidates are tried where errors have several prices."""
FEW_STARTS = 3000
"""With fewer subjects there is one start."""
CURVE = 50
"""About this many points of the curve that people see."""
STARTS = 12
"""About so many shares of the surest from which it is reckoned how many subjects would do."""
MOST = 100_000
"""Calibration subjects beyond which it is not said how many would do."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """What one threshold would do on the calibration subjects."""

    threshold: float
    reported: int
    wrong: int
    cost: float
    """Of the wrong, summed; the same number when no price is named."""
    ceiling: float
    """What the share of errors (the mean cost) stays below with confidence 1 - delta, of this threshold by itself."""


@dataclass(frozen=True, slots=True)
class ReferRule:
    """Report when confidence >= threshold; then at most alpha are wrong, with confidence 1 - delta.

    With prices: then what the reported cost, the mean over them, is at most alpha.
    """

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
    prices: Mapping[str, float] = field(default_factory=dict)
    """Kind of error -> what it costs, in plain errors; every other error costs 1."""
    positive: tuple[str, ...] = ()
    """Names that call for action: what can be missed."""
    cost: float | None = None
    """What the wrong ones among the reported cost together; None: never priced."""
    would_do: int | None = None
    """When nothing is reported: about so many calibration subjects would change it, if they fare as these did; None:
    no number would, or it cannot be said."""
    curve: tuple[Point, ...] = ()
    """Of the candidate thresholds, the surest first; for people, nothing rests on it."""

    def reports(self, confidence: float) -> bool:
        return self.threshold is not None and confidence >= self.threshold


def needed(alpha: float, delta: float) -> int:
    """Subjects reported without an error before 'at most alpha are wrong' holds with confidence 1 - delta."""
    return math.ceil(math.log(delta) / math.log(1 - alpha) - 1e-9)


def without_threshold(rule: ReferRule) -> str:
    """Why a rule reports nothing, and how many calibration subjects would change it."""
    more = f"about {rule.would_do} would do if they fare as these did" if rule.would_do else ""
    if rule.n < rule.needed:
        least = (
            f"Too few calibration subjects for this promise: {rule.n}; at least {rule.needed} without error are needed"
        )
        return f"{least}{f', {more}' if rule.would_do and rule.would_do > rule.needed else ''}."
    more = more or "more like these would not change it, for it errs too often even where it is surest"
    return f"On {rule.n} calibration subjects no confidence kept the promise, so every exam goes to a reader; {more}."


def fit_refer(
    confidence: ArrayLike,
    cost: ArrayLike,
    subjects: Sequence[str],
    alpha: float,
    delta: float,
    prices: Sequence[float] = (1.0,),
) -> ReferRule:
    """The lowest threshold that the calibration exams support: (n,) confidences in [0, 1], (n,) what each exam costs.

    `cost`: 0 where the answer is right, else one of `prices`, all that can occur; wrong or not where they are (1,).
    One exam a subject is drawn (blindly, always the same), so the promise is about subjects, each by any of its exams.
    It holds for subjects drawn like the calibration subjects, where surer answers are not wrong more often.
    """
    ascending = tuple(sorted(float(p) for p in prices))
    levels = np.array(ascending)
    c, errors = _surest_first(confidence, cost, subjects, ascending)
    best = None
    level = 0.0
    for count, share in _plan(len(c), alpha, delta, ascending):
        level += share * delta
        threshold, reported = _cut(c, count)
        if level > 0 and tail(errors[reported - 1], reported, ascending, alpha) <= level:
            best = (threshold, reported, errors[reported - 1])
        else:
            level = 0.0
    least = fewest(ascending, alpha, delta)
    if best is None:
        return ReferRule(
            alpha,
            delta,
            None,
            len(c),
            0,
            0,
            least,
        )
    wrong, spent = int(best[2].sum()), float(best[2] @ levels)
    return ReferRule(alpha, delta, best[0], len(c), best[1], wrong, least, cost=spent)


def would_do(
    confidence: ArrayLike, cost: ArrayLike, subjects: Sequence[str], rule: ReferRule, prices: Sequence[float] = (1.0,)
) -> int | None:
    """About how many subjects it takes until some can be reported, if errors go on to occur as often as here.

    For each share of the surest from which the rule starts: how often they erred here (one error added, as so few
    errors may be luck) gives the number at which so many pass. Without an error it is how many any promise takes. None
    where some are reported, and where no number up to MOST does.
    """
    if rule.threshold is not None:
        return None
    levels = tuple(sorted(float(p) for p in prices))
    _, errors = _surest_first(confidence, cost, subjects, levels)
    n = len(errors)
    if n == 0 or not errors[-1].any():
        return rule.needed
    rates = (errors + 1 / len(levels)) / (np.arange(n) + 2)[:, None]
    hopeful = [k for k in range(math.ceil(LATE[0][0] * n), n + 1) if k and rates[k - 1] @ levels < rule.alpha]
    thinned = hopeful[:: max(1, len(hopeful) // STARTS)]
    least = min((_passing(rates[k - 1], levels, rule) * n / k for k in thinned), default=math.inf)
    return _about(max(least, n + 1)) if least <= MOST else None


def curve_of(
    confidence: ArrayLike, cost: ArrayLike, subjects: Sequence[str], rule: ReferRule, prices: Sequence[float] = (1.0,)
) -> tuple[Point, ...]:
    """What about fifty thresholds, the rule's own among them, would do on the exams that the rule was fitted on."""
    ascending = tuple(sorted(float(p) for p in prices))
    levels = np.array(ascending)
    c, errors = _surest_first(confidence, cost, subjects, ascending)
    counts = {max(1, round(len(c) * i / CURVE)) for i in range(1, CURVE + 1)} | ({rule.reported} - {0})
    points = {}
    for count in sorted(counts) if len(c) else ():
        threshold, reported = _cut(c, count)
        seen = errors[reported - 1]
        bound = ceiling([int(k) for k in seen], reported, ascending, 1 - rule.delta)
        points[reported] = Point(threshold, reported, int(seen.sum()), float(seen @ levels), bound)
    return tuple(points.values())


@lru_cache(maxsize=64)
def _plan(n: int, alpha: float, delta: float, prices: tuple[float, ...] = (1.0,)) -> tuple[tuple[int, float], ...]:
    """(how many of the surest subjects a candidate reports, its share of delta), the surest candidate first.

    Of one price, candidates are where one more error becomes tolerable, thinned to GRID; between them a test gains
    nothing. Of several they lie evenly, from where a few cheap errors are tolerable: the very first that can pass
    tolerates none.
    """
    counts = _tolerant(n, alpha / prices[-1], delta) if alpha < prices[-1] else [1] if n else []
    if len(prices) > 1:
        least = fewest(prices, alpha, delta)
        counts = list(range(round(ROOM * least) if ROOM * least <= n else least, n + 1))
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


def _passing(rates: Floats, prices: tuple[float, ...], rule: ReferRule) -> float:
    """How many reported subjects with errors of these rates pass; inf when more than MOST."""

    def passes(m: int) -> bool:
        return tail([int(r) for r in np.round(rates * m)], m, prices, rule.alpha) <= rule.delta

    high = fewest(prices, rule.alpha, rule.delta)
    while not passes(high):
        high *= 2
        if high > MOST:
            return math.inf
    low = high // 2
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return float(high)


def _about(number: float) -> int:
    """Upwards to two digits: it is an estimate and looks like one."""
    step = int(10 ** max(0, math.floor(math.log10(number)) - 1))
    return math.ceil(number / step) * step


def _surest_first(
    confidence: ArrayLike, cost: ArrayLike, subjects: Sequence[str], prices: tuple[float, ...]
) -> tuple[Floats, NDArray[np.int64]]:
    """(n,) confidences of one exam a subject, descending, and (n, prices) how many of the k surest cost each price."""
    c, costs = np.asarray(confidence, dtype=float), np.asarray(cost, dtype=float)
    if not ((c >= 0) & (c <= 1)).all():
        raise ValueError("confidences must lie in [0, 1]")
    if not np.isin(costs, [0.0, *prices]).all():
        raise ValueError(f"costs must be 0 or one of {list(prices)}")
    c, costs = _one_each(c, costs, subjects)
    order = np.argsort(-c, kind="stable")
    return c[order], np.cumsum(costs[order][:, None] == np.array(prices), axis=0)


def _one_each(confidence: Floats, cost: Floats, subjects: Sequence[str]) -> tuple[Floats, Floats]:
    names = np.asarray(subjects, dtype=str)
    order = np.random.default_rng(0).permutation(len(names))
    first = order[np.unique(names[order], return_index=True)[1]]
    return confidence[first], cost[first]
