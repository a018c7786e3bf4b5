"""NRRD volumes (.nrrd, or .nhdr with its data beside it) as sources and as masks; their worlds become LPS here.

Fields: the definition of the NRRD file format (Teem), sections 4 to 6; the header's text is parsed by pynrrd.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nrrd
import numpy as np

from vesale.core.errors import SourceError
from vesale.core.grid import Frame, Grid
from vesale.core.image import Image, Source

from .headed_volume import Opened, mask_of, source_of
from .lazy import reading
from .pixels import COLOURS
from .place import invertible, oriented, unoriented
from .volume_bytes import Packing, Stored, beside, guard, text_start

LONGEST = 2**20
"""Bytes that a header may have; those of diffusion images carry a line for every direction."""
FIELDS = frozenset(
    [
        *("dimension", "type", "encoding", "endian", "sizes", "line skip", "lineskip", "byte skip", "byteskip"),
        *("data file", "datafile", "kinds", "spacings", "units"),
        *("space", "space dimension", "space directions", "space origin", "space units"),
    ]
)
"""What is read of a header; the rest (free text above all) is not even parsed."""
TYPES: Mapping[str, tuple[str, ...]] = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
ENCODINGS: Mapping[str, Packing] = {
    "raw": "raw",
    **dict.fromkeys(("gz", "gzip"), "gzip"),
    **dict.fromkeys(("bz2", "bzip2"), "bzip2"),
    **dict.fromkeys(("txt", "text", "ascii"), "text"),
}
SPACES: Mapping[str, tuple[tuple[float, ...], Frame]] = {
    **dict.fromkeys(("left-posterior-superior", "lps"), ((1.0, 1.0, 1.0), "patient")),
    **dict.fromkeys(("right-anterior-superior", "ras"), ((-1.0, -1.0, 1.0), "patient")),
    **dict.fromkeys(("left-anterior-superior", "las"), ((1.0, -1.0, 1.0), "patient")),
    "scanner-xyz": ((1.0, 1.0, 1.0), "unknown"),
}
"""Space -> the sign of each axis in LPS, and whether it is the patient's; `-time` adds an axis of another kind."""
SCANNER = "the space is the scanner's: it is the patient's (LPS) only when the patient lay face up and head first"
COLOUR_KINDS = ("rgb-color", "rgba-color")
SPATIAL_KINDS = ("space", "domain", "???", "none")
_MM_PER_UNIT = {"mm": 1.0, "millimeter": 1.0, "millimetre": 1.0, "um": 0.001, "µm": 0.001, "micron": 0.001,
                "micrometer": 0.001, "cm": 10.0, "m": 1000.0}  # fmt: skip


def open_nrrd(path: Path) -> Source:
    """A volume (z, y, x) or picture (y, x); an axis that is not space (its direction `none`, or its kind) is channels.

    `space directions` place it in LPS; `spacings` alone give a scale, and nothing is known of left and right then.
    SourceError for a header that does not fit its bytes, for data in several files, and for two axes beside space.
    """
    return source_of(_open(path), "nrrd")


def read_mask(path: Path) -> Image:
    """Class numbers of a NRRD file, as integers; several values a sample are refused."""
    return mask_of(path, _open(path), "nrrd")


def data_file(path: Path) -> Path:
    """The file that holds the samples of a header."""
    header, _ = _header(path)
    return _file(path, header)


def _open(path: Path) -> Opened:
    with reading(path, "NRRD", quote=False):
        header, start = _header(path)
        sizes = tuple(int(n) for n in header.get("sizes", ()))
        if int(header.get("dimension", -1)) != len(sizes) or not 2 <= len(sizes) <= 4:
            raise SourceError(f"{path}: {len(sizes)} sizes of axes; 2, 3 or 4 are read", "export it as a volume")
        channel = _channel_axis(path, header, sizes)
        stored = _stored(path, header, start, channel)
        notes = guard(stored)
        spatial = [i for i in range(len(sizes)) if i != channel]
        grid, more = _place(header, sizes, spatial)
    return Opened(stored, grid, _channels(header, sizes, channel), (*notes, *more))


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The fields that are read, and where the bytes after the blank line start."""
    with path.open("rb") as file:
        head = file.read(LONGEST)
    lines = head.splitlines(keepends=True)
    start, kept = 0, []
    for number, line in enumerate(lines):
        start += len(line)
        text = line.decode("ascii", "replace").strip()
        field = text.partition(":")[0].strip().casefold()
        if not text:
            break
        if number == 0:
            kept.append(text)
        elif field in FIELDS and not text.partition(":")[2].startswith("="):
            kept.append(f"{field}: {text.partition(':')[2].strip()}")
    else:
        start = len(head)
    header: dict[str, Any] = dict(nrrd.read_header(kept))
    return header, start


def _stored(path: Path, header: Mapping[str, Any], start: int, channel: int | None) -> Stored:
    kind = next((k for k, names in TYPES.items() if str(header.get("type", "")).casefold() in names), None)
    if kind is None:
        raise SourceError(f"{path}: a type that is no number of this format", "save it as integers or floats")
    packing = ENCODINGS.get(str(header.get("encoding", "")).casefold())
    if packing is None:
        raise SourceError(f"{path}: an encoding that is not read", f"save it as one of: {', '.join(ENCODINGS)}")
    endian = str(header.get("endian", "little" if kind.endswith("1") or packing == "text" else "")).casefold()
    if endian not in ("little", "big"):
        raise SourceError(f"{path}: it does not say its byte order (endian)", "export it again")
    order = "<" if endian == "little" else ">"
    file = _file(path, header)
    sizes = tuple(int(n) for n in header["sizes"])
    lines = int(header.get("line skip", header.get("lineskip", 0)))
    skip = int(header.get("byte skip", header.get("byteskip", 0)))
    if lines < 0 or skip < -1 or (packing != "raw" and (skip or lines)):
        raise SourceError(
            f"{path}: skips lines or bytes in a way that is not read", "save it without line or byte skip"
        )
    stored = Stored(path, file, sizes, order + kind, 0, packing, channel)
    at = start if file == path else 0
    if skip == -1:
        at = file.stat().st_size - stored.wanted
        if at < 0:
            raise SourceError(f"{path}: the header says more samples than the file holds", "copy or export it again")
    elif lines or skip:
        at = text_start(file, lines, skip) if file != path else start + skip
    return Stored(path, file, sizes, order + kind, at, packing, channel)


def _file(path: Path, header: Mapping[str, Any]) -> Path:
    name = header.get("data file", header.get("datafile"))
    if name is None:
        return path
    if str(name).split()[:1] == ["LIST"] or "%" in str(name):
        raise SourceError(f"{path}: its samples lie in several files", "save it as one .nrrd, or .nhdr with one file")
    return beside(path, str(name))


def _channel_axis(path: Path, header: Mapping[str, Any], sizes: tuple[int, ...]) -> int | None:
    """The one axis that is not space: by its direction `none`, else by its kind, else none of three or fewer."""
    directions = header.get("space directions")
    kinds = [str(k).casefold() for k in header.get("kinds", ())]
    if directions is not None and len(directions) == len(sizes):
        others = [i for i, row in enumerate(directions) if not np.isfinite(row).all()]
    elif len(kinds) == len(sizes):
        others = [i for i, kind in enumerate(kinds) if kind not in SPATIAL_KINDS]
    else:
        others = [] if len(sizes) < 4 else [-1]
    if len(others) > 1 or others == [-1] or len(sizes) - len(others) not in (2, 3):
        raise SourceError(
            f"{path}: {len(sizes)} axes, and not exactly one of them said to be no space",
            "state kinds, or save a volume",
        )
    return others[0] if others else None


def _channels(header: Mapping[str, Any], sizes: tuple[int, ...], channel: int | None) -> tuple[str, ...]:
    if channel is None:
        return ("grey",)
    kinds = [str(k).casefold() for k in header.get("kinds", ())]
    kind = kinds[channel] if len(kinds) == len(sizes) else ""
    if kind in COLOUR_KINDS or (kind == "3-color"):
        return (*COLOURS, "alpha")[: sizes[channel]] if sizes[channel] <= 4 else ()
    word = "volume" if kind in ("time", "list", "domain", "") and channel == len(sizes) - 1 else "channel"
    return tuple(f"{word} {i}" for i in range(sizes[channel]))


def _place(header: Mapping[str, Any], sizes: tuple[int, ...], spatial: list[int]) -> tuple[Grid, list[str]]:
    shape = [sizes[i] for i in spatial]
    directions = header.get("space directions")
    if directions is None or len(directions) != len(sizes):
        return _scaled(header, shape, spatial)
    scale, notes = _unit(header.get("space units"), range(len(directions[spatial[0]])))
    matrix = np.array([directions[i] for i in spatial], float).T * scale  # a row for each axis, so a column here
    origin = np.asarray(header.get("space origin", np.zeros(len(matrix))), float) * scale
    space = str(header.get("space", "")).casefold().removesuffix("-time").replace("lpst", "lps").replace("rast", "ras")
    known = SPACES.get(space)
    if len(matrix) == 4 and known:  # a space with time: its fourth coordinate is no length
        matrix, origin = matrix[:3], origin[:3]
    if not invertible(matrix) or len(origin) != len(matrix) or not np.isfinite(origin).all():
        grid, more = unoriented(shape, None)
        return grid, [*notes, "the directions of the axes are not independent, or the origin is no place", *more]
    if matrix.shape == (2, 2):  # a picture in its own plane, as SimpleITK writes it
        grid, more = oriented(shape, matrix, origin, "unknown")
        return grid, notes + more
    if known is None or len(matrix) != 3:
        grid, more = unoriented(shape, np.linalg.norm(matrix, axis=0).tolist())
        return grid, [*notes, "the space is not said to be the patient's", *more]
    signs, frame = known
    notes += [SCANNER] if frame == "unknown" else []
    grid, more = oriented(shape, np.diag(signs) @ matrix, np.array(signs) * origin, frame)
    return grid, notes + more


def _scaled(header: Mapping[str, Any], shape: list[int], spatial: list[int]) -> tuple[Grid, list[str]]:
    spacings = header.get("spacings")
    if spacings is None or len(spacings) <= max(spatial):
        return unoriented(shape, None)
    scale, notes = _unit(header.get("units"), spatial)
    grid, more = unoriented(shape, [abs(float(spacings[i])) * scale for i in spatial])
    return grid, notes + more


def _unit(units: Any, axes: Any) -> tuple[float, list[str]]:
    """Millimetres in the unit of the spatial axes; said unless it is stated to be the millimetre."""
    stated = {str(units[i]).casefold() for i in axes if i < len(units)} - {"", "???", "none"} if units else set()
    known = {_MM_PER_UNIT.get(unit) for unit in stated}
    if len(known) != 1 or None in known:
        return 1.0, ["the unit of length is not stated: taken as millimetres"] if stated else []
    scale = float(known.pop() or 1.0)
    return scale, [] if scale == 1.0 else ["lengths are not stated in millimetres and were made so"]
