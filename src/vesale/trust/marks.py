"""Marks that stand at one place of many pictures: stamps, dates, letters, logos. Reading them is engine/text.py's.

A mark is made of thin strokes, much brighter or darker than their surroundings, that come back at a place far more
often than strokes come at the other places of these pictures. Anatomy that is always at one place (a skull) is told
apart by its extent: a mark is compact and stands near a side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .traces import FINE, Bytes, unpacked

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Top, left, bottom, right as shares of the sides, as `look.erase` takes them."""

MOST = 4000
"""Pictures that are looked at, evenly spread."""
SHARE = 0.1
"""Share of the pictures that must have strokes at a place."""
ABOVE = 3.0
"""So many times what nine tenths of the places have."""
LARGEST = 0.12
"""Of the picture, that a mark may cover."""
NEAR = 0.25
"""A mark's middle is at most so far from a side."""
PATCH = (24, 96)
"""Rows and columns at which the strokes of one mark are compared between pictures."""
MARGIN = 1.0 / FINE


@dataclass(frozen=True, slots=True)
class Mark:
    box: Box
    share: float
    """Of the pictures that were looked at, those with strokes in the box."""
    elsewhere: float
    """The same share for boxes of this size elsewhere: the median."""


def find_marks(strokes: Sequence[Bytes]) -> list[Mark]:
    """From the packed stroke maps of many pictures; the largest first; at least eight pictures."""
    if len(strokes) < 8:
        return []
    some = np.linspace(0, len(strokes) - 1, min(len(strokes), MOST)).astype(int)
    maps = np.array([unpacked(strokes[i]) for i in some])
    share = maps.mean(axis=0)  # (FINE, FINE)
    smooth = ndimage.uniform_filter(share, 3, mode="nearest")
    usual = float(np.quantile(smooth, 0.9))
    dense = smooth > max(SHARE, ABOVE * usual)
    joined = ndimage.binary_closing(np.pad(dense, 6), np.ones((3, 7), bool))[6:-6, 6:-6] | dense
    labels, n = ndimage.label(joined, np.ones((3, 3)))
    found = []
    for part in ndimage.find_objects(labels, n):
        rows, columns = part
        box = _box(rows, columns)
        if _is_mark(box, int((dense[part]).sum())):
            inside = maps[:, rows, columns].any(axis=(1, 2))
            found.append(Mark(box, float(inside.mean()), _elsewhere(maps, rows, columns)))
    found = [m for m in found if m.share > m.elsewhere + SHARE]
    return sorted(found, key=lambda m: -m.share)


def mark_pattern(picture: Bytes, strokes: NDArray[np.int8], box: Box) -> Floats:
    """The strokes in a box as a vector: (PATCH rows x columns,), whatever the picture's size; picture (C, H, W)."""
    top, left, bottom, right = _samples(box, picture.shape[1:])
    part = strokes[top:bottom, left:right] != 0
    rows = np.minimum(np.arange(part.shape[0]) * PATCH[0] // max(part.shape[0], 1), PATCH[0] - 1)
    columns = np.minimum(np.arange(part.shape[1]) * PATCH[1] // max(part.shape[1], 1), PATCH[1] - 1)
    out = np.zeros(PATCH)
    y, x = np.nonzero(part)
    np.add.at(out, (rows[y], columns[x]), 1.0)
    return out.ravel()


def opposite(box: Box) -> tuple[Box, ...]:
    """Boxes of the same size that show as much of the content and not the mark: mirrored along one side or both."""
    top, left, bottom, right = box
    return (
        (top, 1 - right, bottom, 1 - left),
        (1 - bottom, left, 1 - top, right),
        (1 - bottom, 1 - right, 1 - top, 1 - left),
    )


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def joined_boxes(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that overlap made one."""
    out: list[Box] = []
    for box in boxes:
        merged = box
        while near := [b for b in out if overlap(b, merged)]:
            out = [b for b in out if b not in near]
            stacked = np.array([merged, *near])
            low, high = stacked.min(axis=0), stacked.max(axis=0)
            merged = (float(low[0]), float(low[1]), float(high[2]), float(high[3]))
        out.append(merged)
    return out


def said(box: Box) -> str:
    """As a person would say where it stands."""
    y, x = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    row = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else "middle"
    column = "left" if x < 1 / 3 else "right" if x > 2 / 3 else "centre"
    return f"{row} {column}"


def erase(boxes: Sequence[Box]) -> str:
    """The setting that paints these boxes black before the network sees them."""
    told = ", ".join(f"[{', '.join(f'{v:.3g}' for v in box)}]" for box in boxes)
    return f"look.erase=[{told}]"


def _box(rows: slice, columns: slice) -> Box:
    """With a margin of one place all round."""
    top, bottom = rows.start / FINE - MARGIN, rows.stop / FINE + MARGIN
    left, right = columns.start / FINE - MARGIN, columns.stop / FINE + MARGIN
    return max(0.0, top), max(0.0, left), min(1.0, bottom), min(1.0, right)


def _is_mark(box: Box, places: int) -> bool:
    top, left, bottom, right = box
    area = (bottom - top) * (right - left)
    y, x = (top + bottom) / 2, (left + right) / 2
    return places >= 3 and area <= LARGEST and min(y, x, 1 - y, 1 - x) <= NEAR


def _elsewhere(maps: NDArray[np.bool_], rows: slice, columns: slice) -> float:
    h, w = rows.stop - rows.start, columns.stop - columns.start
    corners = [(y, x) for y in range(0, FINE - h + 1, max(1, h)) for x in range(0, FINE - w + 1, max(1, w))]
    apart = [(y, x) for y, x in corners if abs(y - rows.start) >= h or abs(x - columns.start) >= w]
    shares = [float(maps[:, y : y + h, x : x + w].any(axis=(1, 2)).mean()) for y, x in apart[:200]]
    return float(np.median(shares)) if shares else 0.0


def _samples(box: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    height, width = shape
    top, left, bottom, right = box
    return round(top * height), round(left * width), round(bottom * height), round(right * width)
