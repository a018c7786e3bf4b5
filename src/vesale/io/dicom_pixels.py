"""How the samples of a DICOM file are stored, its header reconciled with its stream: where they differ, the stream
is right and a note says so. Nothing is decoded here."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import Dataset

from vesale.core.errors import SourceError

from . import dicom_elements as element
from .dicom_kinds import COLOUR, DEFLATED, FAMILIES, NATIVE, uid_name
from .dicom_stream import LARGEST_HEAD, Facts, Place, facts, joined
from .lazy import plural

KEYWORDS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
MOST_FRAMES = 200_000
_LARGEST = 2**16 - 1
"""Rows and columns are numbers of 16 bits."""
_SPOILT = "the file is cut or damaged: copy or export it again"


@dataclass(frozen=True, slots=True)
class Pixels:
    """Where and how the samples lie."""

    keyword: str
    syntax: str
    deflated: bool
    place: Place
    frames: int
    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    high: int
    signed: bool
    planar: int
    photometric: str
    fault: tuple[str, str] | None = None
    """Why they cannot be read, and what to do."""
    notes: tuple[str, ...] = ()

    @property
    def is_colour(self) -> bool:
        return self.photometric in COLOUR

    @property
    def shifted(self) -> bool:
        """The samples do not lie in the lowest bits of their words."""
        return self.keyword == "PixelData" and self.high != self.stored - 1 and self.place.fragments is None

    @property
    def frame_bits(self) -> int:
        """Of one native frame; two samples of chroma may serve two pixels (PS3.3 C.7.6.3.1.2)."""
        bits = self.rows * self.columns * self.samples * self.allocated
        return bits // 3 * 2 if self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422") else bits

    @property
    def stored_range(self) -> tuple[int, int]:
        return (-(2 ** (self.stored - 1)), 2 ** (self.stored - 1) - 1) if self.signed else (0, 2**self.stored - 1)


def describe(data: Dataset, tag: int, place: Place, file: BinaryIO, syntax: str) -> Pixels:
    """What the header says of the samples, put right by the stream."""
    pixels = _described(data, tag, place, file, syntax)
    if pixels.frames <= MOST_FRAMES:
        return pixels
    return replace(pixels, frames=1, fault=(f"{pixels.frames:,} frames in one file: a damaged header", _SPOILT))


def _described(data: Dataset, tag: int, place: Place, file: BinaryIO, syntax: str) -> Pixels:
    said = _as_said(data, KEYWORDS[tag], place, syntax)
    frames = element.whole(data, "NumberOfFrames")
    if place.fragments is None:
        return _native(said, frames)
    if not place.fragments or not sum(length for _, length in place.fragments[0]):
        return replace(said, fault=("its pixel data are empty", _SPOILT))
    seen = facts(joined(file, place.fragments[0], LARGEST_HEAD))
    found = len(place.fragments)
    notes = list(said.notes)
    if frames != found and not (frames is None and found == 1):
        notes.append(_miscounted(frames, found))
    fault = ("the file ends before its pixels do", _SPOILT) if place.cut and (frames or 1) >= found else said.fault
    counted = replace(said, frames=found, notes=tuple(notes), fault=fault)
    return counted if seen is None else _reconciled(counted, seen)


def refuse_pixels(path: Path, pixels: Pixels) -> None:
    """SourceError when the samples cannot be read as described."""
    if pixels.samples not in (1, 3) or (pixels.samples == 3) != _is_triple(pixels.photometric):
        raise SourceError(
            f"{path}: says {pixels.photometric or 'nothing'} with {plural(pixels.samples, 'sample')} a pixel",
            "export it as MONOCHROME2 or RGB",
        )
    if pixels.allocated != 1 and (pixels.allocated % 8 or not 8 <= pixels.allocated <= 64):
        raise SourceError(
            f"{path}: {pixels.allocated} bits allocated: only 1, 8, 16, 32, 64 are read", "export it again"
        )
    if not 1 <= pixels.stored <= pixels.allocated or not pixels.stored - 1 <= pixels.high < pixels.allocated:
        found = f"bit {pixels.high} as the highest of {pixels.stored} in {pixels.allocated}"
        raise SourceError(f"{path}: an impossible depth: {found}", "export it again")
    if pixels.fault is not None:
        raise SourceError(f"{path}: {pixels.fault[0]}", pixels.fault[1])


def _is_triple(photometric: str) -> bool:
    return photometric in COLOUR and photometric != "PALETTE COLOR"


def _as_said(data: Dataset, keyword: str, place: Place, syntax: str) -> Pixels:
    notes = []
    size = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(keyword)
    allocated = element.whole(data, "BitsAllocated") or size or 0
    stored = size or element.whole(data, "BitsStored") or allocated
    representation = element.whole(data, "PixelRepresentation")
    samples = element.whole(data, "SamplesPerPixel") or 1
    photometric = element.code(data, "PhotometricInterpretation") or ""
    planar = element.whole(data, "PlanarConfiguration")
    if representation is None and size is None:
        notes.append("PixelRepresentation is missing: the stored numbers are taken as unsigned")
    if planar is None and samples == 3 and place.fragments is None:
        notes.append("PlanarConfiguration is missing: colours are taken to alternate pixel by pixel")
    high = element.whole(data, "HighBit")
    return Pixels(
        keyword=keyword,
        syntax=syntax,
        deflated=syntax == DEFLATED,
        place=place,
        frames=1,
        rows=element.whole(data, "Rows") or 0,
        columns=element.whole(data, "Columns") or 0,
        samples=samples,
        allocated=size or allocated,
        stored=stored,
        high=stored - 1 if high is None or size else high,
        signed=representation == 1,
        planar=planar or 0,
        photometric=photometric,
        notes=tuple(notes),
    )


# Native ---------------------------------------------------------------------------------------------------------------


def _native(said: Pixels, frames: int | None) -> Pixels:
    """The number of whole frames that the element holds; fewer or more than the header's number is said."""
    notes, pixels = list(said.notes), said
    if said.syntax not in NATIVE:
        pixels = replace(said, syntax=NATIVE[1])
        notes.append(f"pixels are not compressed, though the header says {uid_name(said.syntax) or 'so'}")
    if said.place.length == 0:
        return replace(pixels, fault=("its pixel data are empty", _SPOILT))
    bits = 8 * said.place.length
    if (
        said.photometric == "YBR_FULL_422"
        and bits // (frames or 1) >= said.rows * said.columns * 3 * said.allocated > 0
    ):
        pixels = replace(pixels, photometric="YBR_FULL")
        notes.append("YBR_FULL_422 by the header, but every pixel has its own colour: read as YBR_FULL")
    if pixels.frame_bits == 0:
        return replace(pixels, notes=tuple(notes))
    found, rest = divmod(bits, pixels.frame_bits)
    if found == 0 or (said.place.cut and found < (frames or 1)):
        held = f"{said.place.length:,} bytes of pixels for {plural(frames or 1, 'frame')} of {pixels.frame_bits // 8:,}"
        return replace(pixels, fault=(f"holds {held}", _SPOILT))
    if found != (frames or 1):
        notes.append(_miscounted(frames, found))
    elif rest >= 16:
        notes.append(f"{rest // 8:,} bytes behind the pixels are padding and are left out")
    return replace(pixels, frames=found, notes=tuple(notes))


def _miscounted(said: int | None, found: int) -> str:
    header = "no number of frames" if said is None else plural(said, "frame")
    return f"the header says {header}, the pixel data hold {found}: the data are right"


# Compressed -----------------------------------------------------------------------------------------------------------


def _reconciled(said: Pixels, seen: Facts) -> Pixels:
    pixels, notes = said, list(said.notes)
    syntaxes = FAMILIES.get(seen.family, ())
    if not syntaxes:
        kind = "progressive JPEG" if seen.family == "progressive" else "of a JPEG process that is retired"
        return replace(said, fault=(f"its stream is {kind}, which DICOM does not use", "export it uncompressed"))
    if pixels.syntax not in syntaxes:
        pixels = replace(pixels, syntax=syntaxes[0])
        notes.append(f"the stream is {uid_name(syntaxes[0])}, the header says {uid_name(said.syntax) or 'another'}")
    if seen.family == "rle":
        return _run_length(replace(pixels, notes=tuple(notes)), seen)
    if max(seen.rows or 0, seen.columns or 0) > _LARGEST:
        damage = f"its stream says {seen.columns} x {seen.rows} pixels: the stream's header is damaged"
        return replace(said, fault=(damage, _SPOILT))
    if seen.rows and seen.columns and (seen.rows, seen.columns) != (pixels.rows, pixels.columns):
        notes.append(
            f"the stream has {seen.columns} x {seen.rows} pixels, the header says {said.columns} x {said.rows}"
        )
        pixels = replace(pixels, rows=seen.rows, columns=seen.columns)
    if seen.samples and seen.samples != pixels.samples:
        notes.append(f"the stream has {plural(seen.samples, 'sample')} a pixel, the header says {pixels.samples}")
        colour = seen.colour or ("YBR_FULL" if seen.family in ("jpeg8", "jpeg12") else "RGB")
        pixels = replace(
            pixels, samples=seen.samples, photometric=colour if seen.samples == 3 else "MONOCHROME2", planar=0
        )
    pixels = _coloured(pixels, seen, notes)
    return _deep(replace(pixels, notes=tuple(notes)), seen)


def _coloured(pixels: Pixels, seen: Facts, notes: list[str]) -> Pixels:
    if pixels.samples != 3:
        return pixels
    says = "RGB" if pixels.photometric in ("RGB", "YBR_ICT", "YBR_RCT") else "YBR_FULL"
    if seen.colour is not None and seen.colour != says:
        notes.append(f"the stream is {seen.colour}, the header says {pixels.photometric or 'nothing'}")
        return replace(pixels, photometric=seen.colour)
    return pixels


def _deep(pixels: Pixels, seen: Facts) -> Pixels:
    """Words wide enough for the stream's samples, and no wider than its 8-bit decoders give."""
    bits = seen.bits or pixels.stored
    narrow = seen.family in ("jpeg8", "jpeg12", "lossless") and bits <= 8 < pixels.allocated
    if bits <= pixels.allocated and not narrow:
        return pixels
    allocated = 8 if bits <= 8 else 16 if bits <= 16 else 32
    stored = bits if bits > pixels.allocated else min(pixels.stored, allocated)
    note = f"the stream has {bits} bits a sample, the header says {pixels.stored} in {pixels.allocated}"
    notes = (*pixels.notes, note)
    return replace(pixels, allocated=allocated, stored=stored, high=stored - 1, notes=notes)


def _run_length(pixels: Pixels, seen: Facts) -> Pixels:
    """PS3.5 G.2: one segment for each byte of each sample."""
    wide = pixels.samples * max(1, pixels.allocated // 8)
    if seen.samples == wide:
        return pixels
    each, rest = divmod(seen.samples or 0, pixels.samples)
    if rest or each not in (1, 2, 4):
        found = f"{plural(seen.samples or 0, 'run-length segment')} where the header needs {wide}"
        return replace(pixels, fault=(found, "export it uncompressed"))
    note = f"the stream has {8 * each} bits a sample, the header says {pixels.allocated}"
    stored = min(pixels.stored, 8 * each)
    return replace(pixels, allocated=8 * each, stored=stored, high=stored - 1, notes=(*pixels.notes, note))
