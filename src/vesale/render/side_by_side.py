"""Pictures beside each other, each with its name, and two in one as a chequer; for the page of findings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from ..core.image import Array
from .paint import font, rgb

HEIGHT, GAP, LETTERS = 320, 8, 14
"""Pixels: of each picture, between two, and of the letters below."""
WIDEST = 3 * HEIGHT
FIELDS = 6
"""Fields of a chequer along each side."""


def tile(image: Array) -> NDArray[np.uint8]:
    """Samples (channel, [z,] y, x) as a picture (HEIGHT, W, 3) with its proportions; of a volume its middle plane."""
    plane = image[:, image.shape[1] // 2] if image.ndim == 4 else image
    picture = Pillow.fromarray(rgb(plane))
    width = min(WIDEST, max(1, round(picture.width * HEIGHT / picture.height)))
    how = Pillow.Resampling.BICUBIC if width > picture.width else Pillow.Resampling.BOX
    return np.asarray(picture.resize((width, HEIGHT), how))


def boxed(picture: NDArray[np.uint8], boxes: Sequence[Sequence[float]]) -> NDArray[np.uint8]:
    """The tile with places (top, left, bottom, right, as shares) outlined in yellow on black."""
    if not boxes:
        return picture
    canvas = Pillow.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    height, width = picture.shape[:2]
    for top, left, bottom, right in boxes:
        corners = (left * width, top * height, right * width - 1, bottom * height - 1)
        draw.rectangle(corners, outline="black", width=4)
        draw.rectangle(tuple(np.add(corners, (1, 1, -1, -1))), outline="yellow", width=2)
    return np.asarray(canvas)


def chequered(first: NDArray[np.uint8], second: NDArray[np.uint8], affine: Sequence[float]) -> NDArray[np.uint8]:
    """The second tile with every other field from the first laid over it; `affine`: 2 x 3, from (x, y) of the second
    to the first, each spanning -1 to 1. Where lines go on from field to field, both show the same."""
    height, width = second.shape[:2]
    a, b, c, d, e, f = affine
    (h, w), data = first.shape[:2], []
    for row, shift, scale in (((a, b), c, w), ((d, e), f, h)):
        along, down = row[0] * scale / width, row[1] * scale / height
        data += [along, down, (shift - row[0] - row[1] + 1) * scale / 2]
    laid = Pillow.fromarray(first).transform(
        (width, height), Pillow.Transform.AFFINE, tuple(data), Pillow.Resampling.BILINEAR
    )
    y, x = np.arange(height) * FIELDS // height, np.arange(width) * FIELDS // width
    return np.where(((y[:, None] + x) % 2 == 0)[..., None], np.asarray(laid), second)


def side_by_side(tiles: Sequence[NDArray[np.uint8]], names: Sequence[str]) -> NDArray[np.uint8]:
    """(H, W, 3): the tiles in a row on white, each with its name below, shortened to its width."""
    width = sum(t.shape[1] for t in tiles) + GAP * (len(tiles) - 1)
    canvas = Pillow.new("RGB", (width, HEIGHT + LETTERS * 2), "white")
    draw, x = ImageDraw.Draw(canvas), 0
    for picture, name in zip(tiles, names, strict=True):
        canvas.paste(Pillow.fromarray(picture), (x, 0))
        draw.text((x + 2, HEIGHT + LETTERS * 0.4), _fitting(name, picture.shape[1]), "black", font(LETTERS))
        x += picture.shape[1] + GAP
    return np.asarray(canvas)


def _fitting(name: str, width: int) -> str:
    if font(LETTERS).getlength(name) <= width:
        return name
    while name and font(LETTERS).getlength(name + "\u2026") > width:
        name = name[:-1]
    return name + "\u2026"
