"""Photographs of made retinas: a dark frame, uneven light, and on some dark and bright spots with their masks."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

SIDE = 96


def retina(seed: int, light: float = 1.0) -> np.ndarray:
    """(y, x, 3) uint8: a round field, brighter on one side."""
    y, x = np.mgrid[:SIDE, :SIDE] / (SIDE - 1) - 0.5
    field = np.hypot(y, x) < 0.48
    rng = np.random.default_rng(seed)
    shade = light * (1 + 0.3 * x) + rng.normal(0, 0.01, (SIDE, SIDE))
    picture = np.stack([150 * shade, 80 * shade, 30 * shade], -1) * field[..., None]
    return picture.clip(0, 255).astype(np.uint8)


def spotted(seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A retina with dark spots (`HE`, half as bright) and bright ones (`EX`, twice as bright): picture and masks."""
    picture = retina(seed).astype(float)
    rng = np.random.default_rng(seed + 100)
    y, x = np.mgrid[:SIDE, :SIDE]
    masks = {}
    for name, factor in (("HE", 0.5), ("EX", 1.6)):
        mask = np.zeros((SIDE, SIDE), bool)
        for _ in range(3):
            angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(8, 28)
            mask |= np.hypot(y - SIDE / 2 - reach * np.sin(angle), x - SIDE / 2 - reach * np.cos(angle)) < 3.5
        masks[name] = mask
        picture[mask] *= factor
    return picture.clip(0, 255).astype(np.uint8), masks


def lesion_cohort(root: Path, ill: int = 3, free: int = 2) -> Path:
    """`ill` exams with spots and `free` ones that were outlined and found empty, each of a patient of its own."""
    root.mkdir(parents=True, exist_ok=True)
    rows = []
    for i in range(ill + free):
        picture, masks = (
            spotted(i) if i < ill else (retina(i, 0.8), {n: np.zeros((SIDE, SIDE), bool) for n in ("HE", "EX")})
        )
        Pillow.fromarray(picture).save(root / f"eye{i}.png")
        row = {"exam": f"eye{i}", "subject": f"p{i}", "image": f"eye{i}.png"}
        for name, mask in masks.items():
            Pillow.fromarray(mask.astype(np.uint8) * 255).save(root / f"eye{i}_{name}.png")
            row[f"mask_{name}"] = f"eye{i}_{name}.png"
        rows.append(row)
    with (root / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return root
