"""Photographs of made retinas: a field, a disc with a cup, a vessel, spots and patches, each where it was planted."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from scipy import ndimage

KINDS = ("normal", "papilledema", "pseudopapilledema")


def retina(
    rng: np.random.Generator, side: int = 96, blur: float = 1.0, cup: float = 0.4
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(H, W, 3) uint8 and the masks MA, HE, EX, SE, OD of what is in it; `blur` of the disc's margin, in samples."""
    y, x = np.mgrid[:side, :side] / side
    picture = np.stack([np.full_like(x, 0.55), 0.3 + 0.05 * x, np.full_like(x, 0.12)], -1)
    masks = {"OD": (y - 0.5) ** 2 + (x - 0.72) ** 2 < 0.11**2}
    disc = ndimage.gaussian_filter(masks["OD"].astype(float), blur)
    inner = (y - 0.5) ** 2 + (x - 0.72) ** 2 < (0.11 * cup) ** 2
    picture += disc[..., None] * [0.25, 0.3, 0.15] + inner[..., None] * [0.1, 0.15, 0.2]
    picture[np.abs(y - 0.5 - 0.3 * (x - 0.72) ** 2) < 0.012] -= [0.15, 0.12, 0.02]
    for name, size, colour in (("MA", 0.015, -0.2), ("HE", 0.05, -0.2), ("EX", 0.04, 0.35), ("SE", 0.06, 0.2)):
        cy, cx = rng.uniform(0.25, 0.75), rng.uniform(0.15, 0.5)
        masks[name] = (y - cy) ** 2 + (x - cx) ** 2 < size**2
        picture[masks[name]] += [0.3 * colour, colour, 0.2 * colour]
    picture += 0.015 * rng.standard_normal(picture.shape)
    picture[(y - 0.5) ** 2 + (x - 0.5) ** 2 > 0.48**2] = 0
    return (255 * np.clip(picture, 0, 1)).astype(np.uint8), masks


def cohort(folder: Path, count: int = 12, names: Sequence[str] = ("MA", "HE", "EX", "SE", "OD")) -> Path:
    """labels.csv with masks, a cup-to-disc ratio and a kind of disc for each photograph; some lesions are absent."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    for i in range(count):
        rng, kind = np.random.default_rng(i), KINDS[i % 3]
        cup = 0.2 + 0.6 * i / count
        picture, masks = retina(rng, blur={"normal": 1.0, "papilledema": 6.0, "pseudopapilledema": 3.0}[kind], cup=cup)
        Pillow.fromarray(picture).save(folder / f"eye{i:02d}.png")
        row = {"exam": f"eye{i:02d}", "subject": f"s{i}", "image": f"eye{i:02d}.png"}
        row |= {"label": kind, "cup_to_disc": f"{cup:.3f}"}
        row |= _masks(folder, f"eye{i:02d}", {n: m for n, m in masks.items() if n in names and (n != "SE" or i % 2)})
        row |= {f"mask_{n}": row.get(f"mask_{n}", "") for n in names}
        rows.append(row)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def _masks(folder: Path, exam: str, masks: Mapping[str, np.ndarray]) -> dict[str, str]:
    row = {}
    for name, mask in masks.items():
        Pillow.fromarray(mask).save(folder / f"{exam}_{name}.png")
        row[f"mask_{name}"] = f"{exam}_{name}.png"
    return row
