"""Pictures whose answer is decided by a known place, so that a map of reasons can be right or wrong."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import phantoms

SIZE, SIDE = 48, 10
"""Of a picture, and of the square that decides."""


def scene(rng: np.random.Generator, square: bool, bright: bool) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(picture, where the square is): a light or dark ground, always a ring that means nothing, sometimes a square."""
    y, x = np.mgrid[:SIZE, :SIZE]
    picture = rng.normal(70 if bright else 40, 6, (SIZE, SIZE))
    cy, cx = rng.uniform(10, SIZE - 10, 2)
    distance = np.hypot(y - cy, x - cx)
    picture[(distance < 7) & (distance > 4)] += 60
    top, left = rng.integers(2, SIZE - SIDE - 2, 2)
    where = (y >= top) & (y < top + SIDE) & (x >= left) & (x < left + SIDE)
    if square:
        picture[where] = rng.normal(200, 6, int(where.sum()))
    return picture.clip(0, 255).astype(np.uint8), where


def square_cohort(folder: Path, rng: np.random.Generator, exams: int = 96) -> Path:
    """Columns exam, subject, image, square (yes, no), ground (dark, light), mask: one picture each."""
    rows: list[dict[str, Any]] = []
    for i in range(exams):
        square, bright = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
        picture, where = scene(rng, square, bright)
        name = f"e{i:03d}.png"
        phantoms.write_raster(folder / "images" / name, picture)
        phantoms.write_raster(folder / "masks" / name, (where & square).astype(np.uint8) * 255)
        rows.append(
            {"exam": f"e{i:03d}", "subject": f"s{i:03d}", "image": f"images/{name}"}
            | {"square": "yes" if square else "no", "ground": "light" if bright else "dark", "mask": f"masks/{name}"}
        )
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder
