"""Intervals around a number: the bootstrap over subjects and the exact binomial one. Nothing here knows a metric."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..core.report import Measure

DRAWS = 2000
LEVEL = 0.95
FEWEST = 5
"""With fewer subjects than this no interval is given."""
BOOTSTRAP = f"percentile bootstrap over subjects, {DRAWS} draws"

Span = tuple[float, float] | tuple[None, None]
Floats = NDArray[np.float64]


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float],
    subjects: Sequence[str],
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Span:
    """Percentile interval of `statistic(index of exams)` when subjects are drawn with replacement (Efron 1979).

    A drawn subject brings all its exams. Draws where the statistic is nan are dropped; (None, None) when there are
    fewer than five subjects or when the statistic is defined on fewer than half of the draws.
    """
    codes, n = subject_codes(subjects)
    if n < FEWEST:
        return None, None
    rng = np.random.default_rng(seed)
    order = np.argsort(codes, kind="stable")
    exams = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    values = [statistic(np.concatenate([exams[i] for i in rng.integers(n, size=n)])) for _ in range(draws)]
    return percentiles(np.asarray(values, dtype=float), level)


def bootstrap_weighted(
    statistic: Callable[[Floats], Floats],
    subjects: Sequence[str],
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Span:
    """The same interval for a statistic of weights: (draws, exams) -> (draws,), how often each exam was drawn."""
    return percentiles(weighted_draws(statistic, subjects, draws, seed), level)


def weighted_draws(
    statistic: Callable[[Floats], Floats], subjects: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> Floats:
    """The statistic of every draw, (draws,); empty with fewer than five subjects. Runs in blocks of bounded memory."""
    codes, n = subject_codes(subjects)
    if n < FEWEST:
        return np.empty(0)
    rng = np.random.default_rng(seed)
    block = max(1, min(draws, 4_000_000 // len(codes)))
    values = []
    for start in range(0, draws, block):
        picked = rng.integers(n, size=(min(block, draws - start), n))
        rows = np.arange(len(picked))[:, None]
        counts = np.bincount((rows * n + picked).ravel(), minlength=len(picked) * n).reshape(len(picked), n)
        values.append(statistic(counts[:, codes].astype(float)))
    return np.concatenate(values)


def percentiles(values: Floats, level: float = LEVEL) -> Span:
    """The middle `level` of the draws; (None, None) when fewer than half of them are defined."""
    good = values[~np.isnan(values)]
    if len(good) == 0 or 2 * len(good) < len(values):
        return None, None
    low, high = np.quantile(good, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def clopper_pearson(k: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact binomial interval of k out of n (Clopper and Pearson 1934); (0, 1) when n is 0."""
    tail = (1 - level) / 2
    low = float(stats.beta.ppf(tail, k, n - k + 1)) if k > 0 else 0.0
    high = float(stats.beta.ppf(1 - tail, k + 1, n - k)) if k < n else 1.0
    return low, high


def proportion(name: str, right: ArrayLike, subjects: Sequence[str], remark: str = "") -> Measure:
    """A share of exams: Clopper-Pearson where every subject has one exam, else bootstrap over subjects.

    Where all exams or none are right the bootstrap would give no width: Clopper-Pearson on the number of subjects.
    """
    hits = np.asarray(right, dtype=bool)
    n = subject_codes(subjects)[1]
    if len(hits) == 0:
        return Measure(name, None, None, None, 0, method=joined(remark, "no exam has a known truth here"))
    value = float(hits.mean())
    if n == len(hits) or value in (0.0, 1.0):
        return Measure(name, value, *clopper_pearson(round(value * n), n), n, method=joined(remark, "Clopper-Pearson"))
    low, high = bootstrap_weighted(lambda weights: weights @ hits / weights.sum(axis=1), subjects)
    how = BOOTSTRAP if low is not None else f"no interval: {n} subjects"
    return Measure(name, value, low, high, n, method=joined(remark, how))


def measure(
    name: str, statistic: Callable[[Floats], Floats], subjects: Sequence[str], remark: str = "", unit: str = ""
) -> Measure:
    """A statistic of weights as a Measure; unknown, saying so, where it is nan on the exams themselves."""
    n = subject_codes(subjects)[1]
    if len(subjects) == 0:
        return Measure(name, None, None, None, 0, unit=unit, method="no exam has a known truth here")
    value = float(statistic(np.ones((1, len(subjects))))[0])
    if np.isnan(value):
        return Measure(name, None, None, None, n, unit=unit, method=joined(remark, "undefined on these exams"))
    low, high = bootstrap_weighted(statistic, subjects)
    how = BOOTSTRAP if low is not None else f"no interval: {n} subjects"
    return Measure(name, value, low, high, n, unit=unit, method=joined(remark, how))


def joined(*parts: str) -> str:
    return "; ".join(p for p in parts if p)


def subject_codes(subjects: Sequence[str]) -> tuple[NDArray[np.intp], int]:
    """Every exam's subject as a number from 0, and how many subjects there are."""
    names, codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    return codes.reshape(-1), len(names)
