"""The frames of a tiled DICOM object as tiles of a page: where they lie in the file and how each stream is decoded.

What the object says of levels and scale lives in `slide_dicom.py`.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from vesale.core.errors import SourceError
from vesale.core.image import Array

from .pixels import rgb_of_ybr

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_UNDEFINED = 0xFFFFFFFF
_RAW = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
_ADOBE, _JFIF, _SCAN = 0xEE, 0xE0, 0xDA
_FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


@dataclass(frozen=True, slots=True)
class Coding:
    """How one frame is stored."""

    syntax: str
    photometric: str
    shape: tuple[int, int]
    samples: int
    bytes: int
    """Of a sample."""
    by_plane: bool = False
    """Planar configuration 1."""


def locate(path: Path, start: int, coding: Coding, frames: int, table: Sequence[int]) -> tuple[Array, Array]:
    """(offsets, byte counts) of the frames, from the position of the Pixel Data element; `table`: extended offsets.

    An encapsulated frame begins with the header of its first item (PS3.5 A.4). SourceError when the frames cannot be
    told apart.
    """
    with path.open("rb") as file:
        file.seek(start)
        head = file.read(12)
        length = struct.unpack("<I", head[4:8] if coding.syntax == ImplicitVRLittleEndian else head[8:12])[0]
        first = start + (8 if coding.syntax == ImplicitVRLittleEndian else 12)
        if coding.syntax in _RAW:
            size = coding.shape[0] * coding.shape[1] * coding.samples * coding.bytes
            if length != _UNDEFINED and length < frames * size:
                raise SourceError(f"{path}: cut short: {frames} frames do not fit its pixel data", "copy it again")
            return first + np.arange(frames, dtype=np.uint64) * size, np.full(frames, size, np.uint64)
        basic = _basic_table(file, path, first)
        base = file.tell()
        starts = list(table) or basic
        if len(starts) == frames and all(b > a for a, b in pairwise(starts)):
            ends = [*starts[1:], _end(file, base + starts[-1]) - base]
            offsets = [base + s for s in starts]
            return _arrays(offsets, [e - s for s, e in zip(starts, ends, strict=True)])
        items = _items(file, base)
    if len(items) != frames:
        raise SourceError(
            f"{path}: {len(items)} fragments for {frames} frames, and no table says which belong together",
            "write it again with an offset table",
        )
    return _arrays([o for o, _ in items], [n for _, n in items])


def frame_decoder(path: Path, coding: Coding) -> Callable[[bytes, int], Array]:
    """(stored bytes, index) -> (height, width, samples), RGB where it is in colour. SourceError: no decoder for it."""
    if coding.syntax not in (*_RAW, *DECODERS):
        name = UID(coding.syntax).name
        raise SourceError(f"{path}: frames are stored as {name}, which is not read", "convert it to JPEG or JPEG 2000")
    unpack = DECODERS.get(coding.syntax, _raw)
    shape = (*coding.shape, coding.samples)

    def decode(data: bytes, _index: int) -> Array:
        stream = data if coding.syntax in _RAW else _joined(data)
        array = unpack(stream, coding)
        if array.size != shape[0] * shape[1] * shape[2]:
            raise SourceError(f"{path}: a frame of {array.shape} where {shape} is announced", "export it again")
        return array.reshape(shape)

    return decode


def stream_colours(stream: bytes) -> str | None:
    """What a JPEG stream says of its colours: RGB or YCBCR, by Adobe's or JFIF's marker, names of components, or
    chroma that is sampled more coarsely; None where nothing tells."""
    at, found = 2, None
    while at + 4 <= len(stream) and stream[at] == 0xFF:
        marker, length = stream[at + 1], int.from_bytes(stream[at + 2 : at + 4], "big")
        body = stream[at + 4 : at + 2 + length]
        if marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
            return "RGB" if body[11] == 0 else "YCBCR"
        if marker == _JFIF and body.startswith(b"JFIF\0"):
            return "YCBCR"
        if marker in _FRAME_HEADERS and len(body) >= 15:
            names, sampling = body[6:15:3], body[7:16:3]
            found = "RGB" if names == b"RGB" else ("YCBCR" if len(set(sampling)) > 1 else None)
        if marker == _SCAN:
            break
        at += 2 + length
    return found


def first_stream(path: Path, offset: int, count: int) -> bytes:
    """The stream of one encapsulated frame."""
    with path.open("rb") as file:
        file.seek(offset)
        return _joined(file.read(count))


def _basic_table(file: BinaryIO, path: Path, at: int) -> list[int]:
    """The first item's offsets, which may be none; the file is left at the first frame."""
    file.seek(at)
    head = file.read(8)
    if head[:4] != _ITEM:
        raise SourceError(f"{path}: its pixel data do not begin with an item", "export it again")
    data = file.read(struct.unpack("<I", head[4:])[0])
    return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))


def _items(file: BinaryIO, at: int) -> list[tuple[int, int]]:
    """(offset, length with its header) of every item up to the end of the sequence."""
    items = []
    file.seek(at)
    while (head := file.read(8))[:4] == _ITEM and len(head) == 8:
        length = struct.unpack("<I", head[4:])[0]
        items.append((at, length + 8))
        at += length + 8
        file.seek(at)
    return items


def _end(file: BinaryIO, at: int) -> int:
    """Where the items that begin at a place end."""
    items = _items(file, at)
    return items[-1][0] + items[-1][1] if items else at


def _joined(data: bytes) -> bytes:
    parts, at = [], 0
    while data[at : at + 4] == _ITEM:
        length = struct.unpack("<I", data[at + 4 : at + 8])[0]
        parts.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _arrays(offsets: Sequence[int], counts: Sequence[int]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    return np.array(offsets, np.uint64), np.array(counts, np.uint64)


def _raw(data: bytes, coding: Coding) -> Array:
    array = np.frombuffer(data, np.dtype(f"<u{coding.bytes}")).astype(f"u{coding.bytes}", copy=False)
    if coding.by_plane and coding.samples > 1:
        array = np.moveaxis(array.reshape(coding.samples, *coding.shape), 0, -1)
    return _to_rgb(array.reshape(*coding.shape, coding.samples), coding)


def _jpeg(data: bytes, coding: Coding) -> Array:
    """The stream's own colours where it says them; else the header's."""
    if coding.samples == 1:
        return np.asarray(imagecodecs.jpeg8_decode(data))
    space = stream_colours(data) or ("RGB" if coding.photometric == "RGB" else "YCBCR")
    return np.asarray(imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace="RGB"))


def _jpeg2000(data: bytes, coding: Coding) -> Array:
    """The decoder undoes the stream's own colour transform (YBR_ICT, YBR_RCT)."""
    return _to_rgb(np.asarray(imagecodecs.jpeg2k_decode(data)), coding)


def _to_rgb(array: Array, coding: Coding) -> Array:
    """YBR_FULL of ITU-R BT.601, full range (PS3.3 C.7.6.3.1.2), where the samples are that."""
    if coding.photometric not in ("YBR_FULL", "YBR_FULL_422") or coding.samples != 3:
        return array
    return rgb_of_ybr(array)


DECODERS: dict[str, Callable[[bytes, Coding], Array]] = {
    JPEGBaseline8Bit: _jpeg,
    JPEGExtended12Bit: _jpeg,
    JPEGLossless: lambda data, coding: np.asarray(imagecodecs.ljpeg_decode(data)),
    JPEGLosslessSV1: lambda data, coding: np.asarray(imagecodecs.ljpeg_decode(data)),
    JPEGLSLossless: lambda data, coding: np.asarray(imagecodecs.jpegls_decode(data)),
    JPEGLSNearLossless: lambda data, coding: np.asarray(imagecodecs.jpegls_decode(data)),
    JPEG2000Lossless: _jpeg2000,
    JPEG2000: _jpeg2000,
    HTJ2KLossless: _jpeg2000,
    HTJ2KLosslessRPCL: _jpeg2000,
    HTJ2K: _jpeg2000,
    RLELossless: lambda data, coding: _rle(data, coding),
}


def _rle(data: bytes, coding: Coding) -> Array:
    raw = imagecodecs.dicomrle_decode(data, np.dtype(f"<u{coding.bytes}"))
    planes = np.frombuffer(raw, np.dtype(f"<u{coding.bytes}")).reshape(coding.samples, *coding.shape)
    return _to_rgb(np.moveaxis(planes, 0, -1), coding)
