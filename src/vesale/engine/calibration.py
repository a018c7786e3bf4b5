"""From raw answers on exams that the network did not learn from to everything that makes an answer trustworthy.

Needs no torch. What each fit promises stands in `trust/`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..core.exam import Cohort, Exam
from ..core.pipeline import Pipeline
from ..core.prediction import MaskRisk
from ..core.recipe import Trust as Wanted
from ..core.task import Category, Partition, Quantity
from ..metrics.partition import BINS, best_f1_threshold, score_histogram
from ..trust.activity import reference_of
from ..trust.calibrate import fit_temperature, fit_temperature_binary, fit_temperature_histogram
from ..trust.conform import control_false_negatives, fit_interval, fit_set_threshold, needed
from ..trust.gate import Gate, fit_gate
from ..trust.state import OutputTrust, Trust
from .answer import calibrated, foreground, truth_key
from .raw import Raw, with_reference
from .rule import rule_of
from .samples import IGNORED, truth_index, view_labels
from .wrong import error_in_words

FEWEST = 8
"""Calibration subjects below which no temperature is fitted."""
ENOUGH = 30
"""Exams of one class or step from which a gate for that answer is fitted."""
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


def fit_trust(again: Again, basis: Basis) -> Trust:
    """Temperatures, sets, intervals and mask thresholds, then the gate, then the refer rule that rests on them all."""
    outputs = {name: _output(name, again, basis) for name in basis.pipeline.task.outputs}
    names: tuple[str, ...] = ()
    statistics, subjects, answers_of = [], [], []
    reference = None
    if basis.pipeline.task.from_signal:
        reference = reference_of(image.data for _, raw in again() for image in raw.images)
    for exam, raw in again():
        raw = with_reference(raw, reference, included=True)
        names = raw.names
        statistics.append(raw.statistics)
        subjects.append(exam.subject)
        answers_of.append(truth_key(basis.pipeline.task, exam.truth))
    rate = basis.wanted.false_alarms / 2
    gate = fit_gate(np.stack(statistics), names, rate) if statistics and rate > 0 else None
    by_answer = _gates(statistics, answers_of, names, rate) if rate > 0 else {}
    error = error_in_words(basis.pipeline, basis.wanted.cost, basis.wanted.positive)
    bare = Trust(outputs, None, gate, basis.approximate, error, len(set(subjects)), by_answer, reference)
    return replace(bare, refer=rule_of(again, (basis.cohort, basis.pipeline, basis.wanted), bare))


def _gates(
    statistics: Sequence[NDArray[np.float64]], keys: Sequence[str | None], names: Sequence[str], rate: float
) -> dict[str, Gate]:
    """A gate for each answer that enough exams bear out."""
    found = {}
    for key in sorted({k for k in keys if k is not None}):
        some = [s for s, k in zip(statistics, keys, strict=True) if k == key]
        gate = fit_gate(np.stack(some), names, rate) if len(some) >= ENOUGH else None
        if gate is not None:
            found[key] = gate
    return found


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


def _too_few(basis: Basis) -> str:
    return f"Too few calibration exams for this promise; {needed(1 - basis.wanted.level)} would do."
