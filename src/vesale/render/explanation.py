"""Explanations in words and as the documents that others rely on; the picture of a map is drawn in `attribution.py`."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.explanation import ALIKE, Aim, Explanation, Faithfulness, Neighbour, Structure
from ..core.prediction import Prediction
from ..core.report import Measure
from .documents import Document, plain
from .index_page import MapShown
from .words import DASH, NO_BREAK, counted, decimal, integer, percent, say

CHECKS = ("deletion", "insertion", "randomised_weights")


def explanation_document(
    prediction: Prediction,
    explanations: Sequence[Explanation],
    files: Mapping[str, Sequence[str]],
    neighbours: Sequence[Neighbour] = (),
    notes: Sequence[str] = (),
) -> Document:
    """vesale/explanation/1 of one exam; the first of the explanations leads, each method stands in `methods`.

    `files`: method -> its files, relative to the document. Without an explanation (nothing was answered) the method is
    null and `reasons` say why.
    """
    first = explanations[0] if explanations else None
    each = [_method(e, files[e.method]) for e in explanations]
    lead = each[0] if each else {"method": None, "files": [], "faithfulness": None, "passed": False, "failed": []}
    content = {
        "exam": prediction.exam,
        "subject": prediction.subject,
        "status": prediction.status,
        "reasons": [{"code": r.code, "message": r.message} for r in prediction.reasons],
        "target": None if first is None else _aim(first.aim),
        **lead,
        "neighbours": [{"exam": n.exam, "distance": n.distance, "nearer": n.nearer} for n in neighbours],
        "methods": each,
        "model": dict(prediction.evidence.model),
        "vesale": prediction.evidence.vesale,
        "notes": list(notes),
    }
    return {"schema": "vesale/explanation/1", **plain(content)}


def summary_document(documents: Sequence[Document], model: Mapping[str, str]) -> Document:
    """vesale/explanation-summary/1 of a folder: of each method how many exams it explained, and how many passed.

    It names no exam, so that it can stand in a dossier.
    """
    methods: dict[str, dict[str, int]] = {}
    for document in documents:
        for one in document["methods"]:
            counts = methods.setdefault(str(one["method"]), {"explained": 0, "passed": 0})
            counts["explained"] += 1
            counts["passed"] += bool(one["passed"])
    return {"schema": "vesale/explanation-summary/1", "model": dict(model), "exams": len(documents), "methods": methods}


def evidence_of(explanation: Explanation, file: str) -> Document:
    """What prediction.json says of it: INTERFACES' `evidence.explanation`."""
    f = explanation.faithfulness
    content = {
        "method": explanation.method,
        "file": file,
        "faithfulness": f.weaker,
        "passed": f.passed,
        "failed": f.failed,
        "target": _aim(explanation.aim),
        "deletion": f.deletion,
        "insertion": f.insertion,
        "randomised_weights": f.randomised_weights,
    }
    document: Document = plain(content)
    return document


def aim_line(aim: Aim, language: str = "en") -> str:
    """What is explained, in one sentence."""
    value, faded = decimal(aim.value, 3, language), decimal(aim.faded, 3, language)
    unit = unit_text(aim, language)
    if aim.region is not None:
        samples = counted(aim.samples, "pixel", language)
        region = say(f"explain.region.{aim.region}", language)
        return say("explain.aim.region", language, name=aim.name, output=aim.output, unit=unit, samples=samples,
                   region=region, value=value, faded=faded)  # fmt: skip
    if aim.name is not None:
        return say("explain.aim.class", language, name=aim.name, output=aim.output, unit=unit, value=value, faded=faded)
    beside = f" ({unit})" if unit else ""
    return say("explain.aim.number", language, output=aim.output, unit=beside, value=value, faded=faded)


def unit_text(aim: Aim, language: str = "en") -> str:
    return say("explain.log_odds", language) if aim.unit == "log-odds" else aim.unit


def verdict_line(faithfulness: Faithfulness, language: str = "en") -> str:
    """Whether a map may be taken as a reason, and if not why."""
    return _verdict(faithfulness.failed, faithfulness.randomised_weights.value is None, language)


def check_rows(faithfulness: Faithfulness, language: str = "en") -> list[tuple[str, str, bool]]:
    """(name, number with its interval and n, passed) of each check."""
    rows = []
    for name in CHECKS:
        measure: Measure = getattr(faithfulness, name)
        rows.append(
            (say(f"explain.measure.{name}", language), _shown(measure, language), name not in faithfulness.failed)
        )
    return rows


def checks_help(language: str = "en") -> str:
    return say("explain.measure.help", language, alike=decimal(ALIKE, 2, language))


def structure_line(structure: Structure, language: str = "en") -> str:
    """'tumour: 3 separate regions, the largest 12.3 mm², upper left of the picture; they hold 64 % of the ...'"""
    if structure.count == 0:
        return say("explain.found.none", language, name=structure.name)
    many = structure.count > 1
    line = say(
        f"explain.found.{'many' if many else 'one'}",
        language,
        name=structure.name,
        count=integer(structure.count, language),
        size=say(f"explain.found.size{'' if many else '.one'}", language, size=_size(structure, language)),
        place=_place(structure, language),
    )
    if structure.share is None:
        return f"{line}."
    key = f"explain.found.share.{'many' if many else 'one'}"
    return f"{line}{say(key, language, share=percent(structure.share, 0, language))}."


def neighbour_line(neighbour: Neighbour, language: str = "en") -> str:
    distance, nearer = decimal(neighbour.distance, 3, language), percent(neighbour.nearer, 0, language)
    return say("explain.like.line", language, exam=neighbour.exam, distance=distance, nearer=nearer)


def _verdict(failed: Sequence[str], untried: bool, language: str) -> str:
    if not failed:
        return say("explain.passed", language)
    keys = ["not_tried" if untried and name == "randomised_weights" else name for name in failed]
    why = say("semicolon", language).join(say(f"explain.failed.{key}", language) for key in keys)
    return say("explain.failed", language, why=why)


def _method(explanation: Explanation, files: Sequence[str]) -> Document:
    f = explanation.faithfulness
    return {
        "method": explanation.method,
        "files": list(files),
        "faithfulness": {name: getattr(f, name) for name in CHECKS},
        "passed": f.passed,
        "failed": list(f.failed),
        "slices": [None if s is None else [z + 1 for z in s] for s in explanation.slices],
        "structures": [_structure(s) for s in explanation.structures],
    }


def _aim(aim: Aim) -> Document:
    names = ("output", "name", "unit", "value", "faded", "region", "samples")
    return {name: getattr(aim, name) for name in names}


def _structure(structure: Structure) -> Document:
    names = ("name", "count", "samples", "area_mm2", "volume_mm3", "place", "slices", "share")
    return {name: getattr(structure, name) for name in names}


def _shown(measure: Measure, language: str) -> str:
    if measure.value is None:
        return say("unknown.why", language, why=measure.method)
    n = counted(measure.n, measure.n_of, language)
    span = say("interval.unknown", language)
    if measure.low is not None and measure.high is not None:
        span = f"{_two(measure.low, language)} {DASH} {_two(measure.high, language)}"
    return f"{_two(measure.value, language)} [{span}; n{NO_BREAK}={NO_BREAK}{n}]"


def _two(value: float, language: str) -> str:
    text = f"{value:.2f}".replace("-", "\u2212")
    return text.replace(".", ",") if language == "fr" else text


def _size(structure: Structure, language: str) -> str:
    for value, unit in ((structure.area_mm2, "mm²"), (structure.volume_mm3, "mm³")):
        if value is not None:
            return f"{decimal(value, 3, language)}{NO_BREAK}{unit}"
    return counted(structure.samples, "pixel", language)


def _place(structure: Structure, language: str) -> str:
    if structure.place is not None:
        place = say(f"explain.place.{'.'.join(structure.place)}", language)
        return say("explain.found.place", language, place=place)
    if structure.slices is None:
        return ""
    first, last = (integer(z, language) for z in structure.slices)
    key = "explain.found.slice" if first == last else "explain.found.slices"
    return say(key, language, first=first, last=last)


def map_of(prediction: Prediction, language: str = "en") -> MapShown | None:
    """What the page of a reading shows of the reasons that were asked for."""
    said = prediction.evidence.explanation
    if said is None or said.get("method") is None:
        return None
    picture = f"{prediction.exam}/{said['file']}"
    untried = said["randomised_weights"]["value"] is None
    return MapShown(picture, bool(said["passed"]), _verdict(said["failed"], untried, language))


def in_words(explanation: Explanation, language: str = "en") -> dict[str, Any]:
    """Everything that a page says of one explanation."""
    method = explanation.method
    return {
        "method": say(f"explain.method.{method}", language),
        "help": say(f"explain.help.{method}", language),
        "passed": explanation.faithfulness.passed,
        "verdict": verdict_line(explanation.faithfulness, language),
        "checks": check_rows(explanation.faithfulness, language),
        "structures": [structure_line(s, language) for s in explanation.structures],
    }
