"""Rows of pictures: what is measured of each answered picture by itself and among the others, and the measures of all.

Rows are made and kept by results.py; the numbers themselves are metrics/picture.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.exam import Cohort, Exam
from ..core.report import Measure
from ..core.task import Picture
from ..io.write_picture import read_written
from ..metrics.picture import (
    SINGLE,
    agreement,
    identified,
    mean_measure,
    permutation_measure,
    picture_cells,
)
from ..ops.digest import pixel_digest
from ..trust.prices import picture_wrong
from .calibration_rows import Row, number_of
from .samples import view_picture

Floats = NDArray[np.float64]
MOST_SAMPLES, MOST_EXAMS = 100_000, 2000
"""Pictures of more samples, or more of them, are not compared with each other."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The first view of one exam, answered and true, kept to be compared with the others."""

    said: Floats
    truth: Floats


def picture_row(
    folder: Path, said: Mapping[str, Any], of: tuple[str, Picture, Exam, Cohort], kinds: Sequence[str]
) -> tuple[Row, Compared | None]:
    """The cells of one exam's picture, the mean over its views; `kinds`: label columns that may name its class."""
    name, output, exam, cohort = of
    level = said.get("level")
    cells: list[Row] = []
    first: Compared | None = None
    seen = ""
    for i, view in enumerate(exam.views):
        truth = view_picture(cohort, view, name, output)
        if truth is None or i >= len(said["files"]):
            continue
        answer = read_written(folder / said["files"][i]).reshape(truth.shape)
        low, high = reach_of(said, truth)
        row: Row = dict(picture_cells(answer, truth, high - low))
        if level is not None and said["spread_files"]:
            half = read_written(folder / said["spread_files"][i]).reshape(truth.shape)
            row["inside"] = float((np.abs(answer - truth) <= half).mean())
        if output.bound is not None:
            row["wrong"] = float(picture_wrong(answer, truth, output.bound, level or 0.9))
        cells.append(row)
        seen = seen or pixel_digest(truth)[:12]
        if first is None and truth.size <= MOST_SAMPLES:
            first = Compared(answer.ravel().astype(float), truth.ravel().astype(float))
    if not cells:
        return {"truth": None}, None
    names = dict.fromkeys(key for row in cells for key in row)
    return {
        "truth": seen,
        **{k: _mean([row.get(k) for row in cells]) for k in names},
        "class": _kind(exam, kinds),
    }, first


def agreements(compared: Sequence[Compared | None]) -> Floats | None:
    """(n, n) correlation of each exam's answer with each exam's truth; None where that is too much, or not known."""
    some = [c for c in compared if c is not None]
    if len(some) < len(compared) or not 2 <= len(some) <= MOST_EXAMS or len({c.truth.size for c in some}) > 1:
        return None
    table = agreement(np.stack([c.said for c in some]), np.stack([c.truth for c in some]))
    return np.asarray(table.astype(np.float32), float)  # as it is kept


def picture_measures(
    name: str, rows: Sequence[Row], table: Floats | None, subjects: Sequence[str]
) -> dict[str, Measure]:
    """Of rows with a known truth, the table being theirs: the mean of each number, identification, p by permutation."""
    found: dict[str, Measure] = {}
    for metric in (*SINGLE, "inside"):
        values = [number_of(r.get(f"{name}.{metric}")) for r in rows]
        if np.isfinite(values).any():
            unit = "dB" if metric.endswith("_db") else ""
            found[metric] = mean_measure(metric, values, subjects, _REMARKS.get(metric, ""), unit)
    if table is None or len(table) != len(rows):
        return found
    which = [str(r[f"{name}.truth"]) for r in rows]
    found["pairwise"] = mean_measure("pairwise", identified(table, which), subjects, "correlation, each picture once")
    kinds = [None if r.get(f"{name}.class") is None else str(r[f"{name}.class"]) for r in rows]
    within = identified(table, which, kinds)
    if np.isfinite(within).any():
        found["within_class"] = mean_measure("within_class", within, subjects, "correlation, others of its class")
    chance = permutation_measure(table, subjects)
    if chance.value is not None:
        found["permutation_p"] = chance
    return found


def reach_of(said: Mapping[str, Any], truth: NDArray[np.float32]) -> tuple[float, float]:
    """The stated range of the samples, else that of the true picture."""
    low, high = said.get("low"), said.get("high")
    found = float(truth.min()) if low is None else float(low), float(truth.max()) if high is None else float(high)
    return found if found[0] < found[1] else (found[0], found[0] + 1.0)


_REMARKS = {
    "mse": "pictures scaled so that their range is 1",
    "psnr_db": "of the range",
    "psnr_affine_db": "of the range, after the best straight line of the answer's samples",
    "inside": "samples within the answer's spread",
}


def _mean(values: Sequence[Any]) -> float | None:
    known = [float(v) for v in values if v is not None]
    return float(np.mean(known)) if known else None


def _kind(exam: Exam, kinds: Sequence[str]) -> str | None:
    """The exam's class: its first label of text."""
    return next((str(exam.truth[k]) for k in kinds if isinstance(exam.truth.get(k), str)), None)
