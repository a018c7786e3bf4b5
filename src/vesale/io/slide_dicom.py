"""DICOM whole slides (PS3.3 A.32.8): the files of one series to levels with scale and place on the slide.

Where frames lie and how they are decoded lives in `slide_frames.py`. Nothing here keeps or quotes a patient's value.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.uid import JPEGBaseline8Bit, VLWholeSlideMicroscopyImageStorage

from vesale.core.errors import SourceError
from vesale.core.grid import Box, Grid
from vesale.core.image import Array, Description, Source

from . import pixels
from .channel_names import channel_names
from .device import Device, of_dicom
from .formats import kind_of
from .lazy import plural, quiet, reading
from .pyramid import PRIVATE, Pyramid, digest_of
from .slide_frames import Coding, first_stream, frame_decoder, locate, stream_colours
from .slide_order import frame_order
from .tiff_tiles import Page, read_box

PIXEL_DATA = 0x7FE00010
BESIDE = frozenset({"LABEL", "OVERVIEW", "THUMBNAIL", "LOCALIZER"})
"""Value 3 of Image Type (PS3.3 C.8.12.4.1.1) of images that are no level of the slide."""
GREY, COLOUR = ("MONOCHROME1", "MONOCHROME2"), ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_NO_TABLE: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a slide: a level, or a picture beside it."""

    path: Path
    series: str
    flavour: str
    """VOLUME, LABEL, OVERVIEW, THUMBNAIL; '' where the file does not say."""
    grid: Grid
    coding: Coding
    frames: int
    start: int
    """Where the Pixel Data element begins."""
    table: tuple[int, ...]
    """Extended Offset Table."""
    paths: tuple[str, ...]
    """Optical paths, as they are described."""
    ordered: bool
    """TILED_FULL: frames come row by row, then path by path."""
    places: tuple[int, ...] | None
    """Of TILED_SPARSE: tile of each frame, path by path."""
    profile: bool
    text: bool
    """The header says that a label or burned-in text is in the pixels."""
    state: tuple[int, int]
    """Size and time of the file, so that what is remembered of it is forgotten when it changes."""
    odd: str | None = None
    """Why it cannot be a level of an image."""
    device: Device = ()


def open_dicom_slide(path: Path) -> Source:
    """The slide of which `path` is one file, with the other levels that lie beside it, or a folder with its files.

    SourceError when a folder holds several slides, when there is only a label or an overview, when frames have several
    focal planes, or when the frames cannot be placed.
    """
    with reading(path, "DICOM", quote=False), quiet():
        parts = _parts(path)
    levels = sorted((p for p in parts if p.flavour not in BESIDE), key=lambda p: -p.grid.shape[1])
    beside = sorted({p.flavour.lower() for p in parts if p.flavour in BESIDE})
    if not levels:
        raise SourceError(
            f"{path}: of a whole slide only its {' and '.join(beside)}, which is not read as an exam ({PRIVATE})",
            "give the folder with the slide's levels",
        )
    levels = _distinct(path, levels)
    with reading(path, "DICOM", quote=False), quiet():
        opened = [_opened(p) for p in levels]
    notes = [f"DICOM whole slide, {plural(len(levels), 'level')} in {plural(len(levels), 'file')}, read frame by frame"]
    if beside:
        notes.append(f"also in the series, and never read as the exam: {', '.join(beside)} ({PRIVATE})")
    notes += _oddities(levels, opened)
    description = Description("dicom", digest_of([p.path for p in levels]), "SM", tuple(notes),
                              tuple(p.path for p in levels), device=levels[0].device)  # fmt: skip
    return Pyramid(description, _channels(levels[0]), tuple(p.grid for p in levels), partial(_load, tuple(levels)))


def is_whole_slide(path: Path) -> bool:
    """Whether a DICOM file is part of a whole slide."""
    with reading(path, "DICOM", quote=False), quiet():
        return bool(_header(path)[0].get("SOPClassUID") == VLWholeSlideMicroscopyImageStorage)


def _parts(path: Path) -> list[Part]:
    """Of one file: all of its series beside it; of a folder: all, when they are of one series."""
    if path.is_dir():
        parts = list(_whole_slides(sorted(path.iterdir())))
        series = {p.series for p in parts}
        if len(series) != 1:
            found = f"{len(series)} whole slides" if series else "no DICOM whole slide"
            raise SourceError(f"{path}: {found} in it", "give each slide a folder of its own, or one of its files")
        return parts
    own = next(iter(_whole_slides([path])), None)
    if own is None:
        raise SourceError(f"{path}: no DICOM whole slide", "give a file of the slide")
    others = [p for p in sorted(path.parent.iterdir()) if p != path]
    return [own, *(p for p in _whole_slides(others, own.series) if p.series)] if own.series else [own]


def _whole_slides(paths: Iterable[Path], series: str | None = None) -> Iterable[Part]:
    """The parts among files; of other files only what tells that they are none is read."""
    for path in paths:
        if not path.is_file() or path.name.startswith(".") or path.stat().st_size == 0 or kind_of(path) != "dicom":
            continue
        data, start = _header(path)
        if data.get("SOPClassUID") != VLWholeSlideMicroscopyImageStorage:
            continue
        if series is None or data.get("SeriesInstanceUID") == series:
            yield _part(path, data, start)


def _header(path: Path) -> tuple[Dataset, int]:
    """Everything before the pixels, and where they begin."""

    def at_pixels(tag: Any, _vr: str | None, _length: int) -> bool:
        return bool(tag == PIXEL_DATA)

    with path.open("rb") as file:
        return read_partial(file, stop_when=at_pixels, force=True), file.tell()


def _part(path: Path, data: Dataset, start: int) -> Part:
    kinds = [str(v) for v in data.get("ImageType", [])]
    samples = int(data.get("SamplesPerPixel", 1))
    coding = Coding(
        str(data.file_meta.get("TransferSyntaxUID", "")),
        str(data.get("PhotometricInterpretation", "")),
        (int(data.Rows), int(data.Columns)),
        samples,
        int(data.get("BitsAllocated", 8)) // 8,
        int(data.get("PlanarConfiguration", 0)) == 1,
    )
    paths = tuple(str(p.get("OpticalPathDescription") or p.get("OpticalPathIdentifier") or "")
                  for p in data.get("OpticalPathSequence", []))  # fmt: skip
    table = data.get("ExtendedOffsetTable")
    grid = _grid(data)
    return Part(
        path,
        str(data.get("SeriesInstanceUID", "")),
        kinds[2] if len(kinds) > 2 else "",
        grid,
        coding,
        int(data.get("NumberOfFrames", 1)),
        start,
        struct.unpack(f"<{len(table) // 8}Q", table) if table else _NO_TABLE,
        paths or ("",),
        str(data.get("DimensionOrganizationType", "")) == "TILED_FULL",
        _places(path, data, grid, coding, paths),
        any("ICCProfile" in p for p in data.get("OpticalPathSequence", [])) or "ICCProfile" in data,
        "YES" in (str(data.get("BurnedInAnnotation", "")), str(data.get("SpecimenLabelInImage", ""))),
        (path.stat().st_size, path.stat().st_mtime_ns),
        _odd(data, coding),
        of_dicom(data),
    )


def _odd(data: Dataset, coding: Coding) -> str | None:
    planes = int(data.get("TotalPixelMatrixFocalPlanes", 1) or 1)
    if planes > 1:
        return f"{planes} focal planes"
    if "ConcatenationUID" in data:
        return "one part of a concatenation"
    if coding.photometric not in GREY + COLOUR or coding.samples not in (1, 3):
        return f"samples of the kind {coding.photometric[:16] or 'unstated'}"
    return "samples of one bit" if coding.bytes == 0 else None


def _grid(data: Dataset) -> Grid:
    """Pixel 1\\1 of the total pixel matrix lies at its origin (C.8.12.4.1.4); rows run along the first direction."""
    shape = (int(data.get("TotalPixelMatrixRows", data.Rows)), int(data.get("TotalPixelMatrixColumns", data.Columns)))
    shared = data.get("SharedFunctionalGroupsSequence")
    measures = shared[0].get("PixelMeasuresSequence") if shared else None
    size = measures[0].get("PixelSpacing") if measures else None
    spacing = (float(size[0]), float(size[1])) if size and len(size) == 2 and min(map(float, size)) > 0 else None
    cosines = [float(v) for v in data.get("ImageOrientationSlide", [])]
    place = data.get("TotalPixelMatrixOriginSequence")
    if len(cosines) != 6 or not place:
        return Grid(shape, spacing, frame="slide")
    origin = tuple(float(place[0].get(f"{a}OffsetInSlideCoordinateSystem", 0) or 0) for a in "XYZ")
    return Grid(shape, spacing, origin, (tuple(cosines[3:]), tuple(cosines[:3])), "slide")


def _places(path: Path, data: Dataset, grid: Grid, coding: Coding, paths: Sequence[str]) -> tuple[int, ...] | None:
    """Tile of each frame where each says its own position (C.7.6.17.3); None where frames come in order."""
    if data.get("DimensionOrganizationType") == "TILED_FULL" or "PerFrameFunctionalGroupsSequence" not in data:
        return None
    across, down = (-(-n // t) for n, t in zip(grid.shape[::-1], coding.shape[::-1], strict=True))
    known = [str(p.OpticalPathIdentifier) for p in data.get("OpticalPathSequence", []) if "OpticalPathIdentifier" in p]
    found = []
    for groups in data.PerFrameFunctionalGroupsSequence:
        position = groups.PlanePositionSlideSequence[0]
        row = int(position.RowPositionInTotalImagePixelMatrix) - 1
        column = int(position.ColumnPositionInTotalImagePixelMatrix) - 1
        light = groups.get("OpticalPathIdentificationSequence")
        which = known.index(str(light[0].OpticalPathIdentifier)) if light and len(paths) > 1 else 0
        if row % coding.shape[0] or column % coding.shape[1]:
            raise SourceError(f"{path}: its frames overlap, or lie off the grid of tiles", "export it as TILED_FULL")
        found.append((which * down + row // coding.shape[0]) * across + column // coding.shape[1])
    if len(set(found)) < len(found):
        raise SourceError(f"{path}: several frames have one place: focal planes, or a fault", "export one focal plane")
    return tuple(found)


def _distinct(path: Path, levels: Sequence[Part]) -> list[Part]:
    """Levels that can be one image: none odd, no two of one size, all with the same channels."""
    for part in levels:
        if part.odd:
            raise SourceError(f"{part.path}: a whole slide with {part.odd}", "export it as a plain pyramid")
    if len({p.grid.shape for p in levels}) < len(levels):
        raise SourceError(f"{path}: two files of the series are levels of one size", "give the files of one pyramid")
    if len({(len(p.paths), p.coding.samples, p.coding.bytes) for p in levels}) > 1:
        raise SourceError(f"{path}: the levels differ in their channels", "give the files of one pyramid")
    if levels[0].coding.samples == 3 and len(levels[0].paths) > 1:
        raise SourceError(f"{path}: {len(levels[0].paths)} colour pictures in one level", "export one optical path")
    return list(levels)


def _channels(part: Part) -> tuple[str, ...]:
    if part.coding.samples == 3:
        return pixels.COLOURS
    return channel_names([None] if len(part.paths) == 1 else part.paths, len(part.paths))


@lru_cache(maxsize=32)
def _opened(part: Part) -> tuple[Page, ...]:
    """One page an optical path."""
    height, width = part.grid.shape
    tile = part.coding.shape
    if min(tile) < 1 or tile[0] * tile[1] > pixels.MOST_PIXELS:
        raise SourceError(f"{part.path}: frames of {tile[1]} x {tile[0]} pixels", "export it with smaller frames")
    offsets, counts = locate(part.path, part.start, part.coding, part.frames, part.table)
    tiles = -(-height // tile[0]) * -(-width // tile[1])
    wanted = tiles * len(part.paths)
    if part.places is not None:
        everywhere = np.zeros((2, wanted), np.uint64)
        everywhere[:, list(part.places)] = offsets, counts
        offsets, counts = everywhere
    elif len(offsets) != wanted:
        raise SourceError(f"{part.path}: {len(offsets)} frames where {wanted} tile the slide", "export it again")
    decode = frame_decoder(part.path, part.coding)
    if part.places is None and not part.ordered:
        order = list(_told_order(part)[1])
        offsets, counts = offsets[order], counts[order]
    kind = np.dtype(f"u{part.coding.bytes}")
    return tuple(
        Page((height, width), part.coding.samples, kind, tile, False,
             offsets[i * tiles : (i + 1) * tiles], counts[i * tiles : (i + 1) * tiles], decode)
        for i in range(len(part.paths))
    )  # fmt: skip


@lru_cache(maxsize=32)
def _told_order(part: Part) -> tuple[str, tuple[int, ...]]:
    offsets, counts = locate(part.path, part.start, part.coding, part.frames, part.table)
    decode = frame_decoder(part.path, part.coding)

    @lru_cache(maxsize=8)
    def frame(i: int) -> Array:
        with part.path.open("rb") as file:
            file.seek(int(offsets[i]))
            return decode(file.read(int(counts[i])), i)

    down, across = (-(-n // t) for n, t in zip(part.grid.shape, part.coding.shape, strict=True))
    if part.frames != down * across:
        raise SourceError(f"{part.path}: {part.frames} frames where {down * across} tile the slide", "export it again")
    name, table = frame_order(part.path, (down, across), frame)
    return name, tuple(int(i) for i in table)


def _load(levels: tuple[Part, ...], level: int, box: Box) -> Array:
    part = levels[level]
    with reading(part.path, "DICOM"):
        parts = [np.moveaxis(read_box(part.path, page, box), -1, 0) for page in _opened(part)]
        data: Array = np.ascontiguousarray(np.concatenate(parts))
        if part.coding.photometric == "MONOCHROME1":
            data = np.iinfo(data.dtype).max - data
        return data


def _oddities(levels: Sequence[Part], opened: Sequence[Sequence[Page]]) -> list[str]:
    finest, pages = levels[0], opened[0]
    notes = [] if finest.flavour else ["the header does not say whether it is a level, a label or an overview"]
    if finest.places is None and not finest.ordered and len(pages[0].offsets) > 1:
        order = _told_order(finest)[0]
        notes.append(f"the header does not say where its frames lie: {order}, as their edges continue each other")
    present = next((i for i, n in enumerate(pages[0].counts) if n), None)
    if present is not None and finest.coding.samples == 3 and finest.coding.syntax == JPEGBaseline8Bit:
        stream = first_stream(finest.path, int(pages[0].offsets[present]), int(pages[0].counts[present]))
        said = stream_colours(stream)
        if said == "YCBCR" and finest.coding.photometric == "RGB":
            notes.append("the header says RGB, but the JPEG streams are YCbCr: they are decoded as what they are")
    missing = sum(page.missing for level in opened for page in level)
    notes += [f"{plural(missing, 'frame')} not in the file: shown as 0"] if missing else []
    notes += ["it has an ICC colour profile, which is not applied"] if finest.profile else []
    notes += ["MONOCHROME1: the stored values were turned over"] if finest.coding.photometric == "MONOCHROME1" else []
    notes += ["the file says that a label or text is in its pixels"] if any(p.text for p in levels) else []
    return notes
