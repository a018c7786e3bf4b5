"""Pictures as answers: from a network's maps to an AnsweredPicture, what its spread is worth, whether it is wrong."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..core.exam import Cohort, Exam
from ..core.grid import Grid
from ..core.image import Image, Step
from ..core.prediction import AnsweredPicture, Guarantee
from ..core.task import Picture
from ..trust.conform import needed
from ..trust.control import fit_spread, pixels_outside
from ..trust.prices import PLAIN, Error, picture_wrong
from ..trust.state import OutputTrust
from .raw import Floats, Raw
from .samples import view_picture


def answer_picture(output: Picture, name: str, raw: Raw, fitted: OutputTrust) -> tuple[AnsweredPicture, float]:
    """The answer, and as confidence the share of samples whose interval is no wider than the bound (0 without one)."""
    maps, stated = raw.maps[name], raw.spreads.get(name, ())
    step = Step("picture", (("spread", "none" if fitted.spread is None else f"{fitted.spread:.4g}"),))
    pictures = tuple(_image(raw, i, m, output, step) for i, m in enumerate(maps))
    halves = half_widths(maps, stated, fitted)
    spreads = tuple(_image(raw, i, h, output, step) for i, h in enumerate(halves))
    level = fitted.level if fitted.spread is not None else None
    answer = AnsweredPicture(output.channels, output.unit, pictures, spreads, output.low, output.high, level)
    sure = 0.0
    if level is not None and output.bound is not None:
        sure = float(np.mean([np.mean(h <= output.bound) for h in halves]))
    return replace(answer, guarantee=fitted.guarantee), sure


def half_widths(maps: Sequence[Floats], stated: Sequence[Floats], fitted: OutputTrust) -> list[Floats]:
    """Half the width of each sample's interval; what the network states where nothing was calibrated."""
    if fitted.spread is None:
        return [np.asarray(s, np.float32) for s in stated]
    spreads = stated or [np.ones_like(m) for m in maps]
    return [np.asarray(fitted.spread * s, np.float32) for s in spreads]


def picture_trust(
    name: str, output: Picture, again: Callable[[], Iterator[tuple[Exam, Raw]]], of: tuple[Cohort, float, bool]
) -> OutputTrust:
    """The scale at which 1 - level of a new exam's samples lie outside their intervals at most, on average over exams.

    `of`: (cohort, level, whether the answers are those of other networks than the one that will answer).
    """
    cohort, level, approximate = of
    outside, people = [], []
    for exam, raw in again():
        rows = [
            pixels_outside(said, truth, raw.spreads[name][i] if name in raw.spreads else 1.0)
            for i, (view, said) in enumerate(zip(exam.views, raw.maps.get(name, ()), strict=False))
            if (truth := view_picture(cohort, view, name, output)) is not None
        ]
        if rows:
            outside.append(np.mean(rows, axis=0))
            people.append(exam.subject)
    n, enough = len(set(people)), needed(1 - level)
    scale = fit_spread(np.stack(outside), 1 - level, people) if outside else None
    guarantee = Guarantee("picture", level, None, n, enough, scale is not None, approximate, "risk")
    if scale is None:
        note = f"Too few calibration exams for this promise; {enough} would do."
        return OutputTrust(n=n, guarantee=guarantee, note=note)
    return OutputTrust(level=level, spread=scale, n=n, guarantee=guarantee)


def picture_errors(
    name: str, output: Picture, answer: AnsweredPicture, of: tuple[Exam, Cohort, float]
) -> tuple[Error, ...] | None:
    """One plain error where more than 1 - level of a view's samples are off by more than the bound; None: not known."""
    exam, cohort, level = of
    if output.bound is None:
        return None
    truths = [view_picture(cohort, view, name, output) for view in exam.views]
    pairs = [(a.data, t) for a, t in zip(answer.pictures, truths, strict=True) if t is not None]
    if not pairs:
        return None
    return (PLAIN,) if any(picture_wrong(said, true, output.bound, level) for said, true in pairs) else ()


def _image(raw: Raw, view: int, data: Floats, output: Picture, step: Step) -> Image:
    """On the view's own grid; what was seen has none, so its scale is not known."""
    like = raw.images[view]
    grid = like.grid if like.kind != "signal" else Grid(data.shape[1:])
    return Image(np.asarray(data, np.float32), grid, "intensity", output.channels, like.provenance.then(step))
