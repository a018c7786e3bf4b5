"""docs/benchmarks.md from the results of record in docs/benchmarks: `python -m benchmarks.page`."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vesale.metrics.intervals import clopper_pearson

Document = dict[str, Any]
MARKS: Mapping[str, str] = {
    "s": "read in a source",
    "2": "second-hand",
    "m": "from memory, not checked",
    "h": "measured by us",
}
HEAD = """# Benchmarks

Every number here was recorded by the command beside it. In `docs/benchmarks/` stand the report (`.json`) and the
predictions exam by exam (`.csv`, for outlines `.npz` with scores in 4,096 bins) from which a test computes it again.
An interval is at 95 %; how it was found stands in the JSON. This page is generated: `python -m benchmarks.page`.
"""
NONE = "No result is recorded yet.\n"


def write_page(root: Path) -> Path:
    """Write docs/benchmarks.md below `root`."""
    path = root / "docs" / "benchmarks.md"
    path.write_text(page(root / "docs" / "benchmarks"), encoding="utf-8")
    return path


def page(folder: Path) -> str:
    """The page of every record in `folder`, in the order of the names; floors come from `benchmarks.accuracy`."""
    documents = {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted(folder.glob("*.json"))}
    accuracies = {n: d for n, d in documents.items() if "measures" in d}
    tables = {n: d for n, d in documents.items() if "tables" in d}
    speeds = {n: d for n, d in documents.items() if "pairs" in d}
    lines = [HEAD]
    if not documents:
        lines.append(NONE)
    for name, document in accuracies.items():
        lines += [*_accuracy(name, document), *_outliers(folder / f"{name}-outliers.csv"), ""]
    for name, document in tables.items():
        lines += [*_tables(name, document), ""]
    for name, document in speeds.items():
        lines += _speed(name, document)
    return "\n".join(lines)


def _accuracy(name: str, d: Document) -> Iterator[str]:
    floors, what = _known(name)
    yield f"## {name}\n"
    if what:
        yield f"{what}.\n"
    cohort = d["cohort"]
    whose = "a network of the fold that left it out" if cohort["split"] == "out_of_fold" else "the model"
    yield f"{cohort['exams']} exams of {cohort['subjects']} subjects, `{cohort['split']}`, answered by {whose}.\n"
    yield "| output | metric | Vesale | n | floor set before |"
    yield "| --- | --- | --- | --- | --- |"
    for output, metrics in d["measures"].items():
        for metric, number in metrics.items():
            n, floor = f"{number['n']} {number['n_of']}s", _floor(number, floors.get(metric))
            yield f"| {output} | {metric} | {_number(number)} | {n} | {floor} |"
    yield from _of_classes(d["per_class"], floors)
    yield ""
    if d["published"]:
        yield "| others | metric | value | known |"
        yield "| --- | --- | --- | --- |"
        yield from (f"| {p['who']} | {p['metric']} | {p['value']:.4g} | {MARKS[p['mark']]} |" for p in d["published"])
        yield ""
    yield from _baselines(d["baselines"])
    training = d["training"]
    yield f"- Command: `{d['command']}`, which follows `recipes/{_recipe(name)}.toml`."
    yield f"- Training: {_duration(training['seconds'])}, {training['steps']:,} steps in all, on {training['machine']}."
    yield f"- Largest memory: {d['peak_rss_mb'] / 1000:.1f} GB."
    yield from (f"- {note}" for note in d.get("notes", ()))


def _of_classes(
    per_class: Mapping[str, Mapping[str, Mapping[str, Document]]], floors: Mapping[str, float]
) -> Iterator[str]:
    """The measures of single names for which a floor was set, as `metric name`."""
    for output, classes in per_class.items():
        for name, metrics in classes.items():
            for metric, number in metrics.items():
                asked = f"{metric} {name}"
                if asked in floors:
                    n, floor = f"{number['n']} {number['n_of']}s", _floor(number, floors[asked])
                    yield f"| {output} | {asked} | {_number(number)} | {n} | {floor} |"


def _outliers(table: Path) -> Iterator[str]:
    """How pictures of another kind fared (`benchmarks.outliers`), where there is a table of them."""
    if not table.is_file():
        return
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    caught, n = sum(int(row["caught"]) for row in rows), len(rows)
    low, high = clopper_pearson(caught, n, 0.95)
    declined = sum(row["status"] == "declined" for row in rows)
    yield (
        f"- Pictures of another kind (`{table.name}`, `python -m benchmarks.outliers MODEL OUT`): {caught} of {n} "
        f"caught, {caught / n:.4f} [{low:.4f}, {high:.4f}], {declined} by the gate, the others by the answer."
    )


def _known(name: str) -> tuple[dict[str, float], str]:
    """(floors, what it is) of a name in the table of `benchmarks.accuracy`."""
    from .accuracy import WORKS  # it imports this module to write the page when it has recorded

    work = WORKS.get(name)
    return (dict(work.floors), work.help) if work else ({}, "")


def _recipe(name: str) -> str:
    from .accuracy import WORKS

    return (WORKS[name].recipe if name in WORKS else "") or name


def _baselines(baselines: Mapping[str, Mapping[str, Mapping[str, Document]]]) -> Iterator[str]:
    rows = [
        f"| {who} | {output} | {metric} | {_number(number)} |"
        for who, outputs in baselines.items()
        for output, metrics in outputs.items()
        for metric, number in metrics.items()
    ]
    if rows:
        yield from ["| on the same exams | output | metric | value |", "| --- | --- | --- | --- |", *rows, ""]


def _number(number: Document) -> str:
    if number["value"] is None:
        return "unknown"
    unit = f" {number['unit']}" if number["unit"] else ""
    if number["low"] is None or number["high"] is None:
        return f"{_digits(number['value'])}{unit}"
    return f"{_digits(number['value'])}{unit} [{_digits(number['low'])}, {_digits(number['high'])}]"


def _floor(number: Document, floor: float | None) -> str:
    if floor is None:
        return ""
    if number["value"] is None:
        return f"{floor:g}: unknown"
    return f"{floor:g}: {'reached' if number['value'] >= floor else 'not reached'}"


def _digits(value: float) -> str:
    """Four decimals below 10 and three significant digits above."""
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _tables(name: str, d: Document) -> Iterator[str]:
    """Of `benchmarks.tables`: what was measured of a promise, a gate, an audit, as it was written down."""
    yield f"## {name}\n"
    yield f"{d['what']}\n"
    for table in d["tables"]:
        yield f"**{table['title']}**\n"
        yield f"| {' | '.join(table['columns'])} |"
        yield f"|{' --- |' * len(table['columns'])}"
        yield from (f"| {' | '.join('' if c is None else str(c) for c in row)} |" for row in table["rows"])
        yield ""
        if table["note"]:
            yield f"{table['note']}\n"
    yield f"- Command: `{d['command']}`."


def _speed(name: str, d: Document) -> Sequence[str]:
    lines = [f"## {name}\n", "| work | ours | peer | ours / peer | runs | peak memory, ours / peer |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for pair in d["pairs"]:
        cells = [
            f"{pair['work']} ({pair['precision']})",
            *(f"{pair[who]}: {pair[f'{who}_value']:.4g} {pair['unit']}" for who in ("ours", "peer")),
            f"{pair['ratio']:.2f} [{pair['low']:.2f}, {pair['high']:.2f}]",
            str(pair["runs"]),
            " / ".join("unknown" if v is None else f"{v:.0f} MB" for v in pair["peak_rss_mb"].values()),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", f"- Command: `{d['command']}`, on {d['machine']}.", ""]


if __name__ == "__main__":
    print(write_page(Path(__file__).parents[1]).name)
