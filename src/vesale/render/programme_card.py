"""The card of a calibrated programme: what a reader must know before trusting it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ProgrammeCard:
    name: str
    version: str
    intended_use: str
    asks: str
    """What a referable patient is."""
    cohort: Mapping[str, Any]
    """digest, subjects, exams, positive, imageable"""
    promise: str
    """In a sentence."""
    error: str
    steps: Mapping[str, Mapping[str, str]]
    """Step -> name, version, digest of its package."""
    limits: tuple[str, ...]
    measures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """referable -> metric -> Number: of the calibration patients, each judged by folds that left it out."""


def card_markdown(card: ProgrammeCard, digest: str) -> str:
    """card.md"""
    lines = [f"# {card.name} {card.version}", "", card.intended_use, "", f"Digest: `{digest}`", "", "## Looked for", ""]
    lines += [card.asks or "(not said)", "", "## Promise", "", card.promise, "", f"Wrong is: {card.error}.", ""]
    lines += ["## Packages", "", "| step | package | version | digest |", "| --- | --- | --- | --- |"]
    lines += [f"| {step} | {m['name']} | {m['version']} | `{m['digest']}` |" for step, m in card.steps.items()]
    lines += ["", "## Calibrated on", ""]
    lines += [f"- {name}: {value}" for name, value in card.cohort.items()]
    lines += [
        "",
        "## Measured, each patient by folds that left it out",
        "",
        "| metric | value | n |",
        "| --- | --- | --- |",
    ]
    lines += [_row(name, number) for numbers in card.measures.values() for name, number in numbers.items()]
    lines += ["", "## Limits", "", *(f"- {line}" for line in card.limits), ""]
    return "\n".join(lines)


def _row(name: str, number: Mapping[str, Any]) -> str:
    if number["value"] is None:
        return f"| {name} | not known ({number['method']}) | {number['n']} |"
    span = "" if number["low"] is None else f" [{number['low']:.3g}, {number['high']:.3g}]"
    return f"| {name} | {number['value']:.3g}{span} | {number['n']} |"
