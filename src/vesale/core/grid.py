"""Where samples sit in the physical world.

Arrays are indexed (z, y, x) or (y, x). Lengths are millimetres, everywhere, always.
World axes are (x, y, z) with, in the patient frame, DICOM's directions: x to the patient's Left, y to Posterior,
z to Superior (LPS; DICOM PS3.3 C.7.6.2.1.1). A spacing that nobody measured is None: it is never 1.0.
"""

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from .errors import ShapeError, UnknownSpacing

Frame = Literal["patient", "slide", "unknown"]
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open region in index space: start <= index < stop."""

    start: tuple[int, ...]
    stop: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.start) != len(self.stop) or any(b < a for a, b in zip(self.start, self.stop, strict=True)):
            raise ShapeError(f"a box needs start <= stop on each axis, not {self.start} and {self.stop}")

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(b - a for a, b in zip(self.start, self.stop, strict=True))

    @property
    def slices(self) -> tuple[slice, ...]:
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))


@dataclass(frozen=True, slots=True)
class Grid:
    """Shape, scale and place of a regular sampling; knows nothing of the samples."""

    shape: tuple[int, ...]
    spacing: tuple[float, ...] | None = None
    """Millimetres between neighbours along each array axis; None when unknown."""
    origin: tuple[float, ...] | None = None
    """World position (x, y[, z]) of the centre of the sample at index `-corner`; None means zero."""
    axes: tuple[tuple[float, ...], ...] | None = None
    """Unit vector in the world of each array axis; None: the last array axis runs along x, the one before along y."""
    frame: Frame = "unknown"
    corner: tuple[int, ...] | None = None
    """Index of this grid's first sample in the grid it was cropped from; kept even when the spacing is unknown."""

    def __post_init__(self) -> None:
        n = len(self.shape)
        for part in (self.spacing, self.axes, self.corner):
            if part is not None and len(part) != n:
                raise ShapeError(f"grid has {n} axes but a part of it has {len(part)}")
        if self.spacing is not None and not all(np.isfinite(s) and s > 0 for s in self.spacing):
            raise ShapeError(f"spacing must be positive, not {self.spacing}")
        if self.axes is not None and len({len(a) for a in self.axes}) != 1:
            raise ShapeError("the axes of a grid must live in one world")
        if self.origin is not None and len(self.origin) != self.directions.shape[0]:
            raise ShapeError(f"the origin has {len(self.origin)} coordinates, the world {self.directions.shape[0]}")

    @property
    def directions(self) -> Vector:
        """(world, array) matrix whose columns are the unit vectors of the array axes."""
        if self.axes is None:
            return np.fliplr(np.eye(len(self.shape)))
        return np.array(self.axes, dtype=float).T

    @property
    def affine(self) -> tuple[Vector, Vector]:
        """(matrix, offset) with world = matrix @ index + offset."""
        if self.spacing is None:
            raise UnknownSpacing(
                "this image has no physical scale", "give one with Grid.with_spacing(), in mm along each axis"
            )
        directions = self.directions
        matrix = directions * np.array(self.spacing, dtype=float)
        offset = np.zeros(len(directions)) if self.origin is None else np.array(self.origin, dtype=float)
        if self.corner is not None:
            offset = offset + matrix @ np.array(self.corner, dtype=float)
        return matrix, offset

    def to_world(self, index: Vector) -> Vector:
        """World position (x, y[, z]), in mm, of array indices `(..., axes)`."""
        matrix, offset = self.affine
        return index @ matrix.T + offset

    def to_index(self, world: Vector) -> Vector:
        """Array index of a world position; of a plane in space, the foot of its perpendicular."""
        matrix, offset = self.affine
        return (world - offset) @ np.linalg.pinv(matrix).T

    def crop(self, box: Box) -> Self:
        """The same world, seen through a smaller window."""
        if len(box.shape) != len(self.shape):
            raise ShapeError(f"a box of {len(box.shape)} axes does not fit a grid of {len(self.shape)}")
        if min(box.start, default=0) < 0 or any(b > n for b, n in zip(box.stop, self.shape, strict=True)):
            raise ShapeError(f"box {box.start} to {box.stop} leaves the grid {self.shape}")
        before = self.corner or (0,) * len(self.shape)
        corner = tuple(a + b for a, b in zip(before, box.start, strict=True))
        return replace(self, shape=box.shape, corner=corner)

    def with_spacing(self, spacing: tuple[float, ...]) -> Self:
        return replace(self, spacing=spacing)
