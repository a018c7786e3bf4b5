"""What each kind of TIFF says beside its pixels: scale, place, channel names, what else is in the file; no pixels."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tifffile import TiffFile, TiffPage

from .lazy import plural
from .lengths import millimetres
from .ome_xml import parse_ome
from .tiff import MM_PER_UNIT, spacing_of
from .tiff_stack import Stack

_MPP = re.compile(r"\|\s*MPP\s*=\s*([0-9.]+)")
_IMAGE_TYPE = re.compile(r"<ImageType>\s*(\w+)\s*</ImageType>")
_QPI_NAME = re.compile(r"<Name>([^<>]*)</Name>")
_LABEL = re.compile(r"^c:\d+/\d+(?: z:\d+/\d+)?(?: t:\d+/\d+)? - ")
_ICC = 34675


@dataclass(frozen=True, slots=True)
class Facts:
    plane: tuple[float, float] | None = None
    """(y, x) spacing of the finest level, in mm."""
    step: float | None = None
    """Between slices, in mm."""
    names: tuple[str | None, ...] = ()
    """Of channels, as written."""
    origin: tuple[float, float] | None = None
    """(x, y) of the centre of the first sample, in mm on the slide."""
    modality: str | None = None
    associated: Mapping[str, int] | None = None
    """Label, macro, thumbnail, ... -> page."""
    notes: tuple[str, ...] = ()


def facts_of(kind: str, file: TiffFile, stack: Stack) -> Facts:
    """`kind` is a name of `tiff_kinds.KINDS`."""
    return FACTS.get(kind, _resolution)(file, stack)


def has_profile(file: TiffFile) -> bool:
    return file.pages.first.tags.get(_ICC) is not None


def _aperio(file: TiffFile, stack: Stack) -> Facts:
    """MPP of the first page's description; micrometres a pixel, the same along both axes."""
    found = _MPP.search(file.pages.first.description)
    size = millimetres(found[1], "um") if found else None
    pages = [page.aspage() for page in file.pages]
    extra = {_aperio_name(i, p): i for i, p in enumerate(pages) if not p.is_tiled}
    return Facts((size, size) if size else None, modality="SM", associated=extra)


def _aperio_name(number: int, page: TiffPage) -> str:
    """By the kind of page; else by the first word of the description's second line; the second page is a thumbnail."""
    line = page.description.partition("\n")[2].split()
    word = line[0].lower() if line else ""
    named = {9: "macro", 1: "label"}.get(int(page.subfiletype)) or (word if word in ("label", "macro") else None)
    return named or ("thumbnail" if number == 1 else f"picture {number}")


def _qptiff(file: TiffFile, stack: Stack) -> Facts:
    """Resolution tags, position tags in the same unit, one <Name> a page, and an <ImageType> that says what it is."""
    pages = [p for p in file.pages if isinstance(p, TiffPage)]
    types = [(m[1] if (m := _IMAGE_TYPE.search(p.description)) else "") for p in pages]
    extra = {t.lower(): i for i, t in enumerate(types) if t not in ("", "FullResolution", "ReducedResolution")}
    full = [p for p, t in zip(pages, types, strict=True) if t == "FullResolution"][: stack.planes]
    names = tuple(m[1] if (m := _QPI_NAME.search(p.description)) else None for p in full)
    plane = spacing_of(file.pages.first)
    return Facts(plane, names=names, origin=_position(file.pages.first, plane), modality="SM", associated=extra)


def _position(page: TiffPage, plane: tuple[float, float] | None) -> tuple[float, float] | None:
    """Tags 286 and 287 place the upper left corner of the first pixel; its centre lies half a pixel further."""
    tags = [page.tags.get(code) for code in (286, 287, 296)]
    if plane is None or any(tag is None for tag in tags):
        return None
    (x, y), unit = [tag.value for tag in tags[:2] if tag is not None], int(tags[2].value) if tags[2] else 0
    if unit not in MM_PER_UNIT or 0 in (x[1], y[1]):
        return None
    corner = [float(Fraction(*v)) * MM_PER_UNIT[unit] for v in (x, y)]
    return corner[0] + plane[1] / 2, corner[1] + plane[0] / 2


def _ome(file: TiffFile, stack: Stack) -> Facts:
    shape = stack.levels[0].shape[-2:]
    ome = parse_ome(file.ome_metadata or "", (shape[0], shape[1]))
    if ome is None:
        return Facts(notes=("its OME-XML could not be understood: scale and channel names are unknown",))
    step, y, x = ome.spacing
    notes = [f"{ome.images} images in the file: only the first is read"] if ome.images > 1 else []
    return Facts((y, x) if y and x else None, step, ome.names, notes=tuple(notes))


def _imagej(file: TiffFile, stack: Stack) -> Facts:
    """Resolution tags count pixels a unit, which the description names, as it does the spacing of the slices."""
    said: dict[str, Any] = file.imagej_metadata or {}
    unit = str(said.get("unit", ""))
    tags = [file.pages.first.tags.get(code) for code in (283, 282)]
    plane = [millimetres(t.value[1] / t.value[0], unit) if t and t.value[0] else None for t in tags]
    step = millimetres(str(said["spacing"]), unit) if "spacing" in said else None
    y, x = plane
    return Facts((y, x) if y and x else None, step, _imagej_names(said, stack))


def _imagej_names(said: Mapping[str, Any], stack: Stack) -> tuple[str | None, ...]:
    """The labels of the first slice of each channel (ImageJ counts channels first), when they tell channels apart."""
    labels = said.get("Labels")
    labels = [labels] if isinstance(labels, str) else list(labels or [])
    count = stack.planes
    first = [_LABEL.sub("", str(text)).split("\n")[0] for text in labels[:count]]
    return tuple(first) if len(first) == count and len(set(first)) == count > 1 else ()


def _lsm(file: TiffFile, stack: Stack) -> Facts:
    """Voxel sizes in metres (Zeiss LSM 510)."""
    said: dict[str, Any] = file.lsm_metadata or {}
    step, y, x = (millimetres(said.get(f"VoxelSize{axis}"), "m") for axis in "ZYX")
    colours = said.get("ChannelColors")
    names: Sequence[Any] = colours.get("ColorNames", ()) if isinstance(colours, dict) else ()
    return Facts((y, x) if y and x else None, step, tuple(str(n) for n in names))


def _resolution(file: TiffFile, stack: Stack) -> Facts:
    plane = spacing_of(file.pages.first)
    more = len(file.series) - 1
    notes = [f"{plural(more, 'other image')} in the file: only the first is read"] if more else []
    if plane is not None:
        notes.append(f"pixel size {plane[0]:.4g} x {plane[1]:.4g} mm comes from the TIFF resolution tags")
    return Facts(plane, notes=tuple(notes))


FACTS: dict[str, Callable[[TiffFile, Stack], Facts]] = {
    "Aperio SVS": _aperio,
    "Akoya QPTIFF": _qptiff,
    "OME-TIFF": _ome,
    "ImageJ TIFF": _imagej,
    "Zeiss LSM": _lsm,
}
"""Kind -> who knows it; the others have resolution tags at most."""
