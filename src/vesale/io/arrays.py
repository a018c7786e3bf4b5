"""Arrays of numbers in MAT, NumPy, HDF5 and text files: which there are, and one row; what it means is not known here.

No file is trusted: no pickle is opened, no link is followed to another file, and what an array claims to need is
compared with what its file can hold before it is allocated.
"""

import csv
import io
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.image import Array

from .cohort_table import MISSING, number
from .lazy import quiet, reading
from .volume_bytes import MOST_RATIO

MOST_BYTES = 2**29
"""Arrays that can only be read whole are refused above this; HDF5 and .npy are read row by row."""
MOST_VALUES = 1_000_000
"""Features of one trial."""
MOST_OBJECTS = 10_000
"""Objects of a file that are listed."""
Stamp = tuple[int, int]
"""Size and time of change: a file that is written anew is read anew."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One array of a file."""

    name: str
    shape: tuple[int, ...]
    unusable: str | None = None
    """Why it is no array of real numbers; None when it is one."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """How one kind of file is listed and read."""

    listed: Callable[[Path], list[Listed]]
    row: Callable[[Path, str, int | None, bool], Array]
    """(file, name, row from 0 or None, whether the last axis counts) -> the values of a row, or the whole array."""


def listed(path: Path, kind: str) -> tuple[Listed, ...]:
    """Every array of a file, in its order; SourceError when it is damaged."""
    with reading(path, f"a {kind} file", quote=False):
        return tuple(SHELVES[kind].listed(path))


def read_row(path: Path, kind: str, name: str, row: int | None, last: bool) -> Array:
    """One row of an array (None: all of it), of any number of further axes, as the file stores its values."""
    with reading(path, f"a {kind} file", quote=False):
        return SHELVES[kind].row(path, name, row, last)


def refuse_large(path: Path, wanted: int, packed: int, ratio: int = MOST_RATIO["zlib"]) -> None:
    """SourceError when an array claims more than its packed bytes can hold, or more than may be held at once."""
    if wanted > ratio * max(1, packed):
        raise SourceError(f"{path}: an array claims {wanted} bytes, and the file holds {packed}",
                          "the file is damaged: export it again")  # fmt: skip
    if wanted > MOST_BYTES:
        raise SourceError(
            f"{path}: an array of {wanted / 2**30:.1f} GiB, which this format gives only whole",
            "save it as HDF5 or .npy, which are read row by row",
        )


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _taken(array: Array, row: int | None, last: bool) -> Array:
    if row is None:
        return array
    return np.array(array[..., row] if last else array[row])


# MAT-files ------------------------------------------------------------------------------------------------------------


_CLASSES = frozenset(("double", "single", "logical", *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64))))
_BYTES = {"double": 8, "single": 4, "logical": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4,
          "uint32": 4, "int64": 8, "uint64": 8}  # fmt: skip


def _mat_listed(path: Path) -> list[Listed]:
    import scipy.io

    with quiet():
        found = scipy.io.whosmat(path)
    return [Listed(n, tuple(map(int, s)), None if c in _CLASSES else f"it is a {c}") for n, s, c in found]


def _mat_row(path: Path, name: str, row: int | None, last: bool) -> Array:
    return _taken(_mat_whole(path, name, _stamp(path)), row, last)


@lru_cache(maxsize=2)
def _mat_whole(path: Path, name: str, stamp: Stamp) -> Array:
    """One variable; the last two stay in memory, as the trials of a file are asked for one after the other."""
    import scipy.io

    with quiet():
        shapes = {n: math.prod(map(int, s)) * _BYTES.get(c, 16) for n, s, c in scipy.io.whosmat(path)}
        refuse_large(path, shapes[name], stamp[0])
        array = scipy.io.loadmat(path, variable_names=[name])[name]
    return _plain(path, array)


def _plain(path: Path, array: Any) -> Array:
    """Real numbers, or SourceError: a class that a header gave need not be what came out."""
    found = np.asarray(array) if isinstance(array, np.ndarray) else np.asarray(())
    if found.dtype.kind not in "biuf":
        raise SourceError(f"{path}: complex values, or none that are numbers", "save real numbers (magnitude, phase)")
    return found


# NumPy ----------------------------------------------------------------------------------------------------------------


def _npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """(shape, type, whether the first axis is the fastest)."""
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(file)
    return tuple(int(n) for n in shape), dtype, bool(fortran)


def _usable(dtype: np.dtype[Any]) -> str | None:
    if dtype.hasobject:
        return "it holds Python objects, which are never opened"
    return None if dtype.kind in "biuf" else f"its values are no real numbers ({dtype.kind})"


def _npy_listed(path: Path) -> list[Listed]:
    with path.open("rb") as file:
        shape, dtype, _ = _npy_header(file)
        if not dtype.hasobject and math.prod(shape) * dtype.itemsize != path.stat().st_size - file.tell():
            raise SourceError(f"{path}: the header's shape does not fit the file's bytes", "copy or export it again")
    return [Listed("", shape, _usable(dtype))]


def _npy_row(path: Path, name: str, row: int | None, last: bool) -> Array:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.array(_taken(array, row, last)) if row is not None else array


def _npz_listed(path: Path) -> list[Listed]:
    with zipfile.ZipFile(path) as archive:
        return [_npz_one(path, archive, member) for member in archive.infolist()[:MOST_OBJECTS]]


def _npz_one(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Listed:
    name = member.filename.removesuffix(".npy")
    if not member.filename.endswith(".npy"):
        return Listed(name, (), "it is no array")
    with archive.open(member) as file:
        shape, dtype, _ = _npy_header(file)
    return Listed(name, shape, _usable(dtype))


def _npz_row(path: Path, name: str, row: int | None, last: bool) -> Array:
    return _taken(_npz_whole(path, name, _stamp(path)), row, last)


@lru_cache(maxsize=2)
def _npz_whole(path: Path, name: str, stamp: Stamp) -> Array:
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{name}.npy")
        with archive.open(member) as file:
            shape, dtype, fortran = _npy_header(file)
            wanted = math.prod(shape) * dtype.itemsize
            refuse_large(path, wanted, member.compress_size)
            raw = file.read(wanted + 1)
    if len(raw) != wanted or dtype.hasobject:
        raise SourceError(f"{path}: the header's shape does not fit the array's bytes", "copy or export it again")
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C")


# HDF5, and MAT 7.3, which is HDF5 with its axes the other way round ---------------------------------------------------


def _hdf5_listed(path: Path) -> list[Listed]:
    with _hdf5(path) as file:
        return [Listed(n, tuple(int(v) for v in d.shape or ()), _hdf5_usable(d)) for n, d in _datasets(file)]


def _mat73_listed(path: Path) -> list[Listed]:
    with _hdf5(path) as file:
        return [Listed(n, tuple(int(v) for v in (d.shape or ())[::-1]), _hdf5_usable(d)) for n, d in _datasets(file)]


def _hdf5(path: Path) -> Any:
    import h5py

    return h5py.File(path, "r")


def _datasets(file: Any) -> Iterator[tuple[str, Any]]:
    """Data sets by path; no link is followed, and MATLAB's own workings (#refs#) are left out."""
    import h5py

    found: list[tuple[str, Any]] = []

    def visit(name: str, node: Any) -> bool | None:
        if isinstance(node, h5py.Dataset) and not name.startswith("#"):
            found.append((name, node))
        return True if len(found) >= MOST_OBJECTS else None

    file.visititems(visit)
    yield from found


def _hdf5_usable(dataset: Any) -> str | None:
    if dataset.external or dataset.is_virtual:
        return "its values lie in another file"
    name = dataset.attrs.get("MATLAB_class", b"double")
    name = name.decode("ascii", "replace") if isinstance(name, bytes) else "double"
    if name not in _CLASSES or dataset.attrs.get("MATLAB_empty", 0) or dataset.shape is None:
        return f"it is a {name}" if name in ("char", "cell", "struct", "sparse", "function_handle") else "it is empty"
    return None if dataset.dtype.kind in "biuf" else "its values are no real numbers"


def _hdf5_row(path: Path, name: str, row: int | None, last: bool) -> Array:
    with _hdf5(path) as file:
        dataset = _real(path, file[name])
        _refuse_row(path, dataset, row, last)
        if row is None:
            return np.asarray(dataset[...])
        return np.asarray(dataset[..., row] if last else dataset[row])


def _mat73_row(path: Path, name: str, row: int | None, last: bool) -> Array:
    with _hdf5(path) as file:
        dataset = _real(path, file[name])
        _refuse_row(path, dataset, row, not last)
        if row is None:
            return np.asarray(dataset[...]).T
        return np.asarray(dataset[row] if last else dataset[..., row]).T


def _real(path: Path, dataset: Any) -> Any:
    why = _hdf5_usable(dataset)
    if why is not None:
        raise SourceError(f"{path}: an array that cannot be read: {why}", "save it as an array of real numbers")
    return dataset


def _refuse_row(path: Path, dataset: Any, row: int | None, last: bool) -> None:
    """What is asked for must be bounded: a chunked data set may claim any shape and store nothing."""
    count = dataset.shape[-1 if last else 0] if row is not None and dataset.shape else 1
    wanted = int(dataset.size) // max(1, int(count))
    piece = math.prod(dataset.chunks or (0,))  # a chunk is unpacked whole, however little of it is asked for
    wanted = max(wanted, piece) * dataset.dtype.itemsize
    refuse_large(path, wanted, wanted)


# Text -----------------------------------------------------------------------------------------------------------------


def _csv_listed(path: Path) -> list[Listed]:
    return [Listed("", _csv_whole(path, _stamp(path))[0].shape)]


def _csv_row(path: Path, name: str, row: int | None, last: bool) -> Array:
    return _taken(_csv_whole(path, _stamp(path))[0], row, last)


def csv_notes(path: Path) -> tuple[str, ...]:
    """What had to be decided about a table of numbers."""
    with reading(path, "a table of numbers", quote=False):
        return _csv_whole(path, _stamp(path))[1]


def holds_numbers(path: Path) -> bool:
    """Whether a table holds numbers alone, names in its first line and of its rows apart."""
    try:
        return bool(read_row(path, "csv", "", None, False).shape[1] > 1)
    except SourceError:
        return False


@lru_cache(maxsize=2)
def _csv_whole(path: Path, stamp: Stamp) -> tuple[Array, tuple[str, ...]]:
    """Rows of numbers, empty cells as nan; a first line of names and columns of words are left out, with a note."""
    refuse_large(path, 8 * stamp[0], stamp[0])
    text = path.read_text(encoding="utf-8-sig")
    first = text[: max(0, text.find("\n"))] or text
    delimiter = max("\t;,", key=lambda d: (first.count(d), -"\t;,".index(d)))
    rows = [r for r in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if any(c.strip() for c in r)]
    if not rows or any(len(r) != len(rows[0]) for r in rows):
        raise SourceError(f"{path}: not a table: its rows differ in length, or there is none", "export it again")
    comma = delimiter == ";"
    cells = [[_cell(c.strip(), comma) for c in r] for r in rows]
    notes = []
    if len(cells) > 1 and sum(v is None for v in cells[0]) > len(cells[0]) / 2:
        cells = cells[1:]
        notes.append("the first line holds names, no numbers: it is no trial")
    words = [i for i in range(len(cells[0])) if all(r[i] is None for r in cells)]
    if any(v is None for r in cells for i, v in enumerate(r) if i not in words) or len(words) == len(cells[0]):
        raise SourceError(f"{path}: a cell that is no number, in a column of numbers", "correct it, or leave it empty")
    if words:
        notes.append(f"column {', '.join(str(i + 1) for i in words)} holds words: it is no feature")
    numbers = np.array([[v for i, v in enumerate(r) if i not in words] for r in cells], float)
    return numbers, tuple(notes)


def _cell(text: str, decimal_comma: bool) -> float | None:
    return math.nan if not text or text in MISSING else number(text, decimal_comma)


SHELVES: Mapping[str, Shelf] = {
    "mat": Shelf(_mat_listed, _mat_row),
    "mat73": Shelf(_mat73_listed, _mat73_row),
    "npy": Shelf(_npy_listed, _npy_row),
    "npz": Shelf(_npz_listed, _npz_row),
    "hdf5": Shelf(_hdf5_listed, _hdf5_row),
    "csv": Shelf(_csv_listed, _csv_row),
}
