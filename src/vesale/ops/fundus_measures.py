"""What a programme measures on a fundus photograph, from outlines of disc and exudates: side, field, fovea, distance.

The retina's own unit is the disc's diameter: a photograph has no scale in mm. The photograph is taken as it is seen in
the eye, upright and not mirrored: the disc is nasal, so on the right of the fovea in a right eye.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..core.screened import Measured, Why
from .measurements import Array, Given, Mask, lit_of

FOVEA_AWAY = 2.5
"""Disc diameters from the disc's centre to the fovea."""
FOVEA_BELOW = 7.0
"""Degrees by which the fovea lies below the disc's centre, seen from there."""
CENTRED = 0.75
"""Disc diameters from the middle of the field within which a disc does not tell the side."""
SPECK = 2e-4
"""Exudates smaller than this share of a squared disc diameter are taken for noise: a speck of
1.4 % of the diameter."""
NEAR = 1.0
"""Disc diameters from the fovea within which hard exudates mean the higher risk of edema (Porwal et al. 2018)."""
REACH = 0.35
"""Disc diameters to either side of the margin that its profile is taken over."""
RINGS = 36


@dataclass(frozen=True, slots=True)
class Disc:
    """The optic disc as a circle of its area."""

    row: float
    column: float
    diameter: float
    """All three in samples."""


def fundus(given: Given) -> Measured:
    """Side of the eye, field, fovea estimate and the distance of the nearest hard exudate to it.

    Numbers: disc_diameter (samples), disc_from_middle and exudate_distance (disc diameters), edema_measured (0 no hard
    exudates, 1 farther than a disc diameter from the fovea, 2 within). Facts: side (right, left), field (macula, disc).
    """
    disc = disc_of(given.masks.get("disc"))
    if disc is None:
        none = dict.fromkeys(("disc_diameter", "disc_from_middle", "exudate_distance", "edema_measured"))
        clean = _clean(given.masks.get("exudates"), None)
        edema = 0.0 if clean is not None and not clean.any() else None
        return Measured({**none, "edema_measured": edema}, notes=(Why("programme.note.no_disc"),))
    middle = _middle(given.picture)
    away = float(np.hypot(disc.row - middle[0], disc.column - middle[1])) / disc.diameter
    side, notes = _side(disc, middle, given.side)
    fovea = None if side is None else fovea_estimate(disc, side)
    distance, edema = _exudates(given.masks.get("exudates"), disc, fovea)
    numbers = {"disc_diameter": disc.diameter, "disc_from_middle": away}
    facts = {"field": "disc" if away < CENTRED else "macula"} | ({"side": side} if side else {})
    points = {} if fovea is None else {"fovea": fovea}
    return Measured({**numbers, "exudate_distance": distance, "edema_measured": edema}, facts, points, notes)


def disc_margin(given: Given) -> Measured:
    """How wide the step in brightness at the disc's margin is, in disc diameters: small is sharp.

    `margin_width`: height of the mean profile's step over its steepest slope, across the whole margin. It is a
    measurement, no finding: no picture of a swollen disc was at hand to say what is too wide.
    """
    mask = given.masks.get("disc")
    disc = disc_of(mask)
    if disc is None or mask is None:
        return Measured({"margin_width": None}, notes=(Why("programme.note.no_disc_margin"),))
    rows, columns = _around(mask.shape, disc)
    inside = _largest(mask)[rows, columns]
    light = np.asarray(given.picture)[:3, rows, columns].astype(float).mean(axis=0)
    signed = np.asarray(ndimage.distance_transform_edt(~inside)) - np.asarray(ndimage.distance_transform_edt(inside))
    signed = signed / disc.diameter
    near = np.abs(signed) <= REACH
    ring = np.clip(((signed + REACH) / (2 * REACH) * RINGS).astype(int), 0, RINGS - 1)
    total = np.bincount(ring[near], light[near], RINGS)
    count = np.bincount(ring[near], minlength=RINGS)
    if (count == 0).any():
        return Measured({"margin_width": None}, notes=(Why("programme.note.disc_cut"),))
    profile = ndimage.gaussian_filter1d(total / count, 1.0)
    step = float(profile[: RINGS // 4].mean() - profile[-RINGS // 4 :].mean())
    steepest = float(-np.gradient(profile, 2 * REACH / RINGS).min())
    if step <= 0 or steepest <= 0:
        return Measured({"margin_width": None}, notes=(Why("programme.note.disc_dark"),))
    return Measured({"margin_width": step / steepest})


def disc_of(mask: Mask | None) -> Disc | None:
    """The circle of the largest connected part; None where nothing is marked."""
    if mask is None or not mask.any():
        return None
    whole = _largest(mask)
    row, column = ndimage.center_of_mass(whole)
    return Disc(float(row), float(column), float(2 * np.sqrt(whole.sum() / np.pi)))


def fovea_estimate(disc: Disc, side: str) -> tuple[float, float]:
    """(row, column) from the disc alone: temporal of it, and a little below."""
    temporal = -1.0 if side == "right" else 1.0
    angle = np.deg2rad(FOVEA_BELOW)
    away = FOVEA_AWAY * disc.diameter
    return float(disc.row + away * np.sin(angle)), float(disc.column + temporal * away * np.cos(angle))


def _side(disc: Disc, middle: tuple[float, float], said: str | None) -> tuple[str | None, tuple[Why, ...]]:
    """The side as the table says, else as the disc shows; a contradiction is a note, and the table is believed."""
    offset = (disc.column - middle[1]) / disc.diameter
    seen = None if abs(offset) < CENTRED else "right" if offset > 0 else "left"
    if said and seen and said != seen:
        return said, (Why("programme.note.other_side", {"said": said, "seen": seen}),)
    if said is None and seen is None:
        return None, (Why("programme.note.centred"),)
    return said or seen, () if said else (Why("programme.note.side_told", {"seen": str(seen)}),)


def _middle(picture: Array) -> tuple[float, float]:
    """(row, column) of the middle of the lit field."""
    lit = lit_of(picture)
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if not len(rows):
        return picture.shape[1] / 2, picture.shape[2] / 2
    return float(rows[0] + rows[-1]) / 2, float(columns[0] + columns[-1]) / 2


def _exudates(mask: Mask | None, disc: Disc, fovea: tuple[float, float] | None) -> tuple[float | None, float | None]:
    """(distance of the nearest to the fovea in disc diameters, risk of edema as measured)"""
    clean = _clean(mask, disc)
    if clean is None:
        return None, None
    if not clean.any():
        return None, 0.0
    if fovea is None:
        return None, None
    rows, columns = np.nonzero(clean)
    nearest = float(np.hypot(rows - fovea[0], columns - fovea[1]).min()) / disc.diameter
    return nearest, 2.0 if nearest <= NEAR else 1.0


def _clean(mask: Mask | None, disc: Disc | None) -> Mask | None:
    """Without specks, of which a single one would decide the distance."""
    if mask is None or disc is None:
        return mask
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(np.asarray(labels).ravel(), minlength=n + 1)
    keep = sizes >= SPECK * disc.diameter**2
    keep[0] = False
    return np.asarray(keep[labels])


def _largest(mask: Mask) -> Mask:
    labels, n = ndimage.label(mask)
    if n <= 1:
        return mask
    return np.asarray(labels == int(np.bincount(np.asarray(labels).ravel())[1:].argmax()) + 1)


def _around(shape: tuple[int, ...], disc: Disc) -> tuple[slice, slice]:
    """The window that holds the disc and its surroundings."""
    half = (0.5 + REACH + 0.15) * disc.diameter
    rows = slice(max(0, int(disc.row - half)), min(shape[0], int(disc.row + half) + 1))
    return rows, slice(max(0, int(disc.column - half)), min(shape[1], int(disc.column + half) + 1))
