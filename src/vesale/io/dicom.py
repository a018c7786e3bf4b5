"""One single-frame DICOM file as a source and as a mask; series of them live in `dicom_series.py`.

Multi-frame and enhanced objects are refused. Nothing here keeps, logs or quotes a value that could name a patient.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pydicom
from pydicom.config import IGNORE
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from vesale.core.errors import SourceError
from vesale.core.grid import Box, Grid
from vesale.core.image import Array, Description, Image, Source

from . import pixels
from .lazy import Deferred, digest, quiet, reading

T = TypeVar("T")
PIXEL_TAGS = frozenset({Tag(0x7FE00008), Tag(0x7FE00009), Tag(0x7FE00010)})
PROJECTIONS = frozenset({"CR", "DX", "MG", "RG", "IO", "PX", "XA", "RF"})
"""Modalities whose pixel spacing is at the detector unless it was calibrated (DICOM PS3.3 10.7.1.1)."""
PHYSICAL = frozenset({"CT", "PT"})
"""Modalities whose rescaled values are a physical quantity: white-is-low is then a matter of display only."""
GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
COLOUR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "PALETTE COLOR"})
_SLIDE, _DIRECTORY = "1.2.840.10008.5.1.4.1.1.77.1.6", "1.2.840.10008.1.3.10"
_SQUARE = 1e-3


@dataclass(frozen=True, slots=True)
class Header:
    """What one file says of its pixels and their place; no identity but the series', which only ever gets hashed."""

    path: Path
    series: str | None
    sop_class: str
    has_pixels: bool
    frames: int
    enhanced: bool
    modality: str | None
    photometric: str
    shape: tuple[int, int]
    bits: int
    signed: bool
    slope: float
    intercept: float
    lookup: bool
    """Stored values go through a modality look-up table instead of slope and intercept."""
    padding: int | None
    spacing: tuple[float, float] | None
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    """Six cosines: along a row (to the next column), along a column (to the next row)."""
    thickness: float | None
    between: float | None
    number: int | None
    notes: tuple[str, ...]

    @property
    def is_placed(self) -> bool:
        return self.position is not None and self.orientation is not None

    @property
    def is_slice(self) -> bool:
        """Part of a volume, by itself; else an image on its own."""
        plain = self.frames == 1 and not self.enhanced and not self.is_colour
        return plain and self.is_placed and self.modality not in PROJECTIONS

    @property
    def is_colour(self) -> bool:
        return self.photometric in COLOUR

    @property
    def inverted(self) -> bool:
        return self.photometric == "MONOCHROME1" and self.modality not in PHYSICAL

    @property
    def stored_range(self) -> tuple[int, int]:
        return (-(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1) if self.signed else (0, 2**self.bits - 1)

    @property
    def is_directory(self) -> bool:
        return self.sop_class == _DIRECTORY


def open_dicom(path: Path) -> Source:
    """A single-frame image: grey values after the modality transform (HU for CT), or red, green, blue.

    Whole-number values stay integers, others are float32; MONOCHROME1 is turned over so that bright is dense. The
    spacing is None when the file has none.
    """
    header = read_header(path)
    refuse(header)
    channels = pixels.COLOURS if header.is_colour else ("grey",)
    description = Description("dicom", digest(path), header.modality, (*header.notes, *value_notes(header)), (path,))
    return Deferred(description, channels, (_grid(header),), partial(_load, header))


def read_mask(path: Path) -> Image:
    """Stored numbers of a single-frame file, as a secondary capture holds a mask; a segmentation object is refused."""
    header = read_header(path)
    refuse(header)
    raw = stored(header)[1]
    return pixels.as_labels(path, raw, _grid(header), digest(path))


def read_header(path: Path) -> Header:
    """Everything before the pixels. SourceError when it is no DICOM or its header is damaged."""
    with reading(path, "DICOM", quote=False), quiet():
        data, has_pixels = _before_pixels(path)
        if len(data) == 0:
            raise SourceError(f"{path}: not DICOM, though it is named so", "check where the file came from")
        modality = _code(data, "Modality")
        spacing, notes = _spacing(data, modality)
        orientation, more = _orientation(data)
        bits = _whole(data, "BitsStored") or _whole(data, "BitsAllocated") or 8
        signed = _whole(data, "PixelRepresentation") == 1
        return Header(
            path=path,
            series=_text(data, "SeriesInstanceUID"),
            sop_class=_text(data, "SOPClassUID") or str(data.file_meta.get("MediaStorageSOPClassUID", "")),
            has_pixels=has_pixels,
            frames=_whole(data, "NumberOfFrames") or 1,
            enhanced="SharedFunctionalGroupsSequence" in data,
            modality=modality,
            photometric=_code(data, "PhotometricInterpretation") or "",
            shape=(_whole(data, "Rows") or 0, _whole(data, "Columns") or 0),
            bits=bits,
            signed=signed,
            slope=_number(data, "RescaleSlope", 1.0),
            intercept=_number(data, "RescaleIntercept", 0.0),
            lookup=bool(data.get("ModalityLUTSequence")),
            padding=_padding(data, signed),
            spacing=spacing,
            position=_vector(data, "ImagePositionPatient", 3),
            orientation=orientation,
            thickness=_positive(data, "SliceThickness"),
            between=_positive(data, "SpacingBetweenSlices"),
            number=_whole(data, "InstanceNumber"),
            notes=(*notes, *more, *_burned(data)),
        )


def refuse(header: Header) -> None:
    """SourceError, in one line, for everything but a plain single-frame image."""
    path = header.path
    if not header.has_pixels:
        raise SourceError(f"{path}: holds no image ({_class_name(header)})", "give the images it is about")
    if header.sop_class == _SLIDE:
        raise SourceError(f"{path}: a DICOM whole slide is not read yet", "convert it to a plain picture of one region")
    if header.frames > 1 or header.enhanced:
        kind = f"multi-frame ({header.frames} frames)" if header.frames > 1 else "an enhanced object"
        raise SourceError(
            f"{path}: {kind} is not read yet ({_class_name(header)})",
            "export it as single-frame DICOM or as NIfTI",
        )
    if header.photometric not in GREY | COLOUR:
        found = header.photometric or "nothing"
        raise SourceError(f"{path}: says {found} of what its samples mean", "export it as MONOCHROME2 or RGB")
    pixels.guard_size(path, *header.shape)


def value_notes(header: Header) -> list[str]:
    """What was decided about the values."""
    notes = []
    if header.inverted:
        notes.append("MONOCHROME1: the stored values were turned over, so that bright is dense as in MONOCHROME2")
    elif header.photometric == "MONOCHROME1":
        notes.append("MONOCHROME1 with values in physical units: kept as they are")
    if header.padding is not None and not header.is_colour:
        low, high = header.stored_range
        stored_value = low + high - header.padding if header.inverted else header.padding
        value = stored_value if header.lookup else stored_value * header.slope + header.intercept
        notes.append(f"padding outside the image has the value {value:g}")
    return notes


def stored(header: Header) -> tuple[Dataset, Array]:
    """The data set and its stored samples (y, x) or (y, x, 3), YBR turned into RGB."""
    with reading(header.path, "DICOM"), quiet():
        data = pydicom.dcmread(header.path, force=True)
        if "TransferSyntaxUID" not in data.file_meta:
            data.file_meta.TransferSyntaxUID = _syntax(data)
        raw = pixels.native(pixel_array(data))
        if raw.shape[:2] != header.shape:
            raise SourceError(
                f"{header.path}: pixels {raw.shape} where the header says {header.shape}", "export it again"
            )
        return data, raw


def values(header: Header, data: Dataset, raw: Array) -> Array:
    """Stored samples -> what they mean: palette looked up, MONOCHROME1 turned over, modality transform applied."""
    with reading(header.path, "DICOM"):
        if header.photometric == "PALETTE COLOR":
            colours = np.asarray(apply_color_lut(raw, data))
            return colours if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)
        if header.is_colour:
            return raw
        if header.inverted:
            low, high = header.stored_range
            raw = (low + high - raw.astype(np.int64)).astype(raw.dtype)
        if header.lookup:
            return np.asarray(apply_modality_lut(raw, data))
        if header.slope == 1.0 and header.intercept == 0.0:
            return raw
        if not (header.slope.is_integer() and header.intercept.is_integer()):
            return (raw.astype(np.float64) * header.slope + header.intercept).astype(np.float32)
        return _narrowed(raw.astype(np.int64) * int(header.slope) + int(header.intercept))


def _narrowed(whole: Array) -> Array:
    """int16 where the values fit, as CT's do whatever its BitsStored, else int32."""
    fits = whole.size == 0 or (whole.min() >= -(2**15) and whole.max() < 2**15)
    return whole.astype(np.int16 if fits else np.int32)


def _load(header: Header, box: Box) -> Array:
    data, raw = stored(header)
    return pixels.channels_first(values(header, data, raw)[box.slices])


def _grid(header: Header) -> Grid:
    """LPS when the file places its pixels in the patient; else a scale at most."""
    if header.position is None or header.orientation is None:
        return Grid(header.shape, header.spacing)
    axes = (header.orientation[3:], header.orientation[:3])
    return Grid(header.shape, header.spacing, header.position, axes, "patient")


def _class_name(header: Header) -> str:
    """The standard's name of what the file is; never the bytes of a damaged one."""
    name = UID(header.sop_class, validation_mode=IGNORE).name
    return "of no class in the standard" if name == header.sop_class else name


# Header ---------------------------------------------------------------------------------------------------------------


def _before_pixels(path: Path) -> tuple[Any, bool]:
    seen: list[int] = []

    def at_pixels(tag: Any, _vr: str | None, _length: int) -> bool:
        if tag in PIXEL_TAGS:
            seen.append(tag)
        return bool(seen)

    with path.open("rb") as file:
        data = read_partial(file, stop_when=at_pixels, force=True)
    return data, bool(seen)


def _syntax(data: Dataset) -> UID:
    """The transfer syntax of a file without meta information, as its elements were parsed."""
    implicit, little = data.original_encoding
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _spacing(data: Dataset, modality: str | None) -> tuple[tuple[float, float] | None, list[str]]:
    """(y, x) in mm and where it comes from: DICOM PS3.3 10.7.1.3 for projections."""
    spacing = _pair(data, "PixelSpacing")
    if spacing is not None:
        detector = modality in PROJECTIONS and "PixelSpacingCalibrationType" not in data
        return spacing, ["pixel spacing is at the detector: the patient is smaller"] if detector else []
    for keyword, note in (
        ("ImagerPixelSpacing", "pixel spacing is the detector's (ImagerPixelSpacing): the patient is smaller"),
        ("NominalScannedPixelSpacing", "pixel spacing is the film scanner's: the patient is smaller"),
    ):
        if (spacing := _pair(data, keyword)) is not None:
            return spacing, [note]
    return None, ["PixelSpacing is not two positive numbers: there is no scale"] if data.get("PixelSpacing") else []


def _orientation(data: Dataset) -> tuple[tuple[float, ...] | None, list[str]]:
    cosines = _vector(data, "ImageOrientationPatient", 6)
    if cosines is None:
        return None, []
    row, column = np.array(cosines[:3]), np.array(cosines[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if min(lengths) < 0.5 or abs(row @ column) > _SQUARE or max(abs(n - 1) for n in lengths) > 0.01:
        return None, ["ImageOrientationPatient is not two unit vectors at right angles: orientation unknown"]
    return tuple(float(v) for v in (*(row / lengths[0]), *(column / lengths[1]))), []


def _burned(data: Dataset) -> list[str]:
    return ["the file says that text is burned into its pixels"] if _text(data, "BurnedInAnnotation") == "YES" else []


def _padding(data: Dataset, signed: bool) -> int | None:
    """PixelPaddingValue as stored; some writers give the unsigned form of a signed number."""
    value = _whole(data, "PixelPaddingValue")
    allocated = _whole(data, "BitsAllocated") or 16
    return value - 2**allocated if value is not None and signed and value >= 2 ** (allocated - 1) else value


def _vector(data: Dataset, keyword: str, n: int) -> tuple[float, ...] | None:
    numbers = _value(data, keyword, lambda v: tuple(float(x) for x in v))
    return numbers if numbers is not None and len(numbers) == n and np.isfinite(numbers).all() else None


def _pair(data: Dataset, keyword: str) -> tuple[float, float] | None:
    pair = _vector(data, keyword, 2)
    return (pair[0], pair[1]) if pair is not None and min(pair) > 0 else None


def _positive(data: Dataset, keyword: str) -> float | None:
    number = _value(data, keyword, float)
    return number if number is not None and np.isfinite(number) and number > 0 else None


def _number(data: Dataset, keyword: str, default: float) -> float:
    number = _value(data, keyword, float)
    return default if number is None else number


def _whole(data: Dataset, keyword: str) -> int | None:
    return _value(data, keyword, int)


def _text(data: Dataset, keyword: str) -> str | None:
    return _value(data, keyword, lambda v: str(v).strip() or None)


def _code(data: Dataset, keyword: str) -> str | None:
    """A code string (VR CS, PS3.5 table 6.2-1); anything else is not shown to anybody."""
    text = _text(data, keyword)
    return text if text is not None and re.fullmatch(r"[A-Z0-9_ ]{1,16}", text) else None


def _value(data: Dataset, keyword: str, convert: Callable[[Any], T]) -> T | None:
    """An element's value, or None when it is absent, empty or not what the standard says."""
    try:
        value = data.get(keyword)
        return None if value is None or value == "" else convert(value)
    except (ValueError, TypeError, OverflowError, AttributeError, NotImplementedError):
        return None
