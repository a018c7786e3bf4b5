"""Boxes of TIFF pages, decoded from only the tiles or strips they touch; what the samples mean is said in `tiff.py`."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFrame, TiffPage

from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.core.image import Array

from . import pixels

THREADS = min(4, os.cpu_count() or 1)
"""The decoders run outside the interpreter's lock, so that threads decode side by side."""
ROWS = 256
"""Uncompressed pages without a gap are read in runs of so many rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Where the tiles of one page lie in the file, and how they are decoded."""

    shape: tuple[int, int]
    samples: int
    dtype: np.dtype[Any]
    tile: tuple[int, int]
    """(height, width); of strips: rows and the whole width."""
    separate: bool
    """Each sample has tiles of its own (planar configuration 2)."""
    offsets: NDArray[np.uint64]
    counts: NDArray[np.uint64]
    """Bytes of each tile; 0: it is not in the file."""
    decode: Callable[[bytes, int], Array]
    """(bytes, index of the tile) -> (height, width, samples)"""
    empty: float = 0

    @property
    def missing(self) -> int:
        return int((self.counts == 0).sum())


@dataclass(frozen=True, slots=True)
class _Tile:
    index: int
    top: int
    left: int
    sample: int
    """The first sample that it holds."""


def page_of(page: TiffPage | TiffFrame) -> Page:
    """The page, so that it can be read after its file was closed."""
    key = page.keyframe
    assert key is not None
    height, width = key.imagelength, key.imagewidth
    tile = (key.tilelength, key.tilewidth) if key.is_tiled else (min(key.rowsperstrip, height), width)
    if tile[0] * tile[1] > pixels.MOST_PIXELS:
        raise SourceError(
            f"tiles of {tile[1]} x {tile[0]} pixels, more than {pixels.MOST_PIXELS // 10**6} million",
            "convert it with smaller tiles",
        )
    if key.is_memmappable and not key.is_tiled and key.planarconfig == 1 and _without_gap(page):
        return raw_page(key, int(page.dataoffsets[0]))
    return Page(
        (height, width),
        key.samplesperpixel,
        np.dtype(key.dtype).newbyteorder("="),
        tile,
        key.planarconfig == 2 and key.samplesperpixel > 1,
        np.asarray(page.dataoffsets, np.uint64),
        np.asarray(page.databytecounts, np.uint64),
        _decoder(page),
        float(key.nodata) if key.nodata else 0,
    )


def raw_page(key: TiffPage, offset: int) -> Page:
    """An uncompressed page whose samples lie without a gap from `offset` on, whatever strips it is cut into."""
    assert key.dtype is not None
    height, width, samples = key.imagelength, key.imagewidth, key.samplesperpixel
    stored = np.dtype(key.dtype).newbyteorder(key.parent.byteorder)
    line = width * samples * stored.itemsize
    rows = np.arange(0, height, ROWS)
    heights = np.minimum(ROWS, height - rows)

    def decode(data: bytes, index: int) -> Array:
        block = np.frombuffer(data, stored).reshape(int(heights[index]), width, samples)
        return block.astype(stored.newbyteorder("="), copy=False)

    offsets, counts = (offset + rows * line).astype(np.uint64), (heights * line).astype(np.uint64)
    return Page((height, width), samples, stored.newbyteorder("="), (ROWS, width), False, offsets, counts, decode)


def read_box(path: Path, page: Page, box: Box) -> Array:
    """Samples (height, width, samples) of a box of (y, x), as they are stored; only its tiles are decoded."""
    out = np.full((*box.shape, page.samples), page.empty, page.dtype)
    tiles = list(_touched(page, box))
    shares = [tiles[i::THREADS] for i in range(min(THREADS, len(tiles)))]

    def work(share: Sequence[_Tile]) -> None:
        with path.open("rb") as file:  # of its own: positions in a file are not shared between threads
            for tile in share:
                file.seek(int(page.offsets[tile.index]))
                data = file.read(int(page.counts[tile.index]))
                _paste(out, page.decode(data, tile.index), tile, box)

    if len(shares) <= 1:
        for share in shares:
            work(share)
    else:
        with ThreadPoolExecutor(len(shares)) as pool:
            list(pool.map(work, shares))
    return out


def _without_gap(page: TiffPage | TiffFrame) -> bool:
    ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=True)]
    return bool(ends) and all(page.databytecounts) and list(page.dataoffsets[1:]) == ends[:-1]


def _touched(page: Page, box: Box) -> Iterator[_Tile]:
    if 0 in box.shape:
        return
    height, width = page.tile
    across, down = -(-page.shape[1] // width), -(-page.shape[0] // height)
    for sample in range(page.samples if page.separate else 1):
        for row in range(box.start[0] // height, -(-box.stop[0] // height)):
            for column in range(box.start[1] // width, -(-box.stop[1] // width)):
                index = (sample * down + row) * across + column
                if index < len(page.counts) and page.counts[index]:
                    yield _Tile(index, row * height, column * width, sample)


def _paste(out: Array, block: Array, tile: _Tile, box: Box) -> None:
    """The part of a tile that lies in the box, put where it belongs."""
    top, left = max(tile.top, box.start[0]), max(tile.left, box.start[1])
    bottom = min(tile.top + block.shape[0], box.stop[0])
    right = min(tile.left + block.shape[1], box.stop[1])
    if bottom <= top or right <= left:
        return
    part = block[top - tile.top : bottom - tile.top, left - tile.left : right - tile.left]
    rows, columns = slice(top - box.start[0], bottom - box.start[0]), slice(left - box.start[1], right - box.start[1])
    out[rows, columns, tile.sample : tile.sample + block.shape[2]] = part


def _decoder(page: TiffPage | TiffFrame) -> Callable[[bytes, int], Array]:
    """tifffile's decoder of this page, which holds on to tables and not to the open file."""
    assert page.keyframe is not None
    decode, tables, header = page.keyframe.decode, page.jpegtables, page.keyframe.jpegheader
    options = {"jpegtables": tables, "jpegheader": header} if tables or header else {}

    def decoded(data: bytes, index: int) -> Array:
        block = decode(data, index, **options)[0]
        assert block is not None
        return np.asarray(block[0])  # one slice deep

    return decoded
