"""Made images and cohorts with a planted truth, in every format we read; no test data lies in the repository."""

import csv
import gzip
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import tifffile
from numpy.typing import NDArray
from PIL import Image as Pillow
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

Array = NDArray[Any]
SECONDARY_CAPTURE, CT_IMAGE, CR_IMAGE = (
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.1",
)
PALETTE = np.array([[0, 0, 0], [200, 30, 30], [30, 200, 30], [30, 30, 200], [250, 250, 90]], np.uint8)


# Pictures -------------------------------------------------------------------------------------------------------------


def grey(rng: np.random.Generator, shape: tuple[int, int] = (40, 56), dtype: Any = np.uint8) -> Array:
    """A ramp with noise and one bright corner, so that no flip or turn of it looks the same."""
    top = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1.0
    y, x = np.mgrid[0 : 1 : shape[0] * 1j, 0 : 1 : shape[1] * 1j]
    picture = 0.25 * y + 0.5 * x + 0.1 * rng.random(shape)
    picture[: shape[0] // 5, : shape[1] // 4] = 1.0
    return (picture * top).astype(dtype)


def colour(rng: np.random.Generator, shape: tuple[int, int] = (40, 56), dtype: Any = np.uint8) -> Array:
    """(y, x, 3) red, green, blue, all different."""
    first, second = grey(rng, shape, dtype), grey(rng, shape, dtype)
    return np.stack([first, first[::-1], second[:, ::-1] // 2 if dtype != np.float32 else second / 2], axis=-1)


def indices(rng: np.random.Generator, shape: tuple[int, int] = (40, 56), classes: int = 4) -> Array:
    """A label picture: blocks of 0 to classes - 1, all present."""
    blocks = rng.integers(0, classes, ((shape[0] + 7) // 8, (shape[1] + 7) // 8))
    blocks.flat[:classes] = np.arange(classes)
    return np.kron(blocks, np.ones((8, 8), int))[: shape[0], : shape[1]].astype(np.uint8)


def write_raster(path: Path, array: Array, **options: Any) -> Path:
    """PNG, JPEG, BMP, GIF or TIFF by the suffix; 16-bit grey too. `exif=n` sets the EXIF orientation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Pillow.fromarray(array)
    if (orientation := options.pop("exif", None)) is not None:
        exif = Pillow.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    picture.save(path, **options)
    return path


def write_palette(path: Path, index: Array, palette: Array = PALETTE) -> Path:
    """A palette image (PNG, GIF, BMP, TIFF) of these indices."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Pillow.fromarray(index)
    picture.putpalette(palette.tobytes())
    picture.save(path)
    return path


def write_bilevel(path: Path, mask: Array) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(mask.astype(bool)).save(path)
    return path


def write_tiff(path: Path, array: Array, **options: Any) -> Path:
    """Anything that tifffile writes: 16-bit colour, float, pages, resolution."""
    path.parent.mkdir(parents=True, exist_ok=True)
    photometric = "rgb" if array.ndim >= 3 and array.shape[-1] in (3, 4) else "minisblack"
    tifffile.imwrite(path, array, **{"photometric": photometric, **options})
    return path


def write_png16(path: Path, array: Array) -> Path:
    """16-bit PNG, grey or colour, which Pillow cannot write in colour."""
    import imagecodecs

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(imagecodecs.png_encode(array))
    return path


def exif_turned(upright: Array, orientation: int) -> Array:
    """What a camera stores under this EXIF orientation so that a viewer shows `upright` (EXIF 2.3, tag 274)."""
    turns = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }
    return np.ascontiguousarray(turns[orientation](upright))


# NIfTI ----------------------------------------------------------------------------------------------------------------


def volume(rng: np.random.Generator, shape: tuple[int, ...] = (9, 12, 15), dtype: Any = np.int16) -> Array:
    """(z, y, x) with a bright box near the start of each axis, so that no flip or turn of it looks the same."""
    data = rng.integers(-100, 100, shape)
    data[tuple(slice(1, max(2, n // 3)) for n in shape)] += 1000
    return data.astype(dtype)


def affine(
    spacing: Sequence[float] = (0.8, 1.1, 2.5), origin: Sequence[float] = (-20.0, 15.0, 7.0), turn: Array | None = None
) -> Array:
    """NIfTI's 4x4 (RAS, index i j k) of these spacings; `turn` is a 3x3 rotation."""
    matrix = np.eye(4)
    matrix[:3, :3] = (np.eye(3) if turn is None else turn) @ np.diag(spacing)
    matrix[:3, 3] = origin
    return matrix


def rotation(rng: np.random.Generator) -> Array:
    """A random proper rotation."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def write_nifti(path: Path, data: Array, matrix: Array | None, **codes: Any) -> Path:
    """`data` in our order, (z, y, x) or (t, z, y, x); `sform`, `qform` (codes), `unit`, `slope`, `inter` as options."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(data.T, matrix)
    if matrix is not None:
        image.set_sform(matrix, codes.get("sform", 1))
        image.set_qform(matrix, codes.get("qform", 1))
    image.header.set_xyzt_units(codes.get("unit", "mm"))
    raw = bytearray(image.to_bytes())
    raw[112:120] = struct.pack("<ff", codes.get("slope", 1.0), codes.get("inter", 0.0))  # nibabel would choose its own
    path.write_bytes(gzip.compress(bytes(raw)) if path.suffix == ".gz" else bytes(raw))
    return path


# DICOM ----------------------------------------------------------------------------------------------------------------


def uid(rng: np.random.Generator) -> UID:
    return UID("2.25." + str(int.from_bytes(rng.bytes(12), "big")))


def dataset(rng: np.random.Generator, pixels: Array, tags: Mapping[str, Any] | None = None) -> FileDataset:
    """A valid single-frame data set of (y, x) or (y, x, 3) integers; `tags` (keyword -> value, None deletes) win."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    d = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    d.SOPClassUID, d.SOPInstanceUID = UID(SECONDARY_CAPTURE), uid(rng)
    d.StudyInstanceUID, d.SeriesInstanceUID, d.FrameOfReferenceUID = uid(rng), uid(rng), uid(rng)
    d.PatientName, d.PatientID, d.PatientBirthDate, d.PatientSex = "Made^Up", "MADE-UP", "19000101", "O"
    d.StudyDate, d.StudyTime, d.StudyID, d.AccessionNumber = "20200101", "120000", "1", "MADE-UP-2"
    d.ReferringPhysicianName, d.Manufacturer, d.Modality = "", "Phantom", "OT"
    d.SeriesNumber, d.InstanceNumber = 1, 1
    d.SamplesPerPixel, d.PhotometricInterpretation = (3, "RGB") if pixels.ndim == 3 else (1, "MONOCHROME2")
    if pixels.ndim == 3:
        d.PlanarConfiguration = 0
    d.Rows, d.Columns = pixels.shape[:2]
    bits = pixels.dtype.itemsize * 8
    d.BitsAllocated, d.BitsStored, d.HighBit = bits, bits, bits - 1
    d.PixelRepresentation = int(pixels.dtype.kind == "i")
    raw = np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder("<")).tobytes()
    d.PixelData = raw + b"\0" * (len(raw) % 2)
    d["PixelData"].VR = "OB" if bits == 8 else "OW"
    for keyword, value in (tags or {}).items():
        if value is None:
            d.pop(keyword, None)
        else:
            setattr(d, keyword, value)
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = d.SOPClassUID, d.SOPInstanceUID
    return d


def write_dicom(
    path: Path, rng: np.random.Generator, pixels: Array, tags: Mapping[str, Any] | None = None, syntax: Any = None
) -> FileDataset:
    """One file; `syntax` compresses it (RLE, JPEG 2000). Returns what was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    d = dataset(rng, pixels, tags)
    if syntax is not None:
        d.compress(syntax)
    pydicom.dcmwrite(path, d, enforce_file_format=True)
    return d


def write_series(
    folder: Path, rng: np.random.Generator, data: Array, spacing: Sequence[float] = (2.5, 0.8, 0.7), **options: Any
) -> list[Path]:
    """A CT series of (z, y, x) stored integers, rescaled to HU by -1024, in scrambled file names.

    Options: `tags` for every slice, `per_slice` (number, tags) -> tags, `drop` (numbers left out: a gap), `repeat` (a
    number written twice), `tilt` (slope of the slices' shift along y: a gantry tilt), `orientation` (six cosines),
    `origin`, `syntax`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    along = np.array(options.get("orientation", (1, 0, 0, 0, 1, 0)), float)
    normal = np.cross(along[:3], along[3:])
    origin = np.array(options.get("origin", (-30.0, -40.0, 100.0)))
    shared = {name: uid(rng) for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}
    numbers = [n for n in range(len(data)) if n not in options.get("drop", ())]
    numbers += [options["repeat"]] if "repeat" in options else []
    paths = []
    for order, n in enumerate(numbers):
        place = origin + normal * spacing[0] * n + along[3:] * options.get("tilt", 0.0) * spacing[0] * n
        tags = {
            **shared,
            "SOPClassUID": UID(CT_IMAGE),
            "Modality": "CT",
            "InstanceNumber": order + 1,
            "ImagePositionPatient": [float(v) for v in place],
            "ImageOrientationPatient": [float(v) for v in along],
            "PixelSpacing": [float(v) for v in spacing[1:]],
            "SliceThickness": float(spacing[0]),
            "RescaleSlope": 1,
            "RescaleIntercept": -1024,
            **options.get("tags", {}),
        }
        if "per_slice" in options:
            tags |= options["per_slice"](n)
        path = folder / f"{(order * 7 + 3) % 101:03d}-{order}.dcm"
        write_dicom(path, rng, data[n], tags, options.get("syntax"))
        paths.append(path)
    return paths


# Cohorts --------------------------------------------------------------------------------------------------------------


def _background(rng: np.random.Generator, size: int) -> Array:
    y, x = np.mgrid[0:size, 0:size] / size
    return 60 + 20 * np.sin(3 * x + rng.uniform(0, 6)) * np.cos(2 * y) + rng.normal(0, 8, (size, size))


def _save(path: Path, picture: Array) -> str:
    write_raster(path, picture.clip(0, 255).astype(np.uint8))
    return f"{path.parent.name}/{path.name}"


def _table(folder: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def category_cohort(folder: Path, rng: np.random.Generator, exams: int = 24, size: int = 64) -> Path:
    """Discs against rings, alternating; two exams a subject; traits sex and site. Columns exam,subject,image,label."""
    y, x = np.mgrid[0:size, 0:size]
    rows = []
    for i in range(exams):
        label = ("disc", "ring")[(i // 2 + i) % 2]
        radius = rng.uniform(0.18, 0.28) * size
        centre = rng.uniform(0.35, 0.65, 2) * size
        distance = np.hypot(y - centre[0], x - centre[1])
        shape = distance < radius if label == "disc" else (distance < radius) & (distance > 0.6 * radius)
        image = _save(folder / "images" / f"e{i:03d}.png", _background(rng, size) + 110 * shape)
        person = i // 2
        rows.append(
            {"exam": f"e{i:03d}", "subject": f"s{person:03d}", "image": image, "label": label}
            | {"sex": "FM"[person % 2], "site": "AB"[person // 2 % 2]}
        )
    return _table(folder, rows)


def grade_cohort(folder: Path, rng: np.random.Generator, exams: int = 24, size: int = 64) -> Path:
    """Grade 0 to 3 is the number of bright blobs; two exams a subject. Columns exam,subject,image,grade."""
    y, x = np.mgrid[0:size, 0:size]
    corners = np.array([(0.27, 0.27), (0.27, 0.73), (0.73, 0.27), (0.73, 0.73)])
    rows = []
    for i in range(exams):
        grade, picture = (i + i // 4) % 4, _background(rng, size)
        for place in rng.permutation(corners)[:grade]:
            cy, cx = (place + rng.uniform(-0.08, 0.08, 2)) * size
            picture += 130 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * (0.06 * size) ** 2))
        image = _save(folder / "images" / f"e{i:03d}.png", picture)
        rows.append({"exam": f"e{i:03d}", "subject": f"s{i // 2:03d}", "image": image, "grade": grade})
    return _table(folder, rows)


def partition_cohort(folder: Path, rng: np.random.Generator, exams: int = 12, size: int = 96) -> Path:
    """Bright curvy lines and the mask (0 / 255) of them; two exams a subject. Columns exam,subject,image,mask."""
    y, x = np.mgrid[0:size, 0:size]
    rows = []
    for i in range(exams):
        lines = np.zeros((size, size), bool)
        for _ in range(3):
            a, b, phase, wave = rng.uniform(0.2, 0.8), rng.uniform(0.05, 0.12), rng.uniform(0, 6), rng.uniform(3, 6)
            along, across = (x, y) if rng.random() < 0.5 else (y, x)
            lines |= np.abs(across - size * (a + b * np.sin(wave * along / size + phase))) < rng.uniform(1.5, 3)
        image = _save(folder / "images" / f"e{i:03d}.png", _background(rng, size) + 80 * lines)
        mask = _save(folder / "masks" / f"e{i:03d}.png", 255 * lines)
        rows.append({"exam": f"e{i:03d}", "subject": f"s{i // 2:03d}", "image": image, "mask": mask})
    return _table(folder, rows)
