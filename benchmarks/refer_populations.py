"""Made populations of exams whose true error is known, and what the refer rule does on many draws from each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesale.trust.refer import ReferRule, fit_refer, would_do

Floats = NDArray[np.float64]
Rng = np.random.Generator
REFERENCE = 200_000
"""Exams over which the true error of what a threshold reports is taken; their chances of an error, not errors."""


@dataclass(frozen=True, slots=True)
class Population:
    """Exams with a confidence and a chance of being wrong."""

    name: str
    draw: Callable[[Rng, int], tuple[Floats, Floats]]
    """(rng, exams) -> confidence, chance of an error."""
    each: int = 1
    """Exams of a subject; they are wrong together."""
    missed: float = 0.2
    """Share of the errors that miss the disease, where errors are priced."""


def _beta(a: float, b: float, chance: Callable[[Floats], Floats]) -> Callable[[Rng, int], tuple[Floats, Floats]]:
    def draw(rng: Rng, n: int) -> tuple[Floats, Floats]:
        c = 0.5 + 0.5 * rng.beta(a, b, n)
        return c, chance(c)

    return draw


def _coarse(rng: Rng, n: int) -> tuple[Floats, Floats]:
    c = np.round(0.5 + 0.5 * rng.beta(6, 1, n), 1)
    return c, 1.02 - c


def _flat(rate: float) -> Callable[[Rng, int], tuple[Floats, Floats]]:
    return lambda rng, n: (rng.random(n), np.full(n, rate))


def _stepped(above: float, below: float, cut: float) -> Callable[[Rng, int], tuple[Floats, Floats]]:
    def draw(rng: Rng, n: int) -> tuple[Floats, Floats]:
        c = rng.random(n)
        return c, np.where(c >= cut, above, below)

    return draw


CALIBRATED = _beta(6, 1, lambda c: 1 - c)
POPULATIONS: tuple[Population, ...] = (
    Population("well separated", _beta(12, 0.8, lambda c: 1 - c)),
    Population("calibrated", CALIBRATED),
    Population("weak model", _beta(3, 2, lambda c: 1 - c)),
    Population("overconfident", _beta(12, 0.8, lambda c: np.minimum(0.5, 2.5 * (1 - c) + 0.01))),
    Population("underconfident", _beta(3, 2, lambda c: 0.3 * (1 - c))),
    Population("rare errors among the surest", _beta(6, 1, lambda c: np.where(c > 0.99, 0.04, 1 - c))),
    Population("six confidences only", _coarse),
    Population("four exams a subject", CALIBRATED, each=4),
    Population("error just above the promise", _flat(0.0501)),
    Population("the promise above, worse below", _stepped(0.0501, 0.1, 0.5)),
    Population("the surest are the worst", _stepped(0.3, 0.02, 0.9)),
)
BORDER: tuple[Population, ...] = tuple(
    Population(
        f"cost just above the promise, {missed:.0%} missed", _flat(0.0501 / (10 * missed + 1 - missed)), 1, missed
    )
    for missed in (0.0, 0.1, 0.5, 1.0)
)
"""Whose mean cost at missed=10 is a little above 0.05, whatever is reported."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What many calibrations on fresh draws came to."""

    runs: int
    broken: int
    """In which the true error (or cost) of what would be reported is above alpha."""
    reporting: int
    """In which anything is reported."""
    share: float
    """Mean share of the calibration subjects reported."""


def simulate(
    population: Population, n: int, runs: int, missed: float = 1.0, alpha: float = 0.05, delta: float = 0.1
) -> Outcome:
    """Fit the rule on `runs` draws of n subjects; `missed` is what a missed one costs, another error costing 1."""
    rng = np.random.default_rng([n, round(missed), *population.name.encode()])
    at, risk = _truth(population, missed)
    who = [f"s{i}" for i in range(n) for _ in range(population.each)]
    prices = (1.0,) if missed == 1 else (1.0, missed)
    broken = reporting = 0
    shares = []
    for _ in range(runs):
        c, chance = population.draw(rng, len(who))
        luck = np.repeat(rng.random(n), population.each)  # the exams of a subject are wrong together
        wrong = luck < chance
        dear = np.repeat(rng.random(n) < population.missed, population.each)
        rule = fit_refer(c, wrong * np.where(dear, missed, 1.0), who, alpha, delta, prices)
        shares.append(rule.reported / n)
        reporting += rule.threshold is not None
        if rule.threshold is not None:
            broken += risk[np.searchsorted(-at, -rule.threshold, side="right") - 1] > alpha
    return Outcome(runs, int(broken), reporting, float(np.mean(shares)))


def _truth(population: Population, missed: float) -> tuple[Floats, Floats]:
    """(confidences descending, mean cost of all that are at least so sure)."""
    c, chance = population.draw(np.random.default_rng(0), REFERENCE)
    order = np.argsort(-c, kind="stable")
    cost = chance[order] * (1 + (missed - 1) * population.missed)
    mean = np.cumsum(cost) / np.arange(1, len(cost) + 1)
    if np.ptp(chance) == 0:  # the mean of equal numbers, without its rounding
        mean = np.full(len(cost), cost[0])
    return c[order], mean


def project(population: Population, n: int, runs: int, again: int, missed: float = 1.0) -> list[tuple[int, float]]:
    """For calibrations of n subjects that report nothing: the number that they say would do, and the share of fresh
    calibrations of that size that report some."""
    rng = np.random.default_rng([n, 7, *population.name.encode()])
    prices = (1.0,) if missed == 1 else (1.0, missed)

    def fitted(size: int) -> tuple[ReferRule, int | None]:
        c, chance = population.draw(rng, size)
        dear = np.where(rng.random(size) < population.missed, missed, 1.0)
        who = [str(i) for i in range(size)]
        cost = (rng.random(size) < chance) * dear
        rule = fit_refer(c, cost, who, 0.05, 0.1, prices)
        return rule, would_do(c, cost, who, rule, prices)

    found = []
    for _ in range(runs):
        named = fitted(n)[1]
        if named:
            reports = sum(fitted(named)[0].threshold is not None for _ in range(again))
            found.append((named, reports / again))
    return found
