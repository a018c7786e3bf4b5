"""Found lesions against false marks (free-response ROC), from counts of one exam at each threshold, never the maps.

A mark is a connected region of what scores at or above a threshold; a lesion, one of the truth, is found when a mark
touches it; a mark that touches none is false. The rates are those of Niemeijer et al. 2010 (IEEE Transactions on
Medical Imaging 29:185): false marks an image at which the found share is read, and averaged.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from ..core.report import Measure
from .intervals import Floats, measure

RATES = (1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0)
Counts = NDArray[np.int64]
_CORNERS = np.ones((3, 3), bool)


def lesion_counts(scores: ArrayLike, truth: ArrayLike, thresholds: Sequence[float]) -> Counts:
    """(thresholds, 3): lesions found, lesions, false marks; scores and truth (H, W), samples meeting at corners joined.

    What a lesion is joined to by a mark does not matter: two lesions under one mark are both found.
    """
    p, true = np.asarray(scores), np.asarray(truth) != 0
    regions, n = ndimage.label(true, _CORNERS)
    peaks = np.asarray(ndimage.maximum(p, regions, np.arange(1, n + 1))) if n else np.zeros(0)
    rows = []
    for threshold in thresholds:
        marks, m = ndimage.label(p >= threshold, _CORNERS)
        touching = np.unique(marks[true])
        rows.append((int((peaks >= threshold).sum()), n, m - int((touching > 0).sum())))
    return np.asarray(rows, np.int64).reshape(-1, 3)


def froc(counts: ArrayLike, subjects: Sequence[str], rates: Sequence[float] = RATES) -> dict[str, Measure]:
    """`froc_<rate>`: the largest found share at a threshold with at most so many false marks an image, lesions pooled
    over images; `froc`: their mean. counts (n, thresholds, 3) as `lesion_counts` gives them.

    The threshold is read off these exams for each rate, as a free-response curve is: it is no operating point.
    """
    table = np.asarray(counts, dtype=float)

    def found_at(rate: float) -> Callable[[Floats], Floats]:
        def found(weights: Floats) -> Floats:
            hits, lesions, false = (weights @ table[:, :, i] for i in range(3))
            share = np.divide(hits, lesions, out=np.full(hits.shape, np.nan), where=lesions > 0)
            allowed = false <= rate * weights.sum(axis=1, keepdims=True) + 1e-9
            best = np.where(allowed, share, 0.0).max(axis=1)
            return np.asarray(np.where(lesions.max(axis=1) > 0, best, np.nan))

        return found

    def mean_of(weights: Floats) -> Floats:
        return np.asarray(np.mean([found_at(rate)(weights) for rate in rates], axis=0))

    remark = "lesions of all images pooled"
    each = {f"froc_{rate:g}": measure(f"froc_{rate:g}", found_at(rate), subjects, remark) for rate in rates}
    mean = measure("froc", mean_of, subjects, f"{remark}; mean over {len(rates)} rates")
    return {"froc": mean, **each}
