"""One photograph through the steps of a programme: packages answer, outlines are measured, everything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..core.errors import VesaleError
from ..core.image import Array, Source
from ..core.prediction import AnsweredPartition, Prediction
from ..core.programme import Condition, Outcome, Programme, Step
from ..core.screened import Cause, Photograph, StepDone, Why
from ..ops.measurements import MEASUREMENTS, Given, Mask
from ..render.composite import composite
from ..render.found import Drawn, draw_found
from .logbook import Logbook
from .opened import OpenedModel
from .programme_answers import copy_answer, kept_prediction
from .programme_opened import OpenedProgramme
from .programme_patients import Photo
from .programme_values import meets
from .publish import publish


@dataclass(slots=True)
class Sight:
    """What the steps of one photograph share while it is read: pixels and masks, dropped when it is done."""

    picture: Array | None = None
    """(channel, y, x)"""
    masks: dict[str, Mask] = field(default_factory=dict)
    """step.class and step.output.class -> (y, x)"""
    causes: list[Cause] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a patient is read: its folder, the log, and answers that were given beforehand."""

    folder: Path
    book: Logbook
    answers: Mapping[str, Path] = field(default_factory=dict)
    """Step -> folder of predictions that take the place of the package's."""
    subject: str | None = None


def read_photograph(photo: Photo, opened: OpenedProgramme, desk: Desk) -> tuple[Photograph, list[Cause]]:
    """Every step in order; what a step demands of the patient (`declined = "refer"`, ...) comes back beside."""
    sight = Sight()
    done: dict[str, StepDone] = {}
    for step in opened.programme.steps:
        done[step.name] = _step(step, done, photo, (opened, desk), sight)
    why = _unusable(opened.programme, done)
    side, measured = photo.laterality, False
    if side is None and opened.programme.sides.measured:
        name, _, fact = opened.programme.sides.measured.partition(".")
        told = done[name].measured
        side = told.facts.get(fact) if told is not None else None
        measured = side is not None
    drawn = _draw(photo.exam, done, sight, desk.folder)
    notes = (*photo.notes, *_passed_over(opened.programme, done))
    notes += tuple(n for s in done.values() if s.measured for n in s.measured.notes)
    stripped = tuple(_light(s) for s in done.values())
    found = Photograph(photo.exam, stripped, photo.view, side, measured, why is None, why, *drawn, notes)
    return found, sight.causes


def _step(
    step: Step, done: Mapping[str, StepDone], photo: Photo, how: tuple[OpenedProgramme, Desk], sight: Sight
) -> StepDone:
    opened, desk = how
    if step.never_trained:
        return StepDone(step.name, False, Why("programme.why.never_trained"))
    unmet = next((c for c in step.when if not meets(c, done)), None)
    if unmet is not None:
        first = opened.programme.step(unmet.step)
        key = "condition" if done[unmet.step].answered else "no_answer"
        key = "unless" if key == "condition" and unmet.unless else key
        wanted = " / ".join(unmet.answer or unmet.unless) or _bounds(unmet)
        return StepDone(step.name, False, Why(f"programme.why.{key}", {"step": _titled(first), "wanted": wanted}))
    if step.measure is not None:
        return _measure(step, photo, sight)
    if step.name not in opened.models:
        return StepDone(step.name, False, opened.absent[step.name])
    return _answer(step, photo, (opened.models[step.name], desk), sight)


def _titled(step: Step) -> str | Mapping[str, str]:
    return dict(step.title) or step.name


def _bounds(condition: Condition) -> str:
    low = "" if condition.at_least is None else f">= {condition.at_least:g}"
    high = "" if condition.below is None else f"< {condition.below:g}"
    return " ".join(part for part in (low, high) if part)


def _measure(step: Step, photo: Photo, sight: Sight) -> StepDone:
    masks = {role: sight.masks[name] for role, name in step.masks.items() if name in sight.masks}
    if sight.picture is None or not masks:
        return StepDone(step.name, False, Why("programme.why.nothing_outlined"))
    assert step.measure is not None
    try:
        found = MEASUREMENTS[step.measure](Given(sight.picture, masks, photo.laterality))
    except Exception as error:  # whatever outlines provoke in a measurement: the patient goes on, the cause is kept
        message = f"{type(error).__name__}: {str(error)[:200]}"
        return StepDone(step.name, False, Why("programme.why.failed", {"message": message}))
    return StepDone(step.name, True, measured=found)


def _answer(step: Step, photo: Photo, how: tuple[OpenedModel, Desk], sight: Sight) -> StepDone:
    model, desk = how
    where = f"{step.name}/{photo.exam}"
    try:
        sources = photo.opens(model.pipeline.task)
        prediction = _read(step, photo, how, sources, sight)
    except VesaleError as error:
        prediction = _failed(model, photo, desk, error.message, where)
    except MemoryError:
        prediction = _failed(model, photo, desk, "it needs more memory than there is", where)
    except Exception as error:  # whatever a file provokes in a library: the patient goes on, the cause is kept
        message = f"{photo.shown}: unexpected {type(error).__name__}: {str(error)[:200]}"
        prediction = _failed(model, photo, desk, message, where)
    _demand(step, prediction, photo.exam, sight)
    why = None
    if not prediction.outputs:
        texts = "; ".join(r.message for r in prediction.reasons)
        why = Why(f"programme.why.{prediction.status}", {"message": texts})
    path = f"{where}/prediction.json"
    return StepDone(step.name, True, why, dict(model.identity), prediction, path)


def _read(step: Step, photo: Photo, how: tuple[OpenedModel, Desk], sources: list[Source], sight: Sight) -> Prediction:
    """The package's answer, or the one that was given for it, written into the patient's folder."""
    model, desk = how
    if step.name in desk.answers:
        prediction = kept_prediction(desk.answers[step.name], photo.answers, model)
        copy_answer(desk.answers[step.name], photo.answers, desk.folder / step.name / photo.exam)
        if sight.picture is None:
            sight.picture = composite(sources[0].read())
    else:
        prediction, raw = model.predict_sources((photo.exam, desk.subject), [sources])
        prediction = publish(desk.folder / step.name / photo.exam, prediction, raw, sources[:1], desk.book)
        if sight.picture is None and raw.images:
            sight.picture = composite(raw.images[0])
    for name, answer in prediction.outputs.items():
        if isinstance(answer, AnsweredPartition):
            _keep_masks(step.name, name, answer, sight)
    return prediction


def _keep_masks(step: str, output: str, answer: AnsweredPartition, sight: Sight) -> None:
    labels = answer.labels[0].data
    if labels.ndim != 3:  # (channel, y, x): volumes are not drawn or measured by programmes yet
        return
    names = [(i, n) for i, n in enumerate(answer.names) if not (answer.exclusive and i == 0)]
    for i, name in names:
        mask = (labels[0] == i) if answer.exclusive else (labels[i] != 0)
        sight.masks[f"{step}.{output}.{name}"] = mask
        sight.masks.setdefault(f"{step}.{name}", mask)


def _failed(model: OpenedModel, photo: Photo, desk: Desk, message: str, where: str) -> Prediction:
    prediction = model.failed(photo.exam, desk.subject, message)
    return publish(desk.folder / where, prediction, None, [], desk.book)


def _demand(step: Step, prediction: Prediction, exam: str, sight: Sight) -> None:
    """What the step's outcome asks for the patient; a needed step without an answer is dealt with by usability."""
    outcomes: Mapping[str, Outcome] = {
        "declined": "go_on" if step.needed else step.declined,
        "failed": "go_on" if step.needed else step.failed,
        "referred": step.referred,
    }
    if outcomes.get(prediction.status) != "refer":
        return
    said = "; ".join(r.message for r in prediction.reasons)
    why = Why(f"programme.cause.step_{prediction.status}", {"step": _titled(step), "message": said})
    code = prediction.reasons[0].code if prediction.reasons else "uncertain"
    sight.causes.append(Cause(code, why, exam=exam))


def _passed_over(programme: Programme, done: Mapping[str, StepDone]) -> list[Why]:
    """A note for every package that declined and was gone on without."""
    told = []
    for step in programme.steps:
        prediction = done[step.name].prediction
        if prediction is not None and prediction.status == "declined" and not step.needed and step.declined == "go_on":
            said = "; ".join(r.message for r in prediction.reasons)
            told.append(Why("programme.note.passed_over", {"step": _titled(step), "message": said}))
    return told


def _unusable(programme: Programme, done: Mapping[str, StepDone]) -> Why | None:
    """Why the first needed step gave no answer; None when every one did."""
    for step in programme.steps:
        if step.needed and not done[step.name].answered:
            return done[step.name].why or Why("programme.why.nothing_outlined")
    return None


def _draw(
    exam: str, done: Mapping[str, StepDone], sight: Sight, folder: Path
) -> tuple[str | None, tuple[tuple[str, str, str], ...]]:
    """(file with everything that was found drawn on it, its legend)"""
    if sight.picture is None:
        return None, ()
    masks = [(name, mask) for name, mask in sight.masks.items() if name.count(".") == 1]
    points = [(n, at) for s in done.values() if s.measured for n, at in s.measured.points.items()]
    drawn: Drawn = draw_found(sight.picture, masks, points)
    path = folder / f"{exam}.png"
    path.write_bytes(drawn.png)
    (folder / f"{exam}.plain.png").write_bytes(drawn.plain)
    return path.name, drawn.legend


def _light(done: StepDone) -> StepDone:
    """Without pixels, which are on the disk now."""
    if done.prediction is None:
        return done
    outputs = {
        name: replace(a, labels=(), confidence=()) if isinstance(a, AnsweredPartition) else a
        for name, a in done.prediction.outputs.items()
    }
    return replace(done, prediction=replace(done.prediction, outputs=outputs))
