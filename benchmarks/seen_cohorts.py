"""The labels.csv of public recordings of brain activity whose truth is the picture that was seen.

The subject of a trial is the picture: one person saw them all, and what must not stand on both sides of a split is the
picture. Pictures that are no row of a file as they are lie as PNG in OUT/pictures.
"""

import csv
import gzip
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.io import loadmat

Cell = str | int | None
MNIST_HEAD, LABELS_HEAD = 16, 8
"""Bytes before the data of an IDX file of three axes, and of one."""


def digit69(data: Path, out: Path) -> int:
    """Handwritten sixes and nines that one person saw, 3,092 voxels (Donders Institute): 90 to learn from and 10."""
    return _digits(data, out, given=True)


def digit69_all(data: Path, out: Path) -> int:
    """The same 100 trials without the given split: ten folds by picture."""
    return _digits(data, out, given=False)


def miyawaki(data: Path, out: Path) -> int:
    """20 patterns of 10 x 10 in 119 trials, 967 voxels of V1, Miyawaki 2008; a fold is a pattern.

    No split is given: in the file's own one every test picture was learned from.
    """
    return _patterns(data, out, given=False)


def miyawaki_combined(data: Path, out: Path) -> int:
    """The same trials in the file's own split, which shows every test picture in training: for the audit to find."""
    return _patterns(data, out, given=True)


def vbcca(data: Path, out: Path) -> int:
    """10 figures of 10 x 10, eight repeats of each, 797 voxels of V1; a fold is a figure."""
    file = data / "fmri" / "miyawaki_vbcca" / "V1_mean_figure.mat"
    pictures = loadmat(file, variable_names=["I2"])["I2"].T.reshape(-1, 10, 10).transpose(0, 2, 1)  # column-major
    places = [f"R2[{i + 1}]&trials=columns" for i in range(len(pictures))]
    return _folded(_path(file, out), places, pictures, out)


def _digits(data: Path, out: Path, given: bool) -> int:
    file = data / "fmri" / "digit69" / "digit69_28x28.mat"
    parts = {"Trn": "train", "Test": "test"}
    arrays = loadmat(file, variable_names=[f"{what}{part}" for what in ("label", "stim") for part in parts])
    rows: list[dict[str, Cell]] = []
    for part, split in parts.items():
        for i, (label, picture) in enumerate(zip(arrays[f"label{part}"].ravel(), arrays[f"stim{part}"], strict=True)):
            row: dict[str, Cell] = {
                "exam": f"{split}-{i + 1:02d}",
                "subject": _named(picture),
                "image": f"{_path(file, out)}#fmri{part}[{i + 1}]",
                "picture": f"{_path(file, out)}#stim{part}[{i + 1}]&shape=28x28&order=columns",
                "label": {1: "six", 2: "nine"}[int(label)],
            }
            rows.append(row | ({"split": split} if given else {}))
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "prior.npy", _mnist(data / "fmri" / "mnist_prior", (6, 9)))
    return _write(out / "labels.csv", rows)


def _mnist(folder: Path, digits: Sequence[int]) -> NDArray[np.uint8]:
    """(n, 28, 28) pictures of these digits, in the order of the file."""
    images, labels = (
        np.frombuffer(gzip.decompress((folder / f"t10k-{name}-ubyte.gz").read_bytes()), np.uint8, offset=head)
        for name, head in (("images-idx3", MNIST_HEAD), ("labels-idx1", LABELS_HEAD))
    )
    return images.reshape(-1, 28, 28)[np.isin(labels, digits)]


def _patterns(data: Path, out: Path, given: bool) -> int:
    file = data / "fmri" / "miyawaki_structured" / "miyawaki_conditions_2to5_combined_sharp.mat"
    arrays = loadmat(file, variable_names=["stimTrn", "stimTest"])
    parts = ("Trn", "Test")
    whole = np.concatenate([arrays[f"stim{part}"] for part in parts]).reshape(-1, 28, 28)
    pictures = whole.transpose(0, 2, 1)[:, 0::3, 0::3]  # column-major, each sample of 10 x 10 drawn as 3 x 3
    places = [f"fmri{part}[{i + 1}]" for part in parts for i in range(len(arrays[f"stim{part}"]))]
    splits = [split for part, split in zip(parts, ("train", "test"), strict=True) for _ in arrays[f"stim{part}"]]
    return _folded(_path(file, out), places, pictures, out, splits if given else None)


def _folded(
    file: str, places: Sequence[str], pictures: NDArray[np.generic], out: Path, splits: Sequence[str] | None = None
) -> int:
    """A row a trial; each picture is written once. Without a split, picture and fold are one."""
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    _, index = np.unique(pictures.reshape(len(pictures), -1), axis=0, return_inverse=True)
    rows: list[dict[str, Cell]] = []
    for i, (place, picture, which) in enumerate(zip(places, pictures, index.ravel(), strict=True)):
        name = f"pattern{int(which) + 1:02d}"
        path = out / "pictures" / f"{name}.png"
        Pillow.fromarray((picture.astype(float) * 255).astype(np.uint8)).save(path)
        row: dict[str, Cell] = {"exam": f"trial-{i + 1:03d}", "image": f"{file}#{place}", "picture": _path(path, out)}
        more: dict[str, Cell] = {"subject": name, "fold": name} if splits is None else {"split": splits[i]}
        rows.append(row | more)
    return _write(out / "labels.csv", rows)


def _named(picture: NDArray[np.generic]) -> str:
    return f"picture-{hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()[:8]}"


def _path(path: Path, out: Path) -> str:
    return Path(os.path.relpath(path, out)).as_posix()


def _write(path: Path, rows: Sequence[Mapping[str, Cell]]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)
