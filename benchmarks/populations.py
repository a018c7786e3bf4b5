"""Simulated populations with known truth, one for each kind of promise: what `benchmarks.coverage` counts.

Each draws a calibration set, fits the promise as the product does, and returns what share of new exams it held for; the
populations are misstated on purpose, for a promise must hold whatever the network is worth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from vesale.trust import control
from vesale.trust.conform import (
    SetThresholds,
    category_set,
    conformal_quantile,
    contiguous,
    fit_set_threshold,
    needed,
    ordinal_set,
)
from vesale.trust.difficulty import LEARN, MANY, fit_number

NEW = 100
"""New exams that a calibration set of names or numbers is judged on."""
DELTA = 0.1
Rng = np.random.Generator
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Held:
    """Of one calibration set."""

    given: bool
    """Whether anything was promised."""
    held: float = float("nan")
    """Share of new exams for which it held, as it is given to users; of masks and pictures: of the whole population."""
    bare: float = float("nan")
    """The same before the answer is put in and gaps are filled, which can only add: what the upper end is about."""


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    run: Callable[[Rng, int, float], Held]
    """(rng, n, alpha) -> what one calibration set of n subjects gave; n of each name where promised by name."""
    upper: Callable[[float, int], float]
    """(alpha, n) -> the right upper end of the mean coverage."""
    upper_in_words: str
    needed: Callable[[float], int]
    sure: bool = False
    """True: with confidence 1 - DELTA; then the share of calibration sets that break it is counted."""


def category(rng: Rng, n: int, alpha: float) -> Held:
    """Three names all together, as where they are too rare; probabilities squared, so that it is surer than right."""
    p, truth = named(rng, n)
    if n < needed(alpha):
        return Held(False)
    fitted = SetThresholds((marginal(p, truth, alpha),) * 3, "marginal", n, needed(alpha))
    return _judged(fitted, *named(rng, NEW))


def category_by_name(rng: Rng, n: int, alpha: float) -> Held:
    """Two names, n exams of each; the coverage of the second one, the harder."""
    fitted = fit_set_threshold(*two(rng, n, n), 1 - alpha)
    return _judged(fitted, *two(rng, 0, NEW)) if fitted.how == "class_conditional" else Held(False)


def category_pooled(rng: Rng, n: int, alpha: float) -> Held:
    """Four names, two of them with half as many exams as their promise takes; the coverage of these two together."""
    few = needed(alpha) // 2 + 1
    truth = np.repeat([0, 1, 2, 3], [n, n, few, few])
    fitted = fit_set_threshold(four(rng, truth), truth, 1 - alpha)
    if fitted.how != "pooled":
        return Held(False)
    new = np.repeat([2, 3], NEW // 2)
    return _judged(fitted, four(rng, new), new)


def ordinal(rng: Rng, n: int, alpha: float) -> Held:
    """Five steps all together, in one range; the fitted range is what is calibrated."""
    p, truth = grades(rng, n)
    if n < needed(alpha):
        return Held(False)
    thresholds = (marginal(contiguous(p), truth, alpha),) * 5
    p, truth = grades(rng, NEW)
    held = [t in ordinal_set(contiguous(q), thresholds, int(q.argmax())) for q, t in zip(p, truth, strict=True)]
    bare = 1 - contiguous(p)[np.arange(NEW), truth] <= 1 - thresholds[0] + 1e-9
    return Held(True, float(np.mean(held)), float(np.mean(bare)))


def number(rng: Rng, n: int, alpha: float) -> Held:
    """A number whose errors have heavy tails and grow with what the exam looks like; without features, one width."""
    values, truth, looks = numbers(rng, n)
    fitted = fit_number(values, truth, np.zeros_like(looks), 1 - alpha, _names(n))
    if fitted.half_width is None:
        return Held(False)
    values, truth, _ = numbers(rng, NEW)
    held = float((np.abs(truth - values) <= fitted.half_width).mean())
    return Held(True, held, held)


def number_adaptive(rng: Rng, n: int, alpha: float) -> Held:
    """The same, with features that tell of the error; n of them for the interval beside those for the learning."""
    return _adaptive(rng, max(round(n / 0.7), 100), alpha, False)


def number_crossed(rng: Rng, n: int, alpha: float) -> Held:
    """The same, learnt fold by fold on the n exams that serve the interval, too: approximate."""
    return _adaptive(rng, n, alpha, True)


def _adaptive(rng: Rng, n: int, alpha: float, crossed: bool) -> Held:
    values, truth, looks = numbers(rng, n)
    fitted = fit_number(values, truth, looks, 1 - alpha, _names(n), crossed)
    if fitted.half_width is None:
        return Held(False)
    values, truth, looks = numbers(rng, NEW)
    sigma = np.ones(NEW) if fitted.difficulty is None else fitted.difficulty.expected(looks)
    held = float((np.abs(truth - values) <= fitted.half_width * sigma).mean())
    return Held(True, held, held)


def mask(rng: Rng, n: int, alpha: float) -> Held:
    return _mask(rng, n, alpha, None)


def mask_sure(rng: Rng, n: int, alpha: float) -> Held:
    return _mask(rng, n, alpha, DELTA)


def picture(rng: Rng, n: int, alpha: float) -> Held:
    return _picture(rng, n, alpha, None)


def picture_sure(rng: Rng, n: int, alpha: float) -> Held:
    return _picture(rng, n, alpha, DELTA)


def marginal(p: Floats, truth: NDArray[np.int64], alpha: float) -> float:
    """The threshold over all names together, whatever their numbers."""
    quantile = conformal_quantile(1 - p[np.arange(len(p)), truth], alpha)
    return 1 - quantile if quantile is not None else 0.0


def named(rng: Rng, n: int, k: int = 3) -> tuple[Floats, NDArray[np.int64]]:
    p = rng.dirichlet(np.full(k, 0.7), n)
    truth = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(0, k - 1)
    return p**2 / (p**2).sum(axis=1, keepdims=True), truth


def two(rng: Rng, first: int, second: int) -> tuple[Floats, NDArray[np.int64]]:
    truth = np.repeat([0, 1], [first, second])
    p = np.where(truth == 1, rng.beta(2, 2, len(truth)), rng.beta(1, 6, len(truth)))
    return np.stack([1 - p, p], axis=1), truth


def four(rng: Rng, truth: NDArray[np.int64]) -> Floats:
    weights = np.ones((len(truth), 4))
    weights[np.arange(len(truth)), truth] = 2.5
    p = rng.gamma(weights)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def grades(rng: Rng, n: int) -> tuple[Floats, NDArray[np.int64]]:
    """Two-humped now and then, so that sets would have gaps."""
    truth = rng.integers(0, 5, n)
    seen = truth + rng.normal(0, 0.9, n)
    steps = np.arange(5)
    p = np.exp(-((seen[:, None] - steps) ** 2)) + 0.6 * rng.random((n, 5)) ** 4
    return p / p.sum(axis=1, keepdims=True), truth


def numbers(rng: Rng, n: int) -> tuple[Floats, Floats, Floats]:
    looks = rng.normal(size=(n, 8))
    values = rng.normal(size=n)
    return values, values + 0.3 * looks[:, 1] + np.exp(0.7 * looks[:, 0]) * rng.standard_t(4, n), looks


def _judged(fitted: SetThresholds, p: Floats, truth: NDArray[np.int64]) -> Held:
    if fitted.thresholds is None:
        return Held(False)
    held = [t in category_set(q, fitted.thresholds) for q, t in zip(p, truth, strict=True)]
    cut = np.array(fitted.thresholds)[truth]
    bare = 1 - p[np.arange(len(p)), truth] <= 1 - cut + 1e-9
    return Held(True, float(np.mean(held)), float(np.mean(bare)))


def _mask(rng: Rng, n: int, alpha: float, delta: float | None) -> Held:
    """Structures of 400 samples, some of them hard as a whole: 512 bins of probability."""
    threshold = control.control_false_negatives(structures(rng, n), alpha, None, delta)
    if threshold is None:
        return Held(False)
    held = float(1 - _missed()[round(threshold * BINS)])
    return Held(True, held, held)


@cache
def _missed() -> Floats:
    """(BINS + 1,) the population's mean missed share at each threshold, from 20,000 structures."""
    whole = structures(np.random.default_rng(12345), 20_000).sum(axis=0)
    return np.concatenate([[0.0], np.cumsum(whole) / whole.sum()])


BINS, SAMPLES = 512, 400


def structures(rng: Rng, n: int) -> NDArray[np.int64]:
    ease = rng.beta(4, 1, (n, 1))
    scores = (rng.beta(4, 1.5, (n, SAMPLES)) * ease * (BINS - 1)).astype(int)
    flat = scores + BINS * np.arange(n)[:, None]
    return np.bincount(flat.ravel(), minlength=n * BINS).reshape(n, BINS)


def _picture(rng: Rng, n: int, alpha: float, delta: float | None) -> Held:
    """Pictures of 300 samples whose errors are larger in some pictures than in others."""
    scale = control.fit_spread(outsides(rng, n), alpha, None, delta)
    if scale is None:
        return Held(False)
    held = float(1 - _outside()[int(np.argmin(np.abs(control.SCALES - scale)))])
    return Held(True, held, held)


@cache
def _outside() -> Floats:
    """The population's mean share of samples outside at each scale, from 20,000 pictures."""
    rng = np.random.default_rng(54321)
    return np.asarray(np.mean([outsides(rng, 1000).mean(axis=0) for _ in range(20)], axis=0))


def outsides(rng: Rng, n: int) -> Floats:
    sizes = rng.gamma(6, 1 / 6, n)
    rows = []
    for size in sizes:
        truth = rng.normal(0, size, 300)
        rows.append(control.pixels_outside(np.zeros(300), truth))
    return np.stack(rows)


def _names(n: int) -> list[str]:
    return [f"s{i}" for i in range(n)]


def _plus(k: float) -> Callable[[float, int], float]:
    return lambda alpha, n: 1 - alpha + k / (n + 1)


def _serving(n: int) -> int:
    """Subjects whose errors make a width: where many, some are kept to see whether it should adapt."""
    return n - round(LEARN * n) if n >= MANY else n


SERVING = "1 - alpha + 1 / (m + 1), m = n below 100 subjects, else seven tenths of n"
ONE, TWO = "1 - alpha + 1 / (n + 1)", "1 - alpha + 2 / (n + 1), and what a step of the thresholds' grid adds"
GRID = 0.01
KINDS = (
    Kind("category, all names together", category, _plus(1), ONE, needed),
    Kind("category, a name by itself", category_by_name, _plus(1), ONE, needed),
    Kind(
        "category, rare names together",
        category_pooled,
        lambda a, n: 1 - a + 1 / (2 * (needed(a) // 2 + 1) + 1),
        "1 - alpha + 1 / (m + 1), m exams of the rare names",
        needed,
    ),
    Kind("grade, in one range", ordinal, _plus(1), ONE, needed),
    Kind("number, one width", number, lambda a, n: 1 - a + 1 / (_serving(n) + 1), SERVING, needed),
    Kind(
        "number, by the exam",
        number_adaptive,
        lambda a, n: 1 - a + 1 / (n + 1) if n >= 70 else 1 - a + 1 / 71,
        "1 - alpha + 1 / (m + 1), m subjects for the width: n, or 70 where n is less",
        lambda a: 0,
    ),
    Kind("number, by the exam, fold by fold", number_crossed, _plus(1), ONE, needed),
    Kind("mask, missed share on average", mask, lambda a, n: 1 - a + 2 / (n + 1) + GRID, TWO, needed),
    Kind(
        "mask, missed share with confidence",
        mask_sure,
        lambda a, n: 1.0,
        "none: it is as safe as it must be",
        lambda a: control.needed(a, DELTA),
        True,
    ),
    Kind("picture, samples outside on average", picture, lambda a, n: 1 - a + 2 / (n + 1) + GRID, TWO, needed),
    Kind(
        "picture, samples outside with confidence",
        picture_sure,
        lambda a, n: 1.0,
        "none: it is as safe as it must be",
        lambda a: control.needed(a, DELTA),
        True,
    ),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """Of many calibration sets of one kind, size and alpha."""

    kind: Kind
    n: int
    alpha: float
    sets: int
    given: int
    held: float
    error: float
    """Four standard errors of `held`."""
    bare: float
    broken: int
    """Of those given with confidence: sets whose promise is false of the whole population."""

    @property
    def keeps(self) -> bool:
        """Within Monte Carlo error of what is promised; nothing promised where n is too small is right, too."""
        if self.n < self.kind.needed(self.alpha):
            return self.given == 0
        if not self.given:
            return self.kind.sure or self.kind.name.startswith("mask")  # masks may take more than the least
        if self.kind.sure:
            return self.broken <= float(stats.binom.ppf(0.99999, self.sets, DELTA))
        low, high = 1 - self.alpha, self.kind.upper(self.alpha, self.n)
        return self.held + self.error >= low and self.bare - self.error <= high


def count(kind: Kind, n: int, alpha: float, sets: int, seed: int = 0) -> Counted:
    """Draw so many calibration sets and judge each."""
    rng = np.random.default_rng([seed, n, round(1000 * alpha), KINDS.index(kind)])
    found = [kind.run(rng, n, alpha) for _ in range(sets)]
    given = [f for f in found if f.given]
    held = np.array([f.held for f in given])
    bare = np.array([f.bare for f in given])
    if not given:
        return Counted(kind, n, alpha, sets, 0, float("nan"), float("nan"), float("nan"), 0)
    error = 4 * float(held.std(ddof=1)) / np.sqrt(len(held)) if len(held) > 1 else 1.0
    broken = int((held < 1 - alpha).sum()) if kind.sure else 0
    return Counted(kind, n, alpha, sets, len(given), float(held.mean()), float(error), float(bare.mean()), broken)
