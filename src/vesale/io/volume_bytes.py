"""Samples of a volume that lie plain, packed or written out behind a text header; headers are read elsewhere.

Nothing is allocated by what a header claims: its sizes are compared with the file's bytes first, and what is packed
grows only as it is unpacked.
"""

import bz2
import gzip
import math
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.core.image import Array

from .lazy import plural, quiet, reading
from .pixels import native

Packing = Literal["raw", "zlib", "gzip", "bzip2", "text"]
_CHUNK = 2**22
MOST_RATIO = {"zlib": 1032, "gzip": 1032, "bzip2": 2_000_000}
"""More than either method can shrink anything: DEFLATE codes 258 bytes in two bits at best, bzip2 an empty
volume in some forty bytes a block of 45 MB."""
BOMB_RATIO, BOMB_BYTES = 200, 2 * 2**30
"""A file that grows more than 200 times, to more than 2 GiB, is a bomb."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a volume's samples lie, and how."""

    header: Path
    """The file that the user named; errors speak of it."""
    file: Path
    """The file that holds the samples: the header's own, or one beside it."""
    sizes: tuple[int, ...]
    """Of every axis, the fastest first, channels included."""
    dtype: str
    """NumPy's, byte order included."""
    offset: int = 0
    """Bytes before the samples; of packed samples, before the packed bytes."""
    packing: Packing = "raw"
    channel_axis: int | None = None
    """Which of `sizes` counts channels."""

    @property
    def wanted(self) -> int:
        """Bytes of all samples, unpacked."""
        return math.prod(self.sizes) * np.dtype(self.dtype).itemsize

    @property
    def plane(self) -> int:
        """Bytes of one step along the slowest axis."""
        return self.wanted // self.sizes[-1]


def beside(header: Path, name: str) -> Path:
    """The file that a header names; SourceError unless it is a plain name of a file in the header's own folder.

    A name in quotes, or with a folder that leads nowhere (`./x.raw`), is taken as its last part; `..`, an absolute path
    and a link that leads outside are refused, for a header is no reason to read elsewhere.
    """
    plain = name.strip().strip('"').replace("\\", "/")
    parts = [p for p in PurePosixPath(plain).parts if p != "."]
    if len(parts) != 1 or plain.startswith("/") or ".." in parts or ":" in plain or "\0" in plain:
        raise SourceError(
            f"{header}: its data file does not lie beside it, as it must", "move it there and name it without a folder"
        )
    file = header.parent / parts[0]
    if not file.is_file():
        raise SourceError(f"{header}: its data file is not beside it", "copy the data file into the header's folder")
    if file.resolve().parent != header.parent.resolve() and file.is_symlink():
        raise SourceError(f"{header}: its data file is a link that leads outside", "copy the file itself beside it")
    return file


def guard(stored: Stored, surplus: bool = True) -> tuple[str, ...]:
    """Refuse a header that claims more than its file can hold, or far less; a few bytes too many are a note.

    `surplus=False`: what lies after the samples is the format's own business.
    """
    if min(stored.sizes) < 1:
        raise SourceError(f"{stored.header}: a size of {min(stored.sizes)}: there is nothing in it", "export it again")
    have = stored.file.stat().st_size - stored.offset
    wanted = stored.wanted
    if stored.packing == "raw":
        if have < wanted or (surplus and have - wanted >= stored.plane):
            raise _lying(stored, have)
        return (f"{plural(have - wanted, 'byte')} after the samples not read",) if have > wanted and surplus else ()
    if stored.packing == "text":
        if have < 2 * math.prod(stored.sizes) - 1:
            raise _lying(stored, have)
        return ()
    if have < 1 or wanted > MOST_RATIO[stored.packing] * have:
        raise _lying(stored, have)
    if wanted > BOMB_BYTES and wanted > BOMB_RATIO * have:
        raise SourceError(f"{stored.header}: grows more than {BOMB_RATIO} times, to {wanted / 2**30:.1f} GiB: a bomb",
                          "unpack it in the program that wrote it")  # fmt: skip
    return ()


def load(stored: Stored, box: Box) -> Array:
    """Samples (channel, *box.shape) in this machine's byte order."""
    with reading(stored.header, "a volume"):
        guard(stored)
        whole = _whole(stored)
        if stored.channel_axis is None:
            moved = whole[None]
        else:
            moved = np.moveaxis(whole, len(stored.sizes) - 1 - stored.channel_axis, 0)
        return native(np.array(moved[(slice(None), *box.slices)], order="C"))


def _lying(stored: Stored, have: int) -> SourceError:
    by = " x ".join(map(str, stored.sizes))
    packed = "" if stored.packing == "raw" else f" ({stored.packing})"
    return SourceError(
        f"{stored.header}: the header says {by} samples, {stored.wanted} bytes; the file holds {max(0, have)}{packed}",
        "header and samples do not belong together, or the copy is incomplete: copy or export it again",
    )


def _whole(stored: Stored) -> Array:
    """All samples, slowest axis first; plain ones are mapped, not read."""
    shape = stored.sizes[::-1]
    if stored.packing == "raw":
        return np.memmap(stored.file, np.dtype(stored.dtype), "r", stored.offset, shape)
    with stored.file.open("rb") as file:
        file.seek(stored.offset)
        if stored.packing == "text":
            return _written(stored, file.read()).reshape(shape)
        unpacked = bytearray()
        for chunk in UNPACKERS[stored.packing](file):
            unpacked += chunk
            if len(unpacked) >= stored.wanted + stored.plane:
                break
    if not stored.wanted <= len(unpacked) < stored.wanted + stored.plane:
        raise _lying(stored, len(unpacked))
    return np.frombuffer(unpacked, np.dtype(stored.dtype), math.prod(shape)).reshape(shape)


def _written(stored: Stored, text: bytes) -> Array:
    with quiet():
        numbers = np.fromstring(text.decode("ascii", "replace"), np.dtype(stored.dtype), sep=" ")
    if numbers.size != math.prod(stored.sizes):
        raise _lying(stored, len(text))
    return numbers


def _gunzip(file: IO[bytes]) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk


def _bunzip(file: IO[bytes]) -> Iterator[bytes]:
    with bz2.BZ2File(file) as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk


def _inflate(file: IO[bytes]) -> Iterator[bytes]:
    """zlib's own wrapping, or gzip's: writers of MetaImage use either."""
    engine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    while not engine.eof:
        packed = engine.unconsumed_tail or file.read(_CHUNK)
        chunk = engine.decompress(packed, _CHUNK)
        if not packed and not chunk:
            raise EOFError("the packed samples end too early")
        yield chunk


UNPACKERS: dict[str, Callable[[IO[bytes]], Iterator[bytes]]] = {"gzip": _gunzip, "bzip2": _bunzip, "zlib": _inflate}


def text_start(file: Path, lines: int, skip: int) -> int:
    """The offset after `lines` lines and `skip` bytes of a file."""
    with file.open("rb") as opened:
        for _ in range(lines):
            opened.readline(_CHUNK)
        return opened.seek(skip, os.SEEK_CUR)
