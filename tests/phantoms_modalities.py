"""A made cohort for every modality: twelve subjects, of whom every second one has a bright spot. Nothing is real."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import phantoms
import phantoms_dicom
import phantoms_slides
import phantoms_volumes

Array = NDArray[Any]
SUBJECTS, SIDE, DEEP = 12, 48, 5
MR_IMAGE, ULTRASOUND, DIGITAL_XRAY = (
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.1.1",
)
"""SOP classes: MR Image, Ultrasound Multi-frame Image, Digital X-Ray Image for presentation (DICOM PS3.4 B.5)."""


def field(rng: np.random.Generator, spot: bool, texture: float = 0.04) -> Array:
    """(SIDE, SIDE) in [0, 1]: soft ground, and a bright spot where there is one."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    cy, cx = rng.uniform(0.35, 0.65, 2)
    ground = 0.35 + 0.08 * np.sin(5 * x + rng.uniform(0, 6)) + rng.normal(0, texture, (SIDE, SIDE))
    return np.clip(ground + 0.5 * spot * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 0.015), 0, 1)


def body(rng: np.random.Generator, spot: bool) -> Array:
    """(DEEP, SIDE, SIDE) in [0, 1]: an ellipse of tissue in air, with a bright spot through all slices."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    inside = (y / 0.38) ** 2 + (x / 0.45) ** 2 < 1
    return np.stack([field(rng, spot) * inside for _ in range(DEEP)])


def fundus(path: Path, rng: np.random.Generator, spot: bool) -> Path:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    light = field(rng, spot) * (np.hypot(y, x) < 0.47)
    picture = light[..., None] * np.array([1.0, 0.55, 0.25])
    return phantoms.write_raster(path.with_suffix(".jpg"), (255 * picture).astype(np.uint8), quality=95)


def stained(path: Path, rng: np.random.Generator, spot: bool) -> Path:
    dark = field(rng, spot, 0.08)[..., None]
    picture = np.array([0.93, 0.75, 0.88]) - dark * np.array([0.45, 0.6, 0.3])
    return phantoms.write_raster(path.with_suffix(".png"), (255 * picture.clip(0, 1)).astype(np.uint8))


def xray(path: Path, rng: np.random.Generator, spot: bool) -> Path:
    tags = {"SOPClassUID": DIGITAL_XRAY, "Modality": "DX", "BitsStored": 12, "HighBit": 11}
    tags |= {"ImagerPixelSpacing": [0.15, 0.15]}
    path = path.with_suffix(".dcm")
    phantoms.write_dicom(path, rng, (4095 * field(rng, spot)).astype(np.uint16), tags)
    return path


def ct(path: Path, rng: np.random.Generator, spot: bool) -> Path:
    phantoms.write_series(path, rng, (1100 * body(rng, spot)).astype(np.int16))
    return path


def mr(path: Path, rng: np.random.Generator, spot: bool) -> Path:
    tags = {"SOPClassUID": MR_IMAGE, "Modality": "MR", "RescaleSlope": None, "RescaleIntercept": None}
    phantoms.write_series(path, rng, (700 * body(rng, spot)).astype(np.int16), tags=tags)
    return path


def pet(path: Path, rng: np.random.Generator, spot: bool) -> Path:
    phantoms.write_series(path, rng, (9000 * body(rng, spot)).astype(np.int16), tags=phantoms_dicom.pet_tags())
    return path


def spect(path: Path, rng: np.random.Generator, spot: bool) -> Path:
    counts = rng.poisson(120 * body(rng, spot)).astype(np.uint16)
    made = phantoms_dicom.nuclear(rng, counts, "RECON TOMO", SliceVector=range(1, DEEP + 1))
    return phantoms_dicom.write(path.with_suffix(".dcm"), made)


def ultrasound(path: Path, rng: np.random.Generator, spot: bool) -> Path:
    speckle = np.stack([field(rng, spot) * rng.rayleigh(0.8, (SIDE, SIDE)) for _ in range(DEEP)])
    tags = {"SOPClassUID": ULTRASOUND, "Modality": "US", "FrameTime": 33.0, "ImagerPixelSpacing": None}
    tags |= {"SequenceOfUltrasoundRegions": [phantoms_dicom.region()]}
    made = phantoms_dicom.cine(rng, (255 * speckle.clip(0, 1)).astype(np.uint8), **tags)
    return phantoms_dicom.write(path.with_suffix(".dcm"), made)


def microscopy(path: Path, rng: np.random.Generator, spot: bool) -> Path:
    stains = np.stack([field(rng, spot), field(rng, False), field(rng, False), field(rng, spot)])
    path = path.with_suffix(".ome.tif")
    names = {"Name": ["DAPI", "CD3", "CD8", "PanCK"]}
    levels = [(40000 * stains).astype(np.uint16)]
    return phantoms_slides.write_ome_pyramid(path, levels, "CYX", 0.5, Channel=names)


@dataclass(frozen=True, slots=True)
class Modality:
    write: Callable[[Path, np.random.Generator, bool], Path]
    """(path without suffix, rng, spot or none) -> what was written: a file, or the folder of a series."""
    code: str | None
    """What the reader says of it; None where such files say nothing."""
    said: str | None = None
    """What the table says of it in the column `modality`."""
    shape: tuple[int, ...] = (SIDE, SIDE)
    channels: int = 1


MADE: Mapping[str, Modality] = {
    "fundus": Modality(fundus, None, "OP", channels=3),
    "stained tissue": Modality(stained, None, "SM", channels=3),
    "X-ray": Modality(xray, "DX"),
    "CT": Modality(ct, "CT", shape=(DEEP, SIDE, SIDE)),
    "MR": Modality(mr, "MR", shape=(DEEP, SIDE, SIDE)),
    "PET": Modality(pet, "PT", shape=(DEEP, SIDE, SIDE)),
    "SPECT": Modality(spect, "NM", shape=(DEEP, SIDE, SIDE)),
    "ultrasound": Modality(ultrasound, "US", shape=(DEEP, SIDE, SIDE)),
    "microscopy": Modality(microscopy, None, channels=4),
}


def cohort(folder: Path, name: str) -> Path:
    """labels.csv with exam, subject, image, label (spot or plain) and, where files cannot say it, modality."""
    made, rng = MADE[name], np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    rows = []
    for i in range(SUBJECTS):
        path = made.write(folder / "images" / f"e{i:02d}", rng, i % 2 == 1)
        label = "spot" if i % 2 else "plain"
        rows.append([f"e{i:02d}", f"s{i:02d}", path.relative_to(folder).as_posix(), label, made.said or ""])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["exam", "subject", "image", "label", "modality"])
        writer.writerows(rows)
    return folder


def signals(folder: Path) -> Path:
    return phantoms_volumes.signal_cohort(folder, np.random.default_rng(0), 24)
