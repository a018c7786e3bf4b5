"""Projections of a volume over slabs, and cuts through it: numpy only, samples keep their type.

Volumes here are (z, y, x); what is drawn of a cut lives in `render`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..core.errors import NotRegistered, ShapeError, UnknownSpacing
from ..core.grid import Vector
from ..core.image import Array
from .orient import Plane, Upright, sides

How = Literal["maximum", "minimum", "average"]
_FEW = 1 << 15
"""So many samples of 16 bits can be added in 32 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One picture of a volume: a slice, or a projection of some, with what is known of its place."""

    samples: Array
    """(down, right)"""
    plane: Plane
    how: How
    start: int
    """First slice along the upright volume's axis; half-open."""
    stop: int
    spacing: tuple[float, float] | None
    """(down, right) in mm."""
    sides: tuple[str, str, str, str]
    """Letters at left, right, top, bottom."""
    position: float | None
    """Of the middle of the slab along the axis, in mm."""
    thickness: float | None
    """Of the slab, in mm."""


def project(data: Array, axis: int, how: How) -> Array:
    """Maximum, minimum or average along an axis of (z, y, x); an average is float64, the others keep their type."""
    if data.shape[axis] == 0:
        raise ShapeError("a slab without slices has no projection")
    if how not in _PROJECT:
        raise NotRegistered(f"no projection called {how!r}; known: {', '.join(_PROJECT)}")
    return _PROJECT[how](data, axis)


def slab(count: int, thickness: float, spacing: float | None, centre: float) -> tuple[int, int]:
    """(start, stop) of the slices that a slab of `thickness` mm around the index `centre` covers; at least one.

    It covers `thickness / spacing` slices, rounded, and is cut off at the ends of the volume.
    """
    if spacing is None:
        raise UnknownSpacing("a slab in mm was asked of an image that has no scale", "give --slices N instead")
    return slices(count, max(1, round(thickness / spacing)), centre)


def slices(count: int, wanted: int, centre: float) -> tuple[int, int]:
    """(start, stop) of `wanted` slices around the index `centre`, cut off at the ends of the volume; at least one."""
    start = int(np.floor(centre - (wanted - 1) / 2 + 0.5))
    start, stop = max(0, min(start, count - 1)), min(count, max(1, start + wanted))
    return start, max(stop, start + 1)


def cut(volume: Array, turned: Upright, plane: Plane, how: How, span: tuple[int, int]) -> Cut:
    """The picture of the slices `span` of an upright volume (z, y, x), seen as its plane is seen."""
    start, stop = span
    taken: list[slice] = [slice(None)] * 3
    taken[plane.normal] = slice(start, stop)
    samples = project(volume[tuple(taken)], plane.normal, how)
    return placed(samples, turned, plane, how, span)


def placed(samples: Array, turned: Upright, plane: Plane, how: How, span: tuple[int, int]) -> Cut:
    """A projection of an upright volume, (down, right) before any flip, with its place."""
    shown = samples[::-1] if plane.rows_flipped else samples
    spacing, (start, stop) = turned.grid.spacing, span
    return Cut(
        samples=shown,
        plane=plane,
        how=how,
        start=start,
        stop=stop,
        spacing=None if spacing is None else (spacing[plane.down], spacing[plane.right]),
        sides=sides(plane, turned),
        position=turned.place(plane.normal, (start + stop - 1) / 2),
        thickness=None if spacing is None else spacing[plane.normal] * (stop - start),
    )


def sliding(count: int, wanted: int, step: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of slabs of `wanted` slices, each `step` further, from one end of the volume to the other."""
    for start in range(0, max(1, count - wanted + 1), step):
        yield start, min(count, start + wanted)


def axis_vector(turned: Upright, axis: int) -> Vector | None:
    """Unit vector in the world of an upright axis; None where the orientation is unknown."""
    return turned.grid.directions[:, axis] if turned.known else None


def _average(data: Array, axis: int) -> Array:
    """Small integers are added in 32 bits, exactly; nothing the size of the volume is copied."""
    n = data.shape[axis]
    if n == 1:
        return np.asarray(data.take(0, axis), np.float64)
    small = data.dtype.kind in "iub" and data.dtype.itemsize <= 2 and n < _FEW
    kind = np.int32 if small else np.float64
    if axis == 0:
        total = np.zeros(data.shape[1:], kind)
        for plane in data:
            total += plane
    else:
        total = np.stack([np.add.reduce(plane, axis=axis - 1, dtype=kind) for plane in data])
    return np.asarray(total / n, np.float64)


_PROJECT: Mapping[str, Callable[[Array, int], Array]] = {
    "maximum": lambda data, axis: np.asarray(np.maximum.reduce(data, axis=axis)),
    "minimum": lambda data, axis: np.asarray(np.minimum.reduce(data, axis=axis)),
    "average": _average,
}
