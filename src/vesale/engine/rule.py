"""The refer rule of a model, from its answers on exams that it did not learn from."""

from collections.abc import Callable, Iterator

import numpy as np

from ..core.exam import Cohort, Exam
from ..core.pipeline import Pipeline
from ..core.prediction import AnsweredPartition
from ..core.recipe import Trust as Wanted
from ..core.task import Partition
from ..trust.refer import ReferRule, fit_refer
from ..trust.state import Trust
from .answer import answers
from .raw import Raw
from .samples import view_labels
from .wrong import exam_dices, is_wrong


def rule_of(
    again: Callable[[], Iterator[tuple[Exam, Raw]]], of: tuple[Cohort, Pipeline, Wanted], trust: Trust
) -> ReferRule | None:
    """The refer rule, or None when some output has no bound, or was not calibrated.

    `again` gives every calibration exam with its raw answers; `of` is their cohort, what is asked and what is wanted.
    """
    cohort, pipeline, wanted = of
    confidences, wrongs, subjects = [], [], []
    for exam, raw in again():
        said, confidence = answers(raw, pipeline, trust)
        verdicts = []
        for name, output in pipeline.task.outputs.items():
            answer, dices = said[name], []
            if isinstance(output, Partition) and isinstance(answer, AnsweredPartition):
                pairs = zip(exam.views, raw.images, strict=True)
                labels = [view_labels(cohort, v, output, i.grid.shape).astype(np.uint8) for v, i in pairs]
                dices = exam_dices(answer, labels, output)
            verdicts.append(is_wrong(output, answer, exam.truth.get(name), dices))
        known = [v for v in verdicts if v is not None]
        if len(known) == len(verdicts):
            confidences.append(min(max(confidence, 0.0), 1.0))
            wrongs.append(any(known))
            subjects.append(exam.subject)
    if not subjects:
        return None
    return fit_refer(np.array(confidences), np.array(wrongs), subjects, wanted.alpha, wanted.delta)
