"""What of a CT is the patient: couch and air around are found on a coarse copy; renderings leave them out.

Nothing here measures: it only decides what a picture leaves out, and the picture says so.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..core.grid import Grid
from ..core.image import Array

Mask = NDArray[np.bool_]
AIR, TISSUE = -1024, 40
"""Hounsfield units: what is below air is padding; what stands for soft tissue."""
SURFACE = -400
"""Hounsfield units between air and skin."""
COARSE_MM = 3.0
THICK, AROUND = 4, 3
"""Coarse samples: half the thickness that a body has somewhere and a couch has not; what is kept around a body."""
IN_PLANE = np.array([np.zeros((3, 3)), [[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.zeros((3, 3))])


def framed(volume: Array, grid: Grid, outside: float) -> tuple[Array, Grid]:
    """(z, y, x) with one more sample on every side, so that what the scan cuts off has a clean face."""
    wide = np.full(tuple(n + 2 for n in volume.shape), outside, volume.dtype)
    wide[1:-1, 1:-1, 1:-1] = volume
    origin = tuple(float(v) for v in grid.to_world(np.full(3, -1.0)))
    return wide, replace(grid, shape=wide.shape, origin=origin, corner=None)


def without_couch(volume: Array, grid: Grid) -> tuple[Array, bool]:
    """(z, y, x) in Hounsfield units, where what lies apart from the body is air, and whether there was any.

    The body is every dense part that is thick somewhere: a couch, a blanket and cables are thin. A centimetre around
    it is kept, with what lies on the skin.
    """
    coarse, strides = _coarse(volume, grid)
    dense = ndimage.binary_opening(coarse > SURFACE)
    parts, _ = ndimage.label(dense)
    thick = np.unique(parts[ndimage.binary_erosion(dense, iterations=THICK)])
    body = np.isin(parts, thick[thick > 0])
    if not body.any():
        return volume, False
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in body])
    apart = ~ndimage.binary_dilation(filled, iterations=AROUND)
    if not (apart & (coarse > SURFACE)).any():
        return volume, False
    return _painted(volume, apart, strides, AIR), True


def without_outside(volume: Array, grid: Grid) -> Array:
    """(z, y, x) in Hounsfield units, where the air around the patient and the skin are soft tissue: what is left of air
    is inside (lungs, airways, bowel)."""
    coarse, strides = _coarse(volume, grid)
    air = coarse < SURFACE
    # Slice by slice: the windpipe may reach the air around through the mouth, but not within the neck's own slices.
    parts, _ = ndimage.label(air, structure=IN_PLANE)
    sides = (parts[:, 0], parts[:, -1], parts[:, :, 0], parts[:, :, -1])
    rim = np.unique(np.concatenate([side.ravel() for side in sides]))
    outside = np.isin(parts, rim[rim > 0])
    out = _painted(volume, ndimage.binary_dilation(outside, iterations=AROUND), strides, TISSUE)
    for last in (out[:, -strides[1] :], out[:, :, -strides[2] :]):  # no coarse sample stands for these
        last[last < SURFACE] = TISSUE
    return out


def _coarse(volume: Array, grid: Grid) -> tuple[Array, tuple[int, ...]]:
    """Every n-th sample, about 3 mm apart."""
    strides = tuple(max(1, round(COARSE_MM / s)) for s in grid.spacing or (COARSE_MM,) * 3)
    return volume[tuple(slice(None, None, s) for s in strides)], strides


def _painted(volume: Array, mask: Mask, strides: tuple[int, ...], value: int) -> Array:
    """A copy with `value` where the coarse mask holds."""
    fine = mask
    for axis, stride in enumerate(strides):
        fine = np.repeat(fine, stride, axis=axis)
    out = volume.copy()
    out[fine[tuple(slice(0, n) for n in volume.shape)]] = value
    return out
