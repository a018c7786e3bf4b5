"""Files of every kind that is read, and what a hostile hand does to them; used by `property/test_hostile.py`."""

import resource
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.uid import JPEG2000Lossless, RLELossless

import phantoms
import phantoms_dicom
import phantoms_slides
import phantoms_volumes
from vesale.core.errors import VesaleError
from vesale.io.inputs import find_inputs, open_found

Rng = np.random.Generator
HUGE = (
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
    b"\x00\x00\x00\x00",
    b"\x10\x27\x00\x00",
    b"\xff" * 8,
)
"""What a lying size looks like, in either byte order."""
SLOWEST = 5_000_000
"""Samples that are read of one mutated file: a header may lie about its size, and is then still valid."""


def _zip(path: Path, rng: Rng) -> Path:
    inside = phantoms.write_raster(path.parent / "inside.png", phantoms.grey(rng))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(inside, "a.png")
    return path


def _dicom(path: Path, rng: Rng, syntax: Any = None) -> Path:
    phantoms.write_dicom(path, rng, phantoms.grey(rng, dtype=np.uint16), syntax=syntax)
    return path


def _cine(path: Path, rng: Rng) -> Path:
    return phantoms_dicom.write(path, phantoms_dicom.cine(rng, rng.integers(0, 255, (4, 20, 24)).astype(np.uint8)))


def _enhanced(path: Path, rng: Rng) -> Path:
    return phantoms_dicom.write(
        path, phantoms_dicom.enhanced_ct(rng, rng.integers(0, 2000, (4, 12, 14)).astype(np.int16))
    )


def _slide(path: Path, rng: Rng) -> Path:
    return phantoms_slides.write_svs(path, phantoms_slides.pyramid(phantoms_slides.tissue(rng, (150, 210)), 2))


def _stains(path: Path, rng: Rng) -> Path:
    levels = phantoms_slides.pyramid(phantoms_slides.stains(rng, 3, 96, True).transpose(1, 2, 0), 2)
    return phantoms_slides.write_ome_pyramid(path, [np.moveaxis(level, -1, 0) for level in levels], "CYX")


def _arrays(path: Path, rng: Rng) -> Path:
    np.savez_compressed(path, trials=rng.normal(size=(6, 20)))
    return path


FILES: Mapping[str, Callable[[Path, Rng], Path]] = {
    "a.png": lambda p, r: phantoms.write_raster(p, phantoms.colour(r)),
    "deep.png": lambda p, r: phantoms.write_png16(p, phantoms.grey(r, dtype=np.uint16)),
    "palette.png": lambda p, r: phantoms.write_palette(p, phantoms.indices(r)),
    "a.jpg": lambda p, r: phantoms.write_raster(p, phantoms.colour(r), exif=6),
    "a.bmp": lambda p, r: phantoms.write_raster(p, phantoms.colour(r)),
    "a.gif": lambda p, r: phantoms.write_palette(p, phantoms.indices(r)),
    "a.tif": lambda p, r: phantoms.write_tiff(p, phantoms.colour(r), compression="lzw"),
    "stack.tif": lambda p, r: phantoms_slides.write_imagej(p, r.integers(0, 999, (5, 20, 30)).astype(np.uint16), "ZYX"),
    "a.svs": _slide,
    "stains.ome.tif": _stains,
    "a.nii.gz": lambda p, r: phantoms.write_nifti(p, phantoms.volume(r), phantoms.affine()),
    "a.nii": lambda p, r: phantoms.write_nifti(p, phantoms.volume(r), phantoms.affine()),
    "a.mha": lambda p, r: phantoms_volumes.write_itk(p, phantoms_volumes.itk(phantoms_volumes.samples(r)), packed=True),
    "a.nrrd": lambda p, r: phantoms_volumes.write_itk(
        p, phantoms_volumes.itk(phantoms_volumes.samples(r)), packed=True
    ),
    "a.dcm": _dicom,
    "rle.dcm": lambda p, r: _dicom(p, r, RLELossless),
    "jpeg2000.dcm": lambda p, r: _dicom(p, r, JPEG2000Lossless),
    "cine.dcm": _cine,
    "enhanced.dcm": _enhanced,
    "a.mat": lambda p, r: phantoms_volumes.write_mat(p, trials=r.normal(size=(6, 20))),
    "a.h5": lambda p, r: phantoms_volumes.write_mat73(p, trials=r.normal(size=(6, 20))),
    "a.npz": _arrays,
    "a.zip": _zip,
}


def mutated(whole: bytes, rng: Rng) -> bytes:
    """Cut short, bits turned, a size that lies, a part repeated, or zeros where something stood."""
    data = bytearray(whole)
    match int(rng.integers(5)):
        case 0:
            return bytes(data[: int(rng.integers(len(data)))])
        case 1:
            for place in rng.integers(0, len(data), int(rng.integers(1, 20))):
                data[place] ^= 1 << int(rng.integers(8))
        case 2:
            lie = HUGE[int(rng.integers(len(HUGE)))]
            place = int(rng.integers(min(len(data), 800)))
            data[place : place + len(lie)] = lie
        case 3:
            start = int(rng.integers(len(data)))
            data[start:start] = data[start : start + int(rng.integers(1, 400))]
        case _:
            start = int(rng.integers(len(data)))
            data[start : start + int(rng.integers(1, 400))] = b"\0" * int(rng.integers(0, 400))
    return bytes(data)


def attempt(path: Path, scratch: Path) -> tuple[list[str], float]:
    """What `vesale read` would do with a file, and the peak of memory so far in MB: 'read' and 'refused', or the words
    of what should not have come."""
    said = []
    try:
        found = find_inputs([str(path)], scratch, True)
    except VesaleError as error:
        return [_refusal(error)], _peak()
    for one in found[:20]:
        try:
            source = open_found(one)
            grid = source.levels[-1]
            if np.prod([float(n) for n in grid.shape]) * len(source.channels) <= SLOWEST:
                source.read(level=len(source.levels) - 1)
            said.append("read")
        except VesaleError as error:
            said.append(_refusal(error))
        except Exception as error:
            said.append(f"{type(error).__name__}: {error}"[:200])
    return said or ["refused"], _peak()


def _refusal(error: VesaleError) -> str:
    return "refused" if error.remedy and "\n" not in error.message else f"no one-line refusal: {error.message!r}"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def make_all(folder: Path, rng: Rng) -> dict[str, bytes]:
    pydicom.config.settings.writing_validation_mode = pydicom.config.WARN
    folder.mkdir(parents=True, exist_ok=True)
    return {name: make(folder / name, rng).read_bytes() for name, make in FILES.items()}
