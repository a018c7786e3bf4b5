"""A programme's pages: one a patient (photographs, what was found, decision, why), and the worklist before them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.prediction import AnsweredCategory, AnsweredQuantity
from ..core.programme import Programme, Scale, Shown
from ..core.screened import Patient, Photograph, StepDone
from .documents import Summary
from .index_page import linked
from .page import page
from .programme_document import cause_lines, ordered, promise_words, sentence
from .programme_words import FACTS, NUMBERS, why_text, worded
from .words import clock, counted, decimal, integer, percent, say, short_percent

MODEL = (("model", "name"), ("version", "version"), ("digest", "digest"))
FIRST = {"right": 0, "left": 1}
"""The right eye stands on the left, as the patient is seen."""
Language = str


def patient_page(patient: Patient, programme: Programme, model: Mapping[str, str], language: Language = "en") -> str:
    """index.html of a patient's folder; every file it shows lies below that folder."""
    photographs = sorted(patient.photographs, key=lambda p: FIRST.get(p.laterality or "", 2))
    decision = patient.decision or "none"
    return page(
        "programme.html.j2",
        language,
        title=said(programme.title, programme.name, language),
        use=said(programme.intended_use, "", language),
        subject=patient.subject,
        decision=say(f"programme.decision.{decision}", language),
        place=patient.place,
        place_words=say(f"programme.place.{patient.place}", language),
        sentence=sentence(patient, programme, language),
        causes=cause_lines(patient, language),
        risk=_risk(patient, language),
        promise=_promise(patient, programme, language),
        asks=said(programme.asks, "", language),
        photographs=[_photograph(p, programme, language) for p in photographs],
        facts=_facts(patient, programme, language),
        missing=", ".join(patient.missing),
        steps=_steps(photographs, programme, language),
        notes=_notes(patient, photographs, language),
        model=[(say(f"label.{k}", language), model.get(key) or "") for k, key in MODEL],
    )


def worklist_page(
    summary: Summary,
    patients: Sequence[Patient],
    folders: Mapping[str, str],
    programme: Programme,
    language: Language = "en",
) -> str:
    """index.html of OUT: every patient, urgent first."""
    rows = [
        {
            "rank": integer(rank, language),
            "subject": p.subject,
            "page": linked(f"{folders[p.subject]}/index.html"),
            "place": p.place,
            "place_words": say(f"programme.place.{p.place}", language),
            "decision": say(f"programme.decision.{p.decision or 'none'}", language),
            "risk": "" if p.risk is None else percent(p.risk, 1, language),
            "sentence": sentence(p, programme, language),
        }
        for rank, p in enumerate(ordered(patients), start=1)
    ]
    count = {key: integer(sum(p.decision == value for p in patients), language) for key, value in _DECISIONS}
    return page(
        "worklist.html.j2",
        language,
        title=said(programme.title, programme.name, language),
        counts=say("programme.counts", language, patients=counted(len(patients), "patient", language), **count),
        use=said(programme.intended_use, "", language),
        asks=said(programme.asks, "", language),
        rows=rows,
        failures=summary.failures,
        facts=[
            *((say(f"label.{k}", language), summary.model.get(key) or "") for k, key in MODEL),
            (say("label.duration", language), clock(summary.seconds, language)),
            ("Vesale", summary.vesale),
        ],
    )


_DECISIONS = (("aside", "no_refer"), ("refer", "refer"), ("failed", None))


def patient_line(patient: Patient, programme: Programme, language: Language = "en") -> str:
    """One patient on one line of a terminal."""
    place = say(f"programme.place.{patient.place}", language)
    return f"{patient.subject}  {place}  {sentence(patient, programme, language)}"


def said(words: Mapping[str, str], otherwise: str, language: Language) -> str:
    """The programme's own words in that language, else in English, else what it is called."""
    return words.get(language) or words.get("en") or otherwise


def _risk(patient: Patient, language: Language) -> str:
    if patient.risk is not None and patient.threshold is not None:
        values = {"risk": percent(patient.risk, 1, language), "limit": percent(patient.threshold, 1, language)}
        return say("programme.risk.of", language, **values)
    if patient.risk is not None:
        return say("programme.risk.no_limit", language, risk=percent(patient.risk, 1, language))
    if patient.score is not None:
        return say("programme.risk.score", language, score=decimal(patient.score, 2, language))
    return say("programme.risk.unknown", language)


def _promise(patient: Patient, programme: Programme, language: Language) -> list[str]:
    if patient.promise is None:
        if patient.threshold is not None:
            return []
        return [say("programme.promise.none", language)]
    near = say("programme.promise.approximate", language) if patient.promise.approximate else ""
    n = integer(patient.promise.n_calibration, language)
    words = promise_words(patient, programme, language)
    return [words[:1].upper() + words[1:] + ".", say("programme.promise.on", language, n=n, approximate=near)]


def _photograph(photo: Photograph, programme: Programme, language: Language) -> dict[str, Any]:
    side = photo.laterality
    return {
        "exam": photo.exam,
        "view": photo.view,
        "side": worded(FACTS, side, language) if side else say("programme.unknown_eye", language),
        "told": photo.side_measured,
        "picture": linked(photo.picture) if photo.picture else None,
        "plain": linked(f"{photo.picture.removesuffix('.png')}.plain.png") if photo.picture else None,
        "usable": photo.usable,
        "why": "" if photo.why is None else why_text(photo.why, language),
        "answers": [a for shown in programme.shown if (a := _answer(shown, photo, programme, language))],
        "found": _found(photo, programme, language),
        "numbers": _numbers(photo, programme, language),
    }


def _answer(shown: Shown, photo: Photograph, programme: Programme, language: Language) -> dict[str, Any] | None:
    done = photo.step(shown.step)
    outputs = done.prediction.outputs if done is not None and done.prediction is not None else {}
    answer = outputs.get(shown.output) if shown.output else next(iter(outputs.values()), None)
    title = said(shown.title, shown.name, language)
    if isinstance(answer, AnsweredCategory):
        name = answer.answer if isinstance(answer.answer, str) else ", ".join(answer.answer or ())
        inside = ", ".join(answer.set) if answer.set else None
        return {"title": title, "value": name, "set": _set(inside, answer.level, language), "also": []}
    if not isinstance(answer, AnsweredQuantity):
        return None
    if answer.step is None or answer.steps is None:
        value = f"{decimal(answer.value, 3, language)} {answer.unit}".strip()
        span = None
        if answer.low is not None and answer.high is not None:
            span = f"{decimal(answer.low, 3, language)}-{decimal(answer.high, 3, language)}"
        return {"title": title, "value": value, "set": _set(span, answer.level, language), "also": []}
    scale = programme.scale(shown.scale)
    inside = None if answer.set is None else ", ".join(answer.steps[i] for i in answer.set)
    return {
        "title": title,
        "value": _step_words(scale, answer.step, answer.steps, language),
        "set": _set(inside, answer.level, language),
        "also": [_derived(s, answer.step, language) for s in programme.derived(shown.scale)],
    }


def _set(inside: str | None, level: float | None, language: Language) -> str:
    if inside is None or level is None:
        return say("programme.no_set", language)
    shown = say("programme.set.level", language, set=inside, level=short_percent(level, language))
    return f"{say('programme.set', language)}{say('colon', language)}{shown}"


def _step_words(scale: Scale | None, step: int, steps: Sequence[str], language: Language) -> str:
    titles = () if scale is None else scale.titles.get(language) or scale.titles.get("en") or ()
    if step >= len(titles):
        return steps[step]
    return say("programme.grade", language, step=steps[step], title=titles[step])


def _derived(scale: Scale, step: int, language: Language) -> str:
    to = f" {say('programme.or', language)} ".join(scale.steps[i] for i in scale.mapping[step])
    return f"{scale.name}{say('colon', language)}{to}"


def _found(photo: Photograph, programme: Programme, language: Language) -> list[dict[str, str]]:
    """Every outline and place with its colour and mark, and its count and area where they were measured."""
    counted_as = {m: (s.name, role) for s in programme.steps if s.measure == "regions" for role, m in s.masks.items()}
    rows = []
    for colour, name, mark in photo.legend:
        step, role = counted_as.get(name, ("", ""))
        done = photo.step(step) if step else None
        numbers = done.measured.numbers if done is not None and done.measured is not None else {}
        count, area = numbers.get(f"{role}.count"), numbers.get(f"{role}.permille")
        rows.append(
            {
                "colour": colour,
                "mark": mark,
                "name": worded(FACTS, name.split(".")[-1], language),
                "count": "" if count is None else integer(int(count), language),
                "area": "" if area is None else decimal(round(area, 3), 3, language),
                "absent": say("programme.none_found", language) if count == 0 else "",
            }
        )
    return rows


def _numbers(photo: Photograph, programme: Programme, language: Language) -> list[tuple[str, str]]:
    """Measured numbers and facts, but the counts, which stand beside their outlines."""
    rows = []
    for done in photo.steps:
        if done.measured is None or programme.step(done.name).measure == "regions":
            continue
        facts = {k: v for k, v in done.measured.facts.items() if k != "side"}
        rows += [(worded(FACTS, k, language), worded(FACTS, v, language)) for k, v in facts.items()]
        rows += [
            (worded(NUMBERS, name, language), decimal(value, 3, language))
            for name, value in done.measured.numbers.items()
            if value is not None
        ]
    return rows


def _facts(patient: Patient, programme: Programme, language: Language) -> list[tuple[str, str]]:
    rows = []
    for fact in programme.facts:
        value = patient.values.get(fact.column)
        text = say("unknown", language) if value is None else f"{decimal(value, 3, language)} {fact.unit}".strip()
        rows.append((said(fact.title, fact.column, language), text))
    return rows


def _steps(photographs: Sequence[Photograph], programme: Programme, language: Language) -> list[dict[str, Any]]:
    rows = []
    for step in programme.steps:
        cells = [_outcome(photo.step(step.name), language) for photo in photographs]
        models = [d.model for p in photographs if (d := p.step(step.name)) is not None and d.model]
        rows.append(
            {
                "title": said(step.title, step.name, language),
                "model": f"{models[0]['name']} {models[0]['version']}" if models else "",
                "cells": cells,
            }
        )
    return rows


def _outcome(done: StepDone | None, language: Language) -> dict[str, str]:
    if done is None:
        return {"text": "", "status": "", "link": ""}
    link = linked(done.path) if done.path else ""
    if done.why is not None:
        status = done.prediction.status if done.prediction is not None else ""
        return {"text": why_text(done.why, language), "status": status, "link": link}
    if done.prediction is not None:
        status = done.prediction.status
        return {"text": say(f"status.{status}", language), "status": status, "link": link}
    return {"text": say("programme.done", language), "status": "", "link": ""}


def _notes(patient: Patient, photographs: Sequence[Photograph], language: Language) -> list[str]:
    lines = [why_text(n, language) for n in patient.notes]
    for photo in photographs:
        lines += [f"{photo.exam}{say('colon', language)}{why_text(n, language)}" for n in photo.notes]
        said_by_files = (n for s in photo.steps if s.prediction is not None for n in s.prediction.notes)
        lines += [f"{photo.exam}{say('colon', language)}{n}" for n in dict.fromkeys(said_by_files)]
    return list(dict.fromkeys(lines))
