"""A structure taken out of one picture and laid into another so that it takes on the light of its new place.

What is carried over is how much lighter or darker a structure is than what surrounds it, channel by channel, and not
its own colour: tissue absorbs and scatters a share of the light that falls on it. Which structure goes where is not
decided here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .look import resize

MARGIN = 0.5
"""Of the longer side of a structure: how far around it its surroundings are taken from."""
LEAST = 6
"""Samples of that margin at least."""
BRIGHTEST = 4.0
"""A structure is at most this many times as bright as its surroundings."""
FAINT = 0.02
"""Of the brightest surroundings: added before light is compared, so that the noise of a dark channel says nothing."""
FAR = 0.02
"""Weight of the mean of all surroundings beside those that are near."""
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Cutting:
    """One structure, free of its own place and light."""

    relief: Floats
    """(channel, height, width): brightness over that of the surroundings; 1 is like them."""
    cover: Floats
    """(height, width) in [0, 1]: how much of a sample the structure takes; it fades at the rim."""
    masks: Floats
    """(name, height, width) in [0, 1]: the share of a sample that bears each name."""
    centre: tuple[float, float]
    """(y, x) in samples of the picture it was taken from."""


def components(masks: Mask) -> list[tuple[slice, slice]]:
    """Boxes of what hangs together in any of the masks (name, y, x), the largest first."""
    found, count = ndimage.label(masks.any(0), np.ones((3, 3)))
    boxes = ndimage.find_objects(found)
    sizes = np.bincount(found.ravel(), minlength=count + 1)[1:]
    return [boxes[i] for i in np.argsort(-sizes, kind="stable")]


def cut(picture: NDArray[np.generic], masks: Mask, box: tuple[slice, slice]) -> Cutting:
    """The structure in `box` of a picture (channel, y, x) with masks (name, y, x).

    Whatever else is outlined nearby counts neither as the structure nor as its surroundings.
    """
    wide = _widened(box, masks.shape[1:])
    samples = np.asarray(picture[(slice(None), *wide)], np.float32)
    inside = masks[(slice(None), *wide)]
    own = np.zeros(inside.shape[1:], bool)
    own[tuple(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, wide, strict=True))] = True
    labelled, _ = ndimage.label(inside.any(0), np.ones((3, 3)))
    middle = labelled[own]
    mine = labelled == np.bincount(middle[middle > 0]).argmax()
    sigma = max(2.0, max(own.shape) / 5)
    taken = np.asarray(ndimage.binary_dilation(np.asarray(inside.any(0)), iterations=2))
    around = surroundings(samples, ~taken, sigma)
    little = FAINT * max(float(around.max()), 1e-6)
    relief = np.clip((samples + little) / (around + little), 0, BRIGHTEST)
    cover = np.clip(ndimage.gaussian_filter(ndimage.binary_dilation(mine).astype(np.float32), 1.0), 0, 1)
    rows, columns = np.nonzero(mine)
    centre = (wide[0].start + float(rows.mean()), wide[1].start + float(columns.mean()))
    shift = (round(float(rows.mean())), round(float(columns.mean())))
    pad = [(max(0, n - 1 - 2 * c), max(0, 2 * c - n + 1)) for n, c in zip(cover.shape, shift, strict=True)]
    return Cutting(
        np.pad(relief, [(0, 0), *pad], constant_values=1).astype(np.float32),
        np.pad(cover, pad).astype(np.float32),
        np.pad((inside & mine).astype(np.float32), [(0, 0), *pad]),
        centre,
    )


def turned(cutting: Cutting, scale: float, flips: tuple[bool, bool]) -> Cutting:
    """The same at another scale, mirrored (up-down, left-right); its centre is left to the caller."""
    size = tuple(max(1, round(n * scale)) for n in cutting.cover.shape)
    axes = tuple(axis - 2 for axis, yes in enumerate(flips) if yes)
    resized = [resize(x[None], (size[0], size[1]))[0] for x in (cutting.relief, cutting.cover[None], cutting.masks)]
    relief, cover, masks = (np.flip(x, axes) for x in resized)
    return Cutting(relief, cover[0], masks, cutting.centre)


def lay(picture: Floats, masks: Mask, cutting: Cutting, place: tuple[int, int]) -> bool:
    """Lay a structure into a picture (channel, y, x) and its masks (name, y, x), both changed, its middle at `place`.

    False, and nothing is changed, where it would reach over the edge.
    """
    height, width = cutting.cover.shape
    top, left = place[0] - height // 2, place[1] - width // 2
    if top < 0 or left < 0 or top + height > picture.shape[1] or left + width > picture.shape[2]:
        return False
    window = (slice(top, top + height), slice(left, left + width))
    there = picture[(slice(None), *window)]
    there += there * (cutting.relief - 1) * cutting.cover
    for mask, share in zip(masks, cutting.masks, strict=True):
        if share.max() > 0:
            mask[window] |= share >= min(0.5, float(share.max()))
    return True


def surroundings(samples: Floats, counts: Mask, sigma: float) -> Floats:
    """(channel, y, x): the light around each sample, from those that count alone; far from any of them, their mean."""
    if not counts.any():
        return np.broadcast_to(samples.mean((1, 2), keepdims=True), samples.shape).astype(np.float32)
    mean = samples[:, counts].mean(1)[:, None, None]
    weight = ndimage.gaussian_filter(counts.astype(np.float32), sigma)
    whole = ndimage.gaussian_filter(samples * counts, (0, sigma, sigma))
    return np.asarray((whole + FAR * mean) / (weight + FAR), np.float32)


def _widened(box: tuple[slice, slice], shape: tuple[int, ...]) -> tuple[slice, slice]:
    margin = max(LEAST, round(MARGIN * max(s.stop - s.start for s in box)))
    rows, columns = (slice(max(0, s.start - margin), min(n, s.stop + margin)) for s, n in zip(box, shape, strict=True))
    return rows, columns
