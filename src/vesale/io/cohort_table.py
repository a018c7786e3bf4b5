"""The text of a labels.csv to rows with their line numbers; what the columns mean is decided elsewhere."""

import csv
import hashlib
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import CohortError
from ..core.report import Finding, Severity

DELIMITERS = ",;\t"
MISSING = frozenset({"NA", "N/A", "NaN", "nan", "n/a"})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_CODE = re.compile(r"[+-]?0\d")


@dataclass(frozen=True, slots=True)
class Row:
    line: int | None
    """Line of the table on which the row starts, the header being line 1; None for rows made from folders."""
    cells: Mapping[str, str]
    """Column -> text without blanks around it; an absent column is empty."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they were written, and every fault of their form."""

    root: Path
    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...] = ()
    ragged: Mapping[int, str] = field(default_factory=dict)
    """Line -> what is wrong with its number of cells, so that nobody knows which cell is which."""
    decimal_comma: bool = False


def found(
    kind: str,
    severity: Severity,
    text: tuple[str, str],
    key: str,
    exams: Iterable[str] = (),
    lines: Iterable[int | None] = (),
) -> Finding:
    """A finding of `text` (message, remedy) whose id depends on `kind` and `key` alone, so that it can be quoted."""
    identity = f"{kind}-{hashlib.sha256(f'{kind}|{key}'.encode()).hexdigest()[:8]}"
    numbers = tuple(sorted({n for n in lines if n is not None}))
    return Finding(identity, kind, severity, *text, exams=tuple(dict.fromkeys(exams)), lines=numbers)


def read_table(path: Path) -> Table:
    """Rows of a delimited text: UTF-8, UTF-16 or Latin-1; comma, semicolon or tab. CohortError if it has no rows."""
    text, notes = _decode(path)
    body = io.StringIO(text, newline=None).read()
    lead = re.match(r"sep=(.)\n", body)
    delimiter = lead[1] if lead else _sniff(body)
    records, broken = _records(body, delimiter, skip=1 if lead else 0)
    if not records:
        raise CohortError(
            f"{path.name}: the table is empty", "the first line names the columns; see `image` and `label`"
        )
    header = [name.strip() for name in records[0][1]]
    columns, remarks = _header(header, [cells for _, cells in records[1:]])
    rows, ragged = [], {}
    for line, cells in records[1:]:
        rows.append(Row(line, {columns[i]: cells[i].strip() for i in columns if i < len(cells)}))
        needed = 1 + max(columns, default=-1)
        surplus = [c for c in cells[len(header) :] if c.strip()]
        if surplus or len(cells) < needed:
            ragged[line] = f"the row has {len(cells)} cells, the header {len(header)}"
    if not rows:
        raise CohortError(f"{path.name}: the table has a header and no rows", "one row per image")
    return Table(
        root=path.parent,
        name=path.parent.resolve().name if path.name == "labels.csv" else path.stem,
        columns=tuple(columns.values()),
        rows=tuple(rows),
        findings=(*notes, *remarks, *broken),
        ragged=ragged,
        decimal_comma=delimiter == ";",
    )


def number(text: str, decimal_comma: bool = False) -> float | None:
    """The finite number that a cell writes, or None when it writes none."""
    plain = text.replace(",", ".") if decimal_comma and text.count(",") == 1 and "." not in text else text
    value = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    return value if math.isfinite(value) else None


def is_numeric(cells: Sequence[str], decimal_comma: bool, strict: bool) -> bool:
    """Whether a column holds numbers.

    `strict`: only if all filled cells are numbers. Otherwise a column of numbers with a few slips is still one: at
    least three quarters are numbers and no other value stands there more than twice (a value that comes back, such
    as BI-RADS 4A, is a class). Codes with leading zeros (007) are text.
    """
    filled = [c for c in cells if c and c not in MISSING]
    others = Counter(c for c in filled if number(c, decimal_comma) is None)
    if not filled or any(_CODE.match(c) for c in filled) or any(";" in c or "|" in c for c in others):
        return False
    if strict or not others:
        return not others
    return others.total() <= len(filled) / 4 and max(others.values()) <= 2


def _decode(path: Path) -> tuple[str, list[Finding]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CohortError(
            f"{path}: cannot be read ({error.strerror})", "give a folder or the path of a table"
        ) from None
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace"), []
    if b"\x00" in raw[:200]:
        return raw.decode("utf-16-be" if raw[0] == 0 else "utf-16-le", errors="replace"), []
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError:
        text = (f"{path.name} is not UTF-8; it was read as Latin-1", "save the table as UTF-8")
        return raw.decode("latin-1"), [found("table", "note", text, "encoding")]


def _sniff(body: str) -> str:
    """The delimiter that stands most often in the header, outside quotes."""
    first = re.sub(r'"[^"]*"', "", next((line for line in body.split("\n") if line.strip()), ""))
    return max(DELIMITERS, key=lambda d: (first.count(d), -DELIMITERS.index(d)))


def _records(body: str, delimiter: str, skip: int) -> tuple[list[tuple[int, list[str]]], list[Finding]]:
    """(line, cells) of every row that is not blank; a quote that never closes ends the table, and is said."""
    lines = body.split("\n")[skip:]
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True)
    records: list[tuple[int, list[str]]] = []
    start = 1 + skip
    try:
        for cells in reader:
            if any(c.strip() for c in cells):
                records.append((start, cells))
            start = reader.line_num + 1 + skip
    except csv.Error as error:
        message = f"line {start}: the row cannot be told apart ({error}); it and all rows below it were not read"
        text = (message, "check the quotes of that line")
        return records, [found("bad_row", "error", text, f"quotes {start}", lines=[start])]
    return records, []


def _header(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[dict[int, str], list[Finding]]:
    """Position -> name of the columns that count: named, and the first of that name."""
    columns: dict[int, str] = {}
    findings = []
    for i, name in enumerate(header):
        if name and name not in columns.values():
            columns[i] = name
        elif name:
            text = (f"two columns are called {name}; the first counts", "give each column its own name")
            findings.append(found("bad_row", "error", text, f"column {name}", lines=[1]))
        elif any(i < len(cells) and cells[i].strip() for cells in rows):
            text = (f"column {i + 1} has no name and was left out", "name it if it matters")
            findings.append(found("table", "note", text, f"column {i + 1}", lines=[1]))
    return columns, findings
