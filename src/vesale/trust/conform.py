"""Sets, intervals and masks that hold the truth as often as stated, for exams exchangeable with the calibration exams:
split conformal prediction (Vovk, Gammerman, Shafer 2005; Sadinle, Lei, Wasserman 2019) and conformal risk control
(Angelopoulos, Bates, Fisch, Lei, Schuster 2022). The promise about reporting alone is refer.py.

Where `subjects` are given, a subject counts once, by its worst exam (mean loss for masks), since exams of one subject
are not exchangeable.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class SetThresholds:
    """A name is in the set when its probability reaches its threshold."""

    thresholds: tuple[float, ...] | None
    """Per name, all equal when marginal; None when there are too few exams."""
    how: Literal["class_conditional", "marginal", "too_few"]
    """class_conditional: each true name is covered at the level; marginal: exams are, over all names together."""
    n: int
    """Calibration subjects (exams where no subjects were given)."""
    needed: int


def needed(alpha: float) -> int:
    """How many calibration subjects any promise of coverage 1 - alpha takes."""
    return math.ceil((1 - alpha) / alpha - _ROUNDING)


def conformal_quantile(scores: ArrayLike, alpha: float) -> float | None:
    """The ceil((n + 1)(1 - alpha))-th smallest score; a new one stays within with chance 1 - alpha. None: too few."""
    s = np.sort(np.asarray(scores, dtype=float).reshape(-1))
    rank = math.ceil((len(s) + 1) * (1 - alpha) - _ROUNDING)
    return float(s[max(rank, 1) - 1]) if rank <= len(s) else None


def fit_set_threshold(
    probabilities: ArrayLike, truth: ArrayLike, level: float, subjects: Sequence[str] | None = None
) -> SetThresholds:
    """From (n, k) probabilities and (n,) true names (-1 dropped): class-conditional if every name has enough exams."""
    t = np.asarray(truth).astype(np.int64)
    p, k, who = np.asarray(probabilities, dtype=float), np.shape(probabilities)[1], _codes(subjects, len(t))[t >= 0]
    p, t, alpha = p[t >= 0], t[t >= 0], 1 - level
    scores = 1 - p[np.arange(len(t)), t]
    n, enough = len(np.unique(who)), needed(alpha)
    each = [conformal_quantile(_worst(scores[t == c], who[t == c]), alpha) for c in range(k)]
    found = [1 - q for q in each if q is not None]
    if len(found) == k:
        return SetThresholds(tuple(found), "class_conditional", n, enough)
    whole = conformal_quantile(_worst(scores, who), alpha)
    if whole is None:
        return SetThresholds(None, "too_few", n, enough)
    return SetThresholds((1 - whole,) * k, "marginal", n, enough)


def category_set(probabilities: ArrayLike, thresholds: Sequence[float]) -> tuple[int, ...]:
    """Indices of (k,) probabilities that reach their thresholds; the most probable one is always among them."""
    p = np.asarray(probabilities, dtype=float)
    # the score is compared as it was made, 1 - p, so that a probability on the threshold is in
    inside = 1 - p <= 1 - np.asarray(thresholds, dtype=float) + _ROUNDING
    inside[p.argmax()] = True
    return tuple(int(i) for i in np.flatnonzero(inside))


def ordinal_set(probabilities: ArrayLike, thresholds: Sequence[float]) -> tuple[int, ...]:
    """Of a grade: the same set with its gaps filled, so that it is a range of steps."""
    inside = category_set(probabilities, thresholds)
    return tuple(range(inside[0], inside[-1] + 1))


def fit_interval(
    values: ArrayLike, truth: ArrayLike, level: float, subjects: Sequence[str] | None = None
) -> float | None:
    """Half the width of an interval around (n,) values that holds the truth (nan dropped); None: too few."""
    errors = np.abs(np.asarray(values, dtype=float) - np.asarray(truth, dtype=float))
    known = np.isfinite(errors)
    return conformal_quantile(_worst(errors[known], _codes(subjects, len(errors))[known]), 1 - level)


def control_false_negatives(positives: ArrayLike, alpha: float, subjects: Sequence[str] | None = None) -> float | None:
    """The highest threshold at which a new exam misses at most alpha of its structure in expectation.

    `positives`: (n, bins) counts of the structure's samples at each probability. Exams without the structure say
    nothing and are dropped. None: too few exams (it takes `needed(alpha)`), or only marking every sample would do.
    """
    counts = np.asarray(positives, dtype=float)
    has = counts.sum(axis=1) > 0
    counts, who = counts[has], _codes(subjects, len(counts))[has]
    if len(counts) == 0:
        return None
    missed = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)  # (n, bins): below the bin's upper edge
    group = np.unique(who, return_inverse=True)[1].reshape(-1)
    share = np.bincount(group)
    losses = np.zeros((len(share), counts.shape[1]))
    np.add.at(losses, group, missed)
    n = len(share)
    risk = ((losses / share[:, None]).sum(axis=0) + 1) / (n + 1)
    good = int((risk <= alpha + _ROUNDING).sum())  # the risk rises with the threshold
    return good / counts.shape[1] if good else None


def _codes(subjects: Sequence[str] | None, n: int) -> NDArray[np.intp]:
    if subjects is None:
        return np.arange(n)
    return np.unique(np.asarray(subjects, dtype=str), return_inverse=True)[1].reshape(-1)


def _worst(scores: Floats, who: NDArray[np.intp]) -> Floats:
    """Each subject's largest score."""
    group = np.unique(who, return_inverse=True)[1].reshape(-1)
    worst = np.full(int(group.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(worst, group, scores)
    return worst
