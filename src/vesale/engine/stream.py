"""Readings as a stream of numbers in the order in which they were made: what is watched for drift.

Nothing but the documents that `vesale read` wrote is looked at, so anyone's readings can be watched.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import CohortError

Floats = NDArray[np.float64]


def stream_of(folders: Sequence[Path]) -> dict[str, Floats]:
    """Name -> (readings,), nan where a reading has no such number.

    `gate`: how odd the exam looked; `declined`, `referred`: 0 or 1; per output what was answered (`label: tumour`, the
    probability of the last name of two, or of each of several; the value; the share of the picture that was outlined)
    and how sure (`label: sure`). CohortError when there is no reading.
    """
    rows = [_numbers(document) for document in _documents(folders)]
    if not rows:
        told = ", ".join(str(f) for f in folders)
        raise CohortError(f"{told}: no prediction.json there", "name the folder that `vesale read --out` wrote")
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}


def _documents(folders: Sequence[Path]) -> Iterator[Mapping[str, Any]]:
    """Every prediction below the folders: run by run in order of time, in each as its summary has them; those of no run
    (a study's) come first, by name."""
    summaries = [(_read(path), path.parent) for folder in folders for path in folder.rglob("summary.json")]
    runs = {run for _, run in summaries}
    for folder in folders:
        if not any(run.is_relative_to(folder) for run in runs):
            yield from (_read(path) for path in sorted(folder.glob("*/prediction.json")))
    for summary, run in sorted(summaries, key=lambda pair: str(pair[0].get("started"))):
        yield from (_read(run / exam["path"]) for exam in summary.get("exams", []) if exam["path"])


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CohortError(f"{path.parent.name}/{path.name}: cannot be read ({error})", "read the exam again") from None
    return found


def _numbers(document: Mapping[str, Any]) -> dict[str, float]:
    status, gate = document["status"], document["gate"]
    if status == "failed":
        return {}
    row = {"declined": float(status == "declined")}
    if status != "declined":
        row["referred"] = float(status == "referred")
    if gate.get("score") is not None:
        row["gate"] = float(gate["score"])
    for name, output in document["outputs"].items():
        row |= {f"{name}: {what}": value for what, value in _KINDS[output["kind"]](output)}
    return row


def _category(output: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    p = output["probabilities"]
    shown = list(p)[1:] if len(p) == 2 and output["exclusive"] else list(p)
    yield from ((name, float(p[name])) for name in shown)
    yield "sure", max(p.values()) if output["exclusive"] else float(np.mean([max(v, 1 - v) for v in p.values()]))


def _quantity(output: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield "value", float(output["value"])
    if output["probabilities"]:
        yield "sure", max(output["probabilities"])
    elif output["low"] is not None and output["high"] is not None:
        yield "width", float(output["high"]) - float(output["low"])


def _partition(output: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    size = float(np.prod(output["shape"])) or 1.0
    yield from ((region["name"], region["samples"] / size) for region in output["regions"])


def _picture(output: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield from ()


_KINDS = {"category": _category, "quantity": _quantity, "partition": _partition, "picture": _picture}
