"""Made scenes with detail everywhere, as photographs have it, and cohorts of them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import phantoms

Picture = NDArray[np.uint8]


def scene(rng: np.random.Generator, shape: tuple[int, int] = (160, 200)) -> Picture:
    """(y, x, 3): blobs of several sizes, no two scenes alike."""
    grey = sum(s * 1.6 * gaussian_filter(rng.normal(0, 1, shape), s) for s in (2, 4, 8, 16))
    grey = 128 + 45 * grey / grey.std()
    tint = np.array([1.0, 0.9, 0.8])
    return np.asarray(np.clip(grey[..., None] * tint + rng.normal(0, 2, (*shape, 3)), 0, 255), np.uint8)


def disc_of(picture: Picture) -> Picture:
    """The scene as a fundus camera would show it: a disc on black, the same for all."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - height / 2, x - width / 2) < 0.48 * min(height, width)
    return np.where(inside[..., None], picture, 0).astype(np.uint8)


def write_cohort(folder: Path, rows: Sequence[Mapping[str, object]], pictures: Mapping[str, Picture]) -> Path:
    """`pictures`: file name -> samples; the rows name the files."""
    for name, picture in pictures.items():
        phantoms.write_raster(folder / name, picture)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(k for row in rows for k in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder
