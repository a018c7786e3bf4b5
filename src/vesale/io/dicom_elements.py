"""Single elements of a DICOM data set, read with distrust: a value of the kind that the standard says, or None."""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from pydicom.dataset import Dataset

T = TypeVar("T")
_BROKEN = (ValueError, TypeError, OverflowError, AttributeError, NotImplementedError, KeyError, IndexError)
_CODE = re.compile(r"[A-Z0-9_ ]{1,16}")
_CLOCK = re.compile(r"(\d{2})(\d{2})?(\d{2})?(\.\d{1,6})?")
_DAY = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")


def value(data: Dataset, keyword: str, convert: Callable[[Any], T]) -> T | None:
    """An element's value, or None when it is absent, empty or not what the standard says."""
    try:
        found = data.get(keyword)
        return None if found is None or found == "" else convert(found)
    except _BROKEN:
        return None


def whole(data: Dataset, keyword: str) -> int | None:
    return value(data, keyword, int)


def number(data: Dataset, keyword: str) -> float | None:
    """A finite number."""
    found = value(data, keyword, float)
    return found if found is not None and np.isfinite(found) else None


def positive(data: Dataset, keyword: str) -> float | None:
    found = number(data, keyword)
    return found if found is not None and found > 0 else None


def text(data: Dataset, keyword: str) -> str | None:
    return value(data, keyword, lambda v: str(v).strip() or None)


def code(data: Dataset, keyword: str) -> str | None:
    """A code string (VR CS, PS3.5 table 6.2-1); anything else is not shown to anybody."""
    found = text(data, keyword)
    return found if found is not None and _CODE.fullmatch(found) else None


def codes(data: Dataset, keyword: str) -> tuple[str, ...]:
    """The values of a code string with several; () when one of them is none."""
    found = value(data, keyword, lambda v: (v,) if isinstance(v, str) else tuple(str(x) for x in v)) or ()
    parts = tuple(part.strip() for part in found)
    return parts if all(p == "" or _CODE.fullmatch(p) for p in parts) else ()


def numbers(data: Dataset, keyword: str) -> tuple[float, ...]:
    """Finite numbers of an element with one or several; () when one of them is none."""

    def convert(v: Any) -> tuple[float, ...]:
        return (float(v),) if isinstance(v, (str, int, float)) else tuple(float(x) for x in v)

    found = value(data, keyword, convert) or ()
    return found if np.isfinite(found).all() else ()


def vector(data: Dataset, keyword: str, n: int) -> tuple[float, ...] | None:
    found = numbers(data, keyword)
    return found if len(found) == n else None


def pair(data: Dataset, keyword: str) -> tuple[float, float] | None:
    """Two positive numbers: rows first, as the standard has them."""
    found = vector(data, keyword, 2)
    return (found[0], found[1]) if found is not None and min(found) > 0 else None


def items(data: Dataset, keyword: str) -> Iterator[Dataset]:
    """The items of a sequence; none when it is absent or no sequence."""
    found = value(data, keyword, list) or []
    return (item for item in found if isinstance(item, Dataset))


def item(data: Dataset, keyword: str) -> Dataset:
    """The first item of a sequence, or an empty one."""
    return next(items(data, keyword), Dataset())


def seconds(data: Dataset, keyword: str) -> float | None:
    """Seconds since midnight of a time (VR TM)."""
    match = _CLOCK.match((text(data, keyword) or "").replace(":", ""))
    if match is None:
        return None
    hours, minutes, rest, fraction = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + rest + fraction


def moment(data: Dataset, date: str, time: str) -> float | None:
    """Seconds since year 1 of a date and a time (VR DA and TM), for differences only."""
    match, clock = _DAY.match(text(data, date) or ""), seconds(data, time)
    if match is None or clock is None:
        return None
    try:
        day = np.datetime64("-".join(match.groups()), "D").astype(np.int64)
    except ValueError:
        return None
    return float(day) * 86400 + clock


def stamp(data: Dataset, keyword: str) -> float | None:
    """The same of a date with time in one (VR DT); its zone is left out."""
    whole_text = text(data, keyword) or ""
    parts = Dataset()
    parts.StudyDate, parts.StudyTime = whole_text[:8], whole_text[8:].split("+")[0].split("-")[0]
    return moment(parts, "StudyDate", "StudyTime")


def unit_vectors(cosines: tuple[float, ...]) -> tuple[float, ...] | None:
    """Six direction cosines made exact; None unless they are two unit vectors at right angles (PS3.3 C.7.6.2.1.1)."""
    row, column = np.array(cosines[:3]), np.array(cosines[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if min(lengths) < 0.5 or abs(row @ column) > 1e-3 or max(abs(n - 1) for n in lengths) > 0.01:
        return None
    return tuple(float(v) for v in (*(row / lengths[0]), *(column / lengths[1])))
