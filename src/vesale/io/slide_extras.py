"""Pictures that lie beside a slide in its file: label, macro, thumbnail. Never an exam: a label names the patient."""

from pathlib import Path

import numpy as np
from tifffile import TiffFile

from vesale.core.errors import SourceError
from vesale.core.grid import Grid
from vesale.core.image import Array, Image, Provenance

from . import pixels
from .formats import kind_of
from .lazy import quiet, reading
from .pyramid import digest_once
from .tiff import upright
from .tiff_facts import facts_of
from .tiff_kinds import kind_of_tiff
from .tiff_stack import opened


def associated_names(path: Path) -> tuple[str, ...]:
    """What lies beside the slide at `path`, by the names that a note of its description lists."""
    return tuple(_pages(path)) if _is_tiles(path) else tuple(_others(path))


def associated_image(path: Path, name: str) -> Image:
    """One of them, in colour, without scale or place. It may show the patient's name: show it to nobody by default.

    SourceError when there is none of that name.
    """
    pages = _pages(path) if _is_tiles(path) else {}
    others = {} if _is_tiles(path) else _others(path)
    if name not in pages and name not in others:
        known = ", ".join((*pages, *others)) or "nothing"
        raise SourceError(f"{path}: no {name[:20]!r} beside the slide", f"there is: {known}")
    array = _page(path, pages[name]) if name in pages else others[name]
    data = pixels.channels_first(array)
    grid = Grid((data.shape[1], data.shape[2]))
    return Image(data, grid, "intensity", pixels.names_of(len(data)), Provenance(digest_once(path)))


def _is_tiles(path: Path) -> bool:
    if kind_of(path) != "tiff":
        return False
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        return kind_of_tiff(path, file).way != "openslide"


def _pages(path: Path) -> dict[str, int]:
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        kind = kind_of_tiff(path, file)
        return dict(facts_of(kind.name, file, opened(path)).associated or {}) if kind.way == "tiles" else {}


def _page(path: Path, number: int) -> Array:
    """(y, x[, 3])"""
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        page = file.pages[number].aspage()
        pixels.guard_size(path, page.imagelength, page.imagewidth)
        return upright(page, np.asarray(page.asarray()))


def _others(path: Path) -> dict[str, Array]:
    from .slide_openslide import associated

    return associated(path)
