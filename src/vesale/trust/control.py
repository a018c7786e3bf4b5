"""A loss that a threshold keeps below alpha: masks that miss little, pictures whose intervals hold the pixels.

On average over exams by conformal risk control (Angelopoulos, Bates, Fisch, Lei, Schuster 2022), or with confidence
1 - delta by testing thresholds in a fixed order, from the safest on (Bates, Angelopoulos, Lei, Malik, Jordan 2021;
Angelopoulos, Bates, Candes, Jordan, Lei 2021), with the betting test of Waudby-Smith and Ramdas (2024).

A subject counts once, by the mean loss of its exams.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .conform import needed as needed_on_average

Floats = NDArray[np.float64]
_ROUNDING = 1e-9
MOST = 100_000
"""Calibration subjects beyond which nobody goes."""
BLOCK = 256
"""Thresholds that are tested at a time."""
WIDEST, FINEST, STEPS = 1e4, 1e-4, 801
"""Of pictures: half widths (times the spread) that are tried, from the safest to the narrowest, evenly in logarithm."""
SCALES = np.geomspace(WIDEST, FINEST, STEPS)


def control(losses: ArrayLike, alpha: float, delta: float | None = None) -> int | None:
    """How many of the thresholds, counted from the safest, keep the promise; None: not even the first does.

    `losses`: (subjects, thresholds) in [0, 1], rising along each row. `delta` None: the expected loss of a new subject
    is at most alpha. Else: the mean loss of all such subjects is at most alpha, with confidence 1 - delta.
    """
    rows = np.asarray(losses, dtype=float)
    n = len(rows)
    if n == 0:
        return None
    if delta is None:
        risk = (rows.sum(axis=0) + 1) / (n + 1)
        good = int((risk <= alpha + _ROUNDING).sum())
    else:
        good = _passed(rows[np.random.default_rng(0).permutation(n)], alpha, delta)
    return good or None


def needed(alpha: float, delta: float | None = None) -> int:
    """Subjects without any loss that the promise takes at least; in practice it takes more."""
    return needed_on_average(alpha) if delta is None else _needed_sure(alpha, delta)


def control_false_negatives(
    positives: ArrayLike, alpha: float, subjects: Sequence[str] | None = None, delta: float | None = None
) -> float | None:
    """The highest threshold at which a mask misses at most alpha of its structure, as `control` means it.

    `positives`: (n, bins) counts of the structure's samples at each probability. Exams without the structure say
    nothing and are dropped. None: too few exams (it takes `needed`), or only marking every sample would do.
    """
    counts = np.asarray(positives, dtype=float)
    has = counts.sum(axis=1) > 0
    counts = counts[has]
    if len(counts) == 0:
        return None
    missed = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)  # (n, bins): below the bin's upper edge
    who = None if subjects is None else np.asarray(subjects, dtype=str)[has]
    good = control(by_subject(missed, who), alpha, delta)
    return None if good is None else good / counts.shape[1]


def would_do(positives: ArrayLike, alpha: float, subjects: Sequence[str], delta: float | None = None) -> int | None:
    """How many calibration subjects like these (that have the structure) the promise about a mask would take.

    None: no number, for even the lowest threshold misses more than alpha of the structure.
    """
    counts = np.asarray(positives, dtype=float)
    has = counts.sum(axis=1) > 0
    if not has.any():
        return needed(alpha, delta)
    missed = (counts[has, :1] / counts[has].sum(axis=1, keepdims=True)).clip(0, 1)
    losses = by_subject(missed, np.asarray(subjects, dtype=str)[has])
    least = float(losses.mean())
    if least >= alpha - _ROUNDING:
        return None
    if delta is None:
        return math.ceil((1 - alpha) / (alpha - least) - _ROUNDING)
    n = _needed_sure(alpha, delta)
    while control(np.resize(losses, (n, 1)), alpha, delta) is None and n < MOST:
        n = math.ceil(1.1 * n)
    return n if n < MOST else None


def bearers(positives: ArrayLike, subjects: Sequence[str] | None = None) -> int:
    """Subjects that have the structure: those that a promise about missing it counts."""
    has = np.asarray(positives).sum(axis=1) > 0
    return int(has.sum()) if subjects is None else len(np.unique(np.asarray(subjects, dtype=str)[has]))


def pixels_outside(answer: ArrayLike, truth: ArrayLike, spread: ArrayLike = 1.0, valid: ArrayLike = True) -> Floats:
    """(STEPS,) share of an exam's valid pixels whose error exceeds each scale times the spread; rises along SCALES."""
    error = np.abs(np.asarray(answer, dtype=float) - np.asarray(truth, dtype=float))
    ratio = error / np.maximum(np.asarray(spread, dtype=float), np.finfo(float).tiny)
    ratio = np.sort(ratio[np.broadcast_to(np.asarray(valid, dtype=bool), ratio.shape) & np.isfinite(ratio)])
    if len(ratio) == 0:
        return np.zeros(STEPS)
    return np.asarray(1 - np.searchsorted(ratio, SCALES, side="right") / len(ratio))


def fit_spread(
    outside: ArrayLike, alpha: float, subjects: Sequence[str] | None = None, delta: float | None = None
) -> float | None:
    """Of pictures: the scale at which at most alpha of an exam's pixels lie outside answer +- scale * spread.

    `outside`: (n, STEPS) of `pixels_outside`. As in Angelopoulos et al., Image-to-Image Regression with
    Distribution-Free Uncertainty Quantification (ICML 2022). None: too few exams, or none of the scales would do.
    """
    rows = by_subject(np.asarray(outside, dtype=float), None if subjects is None else np.asarray(subjects, dtype=str))
    good = control(rows, alpha, delta)
    return None if good is None else float(SCALES[good - 1])


def by_subject(losses: Floats, subjects: NDArray[np.str_] | None) -> Floats:
    """(n, m) losses of exams -> (subjects, m) means."""
    if subjects is None:
        return losses
    group = np.unique(subjects, return_inverse=True)[1].reshape(-1)
    sums = np.zeros((int(group.max(initial=-1)) + 1, losses.shape[1]))
    np.add.at(sums, group, losses)
    return np.asarray(sums / np.bincount(group)[:, None])


def _passed(rows: Floats, alpha: float, delta: float) -> int:
    """Thresholds from the first on whose 'the mean loss is more than alpha' is rejected at delta, up to the first
    that is not."""
    good = 0
    for start in range(0, rows.shape[1], BLOCK):
        wealth = most_wealth(rows[:, start : start + BLOCK], alpha, delta)
        passed = wealth >= 1 / delta
        if not passed.all():
            return good + int(passed.argmin())
        good += len(passed)
    return good


def most_wealth(rows: Floats, alpha: float, delta: float) -> Floats:
    """(m,) the largest wealth of one who bets, subject after subject, (n, m), that the mean loss is below alpha.

    Were it above, the chance that the wealth ever reaches 1 / delta would be at most delta (Ville). The bet on a
    subject rests on those before it, and is never more than makes the wealth negative.
    """
    n = len(rows)
    before = np.arange(1, n + 1)[:, None]  # one made-up subject of loss 1/2 and variance 1/4 comes first
    seen = np.concatenate([np.zeros((1, rows.shape[1])), rows[:-1]])
    mean = (0.5 + np.cumsum(seen, axis=0)) / before
    away = np.concatenate([np.zeros((1, rows.shape[1])), (rows[:-1] - mean[1:]) ** 2])
    variance = (0.25 + np.cumsum(away, axis=0)) / before
    bet = np.minimum(np.sqrt(2 * math.log(1 / delta) / (n * variance)), 1 / (1 - alpha))
    steps = np.log(np.maximum(1 - bet * (rows - alpha), np.finfo(float).tiny))
    return np.asarray(np.exp(np.minimum(np.cumsum(steps, axis=0).max(axis=0), 700.0)))


@lru_cache(maxsize=64)
def _needed_sure(alpha: float, delta: float) -> int:
    n = math.ceil(math.log(delta) / math.log(1 - alpha) - _ROUNDING)  # no bet wins faster than this
    while most_wealth(np.zeros((n, 1)), alpha, delta)[0] < 1 / delta:
        n += 1
    return n
