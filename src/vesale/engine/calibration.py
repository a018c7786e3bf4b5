"""From raw answers on exams that the network did not learn from to everything that makes an answer trustworthy.

Needs no torch. What each fit promises stands in `trust/`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..core.exam import Cohort, Exam
from ..core.pipeline import Pipeline
from ..core.prediction import Answer, AnsweredCategory, AnsweredPartition, AnsweredQuantity, MaskRisk
from ..core.recipe import Trust as Wanted
from ..core.task import Category, Output, Partition, Quantity
from ..metrics.partition import BINS, best_f1_threshold, score_histogram
from ..trust.calibrate import fit_temperature, fit_temperature_binary, fit_temperature_histogram
from ..trust.conform import control_false_negatives, fit_interval, fit_set_threshold, needed
from ..trust.refer import ReferRule, fit_refer
from ..trust.state import OutputTrust, Trust
from .answer import answers, calibrated, foreground
from .gating import Learned, fit_gates
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


def fit_trust(again: Again, basis: Basis) -> Trust:
    """Temperatures, sets, intervals and mask thresholds, then the gate, then the refer rule that rests on them all."""
    outputs = {name: _output(name, again, basis) for name in basis.pipeline.task.outputs}
    gated = fit_gates(again, basis.pipeline.task, basis.wanted.false_alarms, basis.learned)
    error = error_in_words(basis.pipeline)
    before = (gated.by_answer, gated.reference, gated.known, bool(gated.by_answer))
    bare = Trust(outputs, None, gated.gate, basis.approximate, error, gated.subjects, *before)
    return replace(bare, refer=_rule(again, basis, bare))


def error_in_words(pipeline: Pipeline) -> str:
    """What counts as a wrong answer, in words."""
    return "; ".join(_error(name, output) for name, output in pipeline.task.outputs.items())


def is_wrong(output: Output, answer: Answer, truth: str | float | None, dices: Sequence[float]) -> bool | None:
    """Whether an answer counts as wrong; None when the truth is unknown or the recipe names no bound."""
    match output, answer:
        case Category(exclusive=True), AnsweredCategory():
            index = truth_index(truth, output)
            return None if index is None else answer.answer != output.names[index]
        case Category(), AnsweredCategory():
            if truth is None or not isinstance(answer.answer, tuple):
                return None
            return set(answer.answer) != {v.strip() for v in str(truth).split(";") if v.strip()}
        case Quantity(steps=None), AnsweredQuantity():
            if output.tolerance is None or not isinstance(truth, float):
                return None
            return abs(answer.value - truth) > output.tolerance
        case Quantity(), AnsweredQuantity():
            index = truth_index(truth, output)
            if index is None or answer.step is None:
                return None
            if output.action is not None:
                return (answer.step >= output.action) != (index >= output.action)
            return abs(answer.step - index) > 1
        case Partition(), AnsweredPartition():
            return None if output.dice_bound is None or not dices else float(np.mean(dices)) < output.dice_bound
    return None


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


def exam_dices(answer: AnsweredPartition, labels: Sequence[NDArray[np.uint8]], output: Partition) -> list[float]:
    """Dice of each scored name that the truth or the answer holds; empty when nothing counts."""
    dices = []
    for i, _ in enumerate(output.scored):
        both = sizes = counts = 0
        for image, truth in zip(answer.labels, labels, strict=True):
            plane = truth[0] if output.exclusive else truth[i]
            valid = plane != IGNORED
            bears = (plane == (i + 1 if output.exclusive else 1)) & valid
            said = (image.data[0] == i + 1 if output.exclusive else image.data[i] == 1) & valid
            both, sizes = both + int((bears & said).sum()), sizes + int(bears.sum() + said.sum())
            counts += int(valid.sum())
        if counts and sizes:
            dices.append(2 * both / sizes)
    return dices


def exam_labels(basis: Basis, exam: Exam, raw: Raw, output: Partition) -> list[NDArray[np.uint8]]:
    pairs = zip(exam.views, raw.images, strict=True)
    return [view_labels(basis.cohort, view, output, image.grid.shape).astype(np.uint8) for view, image in pairs]


def _output(name: str, again: Again, basis: Basis) -> OutputTrust:
    output = basis.pipeline.task.outputs[name]
    if isinstance(output, Partition):
        return _partition(name, output, again, basis)
    rows = [(raw.pooled[name], exam.truth.get(name), exam.subject) for exam, raw in again() if name in raw.pooled]
    subjects = [r[2] for r in rows]
    if len(set(subjects)) < FEWEST:
        return OutputTrust(n=len(set(subjects)), note=f"Too few calibration subjects; {FEWEST} would do for a start.")
    values = np.stack([r[0] for r in rows]).astype(np.float64)
    if isinstance(output, Quantity) and output.steps is None:
        truth = np.array([r[1] if isinstance(r[1], float) else np.nan for r in rows])
        half = fit_interval(values[:, 0], truth, basis.wanted.level, subjects)
        note = None if half is not None else _too_few(basis)
        level = None if half is None else basis.wanted.level
        return OutputTrust(level=level, half_width=half, n=len(set(subjects)), note=note)
    if isinstance(output, Category) and not output.exclusive:
        said = [{v.strip() for v in str(r[1]).split(";")} for r in rows if r[1] is not None]
        known = np.array([r[1] is not None for r in rows])
        truths = np.array([[n in s for n in output.names] for s in said], dtype=int)
        temperature = fit_temperature_binary(values[known].ravel(), truths.ravel())
        return OutputTrust(temperature=temperature, n=len(set(subjects)))
    assert isinstance(output, (Category, Quantity))
    return _named(values, [truth_index(r[1], output) for r in rows], subjects, (output, basis))


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
    temperature = fit_temperature(values[known], truth[known])
    tempered = OutputTrust(temperature=temperature)
    p = np.stack([calibrated(v.astype(np.float32), output, tempered) for v in values[known]])
    sets = fit_set_threshold(p, truth[known], basis.wanted.level, people)
    level = None if sets.thresholds is None else basis.wanted.level
    note = _too_few(basis) if sets.thresholds is None else None
    return replace(tempered, level=level, set_thresholds=sets.thresholds, n=len(set(people)), note=note)


def _partition(name: str, output: Partition, again: Again, basis: Basis) -> OutputTrust:
    temperature = _partition_temperature(name, output, again, basis)
    tempered = OutputTrust(temperature=temperature)
    positives, negatives, subjects = [], [], []
    for exam, raw in again():
        maps = [foreground(calibrated(m, output, tempered), output) for m in raw.maps[name]]
        pos, neg = exam_histograms(maps, exam_labels(basis, exam, raw, output), output)
        if pos.sum() + neg.sum():
            positives.append(pos)
            negatives.append(neg)
            subjects.append(exam.subject)
    n = len(set(subjects))
    if n < FEWEST:
        return replace(tempered, n=n, note=f"Too few calibration subjects; {FEWEST} would do for a start.")
    pooled_p, pooled_n = np.sum(positives, axis=0), np.sum(negatives, axis=0)
    choose = not output.exclusive or len(output.names) == 2
    thresholds = tuple(
        float(best_f1_threshold(p, q)) if choose and p.any() else 0.5 for p, q in zip(pooled_p, pooled_n, strict=True)
    )
    alpha = 1 - basis.wanted.level
    risks = []
    for i, _ in enumerate(output.scored):
        cut = control_false_negatives(np.stack([p[i] for p in positives]), alpha, subjects)
        if cut is not None:
            risks.append(MaskRisk(alpha, cut, n))
    note = None if len(risks) == len(output.scored) else _too_few(basis)
    fnr = tuple(risks) if note is None else ()
    return replace(tempered, level=basis.wanted.level, threshold=thresholds, fnr=fnr, n=n, note=note)


def _partition_temperature(name: str, output: Partition, again: Again, basis: Basis) -> float | None:
    bare = OutputTrust()
    if not output.exclusive or len(output.names) == 2:
        positives, negatives = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
        for exam, raw in again():
            maps = [foreground(calibrated(m, output, bare), output) for m in raw.maps[name]]
            pos, neg = exam_histograms(maps, exam_labels(basis, exam, raw, output), output)
            positives, negatives = positives + pos.sum(0), negatives + neg.sum(0)
        return float(fit_temperature_histogram(positives, negatives)) if positives.any() and negatives.any() else None
    rows: list[NDArray[np.float32]] = []
    truths: list[NDArray[np.int64]] = []
    for exam, raw in again():
        rng = np.random.default_rng([0, len(rows)])
        for scores, labels in zip(raw.maps[name], exam_labels(basis, exam, raw, output), strict=True):
            places = np.flatnonzero(labels[0].ravel() != IGNORED)
            places = rng.permutation(places)[:SAMPLED]
            rows.append(scores.reshape(len(scores), -1)[:, places].T)
            truths.append(labels[0].ravel()[places].astype(int))
    if not truths or not sum(map(len, truths)):
        return None
    return float(fit_temperature(np.concatenate(rows), np.concatenate(truths)))


def _rule(again: Again, basis: Basis, trust: Trust) -> ReferRule | None:
    """The refer rule, or None when some output has no bound, or was not calibrated."""
    outputs: Mapping[str, Output] = basis.pipeline.task.outputs
    confidences, wrongs, subjects = [], [], []
    for exam, raw in again():
        said, confidence = answers(raw, basis.pipeline, trust)
        verdicts = []
        for name, output in outputs.items():
            answer, dices = said[name], []
            if isinstance(output, Partition) and isinstance(answer, AnsweredPartition):
                dices = exam_dices(answer, exam_labels(basis, exam, raw, output), output)
            verdicts.append(is_wrong(output, answer, exam.truth.get(name), dices))
        known = [v for v in verdicts if v is not None]
        if len(known) == len(outputs):
            confidences.append(min(max(confidence, 0.0), 1.0))
            wrongs.append(any(known))
            subjects.append(exam.subject)
    if not subjects:
        return None
    return fit_refer(np.array(confidences), np.array(wrongs), subjects, basis.wanted.alpha, basis.wanted.delta)


def _too_few(basis: Basis) -> str:
    return f"Too few calibration exams for this promise; {needed(1 - basis.wanted.level)} would do."


def _error(name: str, output: Output) -> str:
    match output:
        case Category(exclusive=True):
            return f"{name}: the answer is not the truth"
        case Category():
            return f"{name}: any of the names is wrongly given or left out"
        case Quantity(steps=None):
            return f"{name}: off by more than {output.tolerance} {output.unit}".rstrip()
        case Quantity():
            if output.action is not None and output.steps is not None:
                return f"{name}: on the wrong side of {output.steps[output.action]!r}"
            return f"{name}: more than one step off"
        case Partition():
            return f"{name}: a Dice below {output.dice_bound}"
    return f"{name}: no bound"
