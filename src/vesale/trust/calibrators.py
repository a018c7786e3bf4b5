"""Curves that turn stated probabilities into ones that come true: temperature (Guo 2017), Platt's sigmoid (Platt 1999),
vector scaling (Guo 2017) and isotonic regression (Zadrozny and Elkan 2002). Which of them to take is choose.py.

A fitted curve is plain numbers, and applying it needs numpy and SciPy's special functions only. Every curve rises, so
that for one name a surer answer stays the surer one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from .calibrate import apply_temperature, apply_temperature_binary, fit_temperature

Kind = Literal["temperature", "platt", "vector", "isotonic"]
Floats = NDArray[np.float64]
TINY = 1e-7
FLATTEST = 0.01
"""Least slope of a sigmoid: none may turn the order of the answers around."""
TILT = 0.005
"""Share of the stated probability in an isotonic curve, so that it rises everywhere and ties no two answers."""
KNOTS = 200
"""At most this many points of an isotonic curve are kept."""


@dataclass(frozen=True, slots=True)
class Calibrator:
    """One curve for all names, or one a name."""

    kind: Kind
    slopes: tuple[float, ...] = ()
    """temperature: 1 / T, one number; platt, vector: per name, what its logit (its logarithm) is multiplied by."""
    offsets: tuple[float, ...] = ()
    """platt, vector: per name, what is then added."""
    knots: tuple[tuple[float, ...], ...] = ()
    """isotonic: per name, stated probabilities, rising; between them the curve is straight."""
    values: tuple[tuple[float, ...], ...] = ()
    """isotonic: per name, what they become."""


def apply_calibrator(calibrator: Calibrator, probabilities: ArrayLike, exclusive: bool) -> NDArray[np.floating]:
    """Probabilities of any shape with the names along axis 0; same shape, same precision when they are floats.

    Exclusive names add up to 1 afterwards; of two exclusive names the second has the curve and the first the rest.
    """
    p = np.asarray(probabilities)
    p = p if np.issubdtype(p.dtype, np.floating) else p.astype(float)
    if exclusive and len(p) == 2:
        second = _each(calibrator, p[1:])[0]
        return np.stack([1 - second, second])
    if not exclusive:
        return _each(calibrator, p)
    if calibrator.kind == "isotonic":
        raised = _each(calibrator, p)
        return np.asarray(raised / raised.sum(axis=0), p.dtype)
    flat = p.reshape(len(p), -1).T  # (samples, names)
    if calibrator.kind == "temperature":
        moved = apply_temperature(flat, 1 / calibrator.slopes[0])
    else:
        moved = special.softmax(_logs(flat) * np.array(calibrator.slopes) + np.array(calibrator.offsets), axis=1)
    return np.ascontiguousarray(np.asarray(moved, p.dtype).T).reshape(p.shape)


def fit_binary(kind: Kind, p: Floats, positives: Floats, negatives: Floats) -> Calibrator:
    """Of yes-or-no probabilities, one curve a name.

    `p`, `positives`, `negatives`: (names, m) stated probabilities, and how much of what was stated so was true and
    not. Names with nothing known keep their probabilities (no curve moves them). The truth is smoothed as Platt did.
    """
    if kind == "temperature":
        logits = np.asarray(_logits(p), dtype=float)
        n = max(1.0, float(positives.sum() + negatives.sum()))
        slope = _sloped(lambda s: _log_loss(s * logits, *_smoothed(positives, negatives, n)))
        return Calibrator("temperature", (slope,))
    if kind == "platt":
        pairs = [_sigmoid(*one) for one in zip(p, positives, negatives, strict=True)]
        return Calibrator("platt", tuple(a for a, _ in pairs), tuple(b for _, b in pairs))
    curves = [isotonic(*one) for one in zip(p, positives, negatives, strict=True)]
    return Calibrator("isotonic", knots=tuple(x for x, _ in curves), values=tuple(y for _, y in curves))


def fit_exclusive(kind: Kind, p: Floats, truth: NDArray[np.int64]) -> Calibrator:
    """Of exclusive names: (n, k) probabilities and (n,) true names, all known. Of two names the second is fitted."""
    one = np.eye(p.shape[1])[truth]
    if p.shape[1] == 2:
        return fit_binary(kind, p[:, 1:].T, one[:, 1:].T, 1 - one[:, 1:].T)
    if kind == "temperature":
        return Calibrator("temperature", (1 / fit_temperature(p, truth),))
    if kind == "vector":
        return _vector(p, truth)
    return fit_binary(kind, p.T, one.T, 1 - one.T)


def isotonic(p: Floats, positives: Floats, negatives: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(knots, values) of one name: the pooled adjacent violators' blocks, joined by straight lines.

    A block stands at its mean stated probability, and flat parts are tilted by TILT. The ends are drawn to
    1 / (n + 2) and 1 - 1 / (n + 2), n being what is known: no number of exams without an error makes certain.
    """
    weight = positives + negatives
    n = float(weight.sum())
    if n == 0:
        return (0.0, 1.0), (0.0, 1.0)
    distinct, inverse = np.unique(p, return_inverse=True)
    mass = np.bincount(inverse.reshape(-1), weights=weight, minlength=len(distinct))
    share = np.bincount(inverse.reshape(-1), weights=positives, minlength=len(distinct))
    distinct, share, mass = np.asarray(distinct[mass > 0], dtype=float), share[mass > 0], mass[mass > 0]
    fit = optimize.isotonic_regression(share / mass, weights=mass)
    starts = np.asarray(fit.blocks)[:-1]
    held = np.add.reduceat(mass, starts)
    centre = np.add.reduceat(mass * distinct, starts) / held
    level = np.asarray(fit.x)[starts]
    slack = 1 / (n + 2)
    x = np.concatenate([[0.0], centre, [1.0]])
    y = np.concatenate([[min(slack, level[0])], level, [max(1 - slack, level[-1])]]).clip(slack, 1 - slack)
    y = (1 - TILT) * y + TILT * x  # what shares a block keeps its order
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), KNOTS)).round().astype(int))
    first = np.flatnonzero(np.diff(x[keep], prepend=-1.0) > 0)  # a block may stand at 0 or 1 itself
    return tuple(float(v) for v in x[keep][first]), tuple(float(v) for v in y[keep][first])


def _each(calibrator: Calibrator, p: NDArray[np.floating]) -> NDArray[np.floating]:
    """(names, ...) yes-or-no probabilities through the curve of each name; one curve serves all."""
    if calibrator.kind == "temperature":
        return apply_temperature_binary(p, 1 / calibrator.slopes[0])
    out = np.empty_like(p)
    for i in range(len(p)):
        plane = p[i]
        if calibrator.kind == "isotonic":
            out[i] = np.interp(plane, calibrator.knots[i], calibrator.values[i])
        else:
            out[i] = special.expit(calibrator.slopes[i] * _logits(plane) + calibrator.offsets[i])
    return out


def _sigmoid(p: Floats, positives: Floats, negatives: Floats) -> tuple[float, float]:
    """(slope, offset) of Platt's sigmoid on the logit."""
    n = float(positives.sum() + negatives.sum())
    if positives.sum() == 0 or negatives.sum() == 0:
        return 1.0, 0.0
    logits, (yes, no) = np.asarray(_logits(p), dtype=float), _smoothed(positives, negatives, n)

    def loss(x: Floats) -> tuple[float, Floats]:
        z = x[0] * logits + x[1]
        slope = (yes + no) * special.expit(z) - yes  # of the loss by z
        return _log_loss(z, yes, no), np.array([(slope * logits).sum(), slope.sum()]) / n

    bounds = [(FLATTEST, None), (None, None)]
    found = optimize.minimize(loss, np.array([1.0, 0.0]), jac=True, bounds=bounds, method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])


def _vector(p: Floats, truth: NDArray[np.int64]) -> Calibrator:
    """Per name a slope and an offset of its logarithm; only differences of offsets matter, so they add up to 0."""
    n, k = p.shape
    logs, slack = _logs(p), 1 / (n + 2)
    targets = np.full((n, k), slack / (k - 1))
    targets[np.arange(n), truth] = 1 - slack

    def loss(x: Floats) -> tuple[float, Floats]:
        z = logs * x[:k] + x[k:]
        gap = special.softmax(z, axis=1) - targets
        away = np.concatenate([x[:k] - 1, x[k:]])
        value = -float((targets * special.log_softmax(z, axis=1)).sum()) / n + float(away @ away) / (2 * n)
        return value, np.concatenate([(gap * logs).sum(axis=0), gap.sum(axis=0)]) / n + away / n

    bounds = [(FLATTEST, None)] * k + [(None, None)] * k
    start = np.concatenate([np.ones(k), np.zeros(k)])
    x = optimize.minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    offsets = x[k:] - x[k:].mean()
    return Calibrator("vector", tuple(float(v) for v in x[:k]), tuple(float(v) for v in offsets))


def _sloped(loss: Callable[[float], float]) -> float:
    """The loss is convex in the slope 1 / T, which is kept between 1 / 20 and 20."""
    bounds = (math.log(0.05), math.log(20))
    found = optimize.minimize_scalar(lambda x: loss(math.exp(x)), bounds=bounds, method="bounded")
    return math.exp(float(found.x))


def _smoothed(positives: Floats, negatives: Floats, n: float) -> tuple[Floats, Floats]:
    slack = 1 / (n + 2)
    return positives * (1 - slack) + negatives * slack, negatives * (1 - slack) + positives * slack


def _log_loss(z: Floats, yes: Floats, no: Floats) -> float:
    total = float(yes.sum() + no.sum()) or 1.0
    return -float((yes * special.log_expit(z) + no * special.log_expit(-z)).sum()) / total


def _logits(p: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(special.logit(np.clip(p, TINY, 1 - TINY)), dtype=p.dtype)


def _logs(p: NDArray[np.floating]) -> Floats:
    return np.asarray(np.log(np.maximum(p, TINY)), dtype=float)
