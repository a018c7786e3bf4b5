"""The OME-XML in an OME-TIFF: pixel sizes and channel names of its first image (OME model 2016-06); no pixels."""

from dataclasses import dataclass
from xml.etree import ElementTree

from .lengths import millimetres

LONGEST = 64 * 2**20


@dataclass(frozen=True, slots=True)
class OmeImage:
    spacing: tuple[float | None, float | None, float | None]
    """(z, y, x) in mm."""
    names: tuple[str | None, ...]
    """One a Channel; each may stand for several samples."""
    images: int
    """How many the file describes."""


def parse_ome(text: str, size: tuple[int, int]) -> OmeImage | None:
    """Of the first Image whose Pixels are `size` (y, x); None when there is none, or the XML is no plain XML."""
    if len(text) > LONGEST or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text.strip("\x00 \n\r\t"))  # without entities there is nothing to expand
    except (ElementTree.ParseError, ValueError):
        return None
    images = [i for i in root if _name(i) == "Image"]
    for image in images:
        pixels = next((p for p in image if _name(p) == "Pixels"), None)
        if pixels is None or (pixels.get("SizeY"), pixels.get("SizeX")) != tuple(map(str, size)):
            continue
        sizes = [_size(pixels, axis) for axis in "ZYX"]
        names = tuple(c.get("Name") for c in pixels if _name(c) == "Channel")
        return OmeImage((sizes[0], sizes[1], sizes[2]), names, len(images))
    return None


def _size(pixels: ElementTree.Element, axis: str) -> float | None:
    """PhysicalSize with its unit, which is the micrometre by default."""
    return millimetres(pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", "\u00b5m"))


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
