"""Cells of label and trait columns to values: numbers where a column holds numbers, else text in one spelling."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..core.exam import Trait
from ..core.report import Finding
from .cohort_columns import Roles
from .cohort_table import MISSING, Table, found, is_numeric, number


@dataclass(frozen=True, slots=True)
class Values:
    columns: dict[str, tuple[Trait, ...]]
    """Label or trait column -> value of each row; None where the cell is empty."""
    faults: tuple[tuple[int, str, str], ...]
    """(row, message, remedy) of every cell that is not what its column holds."""
    findings: tuple[Finding, ...]


def typed(table: Table, roles: Roles) -> Values:
    """The values of every label and trait."""
    columns: dict[str, tuple[Trait, ...]] = {}
    faults: list[tuple[int, str, str]] = []
    findings: list[Finding] = []
    for column in (*roles.labels, *roles.traits):
        cells = [row.cells.get(column, "") for row in table.rows]
        label = column in roles.labels
        if is_numeric(cells, table.decimal_comma, strict=not label):
            columns[column] = tuple(number(c, table.decimal_comma) for c in cells)
            wrong = [i for i, c in enumerate(cells) if c and c not in MISSING and columns[column][i] is None]
            faults += [(i, f"{column} {cells[i]!r} is no number, the others are", "correct it") for i in wrong]
            absent = [i for i, c in enumerate(cells) if c in MISSING]
            findings += [_absent(table, column, cells, absent)] if absent else []
        elif label:
            spelt = _spellings(cells)
            columns[column] = tuple(_respelt(c, spelt) or None for c in cells)
            findings += _said(table, column, cells, spelt)
        else:
            columns[column] = tuple(c or None for c in cells)
    return Values(columns, tuple(faults), tuple(findings))


def _spellings(cells: Sequence[str]) -> dict[str, str]:
    """Class as written -> its commonest spelling, where two differ in case and blanks only."""
    counts = Counter(part.strip() for c in cells for part in c.split(";") if part.strip())
    groups: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda n: (-counts[n], n)):
        groups.setdefault(" ".join(name.split()).casefold(), []).append(name)
    return {other: group[0] for group in groups.values() for other in group[1:]}


def _respelt(cell: str, spelt: dict[str, str]) -> str:
    if not spelt:
        return cell
    return ";".join(spelt.get(part.strip(), part) for part in cell.split(";"))


def _said(table: Table, column: str, cells: Sequence[str], spelt: dict[str, str]) -> list[Finding]:
    findings = []
    for other, name in sorted(spelt.items()):
        rows = [i for i, c in enumerate(cells) if other in (part.strip() for part in c.split(";"))]
        message = f"{column} {other!r} is read as {name!r}: they differ in case or blanks only"
        text = (message, "spell each class one way")
        findings.append(
            found("bad_row", "warning", text, f"{column}|{other}", lines=[table.rows[i].line for i in rows])
        )
    return findings


def _absent(table: Table, column: str, cells: Sequence[str], rows: Sequence[int]) -> Finding:
    text = (f"{column}: {cells[rows[0]]} is read as an empty cell", "leave the cell empty where nothing is known")
    return found("table", "note", text, f"{column}|absent", lines=[table.rows[i].line for i in rows])
