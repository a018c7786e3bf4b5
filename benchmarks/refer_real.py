"""The refer rule on real runs: the promise beside what came of it, and beside what comes of it where it does not hold.

Runs are folders of `vesale study`; cohorts are those of `benchmarks.cohorts`. What is read is read by `vesale read`'s
own engine, gate included, from pictures that are spoiled on the way or come from elsewhere.
"""

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesale.core.exam import Cohort, Exam, View
from vesale.core.prediction import AnsweredCategory
from vesale.engine.answer import answers, judged
from vesale.engine.opened import OpenedModel, open_model
from vesale.engine.raw import look_at
from vesale.engine.samples import open_view
from vesale.io.cohort import read_cohort
from vesale.metrics.intervals import clopper_pearson
from vesale.trust.refer import fit_refer

from .corruptions import CORRUPTIONS, STRENGTHS, corrupted
from .tables import Table

SPLITS = 200
MOST = 200
"""Exams of another place that are read, evenly through its table."""
SPOILED = 60
"""Exams that are spoiled, each in every way and strength."""


@dataclass(frozen=True, slots=True)
class Reported:
    n: int
    known: int
    """Of them, those of which it is known whether they are wrong."""
    wrong: int


@dataclass(frozen=True, slots=True)
class Read:
    """What became of some exams."""

    n: int
    declined: int
    reported: Reported
    ungated: Reported
    """That would be reported if there were no gate."""


def shares(k: int, n: int) -> str:
    """'3 of 60: 5.0 % [1.0, 13.9]'."""
    if n == 0:
        return "0 of 0"
    low, high = clopper_pearson(k, n)
    return f"{k} of {n}: {100 * k / n:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def promises(runs: Mapping[str, Path]) -> Table:
    """What each rule promised, on what, and what came of it on exams that nothing was fitted on, if there are any."""
    rows = []
    for name, run in runs.items():
        rule = open_model(run / "model").trust.refer
        test = run / "test"
        if rule is None:
            continue
        document = json.loads((run / "report.json").read_text(encoding="utf-8"))
        done = document["refer"]
        alone, error = done["share_reported"], done["error_reported"]
        there = "test" if test.is_dir() else "the calibration exams themselves"
        rows.append(
            (
                name,
                f"at most {rule.alpha:.0%} wrong, confidence {1 - rule.delta:.0%}",
                f"{rule.reported} of {rule.n}, {rule.wrong} wrong" if rule.threshold is not None else "nothing",
                there,
                shares(round((alone["value"] or 0) * alone["n"]), alone["n"]),
                shares(round((error["value"] or 0) * error["n"]), error["n"]),
            )
        )
    columns = ("run", "promise", "reported in calibration", "measured on", "reported alone", "wrong among them")
    return Table("Real runs: the promise and what came of it", columns, tuple(rows))


def resplits(runs: Mapping[str, Path], alpha: float = 0.05, delta: float = 0.1) -> Table:
    """Held-out answers dealt 200 times into two halves: the rule of one on the other."""
    rows = []
    for name, run in runs.items():
        c, said, wrong = held_out(run)
        for how, groups in (("one threshold", np.zeros(len(c), int)), ("one for each answer", said)):
            if len(c):
                rows.append((name, how, len(c), *_resplit(c, groups, wrong, (alpha, delta))))
    note = (
        "Descriptive: the splits share their exams, so they are no independent trials, and the error of a half of some "
        "exams is itself uncertain: it may lie above 5 % by luck where the promise is kept. One threshold for each "
        "answer shares delta among them."
    )
    columns = (
        "run",
        "rule",
        "held-out exams",
        "reported alone, mean",
        "wrong among them, mean",
        "above 5 %",
        "nothing",
    )
    title = "200 re-splits of the held-out answers, half to calibrate, half to measure"
    return Table(title, columns, tuple(rows), note)


def _resplit(
    c: NDArray[np.float64], groups: NDArray[np.int_], wrong: NDArray[np.bool_], promise: tuple[float, float]
) -> tuple[str, str, str, int]:
    """Mean share reported and error of it, splits with more error than promised, splits that report nothing."""
    alpha, delta = promise
    alone, errors = [], []
    kinds = np.unique(groups)
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(c))
        fit, rest = order[: len(c) // 2], order[len(c) // 2 :]
        told: list[bool] = []
        for kind in kinds:
            mine, theirs = fit[groups[fit] == kind], rest[groups[rest] == kind]
            rule = fit_refer(c[mine], wrong[mine], [str(i) for i in mine], alpha, delta / len(kinds))
            told += wrong[theirs][[rule.reports(x) for x in c[theirs]]].tolist()
        alone.append(len(told) / len(rest))
        errors += [float(np.mean(told))] if told else []
    over = sum(e > alpha for e in errors)
    middle = f"{100 * float(np.mean(errors)):.2f} %" if errors else "none"
    return f"{100 * float(np.mean(alone)):.1f} %", middle, f"{over} of {SPLITS}", SPLITS - len(errors)


def held_out(run: Path) -> tuple[NDArray[np.float64], NDArray[np.int_], NDArray[np.bool_]]:
    """Confidence, answer and error of the exams of `out_of_fold/exams.csv`, or of the run's own, whose truth is known;
    of a run that names one of several."""
    table = run / "out_of_fold" / "exams.csv"
    with (table if table.is_file() else run / "exams.csv").open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["wrong"] != ""]
    names = [k for k in (rows[0] if rows else {}) if ".p." in k]
    kept = [[float(r[k]) for k in names] for r in rows if names and r[names[0]] != ""]
    p = np.array(kept).reshape(len(kept), max(1, len(names)))
    wrong = [float(r["wrong"]) > 0 for r in rows if names and r[names[0]] != ""]
    return p.max(axis=1), p.argmax(axis=1), np.array(wrong, dtype=bool)


@dataclass(frozen=True, slots=True)
class Place:
    """Exams that a model was not made for."""

    what: str
    model: str
    table: Path
    truth: Callable[[Exam], str | None] | None
    """What the model should answer; None: nothing that it can answer is right."""
    spoiled: Callable[[Exam], str | None] | None = None
    """The same when the picture is spoiled, where that changes what is right."""


def elsewhere(places: Sequence[Place], runs: Mapping[str, Path]) -> Table:
    """What becomes of exams of other places and kinds."""
    rows = []
    for place in places:
        model = open_model(runs[place.model] / "model")
        rows.append((place.what, place.model, *_cells(read_some(model, place, MOST))))
    note = (
        "Nothing is promised for such exams. 'Without the gate' is what the refer rule alone would report: there the "
        "promise fails, for a model may be as sure of a picture that it cannot know as of its own. Wrong is counted "
        "among the reported whose right answer is known; where no answer can be right, every report is wrong."
    )
    return Table("Under shift: another place, another kind", ("exams", "model", *_COLUMNS), tuple(rows), note)


def spoiled(places: Sequence[Place], runs: Mapping[str, Path]) -> Table:
    """The models' own kind of exam, spoiled on the way, by kind and strength."""
    rows = []
    for place in places:
        model = open_model(runs[place.model] / "model")
        for kind, strength in (("none", 0), *((k, s) for k in CORRUPTIONS for s in STRENGTHS)):
            here = replace(place, truth=place.spoiled or place.truth) if strength else place
            found = read_some(model, here, SPOILED, (kind, strength) if strength else None)
            rows.append((place.model, kind, strength, *_cells(found)))
    note = "`benchmarks/corruptions.py` makes them; pictures of the test split, or, out of fold, of all."
    return Table(
        "Under shift: corruptions by strength", ("model", "corruption", "strength", *_COLUMNS), tuple(rows), note
    )


def own(exam: Exam) -> str | None:
    """The label of the model's own cohort."""
    truth = exam.truth.get("label")
    return None if truth is None else str(truth)


_COLUMNS = ("read", "declined by the gate", "reported alone", "wrong", "reported without the gate", "wrong then")


def read_some(model: OpenedModel, place: Place, most: int, spoil: tuple[str, int] | None = None) -> Read:
    """Read at most so many exams, evenly through the table; those of the split test where there is one."""
    with tempfile.TemporaryDirectory(prefix="vesale-") as scratch:
        exams = _exams(place.table, Path(scratch), most, spoil)
        decided = [_decided(model, exam, folder, place.truth) for exam, folder in exams]
    through = [wrong for status, _, wrong in decided if status == "reported"]
    sure = [wrong for _, reported, wrong in decided if reported]
    declined = sum(status == "declined" for status, _, _ in decided)
    return Read(len(decided), declined, _count(through), _count(sure))


def _count(wrongs: Sequence[bool | None]) -> Reported:
    known = [w for w in wrongs if w is not None]
    return Reported(len(wrongs), len(known), sum(known))


def _cells(read: Read) -> tuple[str | int, ...]:
    cells: list[str | int] = [read.n, shares(read.declined, read.n)]
    for some in (read.reported, read.ungated):
        cells += [shares(some.n, read.n), "not known" if some.n and not some.known else shares(some.wrong, some.known)]
    return tuple(cells)


def _decided(
    model: OpenedModel, exam: Exam, folder: Path, truth: Callable[[Exam], str | None] | None
) -> tuple[str, bool, bool | None]:
    """(status, whether the rule alone would report it, whether it is wrong)."""
    cohort = Cohort("", folder, (exam,))
    views = [open_view(cohort, view, model.pipeline.task) for view in exam.views]
    raw = look_at((exam.id, exam.subject), views, model.run, model.pipeline)
    status = judged(raw, model.pipeline, model.trust).status
    outputs, confidence = answers(raw, model.pipeline, model.trust)
    sure = model.trust.refer is not None and model.trust.refer.reports(confidence)
    if truth is None:
        return status, sure, True
    right, (answer,) = truth(exam), outputs.values()
    assert isinstance(answer, AnsweredCategory)
    return status, sure, None if right is None else answer.answer != right


def _exams(table: Path, scratch: Path, most: int, spoil: tuple[str, int] | None) -> Iterator[tuple[Exam, Path]]:
    cohort = read_cohort(table).cohort
    test = cohort.of_split("test")
    exams = list(test if len(test) else cohort)
    for i in sorted(set(np.linspace(0, len(exams) - 1, min(most, len(exams))).astype(int).tolist())):
        exam = exams[i]
        if spoil is None:
            yield exam, cohort.root
            continue
        views = []
        for k, view in enumerate(exam.views):
            files = {name: f"{i}-{k}-{name}.png" for name in view.inputs}
            for name, path in view.inputs.items():
                corrupted(cohort.root / path, scratch / files[name], *spoil)
            views.append(View(inputs=files))
        yield replace(exam, views=tuple(views)), scratch
