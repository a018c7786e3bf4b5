"""Volume rendering: cameras in the patient's world, transfer functions, a ray-caster (extra `present`).

Orthographic, front to back, pre-integrated between samples, Blinn-Phong shading with a head light, empty space skipped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.errors import MissingExtra, ShapeError
from ..core.grid import Grid, Vector
from ..core.image import Array

if TYPE_CHECKING:
    from types import ModuleType

Colour = tuple[float, float, float]
Picture = NDArray[np.float32]
ENTRIES = 4096
"""Of the table between the lowest and the highest value of a transfer function: one per Hounsfield unit of a CT."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a value looks like: straight lines between points, and how a surface shines."""

    points: tuple[tuple[float, float, Colour], ...]
    """(value, opacity of one millimetre, (red, green, blue) of 1), values ascending; flat beyond the ends."""
    ambient: float = 0.15
    diffuse: float = 0.75
    specular: float = 0.2
    power: float = 40.0
    steepness: float | None = None
    """Value per mm at which a boundary has its full opacity; flatter parts are clearer. None: all parts have it."""


@dataclass(frozen=True, slots=True)
class Camera:
    """From where a volume is seen: degrees to the patient's left of the front, and upwards; parallel rays."""

    azimuth: float = 0.0
    elevation: float = 0.0

    @property
    def look(self) -> Vector:
        """Unit vector of the rays, in LPS."""
        a, e = np.radians([self.azimuth, self.elevation])
        return -np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)])

    @property
    def up(self) -> Vector:
        """Unit vector towards the top of the picture, in LPS."""
        a, e = np.radians([self.azimuth, self.elevation])
        return np.array([-np.sin(a) * np.sin(e), np.cos(a) * np.sin(e), np.cos(e)])

    @property
    def right(self) -> Vector:
        """Unit vector towards the right of the picture, in LPS."""
        return np.cross(self.look, self.up)


VIEWS: Mapping[str, Camera] = {
    "anterior": Camera(0, 0),
    "left": Camera(90, 0),
    "posterior": Camera(180, 0),
    "right": Camera(270, 0),
    "superior": Camera(180, 90),
    "inferior": Camera(0, -90),
}
"""Seen from there; from above and from below the front of the patient is up in the picture."""


@dataclass(frozen=True, slots=True)
class Screen:
    """A picture in the world: its size, its scale and the point at its middle."""

    size: tuple[int, int]
    """(rows, columns)"""
    pixel: float
    """Millimetres."""
    middle: Vector


def fitted(grid: Grid, cameras: tuple[Camera, ...], longest: int) -> Screen:
    """The smallest screen that holds the whole volume from all the cameras; its long side has `longest` pixels."""
    corners = np.array(np.meshgrid(*([0, n - 1] for n in grid.shape), indexing="ij")).reshape(3, -1).T
    world = grid.to_world(corners.astype(float))
    middle = (world.min(axis=0) + world.max(axis=0)) / 2
    width = max(2 * np.abs((world - middle) @ c.right).max() for c in cameras)
    height = max(2 * np.abs((world - middle) @ c.up).max() for c in cameras)
    pixel = float(max(width, height)) / (longest - 1)
    size = (min(longest, round(height / pixel) + 1), min(longest, round(width / pixel) + 1))
    return Screen(size, pixel, middle)


def render(volume: Array, grid: Grid, transfer: Transfer, camera: Camera, screen: Screen, step: float = 0.5) -> Picture:
    """(rows, columns, 4) float32: red, green, blue times opacity, and opacity, in [0, 1].

    volume (z, y, x) on `grid`, which needs a scale; `step` is the distance between samples along a ray, in units of the
    smallest spacing. MissingExtra without numba.
    """
    if volume.shape != grid.shape or len(grid.shape) != 3:
        raise ShapeError(f"a volume {volume.shape} does not lie on the grid {grid.shape}")
    rays = _rays()
    samples = compact(volume)
    tables, scale = _tables(transfer)
    matrix, offset = grid.affine
    inverse = np.asarray(np.linalg.inv(matrix), np.float64)
    length = step * min(grid.spacing or (1.0,))
    active = _active(rays.extremes(samples), tables, scale)
    light = (transfer.ambient, transfer.diffuse, transfer.specular, transfer.power, transfer.steepness or 0.0)
    optics = (np.array([*scale, length]), np.ascontiguousarray(inverse.T), camera.look, np.array(light))
    frame = _frame(camera, screen, inverse, offset, length)
    picture: Picture = rays.cast(samples, active, frame, screen.size, tables, optics)
    return picture


def compact(volume: Array) -> Array:
    """int16 where that holds every value, else float32, contiguous: the two types that the loops are compiled for."""
    if volume.dtype == np.int16 or (volume.dtype.kind in "iub" and volume.dtype.itemsize == 1):
        return np.ascontiguousarray(volume, np.int16)
    if volume.dtype.kind in "iu" and volume.min() >= -(2**15) and volume.max() < 2**15:
        return np.ascontiguousarray(volume, np.int16)
    return np.nan_to_num(np.ascontiguousarray(volume, np.float32))


def on_black(picture: Picture) -> NDArray[np.uint8]:
    """(rows, columns, 3) of a rendering over a black background."""
    return (np.clip(picture[..., :3], 0, 1) * 255 + 0.5).astype(np.uint8)


def _frame(camera: Camera, screen: Screen, inverse: Vector, offset: Vector, length: float) -> Vector:
    """(4, 3) in indices: where the first ray starts, a pixel down, a pixel right, a step along the ray."""
    rows, columns = screen.size
    down, right = -camera.up * screen.pixel, camera.right * screen.pixel
    start = screen.middle - down * (rows - 1) / 2 - right * (columns - 1) / 2
    return np.stack([inverse @ (start - offset), inverse @ down, inverse @ right, inverse @ (camera.look * length)])


def _tables(transfer: Transfer) -> tuple[Vector, tuple[float, float]]:
    """Running sums (entry, 4) of extinction per mm and of it times each colour; (value of entry 0, entries a value)."""
    values = np.array([p[0] for p in transfer.points], float)
    if len(values) < 2 or (np.diff(values) <= 0).any():
        raise ShapeError("a transfer function needs two points or more, with ascending values")
    low, high = float(values[0]), float(values[-1])
    at = np.linspace(low, high, ENTRIES)
    opacity = np.interp(at, values, [p[1] for p in transfer.points])
    density = -np.log1p(-np.clip(opacity, 0, 0.9999))
    colours = [density * np.interp(at, values, [p[2][i] for p in transfer.points]) for i in range(3)]
    steps = np.stack([density, *colours], axis=1)
    sums = np.zeros_like(steps)
    sums[1:] = np.cumsum((steps[1:] + steps[:-1]) / 2, axis=0)  # trapezia: exact for straight lines
    return sums, (low, (ENTRIES - 1) / (high - low))


def _active(extremes: Array, tables: Vector, scale: tuple[float, float]) -> NDArray[np.bool_]:
    """Cubes in whose range of values something is opaque."""
    at = (extremes.astype(np.float64) - scale[0]) * scale[1]
    low = np.clip(np.floor(at[0]) - 1, 0, ENTRIES - 1).astype(np.intp)
    high = np.clip(np.ceil(at[1]) + 1, 0, ENTRIES - 1).astype(np.intp)
    return np.asarray(tables[high, 0] > tables[low, 0])


def _rays() -> "ModuleType":
    if find_spec("numba") is None:
        raise MissingExtra("volume rendering needs numba, which is not installed", "pip install 'vesale[present]'")
    from . import rays

    return rays
