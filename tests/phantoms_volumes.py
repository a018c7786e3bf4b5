"""Made volumes and signals with a planted truth: MetaImage, NRRD, Analyze, pairs, MAT, HDF5, runs with events."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import nibabel as nib
import numpy as np
import scipy.io
import SimpleITK as sitk
from numpy.typing import NDArray

Array = NDArray[Any]


def samples(rng: np.random.Generator, shape: Sequence[int] = (5, 6, 7), dtype: Any = np.int16) -> Array:
    """(z, y, x) numbers that no flip or turn leaves the same."""
    wild = rng.normal(size=tuple(shape)) * 40 + 60
    return wild.astype(dtype) if np.issubdtype(dtype, np.floating) else wild.clip(0, 120).astype(dtype)


def itk(data: Array, turn: Array | None = None, channels: bool = False) -> sitk.Image:
    """SimpleITK's image of (z, y, x[, channel]) with spacing 0.7, 0.8, 2.5 and an origin off the middle."""
    image = sitk.GetImageFromArray(data, isVector=channels)
    n = image.GetDimension()
    image.SetSpacing((0.7, 0.8, 2.5)[:n])
    image.SetOrigin((-31.0, 42.5, 7.25)[:n])
    if turn is not None:
        image.SetDirection(np.asarray(turn, float).ravel().tolist())
    return image


def write_itk(path: Path, image: sitk.Image, packed: bool = False) -> Path:
    sitk.WriteImage(image, str(path), packed)
    return path


def write_metaimage(path: Path, data: Array, tags: Mapping[str, str], body: bytes | None = None) -> Path:
    """A MetaImage with exactly these tags beside DimSize, ElementType and ElementDataFile (LOCAL unless given)."""
    kinds = {"i2": "MET_SHORT", "u1": "MET_UCHAR", "f4": "MET_FLOAT", "f8": "MET_DOUBLE", "i4": "MET_INT"}
    own = {
        "ObjectType": "Image",
        "NDims": str(data.ndim),
        "DimSize": " ".join(map(str, data.shape[::-1])),
        "ElementType": kinds[data.dtype.str[1:]],
    }
    lines = {**own, **tags}
    name = lines.pop("ElementDataFile", "LOCAL")
    text = "".join(f"{k} = {v}\n" for k, v in lines.items()) + f"ElementDataFile = {name}\n"
    path.write_bytes(text.encode() + ((data.tobytes() if body is None else body) if name == "LOCAL" else b""))
    return path


def write_nrrd(path: Path, fields: Sequence[str], body: bytes = b"") -> Path:
    """A NRRD with exactly these lines after its magic."""
    path.write_bytes(("NRRD0004\n" + "\n".join(fields) + "\n\n").encode() + body)
    return path


def nrrd_fields(data: Array, **more: str) -> list[str]:
    """The lines that every NRRD needs; `more` as field=value, with _ for blanks."""
    kinds = {"i2": "short", "u1": "uint8", "f4": "float", "f8": "double"}
    own = {
        "type": kinds[data.dtype.str[1:]],
        "dimension": str(data.ndim),
        "sizes": " ".join(map(str, data.shape[::-1])),
        "encoding": "raw",
        "endian": "little",
        **{k.replace("_", " "): v for k, v in more.items()},
    }
    return [f"{k}: {v}" for k, v in own.items() if v]


def write_analyze(path: Path, data: Array, spacing: Sequence[float] = (0.7, 0.8, 2.5), spm: bool = False) -> Path:
    """Analyze 7.5 of (z, y, x) or (t, z, y, x) as path.hdr and path.img; `spm` writes an orientation into path.mat."""
    affine = np.diag([-spacing[0], spacing[1], spacing[2], 1.0])
    affine[:3, 3] = (12.0, -7.0, 3.0)
    kind = nib.Spm99AnalyzeImage if spm else nib.AnalyzeImage
    image = kind(data.T, affine)
    image.header.set_zooms((*spacing, 1.0)[: data.ndim])
    nib.save(image, path.with_suffix(".img"))
    return path.with_suffix(".hdr")


def write_pair(path: Path, data: Array, affine: Array) -> Path:
    nib.save(nib.Nifti1Pair(data.T, affine), path.with_suffix(".img"))
    return path.with_suffix(".hdr")


# Signals --------------------------------------------------------------------------------------------------------------


def trials(rng: np.random.Generator, count: int = 12, features: int = 30, unit: float = 1.0) -> tuple[Array, list[str]]:
    """(trial, feature) responses and their labels, left or right, alternating; a third of the features tells them."""
    side = np.arange(count) % 2
    wave = np.where(np.arange(features) % 3 == 0, 1.5, 0.0)
    data = rng.normal(size=(count, features)) + np.outer(2 * side - 1, wave) + 0.3 * np.sin(np.arange(features))
    return data * unit, [("left", "right")[s] for s in side]


def write_mat(path: Path, **arrays: Any) -> Path:
    scipy.io.savemat(path, arrays, do_compression=True)
    return path


def write_mat73(path: Path, **arrays: Array) -> Path:
    """As MATLAB writes 7.3: HDF5 behind 512 bytes of its own, axes the other way round, a class for each variable."""
    classes = {"float64": b"double", "float32": b"single", "uint8": b"uint8", "int16": b"int16"}
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            dataset = file.create_dataset(name, data=np.asarray(array).T)
            dataset.attrs["MATLAB_class"] = np.bytes_(classes.get(str(array.dtype), b"double"))
        file.create_group("#refs#").create_dataset("a", data=np.zeros(3))
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: made".ljust(116, b" ") + b"\0" * 8 + b"\x00\x02IM")
    return path


def write_numbers(path: Path, data: Array, header: Sequence[str] = (), delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([header] if header else [])
        writer.writerows([f"{v:.9g}" for v in row] for row in data)
    return path


def signal_cohort(
    folder: Path, rng: np.random.Generator, count: int = 40, features: int = 30, unit: float = 1.0
) -> Path:
    """labels.csv (exam, image, label) over one MAT file of left and right trials."""
    folder.mkdir(parents=True, exist_ok=True)
    data, labels = trials(rng, count, features, unit)
    write_mat(folder / "responses.mat", fmri=data, labels=np.arange(count)[:, None] % 2)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["exam", "subject", "image", "label"])
        for i, label in enumerate(labels):
            writer.writerow([f"t{i:03d}", f"p{i:03d}", f"responses.mat#fmri[{i + 1}]", label])
    return folder


def write_run(folder: Path, data: Array, events: Sequence[tuple[float, float, str]], step: float = 2.0) -> Path:
    """A 4-D NIfTI of (t, z, y, x), its events.tsv and its sidecar, as BIDS names them."""
    folder.mkdir(parents=True, exist_ok=True)
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    image = nib.Nifti1Image(data.T.astype(np.float32), affine)
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = step
    path = folder / "sub-01_task-see_bold.nii.gz"
    path.write_bytes(gzip.compress(image.to_bytes()))
    (folder / "sub-01_task-see_bold.json").write_text(json.dumps({"RepetitionTime": step}))
    with (folder / "sub-01_task-see_events.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["onset", "duration", "trial_type"])
        writer.writerows(events)
    return path
