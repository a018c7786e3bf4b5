"""A model's card as Markdown (card.md), for people; the same in JSON is in `documents`."""

import re
from collections.abc import Mapping
from typing import Any

from ..core.model import Card
from ..core.report import Measure
from .documents import measure
from .privacy_section import privacy_sentences
from .words import clock, counted, integer, listed, metric_name, say, shown, unknown

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|!&])")


def card_markdown(card: Card, facts: Mapping[str, str] | None = None, language: str = "en") -> str:
    """What a reader must know before trusting a model. `facts`: name -> plain text (refer rule, gate, outputs).

    Text from users is escaped, so that a class name is never markup.
    """
    title = f"# {_escaped(card.name)} {_escaped(card.version)}"
    about = [
        (say("label.digest", language), f"`{_code(card.digest)}`"),
        (say("label.modalities", language), _escaped(listed(card.modalities)) or say("use.any", language)),
        (say("label.licence", language), _escaped(card.licence)),
        (say("label.use", language), say(f"use.{card.use}", language)),
        (say("label.data", language), _escaped(card.data) or say("unknown", language)),
        (say("label.citation", language), _escaped(card.citation) or say("unknown", language)),
    ]
    rules = [(_escaped(name), _escaped(text)) for name, text in (facts or {}).items()]
    promises = [(_escaped(name), _escaped(text)) for name, text in card.promises.items()]
    parts = [
        title,
        say("report.aid", language),
        _section("report.intended", _escaped(card.intended_use) or say("unknown", language), language),
        _section("report.limits", _items([_escaped(x) for x in card.limits], language), language),
        _section("card.measured", _measures(card, language), language),
        *([_section("calibration.promise", _pairs(promises, language), language)] if promises else []),
        *([_section("card.rules", _pairs(rules, language), language)] if rules else []),
        *(
            [_section("privacy.title", _items(privacy_sentences(card.privacy, language), language), language)]
            if card.privacy
            else []
        ),
        _section("card.trained_on", _pairs(_cohort(card.cohort, language), language), language),
        _section("card.how", _pairs(_training(card.training, language), language), language),
        _section("label.model", _pairs(about, language), language),
    ]
    return "\n\n".join(parts) + "\n"


def _section(key: str, body: str, language: str) -> str:
    return f"## {say(key, language)}\n\n{body}"


def _items(lines: list[str], language: str) -> str:
    return "\n".join(f"- {line}" for line in lines) or say("unknown", language)


def _pairs(pairs: list[tuple[str, str]], language: str) -> str:
    return _items([f"{name}{say('colon', language)}{value}" for name, value in pairs], language)


def _measures(card: Card, language: str) -> str:
    heads = [say(f"label.{key}", language) for key in ("output", "measure", "value", "method")]
    rows = []
    for output, metrics in card.measures.items():
        for name, value in metrics.items():
            m = value if isinstance(value, Measure) else measure(name, value)
            row = (output, metric_name(name, language), shown(m, language), m.method or say("unknown", language))
            rows.append("| " + " | ".join(_cell(text) for text in row) + " |")
    if not rows:
        return unknown(say("report.no_measure", language), language)
    return "\n".join([f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|", *rows])


def _cohort(cohort: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    by_subject = cohort.get("split_by_subject")
    truth = say("unknown", language) if by_subject is None else say("yes" if by_subject else "no", language)
    return [
        (say("label.exams", language), counted(cohort.get("exams"), "exam", language)),
        (say("label.subjects", language), counted(cohort.get("subjects"), "subject", language)),
        (say("label.split_by_subject", language), truth),
        (say("label.digest", language), _escaped(str(cohort.get("digest") or say("unknown", language)))),
    ]


def _training(training: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Every fact under its own name, spaced; seconds as a clock."""
    rows = []
    for key, value in training.items():
        match value:
            case None:
                text = say("unknown", language)
            case int() | float() if key == "seconds":
                text = clock(float(value), language)
            case bool():
                text = say("yes" if value else "no", language)
            case int():
                text = integer(value, language)
            case _:
                text = _escaped(str(value))
        name = say("label.duration", language) if key == "seconds" else _escaped(key.replace("_", " "))
        rows.append((name, text))
    return rows


def _cell(text: str) -> str:
    """Brackets of an interval are no link: only what would break the table or begin a tag is escaped."""
    return re.sub(r"([\\`*_|<&])", r"\\\1", " ".join(text.split()))


def _escaped(text: str) -> str:
    """On one line, with nothing in it that Markdown or HTML would read as markup."""
    return _MARKS.sub(r"\\\1", " ".join(text.split(" "))).replace("\n", " ")


def _code(text: str) -> str:
    return text.replace("`", "'")
