"""PNG, JPEG, BMP and GIF as sources and as masks, through Pillow; TIFF lives in `tiff.py`.

The plugins are called by name: `Image.open` guesses the format anew and has a process-wide size limit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from vesale.core.errors import SourceError
from vesale.core.grid import Box, Grid
from vesale.core.image import Array, Description, Image, Source

from . import pixels
from .device import Device, of_tags
from .formats import kind_of
from .lazy import Deferred, digest, quiet, reading

PLUGINS: dict[str, Callable[[Any], ImageFile]] = {
    "png": PngImageFile,
    "jpeg": JpegImageFile,
    "bmp": BmpImageFile,
    "gif": GifImageFile,
}
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """What is known before the pixels: enough to decode them again later."""

    path: Path
    format: str
    mode: str
    shape: tuple[int, int]
    """As stored, before the EXIF turn."""
    orientation: int
    transparent: bool
    animated: bool
    depth: int
    """Bits a sample in the file, PNG only; else 8."""
    device: Device = ()


def open_raster(path: Path) -> Source:
    """A PNG, JPEG, BMP or GIF: grey or red, green, blue; uint8, or uint16 where the file has 16 bits.

    The EXIF turn is applied. The spacing is unknown: no resolution in these formats is a measurement. Images with an
    alpha channel are decoded once here, to see whether it says anything.
    """
    header = _header(path)
    notes = ["animated: only the first frame is read"] if header.animated else []
    if header.transparent and not pixels.is_opaque(_decode(header)[1]):
        notes.append(pixels.BLENDED)
    grid = Grid(pixels.turned_shape(header.shape, header.orientation))
    channels = ("grey",) if header.mode in ("1", "L", "LA", "I;16", "I") else pixels.COLOURS
    description = Description(header.format, digest(path), notes=tuple(notes), files=(path,), device=header.device)
    return Deferred(description, channels, (grid,), partial(_load, header))


def read_mask(path: Path) -> Image:
    """Stored numbers: palette indices, bilevel as 0 and 1, grey as it is; JPEG is refused, for it changes values."""
    header = _header(path)
    if header.format == "jpeg":
        raise SourceError(f"{path}: JPEG changes values, so its class numbers are lost", "save the mask as PNG")
    if header.mode in ("1", "P", "L"):
        with reading(path, header.format.upper()), path.open("rb") as file:
            array = np.array(PLUGINS[header.format](file))
        if header.mode == "L" and header.depth in (2, 4):
            array = array // (255 // (2**header.depth - 1))
    else:
        array, alpha = _decode(header)
        if alpha.ndim and not pixels.is_opaque(alpha) and not np.all(alpha == alpha.flat[0]):
            raise SourceError(
                f"{path}: a mask with transparent parts has no clear class there", "save it without alpha"
            )
    grid = Grid(pixels.turned_shape(header.shape, header.orientation))
    return pixels.as_labels(path, np.ascontiguousarray(pixels.turned(array, header.orientation)), grid, digest(path))


def _header(path: Path) -> Header:
    kind = kind_of(path) or ""
    if kind not in PLUGINS:
        raise SourceError(f"{path}: neither PNG, JPEG, BMP nor GIF", "use open_source, which knows every format")
    with reading(path, kind.upper()), quiet(), path.open("rb") as file:
        picture = PLUGINS[kind](file)
        width, height = picture.size
        pixels.guard_size(path, height, width)
        return Header(
            path,
            kind,
            picture.mode,
            (height, width),
            _orientation(picture),
            picture.has_transparency_data,
            bool(getattr(picture, "is_animated", False)),
            _png_depth(path) if kind == "png" else 8,
            of_tags(_exif(picture)),
        )


def _exif(picture: ImageFile) -> Mapping[int, Any]:
    try:
        return dict(picture.getexif())
    except (SyntaxError, ValueError, KeyError, TypeError, OSError):
        return {}  # a broken EXIF block does not make the pixels unreadable


def _orientation(picture: ImageFile) -> int:
    value = _exif(picture).get(_ORIENTATION, 1)
    return value if isinstance(value, int) else 1


def _png_depth(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(25)[24]


def _load(header: Header, box: Box) -> Array:
    array, alpha = _decode(header)
    if alpha.ndim and not pixels.is_opaque(alpha):
        array = pixels.over_black(array, alpha)
    return pixels.channels_first(pixels.turned(array, header.orientation)[box.slices])


def _decode(header: Header) -> tuple[Array, Array]:
    """Samples (y, x[, 3]) and alpha (y, x), as stored; the alpha is 0-dimensional where there is none."""
    with reading(header.path, header.format.upper()):
        if header.format == "png" and header.depth == 16:
            return _split(imagecodecs.png_decode(header.path.read_bytes()))
        with header.path.open("rb") as file:
            picture = PLUGINS[header.format](file)
            if header.transparent:
                picture_with_alpha = picture.convert("LA" if header.mode in ("1", "L", "LA") else "RGBA")
                return _split(np.asarray(picture_with_alpha))
            wanted = {"1": "L", "L": "L", "I;16": "I;16", "I": "I"}.get(header.mode, "RGB")
            return np.asarray(picture if picture.mode == wanted else picture.convert(wanted)), np.array(255, np.uint8)


def _split(array: Array) -> tuple[Array, Array]:
    """Colour or grey, and the alpha beside it."""
    if array.ndim == 3 and array.shape[-1] in (2, 4):
        colour = array[..., :-1]
        return (colour[..., 0] if colour.shape[-1] == 1 else colour), array[..., -1]
    return array, np.array(np.iinfo(array.dtype).max, array.dtype)
