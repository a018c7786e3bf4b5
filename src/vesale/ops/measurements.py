"""Measurements that a programme may name: numbers from outlines that were found before. The table is at the end.

A measurement is a function (picture (channel, y, x), masks by role, what the table says) -> Measured. What an anatomy
needs by itself lives in a file of its own, as `fundus_measures.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.registry import Registry
from ..core.screened import Measured

Array = NDArray[np.generic]
Mask = NDArray[np.bool_]
DARK = 0.03
"""Share of the brightest sample below which a sample is the dark frame around the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a measurement sees of one photograph."""

    picture: Array
    """(channel, y, x)"""
    masks: Mapping[str, Mask]
    """Role -> (y, x); a role is absent where its step gave no outline."""
    side: str | None = None
    """As the table says."""


Measurement = Callable[[Given], Measured]


def regions(given: Given) -> Measured:
    """Of every mask: `<role>.count` connected objects (8 neighbours), `<role>.samples`, and `<role>.permille`, its
    samples in a thousand of the picture's lit ones."""
    from scipy import ndimage

    numbers: dict[str, float | None] = {}
    lit = int(lit_of(given.picture).sum())
    for role, mask in given.masks.items():
        samples = int(mask.sum())
        numbers[f"{role}.count"] = float(ndimage.label(mask, np.ones((3, 3)))[1])
        numbers[f"{role}.samples"] = float(samples)
        numbers[f"{role}.permille"] = 1000 * samples / lit if lit else None
    return Measured(numbers)


def lit_of(picture: Array) -> Mask:
    """(y, x): the samples that are not the dark frame around the picture."""
    brightest = np.asarray(picture).max(axis=0)
    return np.asarray(brightest > DARK * max(float(brightest.max()), 1e-9))


MEASUREMENTS: Registry[Measurement] = Registry(
    "measurement",
    {
        "regions": "vesale.ops.measurements:regions",
        "fundus": "vesale.ops.fundus_measures:fundus",
        "disc_margin": "vesale.ops.fundus_measures:disc_margin",
    },
)
