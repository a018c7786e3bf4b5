"""Whether a stream of readings has moved away from the reference: rings rarely while nothing has changed, soon after.

Each reading is ranked among the reference and all readings before it; as long as all are alike, the ranks are uniform
and independent (Vovk, Testing randomness online, Statistical Science 2021). Bets against that are summed as a
Shiryaev-Roberts process, which takes n readings on average to reach n (e-detector: Shin, Ramdas, Rinaldo 2024).
"""

import bisect
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..core.watch import Alarm, Change, Drift

EXPONENTS = (0.35, 0.6, 0.8)
"""A bet e pays e * p ** (e - 1) for a rank p: small ones win much from few surprises, large ones a little from many."""
EVERY = 1000
"""Readings between two false alarms, on average at least."""
FEWEST = 20
"""Reference exams below which nothing is watched."""
Floats = NDArray[np.float64]


def drift(
    reference: Mapping[str, Floats], stream: Mapping[str, Floats], every: int = EVERY, seed: int = 0
) -> Drift | None:
    """Watch `stream` (name -> (t,), in order of time; nan where a reading has no value) against `reference` (name ->
    (n,)). Quantities that either lacks are left out. None with fewer than 20 reference exams.

    While the stream is exchangeable with the reference, the mean number of readings to a false alarm is at least
    `every`, whatever the quantities' distributions and however they depend on each other.
    """
    names = [name for name in stream if name in reference]
    known = {name: reference[name][np.isfinite(reference[name])] for name in names}
    names = [name for name in names if len(known[name]) >= FEWEST and np.isfinite(stream[name]).any()]
    if not names:
        return None
    rng = np.random.default_rng(seed)
    wins = np.stack([_wins(known[name], stream[name], rng) for name in names], axis=1)  # (t, names, bets)
    evidence, alarms = _rung(wins, names, every)
    first = alarms[0].since - 1 if alarms else 0
    since = {name: stream[name][first:] for name in names}
    changes = _changes(known, {name: v[np.isfinite(v)] for name, v in since.items()})
    reading = max(len(stream[name]) for name in names)
    return Drift(reading, max(map(len, known.values())), every, tuple(evidence.tolist()), tuple(alarms), changes)


def _wins(reference: Floats, stream: Floats, rng: np.random.Generator) -> Floats:
    """(t, 2 * exponents): what each bet on 'lower' and on 'higher' multiplies its stake by; 1 where nothing is read."""
    pool = sorted(reference.tolist())
    exponents = np.array(EXPONENTS)
    wins = np.ones((len(stream), 2 * len(exponents)))
    for t, value in enumerate(stream.tolist()):
        if not np.isfinite(value):
            continue
        low, high = bisect.bisect_left(pool, value), bisect.bisect_right(pool, value)
        rank = (low + rng.random() * (high - low + 1)) / (len(pool) + 1)  # ties are broken at random
        pool.insert(high, value)
        tails = np.clip(np.array([rank, 1 - rank]), 1e-12, 1.0)
        wins[t] = (exponents * tails[:, None] ** (exponents - 1)).ravel()
    return wins


def _rung(wins: Floats, names: list[str], every: int) -> tuple[Floats, list[Alarm]]:
    stakes = np.zeros(wins.shape[1:])
    before = np.cumsum(np.log(wins), axis=0) - np.log(wins)  # (t, names, bets): gained before each reading
    evidence, alarms, start = np.zeros(len(wins)), [], 0
    for t, pays in enumerate(wins):
        stakes = (stakes + 1) * pays
        evidence[t] = stakes.mean()
        if evidence[t] >= every:
            name, bet = (int(i) for i in np.unravel_index(int(stakes.argmax()), stakes.shape))
            since = start + int(before[start : t + 1, name, bet].argmin()) + 1
            alarms.append(Alarm(t + 1, since, names[name], bet >= len(EXPONENTS)))
            stakes, start = np.zeros_like(stakes), t + 1
    return evidence, alarms


def _changes(before: Mapping[str, Floats], after: Mapping[str, Floats]) -> tuple[Change, ...]:
    names = [name for name in before if len(after[name])]
    p = [float(stats.ks_2samp(before[name], after[name], method="asymp").pvalue) for name in names]
    order, corrected, highest = np.argsort(p), [1.0] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p[i] * (len(p) - rank)))
        corrected[i] = highest
    medians = [(float(np.median(before[name])), float(np.median(after[name]))) for name in names]
    return tuple(Change(n, *m, q, c) for n, m, q, c in zip(names, medians, p, corrected, strict=True))
