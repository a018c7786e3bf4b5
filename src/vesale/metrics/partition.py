"""How good masks are, from counts of samples at each probability: one histogram pair an exam, never the pixels.

Bin i of `bins` holds probabilities from i / bins up to (i + 1) / bins; a threshold is met from the bin it starts.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.report import Measure
from .classification import nanmean
from .intervals import Floats, joined, measure
from .ranking import average_precision, curve_area

BINS = 4096
Counts = NDArray[np.int64]


def score_histogram(
    scores: ArrayLike, truth: ArrayLike, roi: ArrayLike | None = None, bins: int = BINS
) -> tuple[Counts, Counts]:
    """(positives, negatives), each (bins,): samples where truth is nonzero and where it is not, inside the roi."""
    p, true = np.asarray(scores).reshape(-1), np.asarray(truth).reshape(-1) != 0
    if roi is not None:
        inside = np.asarray(roi).reshape(-1) != 0
        p, true = p[inside], true[inside]
    cell = np.clip(np.floor(p * bins).astype(np.intp), 0, bins - 1)  # clipped as whole numbers: a half float rounds up
    everything = np.bincount(cell, minlength=bins)
    positives = np.bincount(cell[true], minlength=bins)
    return positives.astype(np.int64), (everything - positives).astype(np.int64)


def histogram_auc(positives: ArrayLike, negatives: ArrayLike) -> float:
    """Area under the ROC curve of the binned scores; samples of one bin are ties."""
    return float(curve_area(*_floats(positives, negatives)))


def histogram_auprc(positives: ArrayLike, negatives: ArrayLike) -> float:
    """Average precision of the binned scores."""
    return float(average_precision(*_floats(positives, negatives)))


def histogram_f1(positives: ArrayLike, negatives: ArrayLike, threshold: float) -> float:
    """2 TP / (2 TP + FP + FN) of samples with p >= threshold; nan where nothing is there and nothing is marked."""
    return float(_f1(*_floats(positives, negatives), threshold))


def histogram_dice(positives: ArrayLike, negatives: ArrayLike, threshold: float) -> float:
    """Dice of one exam; 1 where nothing is there and nothing is marked; nan where no sample was judged."""
    return float(_dice(*_floats(positives, negatives), threshold))


def best_f1_threshold(positives: ArrayLike, negatives: ArrayLike) -> float:
    """The lower edge of a bin at which F1 is largest; (..., bins) are pooled. Never fit it on the cohort reported."""
    pos, neg = (c.reshape(-1, c.shape[-1]).sum(axis=0) for c in _floats(positives, negatives))
    hits, false = np.cumsum(pos[::-1])[::-1], np.cumsum(neg[::-1])[::-1]
    total = pos.sum()
    if total == 0:
        return 0.5
    f1 = 2 * hits / (hits + false + total)
    best = np.flatnonzero(f1 == f1.max())
    return float(best[(len(best) - 1) // 2] / len(pos))  # empty bins make plateaus: their middle is the safest edge


def partition_measures(
    positives: ArrayLike, negatives: ArrayLike, subjects: Sequence[str], threshold: float | Sequence[float]
) -> dict[str, Measure]:
    """Measures of a mask at a threshold that was fixed before: counts (n, bins), or (n, classes, bins).

    auc, auprc, f1, sensitivity, specificity and accuracy pool the samples of all exams, dice is the mean of the exams'
    own; of several classes the mean over them. An exam without counts in a class was not judged there.
    """
    pos, neg = _classes(positives, negatives)
    thresholds = np.broadcast_to(np.asarray(threshold, dtype=float), pos.shape[1]).tolist()
    of = f"mean over {pos.shape[1]} classes" if pos.shape[1] > 1 else ""
    at = "threshold " + ", ".join(f"{t:.4g}" for t in dict.fromkeys(thresholds))
    halves = _halves(pos, thresholds), _halves(neg, thresholds)
    found = {}
    for name, statistic in _POOLED.items():
        remark = joined("samples of all exams pooled", of, "" if name in _FREE else at)
        counts = (pos, neg) if name in _FREE else halves
        found[name] = measure(name, _pooled(statistic, *counts), subjects, remark)
    dices = _dice(*halves, 0.5).T  # (classes, n)
    empty = int((pos.sum(axis=-1) + neg.sum(axis=-1) > 0).sum() - (pos.sum(axis=-1) > 0).sum())
    rule = f"{empty} empty masks: 1 if nothing is marked, else 0" if empty else ""
    found["dice"] = measure("dice", lambda w: _mean_dice(dices, w), subjects, joined("mean of exams", of, at, rule))
    return found


def partition_per_class(
    positives: ArrayLike,
    negatives: ArrayLike,
    names: Sequence[str],
    subjects: Sequence[str],
    thresholds: Sequence[float],
) -> dict[str, dict[str, Measure]]:
    """partition_measures of every class: counts (n, classes, bins), thresholds one a class."""
    pos, neg = _classes(positives, negatives)
    return {n: partition_measures(pos[:, c], neg[:, c], subjects, thresholds[c]) for c, n in enumerate(names)}


def _floats(positives: ArrayLike, negatives: ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(positives, dtype=float), np.asarray(negatives, dtype=float)


def _classes(positives: ArrayLike, negatives: ArrayLike) -> tuple[Floats, Floats]:
    pos, neg = _floats(positives, negatives)
    return (pos[:, None], neg[:, None]) if pos.ndim == 2 else (pos, neg)


def _halves(counts: Floats, thresholds: Sequence[float]) -> Floats:
    """(n, classes, bins) -> (n, classes, 2): below and above each class's threshold, which is then .5."""
    above = np.stack([_above(counts[:, c], t) for c, t in enumerate(thresholds)], axis=1)
    return np.stack([counts.sum(axis=-1) - above, above], axis=-1)


def _pooled(
    statistic: Callable[[Floats, Floats, float], Floats], pos: Floats, neg: Floats
) -> Callable[[Floats], Floats]:
    def of_weights(weights: Floats) -> Floats:
        values = np.empty((pos.shape[1], len(weights)))
        for rows in (slice(i, i + 250) for i in range(0, len(weights), 250)):
            for c in range(len(values)):
                values[c, rows] = statistic(weights[rows] @ pos[:, c], weights[rows] @ neg[:, c], 0.5)
        return nanmean(values)

    return of_weights


def _above(counts: Floats, threshold: float) -> Floats:
    first = math.ceil(round(threshold * counts.shape[-1], 6))  # rounded: 0.3 * 10 is not 3
    return np.asarray(counts[..., max(first, 0) :].sum(axis=-1))


def _f1(pos: Floats, neg: Floats, threshold: float) -> Floats:
    hits, false = _above(pos, threshold), _above(neg, threshold)
    return _ratio(2 * hits, hits + false + pos.sum(axis=-1))


def _dice(pos: Floats, neg: Floats, threshold: float) -> Floats:
    judged = pos.sum(axis=-1) + neg.sum(axis=-1) > 0
    value = _f1(pos, neg, threshold)
    return np.asarray(np.where(np.isnan(value) & judged, 1.0, value))


def _mean_dice(dices: Floats, weights: Floats) -> Floats:
    """(classes, n) -> (draws,): mean over exams of each class, then over classes."""
    known = ~np.isnan(dices)
    totals = weights @ known.T.astype(float)
    return nanmean(_ratio(weights @ np.where(known, dices, 0.0).T, totals).T)


def _sensitivity(pos: Floats, neg: Floats, threshold: float) -> Floats:
    return _ratio(_above(pos, threshold), pos.sum(axis=-1))


def _specificity(pos: Floats, neg: Floats, threshold: float) -> Floats:
    total = neg.sum(axis=-1)
    return _ratio(total - _above(neg, threshold), total)


def _accuracy(pos: Floats, neg: Floats, threshold: float) -> Floats:
    right = _above(pos, threshold) + neg.sum(axis=-1) - _above(neg, threshold)
    return _ratio(right, pos.sum(axis=-1) + neg.sum(axis=-1))


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.divide(a, b, out=np.full(np.shape(b), np.nan), where=np.asarray(b) > 0))


_FREE = ("auc", "auprc")
_POOLED: dict[str, Callable[[Floats, Floats, float], Floats]] = {
    "auc": lambda pos, neg, _: curve_area(pos, neg),
    "auprc": lambda pos, neg, _: average_precision(pos, neg),
    "f1": _f1,
    "sensitivity": _sensitivity,
    "specificity": _specificity,
    "accuracy": _accuracy,
}
