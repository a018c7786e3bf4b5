"""Lesions of the retina by mathematical morphology alone, no learning: how much a sample of the green channel stands
out as a small dark spot (microaneurysm) or a bright patch with sharp edges (hard exudate). What is made of it is
elsewhere.

The spots follow the idea of the diameter closing (Walter et al. 2007, Medical Image Analysis 11:555): what is filled by
every linear closing is short in every direction, which a vessel is not. The patches follow the opening by
reconstruction after the vessels are closed (Walter et al. 2002, IEEE Transactions on Medical Imaging 21:1236).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import reconstruction

from .look import DARK

Floats = NDArray[np.float32]
SPOT = 0.013
"""Longest diameter of a microaneurysm as a share of the field's: 125 um where a field of 45 to 50 degrees spans some
10 mm of retina, with the blur of its edge."""
PATCH = 0.05
"""Side of the window in which a patch must stand out, as a share of the field's diameter: no wider than an exudate."""
VESSEL = 0.012
"""Widest vessel as a share of the field's diameter; closed before bright patches are looked for."""
AROUND = 1 / 12
"""Side of the surroundings whose mean and spread a sample is compared with."""
DIRECTIONS = 8
EDGE = 0.01
"""Nothing is looked for nearer to the edge of the field than this share of its diameter."""


def dark_spots(green: Floats, diameter: float | None = None) -> Floats:
    """(H, W) in [0, 1] -> (H, W), 0 or more: depth of small dark round spots, in standard deviations of their
    surroundings. `diameter`: of the field in samples; None: the shorter side of what is not dark."""
    field, diameter = _field(green, diameter)
    smooth = ndimage.gaussian_filter(green, max(0.5, diameter * SPOT / 12))
    length = max(3, round(diameter * SPOT))
    closed = np.min([_closing(smooth, line) for line in lines(length, DIRECTIONS)], axis=0)
    return _in_spreads(closed - smooth, green, (field, diameter))


def bright_patches(green: Floats, diameter: float | None = None) -> Floats:
    """(H, W) in [0, 1] -> (H, W), 0 or more: height of bright patches over their surroundings, vessels closed, in
    standard deviations. The optic disc is one, and has to be taken away by who knows where it is."""
    field, diameter = _field(green, diameter)
    width = max(3, round(diameter * VESSEL)) | 1
    closed = ndimage.grey_closing(ndimage.gaussian_filter(green, 0.7), (width, width))
    side = max(3, round(diameter * PATCH)) | 1
    seed = ndimage.grey_erosion(closed, (side, side))
    opened = reconstruction(seed, closed, method="dilation")  # type: ignore[no-untyped-call]
    return _in_spreads(np.minimum(closed - opened, np.maximum(green - opened, 0)), green, (field, diameter))


def lines(length: int, directions: int) -> list[NDArray[np.bool_]]:
    """Footprints of straight lines of `length` samples through their middle, evenly turned over half a circle."""
    half, found = length // 2, []
    for i in range(directions):
        angle = math.pi * i / directions
        steps = np.linspace(-half, half, 4 * half + 1)
        y, x = np.rint(steps * math.sin(angle)).astype(int), np.rint(steps * math.cos(angle)).astype(int)
        footprint = np.zeros((2 * half + 1, 2 * half + 1), bool)
        footprint[y + half, x + half] = True
        found.append(footprint)
    return found


def _closing(image: Floats, footprint: NDArray[np.bool_]) -> Floats:
    return np.asarray(ndimage.grey_closing(image, footprint=footprint), np.float32)


def _field(green: Floats, diameter: float | None) -> tuple[NDArray[np.bool_], float]:
    """Where the retina is, and the diameter of the field in samples."""
    bright = green > DARK
    if diameter is None:
        rows, columns = np.flatnonzero(bright.mean(1) > 0.02), np.flatnonzero(bright.mean(0) > 0.02)
        sides = [int(i[-1] - i[0]) + 1 for i in (rows, columns) if i.size]
        diameter = float(min(sides)) if len(sides) == 2 else float(min(green.shape))
    edge = max(1, round(diameter * EDGE))
    filled = ndimage.binary_closing(np.pad(bright, edge), iterations=edge)[edge:-edge, edge:-edge]
    return ndimage.binary_erosion(filled, iterations=edge, border_value=0), diameter


def _in_spreads(height: NDArray[np.floating], green: Floats, of: tuple[NDArray[np.bool_], float]) -> Floats:
    """What stands out, as a multiple of the spread of the field around it: two photographs are alike then."""
    field, diameter = of
    side = max(3, round(diameter * AROUND))
    inside = field.astype(np.float32)
    weight = np.maximum(ndimage.uniform_filter(inside, side, mode="constant"), 1e-3)
    mean = ndimage.uniform_filter(green * inside, side, mode="constant") / weight
    square = ndimage.uniform_filter(np.square(green - mean) * inside, side, mode="constant") / weight
    spread = np.sqrt(np.maximum(square, 1e-6))
    return np.asarray(np.where(field, np.maximum(height, 0) / spread, 0), np.float32)
