"""Pictures whose answer is decided by a known place, so that a map of reasons can be right or wrong."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import phantoms

SIZE, SIDE, RADIUS = 32, 7, 4
"""Of a picture; of a bright square and a dark disc, each of which decides one label and says nothing of the other."""
Places = dict[str, NDArray[np.bool_]]


def scene(rng: np.random.Generator, square: bool, disc: bool) -> tuple[NDArray[np.uint8], Places]:
    """(picture, where the square and the disc are or would be); they never touch."""
    y, x = np.mgrid[:SIZE, :SIZE]
    picture = rng.normal(100, 8, (SIZE, SIZE))
    while True:
        top, left = rng.integers(2, SIZE - SIDE - 2, 2)
        cy, cx = rng.integers(RADIUS + 2, SIZE - RADIUS - 2, 2)
        if np.hypot(cy - top - SIDE / 2, cx - left - SIDE / 2) > SIDE + RADIUS:
            break
    places = {
        "square": (y >= top) & (y < top + SIDE) & (x >= left) & (x < left + SIDE),
        "disc": np.hypot(y - cy, x - cx) < RADIUS,
    }
    for name, there, level in (("square", square, 180), ("disc", disc, 20)):
        if there:
            picture[places[name]] = rng.normal(level, 8, int(places[name].sum()))
    return picture.clip(0, 255).astype(np.uint8), places


def planted_cohort(folder: Path, rng: np.random.Generator, exams: int = 96) -> Path:
    """Columns exam, subject, image, square (yes, no), disc (yes, no); one picture each, all four kinds as often."""
    rows: list[dict[str, Any]] = []
    for i in range(exams):
        square, disc = bool(i % 2), bool(i // 2 % 2)
        name = f"e{i:03d}.png"
        phantoms.write_raster(folder / "images" / name, scene(rng, square, disc)[0])
        rows.append(
            {"exam": f"e{i:03d}", "subject": f"s{i:03d}", "image": f"images/{name}"}
            | {"square": "yes" if square else "no", "disc": "yes" if disc else "no"}
        )
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder
