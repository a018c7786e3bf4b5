"""Signals as sources: one trial is an exam, its features are the channels of a 1 x 1 plane; files of arrays are read in
`arrays.py`, brain volumes with events in `events.py`.
"""

import difflib
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from vesale.core.errors import SourceError
from vesale.core.image import Array, Description, Source

from .address import Address
from .arrays import MOST_VALUES, SHELVES, Listed, csv_notes, listed, read_row
from .formats import kind_of
from .lazy import digest_files
from .trial import as_signal

TALL = 4
"""An array with this many times more rows than columns may hold its trials the other way round: that is said."""


def open_signal_file(path: Path) -> Source:
    """The one trial of a file that holds one; SourceError that tells the trials or arrays of another."""
    return open_signal(Address(path))


def open_signal(address: Address) -> Source:
    """One trial: kind 'signal', data (feature, 1, 1), features in the array's own order (C order of further axes).

    SourceError when there is no such array (with its near misses), no such row, or the file is damaged.
    """
    kind = kind_of(address.file)
    if kind == "nifti":
        from .events import open_event

        return open_event(address)
    if kind is None or kind not in SHELVES:
        raise SourceError(f"{address.file}: holds no array of signals", f"those that do: {', '.join(SHELVES)}")
    array, notes = _chosen(address, kind)
    count = _trials(array, address)
    if address.row is None and count > 1:
        raise SourceError(
            f"{address.file}: {count} trials, and one is an exam",
            f"name one: {address.file.name}{Address(address.file, array.name, 1, address.options).fragment}",
        )
    if address.row is not None and address.row > count:
        raise SourceError(f"{address}: there are {count} trials, counted from 1", "correct the row")
    row = None if _is_single(array, address) else (address.row or 1) - 1
    return as_signal(_values(address, kind, array, row), Description(kind, _digest(address.file), None, notes))


def trials(address: Address) -> tuple[Address, ...]:
    """Every trial of a file, or of the array that the address names; one that names a row is its own."""
    if address.row is not None:
        return (address,)
    kind = kind_of(address.file)
    if kind == "nifti":
        from .events import count_events

        count, name = count_events(address), address.variable
    elif kind is not None and kind in SHELVES:
        array, _ = _chosen(address, kind)
        count, name = _trials(array, address), array.name
    else:
        raise SourceError(f"{address.file}: holds no array of signals", f"those that do: {', '.join(SHELVES)}")
    whole = Address(address.file, name, None, address.options)
    return (whole,) if count == 1 else tuple(whole.at(i + 1) for i in range(count))


def _chosen(address: Address, kind: str) -> tuple[Listed, tuple[str, ...]]:
    """The array that the address names, or the only one that can hold trials; and what was decided."""
    arrays = listed(address.file, kind)
    usable = [a for a in arrays if a.unusable is None and math.prod(a.shape) > 0]
    if address.variable:
        array = next((a for a in arrays if a.name == address.variable), None)
        if array is None:
            raise _no_such(address, arrays)
        if array.unusable is not None or math.prod(array.shape) < 1:
            why = array.unusable or "it is empty"
            raise SourceError(f"{address.file}: {array.name} cannot be read: {why}", "save it as an array of numbers")
    else:
        matrices = [a for a in usable if len(a.shape) > 1 and math.prod(a.shape[1:]) > 1]
        candidates = matrices or [a for a in usable if math.prod(a.shape) > 1]
        if len(candidates) != 1:
            raise _several(address, kind, candidates or usable)
        array = candidates[0]
    notes = list(csv_notes(address.file)) if kind == "csv" else []
    if not address.variable and len(usable) > 1:
        notes.append("the file's other arrays hold one number a trial: they were not read")
    return array, (*notes, *_orientation(array, address))


def _orientation(array: Listed, address: Address) -> list[str]:
    if _is_single(array, address):
        column = len(array.shape) == 2 and array.shape[1] == 1 and array.shape[0] > 1
        return ["a column of numbers is taken as one trial"] if column else []
    rows, columns = array.shape[0], math.prod(array.shape[1:])
    if address.columns:
        return ["the last axis counts trials, as the address says"]
    if "trials" not in address.options and rows >= TALL * columns and columns > 1:
        return [f"{rows} rows of {columns}: rows are taken as trials; if columns are, write &trials=columns"]
    return []


def _is_single(array: Listed, address: Address) -> bool:
    """A vector is one trial, unless a row of it is asked for."""
    return address.row is None and (len(array.shape) < 2 or (len(array.shape) == 2 and array.shape[1] == 1))


def _trials(array: Listed, address: Address) -> int:
    if _is_single(array, address) or not array.shape:
        return 1
    return array.shape[-1 if address.columns else 0]


def _values(address: Address, kind: str, array: Listed, row: int | None) -> Array:
    values = math.prod(array.shape) // (1 if row is None else max(1, _trials(array, address)))
    if values > MOST_VALUES:
        raise SourceError(
            f"{address.file}: a trial of {values} values; {MOST_VALUES} are read", "choose fewer features"
        )
    return read_row(address.file, kind, array.name, row, address.columns)


def _no_such(address: Address, arrays: Sequence[Listed]) -> SourceError:
    near = difflib.get_close_matches(address.variable, [a.name for a in arrays], n=1)
    hint = f"did you mean {near[0]}?" if near else "name one of these"
    return SourceError(f"{address.file}: no array {address.variable}; there is {_told(arrays)}", hint)


def _several(address: Address, kind: str, arrays: Sequence[Listed]) -> SourceError:
    if not arrays:
        return SourceError(f"{address.file}: no array of real numbers in it", "save the signals as a plain array")
    first = Address(address.file, arrays[0].name, 1).fragment
    text = f"{address.file}: which array holds the trials? There is {_told(arrays)}"
    return SourceError(text, f"name it: {address.file.name}{first.removesuffix('[1]')}, or one trial: {first}")


def _told(arrays: Sequence[Listed]) -> str:
    """The first dozen arrays by name and shape."""
    told = [f"{a.name} ({' x '.join(map(str, a.shape)) or 'one value'})" for a in arrays[:12]]
    return ", ".join(told) + (f" and {len(arrays) - 12} more" if len(arrays) > 12 else "") if told else "none"


def _digest(path: Path) -> str:
    stat = path.stat()
    return _digested(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _digested(path: Path, size: int, changed: int) -> str:
    """Of a file that a hundred trials share: once."""
    return digest_files((path,))
