"""Whether a number differs between two sides of a cohort by more than chance: differences, intervals, tests by subject.

What is compared follows from exams by weights (draws, n); which exams stand on which side comes from groups.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..core.audit import ENOUGH
from ..metrics.intervals import DRAWS, LEVEL, percentiles, subject_codes
from ..metrics.ranking import curve_area, ranked

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
FIRST, BLOCK = 200, 1000
"""Dealings at a time: first, and then."""
ENDED = 20
"""A test ends when so many dealings were as extreme as what was seen (Besag and Clifford 1991)."""
POWER = 0.8
PAIRS, MANY = 100_000, 50
"""With more pairs of a positive and a negative than this, and as many of each on each side, an AUC's test is the
asymptotic one."""
TINY = 1e-9
WIDEST = 10.0
"""A ratio whose logarithm is less sure than this has no interval."""


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """A sum over a sum, (n,) each: a sensitivity, a share referred, a mean error, a mean Dice."""

    top: Floats
    bottom: Floats

    @property
    def counts(self) -> Bools:
        return self.bottom > 0

    @property
    def binary(self) -> bool:
        """Whether it is a share of exams."""
        return bool(np.isin(self.bottom, (0.0, 1.0)).all() and np.isin(self.top[self.counts], (0.0, 1.0)).all())

    def __call__(self, weights: Floats) -> Floats:
        return _over(weights @ np.where(self.counts, self.top, 0.0), weights @ self.bottom)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The area under the ROC curve of a score, (n,), for a truth of 1, 0, or -1 where it is not known."""

    score: Floats
    truth: NDArray[np.int64]

    @property
    def counts(self) -> Bools:
        return self.truth >= 0

    def __call__(self, weights: Floats) -> Floats:
        here = self.counts
        return curve_area(*ranked(self.score[here], self.truth[here] == 1)(weights[:, here]))


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """Any other number that follows from weights (draws, n) -> (draws,)."""

    statistic: Callable[[Floats], Floats]
    counts: Bools
    """(n,) exams that it is worked out from."""

    def __call__(self, weights: Floats) -> Floats:
        return self.statistic(weights)


Statistic = Ratio | Ranking | Weighted


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Two sides of a cohort."""

    a: Bools
    b: Bools
    subjects: Sequence[str]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference a - b as far as it can be said."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    se: float | None
    n: int
    """Subjects."""
    how: str
    ratio: tuple[float, float | None, float | None] | None = None
    both_sides: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Dealing:
    """Subjects whose exams count, what they have on either side, and how they may be dealt anew under no difference."""

    codes: NDArray[np.intp]
    """(n,) subject of each exam that counts, -1 of the others."""
    subjects: int
    in_a: Bools
    """(subjects,)"""
    in_b: Bools
    strata: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    """(subjects,) subjects are dealt within these only."""

    @property
    def mixed(self) -> Bools:
        return self.in_a & self.in_b


def contrast(statistic: Statistic, sides: Sides, draws: int = BLOCK, seed: int = 0, intervals: bool = True) -> Contrast:
    """The difference between two sides; `draws`: most dealings of a permutation test, which sets its smallest p.
    `intervals` False leaves out those that need a bootstrap.

    Too few (fewer than ten subjects on a side, of an AUC ten with and ten without on each) is said in `how`.
    """
    few = too_few(statistic, sides)
    if few:
        return Contrast(None, None, None, None, None, _subjects(statistic, sides), few)
    match statistic:
        case Ratio():
            return _of_ratio(statistic, sides, draws, seed)
        case Ranking():
            return _of_ranking(statistic, sides, draws, seed)
        case Weighted():
            return _of_weighted(statistic, sides, draws, seed, intervals)


def too_few(statistic: Statistic, sides: Sides) -> str:
    """Why nothing can be said; empty when something can."""
    who = np.asarray(sides.subjects, dtype=str)
    parts = {"": statistic.counts}
    if isinstance(statistic, Ranking):
        parts = {" with it": statistic.truth == 1, " without it": statistic.truth == 0}
    for side in (sides.a, sides.b):
        for what, counted in parts.items():
            n = len(set(who[side & counted]))
            if n < ENOUGH:
                return f"too few to say: {n} subjects{what} on one side, {ENOUGH} are needed"
    return ""


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p: the chance of any false alarm stays below alpha whatever depends on what (1979)."""
    order = np.argsort(p, kind="stable")
    steps = np.asarray(p, dtype=float)[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(v) for v in adjusted]


def detectable(se: float, alpha: float, tests: int) -> float:
    """The difference that is found with power .8 when `tests` are corrected for (normal approximation)."""
    return float((stats.norm.isf(alpha / (2 * max(1, tests))) + stats.norm.ppf(POWER)) * se)


def newcombe(x1: int, n1: int, x2: int, n2: int) -> tuple[float, float]:
    """95 % interval of x1/n1 - x2/n2 from Wilson's intervals of each (Newcombe 1998, method 10)."""
    p1, p2 = x1 / n1, x2 / n2
    (l1, u1), (l2, u2) = _wilson(x1, n1), _wilson(x2, n2)
    low = p1 - p2 - float(np.hypot(p1 - l1, u2 - p2))
    return low, p1 - p2 + float(np.hypot(u1 - p1, p2 - l2))


def _wilson(x: int, n: int) -> tuple[float, float]:
    z = float(stats.norm.isf((1 - LEVEL) / 2))
    p = x / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    return middle - half, middle + half


def _of_ratio(statistic: Ratio, sides: Sides, draws: int, seed: int) -> Contrast:
    dealing = _dealing(statistic.counts, sides)
    sums = _sums(statistic, sides, dealing)
    value, se = (float(v[0]) for v in _ratio_dealt(sums, np.zeros((1, dealing.subjects))))
    n, both = dealing.subjects, int(dealing.mixed.sum())
    single = len(statistic.top[statistic.counts & (sides.a | sides.b)]) == n
    if statistic.binary and (both == 0 and single):
        table = _table(statistic, sides)
        p = float(stats.fisher_exact(np.array(table)).pvalue)
        low, high = newcombe(table[0][0], sum(table[0]), table[1][0], sum(table[1]))
        how = "Fisher's exact test; Newcombe's interval"
    else:
        p = _permuted(lambda z: _ratio_dealt(sums, z), dealing, (value, se), draws, seed)
        low, high = _student(value, se, dealing)
        how = f"{_plan(both, n)}, studentised; t interval by subject"
    if statistic.binary:
        low, high, se, edge = _bounded(statistic, sides, (low, high, se), dealing)
        how = f"{how.partition(';')[0]}; Newcombe's interval of the subjects" if edge and not single else how
    return Contrast(value, low, high, p, se, n, how, _log_ratio(sums), both)


def _table(statistic: Ratio, sides: Sides) -> list[list[int]]:
    """[[right, not] of a, [right, not] of b]"""
    rows = []
    for side in (sides.a, sides.b):
        here = statistic.top[side & statistic.counts]
        rows.append([int(here.sum()), len(here) - int(here.sum())])
    return rows


def _bounded(
    statistic: Ratio, sides: Sides, found: tuple[float, float, float], dealing: _Dealing
) -> tuple[float, float, float, bool]:
    """(low, high, error, edge): within -1 and 1; at the edge, where all or none of a side's exams are hits and show no
    spread, from the counts of subjects."""
    low, high, se = found
    values = [float(statistic(side[None].astype(float))[0]) for side in (sides.a, sides.b)]
    sizes = [int(dealing.in_a.sum()), int(dealing.in_b.sum())]
    edge = any(min(v, 1 - v) < TINY for v in values)
    if edge:
        x1, x2 = (round(v * n) for v, n in zip(values, sizes, strict=True))
        low, high = newcombe(x1, sizes[0], x2, sizes[1])
        p = (x1 + x2 + 1) / (sum(sizes) + 2)
        se = max(se, float(np.sqrt(p * (1 - p) * (1 / sizes[0] + 1 / sizes[1]))))
    return max(-1.0, low), min(1.0, high), se, edge


def _of_ranking(statistic: Ranking, sides: Sides, draws: int, seed: int) -> Contrast:
    dealing = _dealing(statistic.counts, sides, statistic.truth)
    here = statistic.counts & (sides.a | sides.b)
    pairs = _pairs(statistic, here, dealing)
    start = np.where(sides.a, 0, 1)[here]  # 0: side a
    codes = dealing.codes[here]

    def dealt(z: Floats) -> tuple[Floats, Floats]:
        return pairs(np.abs(start - z[:, codes]) < 0.5)

    value, se = (float(v[0]) for v in dealt(np.zeros((1, dealing.subjects))))
    n, both = dealing.subjects, int(dealing.mixed.sum())
    truth = statistic.truth[here]
    cells = [int((truth[start == side] == label).sum()) for side in (0, 1) for label in (0, 1)]
    if min(cells) < MANY or (cells[0] + cells[2]) * (cells[1] + cells[3]) <= PAIRS:
        p = _permuted(dealt, dealing, (value, se), draws, seed)
        how = f"DeLong's error, {_plan(both, n)} within the classes"
    else:
        p = float(2 * stats.norm.sf(abs(value) / max(se, TINY)))
        how = "DeLong's test"
    half = float(stats.norm.isf((1 - LEVEL) / 2)) * se
    low, high = max(-1.0, value - half), min(1.0, value + half)
    return Contrast(value, low, high, p, se, n, f"{how}; DeLong's interval", None, both)


def _of_weighted(statistic: Weighted, sides: Sides, draws: int, seed: int, intervals: bool) -> Contrast:
    dealing = _dealing(statistic.counts, sides)
    codes, start = dealing.codes, np.where(sides.a, 0, 1)
    here = codes >= 0

    def difference(in_a: Bools, times: Floats | None = None) -> Floats:
        times = np.ones(in_a.shape) if times is None else times
        return statistic(times * (in_a & here)) - statistic(times * (~in_a & here))

    def dealt(z: Floats) -> tuple[Floats, Floats]:
        swapped = np.where(here, z[:, np.maximum(codes, 0)], 0)
        found = difference(np.abs(start - swapped) < 0.5)
        return found, np.ones(len(found))

    value = float(dealt(np.zeros((1, dealing.subjects)))[0][0])
    n, both = dealing.subjects, int(dealing.mixed.sum())
    if np.isnan(value):
        return Contrast(None, None, None, None, None, n, "undefined in one of the groups")
    p = _permuted(dealt, dealing, (value, 1.0), draws, seed)
    if not intervals:
        return Contrast(value, None, None, p, None, n, _plan(both, n), None, both)
    drawn = _bootstrap(difference, dealing, sides.a, seed)
    low, high = percentiles(drawn)
    how = f"{_plan(both, n)}; percentile bootstrap over subjects, {DRAWS} draws"
    return Contrast(value, low, high, p, float(np.nanstd(drawn)), n, how, None, both)


def _bootstrap(difference: Callable[[Bools, Floats], Floats], dealing: _Dealing, a: Bools, seed: int) -> Floats:
    """The difference when the subjects of each kind (a, b, both) are drawn with replacement."""
    rng = np.random.default_rng(seed)
    kinds = dealing.in_a * 1 + dealing.in_b * 2
    block = max(1, 2_000_000 // len(a))
    values = []
    for start in range(0, DRAWS, block):
        size = min(block, DRAWS - start)
        times = np.zeros((size, dealing.subjects))
        for kind in np.unique(kinds):
            members = np.flatnonzero(kinds == kind)
            times[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size)
        weights = np.where(dealing.codes >= 0, times[:, np.maximum(dealing.codes, 0)], 0.0)
        values.append(difference(np.broadcast_to(a, weights.shape), weights))
    return np.concatenate(values)


def _dealing(counts: Bools, sides: Sides, truth: NDArray[np.int64] | None = None) -> _Dealing:
    """Strata: subjects with positives, with negatives, with both, when a truth is given; else all are one."""
    here = counts & (sides.a | sides.b)
    who = np.asarray(sides.subjects, dtype=str)
    codes = np.full(len(who), -1, np.intp)
    codes[here], n = subject_codes(who[here].tolist())
    has = [np.bincount(codes[here & side], minlength=n) > 0 for side in (sides.a, sides.b)]
    strata = np.zeros(n, np.intp)
    if truth is not None:
        for label in (0, 1):
            strata += (label + 1) * (np.bincount(codes[here & (truth == label)], minlength=n) > 0)
    return _Dealing(codes, n, has[0], has[1], strata)


def _swaps(dealing: _Dealing, rng: np.random.Generator, draws: int) -> Floats:
    """(draws, subjects) 1 where a subject changes sides: those of one side are dealt anew within their stratum, those
    with exams on both sides swap them by a coin."""
    z = np.zeros((draws, dealing.subjects))
    mixed = np.flatnonzero(dealing.mixed)
    z[:, mixed] = rng.integers(2, size=(draws, len(mixed)))
    for stratum in np.unique(dealing.strata[~dealing.mixed]):
        members = np.flatnonzero(~dealing.mixed & (dealing.strata == stratum))
        own = dealing.in_b[members].astype(float)
        z[:, members] = np.abs(rng.permuted(np.tile(own, (draws, 1)), axis=1) - own)
    return z


def _permuted(
    dealt: Callable[[Floats], tuple[Floats, Floats]],
    dealing: _Dealing,
    seen: tuple[float, float],
    draws: int,
    seed: int,
) -> float:
    """Two-sided p of |difference / error| among dealings, ended early when it is clearly large."""
    rng = np.random.default_rng(seed)
    bar = abs(_studentised(np.array([seen[0]]), np.array([seen[1]]))[0]) - TINY
    extreme = done = 0
    while done < draws and extreme < ENDED:
        size = min(BLOCK if done else FIRST, draws - done)
        found = np.abs(_studentised(*dealt(_swaps(dealing, rng, size))))
        extreme += int((np.isnan(found) | (found >= bar)).sum())
        done += size
    return (extreme + 1) / (done + 1)


def _studentised(value: Floats, se: Floats) -> Floats:
    """0 when nothing differs, infinite when something differs without any spread."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(np.abs(value) < TINY, 0.0, value / np.where(se < TINY, 0.0, se)))


def _sums(statistic: Ratio, sides: Sides, dealing: _Dealing) -> Floats:
    """(4, subjects): top and bottom on side a, top and bottom on side b."""
    rows = []
    for side in (sides.a, sides.b):
        here = side & statistic.counts
        for values in (statistic.top, statistic.bottom):
            rows.append(np.bincount(dealing.codes[here], weights=values[here], minlength=dealing.subjects))
    return np.stack(rows)


def _ratio_dealt(sums: Floats, z: Floats) -> tuple[Floats, Floats]:
    """(difference, its error), (draws,) each, after the swaps z (draws, subjects); the error is the linearised one
    with subjects as the units, so exams of one subject may be alike."""
    ta, ba, tb, bb = sums
    own = np.stack([ta, ba, ta * ta, ta * ba, ba * ba, ba > 0])
    other = np.stack([tb, bb, tb * tb, tb * bb, bb * bb, bb > 0])
    moved = z @ (other - own).T
    in_a, in_b = own.sum(axis=1) + moved, other.sum(axis=1) - moved  # (draws, 6)
    ra, rb = _over(in_a[:, 0], in_a[:, 1]), _over(in_b[:, 0], in_b[:, 1])
    variance = _spread(in_a, ra) + _spread(in_b, rb)
    cross = (ta * tb).sum() - ra * ((ba * tb).sum() + z @ (bb * ta - ba * tb))
    cross = cross - rb * ((ta * bb).sum() + z @ (tb * ba - ta * bb)) + ra * rb * (ba * bb).sum()
    both = int(((ba > 0) & (bb > 0)).sum())
    variance = variance - 2 * cross * both / max(both - 1, 1) / (in_a[:, 1] * in_b[:, 1])
    return ra - rb, np.sqrt(np.maximum(variance, 0.0))


def _spread(sums: Floats, ratio: Floats) -> Floats:
    """Variance of top / bottom on one side from its sums, with Bessel's correction for its subjects."""
    squares = sums[:, 2] - 2 * ratio * sums[:, 3] + ratio**2 * sums[:, 4]
    return np.asarray(squares / sums[:, 1] ** 2 * _over(sums[:, 5], np.maximum(sums[:, 5] - 1, 1)))


def _student(value: float, se: float, dealing: _Dealing) -> tuple[float, float]:
    """Student's interval; as many degrees of freedom as the smaller side has, less one: never too narrow."""
    freedom = max(1, min(int(dealing.in_a.sum()), int(dealing.in_b.sum())) - 1)
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * se
    return value - half, value + half


def _log_ratio(sums: Floats) -> tuple[float, float | None, float | None] | None:
    """a / b with the delta method's interval on its logarithm; None unless both are above zero."""
    ta, ba, tb, bb = sums
    ra, rb = ta.sum() / ba.sum(), tb.sum() / bb.sum()
    if not (ra > 0 and rb > 0):
        return None
    influence = (ta - ra * ba) / (ta.sum()) - (tb - rb * bb) / (tb.sum())
    n = len(influence)
    half = float(stats.norm.isf((1 - LEVEL) / 2) * np.sqrt((influence**2).sum() * n / max(1, n - 1)))
    ratio = float(ra / rb)
    if half > WIDEST:
        return ratio, None, None
    return ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half))


def _pairs(statistic: Ranking, here: Bools, dealing: _Dealing) -> Callable[[Bools], tuple[Floats, Floats]]:
    """(draws, exams here) whether on side a -> (difference of the AUCs, DeLong's error), units being subjects
    (DeLong 1988; Obuchowski 1997 for several exams of a subject)."""
    score, truth, codes = statistic.score[here], statistic.truth[here] == 1, dealing.codes[here]
    wins = np.sign(score[truth][:, None] - score[~truth][None]) / 2 + 0.5  # (positives, negatives)
    member = [np.eye(dealing.subjects)[codes[truth]], np.eye(dealing.subjects)[codes[~truth]]]

    def side(ill: Floats, well: Floats) -> tuple[Floats, Floats]:
        m, n = ill.sum(axis=1, keepdims=True), well.sum(axis=1, keepdims=True)
        of_ill = well @ wins.T / n  # (draws, positives): how often each positive wins
        area = (ill * of_ill).sum(axis=1, keepdims=True) / m
        of_well = ill @ wins / m
        influence = (ill * (of_ill - area) / np.sqrt(m * (m - 1))) @ member[0]
        influence += (well * (of_well - area) / np.sqrt(n * (n - 1))) @ member[1]
        return area[:, 0], influence

    def difference(in_a: Bools) -> tuple[Floats, Floats]:
        a, u = side(in_a[:, truth].astype(float), in_a[:, ~truth].astype(float))
        b, v = side((~in_a[:, truth]).astype(float), (~in_a[:, ~truth]).astype(float))
        return a - b, np.sqrt(((u - v) ** 2).sum(axis=1))

    return difference


def _plan(both: int, n: int) -> str:
    """The permutation test in words."""
    if both == 0:
        return "permutation of subjects"
    return "paired: sides swapped within subjects" if both == n else "subjects permuted, in some the sides swapped"


def _subjects(statistic: Statistic, sides: Sides) -> int:
    who = np.asarray(sides.subjects, dtype=str)
    return len(set(who[statistic.counts & (sides.a | sides.b)]))


def _over(top: ArrayLike, bottom: ArrayLike) -> Floats:
    a, b = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    return np.asarray(np.divide(a, b, out=np.full(np.broadcast_shapes(a.shape, b.shape), np.nan), where=b != 0))
