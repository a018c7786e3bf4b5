"""Connected regions of a mask: how many, how large, where, and how much of a map lies in them. Words are elsewhere."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..core.explanation import Structure
from ..core.grid import Grid

ROWS, COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")


def structure_of(name: str, mask: NDArray[np.bool_], grid: Grid, attribution: NDArray[np.float32] | None) -> Structure:
    """Of a mask on `grid` (y, x) or (z, y, x); `attribution` on the same, of which only what is positive counts."""
    regions, count = connected(mask)
    share = None
    if attribution is not None:
        positive = np.maximum(attribution, 0).astype(np.float64)
        total = float(positive.sum())
        share = float(positive[mask].sum()) / total if total > 0 else None
    if count == 0:
        return Structure(name, 0, 0, None, None, None, None, share)
    largest = regions == 1 + int(np.bincount(regions.ravel())[1:].argmax())
    samples = int(largest.sum())
    size = None if grid.spacing is None else samples * float(np.prod(grid.spacing))
    flat = mask.ndim == 2
    place, slices = (_third(largest), None) if flat else (None, _span(largest))
    return Structure(name, count, samples, size if flat else None, None if flat else size, place, slices, share)


def largest_of(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected region of a mask; empty when the mask is."""
    regions, count = connected(mask)
    if count == 0:
        return np.zeros_like(mask)
    return np.asarray(regions == 1 + int(np.bincount(regions.ravel())[1:].argmax()))


def connected(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """(regions numbered from 1, their count); samples that touch at a corner belong together."""
    regions, count = ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    return np.asarray(regions, np.int32), int(count)


def _third(mask: NDArray[np.bool_]) -> tuple[str, str]:
    middle = [float(np.mean(i)) for i in np.nonzero(mask)]
    down, across = (min(2, int(3 * (m + 0.5) / n)) for m, n in zip(middle, mask.shape, strict=True))
    return ROWS[down], COLUMNS[across]


def _span(mask: NDArray[np.bool_]) -> tuple[int, int]:
    held = np.flatnonzero(mask.any(axis=(1, 2)))
    return int(held[0]) + 1, int(held[-1]) + 1
