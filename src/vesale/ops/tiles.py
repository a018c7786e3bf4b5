"""Cut a grid into overlapping tiles and sew the answers back together.

tile -> network -> sew   is the identity when the network is.
"""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..core.grid import Box
from ..core.image import Array


def tiles(shape: tuple[int, ...], size: tuple[int, ...], overlap: float = 0.5) -> Iterator[Box]:
    """Boxes of `size` (or the whole axis, if that is smaller) that cover `shape`."""
    starts = [_starts(n, min(s, n), overlap) for n, s in zip(shape, size, strict=True)]
    for corner in itertools.product(*starts):
        stop = tuple(a + min(s, n) for a, s, n in zip(corner, size, shape, strict=True))
        yield Box(corner, stop)


class Sewing:
    """Averages overlapping answers (channel, *box.shape), each weighted towards its own middle."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.weight: NDArray[np.float32] = np.zeros(shape, np.float32)
        self.total: NDArray[np.float32] | None = None

    def add(self, box: Box, answer: Array) -> None:
        if self.total is None:
            self.total = np.zeros((len(answer), *self.shape), np.float32)
        window = _window(box.shape)
        self.total[(slice(None), *box.slices)] += answer * window
        self.weight[box.slices] += window

    def result(self) -> NDArray[np.float32]:
        """(channel, *shape); ValueError when the answers do not cover the grid."""
        if self.total is None or not self.weight.all():
            raise ValueError("the tiles do not cover the grid")
        return self.total / self.weight


def sew(shape: tuple[int, ...], answers: Iterable[tuple[Box, Array]]) -> NDArray[np.float32]:
    """All answers at once through `Sewing`."""
    sewing = Sewing(shape)
    for box, answer in answers:
        sewing.add(box, answer)
    return sewing.result()


def _starts(n: int, size: int, overlap: float) -> list[int]:
    step = max(1, round(size * (1 - overlap)))
    return [*range(0, n - size, step), n - size]


def _window(shape: tuple[int, ...]) -> NDArray[np.float32]:
    bumps = [np.hanning(n + 2)[1:-1] if n > 1 else np.ones(1) for n in shape]
    window = np.ones(())
    for bump in bumps:
        window = window[..., None] * bump
    return (window + 1e-3).astype(np.float32)
