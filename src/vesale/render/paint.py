"""Arrays to small RGB pictures: windows, sizes, outlines, legends; what is drawn on which is in `overlay`."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from scipy import ndimage

from ..core.image import Array

Colour = tuple[int, int, int]
PALETTE: tuple[Colour, ...] = (
    (86, 180, 233),
    (240, 228, 66),
    (0, 190, 140),
    (230, 120, 20),
    (225, 130, 190),
    (255, 255, 255),
    (60, 130, 230),
)
"""Okabe and Ito 2008, the darker ones lifted so that they stand on dark anatomy; told apart by any colour vision."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a legend: its swatch and its words."""

    colour: Colour
    text: str
    striped: bool = False


def rgb(image: Array, window: tuple[float, float] | None = None) -> Array:
    """(C, H, W) of any type as (H, W, 3) uint8: colour where there are three or four channels, else the first as grey.

    uint8, and floats within [0, 1], keep their scale; anything else maps its 0.5 to 99.5 percentile (or `window`)
    to black and white.
    """
    samples = np.asarray(image)
    samples = samples[:3] if len(samples) in (3, 4) else samples[:1]
    if samples.dtype == np.uint8 and window is None:
        out = samples
    else:
        low, high = window or window_of(samples)
        scaled = (np.nan_to_num(samples.astype(np.float32), nan=low) - low) / max(high - low, 1e-12)
        out = (np.clip(scaled, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(np.moveaxis(out, 0, -1), (*out.shape[1:], 3)))


def window_of(samples: Array) -> tuple[float, float]:
    """The values shown as black and as white."""
    if samples.dtype == np.bool_:
        return 0.0, 1.0
    if samples.dtype == np.uint8:
        return 0.0, 255.0
    finite = samples[np.isfinite(samples)]
    if finite.size == 0:
        return 0.0, 1.0
    if np.issubdtype(samples.dtype, np.floating) and finite.min() >= 0 and finite.max() <= 1:
        return 0.0, 1.0
    low, high = np.percentile(finite[:: max(1, finite.size // 1_000_000)], (0.5, 99.5))
    return (float(low), float(high)) if high > low else (float(finite.min()), float(finite.max()))


def shape_within(shape: tuple[int, int], longest: int, enlarge_to: int = 0) -> tuple[int, int]:
    """(height, width) with the long side at most `longest`; pictures below `enlarge_to` grow by a whole factor."""
    side = max(shape)
    factor = longest / side if side > longest else float(max(1, min(enlarge_to, longest) // side))
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def resize(picture: Array, shape: tuple[int, int]) -> Array:
    """(H, W, 3) at another size."""
    if picture.shape[:2] == shape:
        return picture
    smaller = shape[0] < picture.shape[0]
    how = Pillow.Resampling.BOX if smaller else Pillow.Resampling.BICUBIC
    return np.asarray(Pillow.fromarray(picture).resize((shape[1], shape[0]), how))


def resize_mask(mask: Array, shape: tuple[int, int]) -> Array:
    """(H, W) of booleans at another size; thin structures survive shrinking."""
    if mask.shape == shape:
        return mask.astype(bool)
    how = Pillow.Resampling.BOX if shape[0] < mask.shape[0] else Pillow.Resampling.NEAREST
    share = Pillow.fromarray(mask.astype(np.uint8) * 255).resize((shape[1], shape[0]), how)
    return np.asarray(share) > 255 * 0.4


def is_thin(mask: Array) -> bool:
    """True for vessels and the like: little is left when three samples are peeled off each side."""
    part = mask[_around(mask)]
    area = int(part.sum())
    return area > 0 and int(ndimage.binary_erosion(part, iterations=3).sum()) < 0.2 * area and _is_long(part)


def outline(picture: Array, mask: Array, colour: Colour, width: int = 2) -> None:
    """Draw the inner edge of a mask on (H, W, 3), in place, cased in black so that it stands on any anatomy."""
    where = _around(mask)
    part, target = mask[where], picture[where]
    edge = part & ~ndimage.binary_erosion(part, iterations=width)
    casing = ndimage.binary_dilation(part) & ~part
    target[casing] = target[casing] // 2
    target[edge] = colour


def tint(picture: Array, mask: Array, colour: Colour, strength: float | Array = 0.6) -> None:
    """Blend a colour into the samples of a mask, in place; `strength` may be an (H, W) pattern."""
    amount = np.broadcast_to(np.asarray(strength, dtype=np.float32), mask.shape)[mask][:, None]
    mixed = picture[mask] * (1 - amount) + np.asarray(colour, dtype=np.float32) * amount
    picture[mask] = (mixed + 0.5).astype(np.uint8)


def stripes(shape: tuple[int, int], strong: float = 0.95, weak: float = 0.55) -> Array:
    """A strength that alternates along the diagonal, so that a tint is known without its colour."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.where((x + y) % 8 < 4, strong, weak).astype(np.float32)


def with_legend(picture: Array, entries: Sequence[Entry]) -> Array:
    """The picture with its legend on a strip below it; nothing covers the anatomy."""
    strip = _legend(picture.shape[1], entries)
    return picture if strip is None else np.concatenate([picture, strip])


def legend_height(width: int, entries: Sequence[Entry]) -> int:
    """Height in pixels of the strip that `with_legend` adds."""
    size = _text_size(width)
    rows = _rows(width, entries, size)
    return (max((row for _, row, _ in rows), default=-1) + 1) * int(size * 1.6) + (size // 2 if rows else 0)


def write_on(picture: Array, text: str, at: tuple[int, int], size: int) -> Array:
    """(H, W, 3) with a white text cased in black, `at` (row, column)."""
    canvas = Pillow.fromarray(picture)
    ImageDraw.Draw(canvas).text(
        (at[1], at[0]), text, fill="white", font=font(size), stroke_width=max(1, size // 10), stroke_fill="black"
    )
    return np.array(canvas)


def png(picture: Array) -> bytes:
    """The bytes of a PNG; nothing but the pixels is written into it."""
    out = io.BytesIO()
    Pillow.fromarray(picture).save(out, "PNG", optimize=False, compress_level=4)
    return out.getvalue()


def _around(mask: Array) -> tuple[slice, slice]:
    """The rows and columns that hold a mask, one sample wider; most of a picture need not be looked at."""
    spans = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
    if not spans[0].size:
        return slice(0, 0), slice(0, 0)
    rows, columns = (slice(max(0, int(span[0]) - 1), int(span[-1]) + 2) for span in spans)
    return rows, columns


def _is_long(mask: Array) -> bool:
    """True when its mean region is long for its area: small round lesions are not thin structures."""
    regions, n = ndimage.label(mask, structure=np.ones((3, 3)))
    spans = [max(s.stop - s.start for s in box) for box in ndimage.find_objects(regions)]
    return bool(n) and float(np.mean(np.square(spans))) > 8 * int(mask.sum()) / n


def _legend(width: int, entries: Sequence[Entry]) -> Array | None:
    height = legend_height(width, entries)
    if not entries or height == 0:
        return None
    size = _text_size(width)
    canvas = Pillow.new("RGB", (width, height), (24, 26, 30))
    draw = ImageDraw.Draw(canvas)
    for entry, row, x in _rows(width, entries, size):
        y = size // 4 + row * int(size * 1.6)
        box = (x, y + size // 8, x + size, y + size // 8 + size)
        draw.rectangle(box, fill=entry.colour, outline=(255, 255, 255))
        if entry.striped:
            for shift in range(-size, size, max(4, size // 3)):
                ends = [(box[0] + max(0, shift), box[3] + min(0, shift)), (box[0] + min(size, shift + size), box[1])]
                draw.line(ends, fill=(24, 26, 30), width=max(1, size // 10))
        draw.text((x + int(size * 1.4), y), entry.text, fill=(238, 238, 238), font=font(size))
    return np.asarray(canvas)


def _rows(width: int, entries: Sequence[Entry], size: int) -> list[tuple[Entry, int, int]]:
    """Each entry with its row and its left edge; a name longer than the strip is shortened."""
    placed, row, x = [], 0, size // 2
    for entry in entries:
        room = width - int(size * 2.4)
        text = entry.text
        while len(text) > 4 and font(size).getlength(text) > room:
            text = text[:-2].rstrip("…") + "…"
        length = int(size * 2.4 + font(size).getlength(text))
        if x + length > width and x > size // 2:
            row, x = row + 1, size // 2
        placed.append((Entry(entry.colour, text, entry.striped), row, x))
        x += length
    return placed


def _text_size(width: int) -> int:
    return int(min(34, max(12, width // 52)))


@lru_cache(maxsize=8)
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: it has every letter of both languages."""
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)
