"""What a user writes to mean one trial of a file of signals: `responses.mat#fmriTrn[12]`; nothing is opened here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from vesale.core.errors import SourceError

OPTIONS = ("trials", "mask", "lag", "highpass", "confounds", "shape", "order")
"""trials=columns (the last axis counts trials); of a 4-D NIfTI also mask=FILE, lag=SECONDS, highpass=HERTZ and
confounds=FILE (extra `fmri`); of a row that is a picture shape=HEIGHTxWIDTH and order=columns (its first axis is the
fastest)."""
_FRAGMENT = re.compile(r"(?P<variable>[^\[\]#&]*)(?:\[(?P<row>\d+)\])?(?P<options>(?:&[a-z]+=[^&]*)*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A trial: which array of which file, and which row of it."""

    file: Path
    variable: str = ""
    """Name of the array, or of the events file; empty: the only one there is."""
    row: int | None = None
    """Counted from 1, as the lines of a table and the exams that `vesale read` names; None: all, or the only one."""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def fragment(self) -> str:
        row = "" if self.row is None else f"[{self.row}]"
        words = "".join(f"&{k}={v}" for k, v in self.options.items())
        return f"#{self.variable}{row}{words}" if self.variable or row or words else ""

    @property
    def columns(self) -> bool:
        """True when the last axis counts trials."""
        return self.options.get("trials", "rows") == "columns"

    def at(self, row: int) -> Self:
        return replace(self, row=row)

    def __str__(self) -> str:
        return f"{self.file}{self.fragment}"


def address_of(text: Path | str) -> Address | None:
    """The address that a path with a `#` is, or None when it is a plain path (a file may have a `#` in its name).

    SourceError when it looks like one and is none: an unknown option, a row 0.
    """
    file, fragment = split(text)
    if fragment is None:
        return None
    found = _FRAGMENT.fullmatch(fragment)
    if found is None:
        raise SourceError(f"{text}: not an address of a trial", "write FILE#variable[row], rows counted from 1")
    options = dict(part.split("=", 1) for part in found["options"].split("&") if part)
    unknown = [*sorted(set(options) - set(OPTIONS)), "trials"]
    if len(unknown) > 1 or options.get("trials", "rows") not in ("rows", "columns"):
        raise SourceError(
            f"{text}: {unknown[0]} is not understood", f"options are {', '.join(OPTIONS)}; trials=columns"
        )
    row = None if found["row"] is None else int(found["row"])
    if row == 0:
        raise SourceError(f"{text}: there is no row 0", "rows are counted from 1")
    return Address(Path(file), found["variable"], row, options)


def split(text: Path | str) -> tuple[str, str | None]:
    """(file, what follows the `#`); None for the latter when there is no `#`, or a file has it in its name."""
    path = str(text)
    cuts = [i for i, letter in enumerate(path) if letter == "#"]
    if not cuts or _is_there(path):
        return path, None
    at = next((i for i in cuts if _is_there(path[:i])), cuts[0])
    return path[:at], path[at + 1 :]


def exam_name(file: str, address: Address) -> str:
    """`responses-fmriTrn-0012`: the file's own name, the array where it was named, the row; not yet made safe."""
    parts = [file, address.variable.replace("/", "-"), "" if address.row is None else f"{address.row:04d}"]
    return "-".join(part for part in parts if part)


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
