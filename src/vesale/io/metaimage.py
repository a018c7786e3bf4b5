"""MetaImage volumes (.mha, or .mhd with its data beside it) as sources and as masks; its world is LPS already.

Tags: the MetaIO documentation of ITK, "Tags of MetaObject" and "Tags of MetaImage".
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.grid import Grid, Vector
from vesale.core.image import Image, Source

from .headed_volume import Opened, mask_of, source_of
from .lazy import reading
from .pixels import COLOURS
from .place import invertible, oriented, unoriented
from .volume_bytes import Packing, Stored, beside, guard

LONGEST = 2**16
"""Bytes of header that are looked through for `ElementDataFile`, which ends it."""
TYPES: Mapping[str, str] = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
"""ElementType -> NumPy's kind and bytes; MET_LONG has four bytes on disk, whatever the machine."""
_MM_PER_UNIT = {"mm": 1.0, "um": 0.001, "cm": 10.0}
_LINE = re.compile(r"\s*([A-Za-z]\w*)\s*[=:]\s*(.*?)\s*$")


def open_metaimage(path: Path) -> Source:
    """A volume (z, y, x) or picture (y, x); a fourth axis, or several values a sample, become channels.

    Without `TransformMatrix` only the spacing is known, without `ElementSpacing` (or `ElementSize`) not even that.
    SourceError for a header that does not fit its bytes, and for slices in files of their own.
    """
    return source_of(_open(path), "metaimage")


def read_mask(path: Path) -> Image:
    """Class numbers of a MetaImage, as integers; several values a sample are refused."""
    return mask_of(path, _open(path), "metaimage")


def data_file(path: Path) -> Path:
    """The file that holds the samples of a header."""
    tags, start = _tags(path)
    return _samples_at(path, tags, start)[0]


def _open(path: Path) -> Opened:
    with reading(path, "MetaImage", quote=False):
        tags, start = _tags(path)
        sizes = [int(v) for v in _numbers(path, tags, "DimSize") or ()]
        if int(tags.get("NDims", len(sizes))) != len(sizes) or len(sizes) not in (2, 3, 4):
            raise SourceError(f"{path}: {len(sizes)} sizes of axes; 2, 3 or 4 are read", "export it as a volume")
        stored, spatial, channels = _layout(path, tags, sizes, start)
        notes = guard(stored)
        grid, more = _place(path, tags, spatial)
    return Opened(stored, grid, channels, (*notes, *more))


def _tags(path: Path) -> tuple[dict[str, str], int]:
    """Every tag up to `ElementDataFile`, and where the bytes after it start."""
    with path.open("rb") as file:
        head = file.read(LONGEST)
    tags: dict[str, str] = {}
    start = 0
    while start < len(head):
        end = head.find(b"\n", start)
        end = len(head) if end < 0 else end
        found = _LINE.match(head[start:end].decode("latin-1"))
        start = end + 1
        if found:
            tags[found[1]] = found[2]
            if found[1] == "ElementDataFile":
                return tags, start
    raise SourceError(
        f"{path}: no ElementDataFile in the header of a MetaImage", "the file is damaged: export it again"
    )


def _layout(
    path: Path, tags: Mapping[str, str], sizes: Sequence[int], start: int
) -> tuple[Stored, tuple[int, ...], tuple[str, ...]]:
    """How the samples are stored, the sizes in space, and the channels' names."""
    kind = tags.get("ElementType", "").removesuffix("_ARRAY")
    if kind not in TYPES:
        raise SourceError(f"{path}: an ElementType that is none of {', '.join(TYPES)}", "save it as one of these")
    each = int(tags.get("ElementNumberOfChannels", "1"))
    if each < 1 or (each > 1 and len(sizes) == 4):
        raise SourceError(f"{path}: {each} values a sample in {len(sizes)} dimensions", "save one volume per file")
    order = ">" if _true(tags, "BinaryDataByteOrderMSB") or _true(tags, "ElementByteOrderMSB") else "<"
    file, offset = _samples_at(path, tags, start)
    packing: Packing = "zlib" if _true(tags, "CompressedData") else "raw"
    if tags.get("BinaryData", "True").casefold() in ("false", "0"):
        packing, order = "text", "<"  # what is written out has no byte order
    whole = (each, *sizes) if each > 1 else tuple(sizes)
    axis = 0 if each > 1 else 3 if len(sizes) == 4 else None
    stored = Stored(path, file, whole, order + TYPES[kind], offset, packing, axis)
    if int(tags.get("HeaderSize", "0")) == -1:
        stored = Stored(path, file, whole, order + TYPES[kind], file.stat().st_size - stored.wanted, packing, axis)
    if stored.offset < 0:
        raise SourceError(f"{path}: the header says more samples than the file holds", "copy or export it again")
    if len(sizes) == 4:
        return stored, tuple(sizes[:3]), tuple(f"volume {i}" for i in range(sizes[3]))
    if each == 1:
        return stored, tuple(sizes), ("grey",)
    return (
        stored,
        tuple(sizes),
        COLOURS if (each, kind) == (3, "MET_UCHAR") else tuple(f"channel {i}" for i in range(each)),
    )


def _samples_at(path: Path, tags: Mapping[str, str], start: int) -> tuple[Path, int]:
    name = tags["ElementDataFile"]
    skipped = max(0, int(tags.get("HeaderSize", "0")))
    if name in ("LOCAL", "Local", "local"):
        return path, start + skipped
    if name.split()[:1] == ["LIST"] or "%" in name:
        raise SourceError(f"{path}: its slices lie in files of their own", "save it as one .mha, or .mhd with one file")
    return beside(path, name), skipped


def _place(path: Path, tags: Mapping[str, str], spatial: tuple[int, ...]) -> tuple[Grid, list[str]]:
    n, axes = len(spatial), int(tags.get("NDims", len(spatial)))
    scale, notes = _unit(tags)
    spacing = _numbers(path, tags, "ElementSpacing", "ElementSize")
    if spacing is not None and (len(spacing) < n or not all(np.isfinite(v) and v > 0 for v in spacing[:n])):
        spacing = None
    rows = _numbers(path, tags, "TransformMatrix", "Rotation", "Orientation")
    origin = _numbers(path, tags, "Offset", "Position", "Origin") or [0.0] * n
    if spacing is None or rows is None or len(rows) != axes**2 or len(origin) < n:
        grid, more = unoriented(spatial, None if spacing is None else [v * scale for v in spacing[:n]])
        return grid, notes + more
    directions = np.array(rows).reshape(axes, axes)[:n, :n].T  # a row for each axis of the file, so a column here
    if not invertible(directions):
        grid, more = unoriented(spatial, [v * scale for v in spacing[:n]])
        return grid, [*notes, "the directions of the axes are not independent", *more]
    lengths = np.linalg.norm(directions, axis=0)
    if np.abs(lengths - 1).max() > 1e-3:
        notes.append("the directions of the axes are no unit vectors: only their direction is used")
    matrix: Vector = directions / lengths * (np.array(spacing[:n]) * scale)
    grid, more = oriented(spatial, matrix, np.array(origin[:n]) * scale, "patient" if n == 3 else "unknown")
    return grid, notes + more


def _unit(tags: Mapping[str, str]) -> tuple[float, list[str]]:
    unit = tags.get("DistanceUnits", "mm")
    if unit not in _MM_PER_UNIT:
        return 1.0, ["the unit of length is not stated: taken as millimetres"]
    return _MM_PER_UNIT[unit], [] if unit == "mm" else [f"lengths are stated in {unit} and were made millimetres"]


def _numbers(path: Path, tags: Mapping[str, str], *names: str) -> list[float] | None:
    """The numbers of the first of these tags that is there."""
    text = next((tags[name] for name in names if name in tags), None)
    if text is None:
        return None
    try:
        return [float(part) for part in text.split()]
    except ValueError:
        raise SourceError(
            f"{path}: {names[0]} holds what is no number", "the header is damaged: export it again"
        ) from None


def _true(tags: Mapping[str, str], name: str) -> bool:
    return tags.get(name, "False").casefold() in ("true", "1")
