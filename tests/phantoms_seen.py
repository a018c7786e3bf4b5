"""Made recordings: pictures with a shape, a planted linear answer of voxels to them, noise; a run of volumes."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]
SIDE = 12


def made_pictures(count: int, seed: int = 0, side: int = SIDE) -> Floats:
    """(count, side, side) in [0, 1]: two soft bars of random place and tilt each."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / (side - 1) - 0.5
    pictures = np.zeros((count, side, side))
    for picture in pictures:
        for _ in range(2):
            turn, off = rng.uniform(0, np.pi), rng.uniform(-0.3, 0.3)
            picture += np.exp(-(((x * np.cos(turn) + y * np.sin(turn)) - off) ** 2) / 0.008)
    return np.clip(pictures, 0, 1)


def answers_to(pictures: Floats, features: int, noise: float, seed: int = 1) -> Floats:
    """(count, features): half of the features answer to smooth places of the picture, the others to nothing; the scale
    and the level of each are its own."""
    rng = np.random.default_rng(seed)
    flat = pictures.reshape(len(pictures), -1)
    weights = rng.normal(size=(flat.shape[1], features)) * (np.arange(features) < features // 2)
    told = flat @ weights / np.sqrt(flat.shape[1])
    scale = rng.uniform(0.1, 10, features)
    return (told + noise * rng.normal(size=told.shape)) * scale + rng.normal(size=features) * scale


def write_seen(folder: Path, signals: Floats, pictures: Floats, more: Sequence[dict[str, str]] = ()) -> Path:
    """A cohort of trials: signals.npz, a PNG a picture, labels.csv; `more`: further cells of each row."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    np.savez(folder / "signals.npz", brain=signals.astype(np.float32))
    rows = []
    for i, picture in enumerate(pictures):
        path = folder / "pictures" / f"p{i:03d}.png"
        Image.fromarray((picture * 255).round().astype(np.uint8)).save(path)
        row = {"exam": f"t{i:03d}", "subject": f"s{i:03d}", "image": f"signals.npz#brain[{i + 1}]"}
        rows.append(row | {"picture": f"pictures/{path.name}"} | (more[i] if more else {}))
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def write_run(folder: Path, amplitudes: Floats, step: float = 2.0, every: int = 6) -> tuple[Path, NDArray[np.bool_]]:
    """A run `sub-1_bold.nii.gz` with events beside it and a mask: the voxels of the mask answer each event, 4 s after
    its onset, by (events, voxels) `amplitudes`, on a level, a slow drift and noise; voxels outside are noise."""
    import nibabel

    rng = np.random.default_rng(5)
    events, voxels = amplitudes.shape
    inside = np.zeros((4, 4, 4), bool)  # (z, y, x), as a volume is read
    inside.ravel()[rng.permutation(64)[:voxels]] = True
    count = events * every + 4
    run = rng.normal(0, 0.05, (count, 4, 4, 4)) + 100
    run += (3 * np.sin(np.linspace(0, 3, count)) + 0.02 * np.arange(count))[:, None, None, None]
    for i in range(events):
        run[i * every + 2 + int(4 / step), inside] += amplitudes[i]
    path = folder / "sub-1_bold.nii.gz"
    folder.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(run.T.astype(np.float32), np.diag([2.0, 2, 2, 1]))
    image.header.set_zooms((2.0, 2.0, 2.0, step))
    image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image, path)
    nibabel.save(nibabel.Nifti1Image(inside.T.astype(np.uint8), np.diag([2.0, 2, 2, 1])), folder / "mask.nii.gz")
    lines = ["onset\tduration\ttrial_type"] + [f"{(i * every + 2) * step}\t{step}\tseen" for i in range(events)]
    (folder / "sub-1_events.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path, inside
