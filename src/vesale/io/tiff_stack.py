"""A TIFF's pages as one image: channels, slices or frames, levels; its scale and names come from `tiff_facts.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path

import numpy as np
from tifffile import PHOTOMETRIC, TiffFile, TiffPage, TiffPageSeries

from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.core.image import Array

from . import pixels
from .lazy import plural, quiet, reading
from .tiff import samples_of, upright
from .tiff_tiles import Page, page_of, raw_page, read_box

MEANING = {"C": "channel", "Z": "slice", "T": "frame", "I": "page", "Q": "page"}
"""What an axis of tifffile's letters counts; any other may only have the length 1."""
MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    pages: tuple[tuple[Page, ...], ...]
    """[channel page][slice]; a page may hold several channels."""
    shape: tuple[int, ...]
    """(y, x), or (slice or frame, y, x)."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The first image of a file, laid out but not read."""

    levels: tuple[Level, ...]
    key: TiffPage
    """What all its pages have in common."""
    across: str | None
    """What the first of three axes counts: slice, frame or page; None in the plane."""
    planes: int
    """Channels that lie in pages of their own."""

    @property
    def channels(self) -> int:
        return self.planes * samples_of(self.key)


def lay_out(path: Path, file: TiffFile) -> Stack:
    """The levels of the first image. SourceError when it has an axis that no image has, or both slices and frames."""
    found = level_series(file)
    series = found[0]
    axes, shape = str(series.get_axes(squeeze=False)), series.get_shape(squeeze=False)
    lengths = dict(zip(axes, shape, strict=True))
    key = series.keyframe
    if key.imagedepth != 1:
        raise SourceError(f"{path}: a TIFF whose page is a volume", "save it as one page per slice, or as NIfTI")
    leading = {a: n for a, n in lengths.items() if a not in "YXS"}
    strange = [a for a, n in leading.items() if n > 1 and a not in MEANING]
    if strange:
        raise SourceError(
            f"{path}: a TIFF with the axis {strange[0]} (of {axes}), which is neither channel, slice nor frame",
            "export one image of it as OME-TIFF",
        )
    along = [a for a, n in leading.items() if n > 1 and MEANING.get(a) != "channel"]
    if len(along) > 1:
        counted = " x ".join(f"{leading[a]} {MEANING[a]}s" for a in along)
        raise SourceError(f"{path}: {counted}: an image may have slices or frames, not both", "export one time point")
    planes = prod(n for a, n in leading.items() if MEANING.get(a) == "channel")
    if planes > 1 and samples_of(key) > 1:
        raise SourceError(
            f"{path}: {planes} channels, each of which is a picture of {samples_of(key)} samples",
            "export one channel a page",
        )
    levels = [_level(path, file, one, leading, along) for one in found]
    return Stack(tuple(levels), _remembered(key), MEANING[along[0]] if along else None, planes)


def level_series(file: TiffFile) -> list[TiffPageSeries]:
    """The levels of the first image, finest first; of an Aperio slide every tiled page, whatever lies between them."""
    if file.is_svs and file.pages.first.is_tiled:
        tiled = [p for p in (page.aspage() for page in file.pages) if p.is_tiled]
        if len({p.shape for p in tiled}) == len(tiled):  # else focal planes, which tifffile sorts
            tiled = [tiled[0], *sorted(tiled[1:], key=lambda p: -p.imagewidth)]
            return [TiffPageSeries([p], p.shape, p.dtype, p.axes, name="level", kind="svs") for p in tiled]
    return list(file.series[0].levels)


def load(path: Path, level: int, box: Box) -> Array:
    """Samples (channel, *box.shape) of the first image of a file."""
    with reading(path, "TIFF"):
        return load_from(path, opened(path), level, box)


def load_from(path: Path, stack: Stack, level: int, box: Box) -> Array:
    flat = len(box.start) == 2
    plane = box if flat else Box(box.start[1:], box.stop[1:])
    slices = range(1) if flat else range(box.start[0], box.stop[0])
    parts = [
        np.stack([_seen(read_box(path, pages[z], plane), stack.key) for z in slices], axis=1)
        if len(slices)
        else np.zeros((samples_of(stack.key), 0, *plane.shape), pages[0].dtype)
        for pages in stack.levels[level].pages
    ]
    data: Array = np.concatenate(parts) if len(parts) > 1 else parts[0]
    return np.ascontiguousarray(data[:, 0] if flat else data)


def stored_from(path: Path, stack: Stack) -> Array:
    """The finest level as the numbers in the file, (slice, y, x[, samples]): what a mask is read as."""
    shape = stack.levels[0].shape
    box = Box((0, 0), (shape[-2], shape[-1]))
    planes = [read_box(path, page, box) for page in stack.levels[0].pages[0]]
    whole = np.stack(planes)
    return whole[..., 0] if whole.shape[-1] == 1 else whole


def opened(path: Path) -> Stack:
    """The layout of a file, kept while the file does not change: a box of a slide must not cost its directory again."""
    state = path.stat()
    return _opened(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=8)
def _opened(path: Path, _size: int, _changed: int) -> Stack:
    with quiet(), TiffFile(path) as file:
        return lay_out(path, file)


def _level(path: Path, file: TiffFile, series: TiffPageSeries, leading: dict[str, int], along: Sequence[str]) -> Level:
    """Pages in the order [channel][slice], whatever the order of the axes in the file."""
    key, pages = series.keyframe, [p for p in series.pages if p is not None]
    count = prod(leading.values())
    if count > MOST_PAGES:
        raise SourceError(f"{path}: {count} pages, more than {MOST_PAGES}", "export a part of it")
    whole = (key.imagelength, key.imagewidth)
    if len(pages) == 1 < count and series.dataoffset is not None and key.is_final:
        offsets = [series.dataoffset + i * key.nbytes for i in range(count)]
        if offsets[-1] + key.nbytes > file.filehandle.size:
            raise SourceError(f"{path}: cut short: its {count} pages do not all lie in the file", "copy it again")
        read = [raw_page(key, offset) for offset in offsets]
    elif len(pages) != count or any(p is None for p in series.pages):
        raise SourceError(
            f"{path}: {plural(len(pages), 'page')} where {count} are announced", "export it again, as one file"
        )
    else:
        read = [page_of(p) for p in pages]
    grid = np.arange(count).reshape(tuple(leading.values()))
    order = [i for i, a in enumerate(leading) if a not in along] + [i for i, a in enumerate(leading) if a in along]
    placed = grid.transpose(order).reshape(-1, prod(leading[a] for a in along))
    table = tuple(tuple(read[i] for i in row) for row in placed)
    return Level(table, (len(table[0]), *whole) if along else whole)


def _seen(raw: Array, key: TiffPage) -> Array:
    """(channel, y, x) of the samples of one page's box."""
    return pixels.channels_first(upright(key, raw[..., 0] if raw.shape[-1] == 1 else raw))


def _remembered(key: TiffPage) -> TiffPage:
    """The page, after whatever it would read later was read."""
    if key.photometric == PHOTOMETRIC.PALETTE:
        assert key.colormap is not None
    return key


def has_missing(stack: Stack) -> int:
    """Tiles that no level holds: they are shown as 0."""
    return sum(page.missing for level in stack.levels for pages in level.pages for page in pages)
