"""Vesale on pictures it makes itself: two kinds of blood cell, and the vessels of made retinas. No network, no data.

`python examples/demo.py` makes the pictures in demo/, then types the four commands that a user would type.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

Field = NDArray[np.float64]
CELL, EYE = 128, 256
KINDS = ("lymphocyte", "neutrophil")


def disc(size: int, y: float, x: float, radius: float, soft: float = 1.5) -> Field:
    """1 inside a circle, 0 outside, with an edge about `soft` pixels wide."""
    rows, columns = np.mgrid[:size, :size]
    return 1 / (1 + np.exp((np.hypot(rows - y, columns - x) - radius) / soft))


def paint(picture: Field, colour: tuple[float, float, float], where: Field) -> Field:
    return picture * (1 - where[..., None]) + np.array(colour) * where[..., None]


def as_bytes(picture: Field, rng: np.random.Generator, noise: float) -> Image.Image:
    grain = gaussian_filter(rng.normal(0, noise, picture.shape), (0.6, 0.6, 0))
    return Image.fromarray((255 * np.clip(picture + grain, 0, 1)).astype(np.uint8))


def cell(kind: str, rng: np.random.Generator) -> Image.Image:
    """A stained white cell among red ones: one round nucleus (lymphocyte), or three to five lobes (neutrophil)."""
    picture = np.ones((CELL, CELL, 3)) * (rng.uniform(0.86, 0.93), rng.uniform(0.82, 0.88), rng.uniform(0.82, 0.88))
    for _ in range(rng.integers(6, 14)):
        y, x, radius = rng.uniform(0, CELL), rng.uniform(0, CELL), rng.uniform(13, 17)
        picture = paint(picture, (0.84, 0.55, 0.55), 0.75 * disc(CELL, y, x, radius))
        picture = paint(picture, (0.9, 0.76, 0.74), 0.5 * disc(CELL, y, x, radius / 2.5, 3))
    y, x = rng.uniform(54, 74, 2)
    wide = rng.uniform(25, 32) if kind == "neutrophil" else rng.uniform(20, 28)
    picture = paint(picture, (0.83, 0.74, 0.83), 0.95 * disc(CELL, y, x, wide, 2))
    nucleus = np.zeros((CELL, CELL))
    if kind == "neutrophil":
        turn, lobes = rng.uniform(0, 2 * np.pi), int(rng.integers(3, 6))
        for i in range(lobes):
            angle = turn + i * rng.uniform(0.9, 1.3)
            away, radius = wide * rng.uniform(0.36, 0.48), wide * rng.uniform(0.26, 0.36)
            nucleus = np.maximum(nucleus, disc(CELL, y + away * np.sin(angle), x + away * np.cos(angle), radius))
    else:
        dy, dx = rng.uniform(-3, 3, 2)
        nucleus = disc(CELL, y + dy, x + dx, wide * rng.uniform(0.66, 0.84), 2)
    texture = gaussian_filter(rng.normal(0, 1, nucleus.shape), 2.5)
    purple = (rng.uniform(0.36, 0.46), rng.uniform(0.22, 0.3), rng.uniform(0.52, 0.6))
    picture = paint(picture, purple, np.clip(nucleus * (0.92 + 0.5 * texture), 0, 1))
    return as_bytes(gaussian_filter(picture, (0.8, 0.8, 0)) * rng.uniform(0.93, 1.05), rng, 0.02)


def branch(draw: ImageDraw.ImageDraw, at: Field, angle: float, width: float, rng: np.random.Generator) -> None:
    """One vessel from `at` on, bending as it goes and sending off thinner ones."""
    bend = rng.normal(0, 0.012)
    while width > 1.2 and at.min() >= 0 and at.max() < 2 * EYE:
        angle += bend + rng.normal(0, 0.06)
        to = at + 6 * np.array([np.cos(angle), np.sin(angle)])
        draw.line([*at, *to], fill=255, width=round(width))
        draw.ellipse([*(to - width / 2), *(to + width / 2)], fill=255)
        at, width = to, width * 0.988
        if rng.random() < 0.06:
            branch(draw, at, angle + rng.choice([-1, 1]) * rng.uniform(0.4, 0.9), width * 0.72, rng)
            width *= 0.9


def eye(rng: np.random.Generator) -> tuple[Image.Image, Image.Image, Image.Image]:
    """A made retina, its vessels, and the field of view in which they count."""
    side, canvas = rng.choice([0.3, 0.7]), Image.new("L", (2 * EYE, 2 * EYE))
    start, pen = 2 * EYE * np.array([side, rng.uniform(0.45, 0.55)]), ImageDraw.Draw(canvas)
    inward = 0.0 if side < 0.5 else np.pi
    for turn in (-2.2, -1.1, -0.5, 0.5, 1.1, 2.2):
        branch(pen, start.copy(), inward + turn + rng.normal(0, 0.12), rng.uniform(6, 10), rng)
    small = canvas.resize((EYE, EYE), Image.Resampling.BOX)
    roi = disc(EYE, EYE / 2, EYE / 2, 0.46 * EYE, 0.5)
    vessels = np.asarray(small) / 255 * (roi > 0.5)
    light = gaussian_filter(rng.normal(0, 1, (EYE, EYE)), 40) * 6 + disc(EYE, EYE / 2, EYE / 2, 0.4 * EYE, 30)
    shade = 0.62 + 0.25 * light + 0.25 * gaussian_filter(rng.normal(0, 1, (EYE, EYE)), 3)
    picture = np.array([0.82, 0.42, 0.22]) * rng.uniform(0.85, 1.05) * shade[..., None]
    x, y = start / 2
    picture = paint(picture, (0.98, 0.82, 0.5), 0.8 * disc(EYE, y, x, 0.075 * EYE, 3))
    picture = paint(picture, (0.4, 0.17, 0.13), 0.6 * disc(EYE, EYE / 2, EYE * (1.08 - side * 1.16), 0.03 * EYE, 8))
    picture = paint(picture, (0.45, 0.1, 0.09), rng.uniform(0.5, 0.75) * gaussian_filter(vessels, 0.6))
    mask, seen = (Image.fromarray(np.uint8(255 * (m > 0.5))) for m in (vessels, roi))
    return as_bytes(picture * roi[..., None], rng, 0.03), mask, seen


def write_table(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def make_cells(folder: Path, new: Path, rng: np.random.Generator, subjects: int) -> None:
    """Two cells of each subject, one table; two more exams, and a picture of no cell, kept apart."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    new.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    for i in range(2 * subjects):
        kind = KINDS[int(rng.integers(2))]
        cell(kind, rng).save(folder / f"images/cell{i:03d}.png")
        row = {"exam": f"cell{i:03d}", "subject": f"s{i // 2:03d}", "image": f"images/cell{i:03d}.png"}
        rows.append({**row, "label": kind, "microscope": "AB"[i // 2 % 2]})
    write_table(folder / "labels.csv", rows)
    for i, kind in enumerate(KINDS):
        cell(kind, rng).save(new / f"new{i}.png")
    eye(rng)[0].resize((CELL, CELL)).save(new / "not-a-cell.png")


def make_vessels(folder: Path, new: Path, rng: np.random.Generator, subjects: int) -> None:
    """One made retina of each subject, with its mask and field of view; two more kept apart."""
    for part in (*(folder / p for p in ("images", "masks", "roi")), new):
        part.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    for i in range(subjects):
        paths = {p: f"{p}/eye{i:02d}.png" for p in ("images", "masks", "roi")}
        for picture, path in zip(eye(rng), paths.values(), strict=True):
            picture.save(folder / path)
        row = {"exam": f"eye{i:02d}", "subject": f"s{i:02d}"}
        rows.append({**row, "image": paths["images"], "mask": paths["masks"], "roi": paths["roi"]})
    write_table(folder / "labels.csv", rows)
    for i in range(2):
        eye(rng)[0].save(new / f"new{i}.png")


def commands(home: Path, budget: str) -> Iterator[list[str]]:
    for name in ("cells", "vessels"):
        run, readings = home / "runs" / name, home / "readings" / name
        yield ["study", str(home / name), "--budget", budget, "--out", str(run)]
        yield ["read", str(home / f"{name}-new"), "--model", str(run / "model"), "--out", str(readings)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images-only", metavar="DIR", type=Path, help="make the pictures there, and stop")
    parser.add_argument("--subjects", type=int, default=60, help="how many subjects give cells (two each)")
    parser.add_argument("--budget", default="45s", help="time that each of the two studies may train")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    home, rng = options.images_only or Path("demo"), np.random.default_rng(options.seed)
    started = time.perf_counter()
    make_cells(home / "cells", home / "cells-new", rng, options.subjects)
    make_vessels(home / "vessels", home / "vessels-new", rng, max(10, options.subjects // 3))
    sys.stdout.write(f"made pictures in {home}/ (seed {options.seed})\n")
    if options.images_only:
        return 0
    for old in ("runs", "readings"):
        shutil.rmtree(home / old, ignore_errors=True)
    for command in commands(home, options.budget):
        sys.stdout.write(f"\n$ vesale {' '.join(command)}\n")
        sys.stdout.flush()
        if code := subprocess.run([sys.executable, "-m", "vesale.cli", *command], check=False).returncode:
            return code
    sys.stdout.write(f"\n{time.perf_counter() - started:.0f} s in all. Open in a browser:\n")
    for name in ("cells", "vessels"):
        sys.stdout.write(f"  {home}/runs/{name}/report.html      how good the model is, and for whom\n")
        sys.stdout.write(f"  {home}/readings/{name}/index.html   the new exams: answered, or referred to you\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
