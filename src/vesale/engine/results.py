"""Truth beside answer, one row an exam, and every measure that follows from such rows: what `evaluate` rests on.

Rows are read from the files that any program may have written (prediction.json and its masks), so anyone's predictions
can be judged; they are kept as exams.csv (and histograms.npz for masks), from which the measures can be computed again.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import CohortError
from ..core.exam import Cohort, Exam
from ..core.report import Calibration, Measure, Referral
from ..core.task import Category, Output, Partition, Picture, Quantity, Task
from ..io import open_mask, open_source
from ..metrics.classification import category_measures, category_per_class, labels_measures, labels_per_class
from ..metrics.intervals import clopper_pearson
from ..metrics.partition import partition_measures, partition_per_class
from ..metrics.quantity import action_measures, joint_measures, quantity_measures
from ..trust.prices import levels
from .calibration_outputs import exam_histograms
from .calibration_rows import (
    Cell,
    Counts,
    Row,
    category_calibration_of,
    index_of,
    number_of,
    partition_calibration_of,
    probabilities,
    quantity_calibration_of,
)
from .picture_rows import Compared, agreements, picture_measures, picture_row
from .row_errors import row_cost
from .samples import IGNORED, truth_index, view_labels

Priced = tuple[Task, Mapping[str, float], Sequence[str]]
"""What was asked, the prices of errors, the names that call for action (see trust.cost, trust.positive)."""


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """Every exam of a cohort that was read."""

    task: Task
    rows: tuple[Row, ...]
    """exam, subject, status, wrong (1, 0 or None) and, for each output, truth, prediction and what supports it."""
    histograms: Mapping[str, tuple[Counts, Counts]] = field(default_factory=dict)
    """Partition -> (n, scored, bins) positives and negatives of the answered rows in order."""
    thresholds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Partition -> per scored name, the probability from which a sample bears it."""
    agreements: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Picture -> (n, n) correlation of the answer of each row whose true picture is known with each of these truths."""


@dataclass(frozen=True, slots=True)
class Measured:
    measures: Mapping[str, Mapping[str, Measure]]
    per_class: Mapping[str, Mapping[str, Mapping[str, Measure]]]
    calibration: Mapping[str, Calibration]
    coverage: Mapping[str, Measure]


def answered(rows: Sequence[Row]) -> list[Row]:
    """The rows with an answer: neither declined nor failed."""
    return [r for r in rows if r["status"] in ("reported", "referred")]


def measured(results: Results) -> Measured:
    """All measures of INTERFACES with intervals by subject; outputs whose truth is unknown are left out."""
    rows = answered(results.rows)
    measures: dict[str, Mapping[str, Measure]] = {}
    per_class: dict[str, Mapping[str, Mapping[str, Measure]]] = {}
    calibrations: dict[str, Calibration] = {}
    coverage: dict[str, Measure] = {}
    for name, output in results.task.outputs.items():
        known = [r for r in rows if r.get(f"{name}.truth") is not None]
        if not known:
            continue
        subjects = [str(r["subject"]) for r in known]
        if isinstance(output, Partition):
            found = _partition(name, output, results, rows, subjects)
        elif isinstance(output, Category):
            found = _category(name, output, known, subjects)
        elif isinstance(output, Quantity):
            found = _quantity(name, output, known, subjects)
        else:
            found = picture_measures(name, known, results.agreements.get(name), subjects), {}, None
        measures[name] = found[0]
        if found[1]:
            per_class[name] = found[1]
        if found[2] is not None:
            calibrations[name] = found[2]
        covered = _covered(name, known)
        if covered is not None:
            coverage[name] = covered
    measures |= _joint(results.task, rows)
    return Measured(measures, per_class, calibrations, coverage)


def referral(rows: Sequence[Row], alpha: float, delta: float, priced: Priced | None = None) -> Referral:
    """Share of the exams that were reported alone, and of these the share that was wrong (where that is known).

    `priced`: where errors have prices, also what those cost on average.
    """
    alone = [r for r in rows if r["status"] == "reported"]
    judged = [r for r in alone if r.get("wrong") is not None]
    wrong = sum(int(float(r["wrong"] or 0)) for r in judged)
    shares = share("share_reported", len(alone), len(rows)), share("error_reported", wrong, len(judged))
    if priced is None or not priced[1]:
        return Referral(alpha, delta, *shares)
    task, prices, named = priced
    costs = [row_cost(r, task, prices, named) for r in alone]
    mean = mean_cost([c for c in costs if c is not None], levels(task, prices, named))
    return Referral(alpha, delta, *shares, prices, mean)


def mean_cost(costs: Sequence[float], prices: Sequence[float]) -> Measure:
    """The mean of costs that are 0 or one of the prices, with an interval that holds it at 95 % at least: the exact
    binomial one of how often each price occurs, at a level shared among them, summed."""
    name, n = "cost_reported", len(costs)
    if n == 0:
        return Measure(name, None, None, None, 0, "exam", method="no exam to count")
    each = 1 - 0.05 / len(prices)
    spans = [(p, *clopper_pearson(sum(c == p for c in costs), n, each)) for p in prices]
    low, high = (sum(span[0] * span[end] for span in spans) for end in (1, 2))
    return Measure(name, sum(costs) / n, low, high, n, "exam", method="Clopper-Pearson of each price, summed")


def share(name: str, k: int, n: int) -> Measure:
    """k of n as a Measure with its exact interval; unknown when n is 0."""
    if n == 0:
        return Measure(name, None, None, None, 0, "exam", method="no exam to count")
    low, high = clopper_pearson(k, n, 0.95)
    return Measure(name, k / n, low, high, n, "exam", method="Clopper-Pearson")


def read_results(folder: Path, cohort: Cohort, task: Task) -> Results:
    """Rows for the exams of a cohort whose `folder/<exam>/prediction.json` is there; CohortError when none is."""
    rows: list[Row] = []
    histograms: dict[str, list[tuple[Counts, Counts]]] = {}
    thresholds: dict[str, tuple[float, ...]] = {}
    compared: dict[str, list[Compared | None]] = {}
    for exam in cohort:
        path = folder / exam.id / "prediction.json"
        if not path.is_file():
            continue
        document = json.loads(path.read_text(encoding="utf-8"))
        row: Row = {"exam": exam.id, "subject": exam.subject, "status": document["status"]}
        for name, output in task.outputs.items():
            said = document["outputs"].get(name)
            row |= {f"{name}.{k}": v for k, v in _cells(output, said, exam.truth.get(name)).items()}
            if isinstance(output, Partition) and said is not None:
                counts, dices, sums = _mask_counts(path.parent, said, (exam, cohort, output))
                histograms.setdefault(name, []).append(counts)
                thresholds[name] = tuple(said.get("thresholds") or (0.5,) * len(output.scored))
                row[f"{name}.truth"] = 1.0 if dices else None
                row[f"{name}.dice"] = float(np.mean(list(dices.values()))) if dices else None
                row |= {f"{name}.dice.{n}": d for n, d in dices.items()}
                both, bearing, given = (float(v) for v in sums.sum(axis=0))
                row |= {f"{name}.left_out": bearing - both, f"{name}.added": given - both}
            if isinstance(output, Picture) and said is not None:
                cells, first = picture_row(path.parent, said, (name, output, exam, cohort), sorted(exam.truth))
                row |= {f"{name}.{k}": v for k, v in cells.items()}
                if cells["truth"] is not None:
                    compared.setdefault(name, []).append(first)
        cost = row_cost(row, task)
        row["wrong"] = None if cost is None else float(cost > 0)
        row["confidence"] = _sure(document)
        rows.append(row)
    if not rows:
        raise CohortError(f"{folder}: no prediction of an exam of {cohort.name}", "exam ids must agree on both sides")
    stacked = {n: (np.stack([p for p, _ in c]), np.stack([q for _, q in c])) for n, c in histograms.items()}
    tables = {n: table for n, some in compared.items() if (table := agreements(some)) is not None}
    return Results(task, tuple(rows), stacked, thresholds=thresholds, agreements=tables)


def _sure(document: Mapping[str, Any]) -> Cell:
    """How sure the model was, where the prediction says it: of the reported, and of those referred as too unsure."""
    if document.get("promise"):
        return document["promise"].get("confidence")  # type: ignore[no-any-return]
    reasons = [r for r in document.get("reasons") or () if r["code"] == "uncertain"]
    unsure = [r["value"] for r in reasons if r.get("threshold") is not None and r["threshold"] <= 1]
    return unsure[0] if unsure else None


def write_results(results: Results, folder: Path) -> None:
    """exams.csv, and histograms.npz where there are masks."""
    names = list(dict.fromkeys(key for row in results.rows for key in row))
    with (folder / "exams.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_text(row.get(name)) for name in names] for row in results.rows)
    if results.histograms or results.agreements:
        arrays: dict[str, NDArray[Any]] = {f"{n}/agreement": a.astype("f4") for n, a in results.agreements.items()}
        for name, (positives, negatives) in results.histograms.items():
            arrays |= {f"{name}/positives": positives.astype(np.int32), f"{name}/negatives": negatives.astype(np.int32)}
            arrays[f"{name}/thresholds"] = np.array(results.thresholds[name])
        np.savez_compressed(folder / "histograms.npz", **arrays)  # type: ignore[arg-type]


def load_results(table: Path, task: Task, histograms: Path | None = None) -> Results:
    """What `write_results` wrote."""
    texts = {"exam", "subject", "status", *(f"{n}.set" for n in task.outputs)}
    named = [n for n, o in task.outputs.items() if isinstance(o, Category)]  # a class may be called 1, or 007
    texts |= {f"{n}.{k}" for n in named for k in ("truth", "prediction")}
    texts |= {f"{n}.{k}" for n, o in task.outputs.items() if isinstance(o, Picture) for k in ("truth", "class")}
    with table.open(encoding="utf-8", newline="") as stream:
        rows = tuple({k: _cell(v, k in texts) for k, v in row.items()} for row in csv.DictReader(stream))
    counts: dict[str, tuple[Counts, Counts]] = {}
    thresholds: dict[str, tuple[float, ...]] = {}
    tables: dict[str, NDArray[Any]] = {}
    if histograms is not None:
        with np.load(histograms, allow_pickle=False) as file:
            tables = {k.removesuffix("/agreement"): file[k] for k in file.files if k.endswith("/agreement")}
            for name in {key.rsplit("/", 1)[0] for key in file.files} - set(tables):
                counts[name] = (file[f"{name}/positives"].astype(np.int64), file[f"{name}/negatives"].astype(np.int64))
                thresholds[name] = tuple(float(t) for t in file[f"{name}/thresholds"])
    wide = {name: np.asarray(table, float) for name, table in tables.items()}
    return Results(task, rows, counts, thresholds=thresholds, agreements=wide)


def _category(
    name: str, output: Category, rows: Sequence[Row], subjects: Sequence[str]
) -> tuple[dict[str, Measure], dict[str, dict[str, Measure]], Calibration | None]:
    p, found = probabilities(rows, name, output.names), category_calibration_of(name, output, rows, subjects)
    if output.exclusive:
        truth = np.array([index_of(r[f"{name}.truth"], output.names) for r in rows])
        answers = np.array([output.names.index(str(r[f"{name}.prediction"])) for r in rows])
        classes = category_per_class(p, truth, answers, output.names, subjects)
        return category_measures(p, truth, answers, output.names, subjects), classes, found
    truths = np.array([[n in str(r[f"{name}.truth"]).split(";") for n in output.names] for r in rows], dtype=int)
    said = np.array([[n in str(r[f"{name}.prediction"]).split(";") for n in output.names] for r in rows], dtype=int)
    classes = labels_per_class(p, truths, said, output.names, subjects)
    return labels_measures(p, truths, said, output.names, subjects), classes, found


def _quantity(
    name: str, output: Quantity, rows: Sequence[Row], subjects: Sequence[str]
) -> tuple[dict[str, Measure], dict[str, dict[str, Measure]], Calibration | None]:
    truth = np.array([number_of(r[f"{name}.truth"]) for r in rows])
    column = f"{name}.step" if output.steps else f"{name}.value"
    values = np.array([number_of(r[column]) for r in rows])
    found = quantity_measures(values, truth, subjects, output.unit, output.steps, output.action)
    if output.steps and output.action is not None:
        above = probabilities(rows, name, [str(i) for i in range(len(output.steps))])[:, output.action :].sum(axis=1)
        needed = np.where(np.isfinite(truth), truth >= output.action, np.nan)
        found |= action_measures(above, needed, subjects, output.steps[output.action])
    return found, {}, quantity_calibration_of(name, output, rows, subjects)


def _joint(task: Task, rows: Sequence[Row]) -> dict[str, dict[str, Measure]]:
    """Under the outputs' names joined: how often every class and grade of an exam was right; {} for fewer than two."""
    named = [n for n, o in task.outputs.items() if (isinstance(o, Category) and o.exclusive)
             or (isinstance(o, Quantity) and o.steps)]  # fmt: skip
    known = [r for r in rows if all(r.get(f"{n}.truth") is not None for n in named)]
    if len(named) < 2 or not known:
        return {}
    right = [[_same(r[f"{n}.prediction"], r[f"{n}.truth"]) for n in named] for r in known]
    return {" + ".join(named): joint_measures(right, [str(r["subject"]) for r in known], named)}


def _same(said: Cell, truth: Cell) -> bool:
    """Whether a class or step was named rightly; a class called 1 may stand as a number on one side."""
    return len({f"{c:g}" if isinstance(c, float) else str(c) for c in (said, truth)}) == 1


def _partition(
    name: str, output: Partition, results: Results, rows: Sequence[Row], subjects: Sequence[str]
) -> tuple[dict[str, Measure], dict[str, dict[str, Measure]], Calibration | None]:
    known = np.array([r.get(f"{name}.truth") is not None for r in rows])
    positives, negatives = (counts[known] for counts in results.histograms[name])
    cuts = results.thresholds[name]
    classes = {}
    if len(output.scored) > 1:
        classes = partition_per_class(positives, negatives, output.scored, subjects, cuts)
        found = partition_measures(positives, negatives, subjects, cuts)
        return found, classes, partition_calibration_of(positives, negatives, output, subjects)
    found = partition_measures(positives[:, 0], negatives[:, 0], subjects, cuts[0])
    return found, classes, partition_calibration_of(positives, negatives, output, subjects)


def _covered(name: str, rows: Sequence[Row]) -> Measure | None:
    """How often the set or interval held the truth."""
    verdicts = [v for v in (covers(r, name) for r in rows) if v is not None]
    return share("coverage", sum(verdicts), len(verdicts)) if verdicts else None


def covers(row: Row, name: str) -> bool | None:
    """Whether the set or interval of an answer holds the truth (every true name of several); None: none was stated."""
    truth = row[f"{name}.truth"]
    if stated := row.get(f"{name}.set"):
        true = f"{truth:g}" if isinstance(truth, float) else str(truth)
        return {*true.split(";")} - {""} <= {*str(stated).split(";")}
    if row.get(f"{name}.low") is None:
        return None
    return number_of(row[f"{name}.low"]) <= number_of(truth) <= number_of(row[f"{name}.high"])


def _cells(output: Output, said: Mapping[str, Any] | None, truth: Cell) -> Row:
    """The cells of one output: truth always, the rest where it was answered."""
    row: Row = {"truth": truth}
    if isinstance(output, Quantity) and output.steps:
        step = truth_index(truth, output)
        row["truth"] = None if step is None else float(step)
    if isinstance(output, Category) and output.exclusive and truth_index(truth, output) is None:
        row["truth"] = None
    if isinstance(output, Category) and not output.exclusive and isinstance(truth, str):
        row["truth"] = ";".join(part.strip() for part in truth.split(";"))
    if said is None:
        return row
    if isinstance(output, Category):
        answer = said["answer"]
        row["prediction"] = ";".join(answer) if isinstance(answer, list) else answer
        row |= {f"p.{n}": float(said["probabilities"][n]) for n in output.names}
        row["set"] = ";".join(said["set"]) if said["set"] else None
    elif isinstance(output, Quantity):
        row |= {k: said[k] for k in ("value", "low", "high")}
        row["prediction"] = said["value"] if said["step"] is None else float(said["step"])
        row["step"] = None if said["step"] is None else float(said["step"])
        row |= {f"p.{i}": p for i, p in enumerate(said["probabilities"] or ())}
        row["set"] = ";".join(map(str, said["set"])) if said["set"] else None
        row |= {f"q.{level}": value for level, value in (said.get("quantiles") or {}).items()}
    return row


def _mask_counts(
    folder: Path, said: Mapping[str, Any], of: tuple[Exam, Cohort, Partition]
) -> tuple[tuple[Counts, Counts], dict[str, float], Counts]:
    """Histograms of the scores in the confidence files, the Dice of each name in the masks, and from what: (scored, 3)
    samples that bear the name and were given it, that bear it, that were given it."""
    exam, cohort, output = of
    per_view = 1 if output.exclusive else len(output.names)
    maps, truths, dices = [], [], {}
    sums = np.zeros((len(output.scored), 3), np.int64)
    for i, view in enumerate(exam.views):
        part = slice(i * per_view, (i + 1) * per_view)
        sure = np.stack([_confidence(folder / f) for f in said["confidence_files"][part]])
        labels = view_mask(folder, said["files"], i, output)
        truth = view_labels(cohort, view, output, labels.shape[1:]).astype(np.uint8)
        maps.append(_scores(sure, labels, output))
        truths.append(truth)
        for j, _ in enumerate(output.scored):
            plane = truth[0] if output.exclusive else truth[j]
            bears = plane == (j + 1 if output.exclusive else 1)
            answer = ((labels[0] == j + 1) if output.exclusive else labels[j] > 0) & (plane != IGNORED)
            sums[j] += (bears & answer).sum(), bears.sum(), answer.sum()
    if any((t != IGNORED).any() for t in truths):
        dices = {n: float(2 * s[0] / (s[1] + s[2])) for n, s in zip(output.scored, sums, strict=True) if s[1] + s[2]}
    return exam_histograms(maps, truths, output), dices, sums


def _scores(sure: NDArray[np.float32], labels: NDArray[Any], output: Partition) -> NDArray[np.float32]:
    """(scored, *shape): the file holds the winner's probability, so of two names the other's is what is left; of more,
    the rest is shared alike."""
    if not output.exclusive:
        return sure
    others = max(1, len(output.names) - 1)
    return np.stack(
        [np.where(labels[0] == i + 1, sure[0], (1 - sure[0]) / others) for i, _ in enumerate(output.scored)]
    )


def _confidence(path: Path) -> NDArray[np.float32]:
    data = open_source(path).read().data[0]
    return np.asarray(data / 65535 if data.dtype == np.uint16 else data, np.float32)


def view_mask(folder: Path, files: Sequence[str], view: int, output: Partition) -> NDArray[Any]:
    """An answer's mask of one view from its files: (1, *shape) of indices when exclusive, else (class, *shape).

    A DICOM segmentation holds every class of a view; other formats have a file each.
    """
    if files[0].endswith(".seg.dcm"):
        from ..io.segmentation import read_segmentation

        whole = np.asarray(read_segmentation(folder / files[view], output.exclusive))
        return whole[None] if output.exclusive else whole
    if output.exclusive:
        return np.asarray(open_mask(folder / files[view]).data)
    each = len(output.names)
    planes = [open_mask(folder / f).data[0] != 0 for f in files[view * each : (view + 1) * each]]
    return np.stack(planes).astype(np.uint8)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:.9g}" if isinstance(cell, float) else str(cell)


def _cell(text: str | None, is_text: bool) -> Cell:
    if not text:
        return None
    if is_text:
        return text
    try:
        return float(text)
    except ValueError:
        return text
