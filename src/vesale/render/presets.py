"""Renderings by name, and what a free threshold or a transfer function in words becomes; nothing is rendered here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from skimage.filters import threshold_otsu

from ..core.errors import RecipeError, SourceError
from ..core.image import Array
from ..ops.body import AIR, TISSUE
from ..ops.raycast import Transfer

SKIN, BONE, CLEAR = (0.93, 0.74, 0.62), (1.0, 0.94, 0.84), (0.72, 0.3, 0.22)
LUMEN, LUNG = (0.45, 0.8, 1.0), (0.8, 0.78, 0.8)
SPREAD = 75.0
"""Hounsfield units on either side of a threshold within which opacity rises."""
SHARE = 0.03
"""The same where values are no Hounsfield units: a share of their range."""
BRIGHTEST = 98.0
"""Percentile, of what Otsu's threshold calls bright, from which a high threshold starts where there are no HU."""
_POINT = re.compile(r"([-+]?[\d.]+):([\d.]+):#([0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True)
class Preset:
    """A rendering by name."""

    transfer: Transfer
    threshold: float
    """Where it becomes opaque, in Hounsfield units, for the document."""
    inside: bool = False
    """The air around the patient is taken away first."""


PRESETS: Mapping[str, Preset] = {
    "skin": Preset(Transfer(((AIR, 0, SKIN), (-400, 0, SKIN), (-200, 0.7, SKIN), (3071, 0.7, SKIN))), -300),
    "bone": Preset(
        Transfer(
            (
                *((AIR, 0, CLEAR), (150, 0, CLEAR), (250, 0.25, (0.92, 0.75, 0.6))),
                *((400, 0.8, BONE), (3071, 0.9, (1.0, 1.0, 0.97))),
            )
        ),
        250,
    ),
    "airways": Preset(
        Transfer(
            (
                *((AIR, 0.5, LUMEN), (-940, 0.5, LUMEN), (-890, 0, LUMEN), (-750, 0, LUNG)),
                *((-600, 0.05, LUNG), (-400, 0.05, LUNG), (-250, 0, LUNG), (TISSUE, 0, LUNG)),
            ),
            ambient=0.3,
            steepness=100.0,
        ),
        -940,
        inside=True,
    ),
}
"""Low threshold: skin, and the air inside; high threshold: bone, and vessels with contrast."""


def chosen(volume: Array, is_ct: bool, kind: str, threshold: float | None, words: str | None) -> Preset:
    """What to render a volume (z, y, x) with, by the name of a preset, a threshold or a transfer function in words.

    Without Hounsfield units the low threshold is Otsu's, the high one the brightest part above it.
    """
    if words is not None:
        transfer = parse_transfer(words)
        return Preset(transfer, next((p[0] for p in transfer.points if p[1] > 0), transfer.points[0][0]))
    if threshold is None and kind == "render":
        raise RecipeError("a free rendering needs a threshold", "give --threshold VALUE, or --as skin, bone or airways")
    if is_ct and threshold is None:
        return PRESETS[kind]
    if kind == "airways":
        raise SourceError(
            "airways are found by Hounsfield units, and this is no CT", "give --as render --threshold VALUE"
        )
    sample = volume.reshape(-1)[:: max(1, volume.size // 500_000)].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    low, high = (float(v) for v in np.percentile(sample, (0.5, 99.9)))
    spread = SPREAD if is_ct else SHARE * max(high - low, 1e-6)
    value = threshold if threshold is not None else _found(sample, kind)
    colour = SKIN if kind == "skin" or (is_ct and value < 0) else BONE
    ends = ((value - spread, 0.0, colour), (value + spread, 0.8, colour))
    return Preset(Transfer(ends), value)


def parse_transfer(words: str) -> Transfer:
    """'150:0:#b84d38,300:0.6:#ffeecc': value, opacity of a millimetre, colour; points in ascending order of value."""
    points = []
    for part in words.split(","):
        found = _POINT.fullmatch(part.strip())
        if found is None or float(found[2]) > 1:
            raise RecipeError(f"{part.strip()!r} is no point of a transfer function", "give value:opacity:#rrggbb")
        red, green, blue = (int(found[3][i : i + 2], 16) / 255 for i in (0, 2, 4))
        points.append((float(found[1]), float(found[2]), (red, green, blue)))
    if len(points) < 2 or any(b[0] <= a[0] for a, b in pairwise(points)):
        raise RecipeError("a transfer function needs two points or more, with ascending values", "add a point")
    return Transfer(tuple(points))


def _found(sample: Array, kind: str) -> float:
    if np.ptp(sample) == 0:
        return float(sample[0])
    otsu = float(threshold_otsu(sample))  # type: ignore[no-untyped-call]
    bright = sample[sample > otsu]
    return float(np.percentile(bright, BRIGHTEST)) if kind == "bone" and bright.size else otsu
