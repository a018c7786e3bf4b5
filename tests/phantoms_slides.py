"""Made slides, stacks and hierarchies with a planted truth: pyramids of TIFF, DICOM whole slides, OME-Zarr."""

import shutil
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
import zarr
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit, VLWholeSlideMicroscopyImageStorage

Array = NDArray[Any]
APERIO = "Aperio Image Library v11.2.1\n{w}x{h} ({t}x{t}) JPEG/RGB Q=90|AppMag = 20|MPP = {mpp}"


# Pictures -------------------------------------------------------------------------------------------------------------


def tissue(rng: np.random.Generator, shape: tuple[int, int] = (300, 421)) -> Array:
    """(y, x, 3) uint8: smooth stains with a different ramp along each axis, so that no shift or turn looks the same."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    waves = [np.sin(y / rng.uniform(9, 30) + i) * np.cos(x / rng.uniform(9, 30)) for i in range(3)]
    ramp = (y / shape[0], x / shape[1], (x + y) / sum(shape))
    picture = np.stack([120 + 50 * w + 60 * r for w, r in zip(waves, ramp, strict=True)], axis=-1)
    return np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def halved(picture: Array) -> Array:
    """Means of 2 x 2, an odd last row or column cut off, as scanners do it."""
    h, w = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    cut = picture[:h, :w].astype(float)
    mean = (cut[::2, ::2] + cut[1::2, ::2] + cut[::2, 1::2] + cut[1::2, 1::2]) / 4
    return np.rint(mean).astype(picture.dtype)


def pyramid(picture: Array, levels: int = 3) -> list[Array]:
    found = [picture]
    while len(found) < levels:
        found.append(halved(found[-1]))
    return found


def cells(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any = np.uint16) -> Array:
    """Samples of any shape, each index with its own value range along every axis, so that no two planes are alike."""
    data = rng.integers(0, 50, shape)
    for axis, n in enumerate(shape):
        ramp = np.arange(n).reshape([-1 if a == axis else 1 for a in range(len(shape))])
        data = data + ramp * (3 + axis)
    return data.astype(dtype)


# TIFF -----------------------------------------------------------------------------------------------------------------


def write_svs(path: Path, levels: Sequence[Array], mpp: float = 0.25, tile: int = 64, extras: bool = True) -> Path:
    """As an Aperio scanner writes it: level 0, thumbnail, further levels, label, macro."""
    about = {"photometric": "rgb", "compression": "jpeg", "compressionargs": {"level": 90}, "metadata": None}
    description = APERIO.format(w=levels[0].shape[1], h=levels[0].shape[0], t=tile, mpp=mpp)
    small = levels[-1]
    with tifffile.TiffWriter(path) as file:
        for i, level in enumerate(levels):
            file.write(level, tile=(tile, tile), description=description, subsampling=(2, 2), **about)
            if i == 0 and extras:
                file.write(small, description=description, rowsperstrip=16, **about)
        if extras:
            file.write(small[:20, :30], description="Aperio\nlabel 30x20", subfiletype=1, **about)
            file.write(small[:20, :40], description="Aperio\nmacro 40x20", subfiletype=9, **about)
    return path


def write_pyramid(path: Path, levels: Sequence[Array], **options: Any) -> Path:
    """A tiled TIFF with further pages for its levels; `bigtiff`, `compression`, `resolution`, ... as tifffile."""
    big = options.pop("bigtiff", False)
    about = {"photometric": "rgb", "tile": (64, 48), "metadata": None, **options}
    with tifffile.TiffWriter(path, bigtiff=big) as file:
        for i, level in enumerate(levels):
            file.write(level, subfiletype=int(i > 0), **about)
    return path


def write_ome_pyramid(path: Path, levels: Sequence[Array], axes: str, um: float = 0.5, **metadata: Any) -> Path:
    """OME-TIFF whose levels lie in SubIFDs; level arrays are in the order of `axes`."""
    said = {"axes": axes, "PhysicalSizeX": um, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": um,
            "PhysicalSizeYUnit": "µm", **metadata}  # fmt: skip
    about: dict[str, Any] = {"tile": (64, 64), "photometric": "rgb" if axes.endswith("S") else "minisblack"}
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as file:
        file.write(levels[0], subifds=len(levels) - 1, metadata=said, **about)
        for level in levels[1:]:
            file.write(level, subfiletype=1, **about)
    return path


def write_imagej(path: Path, data: Array, axes: str, **metadata: Any) -> Path:
    """A hyperstack with a pixel of 0.5 um."""
    said = {"axes": axes, "unit": "um", **metadata}
    tifffile.imwrite(path, data, imagej=True, resolution=(2.0, 2.0), metadata=said)
    return path


def write_qptiff(path: Path, planes: Array, names: Sequence[str], um: float = 0.5) -> Path:
    """(channel, y, x) as a page each, then a thumbnail, an overview and a label."""

    def describe(kind: str, name: str | None = None) -> str:
        inside = f"<ImageType>{kind}</ImageType>" + (f"<Name>{name}</Name>" if name else "")
        head = '<?xml version="1.0" encoding="utf-16"?>'
        return f"{head}<PerkinElmer-QPI-ImageDescription>{inside}</PerkinElmer-QPI-ImageDescription>"

    per_cm = 1e4 / um
    about: dict[str, Any] = {"metadata": None, "software": "PerkinElmer-QPI", "compression": "lzw"}
    with tifffile.TiffWriter(path) as file:
        for plane, name in zip(planes, names, strict=True):
            place = [(286, 5, 1, (1, 2), True), (287, 5, 1, (3, 4), True)]  # 5 and 7.5 mm
            file.write(plane, photometric="minisblack", resolution=(per_cm, per_cm), resolutionunit=3, extratags=place,
                       description=describe("FullResolution", name), **about)  # fmt: skip
        small = np.repeat(planes[0][::4, ::4, None].astype(np.uint8), 3, -1)
        for kind, cut in (("Thumbnail", small), ("Overview", small[:9]), ("Label", small[:7])):
            file.write(np.ascontiguousarray(cut), photometric="rgb", description=describe(kind), **about)
    return path


# DICOM ----------------------------------------------------------------------------------------------------------------


def write_wsi(path: Path, picture: Array, spacing: float | None, flavour: str = "VOLUME", **options: Any) -> Path:
    """One level (y, x, 3) or (y, x) as a tiled object. `tile`, `jpeg`, `full`, `by_column`, `sparse`, `series`,
    `said` (photometric interpretation), `paths` (names, with `picture` of shape (path, y, x))."""
    tile, jpeg = options.get("tile", 64), options.get("jpeg", False)
    paths = options.get("paths", ())
    planes = list(picture) if paths else [picture]
    frames = [f for plane in planes for f in _frames(plane, tile, options.get("by_column", False))]
    data = _wsi_header(path, planes[0], spacing, flavour, options)
    data.NumberOfFrames = len(frames)
    if options.get("sparse"):
        _place_frames(data, planes[0].shape, tile, len(planes), options["sparse"])
        frames = [frames[i] for i in options["sparse"]]
        data.NumberOfFrames = len(frames)
    if jpeg:
        streams = [imagecodecs.jpeg8_encode(f, level=95, **options.get("stream", {})) for f in frames]
        data.PixelData = encapsulate([s + b"\0" * (len(s) % 2) for s in streams], has_bot=options.get("table", True))
        data["PixelData"].VR = "OB"
        data["PixelData"].is_undefined_length = True
    else:
        raw = b"".join(np.ascontiguousarray(f).tobytes() for f in frames)
        data.PixelData = raw + b"\0" * (len(raw) % 2)
        data["PixelData"].VR = "OW" if picture.dtype.itemsize > 1 else "OB"
    data.save_as(path, enforce_file_format=True)
    return path


def _frames(picture: Array, tile: int, by_column: bool) -> list[Array]:
    h, w = picture.shape[:2]
    padded = np.pad(picture, [(0, -h % tile), (0, -w % tile), *[(0, 0)] * (picture.ndim - 2)])
    places = [(r, c) for r in range(0, h, tile) for c in range(0, w, tile)]
    if by_column:
        places = [(r, c) for c in range(0, w, tile) for r in range(0, h, tile)]
    return [padded[r : r + tile, c : c + tile] for r, c in places]


def _wsi_header(path: Path, plane: Array, spacing: float | None, flavour: str, options: dict[str, Any]) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = VLWholeSlideMicroscopyImageStorage
    meta.MediaStorageSOPInstanceUID = UID(f"1.2.826.0.1.3680043.8.498.{abs(hash(path.name)) % 10**9}")
    meta.TransferSyntaxUID = JPEGBaseline8Bit if options.get("jpeg") else ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.SeriesInstanceUID = "SM", options.get("series", "1.2.3.4")
    data.PatientName = "Doe^Jane"
    if flavour:
        data.ImageType = ["DERIVED", "PRIMARY", flavour, "NONE"]
    data.Rows = data.Columns = options.get("tile", 64)
    data.TotalPixelMatrixRows, data.TotalPixelMatrixColumns = plane.shape[:2]
    data.SamplesPerPixel = 3 if plane.ndim == 3 else 1
    said = "MONOCHROME2" if plane.ndim == 2 else "YBR_FULL_422" if options.get("jpeg") else "RGB"
    data.PhotometricInterpretation = options.get("said", said)
    data.PlanarConfiguration, data.PixelRepresentation = 0, 0
    data.BitsAllocated = data.BitsStored = 8 * plane.dtype.itemsize
    data.HighBit = data.BitsStored - 1
    if options.get("full", True) and not options.get("sparse"):
        data.DimensionOrganizationType = "TILED_FULL"
    place, measures = Dataset(), Dataset()
    place.XOffsetInSlideCoordinateSystem, place.YOffsetInSlideCoordinateSystem = "20", "40"
    data.TotalPixelMatrixOriginSequence = Items([place])
    data.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
    if spacing is not None:
        measures.PixelSpacing = [spacing, spacing]
        shared = Dataset()
        shared.PixelMeasuresSequence = Items([measures])
        data.SharedFunctionalGroupsSequence = Items([shared])
    if options.get("paths"):
        lights = []
        for i, name in enumerate(options["paths"]):
            light = Dataset()
            light.OpticalPathIdentifier, light.OpticalPathDescription = str(i), name
            lights.append(light)
        data.OpticalPathSequence = Items(lights)
    return data


def _place_frames(data: Dataset, shape: tuple[int, ...], tile: int, paths: int, kept: Sequence[int]) -> None:
    """The position of every frame that is kept, by its number row by row."""
    across, down = -(-shape[1] // tile), -(-shape[0] // tile)
    data.DimensionOrganizationType = "TILED_SPARSE"
    groups = []
    for i in kept:
        position, light, group = Dataset(), Dataset(), Dataset()
        position.RowPositionInTotalImagePixelMatrix = i // across % down * tile + 1
        position.ColumnPositionInTotalImagePixelMatrix = i % across * tile + 1
        light.OpticalPathIdentifier = str(i // (across * down))
        group.PlanePositionSlideSequence = Items([position])
        if paths > 1:
            group.OpticalPathIdentificationSequence = Items([light])
        groups.append(group)
    data.PerFrameFunctionalGroupsSequence = Items(groups)


def strip_offset_table(path: Path) -> None:
    """Empty the Basic Offset Table of a written file, in place, keeping its fragments."""
    data = path.read_bytes()
    at = data.index(b"\xfe\xff\x00\xe0", data.index(b"\xe0\x7f\x10\x00"))
    length = struct.unpack("<I", data[at + 4 : at + 8])[0]
    path.write_bytes(data[: at + 4] + b"\0\0\0\0" + data[at + 8 + length :])


# OME-Zarr -------------------------------------------------------------------------------------------------------------


def write_ome_zarr(path: Path, levels: Sequence[Array], axes: str, um: Sequence[float], **options: Any) -> Path:
    """`um`: the finest level's scale along each axis (1 for t and c). `version` 0.4 or 0.5, `names` of channels,
    `unit`, `translation` (of every level), `zipped`, `inside` (the group that holds the image)."""
    version, unit = options.get("version", "0.4"), options.get("unit", "micrometer")
    format_ = 2 if version == "0.4" else 3
    folder = path.with_suffix("") if options.get("zipped") else path
    root = zarr.open_group(str(folder), mode="w", zarr_format=format_)
    group = root.require_group(options["inside"]) if options.get("inside") else root
    datasets = []
    for i, level in enumerate(levels):
        chunks = tuple(min(n, 32) for n in level.shape)
        group.create_array(str(i), data=level, chunks=chunks)
        ratio = [round(a / b) for a, b in zip(levels[0].shape, level.shape, strict=True)]
        steps: list[dict[str, Any]] = [{"type": "scale", "scale": [s * r for s, r in zip(um, ratio, strict=True)]}]
        if options.get("translation"):
            steps.append({"type": "translation", "translation": list(options["translation"])})
        datasets.append({"path": str(i), "coordinateTransformations": steps})
    kinds = {"t": "time", "c": "channel"}
    listed = [
        {"name": a, "type": kinds.get(a, "space"), **({"unit": unit} if a in "zyx" and unit else {})} for a in axes
    ]
    said: dict[str, Any] = {"multiscales": [{"axes": listed, "datasets": datasets, "version": version}]}
    if options.get("names"):
        said["omero"] = {"channels": [{"label": n, "color": "FFFFFF"} for n in options["names"]]}
    group.attrs.update({"ome": {**said, "version": version}} if format_ == 3 else said)
    if options.get("zipped"):
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(p for p in folder.rglob("*") if p.is_file()):
                archive.write(file, file.relative_to(folder).as_posix())
        shutil.rmtree(folder)
    return path


# Cohorts --------------------------------------------------------------------------------------------------------------


def stain_cohort(folder: Path, rng: np.random.Generator, exams: int, names: Sequence[str], size: int = 48) -> Path:
    """OME-TIFF fields of several stains: `near` has its spots in the second channel where the first has them too,
    `apart` elsewhere; every channel has its own brightness."""
    folder.mkdir(parents=True)
    rows = ["image,label,subject"]
    for i in range(exams):
        label = ("near", "apart")[i % 2]
        data = stains(rng, len(names), size, label == "near")
        path = folder / f"f{i}.ome.tif"
        said = {"axes": "CYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "Channel": {"Name": list(names)}}
        tifffile.imwrite(path, data, metadata=said, photometric="minisblack")
        rows.append(f"{path.name},{label},s{i}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def stains(rng: np.random.Generator, channels: int, size: int, near: bool) -> Array:
    """(channel, size, size) uint16."""
    y, x = np.mgrid[:size, :size]
    places = rng.uniform(8, size - 8, (5, 2))

    def spots(where: Array) -> Array:
        return sum(np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 18) for cy, cx in where)

    others = places if near else rng.uniform(8, size - 8, (5, 2))
    light = [spots(places), spots(others), *(spots(rng.uniform(8, size - 8, (5, 2))) for _ in range(channels - 2))]
    bright = [300 * 4**i for i in range(channels)]
    return (
        np.stack([b * s + rng.normal(0, b * 0.02, (size, size)) + b for b, s in zip(bright, light, strict=True)])
        .clip(0, 65535)
        .astype(np.uint16)
    )


def slide_cohort(folder: Path, rng: np.random.Generator, exams: int, spacing: float = 0.25) -> Path:
    """Aperio-like pyramids of three levels: `striped` or `dotted` tissue."""
    folder.mkdir(parents=True)
    rows = ["image,label,subject"]
    for i in range(exams):
        label = ("striped", "dotted")[i % 2]
        y, x = np.mgrid[:200, :260]
        shift = rng.uniform(0, 40)
        wave = np.sin((x + shift) / 6) if label == "striped" else np.sin((x + shift) / 6) * np.sin(y / 6)
        picture = np.stack([170 + 50 * wave, 120 + 60 * wave, 160 + 30 * wave], axis=-1) + rng.normal(
            0, 4, (200, 260, 3)
        )
        write_svs(folder / f"s{i}.svs", pyramid(picture.clip(0, 255).astype(np.uint8)), spacing)
        rows.append(f"s{i}.svs,{label},p{i}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder
