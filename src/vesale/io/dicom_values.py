"""Stored samples of a DICOM frame to what they mean: palettes, modality transforms, MONOCHROME1, SUV."""

from collections.abc import Iterator, Sequence

import numpy as np

from vesale.core.image import Array

from .dicom_frames import frames
from .dicom_header import PADDED, Header
from .dicom_planes import Plane
from .lazy import reading


def values(header: Header, planes: Sequence[Plane], factor: float | None = None) -> Iterator[Array]:
    """(y, x) or (y, x, 3) of each frame: what `transformed` makes of it, times `factor` where there is one."""
    if header.pixels is None:
        return
    for plane, raw in zip(planes, frames(header.path, header.pixels, [p.index for p in planes]), strict=True):
        array = transformed(header, plane, raw)
        yield array if factor is None else (array.astype(np.float64) * factor).astype(np.float32)


def transformed(header: Header, plane: Plane, raw: Array) -> Array:
    """Palette looked up, MONOCHROME1 turned over, modality transform applied; VOI windows are for looking only."""
    with reading(header.path, "DICOM"):
        if header.palette is not None:
            colours = header.palette.look_up(raw)
            return (colours >> 8 if header.palette.is_deep else colours).astype(np.uint8)
        if header.is_colour or header.pixels is None:
            return raw
        if header.inverted and raw.dtype.kind in "ui":
            low, high = header.pixels.stored_range
            raw = (low + high - raw.astype(np.int64)).astype(raw.dtype)
        if header.table is not None:
            return header.table.look_up(raw)
        if plane.slope == 1.0 and plane.intercept == 0.0:
            return raw
        if raw.dtype.kind == "f" or not (plane.slope.is_integer() and plane.intercept.is_integer()):
            return (raw.astype(np.float64) * plane.slope + plane.intercept).astype(np.float32)
        slope, intercept = int(plane.slope), int(plane.intercept)
        wide = np.int32 if _reach(raw) * abs(slope) + abs(intercept) < 2**31 else np.int64
        return _narrowed(raw.astype(wide) * slope + intercept)


def value_notes(header: Header) -> list[str]:
    """What was decided about the values, and the header's own notes with the padding in the values' unit."""
    notes = []
    for note in header.notes:
        notes.append(_padding_note(header, int(note.removeprefix(PADDED))) if note.startswith(PADDED) else note)
    if header.inverted:
        notes.append("MONOCHROME1: the stored values were turned over, so that bright is dense as in MONOCHROME2")
    elif header.photometric == "MONOCHROME1":
        notes.append("MONOCHROME1 with values in physical units: kept as they are")
    if header.palette is not None and header.palette.is_deep:
        notes.append("the palette has 16 bits: its upper 8 are used")
    return notes


def _padding_note(header: Header, stored: int) -> str:
    low, high = (0, 0) if header.pixels is None else header.pixels.stored_range
    at = low + high - stored if header.inverted else stored
    first = header.planes[0]
    value = at * first.slope + first.intercept if header.table is None else header.table.look_up(np.array([at]))[0]
    return f"padding outside the image has the value {value:g}"


def _reach(raw: Array) -> int:
    """The largest magnitude that the samples' type can hold."""
    return 1 if raw.dtype.kind == "b" else 2 ** (8 * raw.dtype.itemsize)


def _narrowed(whole: Array) -> Array:
    """int16 where the values fit, as CT's do whatever its BitsStored, else int32 or int64."""
    for kind in (np.int16, np.int32):
        if whole.size == 0 or (whole.min() >= np.iinfo(kind).min and whole.max() <= np.iinfo(kind).max):
            return whole.astype(kind)
    return whole
