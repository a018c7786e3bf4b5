"""How far off a number may be, exam by exam: the expected error of an answer, from what the exam looks like.

Normalised residuals (Papadopoulos, Gammerman, Vovk, Normalized nonconformity measures for regression conformal
prediction, 2008; Lei, G'Sell, Rinaldo, Tibshirani, Wasserman, Distribution-Free Predictive Inference for Regression,
2018). The error is learnt on one part of the calibration subjects and the interval on the other, so that its promise
is exact; or fold by fold on all of them, where the promise is approximate already. Where a cross-validation by subject
does not show that it helps, intervals have one width. Conformalised quantiles, for networks that answer with quantiles,
are here too (Romano, Patterson, Candes 2019).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .conform import conformal_quantile

MANY = 100
"""With fewer calibration subjects intervals have one width."""
MANY_CROSSED = 40
"""The same where the error is learnt fold by fold."""
SIMPLE = 2
"""Features that are tried alone before all are: the answered value and its square."""
LEARN = 0.3
"""Share of the subjects from which the error is learnt."""
FOLDS = 5
RIDGES = (0.3, 3.0, 30.0, 300.0)
"""Strengths of the penalty that are tried, times the number of exams over 100."""
SPAN = 1.5
"""An expected error is at most exp(this) times more, or less, than the usual one."""
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Of the quantiles that are given of a number."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Expected error of an exam = exp(usual + weights . (features - centre) / scale), within SPAN of the usual."""

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    usual: float

    def expected(self, features: ArrayLike) -> Floats:
        """(...,) from (..., m) features: the answered value, its square, then what the gate looks at."""
        z = (np.asarray(features, dtype=float) - np.array(self.centre)) / np.array(self.scale)
        return np.asarray(np.exp(self.usual + np.clip(z.clip(-4, 4) @ np.array(self.weights), -SPAN, SPAN)))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Interval scores (Gneiting and Raftery 2007; width, and the misses at 2 / alpha) on subjects left out."""

    plain: float
    adaptive: float
    excess: float
    """Of the adaptive over the plain one; below 0 it is better."""
    excess_error: float
    """Standard error of that difference over subjects."""
    n: int


@dataclass(frozen=True, slots=True)
class Interval:
    half_width: float | None
    """Of the interval around a number; in expected errors where there is a difficulty. None: too few subjects."""
    difficulty: Difficulty | None
    n: int
    """Subjects that the width rests on."""
    comparison: Comparison | None
    """None: too few subjects to try."""
    quantiles: tuple[float, ...] = ()
    """Of the signed errors (truth - answer), at LEVELS; in expected errors where there is a difficulty."""


def fit_number(
    values: ArrayLike,
    truth: ArrayLike,
    features: ArrayLike,
    level: float,
    subjects: Sequence[str],
    crossed: bool = False,
) -> Interval:
    """The interval around (n,) values from their (n,) truth (nan dropped) and (n, m) features of the exams.

    `crossed`: the expected error of each exam is learnt on the other folds, and all subjects serve the width; then the
    promise is approximate.
    """
    signed = np.asarray(truth, dtype=float) - np.asarray(values, dtype=float)
    known = np.isfinite(signed)
    signed, looks = signed[known], np.asarray(features, dtype=float)[known]
    codes = np.unique(np.asarray(subjects, dtype=str)[known], return_inverse=True)[1].reshape(-1)
    n = int(codes.max(initial=-1)) + 1
    if n < (MANY_CROSSED if crossed else MANY) or np.abs(signed).max() == 0:
        return _interval(signed, np.ones(len(signed)), codes, level)
    learner = np.random.default_rng(0).permutation(n)[: n if crossed else round(LEARN * n)]
    learning = np.isin(codes, learner)
    learnt = _learn(np.abs(signed[learning]), looks[learning], codes[learning], 1 - level)
    helps = learnt.compared.excess < -learnt.compared.excess_error
    rest = learning if crossed else ~learning
    sigma = np.ones(int(rest.sum()))
    if helps:
        sigma = learnt.crossed if crossed else learnt.difficulty.expected(looks[rest])
    found = _interval(signed[rest], sigma, codes[rest], level)
    return Interval(found.half_width, learnt.difficulty if helps else None, found.n, learnt.compared, found.quantiles)


def fit_quantiles(
    low: ArrayLike, high: ArrayLike, truth: ArrayLike, level: float, subjects: Sequence[str]
) -> float | None:
    """Conformalised quantiles: by how much a network's own (n,) low and high quantiles are to be widened (less than 0:
    narrowed) so that they hold the truth as stated; None: too few subjects."""
    t = np.asarray(truth, dtype=float)
    scores = np.maximum(np.asarray(low, dtype=float) - t, t - np.asarray(high, dtype=float))
    known = np.isfinite(scores)
    codes = np.unique(np.asarray(subjects, dtype=str)[known], return_inverse=True)[1].reshape(-1)
    return conformal_quantile(_worst(scores[known], codes), 1 - level)


def _interval(signed: Floats, sigma: Floats, codes: NDArray[np.intp], level: float) -> Interval:
    ratio = signed / sigma
    half = conformal_quantile(_worst(np.abs(ratio), codes), 1 - level)
    n = len(np.unique(codes))
    # one exam a subject, drawn blindly: the quantiles are of exams, not of the worst of each subject
    order = np.random.default_rng(0).permutation(len(codes))
    one = np.sort(ratio[order[np.unique(codes[order], return_index=True)[1]]])
    ranks = [min(max(math.ceil((n + 1) * q) - 1, 0), n - 1) for q in LEVELS] if n else []
    return Interval(half, None, n, None, tuple(float(one[r]) for r in ranks))


@dataclass(frozen=True, slots=True)
class _Learnt:
    compared: Comparison
    difficulty: Difficulty
    """Learnt on all."""
    crossed: Floats
    """Expected error of each exam, learnt on the other folds."""


def _learn(errors: Floats, looks: Floats, codes: NDArray[np.intp], alpha: float) -> _Learnt:
    """From the answered value alone or from all features: what gives the better intervals on subjects left out."""
    alone = np.where(np.arange(looks.shape[1]) < SIMPLE, looks, 0.0)
    tried = [_learn_from(errors, some, codes, alpha) for some in (alone, looks)]
    return min(tried, key=lambda t: t.compared.adaptive)


def _learn_from(errors: Floats, looks: Floats, codes: NDArray[np.intp], alpha: float) -> _Learnt:
    """Fit on all, after a cross-validation by subject that compares the interval scores."""
    who = np.unique(codes, return_inverse=True)[1].reshape(-1)
    n = int(who.max()) + 1
    fold = (np.random.default_rng(1).permutation(n) % FOLDS)[who]
    floor = max(float(np.quantile(errors, 0.05)), 1e-3 * float(errors.max()))
    logs = np.log(np.maximum(errors, floor))
    ridge = min(RIDGES, key=lambda r: _left_out(logs, looks, fold, r))
    plain, adaptive, crossed = (np.empty(len(errors)) for _ in range(3))
    for f in range(FOLDS):
        inside, out = fold != f, fold == f
        sigma = _ridge(logs[inside], looks[inside], ridge).expected(looks)
        crossed[out] = sigma[out]
        plain[out] = _score(errors[out], np.full(out.sum(), _quantile(errors[inside], alpha)), alpha)
        adaptive[out] = _score(errors[out], sigma[out] * _quantile((errors / sigma)[inside], alpha), alpha)
    each = [np.bincount(who, weights=s) / np.bincount(who) for s in (plain, adaptive)]
    gap = each[1] - each[0]
    error = float(gap.std(ddof=1) / math.sqrt(n))
    found = Comparison(float(each[0].mean()), float(each[1].mean()), float(gap.mean()), error, n)
    return _Learnt(found, _ridge(logs, looks, ridge), crossed)


def _ridge(logs: Floats, looks: Floats, strength: float) -> Difficulty:
    """Logarithms of errors on standardised features; a feature that does not vary has no weight."""
    centre, scale = looks.mean(axis=0), looks.std(axis=0)
    scale = np.where(scale > 1e-12, scale, 1.0)
    z = ((looks - centre) / scale).clip(-4, 4)
    usual = float(logs.mean())
    penalty = strength * len(logs) / 100 * np.eye(z.shape[1])
    weights = np.linalg.solve(z.T @ z + penalty, z.T @ (logs - usual))
    plain = [tuple(float(v) for v in a) for a in (centre, scale, weights)]
    return Difficulty(plain[0], plain[1], plain[2], usual)


def _left_out(logs: Floats, looks: Floats, fold: NDArray[np.intp], strength: float) -> float:
    gaps = [
        (np.log(_ridge(logs[fold != f], looks[fold != f], strength).expected(looks[fold == f])) - logs[fold == f]) ** 2
        for f in range(FOLDS)
    ]
    return float(np.concatenate(gaps).mean())


def _quantile(errors: Floats, alpha: float) -> float:
    return float(np.quantile(errors, min(1.0, (1 - alpha) * (1 + 1 / len(errors)))))


def _score(errors: Floats, half: Floats, alpha: float) -> Floats:
    return np.asarray(2 * half + 2 / alpha * np.maximum(errors - half, 0))


def _worst(scores: Floats, codes: NDArray[np.intp]) -> Floats:
    group = np.unique(codes, return_inverse=True)[1].reshape(-1)
    worst = np.full(int(group.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(worst, group, scores)
    return worst
