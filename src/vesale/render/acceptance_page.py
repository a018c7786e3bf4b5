"""An acceptance as acceptance.json and as a page to be printed and signed."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..core.acceptance import FEW, Acceptance, Side
from ..core.report import Measure
from .documents import number, plain, timestamp
from .page import page
from .words import clock, counted, decimal, integer, metric_name, say, short_percent, shown

View = dict[str, Any]


def acceptance_document(found: Acceptance) -> View:
    """vesale/acceptance/1: everything that the page shows, with `signature` left for a person."""
    return {
        "schema": "vesale/acceptance/1",
        "command": found.command,
        "created": timestamp(found.created),
        "origin": dict(found.origin),
        "model": dict(found.model),
        "cohort": {**found.cohort, "excluded": [{"exam": e, "reason": r} for e, r in found.excluded]},
        "margin": found.margin,
        "stated": _numbers(found.stated),
        "delivered": _side(found.delivered),
        "commissioned": _side(found.commissioned),
        "compared": [
            {"output": c.output, "metric": c.metric, "difference": number(c.difference), "verdict": c.verdict}
            for c in found.compared
        ],
        "pictures": [asdict(moved) for moved in found.pictures],
        "gate_moved": found.gate_moved,
        "promise": plain(asdict(found.promise)) if found.promise else None,
        "advice": found.advice,
        "wanted_exams": found.wanted_exams,
        "signature": {"decision": None, "conditions": None, "name": None, "function": None, "date": None},
        "seconds": round(found.seconds, 3),
    }


def acceptance_page(found: Acceptance, language: str = "en") -> str:
    """The advice first, then the three columns of numbers, what the pictures show, and where to sign."""
    return page(
        "acceptance.html.j2",
        language,
        title=say("accept.title", language, model=found.origin["name"]),
        advice=_advice(found, language),
        promise=_promise(found, language),
        facts=_facts(found, language),
        tables=[(output, _rows(found, output, language)) for output in found.delivered.measures],
        conduct=_conduct(found, language),
        pictures=_pictures(found, language),
        margin=short_percent(found.margin, language),
        moved=_moved(found, language),
        excluded=found.excluded,
        command=found.command,
    )


def acceptance_lines(found: Acceptance, language: str = "en") -> list[str]:
    """The same for a terminal: the advice, the promise, and what is worse."""
    worse = [c for c in found.compared if c.verdict == "worse"]
    told = [f"{c.output}: {metric_name(c.metric, language)}: {_cell(c.difference, language)}" for c in worse]
    return [*_advice(found, language), _promise(found, language), *told, _moved(found, language)]


def _numbers(measures: Mapping[str, Mapping[str, Measure]]) -> View:
    return {output: {name: number(m) for name, m in metrics.items()} for output, metrics in measures.items()}


def _side(side: Side) -> View:
    alone = side.refer
    return {
        "measures": _numbers(side.measures),
        "calibration": {o: {"ece": number(c.ece), "brier": number(c.brier)} for o, c in side.calibration.items()},
        "coverage": {output: number(m) for output, m in side.coverage.items()},
        "rates": {name: number(m) for name, m in side.rates.items()},
        "refer": alone
        and {
            "alpha": alone.alpha,
            "delta": alone.delta,
            "share_reported": number(alone.share_reported),
            "error_reported": number(alone.error_reported),
        },
    }


def _advice(found: Acceptance, language: str) -> list[str]:
    n = counted(found.cohort["subjects"], "subject", language)
    told = [say(f"accept.advice.{found.advice}", language, n=n, few=FEW)]
    if found.wanted_exams:
        told.append(say("accept.more", language, n=counted(found.wanted_exams, "exam", language)))
    return told


def _promise(found: Acceptance, language: str) -> str:
    rule = found.promise
    if rule is None:
        return say("accept.promise.unbound", language)
    if rule.threshold is None:
        return say("accept.promise.none", language)
    return say(
        "accept.promise.kept",
        language,
        alpha=short_percent(rule.alpha, language),
        confidence=short_percent(1 - rule.delta, language),
        n=counted(rule.n, "subject", language),
    )


def _facts(found: Acceptance, language: str) -> list[tuple[str, str]]:
    named = [(key, found.origin if key == "origin" else found.model) for key in ("origin", "local")]
    packages = [
        (say(f"accept.{key}", language), f"{m.get('name')} {m.get('version')} {m.get('digest')}") for key, m in named
    ]
    return [
        *packages,
        (say("label.subjects", language), integer(found.cohort["subjects"], language)),
        (say("label.exams", language), integer(found.cohort["exams"], language)),
        (say("label.digest", language), str(found.cohort["digest"])),
        (say("label.started", language), timestamp(found.created)),
        (say("label.duration", language), clock(found.seconds, language)),
    ]


def _rows(found: Acceptance, output: str, language: str) -> list[View]:
    compared = {c.metric: c for c in found.compared if c.output == output}
    rows = []
    for name, here in found.delivered.measures[output].items():
        one = compared.get(name)
        after = found.commissioned.measures.get(output, {}).get(name)
        rows.append(
            {
                "name": metric_name(name, language),
                "cells": [
                    _cell(m, language)
                    for m in (one.stated if one else None, here, after, one.difference if one else None)
                ],
                "verdict": say(f"accept.verdict.{one.verdict}", language) if one else "",
                "bad": bool(one and one.verdict == "worse"),
            }
        )
    return rows


def _conduct(found: Acceptance, language: str) -> list[View]:
    """Declined, referred, answered alone and wrong of these; calibration: both packages on the exams of the site."""
    sides = (found.delivered, found.commissioned)
    rows: list[tuple[str, list[Measure | None]]] = [
        (metric_name(n, language), [s.rates[n] for s in sides]) for n in ("declined", "referred")
    ]
    for name in ("share_reported", "error_reported"):
        rows.append((metric_name(name, language), [getattr(s.refer, name) if s.refer else None for s in sides]))
    for output in found.delivered.calibration:
        for name in ("ece", "brier"):
            held = [s.calibration.get(output) for s in sides]
            cells = [getattr(c, name) if c else None for c in held]
            rows.append((f"{output}: {metric_name(name, language)}", cells))
    return [{"name": name, "cells": [_cell(m, language) for m in cells]} for name, cells in rows]


def _pictures(found: Acceptance, language: str) -> list[tuple[str, str, str]]:
    """Of each property its statistic that has moved farthest: (property, statistic, shift)."""
    rows: dict[str, tuple[str, str, str]] = {}
    for moved in found.pictures:
        family, _, what = moved.what.partition(".")
        shift = decimal(moved.shift, 2, language)
        rows.setdefault(family, (say(f"accept.property.{family}", language), what.replace("_", " "), shift))
    return list(rows.values())


def _cell(measure: Measure | None, language: str) -> str:
    return say("unknown", language) if measure is None or measure.value is None else shown(measure, language)


def _moved(found: Acceptance, language: str) -> str:
    if not found.pictures:
        return say("accept.pictures.none", language)
    return say("accept.pictures.moved" if found.gate_moved else "accept.pictures.same", language)
