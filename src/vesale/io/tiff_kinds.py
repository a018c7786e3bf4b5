"""Which kind of TIFF a file is, by a table, and the reader that it gets; what it says lives in `tiff_facts.py`."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tifffile import COMPRESSION, TiffFile, TiffFrame, TiffPage

from vesale.core.errors import SourceError
from vesale.core.grid import Frame, Grid
from vesale.core.image import Description, Image, Source

from . import pixels, tiff
from .channel_names import channel_names
from .lazy import digest, plural, quiet, reading
from .pyramid import PRIVATE, Pyramid, digest_once, level_grids
from .tiff_facts import Facts, facts_of, has_profile
from .tiff_stack import Stack, has_missing, load, opened, stored_from

WAYS = ("tiles", "openslide", "page")
"""How a kind is read: box by box from its tiles; by OpenSlide; whole, as one picture."""


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    holds: Callable[[TiffFile], bool]
    way: str
    """One of `WAYS`."""
    slide: bool = False
    """A scanner's format: frame `slide`, whatever its size."""


def _tiled(file: TiffFile) -> bool:
    return file.pages.first.is_tiled


def _levels(file: TiffFile) -> bool:
    return len(file.series[0].levels) > 1


def _several(file: TiffFile) -> bool:
    return file.series[0].size > file.pages.first.size


def _software(file: TiffFile) -> str:
    return str(file.pages.first.software)


KINDS: tuple[Kind, ...] = (
    Kind("Hamamatsu NDPI", lambda f: bool(f.is_ndpi), "openslide", slide=True),
    Kind("Leica SCN", lambda f: bool(f.is_scn), "openslide", slide=True),
    Kind("Ventana BIF", lambda f: bool(f.is_bif), "openslide", slide=True),
    Kind("Philips TIFF", lambda f: bool(f.is_philips), "openslide", slide=True),
    Kind("Trestle TIFF", lambda f: _tiled(f) and _software(f).startswith("MedScan"), "openslide", slide=True),
    Kind("Aperio SVS with YCbCr JPEG 2000",
         lambda f: bool(f.is_svs) and f.pages.first.compression == COMPRESSION.APERIO_JP2000_YCBC,
         "openslide", slide=True),
    Kind("Aperio SVS", lambda f: bool(f.is_svs) and _tiled(f), "tiles", slide=True),
    Kind("Akoya QPTIFF", lambda f: bool(f.is_qpi), "tiles", slide=True),
    Kind("OME-TIFF", lambda f: bool(f.is_ome), "tiles"),
    Kind("ImageJ TIFF", lambda f: bool(f.is_imagej), "tiles"),
    Kind("Zeiss LSM", lambda f: bool(f.is_lsm), "tiles"),
    Kind("pyramidal TIFF", _levels, "tiles", slide=True),
    Kind("tiled TIFF", lambda f: _tiled(f) and tiff.orientation_of(f.pages.first) == 1, "tiles", slide=True),
    Kind("TIFF of several pages", _several, "tiles"),
    Kind("TIFF", lambda f: True, "page"),
)  # fmt: skip
"""The first that holds."""
ANNOUNCED = {"OME-TIFF": "ome", "ImageJ TIFF": "imagej", "Zeiss LSM": "lsm"}
"""Kind -> tifffile's name for a series of pages that are as the file's description says."""


def open_any_tiff(path: Path) -> Source:
    """A TIFF of any kind: one picture, a stack of slices, frames or channels, or the levels of a slide.

    SourceError when it is damaged, or of a form that no image has (says which, and what to export).
    """
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        kind = kind_of_tiff(path, file)
    if kind.way == "page":
        return tiff.open_tiff(path)
    if kind.way == "openslide":
        from .slide_openslide import open_with_openslide  # its library is loaded for the formats that need it

        return open_with_openslide(path, kind.name)
    try:
        return _open_tiles(path, kind)
    except SourceError as error:
        if kind.slide and (other := _by_openslide(path, kind)) is not None:
            return other
        raise error


def _by_openslide(path: Path, kind: Kind) -> Source | None:
    """What our own tiles cannot do, OpenSlide may; None when it cannot either."""
    from .slide_openslide import open_with_openslide

    try:
        return open_with_openslide(path, kind.name)
    except SourceError:
        return None


def read_any_mask(path: Path) -> Image:
    """Labels of a TIFF: one page, the finest level of several, or a stack of pages as (z, y, x)."""
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        kind = kind_of_tiff(path, file)
        stacked = kind.way == "tiles" and _several(file)
        lossy = file.pages.first.compression in (COMPRESSION.JPEG, COMPRESSION.OJPEG)
    if not stacked or lossy:
        return tiff.read_mask(path)  # it refuses what lost its numbers
    with reading(path, "TIFF"):
        stack = opened(path)
        if stack.planes > 1:
            raise SourceError(f"{path}: a mask holds one number a pixel, and this has {stack.planes} channels",
                              "save one channel, each value of it a class")  # fmt: skip
        if stack.across is None:
            return tiff.read_mask(path)
        pixels.guard_size(path, stack.levels[0].shape[0] * stack.levels[0].shape[1], stack.levels[0].shape[2])
        stored = stored_from(path, stack)
    if stored.ndim != 3:
        raise SourceError(f"{path}: a mask holds one number a pixel, and this is a stack of colour pictures",
                          "save it as grey pages whose values are the class numbers")  # fmt: skip
    return pixels.as_labels(path, np.ascontiguousarray(stored), Grid(stored.shape), digest(path))


def kind_of_tiff(path: Path, file: TiffFile) -> Kind:
    """SourceError when the pages are not those that the file announces: it is cut short, or one of several files."""
    first = file.pages[0]
    if not isinstance(first, TiffPage) or not file.series:
        raise SourceError(f"{path}: a TIFF without a picture", "export it again")
    kind = next(kind for kind in KINDS if kind.holds(file))
    if kind.way != "openslide" and not (_as_announced(kind, file) and _ends(file)):
        raise SourceError(
            f"{path}: {kind.name} whose pages are not those that it announces: cut short, or one of several files",
            "copy it again, or export it as one file",
        )
    return kind


def _as_announced(kind: Kind, file: TiffFile) -> bool:
    """Whether tifffile found the pages that the description tells of, in this file; where not, it shows single ones."""
    if file.series[0].is_multifile:
        return False
    several = kind.name != "ImageJ TIFF" or int((file.imagej_metadata or {}).get("images", 1)) > 1
    wanted = ANNOUNCED.get(kind.name)
    return wanted is None or not several or file.series[0].kind == wanted


def _ends(file: TiffFile) -> bool:
    """Whether the chain of directories comes to its end, and not to the end of a file that was cut."""
    last, tiff_format = file.pages[-1], file.tiff
    if isinstance(last, TiffFrame) and last.is_virtual:
        return True
    handle = file.filehandle
    handle.seek(last.offset)
    count = struct.unpack(tiff_format.tagnoformat, handle.read(tiff_format.tagnosize))[0]
    handle.seek(last.offset + tiff_format.tagnosize + count * tiff_format.tagsize)
    following = handle.read(tiff_format.offsetsize)
    return len(following) == tiff_format.offsetsize and not any(following)


def _open_tiles(path: Path, kind: Kind) -> Source:
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        profile = has_profile(file)
        stack = opened(path)
        facts = facts_of(kind.name, file, stack)
    shapes = tuple(level.shape for level in stack.levels)
    spacing, remarks = _spacing(stack, facts)
    frame: Frame = "slide" if kind.slide or len(shapes) > 1 else "unknown"
    grids = level_grids(shapes, spacing, frame, facts.origin if len(shapes[0]) == 2 else None)
    notes = (_headline(kind, stack), *facts.notes, *remarks, *_oddities(stack, facts, profile))
    description = Description("tiff", digest_once(path), facts.modality, notes, (path,))
    return Pyramid(description, _channels(stack, facts), grids, partial(load, path))


def _channels(stack: Stack, facts: Facts) -> tuple[str, ...]:
    """Colours of a colour picture; else the file's names; else numbers."""
    if tiff.is_colour(stack.key):
        return pixels.COLOURS
    return channel_names(facts.names, stack.channels)


def _headline(kind: Kind, stack: Stack) -> str:
    levels = f", {plural(len(stack.levels), 'level')}" if len(stack.levels) > 1 else ""
    across = f", {plural(stack.levels[0].shape[0], stack.across)}" if stack.across else ""
    return f"{kind.name}{levels}{across}, read tile by tile"


def _spacing(stack: Stack, facts: Facts) -> tuple[tuple[float, ...] | None, list[str]]:
    """All axes or none: a grid whose first axis has no length has no scale."""
    if stack.across is None or facts.plane is None:
        return facts.plane, _stack_notes(stack)
    if stack.across == "slice" and facts.step is not None:
        return (facts.step, *facts.plane), []
    size = f"{facts.plane[0]:.4g} x {facts.plane[1]:.4g} mm"
    told = f"a pixel is {size} in the plane, but the distance between {stack.across}s is not given: no scale is kept"
    return None, [told, *_stack_notes(stack)]


def _stack_notes(stack: Stack) -> list[str]:
    if stack.across == "page":
        count = stack.levels[0].shape[0]
        return [f"{count} pages of one shape are read as one stack; the file does not say what a page is"]
    return ["the first axis is time"] if stack.across == "frame" else []


def _oddities(stack: Stack, facts: Facts, profile: bool) -> list[str]:
    notes = []
    if facts.associated:
        notes.append(f"also in the file, and never read as the exam: {', '.join(facts.associated)} ({PRIVATE})")
    if profile:
        notes.append("it has an ICC colour profile, which is not applied")
    if missing := has_missing(stack):
        notes.append(f"{plural(missing, 'tile')} not in the file: shown as 0")
    if tiff.UNASSOCIATED in stack.key.extrasamples:
        notes.append("its alpha channel is shown over black")
    if tiff.orientation_of(stack.key) != 1:
        notes.append("its orientation tag asks for a turn, which a stack or slide does not get")
    return notes
