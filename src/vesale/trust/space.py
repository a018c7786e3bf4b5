"""How far what a network sees in an exam lies from what it saw in the exams that it learned from: a distance in the
space of its features, and the standing of that distance among those of the learned. Deciding is gate.py.

Mahalanobis 1936, with a shrunk covariance (Ledoit and Wolf 2004) of which the leading directions are kept (Lee, Lee,
Lee, Shin 2018, 'A simple unified framework for detecting out-of-distribution samples and adversarial attacks').
No features of any one exam are kept: a package would else carry something of each training exam.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_Fitted = tuple[Floats, Floats, Floats, Floats, Floats, float]
"""centre, scale, mean, directions, variances, rest"""
FEWEST = 8
"""With fewer exams there is no space."""
DIRECTIONS = 48
"""Of the covariance are kept at most; what lies outside of them counts by its mean variance."""
SOFT = 3.0
"""Robust standard deviations beyond which a feature counts by its logarithm."""
PARTS = 10
"""The learned exams are left out of their own reference in so many parts, to see how far a left-out one lies."""
NARROWEST = 0.1
"""Standard deviation of the log distance at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """What a network saw in the exams that it learned from."""

    centre: Floats
    """Median of each feature, (d,)."""
    scale: Floats
    """Robust standard deviation of each, (d,)."""
    mean: Floats
    """Of the scaled and softened features, (d,)."""
    directions: Floats
    """(q, d), orthonormal."""
    variances: Floats
    """(q,), shrunk."""
    rest: float
    """Shrunk variance of every other direction."""
    level: tuple[float, float]
    """Mean and standard deviation of the log distance of learned exams, each left out."""
    n: int
    name: str = "features"
    """Of the check that this distance is."""
    start: int = 0
    """The first of an exam's features that belongs to this space."""

    @property
    def stop(self) -> int:
        return self.start + len(self.centre)


def fit_space(features: ArrayLike, subjects: Sequence[str], part: tuple[str, int, int]) -> Space | None:
    """From (n, all) features of exams that the network learned from; None where there are too few, or no features.

    `part`: (name, start, stop) of the features that make this space.
    """
    name, start, stop = part
    x = np.asarray(features, dtype=float)[:, start:stop]
    if len(x) < FEWEST or x.shape[1] == 0 or len(set(subjects)) < FEWEST:
        return None
    codes = {subject: i for i, subject in enumerate(dict.fromkeys(subjects))}
    who = np.array([codes[s] for s in subjects]) % min(PARTS, len(codes))
    logs = np.empty(len(x))
    for left in range(int(who.max()) + 1):
        logs[who == left] = np.log(_distances(_fitted(x[who != left]), x[who == left]))
    whole = _kept(_fitted(x))
    level = float(logs.mean()), max(float(logs.std(ddof=1)), NARROWEST)
    return Space(*whole, level=level, n=len(x), name=name, start=start)


def standing(space: Space, features: ArrayLike) -> Floats:
    """Of (m, all) features: the log distance in standard deviations of that of the learned exams, (m,)."""
    parts = (space.centre, space.scale, space.mean, space.directions, space.variances, space.rest)
    logs = np.log(_distances(parts, np.asarray(features, dtype=float)[:, space.start : space.stop]))
    return np.asarray((logs - space.level[0]) / space.level[1])


def _kept(fitted: _Fitted) -> _Fitted:
    """In the precision that a package holds, so that what was fitted is what is read."""
    centre, scale, mean, directions, variances = (np.asarray(a, np.float32).astype(float) for a in fitted[:5])
    return centre, scale, mean, directions, variances, fitted[5]


def _fitted(x: Floats) -> _Fitted:
    """(centre, scale, mean, directions, variances, rest) of (n, d)."""
    n, d = x.shape
    centre = np.median(x, axis=0)
    deviation = x.std(axis=0)
    robust = np.maximum(1.4826 * np.median(np.abs(x - centre), axis=0), 0.5 * deviation)
    scale = np.maximum(robust, 1e-6 + 0.05 * float(np.median(robust)))
    z = SOFT * np.arcsinh((x - centre) / scale / SOFT)
    mean = z.mean(axis=0)
    u = z - mean
    _, sizes, directions = np.linalg.svd(u, full_matrices=False)
    variances = sizes**2 / n
    size = float(variances.sum()) / d
    rho = _shrinkage(u, variances, size)
    q = min(DIRECTIONS, max(1, n // 3), len(variances))
    rest = (1 - rho) * float(variances[q:].sum()) / max(d - q, 1) + rho * size
    return (
        centre,
        scale,
        mean,
        directions[:q],
        np.maximum((1 - rho) * variances[:q] + rho * size, 1e-6),
        max(rest, 1e-6),
    )


def _shrinkage(u: Floats, variances: Floats, size: float) -> float:
    """Ledoit and Wolf's weight of the round covariance, from the eigenvalues, at least 0.02."""
    n, d = u.shape
    squares = float((variances**2).sum())
    delta = squares - d * size**2
    beta = float((((u**2).sum(axis=1)) ** 2).sum()) / n - squares
    return float(np.clip(beta / n / delta if delta > 0 else 1.0, 0.02, 1.0))


def _distances(fitted: _Fitted, x: Floats) -> Floats:
    """Per root d."""
    centre, scale, mean, directions, variances, rest = fitted
    u = SOFT * np.arcsinh((x - centre) / scale / SOFT) - mean
    along = u @ directions.T
    outside = np.maximum((u**2).sum(axis=1) - (along**2).sum(axis=1), 0)
    return np.asarray(np.sqrt(((along**2 / variances).sum(axis=1) + outside / rest) / x.shape[1]) + 1e-3)
