"""Which level of a pyramid to read: the coarsest that still shows what is asked for. Reading it lives in io."""

from collections.abc import Sequence

from ..core.errors import UnknownSpacing
from ..core.grid import Grid
from ..core.recipe import Look

CLOSE = 1.05
"""A level may be this much coarser than what is wanted: scanners call 0.2527 um a quarter."""


def level_for_spacing(levels: Sequence[Grid], wanted: Sequence[float]) -> int:
    """The coarsest level not coarser, in its plane, than `wanted` mm (row, column), within 5 %; else the finest.

    UnknownSpacing when the finest level has no scale.
    """
    if len(levels) == 1:
        return 0
    if levels[0].spacing is None:
        raise UnknownSpacing("this image has no physical scale", "the model reads at a fixed spacing in mm")
    fine = [i for i, grid in enumerate(levels) if _fits(grid, wanted)]
    return max(fine, default=0)


def level_for_size(levels: Sequence[Grid], size: Sequence[int]) -> int:
    """The coarsest level that need not be enlarged to fill `size` (height, width), its aspect kept; else the finest."""
    enough = [i for i, g in enumerate(levels) if any(n >= s for n, s in zip(g.shape[-2:], size[-2:], strict=True))]
    return max(enough, default=0)


def level_for(levels: Sequence[Grid], look: Look) -> int:
    """The level from which `look` can make its planes: by spacing, else by size, else the finest.

    Where the dark frame is cut away, what is left must fill the size, so the finest level is read.
    """
    if look.spacing is not None:
        return level_for_spacing(levels, look.spacing)
    return level_for_size(levels, look.size) if look.size and look.crop == "none" else 0


def _fits(grid: Grid, wanted: Sequence[float]) -> bool:
    if grid.spacing is None:
        return False
    return all(s <= w * CLOSE for s, w in zip(grid.spacing[-2:], wanted[-2:], strict=True))
