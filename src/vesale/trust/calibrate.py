"""Probabilities that mean what they say, by one temperature: Guo, Pleiss, Sun, Weinberger, On Calibration of Modern
Neural Networks, ICML 2017. Measuring whether they do is metrics/calibration.py.

The temperature minimises the negative log-likelihood of smoothed targets (Platt 1999): with n exams every true name is
given the chance 1 - 1 / (n + 2), so that an error-free calibration set does not make the model certain.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

LOWEST, HIGHEST = 0.05, 20.0
"""Bounds of a temperature; 1 changes nothing, more makes less sure."""
_TINY = 1e-7

Floats = NDArray[np.float64]


def fit_temperature(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Of an exclusive category or a grade: (n, k) probabilities, (n,) index of the true name, -1 unknown (dropped)."""
    t = np.asarray(truth).astype(np.int64)
    logs = _logs(np.asarray(probabilities, dtype=float)[t >= 0])
    n, k = len(logs), logs.shape[1]
    if n == 0 or k < 2:
        return 1.0
    slack = 1 / (n + 2)
    targets = np.full((n, k), slack / (k - 1))
    targets[np.arange(n), t[t >= 0]] = 1 - slack

    def loss(temperature: float) -> float:
        likelihood: float = np.sum(targets * special.log_softmax(logs / temperature, axis=1))
        return -likelihood / n

    return _minimise(loss)


def apply_temperature(probabilities: ArrayLike, temperature: float) -> Floats:
    """(..., k) probabilities at this temperature; each row adds up to 1 and keeps its order."""
    return np.asarray(special.softmax(_logs(np.asarray(probabilities, dtype=float)) / temperature, axis=-1))


def apply_temperature_binary(probabilities: ArrayLike, temperature: float) -> NDArray[np.floating]:
    """Yes-or-no probabilities at this temperature: same shape, and same precision when they are floats."""
    p = np.asarray(probabilities)
    p = p if np.issubdtype(p.dtype, np.floating) else p.astype(float)
    return np.asarray(special.expit(_logit(p) / temperature), dtype=p.dtype)


def _minimise(loss: Callable[[float], float]) -> float:
    """The loss is convex in 1 / T, so it has one valley over log T."""
    bounds = (math.log(LOWEST), math.log(HIGHEST))
    found = optimize.minimize_scalar(lambda x: loss(math.exp(x)), bounds=bounds, method="bounded")
    return math.exp(float(found.x))


def _logs(p: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(p, _TINY)))


def _logit(p: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(special.logit(np.clip(p, _TINY, 1 - _TINY)), dtype=p.dtype)
