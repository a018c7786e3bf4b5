"""In which order frames tile a slide whose header does not say: told by whether neighbours continue each other.

PS3.3 C.7.6.17.3 allows no assumption here, and files of either order exist.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.image import Array

PAIRS = 48
"""So many neighbours along each axis are compared."""
CLEAR = 0.75
"""The better order's seams differ by less than this share of the other's, or nothing is decided."""
ORDERS = {"row by row": True, "column by column": False}


def frame_order(path: Path, tiling: tuple[int, int], frame: Callable[[int], Array]) -> tuple[str, Array]:
    """(order in words, frame of each tile row by row) for `tiling` (down, across). SourceError when seams do not tell.

    `frame` decodes one: (height, width, samples).
    """
    down, across = tiling
    tables = {name: _table(down, across, by_row) for name, by_row in ORDERS.items()}
    if 1 in tiling:
        return "row by row", tables["row by row"].ravel()
    seams = {name: float(np.mean(list(_seams(table, frame)))) for name, table in tables.items()}
    best, other = sorted(seams, key=lambda name: seams[name])
    if not seams[best] < CLEAR * seams[other]:
        raise SourceError(
            f"{path}: the header does not say where its {down * across} frames lie, and their edges do not tell",
            "export it as TILED_FULL, or with a position for each frame",
        )
    return best, tables[best].ravel()


def _table(down: int, across: int, by_row: bool) -> Array:
    numbers = np.arange(down * across)
    return numbers.reshape(down, across) if by_row else numbers.reshape(across, down).T


def _seams(table: Array, frame: Callable[[int], Array]) -> Iterator[float]:
    """Mean absolute difference on both sides of seams that are spread evenly over the slide; padding left out."""
    down, across = table.shape
    beside = [(r, c) for r in range(down - 1) for c in range(across - 1)]
    for r, c in beside[:: max(1, len(beside) // PAIRS)]:
        here, right, below = (frame(int(n)).astype(float) for n in (table[r, c], table[r, c + 1], table[r + 1, c]))
        yield float(np.abs(here[:, -1] - right[:, 0]).mean())
        yield float(np.abs(here[-1] - below[0]).mean())
