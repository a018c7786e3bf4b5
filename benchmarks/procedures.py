"""Other ways to choose the refer rule's threshold, on the same made exams: what each reports, how often it breaks.

The rule itself is `vesale.trust.refer`; this file holds only what it was chosen over.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vesale.trust.refer import _plan, fit_refer

from .refer_populations import POPULATIONS, Population

Floats = NDArray[np.float64]
Choice = Callable[[Floats, NDArray[np.int64], int], NDArray[np.int64]]
"""(p-values (runs, m), counts (m,), n) -> index of the chosen candidate, -1 for none, (runs,)."""
ALPHA, DELTA = 0.05, 0.1


def fallback(p: Floats, shares: Floats) -> NDArray[np.int64]:
    """The fallback procedure with these shares of delta: (runs,) index of the last candidate accepted, or -1."""
    level, best = np.zeros(len(p)), np.full(len(p), -1)
    for i in range(p.shape[1]):
        level = level + shares[i] * DELTA
        good = (p[:, i] <= level) & (level > 0)
        best[good] = i
        level = np.where(good, level, 0.0)
    return best


def started(p: Floats, counts: NDArray[np.int64], n: int, at: Mapping[float, float]) -> NDArray[np.int64]:
    shares = np.zeros(len(counts))
    for start, share in at.items():
        shares[min(int(np.searchsorted(counts, start * n)), len(counts) - 1)] += share
    return fallback(p, shares)


def anywhere(level: float) -> Choice:
    """The last candidate whose own test passes at this level."""

    def choose(p: Floats, counts: NDArray[np.int64], n: int) -> NDArray[np.int64]:
        return _last(p <= (level or DELTA / len(counts)))

    return choose


def walk(p: Floats, counts: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """The last candidate from 0.3 n that passes at one level for all, so low that a walk of error alpha passes
    anywhere with chance delta."""
    rng = np.random.default_rng(5)
    steps = np.diff(np.concatenate([[0], counts]))
    errors = np.cumsum(rng.binomial(steps, ALPHA, (6000, len(counts))), axis=1)
    late = counts >= 0.3 * n
    lowest = np.where(late, special.bdtr(errors, counts, ALPHA), 1.0).min(axis=1)
    return _last((p <= np.quantile(lowest, DELTA) * 0.999) & late)


def _last(good: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.where(good.any(axis=1), good.shape[1] - 1 - np.argmax(good[:, ::-1], axis=1), -1)


def hoeffding_bentkus(errors: NDArray[np.int64], counts: NDArray[np.int64]) -> Floats:
    """The p-value of Bates, Angelopoulos, Lei, Malik and Jordan (2021) for a loss in [0, 1]."""
    rate = errors / counts
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(rate > 0, rate * np.log(rate / ALPHA), 0) + (1 - rate) * np.log((1 - rate) / (1 - ALPHA))
    hoeffding = np.where(rate < ALPHA, np.exp(-counts * apart), 1.0)
    return np.asarray(np.minimum(1.0, np.minimum(hoeffding, np.e * special.bdtr(errors, counts, ALPHA))), float)


PROCEDURES: Mapping[str, Choice] = {
    "fallback from 0.3 of the subjects: Vesale's": lambda p, k, n: started(p, k, n, {0.3: 1.0}),
    "fixed sequence from the surest": lambda p, k, n: started(p, k, n, {0.0: 1.0}),
    "fallback from 0.5": lambda p, k, n: started(p, k, n, {0.5: 1.0}),
    "fallback, two starts (0.1: 0.2, 0.3: 0.8)": lambda p, k, n: started(p, k, n, {0.1: 0.2, 0.3: 0.8}),
    "one boundary for the whole walk": walk,
    "Bonferroni": anywhere(0.0),
}


def compare(n: int, runs: int) -> list[tuple[str, float, float]]:
    """(procedure, mean share reported, share of runs that broke the promise), over the independent populations."""
    counts = np.array([count for count, _ in _plan(n, ALPHA, DELTA)])
    found: dict[str, list[tuple[float, float]]] = {}
    for population in POPULATIONS:
        if population.each == 1:
            for name, value in _compare(population, n, runs, counts).items():
                found.setdefault(name, []).append(value)
    means = {name: np.mean(values, axis=0) for name, values in found.items()}
    return [(name, float(share), float(broken)) for name, (share, broken) in means.items()]


def _compare(population: Population, n: int, runs: int, counts: NDArray[np.int64]) -> dict[str, tuple[float, float]]:
    rng = np.random.default_rng([n, *population.name.encode()])
    drawn = [population.draw(rng, n) for _ in range(runs)]
    order = [np.argsort(-c, kind="stable") for c, _ in drawn]
    chance = np.stack([e[o] for (_, e), o in zip(drawn, order, strict=True)])  # (runs, n), the surest first
    wrong = rng.random(chance.shape) < chance
    errors: NDArray[np.int64] = np.cumsum(wrong, axis=1, dtype=np.int64)[:, counts - 1]
    true: Floats = np.cumsum(chance, axis=1)[:, counts - 1] / counts
    p = np.asarray(special.bdtr(errors, counts, ALPHA), np.float64)
    chosen = {name: choose(p, counts, n) for name, choose in PROCEDURES.items()}
    chosen["fallback from 0.3, Hoeffding-Bentkus"] = started(hoeffding_bentkus(errors, counts), counts, n, {0.3: 1.0})
    found = {name: _score(best, counts, true, n) for name, best in chosen.items()}
    return found | {"half to choose, half to test": _split(wrong, chance, rng)}


def _score(best: NDArray[np.int64], counts: NDArray[np.int64], true: Floats, n: int) -> tuple[float, float]:
    at = np.maximum(best, 0)
    reported = np.where(best >= 0, counts[at], 0)
    broken = (best >= 0) & (true[np.arange(len(best)), at] > ALPHA)
    return float(reported.mean()) / n, float(broken.mean())


def _split(wrong: NDArray[np.bool_], chance: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """A threshold from one half, where the other half should pass; one test on the other."""
    runs, n = wrong.shape
    mine = np.argsort(rng.random(wrong.shape), axis=1) < n // 2
    seen, there = np.cumsum(wrong & mine, axis=1), np.cumsum(mine, axis=1)
    told, rest = np.cumsum(wrong & ~mine, axis=1), np.cumsum(~mine, axis=1)
    expected = (seen + 0.5) / (there + 1) * rest
    hopeful = special.bdtr(np.floor(expected + 0.5 * np.sqrt(expected)), np.maximum(rest, 1), ALPHA) <= DELTA
    best = _last(hopeful & (rest > 0))
    rows, at = np.arange(runs), np.maximum(best, 0)
    good = (best >= 0) & (special.bdtr(told[rows, at], np.maximum(rest[rows, at], 1), ALPHA) <= DELTA)
    true = (np.cumsum(chance, axis=1) / np.arange(1, n + 1))[rows, at]
    return float(np.where(good, at + 1, 0).mean()) / n, float((good & (true > ALPHA)).mean())


SCORES: Mapping[str, Callable[[Floats], Floats]] = {
    "largest probability: Vesale's": lambda p: p.max(axis=1),
    "margin to the second": lambda p: np.diff(np.sort(p, axis=1)[:, -2:], axis=1)[:, 0],
    "entropy": lambda p: 1 + special.xlogy(p, p).sum(axis=1) / np.log(p.shape[1]),
}


def scores(n: int, runs: int, names: int = 4, sharpened: float = 1.5) -> list[tuple[str, float]]:
    """(score, mean share reported) for a model of several names; `sharpened` above 1: it is too sure of itself."""
    rng = np.random.default_rng([n, names])
    found: dict[str, list[float]] = {name: [] for name in SCORES}
    for _ in range(runs):
        p = rng.dirichlet(np.full(names, 0.12), n)
        truth = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(0, names - 1)
        said = p**sharpened / (p**sharpened).sum(axis=1, keepdims=True)
        wrong = said.argmax(axis=1) != truth
        for name, score in SCORES.items():
            rule = fit_refer(np.clip(score(said), 0, 1), wrong, [str(i) for i in range(n)], ALPHA, DELTA)
            found[name].append(rule.reported / n)
    return [(name, float(np.mean(values))) for name, values in found.items()]
