"""What a picture shows beside its content: its border, its cells, thin strokes of extreme colour; nothing is judged.

All of it is relative to the picture's sides, so that pictures of different sizes can be laid over each other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

CELLS = 16
"""A picture is cut into so many rows and columns of cells."""
WHAT = ("red", "green", "blue", "deviation", "black", "pure")
"""Kept of a cell: means in [0, 1], deviation of grey, shares that are black or of a colour at full strength."""
FINE = 96
"""Rows and columns of the map of strokes."""
LONGEST, SMALLEST = 640, 64
"""Strokes are looked for at a long side of up to twice this; in pictures of fewer samples a side there are none."""
REACH, CONTRAST = 3, 70
"""A stroke is brighter (darker) by this much of 255 than what stands so many samples before and behind it."""
FLAT = 10
"""Levels of 255 that a row of a border may vary by, for JPEG makes it vary."""


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """Small: four kilobytes a picture."""

    cells: NDArray[np.float16]
    """(CELLS, CELLS, len(WHAT))"""
    strokes: Bytes
    """FINE x FINE bits, packed: whether a thin stroke stands there."""
    border: tuple[float, float, float, float]
    """Top, right, bottom, left: share of the side that is one flat colour."""
    shape: tuple[int, int]


def traces_of(picture: Bytes) -> Traces | None:
    """Of a picture (C, H, W) of bytes; None below 16 samples a side."""
    if min(picture.shape[1:]) < CELLS:
        return None
    colour = picture[:3] if len(picture) >= 3 else np.repeat(picture[:1], 3, axis=0)
    return Traces(
        _cells(colour), np.packbits(stroke_map(colour)), _border(colour), (picture.shape[1], picture.shape[2])
    )


def unpacked(strokes: Bytes) -> NDArray[np.bool_]:
    """(FINE, FINE)"""
    return np.unpackbits(strokes, count=FINE * FINE).reshape(FINE, FINE).astype(bool)


def strokes_of(colour: Bytes) -> NDArray[np.int8]:
    """(H, W) of (3, H, W): 1 on thin bright strokes, -1 on thin dark ones, 0 elsewhere."""
    high, low = colour.max(axis=0).astype(np.int16), colour.min(axis=0).astype(np.int16)
    bright, dark = _above_both(high), _above_both(255 - low)
    return (bright > CONTRAST).astype(np.int8) - ((dark > CONTRAST) & (bright <= CONTRAST)).astype(np.int8)


def stroke_map(colour: Bytes) -> NDArray[np.bool_]:
    """(FINE, FINE): where strokes stand; none in a picture that is too small to have letters."""
    if min(colour.shape[1:]) < SMALLEST:
        return np.zeros((FINE, FINE), bool)
    factor = max(1, max(colour.shape[1:]) // LONGEST)
    small = _reduced(colour, factor)
    y, x = np.nonzero(strokes_of(small) != 0)  # of truth values: many times faster than of numbers
    out = np.zeros((FINE, FINE), bool)
    out[y * FINE // small.shape[1], x * FINE // small.shape[2]] = True
    return out


def _above_both(plane: NDArray[np.int16]) -> NDArray[np.int16]:
    """How much a sample stands above those `REACH` before and behind it, along the row or the column."""
    out = np.zeros_like(plane)
    d = REACH
    across = plane[:, d:-d] - np.maximum(plane[:, : -2 * d], plane[:, 2 * d :])
    down = plane[d:-d] - np.maximum(plane[: -2 * d], plane[2 * d :])
    out[:, d:-d] = across
    out[d:-d] = np.maximum(out[d:-d], down)
    return out


def _reduced(colour: Bytes, factor: int) -> Bytes:
    """Means of square blocks."""
    if factor == 1:
        return colour
    h, w = colour.shape[1] // factor, colour.shape[2] // factor
    cut = colour[:, : h * factor, : w * factor].reshape(len(colour), h, factor, w, factor)
    return np.asarray(cut.mean(axis=(2, 4)), np.uint8)


def _cells(colour: Bytes) -> NDArray[np.float16]:
    step = max(1, min(colour.shape[1:]) // (CELLS * 12))
    small = colour[:, ::step, ::step]
    high, low = small.max(axis=0), small.min(axis=0)
    grey = small.mean(axis=0, dtype=np.float32)
    pure = (high >= 235) & (low <= 40)
    planes = [*small.astype(np.float32), grey, grey**2, (high <= 8).astype(np.float32), pure.astype(np.float32)]
    rows = (np.arange(CELLS) * small.shape[1]) // CELLS
    columns = (np.arange(CELLS) * small.shape[2]) // CELLS
    counts = np.diff([*rows, small.shape[1]])[:, None] * np.diff([*columns, small.shape[2]])[None]
    sums = [np.add.reduceat(np.add.reduceat(p, rows, axis=0), columns, axis=1) / counts for p in planes]
    red, green, blue, mean, square, black, full = sums
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return np.stack([red / 255, green / 255, blue / 255, deviation / 255, black, full], axis=-1).astype(np.float16)


def _border(colour: Bytes) -> tuple[float, float, float, float]:
    grey = colour.max(axis=0)
    return (_flat(grey), _flat(grey.T[::-1]), _flat(grey[::-1]), _flat(grey.T))


def _flat(rows: Bytes) -> float:
    """Share of the rows, from the first on, that all lie near the first one's level."""
    half = rows[: max(1, len(rows) // 2)]
    level = int(np.median(half[0]))
    away = np.abs(half.astype(np.int16) - level) > FLAT
    uneven = np.flatnonzero(away.mean(axis=1) > 0.02)
    return float(uneven[0] if len(uneven) else len(half)) / len(rows)
