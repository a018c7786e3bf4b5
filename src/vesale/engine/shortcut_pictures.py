"""How findings that name no exam are drawn: exams of each class with the place outlined, or the cue class by class."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from ..core.exam import Cohort, Exam
from ..core.report import Finding
from ..render.cue_chart import cue_chart
from ..trust.probes import Cell, Question, questions
from ..trust.shortcuts import Evidence, cues_of
from .finding_pictures import Box, Drawing, Picture, Shown, row_of
from .looking import Inspected, Key
from .suspicions import kept_of

EACH = 2
"""Exams of a class beside each other."""
SHARE = 0.25
"""Of the exams, at each end, that stand for a quantity's low and high values."""


def shortcut_drawings(
    findings: Sequence[Finding], cohort: Cohort, looks: Mapping[Key, Inspected], name: str, language: str = "en"
) -> dict[str, Drawing]:
    """Finding's id -> its drawing, of those with places or a cue; `name`: of `suspicions.keep` among what was asked."""
    wanted = [f for f in findings if not f.exams and (f.boxes or f.cue)]
    exams, kept = kept_of(cohort, looks, name) if wanted else ([], [])
    if not exams:
        return {}
    cues = cues_of(Evidence(exams, [k.facts for k in kept], [k.traces for k in kept]))
    drawings: dict[str, Drawing] = {}
    for finding in wanted:
        sides = _sides(exams, finding.asked)
        if finding.boxes:
            drawings[finding.id] = partial(_places, cohort, sides, finding.boxes)
        elif finding.cue in cues:
            values = dict(zip((exam.id for exam in exams), cues[finding.cue], strict=True))
            drawings[finding.id] = partial(_chart, sides, values, finding.cue, language)
    return drawings


def _sides(exams: Sequence[Exam], asked: tuple[str, str | None] | None) -> dict[str, list[Exam]]:
    """Class, as it is named -> its exams: with and without a value, each value of two, or a quantity's two ends."""
    if asked is None:
        return {"": list(exams)}
    column, value = asked
    cells = [exam.truth.get(column) for exam in exams]
    question = next((q for q in questions(column, cells) if q.value == value), None)
    if question is None:
        return {"": list(exams)}
    names = _names(column, cells, question)
    low, high = (0.5, 0.5) if value is not None else (SHARE, 1 - SHARE)
    return {
        names[0]: [e for e, t in zip(exams, question.target, strict=True) if t <= low and t < 1],
        names[1]: [e for e, t in zip(exams, question.target, strict=True) if t >= high and t > 0],
    }


def _names(column: str, cells: Sequence[Cell], question: Question) -> tuple[str, str]:
    if question.value is None:
        known = np.array([c for c in cells if isinstance(c, float)])
        low, high = np.quantile(known, [SHARE, 1 - SHARE])
        return f"{column} \u2264 {low:g}", f"{column} \u2265 {high:g}"
    texts = {f"{c:g}" if isinstance(c, float) else c for c in cells if c is not None}
    other = texts - {question.value}
    return (f"{column} = {other.pop()}" if len(other) == 1 else f"{column} \u2260 {question.value}"), (
        f"{column} = {question.value}"
    )


def _places(cohort: Cohort, sides: Mapping[str, Sequence[Exam]], boxes: Sequence[Box]) -> Picture | None:
    each = EACH if len(sides) > 1 else 2 * EACH
    shown = [Shown(cohort, exam) for exams in sides.values() for exam in _apart(exams, each)]
    return row_of(shown, boxes)


def _apart(exams: Sequence[Exam], n: int) -> list[Exam]:
    """Of different subjects, evenly spread over the cohort."""
    first = list({exam.subject: exam for exam in reversed(exams)}.values())[::-1]
    return [first[int((i + 0.5) * len(first) / n)] for i in range(n)] if len(first) > n else first


def _chart(sides: Mapping[str, Sequence[Exam]], values: Mapping[str, Cell], cue: str, language: str) -> Picture | None:
    groups = {name: [v for exam in exams if (v := values[exam.id]) is not None] for name, exams in sides.items()}
    return cue_chart(groups, cue, language) if any(groups.values()) else None
