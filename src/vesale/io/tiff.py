"""Plain TIFF of one page as source and as mask, and what the samples of any page mean: colours, alpha, scale.

Pyramids and stacks live in `tiff_stack.py`; which file is which, in `tiff_kinds.py`.
"""

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
from .device import MAKE, MODEL, of_tags
from .lazy import Deferred, digest, plural, quiet, reading

PRINTING_DPI = frozenset({1, 72, 75, 90, 96, 100, 120, 144, 150, 180, 200, 240, 250, 254, 300, 350, 360, 400, 600, 720})
"""Resolutions that programs write when nobody measured anything."""
FINEST_MM, COARSEST_MM = 1e-5, 0.01
"""A pixel size in the resolution tags is believed between these only: microscopes, not printers."""
MM_PER_UNIT = {2: 25.4, 3: 10.0}  # ResolutionUnit: inch, centimetre (TIFF 6.0, tag 296)
_ASSOCIATED, UNASSOCIATED = 1, 2  # ExtraSamples (TIFF 6.0, tag 338)


def open_tiff(path: Path) -> Source:
    """The first page: grey, or red, green, blue, or numbered channels, in the file's own integer type or float32.

    The spacing is that of the resolution tags only where no printer could mean it, with a note; else unknown.
    """
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        page = _first(path, file)
        shape, orientation = (page.imagelength, page.imagewidth), orientation_of(page)
        pixels.guard_size(path, *shape)
        notes = _page_notes(file)
        spacing = spacing_of(page)
        device = of_tags({code: tag.value for code in (MAKE, MODEL) if (tag := page.tags.get(code)) is not None})
        count = samples_of(page)
        alpha = _alpha(page, _array(page)) if UNASSOCIATED in page.extrasamples else None
        blended = alpha is not None and not pixels.is_opaque(alpha)
    if blended:
        notes.append(pixels.BLENDED)
    if spacing is not None:
        notes.append(f"pixel size {spacing[0]:.4g} x {spacing[1]:.4g} mm comes from the TIFF resolution tags")
        spacing = spacing[::-1] if orientation > 4 else spacing
    grid = Grid(pixels.turned_shape(shape, orientation), spacing)
    description = Description("tiff", digest(path), notes=tuple(notes), files=(path,), device=device)
    return Deferred(description, pixels.names_of(count), (grid,), partial(_load, path))


def read_mask(path: Path) -> Image:
    """Stored numbers of the first page: palette indices, bilevel as 0 and 1, grey as it is."""
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        page = _first(path, file)
        pixels.guard_size(path, page.imagelength, page.imagewidth)
        if page.compression in (COMPRESSION.JPEG, COMPRESSION.OJPEG):
            raise SourceError(f"{path}: JPEG changes values, so its class numbers are lost", "save the mask losslessly")
        array, orientation = _array(page), orientation_of(page)
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


def orientation_of(page: TiffPage) -> int:
    tag = page.tags.get("Orientation")
    return int(tag.value) if tag is not None and int(tag.value) in range(1, 9) else 1


def spacing_of(page: TiffPage) -> tuple[float, float] | None:
    """(y, x) in mm, when the tags hold a measurement and not a printing default."""
    tags = [page.tags.get(name) for name in ("YResolution", "XResolution", "ResolutionUnit")]
    if any(tag is None for tag in tags):
        return None
    (ny, dy), (nx, dx), unit = (tag.value for tag in tags if tag is not None)
    scale = MM_PER_UNIT.get(int(unit))
    if scale is None or 0 in (ny, dy, nx, dx):
        return None
    spacing = (scale * dy / ny, scale * dx / nx)
    printing = any(round(25.4 / s, 2) in PRINTING_DPI for s in spacing)
    return None if printing or not all(FINEST_MM <= s <= COARSEST_MM for s in spacing) else spacing


def is_colour(page: TiffPage) -> bool:
    return page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.PALETTE, *_TO_RGB)


def samples_of(page: TiffPage) -> int:
    """How many channels a page has once `upright`: further samples of a grey page that are no alpha are channels."""
    if is_colour(page):
        return 3
    return page.samplesperpixel - len(page.extrasamples) + len(_unspecified(page))


def _unspecified(page: TiffPage) -> list[int]:
    return [i for i, kind in enumerate(page.extrasamples) if kind not in (_ASSOCIATED, UNASSOCIATED)]


def _alpha(page: TiffPage, array: Array) -> Array | None:
    if UNASSOCIATED not in page.extrasamples:
        return None
    alpha: Array = array[..., array.shape[-1] - len(page.extrasamples) + page.extrasamples.index(UNASSOCIATED)]
    return alpha


def _load(path: Path, box: Box) -> Array:
    with reading(path, "TIFF"), quiet(), TiffFile(path) as file:
        page = _first(path, file)
        array, orientation = upright(page, _array(page)), orientation_of(page)
    return pixels.channels_first(pixels.turned(array, orientation)[box.slices])


def _array(page: TiffPage) -> Array:
    """Stored samples (y, x) or (y, x, sample)."""
    array: Array = page.asarray()
    if page.planarconfig == 2 and array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    return array


def upright(page: TiffPage, array: Array) -> Array:
    """Stored samples as grey or colour: palette looked up, white-is-zero turned over, alpha over black."""
    alpha = None
    if array.ndim == 3 and page.extrasamples:
        alpha = _alpha(page, array)
        first = array.shape[-1] - len(page.extrasamples)
        further = () if is_colour(page) else _unspecified(page)
        kept = [*range(first), *(first + i for i in further)]
        array = array[..., kept] if len(kept) > 1 else array[..., kept[0]]
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
    return pixels.rgb_of_ybr(array)


_TO_RGB: dict[int, Callable[[TiffPage, Array], Array]] = {
    PHOTOMETRIC.SEPARATED: _from_inks,
    PHOTOMETRIC.CIELAB: _from_lab,
    PHOTOMETRIC.ICCLAB: _from_lab,
    PHOTOMETRIC.YCBCR: _from_luma,
}
