"""From raw answers and what was fitted on calibration exams to a prediction: reported, referred or declined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from ..core.image import Image, Step
from ..core.pipeline import Pipeline
from ..core.prediction import (
    Answer,
    AnsweredCategory,
    AnsweredPartition,
    AnsweredQuantity,
    Check,
    Code,
    GateVerdict,
    Promise,
    Reason,
    Region,
    Status,
)
from ..core.task import Category, Output, Partition, Picture, Quantity, Task
from ..metrics.partition import BINS
from ..trust.calibrate import apply_temperature, apply_temperature_binary
from ..trust.calibrators import apply_calibrator
from ..trust.confidence import category_confidence, expected_dice, labels_confidence, ordinal_confidence
from ..trust.conform import category_set, contiguous, ordinal_set
from ..trust.difficulty import LEVELS
from ..trust.gate import judge
from ..trust.known import wrong_part
from ..trust.refer import without_threshold
from ..trust.state import OutputTrust, Trust
from ..trust.why import reason
from .pictures import answer_picture
from .raw import Raw, with_reference
from .samples import truth_index

Floats = NDArray[np.float32]
AGREEMENT = "agreement."
"""How the names of the statistics begin that compare a signal with the calibration's."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """An answer of every output, what was decided about the exam, and why."""

    status: Status
    reasons: tuple[Reason, ...]
    outputs: Mapping[str, Answer]
    gate: GateVerdict
    promise: Promise | None
    confidence: float
    """What the refer rule compares with its threshold."""


def judged(raw: Raw, pipeline: Pipeline, trust: Trust) -> Judged:
    """The header and the gate first; then the answers; then report or refer."""
    raw = with_reference(raw, trust.reference)
    gate = judge(trust.gate, raw.statistics, raw.features) if trust.gate else GateVerdict("not_fitted")
    foreign = _foreign(raw, pipeline)
    if trust.known is not None:
        part = wrong_part(trust.known, raw.facts)
        gate = _with_headers(gate, raw, {"modality": foreign, "body_part": part})
        foreign = foreign or part
    declined = foreign or (None if trust.answer_decides else reason(gate))
    if declined is not None:
        return Judged("declined", (declined,), {}, gate, None, 0.0)
    outputs, confidence = answers(raw, pipeline, trust)
    gate, declined = _like_its_answer(raw, outputs, trust, gate)
    if declined is not None:
        return Judged("declined", (declined,), {}, gate, None, 0.0)
    referred = _referred(confidence, trust)
    if referred is not None:
        return Judged("referred", (referred,), outputs, gate, None, confidence)
    rule = trust.refer
    assert rule is not None
    promise = Promise(
        rule.alpha,
        rule.delta,
        rule.n,
        trust.error,
        trust.approximate,
        confidence=confidence,
        threshold=rule.threshold,
        prices=rule.prices,
    )
    return Judged("reported", (), outputs, gate, promise, confidence)


def answers(raw: Raw, pipeline: Pipeline, trust: Trust) -> tuple[dict[str, Answer], float]:
    """(answers, confidence): calibrated where that could be done; the exam is as sure as its least sure output."""
    outputs: dict[str, Answer] = {}
    sure = 1.0
    for name, output in pipeline.task.outputs.items():
        fitted = trust.outputs.get(name, OutputTrust())
        outputs[name], confidence = _answer(output, name, raw, fitted)
        sure = min(sure, confidence)
    return outputs, sure


def truth_key(task: Task, truth: Mapping[str, str | float | None]) -> str | None:
    """`output=class` of the first output with exclusive classes or steps; None where there is none, or no truth."""
    for name, output in task.outputs.items():
        if (isinstance(output, Category) and output.exclusive) or (isinstance(output, Quantity) and output.steps):
            index = truth_index(truth.get(name), output)
            names = output.names if isinstance(output, Category) else output.steps
            return None if index is None or names is None else f"{name}={names[index]}"
    return None


def calibrated(probabilities: Floats, output: Output, fitted: OutputTrust) -> Floats:
    """Probabilities with names along axis 0, tempered; unchanged when not calibrated."""
    if fitted.calibrator is not None:
        exclusive = isinstance(output, Quantity) or (isinstance(output, (Category, Partition)) and output.exclusive)
        return np.asarray(apply_calibrator(fitted.calibrator, probabilities, exclusive), np.float32)
    if fitted.temperature is None:
        return probabilities
    if isinstance(output, (Category, Partition)) and not output.exclusive:
        return np.asarray(apply_temperature_binary(probabilities, fitted.temperature), np.float32)
    flat = probabilities.reshape(len(probabilities), -1).T
    if flat.shape[1] == 2:
        second = np.asarray(apply_temperature_binary(flat[:, 1], fitted.temperature), np.float32)
        return np.stack([1 - second, second]).reshape(probabilities.shape)
    tempered = np.asarray(apply_temperature(flat, fitted.temperature), np.float32)
    return np.ascontiguousarray(tempered.T).reshape(probabilities.shape)


def foreground(probabilities: Floats, output: Partition) -> Floats:
    """The maps of the scored names: (scored, *shape)."""
    return probabilities[1:] if output.exclusive else probabilities


def _answer(output: Output, name: str, raw: Raw, fitted: OutputTrust) -> tuple[Answer, float]:
    match output:
        case Quantity(steps=None):
            return _number(output, float(raw.pooled[name][0]), raw, fitted)
        case Quantity():
            return _grade(output, raw.pooled[name], fitted)
        case Category():
            return _category(output, raw.pooled[name], fitted)
        case Partition():
            return _partition(output, [calibrated(m, output, fitted) for m in raw.maps[name]], raw.images, fitted)
        case Picture():
            return answer_picture(output, name, raw, fitted)
        case _:
            assert_never(output)


def features_of(value: float, raw: Raw) -> NDArray[np.float64]:
    """What the expected error of a number is foretold from: the value, its square, and what the gate looks at.

    Of signals the gate looks at more once there is a reference; only what is seen without it counts here.
    """
    plain = [i for i, name in enumerate(raw.names) if not name.startswith(AGREEMENT)]
    return np.concatenate([[value, value * value], np.asarray(raw.statistics, dtype=float)[plain]])


def _number(output: Quantity, value: float, raw: Raw, fitted: OutputTrust) -> tuple[Answer, float]:
    half, quantiles = fitted.half_width, None
    sigma = 1.0
    if fitted.interval is not None and fitted.interval.difficulty is not None:
        sigma = float(fitted.interval.difficulty.expected(features_of(value, raw)))
        half = None if half is None else half * sigma
    if fitted.interval is not None and fitted.interval.quantiles:
        pairs = zip(LEVELS, fitted.interval.quantiles, strict=True)
        quantiles = {f"{level:g}": value + sigma * error for level, error in pairs}
    low, high = (None, None) if half is None else (value - half, value + half)
    answer = AnsweredQuantity(value, output.unit, low, high, None if half is None else fitted.level)
    return replace(answer, quantiles=quantiles, guarantee=fitted.guarantee), _within(output, half)


def _within(output: Quantity, half: float | None) -> float:
    """A plain number has no confidence of its own: sure when its interval fits the tolerance, else not at all."""
    return 1.0 if half is not None and output.tolerance is not None and half <= output.tolerance else 0.0


def _grade(output: Quantity, stated: Floats, fitted: OutputTrust) -> tuple[Answer, float]:
    assert output.steps is not None
    p = calibrated(stated, output, fitted)
    step = min(int((np.cumsum(stated) < 0.5).sum()), len(p) - 1)
    of = contiguous(stated) if fitted.set_from == "raw" else p
    plausible = ordinal_set(of, fitted.set_thresholds, step) if fitted.set_thresholds else None
    answer = AnsweredQuantity(
        value=float((p * np.arange(len(p))).sum()),
        unit=output.unit,
        low=None if plausible is None else float(plausible[0]),
        high=None if plausible is None else float(plausible[-1]),
        level=None if plausible is None else fitted.level,
        steps=output.steps,
        step=step,
        probabilities=tuple(float(v) for v in p),
        set=plausible,
        guarantee=fitted.guarantee,
    )
    return answer, ordinal_confidence(p, output.action, step)


def _category(output: Category, stated: Floats, fitted: OutputTrust) -> tuple[Answer, float]:
    """The answer is the network's own; calibration says how sure it is, and cannot turn it into another."""
    p = calibrated(stated, output, fitted)
    named = {n: float(v) for n, v in zip(output.names, p, strict=True)}
    known = fitted.is_calibrated
    if not output.exclusive:
        borne = stated >= 0.5
        said = tuple(n for n, yes in zip(output.names, borne, strict=True) if yes)
        return AnsweredCategory(False, said, named, known), labels_confidence(p, borne)
    names, chosen = None, int(stated.argmax())
    if fitted.set_thresholds:
        inside = {*category_set(stated if fitted.set_from == "raw" else p, fitted.set_thresholds), chosen}
        names = tuple(output.names[i] for i in sorted(inside))
    level = None if names is None else fitted.level
    answer = AnsweredCategory(True, output.names[chosen], named, known, names, level)
    return replace(answer, guarantee=fitted.guarantee), category_confidence(p, chosen)


def _partition(
    output: Partition, maps: Sequence[Floats], images: Sequence[Image], fitted: OutputTrust
) -> tuple[Answer, float]:
    thresholds = np.array(fitted.threshold or (0.5,) * len(output.scored), np.float32)
    labels = [partition_labels(m, output, thresholds) for m in maps]
    confidence = [_of_winner(m, said, output) for m, said in zip(maps, labels, strict=True)]
    step = Step("outline", (("thresholds", ",".join(f"{t:.4f}" for t in thresholds)),))
    label_images = tuple(_as_image(i, said, "labels", output, step) for i, said in zip(images, labels, strict=True))
    sure_images = tuple(_as_image(i, c, "intensity", output, step) for i, c in zip(images, confidence, strict=True))
    answer = AnsweredPartition(
        output.exclusive,
        output.names,
        label_images,
        sure_images,
        regions(label_images, output),
        fitted.fnr[0] if fitted.fnr else None,
        thresholds=tuple(float(t) for t in thresholds),
        risks=fitted.fnr,
        guarantee=fitted.guarantee,
    )
    dices = []
    for i, _ in enumerate(output.scored):
        scores = np.concatenate([foreground(m, output)[i].ravel() for m in maps])
        counts = np.bincount(np.minimum((scores * BINS).astype(np.int64), BINS - 1), minlength=BINS)
        dices.append(expected_dice(counts, float(thresholds[i])))
    return answer, float(np.mean(dices))


def partition_labels(probabilities: Floats, output: Partition, thresholds: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(1, *shape) of indices when exclusive, else (names, *shape) of 0 / 1."""
    scored = foreground(probabilities, output)
    over = scored >= thresholds.reshape(-1, *(1,) * (scored.ndim - 1))
    if not output.exclusive:
        return np.asarray(over, np.uint8)
    if len(output.names) == 2:
        return np.asarray(over, np.uint8)
    return np.asarray(probabilities.argmax(0)[None], np.uint8)


def regions(labels: Sequence[Image], output: Partition) -> tuple[Region, ...]:
    """How much of the exam bears each scored name, over all views; sizes only where every view has a scale."""
    from scipy import ndimage

    found = []
    for i, name in enumerate(output.scored):
        masks = [(m.data[0] == i + 1) if output.exclusive else (m.data[i] == 1) for m in labels]
        spacings = [m.grid.spacing for m in labels]
        size = None
        if all(s is not None for s in spacings):
            size = float(sum(m.sum() * np.prod(s) for m, s in zip(masks, spacings, strict=True) if s is not None))
        flat = all(m.ndim == 2 for m in masks)
        count = sum(int(ndimage.label(m)[1]) for m in masks) if output.instances else None
        samples = int(sum(m.sum() for m in masks))
        found.append(Region(name, samples, size if flat else None, None if flat else size, count))
    return tuple(found)


def _of_winner(probabilities: Floats, labels: NDArray[np.uint8], output: Partition) -> Floats:
    if not output.exclusive:
        return probabilities
    return np.asarray(np.take_along_axis(probabilities, labels.astype(np.intp), 0), np.float32)


def _as_image(like: Image, data: NDArray[np.generic], kind: str, output: Partition, step: Step) -> Image:
    channels = ("index",) if output.exclusive else output.names
    if kind == "labels":
        return Image(data, like.grid, "labels", channels, like.provenance.then(step))
    return Image(data.astype(np.float32), like.grid, "intensity", channels, like.provenance.then(step))


def _like_its_answer(
    raw: Raw, outputs: Mapping[str, Answer], trust: Trust, gate: GateVerdict
) -> tuple[GateVerdict, Reason | None]:
    """A picture answered as one class must look like the pictures of that class; where `answer_decides`, that alone
    is asked, and of an answer that has no gate of its own that it looks like those of the training."""
    for name, answer in outputs.items():
        said = None
        if isinstance(answer, AnsweredCategory) and isinstance(answer.answer, str):
            said = answer.answer
        elif isinstance(answer, AnsweredQuantity) and answer.steps is not None and answer.step is not None:
            said = answer.steps[answer.step]
        fitted = trust.by_answer.get(f"{name}={said}")
        if fitted is not None:
            verdict = judge(fitted, raw.statistics, raw.features)
            verdict = replace(verdict, checks=(*verdict.checks, *(c for c in gate.checks if c.value is None)))
            why = reason(verdict)
            if why is not None and trust.answer_decides and gate.verdict == "fail":
                return verdict, why
            if why is not None:
                message = f"It would be called {said}, but looks unlike the training images of that name: {why.message}"
                return verdict, Reason("unlike_training", message, why.value, why.threshold)
            if trust.answer_decides:
                return verdict, None
    return gate, reason(gate) if trust.answer_decides else None


def _with_headers(gate: GateVerdict, raw: Raw, found: Mapping[str, Reason | None]) -> GateVerdict:
    """The verdict with a check for each fact that a header states; it fails where one of them does."""
    stated = {
        "modality": any(seen.modality for seen in raw.seen),
        "body_part": any(fact.body_part for fact in raw.facts),
    }
    checks = tuple(Check(name, why is None, None) for name, why in found.items() if stated[name])
    verdict = gate.verdict if all(c.passed for c in checks) else "fail"
    return replace(gate, verdict=verdict, checks=(*gate.checks, *checks))


def _foreign(raw: Raw, pipeline: Pipeline) -> Reason | None:
    wanted = pipeline.task.modalities
    for seen in raw.seen:
        if wanted and seen.modality is not None and seen.modality not in wanted:
            return Reason("wrong_modality", f"The file says {seen.modality}; this model reads {' or '.join(wanted)}.")
    return None


def _referred(confidence: float, trust: Trust) -> Reason | None:
    rule = trust.refer
    if rule is None:
        message = "The model was not calibrated for this promise, so a reader must decide."
        return Reason("not_calibrated", message, confidence)
    if rule.threshold is None:
        few = rule.n < rule.needed
        code: Code = "too_few_calibration" if few else "uncertain"
        return Reason(code, without_threshold(rule), float(rule.n), float(rule.needed))
    if not rule.reports(confidence):
        message = f"The model is not sure enough: confidence {confidence:.2f}, {rule.threshold:.2f} is asked."
        return Reason("uncertain", message, confidence, rule.threshold)
    return None
