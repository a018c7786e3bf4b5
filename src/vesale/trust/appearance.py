"""What a picture looks like, in some forty numbers that cost the same whatever its size. Judging them is gate.py."""

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ShapeError

Floats = NDArray[np.float64]
SIDE = 128
"""Longest side of the thumbnail that most statistics are taken from."""
PATCH = 64
"""Side of the windows, nine over the picture, where sharpness is taken at full resolution."""
DARK, LIGHT = 0.06, 0.95


def image_statistics(array: NDArray[np.float32]) -> tuple[tuple[str, ...], Floats]:
    """(names, values) of a picture (C, H, W) in [0, 1]; one channel counts as grey, of more than three the first three.

    A name is `check.what`; values are shares, intensities in [0, 1] or natural logarithms. Never nan.
    """
    if array.ndim != 3 or 0 in array.shape:
        raise ShapeError(f"a picture is (channels, height, width), got {array.shape}")
    colour = array[:3] if len(array) >= 3 else np.repeat(array[:1], 3, axis=0)
    small = np.clip(np.nan_to_num(thumbnail(colour, SIDE).astype(float)), 0, 1)
    grey = small.mean(axis=0)
    found = _brightness(grey) | _contrast(grey) | _sharpness(colour, grey) | _colour(small, grey)
    found |= _layout(grey, array.shape[-2:])
    return tuple(found), np.nan_to_num(np.array(list(found.values())))


def thumbnail(array: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Means of square blocks, at most 4 x 4 samples of each, so that the longest side is at most `side`."""
    height, width = array.shape[-2:]
    block = max(1, -(-max(height, width) // side))
    block = min(block, height, width)
    step = max(1, block // 4)
    h, w, inside = height // block, width // block, range(0, block - block % step, step)
    cut = array[:, : h * block, : w * block]
    total = np.zeros((len(array), h, w), dtype=np.float32)
    for y in inside:
        for x in inside:
            total += cut[:, y::block, x::block]
    return np.asarray(total / len(inside) ** 2)


def _brightness(grey: Floats) -> dict[str, float]:
    p5, p25, p50, p75, p95 = np.percentile(grey, [5, 25, 50, 75, 95]).tolist()
    return {
        "brightness.mean": float(grey.mean()),
        "brightness.p5": p5,
        "brightness.p25": p25,
        "brightness.median": p50,
        "brightness.p75": p75,
        "brightness.p95": p95,
        "brightness.dark": float((grey < DARK).mean()),
        "brightness.light": float((grey > LIGHT).mean()),
    }


def _contrast(grey: Floats) -> dict[str, float]:
    """All relative to the brightness, so that a darker exposure changes nothing here."""
    low, high = np.percentile(grey, [5, 95])
    level = float(grey.mean()) + 0.005
    counts = np.bincount(np.minimum(grey / (high + 0.005) * 24, 31).astype(int).reshape(-1), minlength=32) / grey.size
    present = counts[counts > 0]
    coarse = np.kron(_halved(_halved(_halved(grey))), np.ones((8, 8)))
    local = grey[: coarse.shape[0], : coarse.shape[1]] - coarse[: grey.shape[0], : grey.shape[1]]
    return {
        "contrast.deviation": float(grey.std()) / level,
        "contrast.range": float(high - low) / level * 0.5,
        "contrast.local": float(local.std()) / level * 2,
        "contrast.entropy": float(-(present * np.log(present)).sum() / np.log(32)),
    }


def _sharpness(colour: NDArray[np.float32], grey: Floats) -> dict[str, float]:
    """Energy of the Laplacian relative to the contrast, at full resolution and at three thumbnail scales."""
    half = _halved(grey)
    return {
        "sharpness.native": _native_sharpness(colour),
        "sharpness.whole": _relative_energy(grey),
        "sharpness.half": _relative_energy(half),
        "sharpness.quarter": _relative_energy(_halved(half)),
    }


def _native_sharpness(colour: NDArray[np.float32]) -> float:
    """Median over nine windows."""
    height, width = colour.shape[-2:]
    tops = np.linspace(0, max(height - PATCH, 0), 5).astype(int)[1:4]
    lefts = np.linspace(0, max(width - PATCH, 0), 5).astype(int)[1:4]
    windows = (colour[:, y : y + PATCH, x : x + PATCH] for y in tops for x in lefts)
    return float(np.median([_relative_energy(np.nan_to_num(w).mean(axis=0, dtype=float)) for w in windows]))


def _relative_energy(grey: Floats) -> float:
    if min(grey.shape) < 3:
        return 0.0
    inner = grey[1:-1, 1:-1]
    laplacian = 4 * inner - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return float(np.log((laplacian.std() + 0.002) / (grey.std() + 0.01)))


def _colour(small: Floats, grey: Floats) -> dict[str, float]:
    """Of the samples that are not dark; of all where nearly everything is."""
    seen = grey > DARK
    if seen.mean() < 0.02:
        seen = np.ones_like(seen)
    red, green, blue = (channel[seen] for channel in small)
    total = red + green + blue + 1e-3
    highest = np.maximum(np.maximum(red, green), blue)
    saturation = (highest - np.minimum(np.minimum(red, green), blue)) / (highest + 1e-3)
    found = {}
    for name, values in {"red": red / total, "blue": blue / total, "saturation": saturation}.items():
        found[f"colour.{name}"] = float(values.mean())
        found[f"colour.{name}_deviation"] = float(values.std())
        found[f"colour.{name}_p10"], found[f"colour.{name}_p90"] = np.percentile(values, [10, 90]).tolist()
    return found


def _layout(grey: Floats, shape: tuple[int, ...]) -> dict[str, float]:
    h, w = grey.shape
    y, x = (np.arange(h) + 0.5) / h * 2 - 1, (np.arange(w) + 0.5) / w * 2 - 1
    radius = np.hypot(y[:, None], x)
    ring = np.minimum((radius * 4).astype(int), 5).reshape(-1)  # four rings to the edge, two in the corners
    means = np.bincount(ring, grey.reshape(-1), 6) / np.maximum(np.bincount(ring, minlength=6), 1)
    level, rim = (float(grey.mean()) + 0.005) * 4, max(1, min(h, w) // 16)
    found = {f"layout.ring{i}": float(m) / level for i, m in enumerate(means)}
    sides = {"top": grey[:rim], "bottom": grey[-rim:], "left": grey[:, :rim], "right": grey[:, -rim:]}
    found |= {f"layout.{side}": float(part.mean()) / level for side, part in sides.items()}
    found |= {
        "layout.centre_y": float((grey.sum(axis=1) @ y) / (grey.sum() + 1e-3)),
        "layout.centre_x": float((grey.sum(axis=0) @ x) / (grey.sum() + 1e-3)),
        "layout.direction": _direction(grey) * 0.25,
        "layout.mirror_x": _likeness(grey, grey[:, ::-1]),
        "layout.mirror_y": _likeness(grey, grey[::-1]),
        "size.aspect": float(np.log(shape[1] / shape[0])),
        "size.side": float(np.log(shape[0] * shape[1]) / 2),
    }
    return found


def _direction(grey: Floats) -> float:
    """Logarithm of how much more the picture changes along x than along y."""
    along_y, along_x = (np.abs(np.diff(grey, axis=axis)).sum() / grey.size for axis in (0, 1))
    return float(np.log((along_x + 0.002) / (along_y + 0.002)))


def _likeness(a: Floats, b: Floats) -> float:
    """Correlation of two pictures, 0 for flat ones."""
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (np.sqrt((a**2).sum() * (b**2).sum()) + 1e-3))


def _halved(grey: Floats) -> Floats:
    h, w = grey.shape[0] // 2, grey.shape[1] // 2
    if 0 in (h, w):
        return grey
    return np.asarray(grey[: h * 2, : w * 2].reshape(h, 2, w, 2).mean(axis=(1, 3)))
