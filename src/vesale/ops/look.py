"""From an image as it was stored to the planes that a network sees, and from the network's maps back to the image.

A volume is seen as its slices. Every step is linear in space and remembered, so that `restore` undoes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ..core.errors import ShapeError, UnknownSpacing
from ..core.grid import Grid
from ..core.image import Array, Image
from ..core.recipe import Look

DARK = 0.04
"""Below this share of full brightness a sample counts as the dark frame around a photograph."""
SURROUNDINGS, REACH, FLAT = 1 / 12, 8.0, 0.01
"""Range `local`: window as a share of the longer side; standard deviations over the whole range; least spread."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the network's planes lie in the image: enough to send a map back."""

    shape: tuple[int, ...]
    """Of the image's grid: (y, x) or (z, y, x)."""
    window: tuple[int, int, int, int]
    """Top, left, bottom, right of what was kept of each plane."""
    inner: tuple[int, int]
    """(height, width) of that part after resampling."""
    corner: tuple[int, int]
    """Where it starts in the padded plane."""
    size: tuple[int, int]
    """(height, width) of the plane."""


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    data: NDArray[np.float32]
    """(plane, channel, height, width) in [0, 1]; with range = raw, values as they are, what is no number being 0"""
    placement: Placement


def prepare(images: Sequence[Image], look: Look, levels: Sequence[int] | None = None) -> Planes:
    """Planes of one exam's view. Several images (named inputs) must share a grid; each gives one channel then.

    `levels`: which slices of a volume; None takes all.
    """
    first = images[0].grid
    for other in images[1:]:
        if other.grid.shape != first.shape:
            raise ShapeError(f"the inputs of a view differ in shape: {first.shape} and {other.grid.shape}")
    per_input = look.channels if len(images) == 1 else 1
    stacked = np.concatenate([_scaled(i, look, per_input, levels) for i in images], axis=1)
    _erase(stacked, look.erase)
    window = _window(stacked, look)
    top, left, bottom, right = window
    kept = stacked[:, :, top:bottom, left:right]
    inner = _inner(kept.shape[2:], look, first)
    size = (look.size[0], look.size[1]) if look.size else inner
    corner = ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2)
    data = np.zeros((*kept.shape[:2], *size), np.float32)
    data[:, :, corner[0] : corner[0] + inner[0], corner[1] : corner[1] + inner[1]] = resize(kept, inner)
    return Planes(data, Placement(first.shape, window, inner, corner, size))


def prepare_labels(labels: Array, placement: Placement, levels: Sequence[int] | None = None) -> Array:
    """Labels (channel, *shape) on the planes of a placement: (plane, channel, height, width), nearest sample."""
    planes = np.moveaxis(_as_planes(labels), 1, 0)
    if levels is not None:
        planes = planes[list(levels)]
    top, left, bottom, right = placement.window
    kept = planes[:, :, top:bottom, left:right]
    rows = _nearest(kept.shape[2], placement.inner[0])
    columns = _nearest(kept.shape[3], placement.inner[1])
    out = np.zeros((*kept.shape[:2], *placement.size), labels.dtype)
    y, x = placement.corner
    out[:, :, y : y + placement.inner[0], x : x + placement.inner[1]] = kept[:, :, rows[:, None], columns[None, :]]
    return out


def restore(maps: NDArray[np.float32], placement: Placement, outside: Sequence[float]) -> NDArray[np.float32]:
    """Maps (plane, class, height, width) back on the image's grid: (class, *shape); `outside` what was cut away is."""
    y, x = placement.corner
    inner = maps[:, :, y : y + placement.inner[0], x : x + placement.inner[1]]
    top, left, bottom, right = placement.window
    back = resize(inner, (bottom - top, right - left))
    whole = np.empty((*back.shape[:2], *placement.shape[-2:]), np.float32)
    whole[:] = np.asarray(outside, np.float32)[None, :, None, None]
    whole[:, :, top:bottom, left:right] = back
    moved = np.moveaxis(whole, 1, 0)  # (class, plane, y, x)
    return np.ascontiguousarray(moved[:, 0] if len(placement.shape) == 2 else moved)


def evenly(count: int, wanted: int) -> list[int]:
    """Indices of `wanted` slices spread over `count`, each in the middle of its share."""
    n = min(count, wanted)
    return [int((i + 0.5) * count / n) for i in range(n)]


def resize(planes: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Bilinear, with the support widened when shrinking so that nothing aliases; (plane, channel, height, width)."""
    if planes.shape[2:] == size:
        return np.asarray(planes, np.float32)
    out = np.empty((*planes.shape[:2], *size), np.float32)
    for plane in range(planes.shape[0]):
        for channel in range(planes.shape[1]):
            picture = Pillow.fromarray(np.ascontiguousarray(planes[plane, channel], np.float32))
            out[plane, channel] = np.asarray(picture.resize((size[1], size[0]), Pillow.Resampling.BILINEAR))
    return out


def _as_planes(data: Array) -> Array:
    """(channel, y, x) or (channel, z, y, x) -> (channel, plane, y, x)."""
    if data.ndim == 3:
        return data[:, None]
    if data.ndim == 4:
        return data
    raise ShapeError(f"expected an image of two or three axes, found {data.ndim - 1}")


def _scaled(image: Image, look: Look, channels: int, levels: Sequence[int] | None) -> NDArray[np.float32]:
    """(plane, channel, y, x) in [0, 1] with the wanted number of channels; ShapeError when raw ones are not as many."""
    planes = np.moveaxis(_as_planes(image.data), 1, 0)
    if look.range == "raw":
        if planes.shape[1] != channels:
            raise ShapeError(f"{planes.shape[1]} features, and the model reads {channels}")
        kept = planes if levels is None else planes[list(levels)]
        return np.nan_to_num(kept.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = _ranges(image.data, look) if look.range == "channel" else _range(image.data, look)
    if levels is not None:
        planes = planes[list(levels)]
    data = np.clip((planes.astype(np.float32) - np.float32(low)) / np.float32(np.maximum(high - low, 1e-12)), 0, 1)
    if not np.isfinite(data).all():
        data = np.nan_to_num(data, nan=0.0)
    if look.range == "local":
        data = _levelled(data)
    if data.shape[1] == channels:
        return np.asarray(data, np.float32)
    if {data.shape[1], channels} != {1, 3}:
        raise ShapeError(
            f"the image has {data.shape[1]} channels ({', '.join(image.channels)}), the model sees {channels}",
            "give images with the channels that the model was learned from",
        )
    return np.repeat(data, channels, 1) if channels > 1 else data.mean(1, keepdims=True)


def _ranges(data: Array, look: Look) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each channel by itself: (channel, 1, 1)."""
    pairs = np.array([_range(channel, look) for channel in data])
    return pairs[:, :1, None], pairs[:, 1:, None]


def _range(data: Array, look: Look) -> tuple[float, float]:
    if look.range == "fixed" and look.low is not None and look.high is not None:
        return look.low, look.high
    if look.range in ("dtype", "local") and data.dtype == np.uint8:
        return 0.0, 255.0
    if look.range in ("dtype", "local") and data.dtype == np.uint16:
        return 0.0, 65535.0
    if data.dtype == np.bool_:
        return 0.0, 1.0
    step = max(1, data.size // 1_000_000)
    sample = np.asarray(data.reshape(-1)[::step], np.float64)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = np.percentile(sample, [0.5, 99.5])
    return float(low), float(high) if high > low else float(low) + 1.0


def _levelled(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each sample against the mean and spread of its surroundings, 0.5 where it is like them; the dark frame stays 0.

    Windows are a twelfth of the longer side, twice over; the frame around a picture does not count.
    """
    from scipy.ndimage import uniform_filter

    side = max(3, round(max(planes.shape[2:]) * SURROUNDINGS))
    out = np.zeros_like(planes)
    for plane, levelled in zip(planes, out, strict=True):
        inside = (plane.max(0) > DARK).astype(np.float32)

        def around(x: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.asarray(uniform_filter(uniform_filter(x, side, mode="constant"), side, mode="constant"))

        inside *= around(inside) > 0.4  # specks in the frame are none of it
        weight = np.maximum(around(inside), 1e-3)
        for channel, target in zip(plane, levelled, strict=True):
            mean = around(channel * inside) / weight
            spread = np.sqrt(np.maximum(around(np.square(channel - mean) * inside) / weight, FLAT**2))
            target[:] = np.clip(0.5 + (channel - mean) / spread / REACH, 0, 1) * inside
    return out


def _erase(planes: NDArray[np.float32], boxes: Sequence[tuple[float, ...]]) -> None:
    height, width = planes.shape[2:]
    for top, left, bottom, right in boxes:
        planes[:, :, round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = 0


def _window(planes: NDArray[np.float32], look: Look) -> tuple[int, int, int, int]:
    top, left, bottom, right = _content(planes, look)
    if look.fit != "cover" or look.size is None:
        return top, left, bottom, right
    height, width = bottom - top, right - left
    ratio = min(height / look.size[0], width / look.size[1])
    kept = max(1, round(look.size[0] * ratio)), max(1, round(look.size[1] * ratio))
    top, left = top + (height - kept[0]) // 2, left + (width - kept[1]) // 2
    return top, left, top + kept[0], left + kept[1]


def _content(planes: NDArray[np.float32], look: Look) -> tuple[int, int, int, int]:
    height, width = planes.shape[2:]
    whole = (0, 0, height, width)
    if look.crop == "none":
        return whole
    bright = planes.max((0, 1)) > DARK
    rows, columns = np.flatnonzero(bright.mean(1) > 0.02), np.flatnonzero(bright.mean(0) > 0.02)
    if not rows.size or not columns.size:
        return whole
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    return whole if min(bottom - top, right - left) < 8 else (int(top), int(left), int(bottom), int(right))


def _inner(shape: tuple[int, ...], look: Look, grid: Grid) -> tuple[int, int]:
    """Size of the kept part after resampling to a spacing, or fitting into a size (with its aspect where padded)."""
    height, width = shape
    if look.spacing is not None:
        if grid.spacing is None:
            raise UnknownSpacing("this image has no physical scale", "the model reads at a fixed spacing in mm")
        height = max(1, round(height * grid.spacing[-2] / look.spacing[-2]))
        width = max(1, round(width * grid.spacing[-1] / look.spacing[-1]))
    if look.size is None:
        return height, width
    if look.fit != "pad":
        return look.size[0], look.size[1]
    ratio = min(look.size[0] / height, look.size[1] / width)
    return min(look.size[0], max(1, round(height * ratio))), min(look.size[1], max(1, round(width * ratio)))


def _nearest(source: int, target: int) -> NDArray[np.intp]:
    return np.minimum(((np.arange(target) + 0.5) * source / target).astype(np.intp), source - 1)
