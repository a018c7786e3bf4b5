"""What raster decoders' arrays need before they are images: turning, alpha, colour models, the size limit."""

from pathlib import Path

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.grid import Grid
from vesale.core.image import Array, Image, Provenance

MOST_PIXELS = 500_000_000
"""Larger rasters are refused: they are slides, or decompression bombs."""
COLOURS = ("red", "green", "blue")
BLENDED = "transparent parts are shown over black: the alpha channel is not constantly opaque"


def guard_size(path: Path, height: int, width: int) -> None:
    """Refuse what would fill the memory before it is decoded."""
    if height * width > MOST_PIXELS:
        raise SourceError(
            f"{path}: {width} x {height} pixels, more than the {MOST_PIXELS // 10**6} million a plain raster may have",
            "cut or shrink it; whole slides belong in a pyramidal format",
        )
    if height < 1 or width < 1:
        raise SourceError(f"{path}: {width} x {height} pixels: there is nothing in it", "export it again")


def turned(array: Array, orientation: int) -> Array:
    """(y, x[, c]) as it should be seen: EXIF 2.3, tag 274, values 1 to 8; anything else means 1."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array


def turned_shape(shape: tuple[int, int], orientation: int) -> tuple[int, int]:
    return (shape[1], shape[0]) if orientation in (5, 6, 7, 8) else shape


def over_black(array: Array, alpha: Array) -> Array:
    """Samples (y, x[, c]) times their opacity; integers stay integers."""
    top = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "ui" else 1.0
    share = alpha.astype(np.float64) / top
    blended = array * (share[..., None] if array.ndim == 3 else share)
    return (np.rint(blended) if array.dtype.kind in "ui" else blended).astype(array.dtype)


def is_opaque(alpha: Array) -> bool:
    top = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "ui" else 1.0
    return bool(np.all(alpha == top))


def rgb_of_ybr(array: Array) -> Array:
    """(y, x, 3) of 8 bits, from luma and chroma of ITU-R BT.601 in full range (JFIF; DICOM PS3.3 C.7.6.3.1.2)."""
    y, blue, red = (array[..., i].astype(np.float64) for i in range(3))
    blue, red = blue - 128, red - 128
    rgb = np.stack([y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue], axis=-1)
    rounded: Array = np.rint(rgb.clip(0, 255)).astype(np.uint8)
    return rounded


def channels_first(array: Array) -> Array:
    """(y, x) or (y, x, c) -> (c, y, x), contiguous."""
    return np.ascontiguousarray(native(array)[None] if array.ndim == 2 else np.moveaxis(native(array), -1, 0))


def native(array: Array) -> Array:
    """The same samples in this machine's byte order."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def names_of(channels: int) -> tuple[str, ...]:
    """grey; red, green, blue; else numbers."""
    known = {1: ("grey",), 3: COLOURS}
    return known.get(channels) or tuple(f"channel {i}" for i in range(channels))


def as_labels(path: Path, array: Array, grid: Grid, sha256: str) -> Image:
    """A mask of stored values (y, x[, 3]): equal channels are one, fractions and colours are refused."""
    if array.ndim == 3 and array.shape[-1] == 3:
        if not (np.array_equal(array[..., 0], array[..., 1]) and np.array_equal(array[..., 0], array[..., 2])):
            raise SourceError(
                f"{path}: a mask holds one number a pixel, and this is a colour picture",
                "save it as a palette or grey image whose values are the class numbers",
            )
        array = array[..., 0]
    if array.ndim != len(grid.shape):
        raise SourceError(
            f"{path}: a mask holds one number a pixel, and this holds {array.shape[-1]}", "save one channel"
        )
    return Image(whole_numbers(path, native(array))[None], grid, "labels", ("label",), Provenance(sha256))


def whole_numbers(path: Path, array: Array) -> Array:
    """Labels as integers: bool becomes uint8, floats without a fraction become integers, others are refused."""
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        if not (np.isfinite(array).all() and np.array_equal(array, np.rint(array))):
            raise SourceError(f"{path}: a mask holds class numbers, and this holds fractions", "save whole numbers")
        small = array.size == 0 or (array.min() >= 0 and array.max() <= 255)
        return array.astype(np.uint8 if small else np.int32)
    return array
