"""What was measured of a promise, a gate, a detective or an audit, as tables of record: docs/benchmarks/NAME.json."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vesale.render.documents import dumps

SCHEMA = "vesale/benchmark-tables/1"
Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """One table; every rate in it stands with its interval and its n."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str | None = None


def record_tables(path: Path, what: str, command: str, tables: Sequence[Table]) -> None:
    """Write `path`, which `python -m benchmarks.page` puts into docs/benchmarks.md; ValueError for an uneven table."""
    for table in tables:
        if any(len(row) != len(table.columns) for row in table.rows):
            raise ValueError(f"{table.title}: a row has not {len(table.columns)} cells")
    document = {"schema": SCHEMA, "what": what, "command": command, "tables": [asdict(t) for t in tables]}
    path.write_text(dumps(document) + "\n", encoding="utf-8")
