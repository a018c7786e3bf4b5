"""A programme as data: packages and measurements in order, conditions, fusion, decision. What runs it is in engine/.

One photograph goes through the steps; a patient is all photographs of one subject; the decision is the patient's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .decode import decode, read_toml
from .errors import RecipeError

Outcome = Literal["go_on", "refer"]
Urgency = Literal["urgent", "soon", "routine"]
Take = Literal["value", "step", "probability", "count", "samples"]
Words = Mapping[str, str]
"""Language (en, fr) -> text."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What an earlier step of the same photograph must have said; a step that gave no answer meets only `unless`."""

    step: str
    output: str = ""
    """Which of the step's outputs or numbers; empty: its first."""
    answer: tuple[str, ...] = ()
    """One of these names was answered."""
    unless: tuple[str, ...] = ()
    """None of these names was answered; a step without an answer, as one that declined another camera's photograph,
    has not."""
    at_least: float | None = None
    """The grade's step, or the number, is this or more."""
    below: float | None = None
    """The grade's step, or the number, is less than this."""

    def __post_init__(self) -> None:
        if not self.answer and not self.unless and self.at_least is None and self.below is None:
            raise RecipeError(f"a condition on {self.step} asks nothing: give answer, unless, at_least or below")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done with a photograph: a package reads it, or something is measured on earlier answers."""

    name: str
    model: str | None = None
    """A package: a name of the zoo, or a path (relative to the programme's file)."""
    measure: str | None = None
    """A measurement of the table in ops/measurements.py."""
    masks: Mapping[str, str] = field(default_factory=dict)
    """For a measurement: what it calls a mask -> 'step.class' (or 'step.output.class') of an outline found before."""
    when: tuple[Condition, ...] = ()
    """All must hold, or the step is not run."""
    needed: bool = False
    """A photograph without this step's answer is not usable."""
    declined: Outcome = "go_on"
    """What follows when the package declines the photograph and the step is not needed."""
    failed: Outcome = "go_on"
    referred: Outcome = "go_on"
    """What follows when the package by itself would ask a reader; its answer is kept either way."""
    never_trained: bool = False
    """A place for a finding that no package at hand was ever trained for: it is shown as such, and answers nothing."""
    title: Words = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sum((self.model is not None, self.measure is not None, self.never_trained)) != 1:
            raise RecipeError(f"steps.{self.name}: exactly one of model, measure and never_trained = true")


@dataclass(frozen=True, slots=True)
class Scale:
    """Names of a severity scale's steps, lowest first, and how it follows from another scale."""

    name: str
    steps: tuple[str, ...]
    referable: int
    """The first step that is referable."""
    origin: str = ""
    """The scale that it is derived from; empty: it is what a package answers on."""
    mapping: tuple[tuple[int, ...], ...] = ()
    """For each step of the origin, the steps here that it may be: one, or several where this scale is finer."""
    source: str = ""
    """Where the scale is defined."""
    titles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Language -> names of the steps for people."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer that the page and the worklist show for every photograph, worst first."""

    name: str
    step: str
    output: str = ""
    scale: str = ""
    """Of a grade: the scale it is on; scales derived from that one are shown too."""
    title: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feature:
    """One number that the fusion sees: taken from a step's answer, and the worst of the patient's photographs."""

    name: str
    step: str
    output: str = ""
    take: Take = "value"
    """value: of a quantity or a measurement; step: of a grade; probability: of the name `of`, or of a grade's steps
    from `at`; count, samples: of the region `of` of an outline."""
    of: str = ""
    at: int | None = None
    logarithm: bool = False
    """log(1 + value): for counts and areas."""
    fuse: Literal["max", "min", "mean"] = "max"
    """Over all usable photographs of the patient; max: the worst eye decides."""
    rises: bool = True
    """The risk may only rise with it."""
    score: bool = False
    """It is a probability of what is looked for; the largest of these is the patient's plain score."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A column of the table about the patient; it counts only if the calibration cohort had it."""

    column: str
    unit: str = ""
    low: float | None = None
    """Values below are no such fact, and count as missing."""
    high: float | None = None
    title: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """Any usable photograph that meets every condition refers the patient."""

    name: str
    when: tuple[Condition, ...]
    because: Words
    urgency: Urgency = "routine"


@dataclass(frozen=True, slots=True)
class Truth:
    """A column of a labelled cohort: the patient is referable when any of its exams meets any of these."""

    column: str
    at_least: float | None = None
    answer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sides:
    """What must have been seen of a patient before it can be set aside."""

    names: tuple[str, ...] = ()
    """right, left: every one must have a usable photograph; empty: every photograph counts alike."""
    measured: str = ""
    """'step.fact' that tells the side where the table does not."""
    incomplete: Outcome = "refer"
    """What follows when a side has no photograph at all. (One without a usable photograph always refers.)"""


@dataclass(frozen=True, slots=True)
class Decision:
    alpha: float = 0.05
    delta: float = 0.1
    promise: Literal["set_aside", "missed"] = "set_aside"
    """set_aside: of the patients set aside at most alpha are referable; missed: of the referable patients at most alpha
    are set aside. Each with confidence 1 - delta."""

    def __post_init__(self) -> None:
        for name in ("alpha", "delta"):
            if not 0 < getattr(self, name) < 1:
                raise RecipeError(f"decision.{name}: expected a share between 0 and 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Programme:
    name: str
    title: Words
    steps: tuple[Step, ...]
    version: str = "0.1"
    intended_use: Words = field(default_factory=dict)
    asks: Words = field(default_factory=dict)
    """What a referable patient is, in words."""
    scales: tuple[Scale, ...] = ()
    shown: tuple[Shown, ...] = ()
    features: tuple[Feature, ...] = ()
    facts: tuple[Fact, ...] = ()
    rules: tuple[Rule, ...] = ()
    truth: tuple[Truth, ...] = ()
    sides: Sides = field(default_factory=Sides)
    decision: Decision = field(default_factory=Decision)

    def __post_init__(self) -> None:
        known: set[str] = set()
        for step in self.steps:
            if step.name in known:
                raise RecipeError(f"steps.{step.name}: two steps of one name")
            for said in (*(c.step for c in step.when), *(m.split(".")[0] for m in step.masks.values())):
                if said not in known:
                    raise RecipeError(f"steps.{step.name}: {said} is no earlier step; before it: {_listed(known)}")
            known.add(step.name)
        for where, said in self._named():
            if said not in known:
                raise RecipeError(f"{where}: no step is called {said}; there are {_listed(known)}")
        self._check_scales()

    def step(self, name: str) -> Step:
        return next(s for s in self.steps if s.name == name)

    def scale(self, name: str) -> Scale | None:
        return next((s for s in self.scales if s.name == name), None)

    def derived(self, name: str) -> tuple[Scale, ...]:
        """The scales that follow from the scale of that name."""
        return tuple(s for s in self.scales if s.origin == name and name)

    def _named(self) -> Iterator[tuple[str, str]]:
        yield from ((f"shown.{s.name}", s.step) for s in self.shown)
        yield from ((f"features.{f.name}", f.step) for f in self.features)
        yield from ((f"rules.{r.name}", c.step) for r in self.rules for c in r.when)
        if self.sides.measured:
            yield "sides.measured", self.sides.measured.split(".")[0]

    def _check_scales(self) -> None:
        for scale in self.scales:
            origin = self.scale(scale.origin)
            if scale.origin and origin is None:
                raise RecipeError(f"scales.{scale.name}.origin: no scale is called {scale.origin}")
            good = set(range(len(scale.steps)))
            if origin is not None and len(scale.mapping) != len(origin.steps):
                raise RecipeError(f"scales.{scale.name}.mapping: {origin.name} has {len(origin.steps)} steps")
            if any(not to or not good.issuperset(to) for to in scale.mapping):
                raise RecipeError(f"scales.{scale.name}.mapping: each entry names steps from 0 to {len(good) - 1}")


def load_programme(path: Path, overrides: Sequence[str] = ()) -> Programme:
    """Read a programme's TOML, then apply `a.b=value` overrides, then check every type and name once."""
    tree = read_toml(path, overrides)
    return decode(Programme, _with_lists(tree))


def _with_lists(tree: Any) -> Any:
    """One condition may stand for a list of one, and one answer for a list of one."""
    if isinstance(tree, list):
        return [_with_lists(v) for v in tree]
    if not isinstance(tree, dict):
        return tree
    out = {k: _with_lists(v) for k, v in tree.items()}
    if isinstance(out.get("when"), dict):
        out["when"] = [out["when"]]
    out |= {k: [out[k]] for k in ("answer", "unless") if isinstance(out.get(k), str)}
    return out


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
