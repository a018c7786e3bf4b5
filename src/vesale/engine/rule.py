"""The refer rule of a model, from its answers on exams that it did not learn from."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ..core.exam import Cohort, Exam
from ..core.pipeline import Pipeline
from ..core.prediction import Answer, AnsweredPartition, AnsweredPicture
from ..core.recipe import Trust as Wanted
from ..core.task import Partition, Picture
from ..trust.prices import Error, levels, positives, price
from ..trust.refer import ReferRule, curve_of, fit_refer, would_do
from ..trust.state import Trust
from .answer import judged
from .gating import Learned, left_out
from .pictures import picture_errors
from .raw import Raw
from .samples import view_labels
from .wrong import Overlap, errors_of, overlap_of


def rule_of(
    again: Callable[[], Iterator[tuple[Exam, Raw]]],
    of: tuple[Cohort, Pipeline, Wanted],
    trust: Trust,
    learned: Learned | None = None,
) -> ReferRule | None:
    """The refer rule, or None when some output has no bound, or was not calibrated.

    `again` gives every calibration exam with its raw answers; `of` is their cohort, what is asked and what is wanted.
    Exams that the gate declines are never reported, so the rule is not fitted on them.
    """
    cohort, pipeline, wanted = of
    bare = replace(trust, refer=None)
    confidences, costs, subjects = [], [], []
    for exam, raw in again():
        said = judged(raw, pipeline, left_out(bare, learned, exam.subject) if learned else bare)
        if said.status == "declined":
            continue
        errors = [
            _errors(name, said.outputs[name], (exam, raw), (cohort, pipeline, wanted)) for name in pipeline.task.outputs
        ]
        known = [e for e in errors if e is not None]
        if len(known) == len(errors):
            confidences.append(min(max(said.confidence, 0.0), 1.0))
            costs.append(max(price(e, wanted.cost) for e in known))
            subjects.append(exam.subject)
    if not subjects:
        return None
    prices = levels(pipeline.task, wanted.cost, wanted.positive)
    rule = fit_refer(confidences, costs, subjects, wanted.alpha, wanted.delta, prices)
    calling = [n for name, o in pipeline.task.outputs.items() for n in positives(name, o, wanted.positive) or ()]
    priced = replace(rule, prices=dict(wanted.cost), positive=tuple(calling) if wanted.cost else ())
    fitted = (confidences, costs, subjects, rule, prices)
    return replace(priced, would_do=would_do(*fitted), curve=curve_of(*fitted))


def _errors(
    name: str, answer: Answer, of: tuple[Exam, Raw], asked: tuple[Cohort, Pipeline, Wanted]
) -> tuple[Error, ...] | None:
    """The errors of one output's answer; None when they cannot be known."""
    exam, raw = of
    cohort, pipeline, wanted = asked
    output, overlap = pipeline.task.outputs[name], Overlap()
    if isinstance(output, Partition) and isinstance(answer, AnsweredPartition):
        pairs = zip(exam.views, raw.images, strict=True)
        labels = [view_labels(cohort, view, output, image.grid.shape).astype(np.uint8) for view, image in pairs]
        overlap = overlap_of(answer, labels, output)
    if isinstance(output, Picture) and isinstance(answer, AnsweredPicture):
        return picture_errors(name, output, answer, (exam, cohort, wanted.level))
    return errors_of(output, answer, exam.truth.get(name), overlap, positives(name, output, wanted.positive) or ())
