"""Images of several channels that are no colours, as one colour picture to look at; nothing is computed on it."""

import numpy as np

from ..core.image import Array, Image
from .paint import window_of

COLOURS = (
    (1.0, 0.0, 1.0),
    (0.0, 1.0, 0.0),
    (0.0, 1.0, 1.0),
    (1.0, 1.0, 0.0),
    (1.0, 0.35, 0.0),
    (0.35, 0.45, 1.0),
)
"""Magenta, green, cyan, yellow, orange, blue: the first two are told apart by nearly everybody, and add up to white."""
PLAIN = (("grey",), ("red", "green", "blue"))


def composite(image: Image) -> Array:
    """(3, *shape) uint8 of the first six channels, each stretched on its own and added up in its colour.

    Grey and colour pictures, and a single channel whatever its name, come back as they are.
    """
    if image.channels in PLAIN or len(image.channels) == 1:
        return image.data
    total = np.zeros((3, *image.grid.shape), np.float32)
    for samples, colour in zip(image.data[: len(COLOURS)], COLOURS, strict=False):
        low, high = window_of(samples)
        scaled = np.clip((np.nan_to_num(samples.astype(np.float32), nan=low) - low) / max(high - low, 1e-12), 0, 1)
        for part, share in zip(total, colour, strict=True):
            if share:
                part += scaled * np.float32(share)
    return (np.clip(total, 0, 1) * 255 + 0.5).astype(np.uint8)
