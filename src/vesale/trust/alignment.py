"""Two small pictures laid over each other, and how much of what they show then agrees; no file, no cohort.

Registration is Gauss-Newton on an affine map with the roles of Baker and Matthews ("Lucas-Kanade 20 years on", 2004):
the gradient is taken of the picture that stays. Before it, each picture is set against the mean and spread of its
surroundings, so that brightness, contrast and uneven light tell nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter, label, map_coordinates

from .fingerprints import Grey, Singles
from .squares import moved_by

Floats = NDArray[np.float64]
Scales = Callable[[int], Singles]
"""Side -> a picture at that scale."""
COARSE, HALFWAY = 32, 64
"""Sides of the first two scales, at which many pairs are registered at once (`squares.py`)."""
FINE = ((64, 5), (128, 4))
"""Long side and steps of the scales after it."""
GIVE_UP = 0.6
"""Correlation at a fine scale below which two pictures are not looked at again."""
NOISE = 3.0
"""Grey levels that are no detail."""
EVEN, WIDE = 12, 0.01
"""Grey levels within which a frame is even, and the share of the picture that a part of one has."""
AROUND = 1.5
"""Times the broader blur: the surroundings over which detail is compared."""
EDGE = 3
"""Samples over which a frame fades into the picture."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """How one picture lies over another."""

    affine: tuple[float, ...]
    """2 x 3: from (x, y) of the second to the first; each picture spans -1 to 1."""
    shared: float
    """Share of the smaller one that both show."""
    detail: float
    """Correlation of fine detail over what both show; 1 for the same picture, about 0 for another."""
    local: float
    """The median, over places with detail, of the correlation around the place."""
    places: float
    """How many independent places had detail."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A thumbnail without its black or white frame."""

    picture: Singles
    shown: Singles
    """1 where there is picture, 0 in the frame."""


def prepared(picture: Grey) -> Prepared:
    """What the other functions expect: the picture going on smoothly into its frame, and where it is none."""
    frame = frame_of(picture)
    return Prepared(_filled(picture.astype(np.float32), frame, max(picture.shape) / 16), (~frame).astype(np.float32))


def coarse(ready: Prepared) -> Singles:
    """The picture squashed onto a square of `COARSE`, each sample against its surroundings, 0 in the frame."""
    squashed, shown = (_resized(p, (COARSE, COARSE)) for p in (ready.picture, ready.shown))
    return np.asarray(_levelled(squashed) * shown, np.float32)


def halfway(ready: Prepared, side: int) -> Singles:
    """(2, side, side): as `coarse`, at a side of `side`, and of that the fine detail alone."""
    squashed, shown = (_resized(p, (side, side)) for p in (ready.picture, ready.shown))
    even = _levelled(squashed)
    fine = gaussian_filter(even, 0.6) - gaussian_filter(even, 2.0)  # the single sample is noise, the rest is outline
    return np.asarray(np.stack([even, fine]) * shown, np.float32)


def levelled(ready: Prepared, side: int) -> Singles:
    """At a long side of at most `side`, each sample against its surroundings, 0 in the frame."""
    return np.asarray(_levelled(_scaled(ready.picture, side)) * _scaled(ready.shown, side), np.float32)


def overlay(pair: tuple[Grey, Grey], ready: tuple[Scales, Scales], affine: Floats) -> Overlay | None:
    """The first picture laid over the second as well as can be, starting at `affine` (2 x 3, of `laid_over`).

    `ready`: what `levelled` makes of the same pictures at a side. None when that leads nowhere.
    """
    most = max(max(p.shape) for p in pair)
    for number, (side, steps) in enumerate(FINE):
        if number and side >= 2 * most:
            break
        moved, fixed = (at(side) for at in ready)
        affine = _registered(moved, fixed, affine, steps)
        seen, inside = _seen(moved, fixed.shape, affine)
        if not plausible(affine) or _correlation(seen[inside], fixed[inside]) < GIVE_UP:
            return None
    return _judged(*pair, affine)


def plausible(affines: Floats) -> NDArray[np.bool_]:
    """(..., 2, 3): whether a map is neither torn nor shrunk beyond what a crop explains."""
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(affines).all(axis=(-2, -1)))
    known = np.where(finite[..., None, None], affines, 0)
    large, small = np.moveaxis(np.linalg.svd(known[..., :2], compute_uv=False), -1, 0)
    far = np.abs(known[..., 2]).max(axis=-1)
    return np.asarray(finite & (small > 0.4) & (large < 2.5) & (large < 2 * small) & (far < 1.0))


def _registered(moved: Singles, fixed: Singles, affine: Floats, steps: int) -> Floats:
    """2 x 3 after at most so many steps of Gauss-Newton."""
    slopes = _slopes(fixed[None])[0]
    for _ in range(steps):
        seen, inside = _seen(moved, fixed.shape, affine)
        if inside.mean() < 0.2:
            return affine
        gain, offset = _gain(seen[inside], fixed[inside])
        error = gain * seen[inside] + offset - fixed[inside]
        lean = slopes[:, inside.reshape(-1)]
        matrix = lean @ lean.T
        step = np.linalg.solve(matrix + np.eye(6) * (1e-3 * np.trace(matrix) / 6 + 1e-6), lean @ error)
        affine = moved_by(affine, step.reshape(2, 3))
        if np.abs(step).max() < 1e-3:
            break
    return affine


def _slopes(fixed: Singles) -> Singles:
    """(n, 6, height * width): how each sample of (n, height, width) changes with each number of an affine map."""
    x, y = (c.astype(np.float32) for c in _coordinates(fixed.shape[1:]))
    down, along = np.gradient(fixed, axis=(1, 2))
    along, down = along * fixed.shape[2] / 2, down * fixed.shape[1] / 2
    return np.stack([along * x, along * y, along, down * x, down * y, down], axis=1).reshape(len(fixed), 6, -1)


def _judged(first: Grey, second: Grey, affine: Floats) -> Overlay:
    """The evidence at the scale of the thumbnails, in the frame of the coarser of the two."""
    if abs(np.linalg.det(affine[:, :2])) * np.prod(second.shape[:2]) < 1e-9:
        return Overlay(tuple(affine.reshape(-1).tolist()), 0.0, 0.0, 0.0, 0.0)
    seen, inside = _seen(first.astype(np.float32), second.shape, affine)
    shown = np.where(inside, seen, second.astype(np.float32))
    fine, broad = _bands(second.shape)
    frame = frame_of(second) | frame_of(np.rint(shown).astype(np.uint8))
    a, b = (_band(_filled(p, frame, broad), fine, broad) for p in (shown, second.astype(np.float32)))
    weight = (gaussian_filter(inside.astype(np.float32), broad) > 0.95) & ~frame
    reach = AROUND * broad
    power = [gaussian_filter(np.where(weight, p, 0), reach) for p in (a * a, b * b, a * b)]
    place = weight & (np.maximum(power[0], power[1]) > (NOISE / 2) ** 2)
    if not place.any():
        return Overlay(tuple(affine.reshape(-1).tolist()), float(inside.mean()), 0.0, 0.0, 0.0)
    near = power[2][place] / np.sqrt(np.maximum(power[0][place] * power[1][place], 1e-9))
    even = [p / np.sqrt(np.maximum(q, (NOISE / 2) ** 2)) for p, q in ((a, power[0]), (b, power[1]))]
    size = abs(float(np.linalg.det(affine[:, :2])))
    return Overlay(
        affine=tuple(affine.reshape(-1).tolist()),
        shared=float(min(1.0, inside.mean() * max(1.0, size))),
        detail=_correlation(np.asarray(even[0][place], np.float32), np.asarray(even[1][place], np.float32)),
        local=float(np.median(near)),
        places=places_of(int(place.sum()), second.shape),
    )


def places_of(samples: int, shape: tuple[int, ...]) -> float:
    """How many independent places so many samples of a picture of this shape are."""
    reach = AROUND * _bands(shape)[1]
    return float(samples / (4 * np.pi * reach**2))


def _bands(shape: tuple[int, ...]) -> tuple[float, float]:
    """Deviations of the two blurs between which detail lies."""
    return (0.6, 2.0) if max(shape) < 64 else (1.0, 4.0)


def frame_of(picture: Grey) -> NDArray[np.bool_]:
    """The even dark or light surroundings of what was taken, with its edge: all pictures of a camera share it."""
    around = np.zeros(picture.shape, bool)
    low, high = int(picture.min()), int(picture.max())
    for plain in (picture <= low + EVEN, picture >= high - EVEN):
        areas, _ = label(plain)
        at_rim = np.setdiff1d(np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]]), 0)
        wide = at_rim[np.bincount(areas.reshape(-1))[at_rim] > WIDE * picture.size]
        around |= np.isin(areas, wide)
    return np.asarray(binary_dilation(around, iterations=EDGE)) if around.any() else around


def _filled(picture: Singles, frame: NDArray[np.bool_], reach: float) -> Singles:
    """The picture going on smoothly into its frame, so that the edge is no detail."""
    if not frame.any() or frame.all():
        return picture
    inside = (~frame).astype(np.float32)
    share = gaussian_filter(inside, reach)
    near = gaussian_filter(picture * inside, reach) / np.maximum(share, 1e-3)
    mean = picture[~frame].mean()
    return np.asarray(np.where(frame, mean + (near - mean) * np.clip(share / 0.1, 0, 1), picture), np.float32)


def _scaled(picture: Singles, side: int) -> Singles:
    """Means over areas, at a long side of at most `side`."""
    ratio = min(1.0, side / max(picture.shape))
    height, width = (max(2, round(n * ratio)) for n in picture.shape)
    if (height, width) == picture.shape:
        return picture
    return _resized(picture, (height, width))


def _resized(picture: Singles, size: tuple[int, int]) -> Singles:
    return np.asarray(_means(picture.shape[0], size[0]) @ picture @ _means(picture.shape[1], size[1]).T, np.float32)


@lru_cache(maxsize=2048)
def _means(count: int, parts: int) -> Singles:
    edges = np.linspace(0, count, parts + 1)
    inside = np.minimum(edges[1:, None], np.arange(1, count + 1)) - np.maximum(edges[:-1, None], np.arange(count))
    return np.asarray(np.clip(inside, 0, None) * parts / count, np.float32)


def _levelled(picture: Singles) -> Singles:
    reach = max(1.5, max(picture.shape) / 10)
    rest = picture - gaussian_filter(picture, reach)
    return np.asarray(rest / np.sqrt(gaussian_filter(rest * rest, reach) + NOISE**2), np.float32)


def _band(picture: Singles, fine: float, broad: float) -> Singles:
    return np.asarray(gaussian_filter(picture, fine) - gaussian_filter(picture, broad), np.float32)


@lru_cache(maxsize=64)
def _coordinates(shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """x and y, each (height, width), of the centres of the samples."""
    y, x = ((np.arange(n) + 0.5) / n * 2 - 1 for n in shape)
    return x[None, :] + 0 * y[:, None], y[:, None] + 0 * x[None, :]


def _seen(picture: Singles, shape: tuple[int, ...], affine: Floats) -> tuple[Singles, NDArray[np.bool_]]:
    """A picture through `affine`, on the samples of a picture of `shape`; and where it has anything to show."""
    x, y = _coordinates(shape)
    across = affine[0, 0] * x + affine[0, 1] * y + affine[0, 2]
    down = affine[1, 0] * x + affine[1, 1] * y + affine[1, 2]
    height, width = picture.shape
    places = np.stack([(down + 1) / 2 * height - 0.5, (across + 1) / 2 * width - 0.5])
    seen = map_coordinates(picture, places, order=1, mode="nearest")
    return seen, (np.abs(across) <= 1) & (np.abs(down) <= 1)


def _gain(seen: Singles, fixed: Singles) -> tuple[float, float]:
    spread = float(seen.var())
    gain = float(((seen - seen.mean()) * (fixed - fixed.mean())).mean()) / spread if spread > 1e-6 else 1.0
    gain = max(gain, 0.2)
    return gain, float(fixed.mean()) - gain * float(seen.mean())


def _correlation(a: Singles, b: Singles) -> float:
    if a.size < 16:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / np.sqrt(max(float((a * a).sum() * (b * b).sum()), 1e-12)))
