"""Occlusion: what the explained number loses when a window of the picture is blurred away.

Zeiler and Fergus 2014. It needs no gradient, so any model.onnx will do, and no torch.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..core.pipeline import Pipeline
from .aiming import Target
from .runtimes import Runner
from .sight import Sight, plane_scores

WINDOW = 1 / 8
"""Side of the window as a share of the plane's shorter side; it moves by half of that."""
AT_ONCE = 64
"""Altered planes that are held at once."""
UNCHANGED = 1 / 512
"""A window whose samples change by less than this, of [0, 1], is not tried: nothing is lost with it."""


def occlusion(run: Runner, sight: Sight, asked: tuple[Pipeline, Target], coarse: bool = False) -> NDArray[np.float64]:
    """(P, H, W): `losses` without the corners of the windows, which say nothing."""
    step = max(1, round(WINDOW * min(sight.planes.shape[2:])) // 2)
    return np.asarray(ndimage.gaussian_filter(losses(run, sight, asked, coarse), (0, step / 2, step / 2)))


def losses(run: Runner, sight: Sight, asked: tuple[Pipeline, Target], coarse: bool = False) -> NDArray[np.float64]:
    """(P, H, W): at each sample the mean loss over the windows that cover it, weighted by its plane's part.

    `coarse`: windows side by side, a quarter of the work.
    """
    planes, faded = sight.planes, sight.faded
    count = len(planes)
    whole = plane_scores(run, planes, np.arange(count), sight, asked)
    total, covered = np.zeros((count, *planes.shape[2:])), np.zeros(planes.shape[2:])
    changed = np.abs(planes - faded).max(axis=1)  # (P, H, W)
    waiting: list[tuple[int, tuple[slice, slice]]] = []
    for window in windows((planes.shape[2], planes.shape[3]), coarse):
        covered[window] += 1
        waiting += [(p, window) for p in range(count) if changed[(p, *window)].max() > UNCHANGED]
        if len(waiting) >= AT_ONCE:
            _lose(run, waiting, whole, total, sight, asked)
            waiting = []
    _lose(run, waiting, whole, total, sight, asked)
    return np.asarray(total / covered * sight.weights[:, None, None])


def windows(shape: tuple[int, int], coarse: bool = False) -> Iterator[tuple[slice, slice]]:
    """Square windows that cover a plane, the last of a row or column cut at its edge."""
    side = max(1, round(WINDOW * min(shape)))
    step = side if coarse else max(1, side // 2)
    for top in _starts(shape[0], side, step):
        for left in _starts(shape[1], side, step):
            yield slice(top, min(top + side, shape[0])), slice(left, min(left + side, shape[1]))


def _starts(length: int, side: int, step: int) -> range:
    return range(0, max(1, length - side + step), step)


def _lose(
    run: Runner,
    waiting: list[tuple[int, tuple[slice, slice]]],
    whole: NDArray[np.float64],
    total: NDArray[np.float64],
    sight: Sight,
    asked: tuple[Pipeline, Target],
) -> None:
    """Add to `total` what each waiting window costs."""
    if not waiting:
        return
    index = np.array([p for p, _ in waiting])
    altered = sight.planes[index].copy()
    for one, (p, (rows, columns)) in zip(altered, waiting, strict=True):
        one[:, rows, columns] = sight.faded[p][:, rows, columns]
    lost = whole[index] - plane_scores(run, altered, index, sight, asked)
    for (p, (rows, columns)), loss in zip(waiting, lost, strict=True):
        total[p, rows, columns] += loss
