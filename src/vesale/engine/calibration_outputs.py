"""From raw answers on calibration exams to what is fitted for one output: its calibration, sets, intervals, thresholds.

What rests on all outputs together (gate, refer rule) is calibration.py.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..core.exam import Cohort, Exam
from ..core.pipeline import Pipeline
from ..core.prediction import Guarantee, MaskRisk
from ..core.recipe import Trust as Wanted
from ..core.task import Category, Partition, Picture, Quantity
from ..metrics.partition import BINS, best_f1_threshold, score_histogram
from ..trust.choose import Choice, Labels, Named, Samples, choose
from ..trust.conform import SetThresholds, contiguous, fit_set_threshold, needed
from ..trust.control import bearers, control_false_negatives, would_do
from ..trust.control import needed as needed_of_masks
from ..trust.difficulty import fit_number
from ..trust.state import OutputTrust
from .answer import calibrated, features_of, foreground
from .gating import Learned
from .pictures import picture_trust
from .raw import Raw
from .samples import IGNORED, truth_index, view_labels

FEWEST = 8
"""Calibration subjects below which no temperature is fitted."""
SAMPLED = 4000
"""Samples an exam gives to the temperature of a partition of several exclusive names."""
Again = Callable[[], Iterator[tuple[Exam, Raw]]]
"""Gives every calibration exam with its raw answers, as often as it is called; one exam at a time is in memory."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What the calibration rests on."""

    cohort: Cohort
    pipeline: Pipeline
    wanted: Wanted
    approximate: bool
    """True for out-of-fold answers, each by another network than the one that will answer."""
    learned: Learned | None = None
    """For the gate; None where nothing is known of what was learned from."""


def fit_output(name: str, again: Again, basis: Basis) -> OutputTrust:
    """Everything that the calibration exams say of one output."""
    output = basis.pipeline.task.outputs[name]
    if isinstance(output, Partition):
        return _partition(name, output, again, basis)
    if isinstance(output, Picture):
        return picture_trust(name, output, again, (basis.cohort, basis.wanted.level, basis.approximate))
    exams = [(exam, raw) for exam, raw in _pooled(name, again)]
    people = [exam.subject for exam, _ in exams]
    if len(set(people)) < FEWEST:
        return _nothing(len(set(people)))
    values = np.stack([stated for _, (stated, _) in exams]).astype(np.float64)
    truths = [exam.truth.get(name) for exam, _ in exams]
    if isinstance(output, Quantity) and output.steps is None:
        looks = np.stack([look for _, (_, look) in exams])
        return _number(values[:, 0], truths, (looks, people), basis)
    if isinstance(output, Category) and not output.exclusive:
        return _labels(values, truths, people, output)
    assert isinstance(output, (Category, Quantity))
    return _named(values, [truth_index(t, output) for t in truths], people, (output, basis))


def _pooled(name: str, again: Again) -> Iterator[tuple[Exam, tuple[NDArray[np.float32], NDArray[np.float64]]]]:
    """Each exam with what was stated of it and what its error is foretold from; the pictures are let go."""
    for exam, raw in again():
        if name in raw.pooled:
            yield exam, (raw.pooled[name], features_of(float(raw.pooled[name][0]), raw))


def _number(
    values: NDArray[np.float64],
    truths: Sequence[str | float | None],
    of: tuple[NDArray[np.float64], Sequence[str]],
    basis: Basis,
) -> OutputTrust:
    looks, people = of
    truth = np.array([t if isinstance(t, float) else np.nan for t in truths])
    n = len({s for s, t in zip(people, truth, strict=True) if np.isfinite(t)})
    if n < FEWEST:
        return _nothing(n)
    found = fit_number(values, truth, looks, basis.wanted.level, people, basis.approximate)
    how: Literal["adaptive", "plain"] = "plain" if found.difficulty is None else "adaptive"
    given, enough = found.half_width is not None, needed(1 - basis.wanted.level)
    guarantee = Guarantee("interval", basis.wanted.level, None, found.n, enough, given, basis.approximate, how)
    trust = OutputTrust(half_width=found.half_width, n=n, interval=found, guarantee=guarantee)
    return replace(trust, level=basis.wanted.level) if given else replace(trust, note=_too_few(enough))


def _labels(
    values: NDArray[np.float64], truths: Sequence[str | float | None], people: Sequence[str], output: Category
) -> OutputTrust:
    known = np.array([t is not None for t in truths])
    said = [{v.strip() for v in str(t).split(";")} for t in truths if t is not None]
    who = [s for s, k in zip(people, known, strict=True) if k]
    if len(set(who)) < FEWEST:
        return _nothing(len(set(who)))
    truth = np.array([[n in s for n in output.names] for s in said], dtype=np.int64)
    return _curve(choose(Labels(values[known], truth), who))


def _named(
    values: NDArray[np.float64],
    truths: Sequence[int | None],
    subjects: Sequence[str],
    of: tuple[Category | Quantity, Basis],
) -> OutputTrust:
    output, basis = of
    truth = np.array([-1 if t is None else t for t in truths])
    known = truth >= 0
    people = [s for s, k in zip(subjects, known, strict=True) if k]
    if len(set(people)) < FEWEST or len(set(truth[known].tolist())) < 2:
        return OutputTrust(n=len(set(people)), note="Too few calibration subjects with a known truth of two kinds.")
    stated, truth, level = values[known], truth[known], basis.wanted.level
    trust = _curve(choose(Named(stated, truth), people))
    # of the network's own probabilities: a curve fitted on the same exams would make the promise approximate
    graded = isinstance(output, Quantity)
    sets = fit_set_threshold(contiguous(stated) if graded else stated, truth, level, people)
    names = output.names if isinstance(output, Category) else output.steps or ()
    given = sets.how != "too_few"
    how: Literal["class_conditional", "pooled", "marginal"] = "marginal" if sets.how == "too_few" else sets.how
    pooled = tuple(names[i] for i in sets.pooled)
    guarantee = Guarantee("set", level, None, sets.n, sets.needed, given, basis.approximate, how, pooled)
    trust = replace(trust, set_thresholds=sets.thresholds, set_from="raw", guarantee=guarantee)
    if not given:
        return replace(trust, note=_too_few(sets.needed))
    return replace(trust, level=level, note=_rare(sets, names))


def _rare(sets: SetThresholds, names: Sequence[str]) -> str | None:
    """Which names have no promise of their own, and how many exams that would take."""
    few = [f"{names[i]} ({sets.counts[i]})" for i in sets.pooled if sets.counts[i] < sets.needed]
    if not few:
        return None
    rest = "all names together" if sets.how == "marginal" else "the rare names together"
    return (
        f"Too few calibration exams for a promise about each name by itself: {', '.join(few)}; {sets.needed} of each "
        f"would do. The promise is about {rest}."
    )


def _partition(name: str, output: Partition, again: Again, basis: Basis) -> OutputTrust:
    curve = _partition_curve(name, output, again, basis)
    positives, negatives, subjects = [], [], []
    for exam, raw in again():
        maps = [foreground(calibrated(m, output, curve), output) for m in raw.maps[name]]
        pos, neg = exam_histograms(maps, exam_labels(basis, exam, raw, output), output)
        if pos.sum() + neg.sum():
            positives.append(pos)
            negatives.append(neg)
            subjects.append(exam.subject)
    n = len(set(subjects))
    if n < FEWEST:
        return replace(_nothing(n), temperature=curve.temperature, calibrator=curve.calibrator)
    pooled_p, pooled_n = np.sum(positives, axis=0), np.sum(negatives, axis=0)
    choose_cut = not output.exclusive or len(output.names) == 2
    thresholds = tuple(
        float(best_f1_threshold(p, q)) if choose_cut and p.any() else 0.5
        for p, q in zip(pooled_p, pooled_n, strict=True)
    )
    trust = replace(curve, level=basis.wanted.level, threshold=thresholds, n=n)
    return _masks_promise(trust, np.stack(positives), subjects, (output, basis))


def _masks_promise(
    trust: OutputTrust, positives: NDArray[np.int64], subjects: Sequence[str], of: tuple[Partition, Basis]
) -> OutputTrust:
    """The highest threshold of each scored name at which a new exam misses little enough of it."""
    output, basis = of
    alpha, delta = 1 - basis.wanted.level, basis.wanted.mask_delta or None
    risks, missing = [], []
    for i, scored in enumerate(output.scored):
        cut = control_false_negatives(positives[:, i], alpha, subjects, delta)
        if cut is None:
            missing.append((scored, would_do(positives[:, i], alpha, subjects, delta)))
        else:
            risks.append(MaskRisk(alpha, cut, bearers(positives[:, i], subjects), delta))
    n = min((r.n for r in risks), default=0)
    enough = needed_of_masks(alpha, delta) if not missing else _most([m for _, m in missing])
    approximate = basis.approximate or (output.exclusive and len(output.names) > 2)
    guarantee = Guarantee("mask", 1 - alpha, delta, n, enough, not missing, approximate, "risk")
    if not missing:
        return replace(trust, fnr=tuple(risks), guarantee=guarantee)
    n = min(bearers(positives[:, i], subjects) for i in range(len(output.scored)))
    return replace(trust, guarantee=replace(guarantee, n=n), note=_masks_note(missing))


def _most(numbers: Sequence[int | None]) -> int | None:
    known = [n for n in numbers if n is not None]
    return max(known) if len(known) == len(numbers) else None


def _masks_note(missing: Sequence[tuple[str, int | None]]) -> str:
    notes = []
    for scored, enough in missing:
        if enough is None:
            notes.append(f"No threshold keeps this promise for {scored}: even the lowest misses too much of it.")
        else:
            notes.append(f"{_too_few(enough)} ({scored}: exams that have it)")
    return " ".join(notes)


def _partition_curve(name: str, output: Partition, again: Again, basis: Basis) -> OutputTrust:
    """The calibration of a map's samples."""
    if output.exclusive and len(output.names) > 2:
        return _samples_curve(name, output, again, basis)
    positives, negatives, subjects = [], [], []
    for exam, raw in again():
        maps = [foreground(m, output) for m in raw.maps[name]]
        pos, neg = exam_histograms(maps, exam_labels(basis, exam, raw, output), output)
        if pos.sum() + neg.sum():
            positives.append(pos)
            negatives.append(neg)
            subjects.append(exam.subject)
    if not positives or not np.any(positives) or not np.any(negatives):
        return OutputTrust()
    return _curve(choose(Samples(np.stack(positives), np.stack(negatives)), subjects))


def _samples_curve(name: str, output: Partition, again: Again, basis: Basis) -> OutputTrust:
    """Of several exclusive names: from some thousand samples an exam, each with its whole vector."""
    rows: list[NDArray[np.float32]] = []
    truths: list[NDArray[np.int64]] = []
    people: list[str] = []
    for exam, raw in again():
        rng = np.random.default_rng([0, len(rows)])
        for scores, labels in zip(raw.maps[name], exam_labels(basis, exam, raw, output), strict=True):
            places = np.flatnonzero(labels[0].ravel() != IGNORED)
            places = rng.permutation(places)[:SAMPLED]
            rows.append(scores.reshape(len(scores), -1)[:, places].T)
            truths.append(labels[0].ravel()[places].astype(np.int64))
            people += [exam.subject] * len(places)
    if not people:
        return OutputTrust()
    return _curve(choose(Named(np.concatenate(rows).astype(np.float64), np.concatenate(truths)), people))


def _curve(choice: Choice) -> OutputTrust:
    """What was chosen; a temperature stands under its own name, too."""
    curve = choice.calibrator
    temperature = 1 / curve.slopes[0] if curve.kind == "temperature" else None
    return OutputTrust(temperature=temperature, calibrator=curve, candidates=choice.candidates, n=choice.n)


def exam_histograms(
    maps: Sequence[NDArray[np.float32]], labels: Sequence[NDArray[np.uint8]], output: Partition
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(scored, bins) counts of the samples that bear a name and of those that do not, over an exam's views."""
    count = len(output.scored)
    positives, negatives = np.zeros((count, BINS), np.int64), np.zeros((count, BINS), np.int64)
    for scores, truth in zip(maps, labels, strict=True):
        for i in range(count):
            plane = truth[0] if output.exclusive else truth[i]
            bears = plane == (i + 1 if output.exclusive else 1)
            pos, neg = score_histogram(scores[i], bears, plane != IGNORED)
            positives[i] += pos
            negatives[i] += neg
    return positives, negatives


def exam_labels(basis: Basis, exam: Exam, raw: Raw, output: Partition) -> list[NDArray[np.uint8]]:
    pairs = zip(exam.views, raw.images, strict=True)
    return [view_labels(basis.cohort, view, output, image.grid.shape).astype(np.uint8) for view, image in pairs]


def _nothing(n: int) -> OutputTrust:
    return OutputTrust(n=n, note=f"Too few calibration subjects; {FEWEST} would do for a start.")


def _too_few(enough: int) -> str:
    return f"Too few calibration exams for this promise; {enough} would do."
