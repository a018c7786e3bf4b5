"""How calibrated the answers of some rows are, whole, name by name, and in each subgroup of the cohort.

A row is truth beside answer (results.py makes them); the measures themselves are metrics/calibration.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core.exam import Cohort, Trait
from ..core.report import CalibratedGroup, Calibration
from ..core.task import Category, Output, Partition, Quantity
from ..metrics.calibration import (
    category_calibration,
    interval_calibration,
    labels_calibration,
    partition_calibration,
    per_name,
)
from ..trust.difficulty import LEVELS

Cell = str | float | None
Row = dict[str, Cell]
Counts = NDArray[np.int64]
FEWEST = 20
"""Subjects of a subgroup below which its calibration is not told: too few to say."""
MOST_VALUES = 12
"""A text trait with more values is no subgroup but a name."""
FEW_NUMBERS = 6
"""A number trait with more values is cut into thirds."""


def probabilities(rows: Sequence[Row], name: str, names: Sequence[str]) -> NDArray[np.float64]:
    """(n, names) from the cells <name>.p.<class>."""
    return np.array([[number_of(r[f"{name}.p.{n}"]) for n in names] for r in rows])


def number_of(cell: Cell) -> float:
    return float("nan") if cell is None else float(cell)


def index_of(cell: Cell, names: Sequence[str]) -> int:
    """Place of a class among the names, -1 when it is none of them."""
    text = f"{cell:g}" if isinstance(cell, float) else str(cell)
    return names.index(text) if text in names else -1


def category_calibration_of(name: str, output: Category, rows: Sequence[Row], subjects: Sequence[str]) -> Calibration:
    """Rows with a known truth; of the answer, or of every name where names do not exclude each other."""
    p, k = probabilities(rows, name, output.names), len(output.names)
    if output.exclusive:
        truth = np.array([index_of(r[f"{name}.truth"], output.names) for r in rows])
        borne = np.where(truth[:, None] < 0, -1, np.eye(k)[truth])
        each = per_name(p, borne, output.names, subjects)
        said = np.array([index_of(r[f"{name}.prediction"], output.names) for r in rows])
        return replace(category_calibration(p, truth, subjects, said), per_class=each)
    truths = np.array([[n in str(r[f"{name}.truth"]).split(";") for n in output.names] for r in rows], dtype=int)
    each = per_name(p, truths, output.names, subjects)
    return replace(labels_calibration(p, truths, subjects), of="name", per_class=each)


def quantity_calibration_of(
    name: str, output: Quantity, rows: Sequence[Row], subjects: Sequence[str]
) -> Calibration | None:
    """Of a grade as of a category; of a number its intervals at every level. None: it was given no quantiles."""
    truth = np.array([number_of(r[f"{name}.truth"]) for r in rows])
    if output.steps:
        p = probabilities(rows, name, [str(i) for i in range(len(output.steps))])
        each = per_name(p, np.eye(len(output.steps))[truth.astype(int)], output.steps, subjects)
        said = np.array([number_of(r[f"{name}.step"]) for r in rows])
        return replace(category_calibration(p, truth.astype(int), subjects, said), per_class=each)
    given = [i for i, r in enumerate(rows) if r.get(f"{name}.q.{LEVELS[0]:g}") is not None]
    if not given:
        return None
    quantiles = [[number_of(rows[i][f"{name}.q.{level:g}"]) for level in LEVELS] for i in given]
    return interval_calibration(np.array(quantiles), LEVELS, truth[given], [subjects[i] for i in given])


def partition_calibration_of(
    positives: Counts, negatives: Counts, output: Partition, subjects: Sequence[str]
) -> Calibration:
    """Of (n, scored, bins) samples: all scored names together, each by itself beside them."""
    whole = partition_calibration(positives.sum(axis=1), negatives.sum(axis=1), subjects)
    if len(output.scored) == 1:
        return whole
    each = {n: partition_calibration(positives[:, i], negatives[:, i], subjects) for i, n in enumerate(output.scored)}
    return replace(whole, per_class=each)


def calibration_of(
    name: str, output: Output, rows: Sequence[Row], counts: tuple[Counts, Counts] | None
) -> Calibration | None:
    """Of answered rows, and the counts of their samples where it is a mask; None: nothing is known."""
    known = np.array([r.get(f"{name}.truth") is not None for r in rows], dtype=bool)
    some = [r for r, k in zip(rows, known, strict=True) if k]
    subjects = [str(r["subject"]) for r in some]
    if not some:
        return None
    if isinstance(output, Partition):
        if counts is None:
            return None
        return partition_calibration_of(counts[0][known], counts[1][known], output, subjects)
    if isinstance(output, Category):
        return category_calibration_of(name, output, some, subjects)
    return quantity_calibration_of(name, output, some, subjects) if isinstance(output, Quantity) else None


def groups_of(cohort: Cohort) -> list[tuple[str, str, frozenset[str]]]:
    """(trait, value, exams) for every trait column of the cohort that makes subgroups, in the order of the table."""
    found = []
    for by in dict.fromkeys(name for exam in cohort for name in exam.traits):
        held = {exam.id: exam.traits[by] for exam in cohort if exam.traits.get(by) is not None}
        label = _labels(list(held.values()))
        values = sorted({label(v) for v in held.values()}, key=lambda pair: pair[0])
        if 2 <= len(values) <= MOST_VALUES:
            found += [(by, value[1], frozenset(e for e, v in held.items() if label(v) == value)) for value in values]
    return found


def calibrated_groups(
    name: str, output: Output, rows: Sequence[Row], counts: tuple[Counts, Counts] | None, cohort: Cohort
) -> tuple[CalibratedGroup, ...]:
    """How calibrated an output is in each subgroup of its answered rows."""
    found = []
    for by, value, exams in groups_of(cohort):
        inside = np.array([str(r["exam"]) in exams and r.get(f"{name}.truth") is not None for r in rows], dtype=bool)
        some = [r for r, k in zip(rows, inside, strict=True) if k]
        people = len({str(r["subject"]) for r in some})
        few = CalibratedGroup(by, value, people, note=f"too few to say: {people} of {FEWEST} subjects")
        part = None if counts is None else (counts[0][inside], counts[1][inside])
        one = calibration_of(name, output, some, part) if people >= FEWEST else None
        if one is not None:
            few = CalibratedGroup(by, value, people, one.ece, one.brier, one.stated, one.observed)
        found.append(few)
    return tuple(found)


def _labels(values: Sequence[Trait]) -> Callable[[Trait], tuple[float | str, str]]:
    """A trait's value -> (what it is sorted by, its group's name)."""
    numbers = [v for v in values if isinstance(v, float)]
    if len(numbers) < len(values) or len(set(numbers)) <= FEW_NUMBERS:
        return lambda v: (str(v), f"{v:g}" if isinstance(v, float) else str(v))
    low, high = (float(c) for c in np.quantile(numbers, [1 / 3, 2 / 3], method="lower"))
    names: Mapping[int, str] = {0: f"<= {low:g}", 1: f"> {low:g}, <= {high:g}", 2: f"> {high:g}"}

    def third(v: Trait) -> tuple[float | str, str]:
        place = int(number_of(v) > low) + int(number_of(v) > high)
        return float(place), names[place]

    return third
