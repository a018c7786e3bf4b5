"""What a programme measures on a fundus photograph from outlines of disc and exudates; the geometry is in fundus.py.

The retina's own unit is the disc's diameter: a photograph has no scale in mm. The photograph is taken as it is seen in
the eye, upright and not mirrored.
"""

import numpy as np
from scipy import ndimage

from ..core.screened import Measured, Why
from .fundus import Disc, Laterality, centred_on, disc_of, field_of, fovea_of, laterality_of, margin_of
from .measurements import Array, Given, Mask

SPECK = 2e-4
"""Exudates smaller than this share of a squared disc diameter are taken for noise: a speck of 1.4 % of the diameter."""
NEAR = 1.0
"""Disc diameters from the fovea within which hard exudates mean the higher risk of edema (Porwal et al. 2018)."""


def fundus(given: Given) -> Measured:
    """Side of the eye, field, fovea estimate and the distance of the nearest hard exudate to it.

    Numbers: disc_diameter (samples), exudate_distance (disc diameters), edema_measured (0 no hard exudates, 1 farther
    than a disc diameter from the fovea, 2 within; None: not known). Facts: side (right, left), field (macula, disc).
    """
    disc = disc_of(given.masks["disc"]) if "disc" in given.masks else None
    if disc is None:
        mask = given.masks.get("exudates")
        edema = 0.0 if mask is not None and not mask.any() else None
        numbers = {"disc_diameter": None, "exudate_distance": None, "edema_measured": edema}
        return Measured(numbers, notes=(Why("programme.note.no_disc"),))
    field = field_of(_in_one(given.picture))
    seen = laterality_of(disc, field)
    sides: dict[str | None, Laterality] = {"right": "right", "left": "left"}
    side = sides.get(given.side, seen)
    fovea = None if side is None else fovea_of(disc, side)
    distance, edema = _exudates(given.masks.get("exudates"), disc, fovea)
    middle = centred_on(disc, field)
    facts = ({"field": str(middle)} if middle else {}) | ({"side": side} if side else {})
    points = {} if fovea is None else {"fovea": fovea}
    numbers = {"disc_diameter": disc.diameter, "exudate_distance": distance, "edema_measured": edema}
    return Measured(numbers, facts, points, _side_notes(given.side, seen))


def disc_margin(given: Given) -> Measured:
    """`margin_width`: how wide the step in brightness at the disc's margin is, in disc diameters; small is sharp.

    `margin_spread`: from the first to the third quartile of the rays. Both are measurements, no finding: no picture of
    a swollen disc was at hand to say what is too wide.
    """
    found = margin_of(_in_one(given.picture)[1 if len(given.picture) > 1 else 0], given.masks["disc"])
    none: dict[str, float | None] = {"margin_width": None, "margin_spread": None}
    if found is None:
        return Measured(none, notes=(Why("programme.note.no_disc_margin"),))
    if found.width is None or found.spread is None:
        return Measured(none, notes=(Why("programme.note.no_margin"),))
    return Measured({"margin_width": found.width, "margin_spread": found.spread[1] - found.spread[0]})


def _side_notes(said: str | None, seen: str | None) -> tuple[Why, ...]:
    """A contradiction is told, and the table is believed."""
    if said and seen and said != seen:
        return (Why("programme.note.other_side", {"said": said, "seen": seen}),)
    if said is None:
        return (Why("programme.note.centred"),) if seen is None else (Why("programme.note.side_told", {"seen": seen}),)
    return ()


def _exudates(mask: Mask | None, disc: Disc, fovea: tuple[float, float] | None) -> tuple[float | None, float | None]:
    """(distance of the nearest to the fovea in disc diameters, risk of edema as measured)"""
    if mask is None:
        return None, None
    clean = _without_specks(mask, disc)
    if not clean.any():
        return None, 0.0
    if fovea is None:
        return None, None
    rows, columns = np.nonzero(clean)
    nearest = float(np.hypot(rows - fovea[0], columns - fovea[1]).min()) / disc.diameter
    return nearest, 2.0 if nearest <= NEAR else 1.0


def _without_specks(mask: Mask, disc: Disc) -> Mask:
    """A single false sample would decide the distance."""
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    keep = np.bincount(np.asarray(labels).ravel(), minlength=n + 1) >= SPECK * disc.diameter**2
    keep[0] = False
    return np.asarray(keep[labels])


def _in_one(picture: Array) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """(channel, y, x) in [0, 1]"""
    samples = np.asarray(picture)
    top = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}.get(samples.dtype, 1.0)
    return np.asarray(samples, np.float32) / np.float32(top)
