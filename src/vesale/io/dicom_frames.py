"""Stored samples of chosen frames of one DICOM file, one after the other; what they mean lives in `dicom_values.py`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import UID

from vesale.core.errors import SourceError
from vesale.core.image import Array

from . import pixels as raster
from .dicom_kinds import BIG_ENDIAN, FAMILIES, NATIVE
from .dicom_pixels import Pixels
from .dicom_stream import content, joined
from .lazy import AGAIN, quiet, reading

MORE = "install the extra vesale[gdcm], which decodes more; if that fails too, export it uncompressed"
_PARTIAL = np.array([[1.1644, 0.0, 1.5960], [1.1644, -0.3917, -0.8130], [1.1644, 2.0173, 0.0]])
"""The inverse of PS3.3 C.7.6.3.1.2's matrix of YBR_PARTIAL_422: luma 16 to 235, chroma 16 to 240 about 128."""


def frames(path: Path, pixels: Pixels, indices: Sequence[int]) -> Iterator[Array]:
    """(y, x) or (y, x, 3) of each frame in turn, YBR turned into RGB; only these frames are read and decoded."""
    remedy = AGAIN if pixels.place.fragments is None else MORE
    with reading(path, "DICOM", remedy), content(path, pixels.deflated) as file:
        for index in indices:
            with quiet():  # not around the yield: it is one thread's at a time
                array = raster.native(_frame(file, pixels, index))
            if array.shape[:2] != (pixels.rows, pixels.columns):
                found = f"pixels {array.shape[:2]} where {(pixels.rows, pixels.columns)} were expected"
                raise SourceError(f"{path}: {found}", "export it again")
            yield array


def _frame(file: BinaryIO, pixels: Pixels, index: int) -> Array:
    options = _options(pixels)
    partial = pixels.photometric.startswith("YBR_PARTIAL") and pixels.place.fragments is None
    if partial:
        options |= {"photometric_interpretation": "YBR_FULL_422", "as_rgb": False}
    if pixels.shifted:
        options["correct_unused_bits"] = False
    if pixels.allocated == 1 and pixels.place.fragments is None:
        return _unpacked(file, pixels, index)
    if pixels.place.fragments is None:
        file.seek(pixels.place.start)
        decoder = get_decoder(UID(NATIVE[1] if pixels.deflated else pixels.syntax))
        array, _ = decoder.as_array(file, index=index, **options)
    else:
        array = _decoded(joined(file, pixels.place.fragments[index]), pixels, {**options, "number_of_frames": 1})
    if pixels.shifted:
        return _lowered(array, pixels)
    return _full_range(array) if partial else array


def _unpacked(file: BinaryIO, pixels: Pixels, index: int) -> Array:
    """One-bit samples, whose frames may begin and end inside a byte (PS3.5 8.1.1)."""
    count = pixels.rows * pixels.columns * pixels.samples
    first = index * count
    file.seek(pixels.place.start + first // 8)
    raw = np.frombuffer(file.read((first % 8 + count + 7) // 8), np.uint8)
    if pixels.syntax == BIG_ENDIAN and pixels.place.vr == "OW":
        raise SourceError("one-bit samples in words of big-endian order", "export it as explicit little endian")
    bits = np.unpackbits(raw, bitorder="little")[first % 8 : first % 8 + count]
    return bits.reshape(pixels.rows, pixels.columns)


def _decoded(stream: bytes, pixels: Pixels, options: dict[str, Any]) -> Array:
    """pydicom's decoders first; where they all fail, imagecodecs', which forgive more."""
    if pixels.syntax in FAMILIES["rle"]:
        return _run_lengths(stream, pixels)
    decoder = get_decoder(UID(pixels.syntax))
    try:
        array: Array = decoder.as_array(encapsulate([stream], has_bot=False), index=0, **options)[0]
    except Exception:  # decoders raise anything on damaged bytes
        second = _forgiving(stream, pixels)
        if second is None:
            raise
        return second
    return array


def _run_lengths(stream: bytes, pixels: Pixels) -> Array:
    """PS3.5 annex G: a packed segment for each byte of each sample, the highest byte first. The decoders that pydicom
    would choose print a backtrace on damaged segments, or are slow."""
    import imagecodecs

    header = np.frombuffer(stream[:64], "<u4")
    width, count = pixels.allocated // 8, pixels.rows * pixels.columns
    starts = [int(v) for v in header[1 : 1 + pixels.samples * width]]
    stops = [*starts[1:], len(stream)]
    array = np.empty((count, pixels.samples, width), np.uint8)
    for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        segment = np.frombuffer(imagecodecs.packbits_decode(stream[start:stop]), np.uint8)
        array[:, i // width, i % width] = segment[:count]  # ValueError when there are too few
    kind = f">{'i' if pixels.signed else 'u'}{width}"
    samples = raster.native(array.reshape(-1).view(kind)).reshape(pixels.rows, pixels.columns, pixels.samples)
    if pixels.samples == 1:
        return _lowered(samples[..., 0], pixels)
    ybr = pixels.photometric in ("YBR_FULL", "YBR_FULL_422")
    return convert_color_space(samples, "YBR_FULL", "RGB") if ybr else samples


def _forgiving(stream: bytes, pixels: Pixels) -> Array | None:
    """The samples by imagecodecs; None when it cannot read them either, or they are not what the header promises."""
    import imagecodecs

    name = next((_SECOND[f] for f, syntaxes in FAMILIES.items() if f in _SECOND and pixels.syntax in syntaxes), None)
    if name is None:
        return None
    colours = {"colorspace": "YCBCR" if pixels.photometric.startswith("YBR") else "RGB", "outcolorspace": "RGB"}
    try:
        decode = getattr(imagecodecs, name)
        array = np.asarray(decode(stream, **(colours if name == "jpeg8_decode" and pixels.samples == 3 else {})))
    except (RuntimeError, ValueError, TypeError, AttributeError):
        return None
    expected = (pixels.rows, pixels.columns, *((3,) if pixels.samples == 3 else ()))
    if array.shape != expected or (pixels.signed and array.dtype.kind == "u"):
        return None
    return array


_SECOND = {"jpeg8": "jpeg8_decode", "jpeg12": "jpeg8_decode", "lossless": "ljpeg_decode", "jpegls": "jpegls_decode"}


def _options(pixels: Pixels) -> dict[str, Any]:
    options: dict[str, Any] = {
        "rows": pixels.rows,
        "columns": pixels.columns,
        "samples_per_pixel": pixels.samples,
        "bits_allocated": pixels.allocated,
        "bits_stored": pixels.stored,
        "pixel_representation": int(pixels.signed),
        "photometric_interpretation": pixels.photometric,
        "number_of_frames": pixels.frames,
        "pixel_keyword": pixels.keyword,
    }
    if pixels.samples == 3:
        options["planar_configuration"] = pixels.planar
    if pixels.place.vr is not None:
        options["pixel_vr"] = pixels.place.vr
    return options


def _lowered(array: Array, pixels: Pixels) -> Array:
    """Samples from the middle of their words (PS3.5 8.1.1), their sign bit carried upwards."""
    up = pixels.allocated - 1 - pixels.high
    lowered: Array = np.right_shift(np.left_shift(array, up), pixels.allocated - pixels.stored)
    return lowered


def _full_range(ybr: Array) -> Array:
    rgb = (ybr.astype(np.float64) - (16, 128, 128)) @ _PARTIAL.T
    rounded: Array = np.rint(rgb.clip(0, 255)).astype(np.uint8)
    return rounded
