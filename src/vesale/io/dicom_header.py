"""One DICOM file's header, parsed once: what its pixels are and where its frames lie; no pixel is decoded here.

Nothing here keeps, logs or quotes a value that could name a patient.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from vesale.core.errors import SourceError

from . import dicom_elements as element
from . import pixels as raster
from .device import Device, of_dicom
from .dicom_kinds import (
    COLOUR,
    DEFLATED,
    DIRECTORY,
    DOSE,
    GREY,
    LOSSY,
    PHYSICAL,
    PROJECTIONS,
    SEGMENTATIONS,
    SLIDE,
    uid_name,
    undecodable,
)
from .dicom_pet import Uptake, uptake
from .dicom_pixels import KEYWORDS, Pixels, describe, refuse_pixels
from .dicom_planes import Plane, layout, plain_keys
from .dicom_stream import content, locate
from .dicom_tables import Table, modality, palette
from .lazy import plural, quiet, reading

MOST_KEPT = 20_000
"""Frames whose headers are remembered, so that a survey and the opening after it parse each file once."""
_CENTIMETRES, _PLANAR, _TISSUE = 3, 1, 1
"""Ultrasound regions (PS3.3 C.8.5.5): unit of the deltas, spatial format 2D, data type tissue."""


@dataclass(frozen=True, slots=True)
class Header:
    """What one file says of its pixels and their place; no identity but UIDs, which only get compared or hashed."""

    path: Path
    series: str | None = field(repr=False)
    instance: str | None = field(repr=False)
    whole: str = field(repr=False)
    """What its frames belong to: the file, or the concatenation (PS3.3 C.7.6.16.2.2.4) that it is a part of."""
    sop_class: str
    modality: str | None
    pixels: Pixels | None
    planes: tuple[Plane, ...]
    run: str
    frame: str
    enhanced: bool
    palette: Table | None
    table: Table | None
    """Stands for slope and intercept where there is one."""
    uptake: Uptake | None = field(repr=False)
    fault: tuple[str, str] | None
    notes: tuple[str, ...]
    device: Device = field(default=(), repr=False)

    @property
    def has_pixels(self) -> bool:
        return self.pixels is not None

    @property
    def shape(self) -> tuple[int, int]:
        return (0, 0) if self.pixels is None else (self.pixels.rows, self.pixels.columns)

    @property
    def photometric(self) -> str:
        return "" if self.pixels is None else self.pixels.photometric

    @property
    def is_slice(self) -> bool:
        """Part of a volume, by itself; else an image, or several, on its own."""
        placed = len(self.planes) == 1 and self.planes[0].is_placed
        return placed and not self.is_colour and not self.is_mask and self.modality not in PROJECTIONS

    @property
    def is_colour(self) -> bool:
        return self.photometric in COLOUR

    @property
    def is_mask(self) -> bool:
        return self.sop_class in SEGMENTATIONS

    @property
    def is_slide(self) -> bool:
        return self.sop_class == SLIDE

    @property
    def inverted(self) -> bool:
        return self.photometric == "MONOCHROME1" and self.modality not in PHYSICAL

    @property
    def is_directory(self) -> bool:
        return self.sop_class == DIRECTORY


@dataclass(slots=True)
class _Memory:
    """Headers by path, place on the disk, size and time of change; the longest unused are forgotten first."""

    headers: "OrderedDict[tuple[Path, int, int, int, int], Header]" = field(default_factory=OrderedDict)
    frames: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_MEMORY = _Memory()


def read_header(path: Path) -> Header:
    """Everything before the pixels. SourceError when it is no DICOM or its header is damaged."""
    with reading(path, "DICOM", quote=False):
        stat = path.stat()
        key = (path, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        with _MEMORY.lock:
            known = _MEMORY.headers.get(key)
            if known is not None:
                _MEMORY.headers.move_to_end(key)
                return known
        header = _fresh(path)
    with _MEMORY.lock:
        _MEMORY.frames += 0 if key in _MEMORY.headers else len(header.planes)
        _MEMORY.headers[key] = header
        while _MEMORY.frames > MOST_KEPT and len(_MEMORY.headers) > 1:
            _MEMORY.frames -= len(_MEMORY.headers.popitem(last=False)[1].planes)
    return header


def refuse(header: Header) -> None:
    """SourceError, in one line, for everything that is no image to read, or whose pixels cannot be decoded."""
    path, pixels = header.path, header.pixels
    if pixels is None:
        raise SourceError(f"{path}: holds no image ({class_name(header)})", "give the images it is about")
    if header.is_slide:
        raise slide_error(header)
    if header.is_mask:
        raise SourceError(f"{path}: a segmentation is a mask, not an image", "give it in a mask column of labels.csv")
    refuse_samples(header)


def refuse_samples(header: Header) -> None:
    """The part of `refuse` that masks share."""
    path, pixels = header.path, header.pixels
    if pixels is None:
        raise SourceError(f"{path}: holds no image ({class_name(header)})", "give the images it is about")
    problem = undecodable(pixels.syntax)
    if problem is not None:
        raise SourceError(f"{path}: {problem[0]}", problem[1])
    if header.photometric not in GREY | COLOUR:
        found = header.photometric or "nothing"
        raise SourceError(f"{path}: says {found} of what its samples mean", "export it as MONOCHROME2 or RGB")
    raster.guard_size(path, *header.shape)
    refuse_pixels(path, pixels)
    if header.fault is not None:
        raise SourceError(f"{path}: {header.fault[0]}", header.fault[1])


def slide_error(header: Header) -> SourceError:
    """A whole slide where a plain image is wanted."""
    message = f"{header.path}: a DICOM whole slide is neither a mask nor a slice"
    return SourceError(message, "give it as an exam's image")


def class_name(header: Header) -> str:
    """The standard's name of what the file is; never the bytes of a damaged one."""
    return uid_name(header.sop_class) or "of no class in the standard"


# Parsing --------------------------------------------------------------------------------------------------------------


def _fresh(path: Path) -> Header:
    with quiet():
        data, pixels = _parsed(path)
        if len(data) == 0:
            raise SourceError(f"{path}: not DICOM, though it is named so", "check where the file came from")
        return _header(path, data, pixels)


def _parsed(path: Path) -> tuple[Any, Pixels | None]:
    """The data set before its pixels, and what it says of them."""
    with path.open("rb") as file:
        data, tags = _before_pixels(file)
        if data.file_meta.get("TransferSyntaxUID") != DEFLATED:
            return data, _located(path, data, tags, file)
    meta = data.file_meta
    with content(path, deflated=True) as file:
        data, tags = _before_pixels(file)
        data.file_meta = meta
        return data, _located(path, data, tags, file)


def _located(path: Path, data: Any, tags: list[int], file: BinaryIO) -> Pixels | None:
    """`file` stands at the tag of the pixel data, where the parser stopped."""
    if not tags:
        return None
    here = file.tell()
    size = file.seek(0, 2)
    file.seek(here)
    implicit, little = data.original_encoding
    place = locate(file, size, bool(implicit), bool(little))
    return describe(data, tags[0], place, file, _syntax(data))


def _before_pixels(file: BinaryIO) -> tuple[Any, list[int]]:
    seen: list[int] = []

    def at_pixels(tag: Any, _vr: str | None, _length: int) -> bool:
        if int(tag) in KEYWORDS:
            seen.append(int(tag))
        return bool(seen)

    return read_partial(file, stop_when=at_pixels, force=True), seen


def _syntax(data: Dataset) -> str:
    """The transfer syntax, of a file without meta information as its elements were parsed."""
    said = str(data.file_meta.get("TransferSyntaxUID", ""))
    if said:
        return said
    implicit, little = data.original_encoding
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _header(path: Path, data: Any, pixels: Pixels | None) -> Header:
    kind = element.code(data, "Modality")
    sop_class = element.text(data, "SOPClassUID") or str(data.file_meta.get("MediaStorageSOPClassUID", ""))
    base, notes = _base(data, kind)
    laid = layout(data, pixels.frames if pixels is not None else 1, kind, base)
    colours, table, damage = _tables(data, pixels)
    concatenation = element.text(data, "ConcatenationUID")
    return Header(
        path=path,
        series=element.text(data, "SeriesInstanceUID"),
        instance=element.text(data, "SOPInstanceUID"),
        whole=concatenation or str(path),
        sop_class=sop_class,
        modality=kind,
        pixels=pixels,
        planes=laid.planes,
        run=laid.run,
        frame=laid.frame,
        enhanced="SharedFunctionalGroupsSequence" in data or "PerFrameFunctionalGroupsSequence" in data,
        palette=colours,
        table=table,
        uptake=uptake(data) if kind == "PT" else None,
        fault=laid.fault or damage,
        notes=(*notes, *laid.notes, *(pixels.notes if pixels is not None else ()), *_remarks(data, pixels)),
        device=of_dicom(data),
    )


def _base(data: Dataset, modality: str | None) -> tuple[Plane, list[str]]:
    """What the file as a whole says of its frames."""
    spacing, notes = _spacing(data, modality)
    cosines = element.vector(data, "ImageOrientationPatient", 6)
    orientation = None if cosines is None else element.unit_vectors(cosines)
    if cosines is not None and orientation is None:
        notes.append("ImageOrientationPatient is not two unit vectors at right angles: orientation unknown")
    slope, intercept = element.number(data, "RescaleSlope"), element.number(data, "RescaleIntercept")
    dose = element.number(data, "DoseGridScaling")
    if dose is not None:
        slope = dose
        notes.append(f"values are dose in {element.code(data, 'DoseUnits') or 'a unit that the file does not state'}")
    elif element.text(data, "SOPClassUID") == DOSE:
        notes.append("DoseGridScaling is missing: values are the stored numbers, not dose")
    if slope == 0:
        notes.append("RescaleSlope is 0: values are the stored numbers")
        slope = intercept = None
    return Plane(
        index=0,
        position=element.vector(data, "ImagePositionPatient", 3),
        orientation=orientation,
        spacing=spacing,
        thickness=element.positive(data, "SliceThickness"),
        between=element.positive(data, "SpacingBetweenSlices"),
        number=element.whole(data, "InstanceNumber"),
        slope=1.0 if slope is None else slope,
        intercept=0.0 if intercept is None else intercept,
        unit=element.code(data, "RescaleType"),
        keys=plain_keys(data),
    ), notes


def _tables(data: Any, pixels: Pixels | None) -> tuple[Table | None, Table | None, tuple[str, str] | None]:
    """Palette and modality table, and why one of them cannot be read."""
    if pixels is None:
        return None, None, None
    little = bool(data.original_encoding[1])
    try:
        colours = palette(data, pixels.signed, little) if pixels.photometric == "PALETTE COLOR" else None
        table = modality(data, pixels.signed, little)
    except SourceError as error:
        return None, None, (error.message, error.remedy or "export it again")
    except (ValueError, TypeError, IndexError):
        return None, None, ("a look-up table is damaged", "export it again")
    if pixels.photometric == "PALETTE COLOR" and colours is None:
        return None, None, ("says PALETTE COLOR and has no palette", "export it as RGB")
    return colours, table, None


# Scale ----------------------------------------------------------------------------------------------------------------


def _spacing(data: Dataset, modality: str | None) -> tuple[tuple[float, float] | None, list[str]]:
    """(y, x) in mm and where it comes from: DICOM PS3.3 10.7.1.3 for projections."""
    spacing = element.pair(data, "PixelSpacing")
    if spacing is not None:
        detector = modality in PROJECTIONS and "PixelSpacingCalibrationType" not in data
        return spacing, ["pixel spacing is at the detector: the patient is smaller"] if detector else []
    for keyword, note in (
        ("ImagerPixelSpacing", "pixel spacing is the detector's (ImagerPixelSpacing): the patient is smaller"),
        ("NominalScannedPixelSpacing", "pixel spacing is the film scanner's: the patient is smaller"),
        ("ImagePlanePixelSpacing", "pixel spacing is at the image plane of the treatment machine"),
    ):
        if (spacing := element.pair(data, keyword)) is not None:
            return spacing, [note]
    if "SequenceOfUltrasoundRegions" in data:
        return _regions(data)
    return None, ["PixelSpacing is not two positive numbers: there is no scale"] if data.get("PixelSpacing") else []


def _regions(data: Dataset) -> tuple[tuple[float, float] | None, list[str]]:
    """Ultrasound: the scale of its two-dimensional tissue regions, when they share one (PS3.3 C.8.5.5)."""
    found: set[tuple[float, float]] = set()
    flat = 0
    for region in element.items(data, "SequenceOfUltrasoundRegions"):
        if element.whole(region, "RegionSpatialFormat") != _PLANAR:
            continue
        if element.whole(region, "RegionDataType") not in (None, _TISSUE, 2):
            continue
        flat += 1
        units = [element.whole(region, f"PhysicalUnits{axis}Direction") for axis in "XY"]
        deltas = [abs(element.number(region, f"PhysicalDelta{axis}") or 0.0) * 10 for axis in "YX"]
        if units == [_CENTIMETRES, _CENTIMETRES] and min(deltas) > 0:
            found.add((float(f"{deltas[0]:.6g}"), float(f"{deltas[1]:.6g}")))
    if len(found) == 1:
        return found.pop(), ["pixel spacing is that of the ultrasound region, and holds inside it only"]
    if found:
        return None, [f"{plural(flat, 'ultrasound region')} of different scales: there is no scale for the whole"]
    return None, []


# Remarks --------------------------------------------------------------------------------------------------------------


def _remarks(data: Any, pixels: Pixels | None) -> list[str]:
    """What a reader of the values should know and the values do not show."""
    if pixels is None:
        return []
    notes = []
    if element.text(data, "BurnedInAnnotation") == "YES":
        notes.append("the file says that text is burned into its pixels")
    lossy = element.text(data, "LossyImageCompression") == "01"
    if lossy or pixels.syntax in LOSSY - {"1.2.840.10008.1.2.4.51"}:
        ratio = element.numbers(data, "LossyImageCompressionRatio")
        by = f", {ratio[-1]:g} to 1" if ratio else ""
        notes.append(f"the pixels were compressed with loss{by}")
    notes += _overlays(data, pixels)
    if len(list(element.items(data, "RealWorldValueMappingSequence"))):
        notes.append("a real-world value map is given and is not applied")
    padding = _padding(data, pixels)
    if padding is not None and not pixels.is_colour:
        notes.append(f"{PADDED}{padding}")
    return notes


PADDED = "padding outside the image is stored as "
"""Replaced by the value after the rescale in `dicom_values.py`."""


def _padding(data: Dataset, pixels: Pixels) -> int | None:
    """PixelPaddingValue as stored; some writers give the unsigned form of a signed number."""
    found = element.whole(data, "PixelPaddingValue")
    top = 2 ** (pixels.allocated - 1)
    return found - 2 * top if found is not None and pixels.signed and found >= top else found


def _overlays(data: Any, pixels: Pixels) -> list[str]:
    """Overlays (PS3.3 C.9.2) never reach the pixels; those in unused high bits are masked off when decoding."""
    groups = [g for g in range(0x6000, 0x6020, 2) if (g, 0x0010) in data]
    inside = [g for g in groups if (g, 0x3000) not in data and _position(data, g) > pixels.high]
    notes = []
    if len(groups) > len(inside):
        notes.append(f"{plural(len(groups) - len(inside), 'overlay')} beside the pixels, not drawn into them")
    if inside:
        notes.append(f"{plural(len(inside), 'overlay')} in the high bits of the pixels, masked off")
    return notes


def _position(data: Any, group: int) -> int:
    try:
        return int(data[group, 0x0102].value)
    except (KeyError, TypeError, ValueError):
        return -1


def by_series(headers: Sequence[Header]) -> dict[str, list[Header]]:
    """SeriesInstanceUID -> its files, in the order given; a file without one stands alone under its path."""
    groups: dict[str, list[Header]] = {}
    for header in headers:
        groups.setdefault(header.series or str(header.path), []).append(header)
    return groups
