"""Vendors' slide formats through OpenSlide: levels, scale, colours over the slide's background. TIFF tiles we know are
read without it."""

from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import openslide
from openslide import OpenSlide

from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.core.image import Array, Description, Source

from . import pixels
from .device import pairs, plain
from .lazy import plural, quiet, reading
from .lengths import millimetres
from .pyramid import PRIVATE, Pyramid, digest_of, level_grids

AT_ONCE = 64_000_000
"""Pixels that are taken from OpenSlide at once: it gives four bytes each, and memory stays bounded."""
EXPORT = "export it as OME-TIFF or DICOM with the vendor's program"


def open_with_openslide(path: Path, kind: str | None = None) -> Source:
    """The slide at `path`, of which other files of its folder may be part; `kind`: the format's name, if known.

    SourceError when OpenSlide does not know the format, or knows it and cannot read this one.
    """
    with reading(path, "a slide", EXPORT), quiet():
        slide = _opened(path)
        shapes = tuple((h, w) for w, h in slide.level_dimensions)
        said = slide.properties
        sizes = [millimetres(said.get(f"openslide.mpp-{axis}"), "um") for axis in "yx"]
        spacing = (sizes[0], sizes[1]) if sizes[0] and sizes[1] else None
        name = kind or f"{OpenSlide.detect_format(path)} slide"
        notes = [f"{name}, {plural(len(shapes), 'level')}, read through OpenSlide {openslide.__library_version__}"]
        if extra := list(slide.associated_images):
            notes.append(f"also in the file, and never read as the exam: {', '.join(extra)} ({PRIVATE})")
        if slide.color_profile is not None:
            notes.append("it has an ICC colour profile, which is not applied")
    notes.append("where the scanner left a gap its background colour is shown")
    device = pairs({"manufacturer": plain(said.get(openslide.PROPERTY_NAME_VENDOR))})
    description = Description("slide", digest_of(_parts(path)), "SM", tuple(notes), (path,), device=device)
    return Pyramid(description, pixels.COLOURS, level_grids(shapes, spacing, "slide"), partial(_load, path))


def open_vendor(path: Path) -> Source:
    """A file that only its name or first bytes show to be a slide; SourceError when OpenSlide does not know it."""
    with reading(path, "a slide", EXPORT), quiet():
        known = OpenSlide.detect_format(path)
    if known is None:
        raise SourceError(f"{path}: no slide that OpenSlide knows, or parts of it are missing", EXPORT)
    return open_with_openslide(path)


def associated(path: Path) -> dict[str, Array]:
    """Name -> (y, x, 3) of the label, macro and the like that OpenSlide finds."""
    with reading(path, "a slide", EXPORT), quiet():
        return {name: np.asarray(picture.convert("RGB")) for name, picture in _opened(path).associated_images.items()}


def _parts(path: Path) -> list[Path]:
    """The files that hold the pixels: a MIRAX slide keeps them in a folder of its name."""
    beside = path.with_suffix("")
    inside = sorted(p for p in beside.iterdir() if p.is_file()) if path.suffix.lower() == ".mrxs" else []
    return [path, *inside]


def _opened(path: Path) -> OpenSlide:
    state = path.stat()
    return _slide(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4)
def _slide(path: Path, _size: int, _changed: int) -> OpenSlide:
    try:
        return OpenSlide(path)
    except openslide.OpenSlideUnsupportedFormatError:
        raise SourceError(f"{path}: a slide that OpenSlide cannot read", EXPORT) from None


def _load(path: Path, level: int, box: Box) -> Array:
    """(3, y, x). OpenSlide counts places in whole pixels of level 0, whatever the level.

    So of a level that is no whole number of times coarser it moves a box that does not begin at 0, by less than half a
    pixel of level 0, and interpolates; level 0, and whole levels up to `AT_ONCE`, are exact.
    """
    with reading(path, "a slide", EXPORT):
        slide = _opened(path)
        ground = _background(slide)
        out = np.empty((3, *box.shape), np.uint8)
        scale = slide.level_downsamples[level]
        left = round(box.start[1] * scale)
        strip = max(1, AT_ONCE // max(1, box.shape[1]))
        for top in range(box.start[0], box.stop[0], strip):
            rows = min(strip, box.stop[0] - top)
            part = slide.read_region((left, round(top * scale)), level, (box.shape[1], rows))
            out[:, top - box.start[0] : top - box.start[0] + rows] = _over(np.asarray(part), ground)
        return out


def _background(slide: OpenSlide) -> Array:
    text = slide.properties.get("openslide.background-color", "FFFFFF")
    return np.frombuffer(bytes.fromhex(text), np.uint8)


def _over(rgba: Array, ground: Array) -> Array:
    """(y, x, 4) over a colour: (3, y, x)."""
    alpha = rgba[..., 3:].astype(np.uint16)
    if alpha.size and alpha.min() == 255:
        return np.moveaxis(rgba[..., :3], -1, 0)
    mixed = (rgba[..., :3] * alpha + ground.astype(np.uint16) * (255 - alpha) + 127) // 255
    return np.moveaxis(mixed.astype(np.uint8), -1, 0)
