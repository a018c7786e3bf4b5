"""The three planes through one point of a volume on one sheet, at one scale, with the lines where they cross."""

from collections.abc import Sequence

import numpy as np

from ..core.image import Array
from ..ops.project import Cut
from .annotate import Line, Marks, annotated
from .planes import Over, Style, drawn, place_text, window_text
from .words import say

COLOURS = {0: (110, 190, 255), 1: (255, 205, 90), 2: (140, 235, 140)}
"""Axis across a plane (0 is z: axial, ...) -> the colour of that plane where it cuts the others."""
GAP = 4


def three_planes(
    cuts: Sequence[Cut],
    at: tuple[float, float, float],
    style: Style,
    longest: int,
    overs: Sequence[Over | None] = (None, None, None),
) -> Array:
    """(H, W, 3): axial above coronal on the left, sagittal beside the coronal; the free quarter holds the words.

    cuts: axial, coronal, sagittal of one upright volume; `at`: the index (z, y, x) through which they run.
    """
    axial, coronal, _ = cuts
    spacing = (coronal.spacing or (1.0, 1.0))[0], *(axial.spacing or (1.0, 1.0))
    shape = coronal.samples.shape[0], *axial.samples.shape
    deep, high, wide = (n * s for n, s in zip(shape, spacing, strict=True))
    pixel = max(wide + high, high + deep) / (longest - GAP)
    pixels = tuple(max(8, round(mm / pixel)) for mm in (deep, high, wide))
    tiles = []
    for cut, over in zip(cuts, overs, strict=True):
        size = pixels[cut.plane.down], pixels[cut.plane.right]
        picture = drawn(cut, style, size, over)
        if not style.plain:
            words = (say(f"present.{cut.plane.name}", style.language),)
            marks = Marks(cut.sides, words, pixel if cut.spacing else None, _crossing(cut, at, shape, size))
            picture = annotated(picture, marks, style.language)
        tiles.append(picture)
    corner = np.zeros((pixels[1], pixels[1], 3), np.uint8)
    if not style.plain:
        texts = [*(place_text(c, style.language) for c in cuts), window_text(style.shading, style.language)]
        texts += [] if axial.spacing else [say("present.no_scale", style.language)]
        texts += [] if any(axial.sides) else [say("present.no_orientation", style.language)]
        corner = annotated(corner, Marks(words=tuple(texts)), style.language)
    rows = [_beside(tiles[0], corner), _beside(tiles[1], tiles[2])]
    return np.concatenate([rows[0], np.full((GAP, rows[0].shape[1], 3), 45, np.uint8), rows[1]])


def _crossing(cut: Cut, at: tuple[float, ...], shape: tuple[int, ...], size: tuple[int, int]) -> tuple[Line, ...]:
    """The two lines where the other planes cut this one, in pixels of its picture."""
    down, right = cut.plane.down, cut.plane.right
    row = (at[down] + 0.5) / shape[down] * size[0]
    row = size[0] - row if cut.plane.rows_flipped else row
    column = (at[right] + 0.5) / shape[right] * size[1]
    across: Line = ((row, 0.0), (row, float(size[1])), COLOURS[down])
    along: Line = ((0.0, column), (float(size[0]), column), COLOURS[right])
    return across, along


def _beside(left: Array, right: Array) -> Array:
    return np.concatenate([left, np.full((left.shape[0], GAP, 3), 45, np.uint8), right], axis=1)
