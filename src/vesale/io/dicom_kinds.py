"""Tables of what DICOM holds and what becomes of it: kinds of object, and transfer syntaxes with their decoders."""

from typing import NamedTuple

from pydicom.config import IGNORE
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
DIRECTORY = "1.2.840.10008.1.3.10"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", DEFLATED, BIG_ENDIAN)
DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
NUCLEAR = "1.2.840.10008.5.1.4.1.1.20"
SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
PROJECTIONS = frozenset({"CR", "DX", "MG", "RG", "IO", "PX", "XA", "RF", "RTIMAGE"})
"""Modalities whose pixel spacing is at the detector unless it was calibrated (DICOM PS3.3 10.7.1.1)."""
PHYSICAL = frozenset({"CT", "PT", "RTDOSE"})
"""Modalities whose rescaled values are a physical quantity: white-is-low is then a matter of display only."""
GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
COLOUR = frozenset(
    ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")
)


class Kind(NamedTuple):
    """A sort of object, for the reader of `docs/conformance.md`."""

    name: str
    becomes: str


READ: tuple[Kind, ...] = (
    Kind("single-frame image of any class", "one image (y, x), grey or red, green, blue"),
    Kind("series of single-frame slices", "one volume (z, y, x) for each set of slices that is a regular ladder"),
    Kind("enhanced CT, MR, PET, breast tomosynthesis, legacy converted", "one volume for each stack, echo, phase ..."),
    Kind("enhanced ultrasound volume", "a volume in the volume's own frame of reference"),
    Kind("ophthalmic tomography", "a volume where its frames are placed, else frames without a spacing"),
    Kind("nuclear medicine, reconstructed", "one volume for each energy window, time slot or interval"),
    Kind(
        "nuclear medicine, planar, dynamic, gated, projections", "an image, or frames (frame, y, x), for each detector"
    ),
    Kind("RT dose", "a volume of dose, in the unit that the file states"),
    Kind("ultrasound, angiography, fluoroscopy and other cine", "frames (frame, y, x) without a spacing"),
    Kind("multi-frame secondary capture", "frames (frame, y, x) without a spacing"),
    Kind("parametric map", "a volume of float32 or float64 for each quantity"),
    Kind("positron emission tomography", "SUV by body weight where the header allows, else the stored unit; a note"),
    Kind("segmentation, binary or labelmap", "a mask: a mask column takes it, not an image column"),
    Kind("DICOMDIR", "the images that it lists"),
)
REFUSED: tuple[Kind, ...] = (
    Kind("objects without pixels (SR, RTSTRUCT, RTPLAN, KO, PR, PDF, waveforms)", "named by class: there is no image"),
    Kind("segmentation given as an image", "it is a mask: it belongs into a mask column"),
    Kind("segmentation of fractions", "a fraction is no class number"),
    Kind("segmentation of a whole slide", "its tiles have no place on a regular grid of an image"),
    Kind("slices with gaps, repeats, sideways shifts", "no regular volume: the files at fault are named"),
    Kind("series of colour images", "no volume: each is an image of its own"),
    Kind("12 bits allocated (packed, retired)", "no decoder reads it: export again with 16 bits"),
    Kind("ARGB, CMYK, HSV (retired)", "no conversion is defined that every maker follows"),
    Kind("pixels held elsewhere (JPIP, pixel data provider)", "the file holds an address, not an image"),
)
VIDEO = {
    **{f"1.2.840.10008.1.2.4.10{i}": "MPEG video" for i in range(9)},
    **{f"1.2.840.10008.1.2.4.10{i}.1": "MPEG video" for i in range(7)},
}
ELSEWHERE = ("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.204", "1.2.840.10008.1.2.4.205")
FAMILIES: dict[str, tuple[str, ...]] = {
    "jpeg8": ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"),
    "jpeg12": ("1.2.840.10008.1.2.4.51",),
    "lossless": ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"),
    "jpegls": ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"),
    "jpeg2000": (
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.91",
        "1.2.840.10008.1.2.4.92",
        "1.2.840.10008.1.2.4.93",
    ),
    "htj2k": ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"),
    "rle": ("1.2.840.10008.1.2.5",),
}
"""What a stream may be -> the transfer syntaxes that hold it; the first stands in for a header that says another."""
LOSSY = frozenset(
    ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91")
)
DECODERS: dict[str, str] = {
    **dict.fromkeys(NATIVE, "none needed"),
    **{
        syntax: {"jpeg2000": "pylibjpeg-openjpeg", "htj2k": "pylibjpeg-openjpeg", "rle": "imagecodecs"}.get(
            family, "pylibjpeg-libjpeg"
        )
        for family, syntaxes in FAMILIES.items()
        for syntax in syntaxes
        if syntax[-3:] not in (".92", ".93")
    },
}
"""Transfer syntax -> the package that decodes it; the extra `gdcm` is tried for the same JPEG syntaxes."""


def uid_name(uid: str) -> str | None:
    """The standard's name of a UID; None when it has none, so that the bytes of a damaged file are never shown."""
    name = UID(uid, validation_mode=IGNORE).name
    return None if name == uid or not uid else name


def undecodable(syntax: str) -> tuple[str, str] | None:
    """Why pixels in this transfer syntax cannot be decoded here, and what to do; None when they can."""
    if syntax in VIDEO:
        return f"pixels are a {VIDEO[syntax]} ({uid_name(syntax) or syntax})", "export its frames uncompressed"
    if syntax in ELSEWHERE:
        return f"pixels lie elsewhere ({uid_name(syntax) or syntax}): the file holds an address", "fetch the images"
    standard = uid_name(syntax)
    if standard is None:
        return "a transfer syntax that is private to its maker or unknown", "export it uncompressed"
    try:
        decoder = get_decoder(UID(syntax))
    except NotImplementedError:
        return f"no decoder for the transfer syntax {standard}", "export it uncompressed"
    if decoder.is_available:
        return None
    package = DECODERS.get(syntax, "pylibjpeg")
    return f"the decoder of {standard} is not installed", f"pip install {package}, or the extra vesale[gdcm]"
