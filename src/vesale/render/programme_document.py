"""What a programme found of a patient as programme.json, and the worklist as CSV; pages are programme_page.py."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.prediction import AnsweredCategory
from ..core.programme import Programme
from ..core.screened import PLACES, Cause, Patient, Photograph, StepDone
from .documents import plain, prediction_document
from .programme_words import value_text, why_text
from .words import LANGUAGES, decimal, percent, say, short_percent

NAMES = ("no_refer", "refer")
"""Of the risk as a category."""
COLUMNS = ("rank", "subject", "order", "decision", "status", "risk", "score", "reasons", "sentence", "page")


def programme_document(patient: Patient, programme: Programme, model: Mapping[str, str]) -> dict[str, Any]:
    """vesale/programme/1 (INTERFACES: `vesale read PATIENTS --model PROGRAMME`)."""
    p = patient
    return {
        "schema": "vesale/programme/1",
        **plain(
            {
                "subject": p.subject,
                "status": p.status,
                "reasons": [_cause(c) for c in p.causes],
                "risk": _risk(p),
                "decision": p.decision,
                "promise": _promise(p, programme),
                "exams": [_photograph(photo) for photo in p.photographs],
                "sentence": {language: sentence(p, programme, language) for language in LANGUAGES},
                "order": p.place,
                "score": p.score,
                "threshold": p.threshold,
                "values": p.values,
                "facts": p.facts,
                "missing": p.missing,
                "notes": [why_text(n, "en") for n in p.notes],
                "programme": model,
            }
        ),
    }


def sentence(patient: Patient, programme: Programme, language: str) -> str:
    """Why, in one sentence."""
    if patient.decision == "no_refer" and patient.promise is not None and patient.threshold is not None:
        return say(
            "programme.sentence.no_refer",
            language,
            risk=percent(patient.risk or 0.0, 1, language),
            limit=percent(patient.threshold, 1, language),
            promise=promise_words(patient, programme, language),
        )
    causes = say("semicolon", language).join(cause_lines(_telling(patient), language)[:4])
    if patient.decision is None:
        return say("programme.sentence.failed", language, causes=causes)
    kind = {"retake": "again", "unsure": "unsure"}.get(patient.place, "refer")
    return say(f"programme.sentence.{kind}", language, causes=causes)


def _telling(patient: Patient) -> Patient:
    """With the causes that say something: where a rule was met, that the risk is high is no news."""
    found = any(c.code == "finding" for c in patient.causes)
    quiet = ("uncertain", "not_calibrated", "too_few_calibration") if found else ()
    return replace(patient, causes=tuple(c for c in patient.causes if c.code not in quiet))


def promise_words(patient: Patient, programme: Programme, language: str) -> str:
    """'at most 5 % are referable, with confidence 90 %'; empty without a promise."""
    if patient.promise is None:
        return ""
    alpha, confidence = (short_percent(v, language) for v in (patient.promise.alpha, 1 - patient.promise.delta))
    key = f"programme.promise.{programme.decision.promise}"
    return say(key, language, alpha=alpha, confidence=confidence)


def cause_lines(patient: Patient, language: str) -> list[str]:
    """Every cause in words, one finding of both eyes in one line, with the measured value beside its limit."""
    lines: dict[str, list[str]] = {}
    for cause in patient.causes:
        if cause.code == "finding":
            text, eye = (value_text(name, cause.why.values[name], language) for name in ("because", "eye"))
            lines.setdefault(text, []).append(eye)
        else:
            lines.setdefault(cause_line(cause, language), [])
    return [f"{text} ({', '.join(dict.fromkeys(eyes))})" if eyes else text for text, eyes in lines.items()]


def cause_line(cause: Cause, language: str) -> str:
    text = why_text(cause.why, language)
    if cause.value is None or cause.threshold is None or cause.code == "too_few_calibration":
        return text
    value, threshold = (decimal(round(v, 4), 3, language) for v in (cause.value, cause.threshold))
    return f"{text} ({say('reason.measured', language, value=value, threshold=threshold)})"


def ordered(patients: Sequence[Patient]) -> list[Patient]:
    """The worklist's order: by place, then the higher risk, then the name."""

    def key(p: Patient) -> tuple[int, float, str]:
        sure = p.risk if p.risk is not None else p.score if p.score is not None else 1.0
        return PLACES.index(p.place), -sure, p.subject

    return sorted(patients, key=key)


def worklist_csv(patients: Sequence[Patient], folders: Mapping[str, str], programme: Programme, language: str) -> str:
    """One line a patient, urgent first. A cell that a spreadsheet would run as a formula is kept from it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rank, p in enumerate(ordered(patients), start=1):
        numbers = ["" if v is None else f"{v:.4f}" for v in (p.risk, p.score)]
        codes = ";".join(dict.fromkeys(c.code for c in p.causes))
        row = [str(rank), p.subject, p.place, p.decision or "", p.status, *numbers, codes]
        writer.writerow([*map(_cell, row), _cell(sentence(p, programme, language)), f"{folders[p.subject]}/index.html"])
    return out.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t", "\r") or (text[:1] == "-" and len(text) > 1) else text


def _cause(cause: Cause) -> dict[str, Any]:
    names = ("code", "value", "threshold", "exam")
    return {"message": why_text(cause.why, "en"), **{name: getattr(cause, name) for name in names}}


def _risk(patient: Patient) -> dict[str, Any] | None:
    """The risk as an Output: a calibrated category of two names."""
    if patient.risk is None:
        return None
    named = dict(zip(NAMES, (1 - patient.risk, patient.risk), strict=True))
    answer = AnsweredCategory(True, patient.decision, named, True)
    return {
        "kind": answer.kind,
        "exclusive": True,
        "answer": answer.answer,
        "probabilities": named,
        "calibrated": True,
        "set": None,
        "level": None,
    }


def _promise(patient: Patient, programme: Programme) -> dict[str, Any] | None:
    p = patient.promise
    if p is None:
        return None
    names = ("alpha", "delta", "n_calibration", "unit", "error", "approximate", "confidence", "threshold")
    return {name: getattr(p, name) for name in names} | {"of": programme.decision.promise}


def _photograph(photo: Photograph) -> dict[str, Any]:
    return {
        "exam": photo.exam,
        "view": photo.view,
        "laterality": photo.laterality,
        "laterality_measured": photo.side_measured,
        "usable": photo.usable,
        "why": None if photo.why is None else why_text(photo.why, "en"),
        "steps": [_step(s) for s in photo.steps],
        "picture": photo.picture,
        "notes": [why_text(n, "en") for n in photo.notes],
    }


def _step(done: StepDone) -> dict[str, Any]:
    measured = done.measured
    return {
        "name": done.name,
        "model": done.model,
        "ran": done.ran,
        "why": None if done.why is None else why_text(done.why, "en"),
        "prediction": done.path,
        "status": None if done.prediction is None else done.prediction.status,
        "outputs": {} if done.prediction is None else prediction_document(done.prediction)["outputs"],
        "numbers": None if measured is None else measured.numbers,
        "facts": None if measured is None else measured.facts,
        "points": None if measured is None else measured.points,
    }
