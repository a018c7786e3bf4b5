"""Whether a mask lies on its own image: swapped with another exam's, shifted, mirrored, inverted, empty or full.

The cohort itself says what its masks mark: a ridge on simple features of a pixel, learned from the other subjects,
makes a map of each image, and the mask is laid over it, moved, mirrored, and exchanged for the others'. Where the map
hardly agrees with the masks of the cohort, nothing is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
Maps = NDArray[np.float32]

SIDE = 256
"""Long side at which image and mask are compared."""
COARSE = 48
"""Side at which masks are exchanged between exams."""
SAMPLES = 600
"""Pixels of an exam that the ridge learns from."""
REACH = 0.12
"""Shifts up to this share of the long side are tried."""
FEWEST = 8
"""Exams with a mask below which nothing but emptiness is judged."""
TELLING = 0.25
"""Least median correlation of map and mask in the cohort."""
GAIN, BOTH = 0.15, 0.2
"""What a mirrored mask must gain in correlation, and two exams together that exchange masks."""
USUAL = 0.7
"""Share of the cohort's median agreement that a moved mask must reach to be believed."""
MOVED, SHARPER = 1.2, 0.06
"""Samples that a shift must be away from the cohort's usual one, and the share of the correlation that it must gain."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """An image and its mask at `SIDE`."""

    picture: NDArray[np.uint8]
    """(C, h, w)"""
    mask: Maps
    """(h, w), share that is labelled."""
    scale: float
    """Samples of the image in one of these."""


@dataclass(frozen=True, slots=True)
class Misfit:
    index: int
    kind: str
    """swapped, mirrored, inverted, shifted, empty, full"""
    confidence: float
    own: float
    """Correlation of mask and map as they are."""
    better: float
    """And as they would be with the fault undone."""
    other: int | None = None
    """Exam whose mask fits."""
    shift: tuple[float, float] | None = None
    """Samples of the image, down and right, by which the mask stands off."""


def misfits(pairs: Sequence[Pair], subjects: Sequence[str], seed: int = 0) -> tuple[list[Misfit], float]:
    """Of masks of one class; and the cohort's median agreement, by which to know whether they could be judged."""
    shares = np.array([float((pair.mask > 0.5).mean()) for pair in pairs])
    found = [Misfit(i, "full", 0.9, 0, 0) for i, share in enumerate(shares) if share > 0.98]
    rest = [i for i, pair in enumerate(pairs) if pair.mask.any() and shares[i] <= 0.98]
    if len(rest) * 2 > len(pairs):
        found += [Misfit(i, "empty", 0.5, 0, 0) for i, pair in enumerate(pairs) if not pair.mask.any()]
    if len(rest) < FEWEST:
        return found, 0.0
    maps = cohort_maps([pairs[i] for i in rest], [subjects[i] for i in rest], seed)
    masks = [pairs[i].mask for i in rest]
    own = np.array([_correlation(m, mask) for m, mask in zip(maps, masks, strict=True)])
    median = float(np.median(own))
    if median < TELLING:
        return found, median
    exchanged = _exchanges(maps, masks, [subjects[i] for i in rest])
    turned = _mirrored(maps, masks, own, median)
    done = {m.index: m for m in (*_shifted(maps, masks, [pairs[i].scale for i in rest], median), *turned, *exchanged)}
    placed = [replace(m, index=rest[m.index], other=None if m.other is None else rest[m.other]) for m in done.values()]
    return found + placed, median


def cohort_maps(pairs: Sequence[Pair], subjects: Sequence[str], seed: int = 0) -> list[Maps]:
    """What a ridge, fitted on the other half of the subjects, says of every pixel: (h, w) each."""
    rng = np.random.default_rng(seed)
    names = sorted(set(subjects))
    half = dict(zip(rng.permutation(names).tolist(), np.arange(len(names)) % 2, strict=True))
    sides = np.array([half[s] for s in subjects])
    if len(names) == 1:
        sides = np.arange(len(pairs)) % 2
    rows, targets, owners = [], [], []
    for i, pair in enumerate(pairs):
        x, y = _sampled(pair, rng)
        rows.append(x)
        targets.append(y)
        owners.append(np.full(len(y), sides[i]))
    x, y, owner = np.concatenate(rows), np.concatenate(targets), np.concatenate(owners)
    fits = [_fitted(x[owner != side], y[owner != side]) for side in (0, 1)]
    return [_applied(fits[sides[i]], pair) for i, pair in enumerate(pairs)]


def pixel_features(picture: NDArray[np.uint8]) -> Maps:
    """(d, h, w): each channel against its surroundings at three scales and by itself, the local spread, squares."""
    planes = picture[:3].astype(np.float32) / 255
    planes = (planes - planes.mean(axis=(1, 2), keepdims=True)) / (planes.std(axis=(1, 2), keepdims=True) + 0.02)
    fine = ndimage.gaussian_filter(planes, (0, 1, 1))
    middle = ndimage.uniform_filter(planes, (0, 9, 9))
    coarse = ndimage.uniform_filter(planes, (0, 41, 41))
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(planes**2, (0, 9, 9)) - middle**2, 0))
    parts = [planes, fine - middle, middle - coarse, coarse, spread]
    plain = np.concatenate(parts)
    return np.asarray(np.concatenate([plain, plain**2, np.abs(plain)]), np.float32)


def _sampled(pair: Pair, rng: np.random.Generator) -> tuple[Floats, Floats]:
    features = pixel_features(pair.picture)
    flat = (pair.mask > 0.5).ravel() if (pair.mask > 0.5).any() else (pair.mask > 0).ravel()
    marked, plain = np.flatnonzero(flat), np.flatnonzero(~flat)
    picked = np.concatenate(
        [rng.choice(group, min(len(group), SAMPLES // 2), replace=False) for group in (marked, plain)]
    )
    return features.reshape(len(features), -1)[:, picked].T.astype(float), flat[picked].astype(float)


def _fitted(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    z = (x - centre) / spread
    weights = np.linalg.solve(z.T @ z + 1e-2 * len(z) * np.eye(z.shape[1]), z.T @ (y - y.mean()))
    return centre, spread, weights


def _applied(fit: tuple[Floats, Floats, Floats], pair: Pair) -> Maps:
    centre, spread, weights = fit
    features = pixel_features(pair.picture)
    scaled = (weights / spread).astype(np.float32)
    flat = np.tensordot(scaled, features, axes=(0, 0)) - np.float32((centre / spread) @ weights)
    return np.asarray(ndimage.gaussian_filter(np.clip(flat, -0.5, 0.8), 0.7), np.float32)


def _correlation(a: Maps, b: Maps) -> float:
    x, y = a - a.mean(), b - b.mean()
    return float((x * y).sum() / (np.sqrt(float((x**2).sum()) * float((y**2).sum())) + 1e-9))


def _unit(maps: Sequence[Maps]) -> Floats:
    """(n, COARSE * COARSE) of zero mean and unit length."""
    small = np.array(
        [ndimage.zoom(m, (COARSE / m.shape[0], COARSE / m.shape[1]), order=1).ravel() for m in maps], float
    )
    small -= small.mean(axis=1, keepdims=True)
    return np.asarray(small / (np.linalg.norm(small, axis=1, keepdims=True) + 1e-9))


def _blurred(masks: Sequence[Maps]) -> list[Maps]:
    return [ndimage.uniform_filter(m, max(1, round(max(m.shape) / COARSE))) for m in masks]


def _exchanges(maps: Sequence[Maps], masks: Sequence[Maps], subjects: Sequence[str]) -> list[Misfit]:
    """Two exams that both gain when they exchange masks; then exams whose mask fits badly while that of another, which
    fits its own exam badly, too, fits well (three that went round)."""
    table = _unit(_blurred(maps)) @ _unit(_blurred(masks)).T  # (map, mask)
    fit = np.diag(table).copy()
    gain = table - fit[:, None]
    names = np.array(subjects)
    both = np.where(names[:, None] != names, gain + gain.T, -1.0)
    found: dict[int, Misfit] = {}
    for i, j in zip(*np.unravel_index(np.argsort(-both, axis=None)[: 2 * len(maps)], both.shape), strict=True):
        if both[i, j] >= BOTH and i not in found and j not in found:
            sure = float(min(0.99, 0.6 + both[i, j]))
            found[int(i)] = Misfit(int(i), "swapped", sure, float(fit[i]), float(table[i, j]), int(j))
            found[int(j)] = Misfit(int(j), "swapped", sure, float(fit[j]), float(table[j, i]), int(i))
    poor = [i for i in np.flatnonzero(fit < _fence(fit)).tolist() if i not in found]
    for i in poor:
        best = max((j for j in poor if names[j] != names[i]), key=lambda j: table[i, j], default=i)
        if gain[i, best] >= GAIN and float((table[i] > table[i, best]).mean()) <= 0.05:
            found[i] = Misfit(i, "swapped", 0.7, float(fit[i]), float(table[i, best]), best)
    return list(found.values())


def _fence(values: Floats) -> float:
    """Below it a value is an outlier of its cohort; at least the lower half is never."""
    q1, q2 = np.quantile(values, [0.25, 0.5])
    return float(q2 - max(2.0 * (q2 - q1), 0.1))


def _mirrored(maps: Sequence[Maps], masks: Sequence[Maps], own: Floats, median: float) -> list[Misfit]:
    fence = _fence(own)
    found = []
    for i in np.flatnonzero(own < fence).tolist():
        flips = [
            _correlation(maps[i], flipped) for flipped in (masks[i][:, ::-1], masks[i][::-1], masks[i][::-1, ::-1])
        ]
        if -own[i] > max(TELLING, 0.5 * median):
            found.append(Misfit(i, "inverted", 0.95, float(own[i]), float(-own[i])))
        elif max(flips) - own[i] >= GAIN and max(flips) >= fence:
            found.append(Misfit(i, "mirrored", 0.95, float(own[i]), float(max(flips))))
    return found


def _shifted(maps: Sequence[Maps], masks: Sequence[Maps], scales: Sequence[float], median: float) -> list[Misfit]:
    """Masks whose best place is another than the cohort's usual one."""
    peaks = [_peak(m, mask) for m, mask in zip(maps, masks, strict=True)]
    moves = np.array([(y, x) for y, x, _, _ in peaks])
    usual = np.median(moves, axis=0)
    away = np.hypot(*(moves - usual).T)
    spread = 1.4826 * float(np.median(away))
    found = []
    for i, (y, x, best, here) in enumerate(peaks):
        gain = (best - here) / max(best, 1e-6)
        if best >= max(TELLING, USUAL * median) and away[i] > max(MOVED, 3 * spread) and gain >= SHARPER:
            off = (-y * scales[i], -x * scales[i])
            sure = min(0.99, 0.5 + gain + 0.05 * away[i] / max(spread, 0.3))
            found.append(Misfit(i, "shifted", round(sure, 3), here, best, None, off))
    return found


def _peak(score: Maps, mask: Maps) -> tuple[float, float, float, float]:
    """(down, right, correlation there, correlation unmoved) of the move of the mask that fits best, to a part of a
    sample."""
    reach = max(2, round(REACH * max(score.shape)))
    size = tuple(n + reach for n in score.shape)
    a, b = score - score.mean(), mask - mask.mean()
    product = np.fft.irfft2(np.fft.rfft2(a, size) * np.conj(np.fft.rfft2(b, size)), size)
    window = np.roll(product, (reach, reach), axis=(0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    window = window / (np.sqrt(float((a**2).sum()) * float((b**2).sum())) + 1e-9)
    y, x = np.unravel_index(int(window.argmax()), window.shape)
    return _part(window[:, x], y) - reach, _part(window[y], x) - reach, float(window[y, x]), float(window[reach, reach])


def _part(line: Floats, i: np.intp | int) -> float:
    """Top of the parabola through three values."""
    if not 0 < i < len(line) - 1:
        return float(i)
    before, here, after = line[i - 1 : i + 2]
    bend = before - 2 * here + after
    return float(i) if bend == 0 else float(i) + 0.5 * float((before - after) / bend)
