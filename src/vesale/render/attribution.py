"""A map of attribution over its picture: plain beside coloured, a bar with its scale; of a volume, slice by slice.

Orange speaks for the answer, blue against it; strength is told by brightness too, and a line runs round what is strong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from ..core.image import Array, Description, Image
from ..ops.orient import PLANES, is_sheared
from ..ops.project import cut
from ..ops.resample import resample, straight
from ..ops.structures import connected
from .annotate import Marks, annotated
from .composite import composite
from .paint import Colour, Entry, font, legend_height, outline, png, resize, rgb, shape_within, with_legend
from .planes import Style, drawn, fitting
from .shading import colours_of, shading_of
from .sheet import subject_of_image
from .subject import Presentation
from .words import decimal, say

FOR: tuple[Colour, Colour] = ((214, 84, 0), (255, 226, 120))
AGAINST: tuple[Colour, Colour] = ((20, 84, 190), (150, 220, 255))
"""Weak and strong; Okabe and Ito's orange and blue, which any colour vision tells apart."""
LINE: Colour = (255, 255, 255)
STRONG = 0.5
"""Of the strongest: what the line runs round."""
CLEAR, COVER = 0.15, 0.8
"""Below the first share of the strongest nothing is drawn; the strongest covers this much of the picture."""
SPECK = 1 / 32
"""A strong region gets no line when it is smaller than a square of this share of the shorter side."""
SIDE, LONGEST, GAP, COLUMNS, MOST = 720, 2048, 8, 4, 16


@dataclass(frozen=True, slots=True)
class Legend:
    """What is written beside a map."""

    name: str
    """What the map speaks for: a class, a structure, or the name of the number."""
    unit: str | None
    """Of the map's values; None where they only compare with each other."""
    method: str
    """In words."""
    language: str = "en"
    is_number: bool = False
    """What speaks for a number raises it."""


def attribution_picture(
    image: Image,
    attribution: Image,
    legend: Legend,
    levels: Sequence[int] | None = None,
    about: Description | None = None,
) -> bytes:
    """PNG, long side <= 2048, of `attribution` (1, *shape) over `image` (C, *shape), both on one grid.

    `levels`: of a volume, the stored slices that the model looked at; `about` describes its source, whose own window is
    then used.
    """
    values = attribution.data[0]
    peak = float(np.abs(values).max())
    against = bool((values < -CLEAR * peak).any()) if peak > 0 else False
    if image.data.ndim == 4:
        picture = _slices(image, values, peak, (legend.language, about), levels or range(image.grid.shape[0]))
    else:
        picture = _pair(image, values, peak)
    picture = _with_bar(picture, peak, against, legend)
    up, down = ("raises", "lowers") if legend.is_number else ("for", "against")
    entries = [Entry(FOR[1], say(f"explain.{up}", legend.language, name=legend.name))]
    entries += [Entry(AGAINST[1], say(f"explain.{down}", legend.language, name=legend.name))] if against else []
    entries += [Entry((24, 26, 30), say("explain.line", legend.language, method=legend.method))]
    tallest = LONGEST - legend_height(picture.shape[1], entries)
    if max(picture.shape[0] / tallest, picture.shape[1] / LONGEST) > 1:
        factor = min(tallest / picture.shape[0], LONGEST / picture.shape[1])
        picture = resize(picture, (int(picture.shape[0] * factor), int(picture.shape[1] * factor)))
    return png(with_legend(picture, entries))


def coloured_over(picture: Array, values: Array, peak: float) -> NDArray[np.uint8]:
    """(H, W, 3) with the values (H, W) in colour over it, as strong as their share of `peak`."""
    if not peak > 0:
        return np.asarray(picture, np.uint8)
    out = _mixed(picture, values / np.float32(peak))
    strong = _large(np.abs(values) >= STRONG * peak)
    if strong.any() and not strong.all():
        outline(out, strong, LINE, 1)
    return out


def _large(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask without its specks: a line round each would be all that is seen."""
    regions, count = connected(mask)
    if count == 0:
        return mask
    sizes = np.bincount(regions.ravel())
    keep = sizes >= (SPECK * min(mask.shape)) ** 2
    keep[0] = False
    return np.asarray(keep[regions])


def _mixed(picture: Array, shares: Array) -> NDArray[np.uint8]:
    """(H, W, 3) under shares (H, W) of -1 to 1: from weak to strong, orange above zero and blue below."""
    strength = np.clip(np.abs(shares), 0, 1).astype(np.float32)[..., None]
    ends = np.where((shares >= 0)[..., None, None], np.array(FOR, np.float32), np.array(AGAINST, np.float32))
    colour = ends[..., 0, :] * (1 - strength) + ends[..., 1, :] * strength
    cover = COVER * np.clip((strength - CLEAR) / (1 - CLEAR), 0, 1) ** 0.8
    return np.asarray(picture * (1 - cover) + colour * cover + 0.5, np.uint8)


def _pair(image: Image, values: Array, peak: float) -> NDArray[np.uint8]:
    """The picture as it is, and beside it the same in grey under the map."""
    plain = rgb(composite(image))
    size = shape_within((plain.shape[0], plain.shape[1]), LONGEST // 2 - 60, SIDE)
    plain = resize(plain, size)
    grey = plain.mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype(np.uint8)
    over = coloured_over(grey, _resized(values, size), peak)
    wide = plain.shape[1] > 1.8 * plain.shape[0]
    gap = np.zeros((GAP, plain.shape[1], 3) if wide else (plain.shape[0], GAP, 3), np.uint8)
    return np.concatenate([plain, gap, over], axis=0 if wide else 1)


def _slices(
    image: Image, values: Array, peak: float, told: tuple[str, Description | None], levels: Sequence[int]
) -> NDArray[np.uint8]:
    """The slices that were looked at, upright, side by side; of many those where the map is strongest."""
    language, about = told
    wish = Presentation(size=LONGEST, language=language)
    subject = subject_of_image(image, about, wish)
    if is_sheared(image.grid) and image.grid.spacing is not None:
        values, levels = resample(values, image.grid, straight(image.grid), 0), range(straight(image.grid).shape[0])
    turned = subject.turned.turn(values[None])[0]
    volume = subject.volume()
    acquired = next(p for p in PLANES.values() if p.normal == subject.turned.order.index(0))
    strengths = {z: float(np.abs(values[z]).max()) for z in levels}
    shown = sorted(sorted(strengths, key=lambda z: -strengths[z])[:MOST])
    columns = min(COLUMNS, len(shown))
    side = (LONGEST - 160) // max(columns, 2)
    style = Style(shading_of(subject, wish, volume, []), colours_of(subject, wish), language)
    tiles = []
    for z in shown:
        at = subject.turned.stored(acquired.normal, z)  # turning twice is turning back
        slab = (at, at + 1)
        below, over = (cut(v, subject.turned, acquired, "average", slab) for v in (volume, turned))
        size, pixel = fitting(below, (side, side))
        tile = coloured_over(drawn(below, style, size), _resized(over.samples, size), peak)
        words = say("present.slice", language, number=z + 1, total=image.grid.shape[0])
        tiles.append(annotated(tile, Marks(below.sides, (words,), pixel), language))
    return _grid(tiles, columns, side)


def _grid(tiles: Sequence[Array], columns: int, side: int) -> NDArray[np.uint8]:
    rows = []
    for i in range(0, len(tiles), columns):
        some = tiles[i : i + columns]
        row = np.zeros((max(t.shape[0] for t in some) + GAP, columns * (side + GAP), 3), np.uint8)
        for j, tile in enumerate(some):
            left = j * (side + GAP) + (side - tile.shape[1]) // 2
            row[: tile.shape[0], left : left + tile.shape[1]] = tile
        rows.append(row)
    return np.concatenate(rows)


def _resized(values: Array, size: tuple[int, int]) -> NDArray[np.float32]:
    """Values at the size of the picture: averaged where it shrinks, in between along a line where it grows."""
    if values.shape == size:
        return np.asarray(values, np.float32)
    picture = Pillow.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize((size[1], size[0]), Pillow.Resampling.BILINEAR), np.float32)


def _with_bar(picture: Array, peak: float, against: bool, legend: Legend) -> NDArray[np.uint8]:
    """A strip at the right: the colours as they lie on a dark picture, from the strongest to nothing or to against."""
    height = picture.shape[0]
    size = max(12, min(28, height // 36))
    top, below = say("explain.strongest", legend.language), say("explain.strongest_against", legend.language)
    if legend.unit is not None:
        top, below = f"+{decimal(peak, 2, legend.language)}", decimal(-peak, 2, legend.language)
    texts = [(top, 1.0), ("0", 0.0), *([(below, -1.0)] if against else [])]
    unit = legend.unit or ""
    width = int(max(size * 2 + max(font(size).getlength(t) for t, _ in texts), font(size).getlength(unit)) + size)
    canvas = Pillow.new("RGB", (width, height), (0, 0, 0))
    draw = ImageDraw.Draw(canvas)
    first, last = size * 3, height - size * 2
    lowest = -1.0 if against else 0.0
    ramp = np.linspace(1.0, lowest, max(2, last - first))[:, None].repeat(size, axis=1)
    dark = np.full((*ramp.shape, 3), 24, np.uint8)
    canvas.paste(Pillow.fromarray(_mixed(dark, ramp)), (size // 2, first))
    draw.rectangle((size // 2 - 1, first - 1, size // 2 + size, last), outline=(255, 255, 255))
    draw.text((size // 2, size // 2), unit, fill="white", font=font(size))
    for text, value in texts:
        y = first + (1 - value) / (1 - lowest) * (last - first)
        draw.text((size * 2, y), text, fill="white", font=font(size), anchor="lm")
    gap = np.zeros((height, GAP, 3), np.uint8)
    return np.concatenate([picture, gap, np.asarray(canvas)], axis=1)
