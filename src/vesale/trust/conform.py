"""Sets and intervals that hold the truth as often as stated, for exams exchangeable with the calibration exams: split
conformal prediction (Vovk, Gammerman, Shafer 2005; Sadinle, Lei, Wasserman 2019), name by name where there are exams
enough (Mondrian), in one piece for grades. Masks and pictures are control.py; reporting alone is refer.py.

Where `subjects` are given, a subject counts once, by its worst exam, since exams of one subject are not exchangeable.
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
    """Per name; None when there are too few exams."""
    how: Literal["class_conditional", "pooled", "marginal", "too_few"]
    """class_conditional: each true name is covered at the level; pooled: so is each name that has exams enough, the
    rare ones together; marginal: exams are, over all names together."""
    n: int
    """Calibration subjects (exams where no subjects were given)."""
    needed: int
    """That the promise takes in all; a promise about one name takes as many that bear it."""
    pooled: tuple[int, ...] = ()
    """Names that share one threshold since too few exams bear them; all of them when marginal."""
    counts: tuple[int, ...] = ()
    """Calibration subjects a name."""


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
    """From (n, k) probabilities and (n,) true names (-1 dropped): a threshold a name, the rare names sharing one.

    Names are grouped from the rarest on until each group has exams enough (a Mondrian taxonomy by the true name).
    """
    t = np.asarray(truth).astype(np.int64)
    p, k, who = np.asarray(probabilities, dtype=float), np.shape(probabilities)[1], _codes(subjects, len(t))[t >= 0]
    p, t, alpha = p[t >= 0], t[t >= 0], 1 - level
    scores = 1 - p[np.arange(len(t)), t]
    n, enough = len(np.unique(who)), needed(alpha)
    counts = tuple(len(np.unique(who[t == c])) for c in range(k))
    pooled = _rare(t, who, enough, k)
    thresholds = np.full(k, np.nan)
    for group in [*((c,) for c in range(k) if c not in pooled), *([pooled] if pooled else [])]:
        of = np.isin(t, group)
        quantile = conformal_quantile(_worst(scores[of], who[of]), alpha)
        if quantile is None:
            return SetThresholds(None, "too_few", n, enough, tuple(range(k)), counts)
        thresholds[list(group)] = 1 - quantile
    how: Literal["class_conditional", "pooled", "marginal"] = "pooled" if pooled else "class_conditional"
    if len(pooled) == k:
        how = "marginal"
    return SetThresholds(tuple(float(v) for v in thresholds), how, n, enough, pooled, counts)


def contiguous(probabilities: ArrayLike) -> Floats:
    """Of grades, (..., steps): each step's probability raised to what the smaller of the two sides reaches beyond it.

    Steps above any threshold of these are one range, whatever the probabilities: a set fitted on them has no gap, and
    is no wider for it than the level asks.
    """
    p = np.asarray(probabilities, dtype=float)
    left = np.maximum.accumulate(p, axis=-1)
    right = np.flip(np.maximum.accumulate(np.flip(p, -1), axis=-1), -1)
    return np.asarray(np.minimum(left, right))


def category_set(probabilities: ArrayLike, thresholds: Sequence[float]) -> tuple[int, ...]:
    """Indices of (k,) probabilities that reach their thresholds; the most probable one is always among them."""
    p = np.asarray(probabilities, dtype=float)
    # the score is compared as it was made, 1 - p, so that a probability on the threshold is in
    inside = 1 - p <= 1 - np.asarray(thresholds, dtype=float) + _ROUNDING
    inside[p.argmax()] = True
    return tuple(int(i) for i in np.flatnonzero(inside))


def ordinal_set(probabilities: ArrayLike, thresholds: Sequence[float], step: int | None = None) -> tuple[int, ...]:
    """Of a grade: a range of steps, the answered `step` in it. Give `contiguous` probabilities where it was fitted so.

    Where steps have thresholds of their own there may be gaps: they are filled.
    """
    inside = category_set(probabilities, thresholds)
    ends = inside if step is None else (*inside, step)
    return tuple(range(min(ends), max(ends) + 1))


def fit_interval(
    values: ArrayLike, truth: ArrayLike, level: float, subjects: Sequence[str] | None = None
) -> float | None:
    """Half the width of an interval around (n,) values that holds the truth (nan dropped); None: too few."""
    errors = np.abs(np.asarray(values, dtype=float) - np.asarray(truth, dtype=float))
    known = np.isfinite(errors)
    return conformal_quantile(_worst(errors[known], _codes(subjects, len(errors))[known]), 1 - level)


def _rare(t: NDArray[np.int64], who: NDArray[np.intp], enough: int, k: int) -> tuple[int, ...]:
    """The names, from the rarest on, that are too few alone, and as many more as make the group large enough."""
    held = [len(np.unique(who[t == c])) for c in range(k)]
    group: list[int] = []
    for c in sorted(range(k), key=lambda c: held[c]):
        if held[c] >= enough and (not group or len(np.unique(who[np.isin(t, group)])) >= enough):
            break
        group.append(c)
    return tuple(sorted(group))


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
