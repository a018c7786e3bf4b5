"""From directions, scale and origin to a `Grid` in LPS millimetres; which header says what is each reader's."""

from collections.abc import Sequence

import numpy as np

from vesale.core.grid import Frame, Grid, Vector

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])
SHEAR = 1e-3
"""Cosine between two axes above which they are not at right angles."""
SCALE_ONLY = "orientation unknown: only the voxel sizes are used"
NO_SCALE = "orientation unknown, and voxel sizes that are not positive: there is no scale"


def oriented(shape: Sequence[int], matrix: Vector, origin: Vector, frame: Frame = "patient") -> tuple[Grid, list[str]]:
    """The grid of samples (x, y[, z], as files count) and notes on what is odd about it.

    `matrix`: (world, axis), the step in millimetres along each axis of the file; `origin`: the centre of sample 0.
    """
    lengths = np.linalg.norm(matrix, axis=0)
    axes = matrix / lengths
    cosines = np.abs(axes.T @ axes - np.eye(len(shape)))
    notes = []
    if cosines.max() > SHEAR:
        notes.append(f"the axes are sheared: {np.degrees(np.arccos(cosines.max())):.1f} degrees between two of them")
    grid = Grid(
        shape=tuple(shape[::-1]),
        spacing=tuple(float(v) for v in lengths[::-1]),
        origin=tuple(float(v) for v in origin),
        axes=tuple(tuple(float(v) for v in axis) for axis in axes.T[::-1]),
        frame=frame,
    )
    return grid, notes


def unoriented(shape: Sequence[int], sizes: Sequence[float] | None) -> tuple[Grid, list[str]]:
    """The grid of samples whose header tells voxel sizes (in millimetres, as files count), or not even these."""
    if sizes is None or not all(np.isfinite(v) and v > 0 for v in sizes):
        return Grid(tuple(shape[::-1])), [NO_SCALE]
    return Grid(tuple(shape[::-1]), tuple(float(v) for v in sizes[::-1])), [SCALE_ONLY]


def invertible(matrix: Vector) -> bool:
    """Whether steps along the axes are finite and lead apart, whatever their scale."""
    if not np.isfinite(matrix).all():
        return False
    lengths = np.linalg.norm(matrix, axis=0)
    return bool((lengths > 0).all() and np.linalg.matrix_rank(matrix / lengths, tol=1e-6) == matrix.shape[1])
