"""What a step said, as the numbers and names that conditions, rules and the fusion of a programme ask for."""

import math
from collections.abc import Callable, Mapping, Sequence

from ..core.exam import Trait
from ..core.prediction import Answer, AnsweredCategory, AnsweredPartition, AnsweredQuantity
from ..core.programme import Condition, Fact, Feature, Programme
from ..core.screened import Photograph, StepDone
from ..trust.fuse import SCORE


def meets(condition: Condition, steps: Mapping[str, StepDone]) -> bool:
    """Whether an earlier step said so; one without an answer, or that output, only meets a bare `unless`."""
    done = steps.get(condition.step)
    if done is None or not done.answered:
        return (
            bool(condition.unless) and not condition.answer and condition.at_least is None and condition.below is None
        )
    if condition.unless and name_of(done, condition.output) in condition.unless:
        return False
    if condition.answer and name_of(done, condition.output) not in condition.answer:
        return False
    if condition.at_least is None and condition.below is None:
        return True
    value = number_of(done, condition.output)
    if value is None:
        return False
    return (condition.at_least is None or value >= condition.at_least) and (
        condition.below is None or value < condition.below
    )


def name_of(done: StepDone, output: str) -> str | None:
    """The name that was answered (a category, or the named step of a grade), or a fact that was measured."""
    if done.measured is not None:
        return done.measured.facts.get(output)
    answer = answer_of(done, output)
    if isinstance(answer, AnsweredCategory) and isinstance(answer.answer, str):
        return answer.answer
    if isinstance(answer, AnsweredQuantity) and answer.steps is not None and answer.step is not None:
        return answer.steps[answer.step]
    return None


def number_of(done: StepDone, output: str) -> float | None:
    """The step of a grade, the value of a quantity, or a measured number."""
    if done.measured is not None:
        return done.measured.numbers.get(output)
    answer = answer_of(done, output)
    if not isinstance(answer, AnsweredQuantity):
        return None
    return answer.value if answer.step is None else float(answer.step)


def answer_of(done: StepDone, output: str) -> Answer | None:
    """The output of that name; '' is the first."""
    if done.prediction is None or not done.prediction.outputs:
        return None
    return done.prediction.outputs.get(output) if output else next(iter(done.prediction.outputs.values()))


def taken(feature: Feature, photograph: Photograph) -> float | None:
    """One feature of one photograph; None where its step did not say it."""
    done = photograph.step(feature.step)
    if done is None or not done.answered:
        return None
    if done.measured is not None:
        return done.measured.numbers.get(feature.output)
    answer = answer_of(done, feature.output)
    match answer:
        case AnsweredQuantity() if feature.take == "probability":
            return _above(answer, feature.at or 0)
        case AnsweredQuantity():
            return number_of(done, feature.output)
        case AnsweredCategory():
            return answer.probabilities.get(feature.of)
        case AnsweredPartition():
            region = next((r for r in answer.regions if r.name == feature.of), None)
            value = None if region is None else region.count if feature.take == "count" else region.samples
            return None if value is None else float(value)
    return None


def _above(answer: AnsweredQuantity, at: int) -> float | None:
    return None if answer.probabilities is None else float(sum(answer.probabilities[at:]))


FUSE: Mapping[str, Callable[[Sequence[float]], float]] = {"max": max, "min": min, "mean": lambda v: sum(v) / len(v)}


def patient_values(
    programme: Programme, photographs: Sequence[Photograph], traits: Mapping[str, Trait]
) -> dict[str, float | None]:
    """Every feature over the usable photographs, every fact, and the plain score."""
    usable = [p for p in photographs if p.usable]
    values: dict[str, float | None] = {}
    scores = []
    for feature in programme.features:
        known = [v for p in usable if (v := taken(feature, p)) is not None]
        fused = float(FUSE[feature.fuse](known)) if known else None
        if feature.score and fused is not None:
            scores.append(fused)
        if feature.logarithm and fused is not None:
            fused = math.log1p(max(0.0, fused))
        values[feature.name] = fused
    values |= {fact.column: fact_of(fact, traits.get(fact.column)) for fact in programme.facts}
    values[SCORE] = max(scores) if scores else None
    return values


def fact_of(fact: Fact, cell: Trait) -> float | None:
    """The number in the table; None where it is missing, no number, or beyond what the fact can be."""
    try:
        value = float(cell) if cell is not None else None
    except ValueError:
        return None
    if value is None or value != value:
        return None
    inside = (fact.low is None or value >= fact.low) and (fact.high is None or value <= fact.high)
    return value if inside else None
