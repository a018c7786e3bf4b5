"""How a volume lies in the patient: its array axes nearest to the anatomical ones, its planes and their letters.

A volume is turned by transposing and flipping, never resampled; what is sheared is straightened in `resample.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np

from ..core.errors import NotRegistered, ShapeError
from ..core.grid import Grid, Vector
from ..core.image import Array

SHEAR = 1e-3
"""Cosine between two axes above which they are not at right angles."""
SECOND_LETTER = 0.17
"""A direction gets a second letter when it leans to it by more than this cosine: ten degrees."""
LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
"""DICOM PS3.3 C.7.6.1.1.1: along +x and -x (left, right), +y and -y (posterior, anterior), +z and -z (head, foot)."""
PlaneName = Literal["axial", "coronal", "sagittal"]


@dataclass(frozen=True, slots=True)
class Plane:
    """Which axes of an upright volume a picture shows."""

    name: PlaneName
    normal: int
    """Axis looked along: 0 is z, 1 is y, 2 is x."""
    down: int
    right: int
    rows_flipped: bool
    """Heads are up: z grows upwards in a coronal and a sagittal picture."""


PLANES: Mapping[str, Plane] = {
    "axial": Plane("axial", 0, 1, 2, False),
    "coronal": Plane("coronal", 1, 0, 2, True),
    "sagittal": Plane("sagittal", 2, 0, 1, True),
}
"""Axial seen from the feet, coronal from the front (the patient's right on the left of the picture), sagittal from the
patient's left (anterior on the left of the picture)."""


@dataclass(frozen=True, slots=True)
class Upright:
    """How to turn a volume so that its axes (z, y, x) run nearest to Head, Posterior and Left."""

    order: tuple[int, ...]
    """Stored axis that becomes z, y and x."""
    flipped: tuple[bool, ...]
    """Whether z, y and x run against the stored axis."""
    grid: Grid
    """Of the turned volume."""
    known: bool
    """False where the file does not say how the patient lies: the axes are then as stored."""

    def turn(self, data: Array) -> Array:
        """(channel, z, y, x) as stored -> the same samples upright, as a view."""
        moved = data.transpose(0, *(1 + axis for axis in self.order))
        return moved[(slice(None), *(slice(None, None, -1 if f else 1) for f in self.flipped))]

    def plane(self, axis: str) -> Plane:
        """'axial', 'coronal', 'sagittal', or 'z', 'y', 'x': the plane across that axis of the stored array."""
        if axis in PLANES:
            return PLANES[axis]
        if axis not in ("z", "y", "x"):
            raise NotRegistered(f"no axis called {axis!r}; known: {', '.join((*PLANES, 'x', 'y', 'z'))}")
        normal = self.order.index("zyx".index(axis))
        return next(p for p in PLANES.values() if p.normal == normal)

    def stored(self, axis: int, index: int) -> int:
        """Index along the stored axis of an index along an upright one."""
        return self.grid.shape[axis] - 1 - index if self.flipped[axis] else index

    def place(self, axis: int, index: float) -> float | None:
        """Millimetres along an upright axis, from the origin of the world, of an index; None without a scale."""
        if self.grid.spacing is None:
            return None
        matrix, offset = self.grid.affine
        return float(self.grid.directions[:, axis] @ (offset + matrix[:, axis] * index))

    def index(self, axis: int, place: float) -> float:
        """The index along an upright axis of a place in millimetres; UnknownSpacing without a scale."""
        matrix, offset = self.grid.affine
        along = self.grid.directions[:, axis]
        return float((place - along @ offset) / (along @ matrix[:, axis]))


def upright(grid: Grid) -> Upright:
    """How to turn a grid (z, y, x) upright; of an oblique one the nearest axes are taken."""
    if len(grid.shape) != 3:
        raise ShapeError(f"a volume has three axes, not {len(grid.shape)}")
    if grid.frame != "patient" or grid.axes is None:
        return Upright((0, 1, 2), (False, False, False), grid, False)
    along = grid.directions[::-1]  # rows: z, y, x of the world; columns: the array's axes
    order = max(permutations(range(3)), key=lambda p: sum(abs(along[w, a]) for w, a in enumerate(p)))
    flipped = tuple(bool(along[w, a] < 0) for w, a in enumerate(order))
    return Upright(tuple(order), flipped, _turned(grid, order, flipped), True)


def is_sheared(grid: Grid) -> bool:
    """True when two axes are not at right angles, as in a gantry tilt."""
    cosines = grid.directions.T @ grid.directions
    return bool(np.abs(cosines - np.eye(len(cosines))).max() > SHEAR)


def letters(direction: Vector | None) -> str:
    """Where a direction of the world (LPS) points to: 'L', or 'LA' when it leans; '' when it is not known."""
    if direction is None:
        return ""
    order = np.argsort(-np.abs(direction), kind="stable")[:2]
    shown = [int(i) for n, i in enumerate(order) if n == 0 or abs(direction[i]) > SECOND_LETTER]
    return "".join(LETTERS[i][int(direction[i] < 0)] for i in shown)


def sides(plane: Plane, turned: Upright) -> tuple[str, str, str, str]:
    """Letters at the left, right, top and bottom of a picture of a plane; empty where the orientation is unknown."""
    if not turned.known:
        return "", "", "", ""
    directions = turned.grid.directions
    right, down = directions[:, plane.right], directions[:, plane.down] * (-1 if plane.rows_flipped else 1)
    return letters(-right), letters(right), letters(-down), letters(down)


def _turned(grid: Grid, order: tuple[int, ...], flipped: tuple[bool, ...]) -> Grid:
    assert grid.axes is not None
    shape = tuple(grid.shape[a] for a in order)
    axes = tuple(tuple(-v if f else v for v in grid.axes[a]) for a, f in zip(order, flipped, strict=True))
    if grid.spacing is None:
        return Grid(shape, None, None, axes, grid.frame)
    last = np.array([n - 1 if f else 0 for n, f in zip(shape, flipped, strict=True)])
    corner = np.zeros(3)
    corner[list(order)] = last  # in stored order
    origin = tuple(float(v) for v in grid.to_world(corner))
    return Grid(shape, tuple(grid.spacing[a] for a in order), origin, axes, grid.frame)
