"""Is this picture (or signal) like those the model was trained on: how it looks, and what the network's earlier stages
see in it, each as a distance to the training's; then a verdict. What the network answers is not looked at.

Shrunk covariance: Ledoit and Wolf 2004. The distances that set the threshold are of pictures left out, a subject at a
time, so that it is honest for new ones; its rank is the conformal one (Vovk, Gammerman, Shafer 2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.prediction import Check, GateVerdict
from .appearance import image_statistics as image_statistics
from .conform import needed
from .space import Space, standing

Floats = NDArray[np.float64]

OVERALL, TOGETHER = "overall", "together"
CHECKS = ("brightness", "contrast", "sharpness", "colour", "layout", "size", OVERALL)
"""Of a picture; a signal's are level, spread, shape, missing and agreement (activity.py), and overall. Where the
package's network says what it sees its spaces come after them, and `together`, which decides."""
QUALITY = {
    "brightness": ("mean", "median"),
    "contrast": ("deviation", "range"),
    "sharpness": ("native", "whole", "half"),
    "spread": ("deviation", "range"),
    "missing": ("share",),
    "size": ("side",),
}
"""Check -> the statistics whose sum gives its value a sign."""
FEWEST = 8
"""With fewer training pictures no gate is fitted."""
FLOORS = {"brightness": 0.03, "contrast": 0.03, "sharpness": 0.15, "colour": 0.02, "layout": 0.04, "layout.size": 0.35,
          "size": 0.04, "size.side": 0.35,
          "level": 0.02, "spread": 0.05, "shape": 0.02, "missing": 0.005, "agreement": 0.02}  # fmt: skip
"""Smallest spread of a statistic: what was constant in training may still differ by this much unnoticed."""
NARROWEST = {"size": 1.0}
"""Smallest standard deviation of a check's log distance: pictures of twice the size are news (known.py), no fault."""
SOFT = 3.0
"""Robust standard deviations beyond which a statistic counts by its logarithm, so that heavy tails stay bounded."""
NEAR = 0.05
"""Added to a distance before its logarithm is taken: nearer than this is all the same."""
HANDICAP = 0.5
"""Taken from each check of looks but `overall`: most false alarms are left to it and the features, the sharpest."""
PARTS = 30
"""Of so many subjects, or groups of subjects, each is left out once to see how far a left-out one lies."""
EXCEEDING = 3
"""Subjects beyond a threshold by counting, at least: where fewer are expected, one odd exam would set it."""
TOP, FEWEST_TOP = 0.1, 5
"""Share and number of the highest scores that the tail is fitted to."""
SCORES = 400
"""Calibration scores are kept, or as many quantiles of them, to show where an exam stands among them."""


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
    """(checks, 2): mean and standard deviation of each check's log distance over the training pictures, left out; then
    one row a space, of the standing of the features."""
    threshold: float
    """Of the score, in standard deviations: see `_score`."""
    false_alarm_rate: float
    n: int
    approximate: bool
    """True: too few training pictures for a threshold by counting; it is a fitted tail's."""
    spaces: tuple[Space, ...] = ()
    """Of the network that answers; none where its package does not say what it sees."""
    scores: Floats = field(default_factory=lambda: np.zeros(0))
    """Of the calibration exams, sorted."""
    emphasis: float = 1.0
    """Times which the looks count when they alone decide: see `_emphasis`."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What networks saw in the calibration exams."""

    spaces: tuple[Space, ...]
    """Of the network that answers."""
    standings: Floats
    """(n, spaces): of each calibration exam in those of a network that had not learned from it."""


def fit_gate(
    statistics: ArrayLike,
    names: Sequence[str],
    false_alarm_rate: float,
    subjects: Sequence[str] | None = None,
    sight: Sight | None = None,
) -> Gate | None:
    """From (n, d) statistics of the calibration pictures; None with fewer than eight of them.

    At most `false_alarm_rate` of new pictures of the same kind fail, all checks together (by counting when n is enough,
    else by a fitted tail). Pictures of one subject are left out together.
    """
    x = np.asarray(statistics, dtype=float)
    n, who = len(x), _parts(subjects, len(x))
    if n < FEWEST:
        return None
    distances = np.empty((n, len(checks_of(names))))
    for part in np.unique(who):
        distances[who == part] = _distances(_fitted(x[who != part], names), x[who == part], names)
    logs = np.log(distances + NEAR)
    floors = [NARROWEST.get(check, 0.1) for check in checks_of(names)]
    if sight is not None:
        logs, floors = np.column_stack([logs, sight.standings]), [*floors, *(0.1 for _ in sight.spaces)]
    levels = np.stack([logs.mean(axis=0), np.maximum(logs.std(axis=0, ddof=1), floors)], axis=1)
    people = n if subjects is None else len(set(subjects))
    approximate = people < EXCEEDING * needed(false_alarm_rate)
    values = _values(logs, levels, len(checks_of(names)))
    emphasis = 1.0 if sight is None else _emphasis(values, len(checks_of(names)))
    scores = np.sort(_score(values, len(checks_of(names)), emphasis))
    threshold = _tail(scores, people, false_alarm_rate) if approximate else _counted(scores, people, false_alarm_rate)
    kept = scores if n <= SCORES else np.quantile(scores, np.linspace(0, 1, SCORES))
    parts = _fitted(x, names)
    spaces = () if sight is None else sight.spaces
    return Gate(tuple(names), *parts, levels, threshold, false_alarm_rate, n, approximate, spaces, kept, emphasis)


def judge(gate: Gate, statistics: ArrayLike, features: ArrayLike | None = None) -> GateVerdict:
    """Of one picture's (d,) statistics, and what the network sees in it. A check's value is how far it lies, beyond
    what is usual, in standard deviations; negative where the picture is too dark, flat, blurred or small."""
    x = np.asarray(statistics, dtype=float)
    parts = (gate.centre, gate.scale, gate.mean, gate.precisions)
    logs = np.log(_distances(parts, x[None], gate.names)[0] + NEAR)
    checks = checks_of(gate.names)
    if features is not None and gate.spaces:
        logs = np.append(logs, [standing(space, np.asarray(features, dtype=float)[None])[0] for space in gate.spaces])
        checks = (*checks, *(space.name for space in gate.spaces))
    values = _values(logs, gate.levels[: len(logs)], len(checks_of(gate.names)))
    score = float(_score(values[None], len(checks_of(gate.names)), gate.emphasis)[0])
    values[: len(checks_of(gate.names))] *= gate.emphasis
    signed = [_sign(gate, check, x) * max(float(value), 0.0) for check, value in zip(checks, values, strict=True)]
    found = [Check(c, bool(v <= gate.threshold), s) for c, v, s in zip(checks, values, signed, strict=True)]
    passed = score <= gate.threshold
    if gate.spaces:
        found.append(Check(TOGETHER, passed, score))
    verdict = "pass" if passed else "fail"
    among = tuple(gate.scores.tolist())
    return GateVerdict(verdict, score, gate.threshold, gate.false_alarm_rate, tuple(found), among)  # type: ignore[arg-type]


def checks_of(names: Sequence[str]) -> tuple[str, ...]:
    """The checks that statistics are of, in their order, and the one over all."""
    return (*dict.fromkeys(name.partition(".")[0] for name in names), OVERALL)


def _columns(names: Sequence[str]) -> list[NDArray[np.intp]]:
    """Which statistics each check looks at; overall looks at all."""
    groups = [name.partition(".")[0] for name in names]
    return [np.flatnonzero([check in (g, OVERALL) for g in groups]) for check in checks_of(names)]


def _parts(subjects: Sequence[str] | None, n: int) -> NDArray[np.intp]:
    """The part that each picture is left out with: all of a subject's in one."""
    if subjects is None:
        return np.arange(n) % PARTS
    codes = {subject: i for i, subject in enumerate(dict.fromkeys(subjects))}
    return np.array([codes[s] for s in subjects]) % PARTS


_Fitted = tuple[Floats, Floats, Floats, Floats]


def _fitted(x: Floats, names: Sequence[str]) -> _Fitted:
    """(centre, scale, mean, precisions) of (n, d) statistics."""
    centre, scale = np.median(x, axis=0), _spread(x, names)
    z = _soft((x - centre) / scale)
    mean = z.mean(axis=0)
    columns = _columns(names)
    precisions = np.zeros((len(columns), len(names), len(names)))
    for precision, some in zip(precisions, columns, strict=True):
        precision[np.ix_(some, some)] = _precision(z[:, some] - mean[some])
    return centre, scale, mean, precisions


def _distances(fitted: _Fitted, x: Floats, names: Sequence[str]) -> Floats:
    """(n, checks), each per root of the number of its statistics."""
    centre, scale, mean, precisions = fitted
    u = _soft((x - centre) / scale) - mean
    sizes = [len(columns) for columns in _columns(names)]
    return np.asarray(np.sqrt(np.maximum(np.einsum("ni,cij,nj->nc", u, precisions, u, optimize=True), 0) / sizes))


def _spread(x: Floats, names: Sequence[str]) -> Floats:
    away = np.abs(x - np.median(x, axis=0))
    floors = [FLOORS.get(name, FLOORS[name.partition(".")[0]]) for name in names]
    robust = np.maximum(1.4826 * np.median(away, axis=0), 0.25 * x.std(axis=0))
    return np.asarray(np.maximum(robust, floors))


def _values(logs: Floats, levels: Floats, checks: int) -> Floats:
    """(..., checks) log distances as standard deviations; the first `checks` but the last of them bear the handicap."""
    handicap = np.where(np.arange(len(levels)) < checks - 1, HANDICAP, 0.0)
    return np.asarray((logs - levels[:, 0]) / levels[:, 1] - handicap)


def _score(values: Floats, checks: int, emphasis: float = 1.0) -> Floats:
    """(n,) of (n, checks and spaces): the worst check of looks; with spaces, the length of what is beyond the usual in
    the looks and in each space, so that a picture odd in all of them is told from one that is odd in one; or the looks
    with their emphasis, where that is more."""
    looks = values[:, :checks].max(axis=1)
    if values.shape[1] == checks:
        return np.asarray(emphasis * looks)
    together = np.sqrt((np.maximum(np.column_stack([looks, values[:, checks:]]), 0) ** 2).sum(axis=1))
    return np.asarray(np.maximum(together, emphasis * looks))


def _emphasis(values: Floats, checks: int) -> float:
    """What makes the looks alone decline about as many of the calibration exams as looks and spaces together do.

    The spaces raise the threshold, and where the network learned little they raise nothing else: what the looks alone
    would tell must not be lost by that. Taken from the highest fifth of the scores, not from a threshold: a factor that
    follows the few most extreme exams makes them look more usual than they are.
    """
    alone, together = (
        np.sort(scores)[-max(FEWEST_TOP, len(values) // 5) :].mean()
        for scores in (values[:, :checks].max(axis=1), _score(values, checks))
    )
    return float(max(1.0, together / alone)) if alone > 0 else 1.0


def _soft(z: Floats) -> Floats:
    return np.asarray(SOFT * np.arcsinh(z / SOFT))


def _precision(u: Floats) -> Floats:
    """Of centred (n, d): the inverse of the shrunk covariance."""
    n, d = u.shape
    covariance = u.T @ u / n
    size = max(float(np.trace(covariance)) / d, 1e-3)
    rho = _shrinkage(u, covariance)
    return np.asarray(np.linalg.inv((1 - rho) * covariance + rho * size * np.eye(d)))


def _shrinkage(u: Floats, covariance: Floats) -> float:
    """Ledoit and Wolf's weight of the round covariance, at least 0.02."""
    n, d = u.shape
    size = np.trace(covariance) / d
    delta = (covariance**2).sum() - d * size**2
    beta = ((u**2).sum(axis=1) ** 2).sum() / n - (covariance**2).sum()
    return float(np.clip(beta / n / delta if delta > 0 else 1.0, 0.02, 1.0))


def _counted(scores: Floats, people: int, rate: float) -> float:
    """The conformal quantile of sorted scores, corrected for the number of subjects, not of pictures."""
    share = np.ceil((people + 1) * (1 - rate) - 1e-9) / people
    return float(scores[min(int(np.ceil(share * len(scores) - 1e-9)), len(scores)) - 1])


def _tail(scores: Floats, people: int, rate: float) -> float:
    """What a new score exceeds with chance `rate`, the highest tenth of the sorted scores (five at least) being taken
    for exponential: the prediction of a new exceedance from k of them is a Pareto's, not the fitted exponential's."""
    n = len(scores)
    k = min(max(round(TOP * n), FEWEST_TOP), n - 1)
    start = float(scores[n - k - 1])
    excess = float((scores[n - k :] - start).mean())
    effective = max(min(k, round(k * people / n)), 2)
    share = min(rate * (n + 1) / k, 1.0)
    return float(start + effective * excess * (share ** (-1 / effective) - 1))


def _sign(gate: Gate, check: str, x: Floats) -> float:
    """-1 where the picture is darker, flatter, more blurred or smaller than the mean one."""
    if check not in QUALITY:
        return 1.0
    u = _soft((x - gate.centre) / gate.scale) - gate.mean
    named = [f"{check}.{what}" for what in QUALITY[check]]
    return -1.0 if sum(u[gate.names.index(name)] for name in named if name in gate.names) < 0 else 1.0
