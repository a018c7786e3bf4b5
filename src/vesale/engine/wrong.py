"""What counts as a wrong answer: each output's rule, in code and in words. What follows from it is rule.py."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.pipeline import Pipeline
from ..core.prediction import Answer, AnsweredCategory, AnsweredPartition, AnsweredQuantity
from ..core.task import Category, Output, Partition, Quantity
from .samples import IGNORED, truth_index


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
