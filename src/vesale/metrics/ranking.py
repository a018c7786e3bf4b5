"""Areas under curves from counts of positives and negatives at rising scores; what the scores are of is elsewhere."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def ranked(score: ArrayLike, truth: ArrayLike) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Sorted once: weights (draws, n) -> (positives, negatives), each (draws, distinct scores), rising."""
    s, true = np.asarray(score, dtype=float), np.asarray(truth).astype(bool)
    order = np.argsort(s, kind="stable")
    starts = np.flatnonzero(np.diff(s[order], prepend=np.nan) != 0)
    positive = true[order].astype(float)

    def counts(weights: Floats) -> tuple[Floats, Floats]:
        w = weights[:, order]
        positives = np.add.reduceat(w * positive, starts, axis=1)
        return positives, np.add.reduceat(w * (1 - positive), starts, axis=1)

    return counts


def curve_area(positives: Floats, negatives: Floats) -> Floats:
    """(..., scores) -> (...): the chance that a positive scores above a negative, ties half; nan without either."""
    above = np.cumsum(negatives, axis=-1) - negatives / 2
    pairs = positives.sum(axis=-1) * negatives.sum(axis=-1)
    wins = (positives * above).sum(axis=-1)
    return np.asarray(np.divide(wins, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0))


def average_precision(positives: Floats, negatives: Floats) -> Floats:
    """(..., scores) -> (...): sum of precision times rise of recall, from the highest score down; nan: no positive."""
    hits = np.cumsum(positives[..., ::-1], axis=-1)
    called = hits + np.cumsum(negatives[..., ::-1], axis=-1)
    precision = np.divide(hits, called, out=np.zeros(called.shape), where=called > 0)
    total = hits[..., -1]
    area = (precision * positives[..., ::-1]).sum(axis=-1)
    return np.asarray(np.divide(area, total, out=np.full(total.shape, np.nan), where=total > 0))


def sensitivity_held(positives: Floats, negatives: Floats, specificity: float) -> Floats:
    """(..., scores) -> (...): the largest sensitivity of a threshold whose specificity is no lower; nan without either.

    A threshold calls every score from it up; calling nothing is always allowed.
    """
    true, false = (c.sum(axis=-1) for c in (positives, negatives))
    called = [np.cumsum(c[..., ::-1], axis=-1) for c in (positives, negatives)]
    allowed = called[1] <= (1 - specificity) * false[..., None] + 1e-9
    hits = np.where(allowed, called[0], 0.0).max(axis=-1)
    both = (true > 0) & (false > 0)
    return np.asarray(np.divide(hits, true, out=np.full(true.shape, np.nan), where=both))
