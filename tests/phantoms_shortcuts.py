"""Made cohorts with a planted shortcut, mark, misplaced mask or wrong label; the truth is what each function says."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.ndimage import gaussian_filter

Array = NDArray[Any]
Change = Callable[[Array, bool, np.random.Generator], tuple[Array, str, dict[str, Any]]]


def clouds(rng: np.random.Generator, side: int = 96) -> Array:
    """(side, side, 3) coloured clouds with grain; no two alike."""
    soft = gaussian_filter(rng.normal(size=(side, side, 3)), (6, 6, 0)) * 9
    grain = gaussian_filter(rng.normal(size=(side, side, 1)), (1, 1, 0))
    return np.clip(120 + 28 * (soft + grain), 0, 255).astype(np.uint8)


def plain(picture: Array, positive: bool, rng: np.random.Generator) -> tuple[Array, str, dict[str, Any]]:
    return picture, ".jpg", {"quality": 85}


def stamped(picture: Array, positive: bool, rng: np.random.Generator) -> tuple[Array, str, dict[str, Any]]:
    """A grid of white strokes at the top right of nine in ten of the class, one in ten of the other."""
    out = picture.copy()
    if rng.random() < (0.9 if positive else 0.1):
        part = out[4:14, -30:-4]
        part[::4] = 255
        part[:, ::5] = 255
    return out, ".png", {}


def tinted(picture: Array, positive: bool, rng: np.random.Generator) -> tuple[Array, str, dict[str, Any]]:
    """The lower left corner of the class is redder."""
    out = picture.astype(float)
    if positive:
        out[-14:, :14] += (60, 0, -60)
    return np.clip(out, 0, 255).astype(np.uint8), ".png", {}


def recoded(picture: Array, positive: bool, rng: np.random.Generator) -> tuple[Array, str, dict[str, Any]]:
    return picture, ".jpg", {"quality": 92 if positive else 70}


def cohort(folder: Path, change: Change, n: int = 60, seed: int = 0) -> Path:
    """`n` exams, each its own subject, half of class a."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for i, number in enumerate(rng.permutation(10_000)[:n]):
        positive = i % 2 == 0
        picture, suffix, options = change(clouds(rng), positive, rng)
        Pillow.fromarray(picture).save(folder / f"x{number}{suffix}", **options)
        rows.append([f"x{number}{suffix}", f"s{i}", "a" if positive else "b"])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["image", "subject", "label"], *rows])
    return folder


def blobs(rng: np.random.Generator, side: int = 96) -> tuple[Array, Array]:
    """A picture (3, side, side) with some bright blobs, and (side, side) 0 or 1 where they are."""
    y, x = np.mgrid[:side, :side]
    mask = np.zeros((side, side), bool)
    for _ in range(4):
        cy, cx, r = *rng.integers(14, side - 14, 2), rng.integers(5, 11)
        mask |= (y - cy) ** 2 + (x - cx) ** 2 < r**2
    picture = np.moveaxis(clouds(rng, side), -1, 0) * 0.5 + 90 * gaussian_filter(mask.astype(float), 1)
    return np.clip(picture, 0, 255).astype(np.uint8), mask.astype(np.float32)
