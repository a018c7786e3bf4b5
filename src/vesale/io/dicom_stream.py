"""Where the pixels of a DICOM file lie, and what a compressed stream says of itself; nothing is decoded here."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vesale.core.errors import SourceError

Fragments = tuple[tuple[int, int], ...]
"""Offset and length of each fragment of one frame."""
UNDEFINED = 0xFFFFFFFF
MOST_INFLATED = 2 * 2**30
LARGEST_HEAD = 2**20
"""A JPEG's frame header lies behind its application segments, which are at most 64 KiB each."""
_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_LONG = (b"OB", b"OW", b"OF", b"OD", b"UN", b"OL", b"OV")
_MOST_FRAGMENTS = 1_000_000
_STARTS = (b"\xff\xd8", b"\xff\x4f", b"\x00\x00\x00\x0cjP  ")
_JPEG_FAMILIES = {0xC0: "jpeg8", 0xC1: "jpeg12", 0xC2: "progressive", 0xC3: "lossless", 0xF7: "jpegls"}
_FRAMES = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_RGB_IDS = ((82, 71, 66), (114, 103, 98))


@dataclass(frozen=True, slots=True)
class Place:
    """The pixel data element: native samples in one piece, or the fragments of each frame."""

    start: int
    length: int
    vr: str | None
    fragments: tuple[Fragments, ...] | None = None
    """None when the samples are native."""
    cut: bool = False
    """The file ends before its pixels do."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a compressed frame says of itself; None where it does not say."""

    family: str
    rows: int | None = None
    columns: int | None = None
    samples: int | None = None
    bits: int | None = None
    colour: str | None = None
    """RGB or YBR_FULL."""


@contextmanager
def content(path: Path, deflated: bool) -> Iterator[BinaryIO]:
    """The file's bytes; of a deflated one, its bytes after inflation, as an explicit little-endian data set."""
    with path.open("rb") as file:
        yield io.BytesIO(_inflated(path, file.read())) if deflated else file


def _inflated(path: Path, raw: bytes) -> bytes:
    """The data set behind the meta information (PS3.5 A.5); SourceError when it would not fit into memory."""
    if raw[128:132] != b"DICM" or raw[132:136] != b"\x02\x00\x00\x00":
        raise SourceError(f"{path}: deflated, and without the length of its file meta information", "export it again")
    start = 144 + int.from_bytes(raw[140:144], "little")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = inflater.decompress(raw[start:], MOST_INFLATED)
    if inflater.unconsumed_tail:
        raise SourceError(f"{path}: inflates to more than {MOST_INFLATED // 2**30} GiB", "export it uncompressed")
    return data


def locate(file: BinaryIO, size: int, implicit: bool, little: bool) -> Place:
    """The pixel data element whose first byte (of its tag) the file stands at."""
    order = "little" if little else "big"
    file.seek(4, io.SEEK_CUR)
    vr: str | None = None
    head = file.read(4)
    if not implicit and head[:2] in _LONG:
        vr, head = head[:2].decode(), file.read(4)
    length = int.from_bytes(head, order)  # type: ignore[arg-type]
    start = file.tell()
    if length != UNDEFINED:
        return Place(start, min(length, max(0, size - start)), vr, cut=start + length > size)
    fragments, offsets, cut = _items(file, size)
    return Place(start, size - start, vr, _frames(file, fragments, offsets), cut)


def _items(file: BinaryIO, size: int) -> tuple[list[tuple[int, int]], list[int], bool]:
    """Fragments of encapsulated pixel data (PS3.5 A.4), the basic offset table, and whether the file ends early."""
    fragments: list[tuple[int, int]] = []
    offsets: list[int] = []
    table_read = False
    while len(fragments) < _MOST_FRAGMENTS:
        head = file.read(8)
        if head[:4] == _END or (table_read and len(head) == 0):
            return fragments, offsets, len(head) == 0
        length = int.from_bytes(head[4:], "little")
        if head[:4] != _ITEM or len(head) < 8:
            return fragments, offsets, True
        if not table_read:
            table = file.read(length)
            offsets = list(struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4]))
            table_read = True
            continue
        if file.tell() + length > size:
            return fragments, offsets, True
        fragments.append((file.tell(), length))
        file.seek(length, io.SEEK_CUR)
    return fragments, offsets, False


def _frames(file: BinaryIO, fragments: list[tuple[int, int]], offsets: list[int]) -> tuple[Fragments, ...]:
    """Fragments grouped into frames: by the offset table when it fits them, else by the streams' first bytes."""
    if not fragments:
        return ()
    first = fragments[0][0] - 8
    starts = {offset - 8 - first: i for i, (offset, _) in enumerate(fragments)}
    if len(offsets) > 1 and all(o in starts for o in offsets) and offsets == sorted(set(offsets)):
        cuts = [starts[o] for o in offsets]
    else:
        heads = [_at(file, offset, min(length, 12)) for offset, length in fragments]
        fresh = [i for i, head in enumerate(heads) if head.startswith(_STARTS)]
        # run-length frames have one fragment each (PS3.5 A.4.2) and no mark at their start
        cuts = fresh if fresh and fresh[0] == 0 else list(range(len(fragments)))
    ends = [*cuts[1:], len(fragments)]
    return tuple(tuple(fragments[a:b]) for a, b in zip(cuts, ends, strict=True))


def _at(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def joined(file: BinaryIO, frame: Fragments, most: int | None = None) -> bytes:
    """One compressed frame, at most its first `most` bytes."""
    parts, left = [], most
    for offset, length in frame:
        parts.append(_at(file, offset, length if left is None else min(length, left)))
        left = None if left is None else left - len(parts[-1])
        if left is not None and left <= 0:
            break
    return b"".join(parts)


def facts(frame: bytes) -> Facts | None:
    """What a frame's first bytes say; None when they are no JPEG, JPEG-LS, JPEG 2000 or run-length stream."""
    try:
        if frame.startswith(b"\xff\xd8"):
            return _jpeg(frame)
        if frame.startswith((b"\xff\x4f", b"\x00\x00\x00\x0cjP  ")):
            return _jpeg2000(frame[max(0, frame.find(b"\xff\x4f\xff\x51")) :])
    except (IndexError, struct.error):
        return None
    segments = int.from_bytes(frame[:4], "little")
    if len(frame) >= 64 and 1 <= segments <= 15 and frame[4:8] == b"\x40\0\0\0":
        return Facts("rle", samples=segments)
    return None


def _jpeg(frame: bytes) -> Facts | None:
    """ISO 10918-1 B.2.2: the start of frame; JFIF and Adobe segments tell the colours, else the components' names."""
    at, colour = 2, None
    while True:
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        body = frame[at + 4 : at + 2 + struct.unpack_from(">H", frame, at + 2)[0]]
        if marker in _FRAMES:
            break
        if marker == 0xE0 and body.startswith(b"JFIF"):
            colour = "YBR_FULL"
        if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            colour = colour or ("YBR_FULL" if body[11] else "RGB")
        at += 4 + len(body)
    bits, rows, columns, samples = struct.unpack_from(">BHHB", body)
    if tuple(body[6 + 3 * i] for i in range(samples)) in _RGB_IDS:
        colour = "RGB"
    # the standard sets no colour transform of its own for lossless streams
    family = _JPEG_FAMILIES.get(marker, "other")
    return Facts(family, rows or None, columns, samples, bits, colour if samples == 3 else None)


def _jpeg2000(stream: bytes) -> Facts | None:
    """ISO 15444-1 A.5.1 and A.6.1: image and component sizes; a component transform means red, green, blue."""
    if stream[:4] != b"\xff\x4f\xff\x51":
        return None
    right, bottom, left, top = struct.unpack_from(">4I", stream, 8)
    samples = struct.unpack_from(">H", stream, 40)[0]
    bits = (stream[42] & 0x7F) + 1
    at, colour = 4 + struct.unpack_from(">H", stream, 4)[0], None
    family = "jpeg2000"
    while stream[at : at + 2] != b"\xff\x90" and at + 4 < len(stream):
        if stream[at : at + 2] == b"\xff\x50":  # capabilities: high throughput (ISO 15444-15)
            family = "htj2k"
        if stream[at : at + 2] == b"\xff\x52":
            colour = "RGB" if stream[at + 8] else None
        at += 2 + struct.unpack_from(">H", stream, at + 2)[0]
    return Facts(family, bottom - top, right - left, samples, bits, colour if samples == 3 else None)
