"""Which errors an answer makes, from the answer itself; what an error is called and costs stands in trust/prices.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.pipeline import Pipeline
from ..core.prediction import Answer, AnsweredCategory, AnsweredPartition, AnsweredQuantity
from ..core.task import Category, Output, Partition, Picture, Quantity
from ..trust.prices import (
    Error,
    category_errors,
    grade_errors,
    labels_errors,
    mask_errors,
    number_errors,
    positives,
)
from .samples import IGNORED, truth_index


@dataclass(frozen=True, slots=True)
class Overlap:
    """An exam's outlines against the truth's, over its views and scored names."""

    dices: tuple[float, ...] = ()
    """Of each scored name that the truth or the answer holds."""
    left_out: int = 0
    """Samples that bear a name and were not given it."""
    added: int = 0
    """Samples that were given a name that they do not bear."""


def errors_of(
    output: Output, answer: Answer, truth: str | float | None, overlap: Overlap, positive: Sequence[str] = ()
) -> tuple[Error, ...] | None:
    """The errors of an answer, none when it is right; None when the truth is unknown or the recipe names no bound.

    `positive`: the names that call for action. `overlap`: of a partition.
    """
    match output, answer:
        case Category(), AnsweredCategory():
            return _names(output, answer, truth, positive)
        case Quantity(), AnsweredQuantity():
            return _quantity(output, answer, truth)
        case Partition(), AnsweredPartition():
            if output.dice_bound is None or not overlap.dices:
                return None
            dice = float(np.mean(overlap.dices))
            return mask_errors(dice, output.dice_bound, overlap.left_out, overlap.added)
    return None


def is_wrong(output: Output, answer: Answer, truth: str | float | None, overlap: Overlap) -> bool | None:
    """Whether an answer counts as wrong; None when the truth is unknown or the recipe names no bound."""
    errors = errors_of(output, answer, truth, overlap)
    return None if errors is None else bool(errors)


def overlap_of(answer: AnsweredPartition, labels: Sequence[NDArray[np.uint8]], output: Partition) -> Overlap:
    """How the answered labels of each view meet the true ones; no Dice when nothing counts."""
    dices, left_out, added = [], 0, 0
    for i, _ in enumerate(output.scored):
        both = bearing = given = counts = 0
        for image, truth in zip(answer.labels, labels, strict=True):
            plane = truth[0] if output.exclusive else truth[i]
            valid = plane != IGNORED
            bears = (plane == (i + 1 if output.exclusive else 1)) & valid
            said = (image.data[0] == i + 1 if output.exclusive else image.data[i] == 1) & valid
            both += int((bears & said).sum())
            bearing, given = bearing + int(bears.sum()), given + int(said.sum())
            counts += int(valid.sum())
        if counts and bearing + given:
            dices.append(2 * both / (bearing + given))
        left_out, added = left_out + bearing - both, added + given - both
    return Overlap(tuple(dices), left_out, added)


def error_in_words(pipeline: Pipeline, prices: Mapping[str, float] | None = None, named: Sequence[str] = ()) -> str:
    """What counts as a wrong answer, in words; with prices also what is missed and what a false alarm is."""
    parts = []
    for name, output in pipeline.task.outputs.items():
        kinds = _kinds(output, positives(name, output, named) or ()) if prices else ""
        parts.append(_error(name, output) + kinds)
    return "; ".join(parts)


def _names(
    output: Category, answer: AnsweredCategory, truth: str | float | None, positive: Sequence[str]
) -> tuple[Error, ...] | None:
    if output.exclusive:
        index = truth_index(truth, output)
        if index is None:
            return None
        return category_errors(str(answer.answer), output.names[index], positive)
    if truth is None or not isinstance(answer.answer, tuple):
        return None
    return labels_errors(answer.answer, {v.strip() for v in str(truth).split(";") if v.strip()}, positive)


def _quantity(output: Quantity, answer: AnsweredQuantity, truth: str | float | None) -> tuple[Error, ...] | None:
    if output.steps is None:
        if output.tolerance is None or not isinstance(truth, float):
            return None
        return number_errors(answer.value, truth, output.tolerance)
    index = truth_index(truth, output)
    return None if index is None or answer.step is None else grade_errors(answer.step, index, output.action)


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
        case Picture() if output.bound is not None:
            return (
                f"{name}: more samples than promised are off by more than {output.bound:g} {output.unit or ''}".rstrip()
            )
    return f"{name}: no bound"


def _kinds(output: Output, positive: Sequence[str]) -> str:
    """What is missed and what is a false alarm."""
    match output:
        case Category() if positive:
            named = " or ".join(positive)
            return f" (missed: {named} not named where it is; false: named where it is not)"
        case Quantity(steps=None) | Category():
            return ""
        case Quantity():
            return " (missed: the answer is too low; false: too high)"
        case Partition():
            return " (missed: more was left out than wrongly marked; false: otherwise)"
    return ""
