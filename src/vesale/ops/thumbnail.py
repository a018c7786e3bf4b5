"""A whole image as one small grey picture; what two of them have in common is judged in `trust/duplicates.py`."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ..core.image import Array

SIDE = 128
"""Long side of a thumbnail; smaller images keep their size."""
Grey = NDArray[np.uint8]


def thumbnail(data: Array, side: int = SIDE) -> Grey | None:
    """Samples (channel, y, x), or the middle plane of (channel, z, y, x), as grey means over areas: (height, width).

    8-bit samples keep their values, others are stretched between their 0.5th and 99.5th percentile. None where there
    is nothing to see: a signal, an axis of one sample.
    """
    plane = data[:, data.shape[1] // 2] if data.ndim == 4 else data  # (C, y, x)
    if plane.ndim != 3 or min(plane.shape[1:]) < 2:
        return None
    size = fitting(plane.shape[1:], side)
    means = np.mean([_shrunk(channel, size) for channel in plane[:3]], axis=0)  # (height, width)
    if plane.dtype == np.uint8:
        return np.asarray(np.rint(means), np.uint8)
    low, high = np.percentile(means, [0.5, 99.5])
    return np.asarray(np.rint(np.clip((means - low) / max(high - low, 1e-12), 0, 1) * 255), np.uint8)


def share_thumbnail(labels: Array, side: int = SIDE) -> Grey | None:
    """Labels (1, [z,] y, x): the share of each area that has a label at all, 255 being all of it."""
    return thumbnail((labels != 0).astype(np.uint8) * np.uint8(255), side)


def fitting(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """(height, width) with the aspect of `shape` and a long side of at most `side`."""
    ratio = min(1.0, side / max(shape))
    return max(1, round(shape[0] * ratio)), max(1, round(shape[1] * ratio))


def _shrunk(channel: Array, size: tuple[int, int]) -> NDArray[np.float32]:
    """Means over areas."""
    whole = channel if channel.dtype == np.uint8 else np.nan_to_num(channel.astype(np.float32))
    if channel.shape == size:
        return np.asarray(whole, np.float32)
    picture = Pillow.fromarray(np.ascontiguousarray(whole))
    return np.asarray(picture.resize((size[1], size[0]), Pillow.Resampling.BOX), np.float32)
