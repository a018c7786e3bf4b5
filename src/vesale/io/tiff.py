"""Plain TIFF as source and as mask, through tifffile: 16-bit colour and float survive. Pyramids and stacks do not live
here: of several pages the first is read, and the description says so."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from skimage.color import lab2rgb
from tifffile import COMPRESSION, PHOTOMETRIC, TiffFile, TiffPage

from vesale.core.errors import SourceError
from vesale.core.grid import Box, Grid
from vesale.core.image import Array, Description, Image, Source

from . import pixels
from .lazy import Deferred, digest, plural, quiet, reading

PRINTING_DPI = frozenset({1, 72, 75, 90, 96, 100, 120, 144, 150, 180, 200, 240, 250, 254, 300, 350, 360, 400, 600, 720})
"""Resolutions that programs write when nobody measured anything."""
FINEST_MM, COARSEST_MM = 1e-5, 0.01
"""A pixel size in the resolution tags is believed between these only: microscopes, not printers."""
_MM_PER_UNIT = {2: 25.4, 3: 10.0}  # ResolutionUnit: inch, centimetre (TIFF 6.0, tag 296)
_ASSOCIATED, _UNASSOCIATED = 1, 2  # ExtraSamples (TIFF 6.0, tag 338)


def open_tiff(path: Path) -> Source:
    """The first page: grey, or red, green, blue, or numbered channels, in the file's own integer type or float32.

    The spacing is that of the resolution tags only where no printer could mean it, with a note; else unknown.
    """
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        page = _first(path, file)
        shape, orientation = (page.imagelength, page.imagewidth), _orientation(page)
        pixels.guard_size(path, *shape)
        notes = _page_notes(file)
        spacing = _spacing(page)
        colours = _is_colour(page)
        count = 3 if colours else page.samplesperpixel - len(page.extrasamples)
        blended = _UNASSOCIATED in page.extrasamples and not pixels.is_opaque(_array(page)[..., count])
    if blended:
        notes.append(pixels.BLENDED)
    if spacing is not None:
        notes.append(f"pixel size {spacing[0]:.4g} x {spacing[1]:.4g} mm comes from the TIFF resolution tags")
        spacing = spacing[::-1] if orientation > 4 else spacing
    grid = Grid(pixels.turned_shape(shape, orientation), spacing)
    description = Description("tiff", digest(path), notes=tuple(notes), files=(path,))
    return Deferred(description, pixels.names_of(count), (grid,), partial(_load, path))


def read_mask(path: Path) -> Image:
    """Stored numbers of the first page: palette indices, bilevel as 0 and 1, grey as it is."""
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        page = _first(path, file)
        pixels.guard_size(path, page.imagelength, page.imagewidth)
        if page.compression in (COMPRESSION.JPEG, COMPRESSION.OJPEG):
            raise SourceError(f"{path}: JPEG changes values, so its class numbers are lost", "save the mask losslessly")
        array, orientation = _array(page), _orientation(page)
        if page.photometric == PHOTOMETRIC.MINISWHITE and page.bitspersample == 1:
            array = ~array.astype(bool)
        if array.ndim == 3 and page.extrasamples:
            array = array[..., : -len(page.extrasamples)]
            array = array[..., 0] if array.shape[-1] == 1 else array
    array = np.ascontiguousarray(pixels.turned(array, orientation))
    return pixels.as_labels(path, array, Grid(array.shape[:2]), digest(path))


def _first(path: Path, file: TiffFile) -> TiffPage:
    page = file.pages[0]
    if not isinstance(page, TiffPage) or page.imagedepth != 1:
        raise SourceError(f"{path}: a TIFF whose page is a volume", "save it as one page per slice, or as NIfTI")
    return page


def _page_notes(file: TiffFile) -> list[str]:
    count = len(file.pages)
    if count == 1:
        return []
    shapes = {(p.imagelength, p.imagewidth) if isinstance(p, TiffPage) else tuple(p.shape[:2]) for p in file.pages}
    if len(shapes) == 1:
        return [f"{plural(count, 'page')} of one shape, perhaps a stack: only page 1 is read"]
    return [f"{plural(count, 'page')} of different shapes: only page 1 is read"]


def _orientation(page: TiffPage) -> int:
    tag = page.tags.get("Orientation")
    return int(tag.value) if tag is not None and int(tag.value) in range(1, 9) else 1


def _spacing(page: TiffPage) -> tuple[float, float] | None:
    """(y, x) in mm, when the tags hold a measurement and not a printing default."""
    tags = [page.tags.get(name) for name in ("YResolution", "XResolution", "ResolutionUnit")]
    if any(tag is None for tag in tags):
        return None
    (ny, dy), (nx, dx), unit = (tag.value for tag in tags if tag is not None)
    scale = _MM_PER_UNIT.get(int(unit))
    if scale is None or 0 in (ny, dy, nx, dx):
        return None
    spacing = (scale * dy / ny, scale * dx / nx)
    printing = any(round(25.4 / s, 2) in PRINTING_DPI for s in spacing)
    return None if printing or not all(FINEST_MM <= s <= COARSEST_MM for s in spacing) else spacing


def _is_colour(page: TiffPage) -> bool:
    return page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.PALETTE, *_TO_RGB)


def _load(path: Path, box: Box) -> Array:
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        page = _first(path, file)
        array, orientation = _upright(page, _array(page)), _orientation(page)
    return pixels.channels_first(pixels.turned(array, orientation)[box.slices])


def _array(page: TiffPage) -> Array:
    """Stored samples (y, x) or (y, x, sample)."""
    array: Array = page.asarray()
    if page.planarconfig == 2 and array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    return array


def _upright(page: TiffPage, array: Array) -> Array:
    """Stored samples as grey or colour: palette looked up, white-is-zero turned over, alpha over black."""
    alpha = None
    if array.ndim == 3 and page.extrasamples:
        first = array.shape[-1] - len(page.extrasamples)
        if _UNASSOCIATED in page.extrasamples:
            alpha = array[..., first + page.extrasamples.index(_UNASSOCIATED)]
        array = array[..., :first] if first > 1 else array[..., 0]
    array = _colours(page, array)
    if array.dtype.kind == "b":
        array = array.astype(np.uint8) * 255
    elif page.bitspersample in (2, 4) and page.photometric != PHOTOMETRIC.PALETTE:
        array = array * np.uint8(255 // (2**page.bitspersample - 1))
    if array.dtype in (np.float16, np.float64):
        array = array.astype(np.float32)
    if page.photometric == PHOTOMETRIC.MINISWHITE and array.dtype.kind == "u":
        array = np.iinfo(array.dtype).max - array
    return array if alpha is None else pixels.over_black(array, alpha)


def _colours(page: TiffPage, array: Array) -> Array:
    if page.photometric == PHOTOMETRIC.PALETTE:
        table = np.asarray(page.colormap)  # (3, entries), 16 bits; some programs fill only the low eight
        table = table if table.max() < 256 else table >> 8
        return table.astype(np.uint8)[:, array].transpose(1, 2, 0)
    convert = _TO_RGB.get(page.photometric)
    return array if convert is None else convert(page, array)


def _from_inks(page: TiffPage, array: Array) -> Array:
    """CMYK without a profile: what is left of white light after both inks."""
    top = float(np.iinfo(array.dtype).max)
    light = (top - array[..., :3]) * (top - array[..., 3:4]) / top
    rgb: Array = np.rint(light).astype(array.dtype)
    return rgb


def _from_lab(page: TiffPage, array: Array) -> Array:
    """CIE L*a*b* of 8 bits (TIFF 6.0 section 23; ICC's variant has its zero at 128), its white made sRGB's white."""
    if array.dtype.itemsize != 1:
        raise SourceError("L*a*b* of more than 8 bits", "save it as RGB")
    raw = array.view(np.uint8)
    offset = raw[..., 1:3].astype(np.float64) - 128
    chroma = offset if page.photometric == PHOTOMETRIC.ICCLAB else raw[..., 1:3].view(np.int8).astype(np.float64)
    lab = np.concatenate([raw[..., :1] * (100 / 255), chroma], axis=-1)
    rgb: Array = np.rint(lab2rgb(lab).clip(0, 1) * 255).astype(np.uint8)
    return rgb


def _from_luma(page: TiffPage, array: Array) -> Array:
    """YCbCr of ITU-R BT.601, full range; JPEG-compressed pages arrive as RGB already."""
    if page.compression in (COMPRESSION.JPEG, COMPRESSION.OJPEG):
        return array
    y, blue, red = (array[..., i].astype(np.float64) for i in range(3))
    blue, red = blue - 128, red - 128
    rgb = np.stack([y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue], axis=-1)
    rounded: Array = np.rint(rgb.clip(0, 255)).astype(np.uint8)
    return rounded


_TO_RGB: dict[int, Callable[[TiffPage, Array], Array]] = {
    PHOTOMETRIC.SEPARATED: _from_inks,
    PHOTOMETRIC.CIELAB: _from_lab,
    PHOTOMETRIC.ICCLAB: _from_lab,
    PHOTOMETRIC.YCBCR: _from_luma,
}
