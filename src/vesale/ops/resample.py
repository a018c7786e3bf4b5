"""Samples of one grid on another: trilinear (labels: nearest) through both affines; sheared ones straightened."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..core.errors import UnknownSpacing
from ..core.grid import Grid, Vector
from ..core.image import Array
from .orient import is_sheared


def resample(data: Array, source: Grid, target: Grid, fill: float = 0.0, nearest: bool = False) -> Array:
    """(z, y, x) on `source` -> (z, y, x) on `target`: float32 between samples, or their own type when `nearest`.

    What lies outside the source's voxels (half a spacing beyond its outermost samples) becomes `fill`; within that
    half spacing the outermost sample holds, as in ITK. Both grids need a scale and must lie in one world.
    """
    if source.spacing is None or target.spacing is None:
        raise UnknownSpacing("one of the two images has no physical scale", "give images that say where they lie")
    matrix, offset = _between(source, target)
    kind = data.dtype if nearest else np.dtype(np.float32)
    out = np.empty(target.shape, kind)
    ndimage.affine_transform(
        data, matrix, offset, target.shape, output=out, order=0 if nearest else 1, mode="nearest", prefilter=False
    )
    out[~_inside(matrix, offset, source.shape, target.shape)] = fill
    return out


def straight(grid: Grid) -> Grid:
    """The grid at right angles that holds all of a sheared one: the planes stay, the step is along their normal."""
    if not is_sheared(grid):
        return grid
    if grid.spacing is None:
        raise UnknownSpacing("a sheared volume without a scale cannot be straightened", "present single slices")
    axes = grid.directions.T  # rows: z, y, x
    right = axes[2]
    down = axes[1] - (axes[1] @ right) * right
    down /= np.linalg.norm(down)
    normal = np.cross(right, down)
    normal *= np.sign(normal @ axes[0])
    frame = np.array([normal, down, right])
    spacing = np.array([abs(normal @ axes[0]) * grid.spacing[0], *grid.spacing[1:]])
    corners = np.array(np.meshgrid(*([0, n - 1] for n in grid.shape), indexing="ij")).reshape(3, -1).T
    places = grid.to_world(corners.astype(float)) @ frame.T  # along the new axes, in mm
    low, high = places.min(axis=0), places.max(axis=0)
    shape = tuple(int(n) for n in np.floor((high - low) / spacing + 1e-3) + 1)
    origin = tuple(float(v) for v in low @ frame)
    return Grid(shape, tuple(float(v) for v in spacing), origin, tuple(tuple(map(float, a)) for a in frame), grid.frame)


def _between(source: Grid, target: Grid) -> tuple[Vector, Vector]:
    """(matrix, offset): an index of the target -> an index of the source."""
    into, start = source.affine
    out, end = target.affine
    inverse = np.linalg.inv(into)
    return inverse @ out, inverse @ (end - start)


def _inside(matrix: Vector, offset: Vector, source: tuple[int, ...], target: tuple[int, ...]) -> NDArray[np.bool_]:
    z, y, x = (np.arange(n, dtype=np.float64) for n in target)
    inside = np.ones(target, bool)
    for axis, n in enumerate(source):
        across = (matrix[axis, 0] * z)[:, None, None] + (matrix[axis, 1] * y)[None, :, None]
        for plane, start in zip(inside, across, strict=True):  # a plane at a time: no volume of coordinates
            at = start + matrix[axis, 2] * x + offset[axis]
            plane &= (at >= -0.5) & (at < n - 0.5)
    return inside
