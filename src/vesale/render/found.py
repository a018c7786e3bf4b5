"""A photograph with everything that the steps of a programme outlined: rings around it, so that nothing is covered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow
from scipy import ndimage

from ..core.image import Array
from .paint import Colour, is_thin, png, resize, rgb, shape_within, tint, write_on

LONGEST = 1600
SEEN = 0.12
"""Share of a shown sample that must be marked for it to be shown: a lesion of a few samples survives shrinking."""
GAP, LINE = 2, 3
"""Samples between an outline and what it is around; width of the outline."""
CROSS = 14
COLOURS: tuple[Colour, ...] = (
    (86, 180, 233),
    (255, 240, 60),
    (0, 235, 160),
    (255, 255, 255),
    (255, 150, 215),
    (120, 150, 255),
    (230, 120, 20),
)
"""Those that stand on the orange of a retina and the pink of stained tissue first."""


@dataclass(frozen=True, slots=True)
class Drawn:
    png: bytes
    plain: bytes
    """The same picture with nothing drawn on it."""
    legend: tuple[tuple[str, str, str], ...]
    """(colour as #rrggbb, name, the mark on the picture) of each outline and place."""


def draw_found(
    picture: Array, masks: Sequence[tuple[str, Array]], points: Sequence[tuple[str, tuple[float, float]]]
) -> Drawn:
    """picture (C, H, W); masks (name, (H, W)); points (name, (row, column)). Each name has a colour and a number, which
    stands beside its largest region, so that colour does not carry the name alone."""
    shape = shape_within((picture.shape[1], picture.shape[2]), LONGEST, 640)
    bare = resize(rgb(picture), shape)
    canvas = bare.copy()
    factor = shape[1] / picture.shape[2]
    legend = []
    for i, (name, mask) in enumerate(masks):
        colour, mark = COLOURS[i % len(COLOURS)], str(i + 1)
        small = _shrunk(mask, shape)
        _ring(canvas, small, colour)
        canvas = _number(canvas, small, mark)
        legend.append((_hex(colour), name, mark))
    for name, (row, column) in points:
        _cross(canvas, round(row * factor), round(column * factor))
        legend.append((_hex((255, 255, 255)), name, "+"))
    return Drawn(png(canvas), png(bare), tuple(legend))


def _shrunk(mask: Array, shape: tuple[int, int]) -> Array:
    if mask.shape == shape:
        return mask.astype(bool)
    how = Pillow.Resampling.BOX if shape[0] < mask.shape[0] else Pillow.Resampling.NEAREST
    share = Pillow.fromarray(mask.astype(np.uint8) * 255).resize((shape[1], shape[0]), how)
    return np.asarray(share) > 255 * SEEN


def _ring(canvas: Array, mask: Array, colour: Colour) -> None:
    """The outline of a mask a little outside it, cased in black; long thin structures are tinted instead."""
    if not mask.any():
        return
    if is_thin(mask):
        tint(canvas, mask, colour)
        return
    away = np.asarray(ndimage.distance_transform_edt(~mask))
    casing = (away > GAP - 1) & (away <= GAP + LINE + 1)
    canvas[casing] = canvas[casing] // 2
    canvas[(away > GAP) & (away <= GAP + LINE)] = colour


def _number(canvas: Array, mask: Array, text: str) -> Array:
    regions, n = ndimage.label(mask)
    if n == 0:
        return canvas
    largest = int(np.bincount(np.asarray(regions).ravel())[1:].argmax()) + 1
    rows, columns = ndimage.find_objects(regions, max_label=largest)[largest - 1]
    size = max(12, max(canvas.shape) // 55)
    row = int(np.clip(rows.start - size - GAP - LINE, 0, canvas.shape[0] - 2 * size))
    column = int(np.clip(columns.stop + GAP + LINE, 0, canvas.shape[1] - 2 * size))
    return write_on(canvas, text, (row, column), size)


def _cross(canvas: Array, row: int, column: int) -> None:
    for width, colour in ((2, 0), (1, 255)):
        for dy, dx in ((CROSS, width), (width, CROSS)):
            top, left = max(0, row - dy), max(0, column - dx)
            canvas[top : max(0, row + dy + 1), left : max(0, column + dx + 1)] = colour


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
