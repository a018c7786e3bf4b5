"""What follows from where the optic disc lies in a photograph of the retina: which eye, where the fovea should be, what
the field is centred on, and how sharp the disc's margin is. Finding the disc is a model's work, not done here.

Positions are (y, x) in samples, lengths disc diameters unless said otherwise: a photograph rarely knows its
millimetres.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from ..core.grid import Box
from .look import DARK
from .structures import largest_of

Laterality = Literal["left", "right"]
FOVEA = 2.5
"""Disc diameters from the disc's centre to the fovea, towards the temple: an anatomical rule of thumb, not a
measurement of this eye."""
CENTRED = 1.0
"""The field is centred on what lies within so many disc diameters of its middle."""
SIDED = 0.75
"""A disc nearer to the field's middle than this, in its diameters, does not tell which eye it is."""
WINDOW = 2.5
"""Width, in disc diameters, of the crop around a disc that models of the disc learn from."""
RAYS, SAMPLES, REACH = 72, 65, 0.5
"""Rays from the disc's centre; samples on each, from 1 - REACH to 1 + REACH times the margin's radius there."""
LEAST_FIT, LEAST_RAYS = 0.6, 0.34
"""A ray counts when a blurred step explains this share of its variance; a margin, when this share of its rays do."""
RISE = 2 * special.ndtri(0.9)
"""Standard deviations of the blur between 10 and 90 % of a step: 2.563."""


@dataclass(frozen=True, slots=True)
class Disc:
    """The largest region of a mask of the optic disc."""

    centre: tuple[float, float]
    """(y, x) in samples."""
    diameter: float
    """Of the circle of the same area, in samples."""


@dataclass(frozen=True, slots=True)
class Field:
    """The lit part of a photograph."""

    centre: tuple[float, float]
    diameter: float
    """Its longer side in samples: photographs are often cut off above and below."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How sharp the disc's margin is, from radial profiles of the green channel."""

    width: float | None
    """Median over the rays of the distance in which brightness falls from 90 to 10 % of its step, in disc diameters;
    None when too few rays show a step."""
    spread: tuple[float, float] | None
    """First and third quartile over the rays, in disc diameters."""
    step: float | None
    """Median height of the step, in full brightness: disc less surroundings."""
    used: float
    """Share of the rays that show a step."""
    sectors: tuple[float | None, float | None, float | None, float | None]
    """Median width, in disc diameters, of the rays towards the right, the bottom, the left, the top of the picture."""


def disc_of(mask: NDArray[np.bool_]) -> Disc | None:
    """None where nothing is marked."""
    largest = largest_of(np.asarray(mask, bool))
    if not largest.any():
        return None
    y, x = (float(np.mean(i)) for i in np.nonzero(largest))
    return Disc((y, x), math.sqrt(4 * float(largest.sum()) / math.pi))


def disc_window(disc: Disc, shape: tuple[int, int], diameters: float = WINDOW) -> Box:
    """The square around a disc, so many of its diameters wide, as far as it lies in a picture of `shape`."""
    half = max(1, round(diameters * disc.diameter / 2))
    starts = [max(0, round(c) - half) for c in disc.centre]
    stops = [min(n, round(c) + half) for c, n in zip(disc.centre, shape, strict=True)]
    return Box((starts[0], starts[1]), (stops[0], stops[1]))


def field_of(picture: NDArray[np.floating]) -> Field:
    """Of a picture (channel, H, W) in [0, 1]; the whole of it where nothing is lit."""
    lit = np.asarray(picture).max(0) > DARK
    rows, columns = np.flatnonzero(lit.mean(1) > 0.02), np.flatnonzero(lit.mean(0) > 0.02)
    height, width = lit.shape
    if not rows.size or not columns.size:
        return Field(((height - 1) / 2, (width - 1) / 2), float(max(height, width)))
    sides = float(rows[-1] - rows[0] + 1), float(columns[-1] - columns[0] + 1)
    return Field(((rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2), max(sides))


def laterality_of(disc: Disc, field: Field) -> Laterality | None:
    """Which eye, as the disc lies on the side of the nose: right of the middle in a right eye's photograph. None when
    the disc is too near to the middle to tell. A photograph that was mirrored is told wrongly."""
    away = (disc.centre[1] - field.centre[1]) / disc.diameter
    if abs(away) < SIDED:
        return None
    return "right" if away > 0 else "left"


def fovea_of(disc: Disc, laterality: Laterality) -> tuple[float, float]:
    """Where the fovea is to be expected, (y, x): 2.5 disc diameters from the disc's centre, towards the temple. It
    is an estimate, and may lie outside the picture."""
    away = -FOVEA if laterality == "right" else FOVEA
    return disc.centre[0], disc.centre[1] + away * disc.diameter


def centred_on(disc: Disc, field: Field) -> Literal["macula", "disc"] | None:
    """What the photograph is centred on; None: on neither, so a part of the macula or the disc may be missing."""
    if _apart(disc.centre, field.centre) <= CENTRED * disc.diameter:
        return "disc"
    side = laterality_of(disc, field)
    if side is not None and _apart(fovea_of(disc, side), field.centre) <= CENTRED * disc.diameter:
        return "macula"
    return None


def margin_of(green: NDArray[np.floating], mask: NDArray[np.bool_]) -> Margin | None:
    """Sharpness of a disc's margin: green (H, W) in [0, 1], mask (H, W) of the disc; None where nothing is marked.

    Along each ray from the disc's centre a step blurred by a Gaussian is fitted around the marked margin: where it
    lies, how wide it is, how high. Vessels that cross the margin spoil some rays; medians leave them out.
    """
    disc = disc_of(mask)
    if disc is None:
        return None
    angles = 2 * math.pi * np.arange(RAYS) / RAYS
    radii = _radii(largest_of(np.asarray(mask, bool)), disc, angles)
    at = radii[:, None] * np.linspace(1 - REACH, 1 + REACH, SAMPLES)[None, :]  # (ray, sample)
    y = disc.centre[0] + at * np.sin(angles)[:, None]
    x = disc.centre[1] + at * np.cos(angles)[:, None]
    profiles = ndimage.map_coordinates(np.asarray(green, np.float64), [y, x], order=1, mode="nearest")
    found = np.array([_step(profile, places) for profile, places in zip(profiles, at, strict=True)])
    return _summary(found, disc, angles)


def _summary(found: NDArray[np.float64], disc: Disc, angles: NDArray[np.float64]) -> Margin:
    sigma, height, fit = found.T
    good = (height > 0) & (fit >= LEAST_FIT)
    used = float(good.mean())
    if used < LEAST_RAYS:
        return Margin(None, None, None, used, (None,) * 4)
    widths = RISE * sigma / disc.diameter
    quarter = np.round(angles / (math.pi / 2)).astype(int) % 4
    low, middle, high = (float(q) for q in np.quantile(widths[good], [0.25, 0.5, 0.75]))
    sides = [widths[good & (quarter == i)] for i in range(4)]
    enough = [float(np.median(s)) if len(s) >= LEAST_RAYS * RAYS / 4 else None for s in sides]
    return Margin(
        middle, (low, high), float(np.median(height[good])), used, (enough[0], enough[1], enough[2], enough[3])
    )


def _radii(mask: NDArray[np.bool_], disc: Disc, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the centre to the last marked sample along each ray."""
    steps = np.arange(1, 2 * disc.diameter, 0.5)
    y = disc.centre[0] + steps[None, :] * np.sin(angles)[:, None]
    x = disc.centre[1] + steps[None, :] * np.cos(angles)[:, None]
    inside = ndimage.map_coordinates(mask.astype(np.float64), [y, x], order=1, mode="constant") >= 0.5
    last = np.where(inside, steps[None, :], 0).max(1)
    return np.asarray(np.maximum(last, disc.diameter / 8))


def _step(profile: NDArray[np.float64], at: NDArray[np.float64]) -> tuple[float, float, float]:
    """(standard deviation of the blur in samples, height, share of the variance explained) of the best blurred step."""
    reach = float(at[-1] - at[0])
    middles = np.linspace(at[0] + reach / 4, at[-1] - reach / 4, 33)
    sigmas = np.geomspace(max(0.3, reach / 400), reach / 4, 33)
    shapes = special.ndtr((middles[:, None, None] - at) / sigmas[None, :, None])  # (middle, sigma, sample)
    shapes = shapes - shapes.mean(-1, keepdims=True)
    centred = profile - profile.mean()
    total = float(centred @ centred)
    if total <= 0:
        return float("nan"), 0.0, 0.0
    power = np.maximum((shapes**2).sum(-1), 1e-12)
    products = shapes @ centred
    explained = np.where(products > 0, products**2 / power, 0.0)
    i, j = np.unravel_index(int(explained.argmax()), explained.shape)
    return float(sigmas[j]), float(products[i, j] / power[i, j]), float(explained[i, j] / total)


def _apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    return math.hypot(a[0] - b[0], a[1] - b[1])
