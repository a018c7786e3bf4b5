"""Is this picture (or signal) like those the model was trained on: statistics, a distance to the training's, a verdict.
 Nothing here looks at what the network thinks.

Shrunk covariance: Ledoit and Wolf 2004; distances leave the picture itself out (Sherman and Morrison 1950), so that the
threshold is honest for new pictures; its rank is the conformal one (Vovk, Gammerman, Shafer 2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..core.prediction import Check, GateVerdict, Reason
from .appearance import image_statistics as image_statistics
from .conform import conformal_quantile, needed

Floats = NDArray[np.float64]

OVERALL = "overall"
CHECKS = ("brightness", "contrast", "sharpness", "colour", "layout", OVERALL)
"""Of a picture; a signal's are level, spread, shape, missing and agreement (activity.py), and overall."""
QUALITY = {
    "brightness": (("mean", "median"), "darker", "brighter"),
    "contrast": (("deviation", "range"), "flatter", "harsher"),
    "sharpness": (("native", "whole", "half"), "more blurred", "grainier"),
    "spread": (("deviation", "range"), "weaker", "stronger"),
    "missing": (("share",), "more complete", "less complete"),
}
"""Check -> the statistics whose sum gives its value a sign, and what a low and a high one are called."""
FEWEST = 8
"""With fewer training pictures no gate is fitted."""
FLOORS = {"brightness": 0.03, "contrast": 0.03, "sharpness": 0.15, "colour": 0.02, "layout": 0.04, "layout.size": 0.35,
          "level": 0.02, "spread": 0.05, "shape": 0.02, "missing": 0.005, "agreement": 0.02}  # fmt: skip
"""Smallest spread of a statistic: what was constant in training may still differ by this much unnoticed."""
SOFT = 3.0
"""Robust standard deviations beyond which a statistic counts by its logarithm, so that heavy tails stay bounded."""
NEAR = 0.05
"""Added to a distance before its logarithm is taken: nearer than this is all the same."""
HANDICAP = 0.5
"""Taken from each check but the last: most of the false alarms are left to the overall distance, the sharpest."""


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """What the training pictures look like."""

    names: tuple[str, ...]
    """Statistics, each `check.what`."""
    centre: Floats
    """Median of each statistic, (d,)."""
    scale: Floats
    """Robust standard deviation of each, (d,)."""
    mean: Floats
    """Of the scaled and softened statistics, (d,)."""
    precisions: Floats
    """(checks, d, d): inverse shrunk covariance of each check's statistics, zero elsewhere."""
    levels: Floats
    """(checks, 2): mean and standard deviation of each check's log distance over the training pictures, left out."""
    threshold: float
    """Of the score: the largest check, in standard deviations of its log distance, less its handicap."""
    false_alarm_rate: float
    n: int
    approximate: bool
    """True: too few training pictures for an empirical quantile; the threshold is a fitted tail's."""


def fit_gate(statistics: ArrayLike, names: Sequence[str], false_alarm_rate: float) -> Gate | None:
    """From (n, d) statistics of the training pictures; None with fewer than eight of them.

    At most `false_alarm_rate` of new pictures of the same kind fail, all checks together (exact up to the robust
    scaling when n is enough, else by a fitted tail).
    """
    x = np.asarray(statistics, dtype=float)
    n = len(x)
    if n < FEWEST:
        return None
    centre, scale = np.median(x, axis=0), _spread(x, names)
    z = _soft((x - centre) / scale)
    mean = z.mean(axis=0)
    fitted = [_leave_one_out(z[:, columns] - mean[columns]) for columns in _columns(names)]
    precisions = np.zeros((len(fitted), len(names), len(names)))
    for precision, columns, (inverse, _) in zip(precisions, _columns(names), fitted, strict=True):
        precision[np.ix_(columns, columns)] = inverse
    distances = np.stack([d for _, d in fitted], axis=1)  # (n, checks)
    logs = np.log(distances + NEAR)
    levels = np.stack([logs.mean(axis=0), np.maximum(logs.std(axis=0, ddof=1), 0.1)], axis=1)
    scores = _values(distances, levels).max(axis=1)
    threshold = conformal_quantile(scores, false_alarm_rate)
    approximate = n < needed(false_alarm_rate)
    if threshold is None:
        threshold = _tail(scores, false_alarm_rate)
    return Gate(tuple(names), centre, scale, mean, precisions, levels, threshold, false_alarm_rate, n, approximate)


def judge(gate: Gate, statistics: ArrayLike) -> GateVerdict:
    """Of one picture's (d,) statistics. A check's value is its distance; negative where too dark, flat or blurred."""
    z = _soft((np.asarray(statistics, dtype=float) - gate.centre) / gate.scale)
    u = z - gate.mean
    sizes = [len(columns) for columns in _columns(gate.names)]
    distances = np.sqrt(np.maximum(np.einsum("i,cij,j->c", u, gate.precisions, u), 0) / sizes)
    values = _values(distances, gate.levels)
    passed = values <= gate.threshold
    checks = checks_of(gate.names)
    signs = [_sign(gate, check, u) for check in checks]
    score = float(values.max())
    return GateVerdict(
        "pass" if passed.all() else "fail",
        score,
        gate.threshold,
        gate.false_alarm_rate,
        tuple(
            Check(c, bool(p), float(s * max(v, 0.0))) for c, p, s, v in zip(checks, passed, signs, values, strict=True)
        ),
    )


def reason(verdict: GateVerdict) -> Reason | None:
    """Why the gate declines, in one sentence.

    low_quality where a check of quality fails by at least half as much as the worst one, for a bad exposure also
    changes colours and shapes; else unlike_training.
    """
    if verdict.verdict != "fail":
        return None
    named = {c.name: c.value or 0.0 for c in verdict.checks if c.name != OVERALL}
    noun = "image" if "brightness" in named else "signal"
    worst = max(named, key=lambda name: abs(named[name]))
    spoilt = max((name for name in named if name in QUALITY), key=lambda name: abs(named[name]))
    if abs(named[spoilt]) >= 0.5 * abs(named[worst]) > 0:
        _, low, high = QUALITY[spoilt]
        message = f"the {noun} is {low if named[spoilt] < 0 else high} than the {noun}s of the training"
        return Reason("low_quality", message, verdict.score, verdict.threshold)
    what = {"colour": "its colours are", "layout": "its layout is"}.get(worst, "it is")
    return Reason("unlike_training", f"{what} unlike the {noun}s of the training", verdict.score, verdict.threshold)


def checks_of(names: Sequence[str]) -> tuple[str, ...]:
    """The checks that statistics are of, in their order, and the one over all."""
    return (*dict.fromkeys(name.partition(".")[0] for name in names), OVERALL)


def _columns(names: Sequence[str]) -> list[NDArray[np.intp]]:
    """Which statistics each check looks at; overall looks at all."""
    groups = [name.partition(".")[0] for name in names]
    return [np.flatnonzero([check in (g, OVERALL) for g in groups]) for check in checks_of(names)]


def _spread(x: Floats, names: Sequence[str]) -> Floats:
    away = np.abs(x - np.median(x, axis=0))
    floors = [FLOORS.get(name, FLOORS[name.partition(".")[0]]) for name in names]
    robust = np.maximum(1.4826 * np.median(away, axis=0), 0.25 * x.std(axis=0))
    return np.asarray(np.maximum(robust, floors))


def _values(distances: Floats, levels: Floats) -> Floats:
    """(..., checks) distances as standard deviations of their logarithm."""
    handicap = np.full(len(levels), HANDICAP)
    handicap[-1] = 0
    return np.asarray((np.log(distances + NEAR) - levels[:, 0]) / levels[:, 1] - handicap)


def _soft(z: Floats) -> Floats:
    return np.asarray(SOFT * np.arcsinh(z / SOFT))


def _leave_one_out(u: Floats) -> tuple[Floats, Floats]:
    """Of centred (n, d): the shrunk precision, and each row's distance per root d from all the others."""
    n, d = u.shape
    covariance = u.T @ u / n
    rho, target = _shrinkage(u, covariance), np.eye(d) * max(np.trace(covariance) / d, 1e-3)
    keep = (1 - rho) * n / (n - 1)
    precision = np.linalg.inv(keep * covariance + rho * target)
    q = np.einsum("ij,jk,ik->i", u, precision, u)
    others = (n / (n - 1)) ** 2 * q / np.maximum(1 - q * keep / (n - 1), 1e-9)
    return precision, np.sqrt(np.maximum(others, 0) / d)


def _shrinkage(u: Floats, covariance: Floats) -> float:
    """Ledoit and Wolf's weight of the round covariance, at least 0.02."""
    n, d = u.shape
    size = np.trace(covariance) / d
    delta = (covariance**2).sum() - d * size**2
    beta = ((u**2).sum(axis=1) ** 2).sum() / n - (covariance**2).sum()
    return float(np.clip(beta / n / delta if delta > 0 else 1.0, 0.02, 1.0))


def _tail(scores: Floats, rate: float) -> float:
    """What a new score exceeds with chance `rate`, the scores being taken for normal (prediction interval)."""
    n = len(scores)
    return float(scores.mean() + stats.t.ppf(1 - rate, n - 1) * scores.std(ddof=1) * np.sqrt(1 + 1 / n))


def _sign(gate: Gate, check: str, u: Floats) -> float:
    """-1 where the picture is darker, flatter or more blurred than the mean one."""
    if check not in QUALITY:
        return 1.0
    return -1.0 if sum(u[gate.names.index(f"{check}.{what}")] for what in QUALITY[check][0]) < 0 else 1.0
