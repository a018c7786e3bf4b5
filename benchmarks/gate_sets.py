"""The sets of pictures that `benchmarks.gate` shows to every model, and which of them are of one kind."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from vesale.io import open_source

from .cohorts import breastmnist, pneumoniamnist

SLICES = 40
"""Central slices that a volume gives, as pictures of their own."""


@dataclass(frozen=True, slots=True)
class Set:
    kind: str
    """Pictures of one kind are near: another device, site or disease, not another modality."""
    files: Callable[[Path, Path], list[Path]]
    """(data folder, scratch folder) -> files, in a fixed order."""


def listed(folder: str, *patterns: str) -> Callable[[Path, Path], list[Path]]:
    def files(data: Path, scratch: Path) -> list[Path]:
        return sorted(p for pattern in patterns for p in (data / folder).glob(pattern))

    return files


def tabled(folder: str, column: str, wanted: Mapping[str, tuple[str, ...]] | None = None, table: str = "cohort.csv",
           below: str = "") -> Callable[[Path, Path], list[Path]]:  # fmt: skip
    """The files that a table names; `wanted`: column -> the values that are taken."""

    def files(data: Path, scratch: Path) -> list[Path]:
        with (data / folder / table).open(encoding="utf-8", newline="") as stream:
            rows = [r for r in csv.DictReader(stream) if all(r[c] in v for c, v in (wanted or {}).items())]
        return [p for r in rows if (p := data / folder / below / r[column]).is_file()]

    return files


def tiny(maker: Callable[[Path, Path], int], name: str) -> Callable[[Path, Path], list[Path]]:
    """The test pictures of a MedMNIST set, written as files once."""

    def files(data: Path, scratch: Path) -> list[Path]:
        folder = scratch / name
        if not (folder / "labels.csv").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            maker(data, folder)
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
            return [folder / r["image"] for r in csv.DictReader(stream) if r["split"] == "test"]

    return files


def sliced(*volumes: str) -> Callable[[Path, Path], list[Path]]:
    """Central axial slices of volumes, stretched to 8 bits from the lowest to the 99.5th percentile."""

    def files(data: Path, scratch: Path) -> list[Path]:
        found = []
        for volume in volumes:
            folder = scratch / Path(volume).name.partition(".")[0]
            if not folder.is_dir():
                _slices(data / volume, folder)
            found += sorted(folder.glob("*.png"))
        return found

    return files


def _slices(volume: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    data = np.nan_to_num(open_source(volume).read().data[0].astype(np.float32))
    low, high = float(data.min()), float(np.percentile(data, 99.5))
    levels = np.unique(np.linspace(0.2 * len(data), 0.8 * len(data) - 1, SLICES).astype(int))
    for z in levels:
        plane = np.clip((data[z] - low) / max(high - low, 1e-6), 0, 1)
        Pillow.fromarray((plane * 255).astype(np.uint8)).save(folder / f"{z:04d}.png")


SETS: Mapping[str, Set] = {
    "PneumoniaMNIST": Set("chest X-ray", tiny(pneumoniamnist, "pneumoniamnist")),
    "COVID chest X-rays": Set(
        "chest X-ray",
        tabled("radiology/covid_chestxray", "filename", {"view": ("PA", "AP", "AP Supine")}, "metadata.csv", "images"),
    ),
    "BreastMNIST": Set("breast ultrasound", tiny(breastmnist, "breastmnist")),
    "DRIVE": Set("fundus photograph", listed("retina/drive", "test/images/*.tif", "training/images/*.tif")),
    "DRIMDB": Set("fundus photograph", listed("retina/drimdb_quality", "Good/*.jpg", "Bad/*.jpg")),
    "IDRiD": Set("fundus photograph", listed("retina/idrid_grading/train", "*.jpg")),
    "DRIMDB, no fundus": Set("other photograph", listed("retina/drimdb_quality", "Outlier/*.jpg")),
    "LGG brain MR": Set("brain MR", tabled("radiology/lgg_brain_mri", "image")),
    "T1 of one head": Set(
        "brain MR", sliced("restoration/mr_t1_t2/BraTS-MET-00110-000/BraTS-MET-00110-000-t1n.nii.gz")
    ),
    "CT slices": Set("chest CT", listed("radiology/ct_chest", "*.dcm")),
    "PET and SPECT": Set(
        "nuclear brain",
        sliced("radiology/nuclear/spm12_templates/PET.nii", "radiology/nuclear/spm12_templates/SPECT.nii"),
    ),
    "oral tissue": Set("histology", tabled("histology/oral_tumour", "image")),
    "lung tissue": Set("histology", tabled("histology/lung_tumour", "image")),
    "W2S cells": Set("fluorescence", listed("restoration/w2s_denoising", "clean_avg400/*.tif", "noisy_avg1/*.tif")),
}
OWN: Mapping[str, tuple[str, str]] = {
    "pneumonia": ("PneumoniaMNIST", "pneumoniamnist"),
    "covid": ("COVID chest X-rays", "covid-xray"),
    "breast": ("BreastMNIST", "breastmnist"),
    "quality": ("DRIMDB", "drimdb"),
    "grade": ("IDRiD", "idrid-grading"),
    "vessels": ("DRIVE", "drive"),
    "lgg": ("LGG brain MR", "lgg-mask"),
    "oral": ("oral tissue", "oral"),
    "lung": ("lung tissue", "lung"),
}
"""Run -> (the set of its own exams, its cohort)."""
