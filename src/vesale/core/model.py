"""A trained model, as the rest of the product sees it: a recipe, a card and one method."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .exam import Exam
from .prediction import Prediction
from .recipe import Recipe


@dataclass(frozen=True, slots=True)
class Card:
    """What a reader must know before trusting a model; written by `study`, shown by every door."""

    name: str
    version: str
    digest: str
    """Of the weights and the pipeline; it is what every prediction's evidence names."""
    cohort: Mapping[str, Any]
    """digest, subjects, exams, split_by_subject"""
    intended_use: str
    licence: str = "unstated"
    use: str = "research"
    """any, non_commercial or research"""
    data: str = ""
    citation: str = ""
    modalities: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    measures: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    """output -> metric -> Number"""
    training: Mapping[str, Any] = field(default_factory=dict)
    """seconds, steps, machine, precision, threads, seed, parameters"""
    origin: Mapping[str, str] = field(default_factory=dict)
    """name, version, digest of the package that this one was commissioned from; empty: it was learned here"""
    commissioned: Mapping[str, Any] = field(default_factory=dict)
    """digest, subjects and exams of the site's cohort, and what was advised"""
    privacy: Mapping[str, Any] = field(default_factory=dict)
    """membership: {auc, sensitivity: Number}: how well an attack tells whom it was learned from; empty: not measured"""
    promises: Mapping[str, str] = field(default_factory=dict)
    """Output -> how it was calibrated and what is promised of its sets, intervals or masks, in a sentence."""


class Model(Protocol):
    """An opened package. Opening and reading need no torch."""

    @property
    def recipe(self) -> Recipe: ...

    @property
    def card(self) -> Card: ...

    def predict(self, exam: Exam) -> Prediction: ...
