"""Whether the mean cost of some exams is at most alpha: exact where exams cost nothing, a little or a lot.

One price: the exact binomial tail. Two: an exact test over how often each occurs. More: a test by betting. All three
rest on one statistic, the capital of a gambler who bets that the mean is below alpha (Waudby-Smith and Ramdas, 2024),
averaged over sizes of the bet so that the order of the exams does not matter. What is tested is refer.py.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
BETS = 12
"""Sizes of the bet, evenly up to the most that one exam of the dearest kind leaves the gambler with nothing."""
WORLDS = 48
"""Worlds whose mean cost is alpha, at which a test of two prices is taken, and again around the worst of them."""


def tail(counts: Sequence[int], n: int, prices: Sequence[float], alpha: float) -> float:
    """The chance of costs so low, when the mean cost is alpha or more: (m,) how many of n exams had each price.

    `prices`: (m,) positive and ascending. Never too low a chance: of three prices or more Markov's bound takes the
    place of an exact one. 0 when even the dearest price is not above alpha: no exam could break the promise.
    """
    if not prices or alpha >= prices[-1]:
        return 0.0
    if len(prices) == 1:
        return float(special.bdtr(counts[0], n, alpha / prices[0]))
    spread = (tuple(float(p) for p in prices), float(alpha))
    held = float(_capital(np.array([counts], dtype=float), n, *spread)[0])
    if held <= 0 or len(prices) > 2:
        return min(1.0, math.exp(-held))
    return _exact(tuple(int(k) for k in counts), n, *spread)


def fewest(prices: Sequence[float], alpha: float, delta: float) -> int:
    """Exams without any error at which `tail` first gets down to delta."""
    if not prices or alpha >= prices[-1]:
        return 1
    least = math.ceil(math.log(delta) / math.log1p(-alpha / prices[-1]) - 1e-9)
    if len(prices) <= 2:
        return least
    none = [0] * len(prices)
    high = least
    while tail(none, high, prices, alpha) > delta:
        high *= 2
    while least < high:
        middle = (least + high) // 2
        least, high = (least, middle) if tail(none, middle, prices, alpha) <= delta else (middle + 1, high)
    return high


def ceiling(counts: Sequence[int], n: int, prices: Sequence[float], confidence: float) -> float:
    """The mean cost that these counts stay below with that confidence: where `tail` gets down to 1 - confidence."""
    if len(prices) == 1:
        return prices[0] * (1.0 if counts[0] >= n else float(special.bdtri(counts[0], n, 1 - confidence)))
    low, high = 0.0, float(prices[-1])
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (low, middle) if tail(counts, n, prices, middle) <= 1 - confidence else (middle, high)
    return high


def _capital(counts: Floats, n: int, prices: tuple[float, ...], alpha: float) -> Floats:
    """(k,) logarithms of the mean capital over the bets, for (k, m) counts; it falls with every error, or stays."""
    bets = np.arange(1, BETS + 1) / BETS / (prices[-1] - alpha)  # (bets,)
    right = np.log1p(bets * alpha)
    grown = (n - counts.sum(axis=1))[:, None] * right  # (k, bets)
    for count, cost in zip(counts.T, prices, strict=True):
        grown = grown + special.xlogy(count[:, None], np.maximum(1 + bets * (alpha - cost), 0.0))
    most = grown.max(axis=1)  # (k,); finite, for the smaller bets are never ruined
    return np.asarray(most + np.log(np.exp(grown - most[:, None]).mean(axis=1)))


@lru_cache(maxsize=1 << 16)
def _exact(counts: tuple[int, ...], n: int, prices: tuple[float, ...], alpha: float) -> float:
    """The chance, in the worst world of mean cost alpha, of a capital at least as high as that of these counts.

    The capital falls with every error of either kind, so in a world with more errors it is reached more rarely, and
    the worst world lies where the mean is alpha itself: a line, along which the chance is taken at many places.
    """
    allowed = _as_good(counts, n, prices, alpha)  # (j,): with j dear errors, so many cheap ones
    cheap, dear = prices
    lowest, highest = max(0.0, (alpha - cheap) / (dear - cheap)), alpha / dear
    worst, found = lowest, 0.0
    width = (highest - lowest) / WORLDS
    for low, high in ((lowest, highest), (0.0, 0.0)):
        if low == high:  # again, around the worst
            low, high = max(lowest, worst - width), min(highest, worst + width)
        q = np.linspace(low, high, WORLDS + 1)  # (worlds,) how often a dear error occurs
        chances = _chance(allowed, n, q, np.maximum((alpha - dear * q) / cheap, 0.0))
        worst, found = float(q[chances.argmax()]), max(found, float(chances.max()))
    return min(1.0, found)


def _as_good(counts: tuple[int, ...], n: int, prices: tuple[float, ...], alpha: float) -> NDArray[np.int64]:
    """The most cheap errors with which the capital is still that of `counts` or more, by the number of dear errors."""
    held = float(_capital(np.array([counts], dtype=float), n, prices, alpha)[0]) - 1e-9
    most, over = 0, n + 1  # with no dear error: the most cheap ones lie in [most, over)
    while over - most > 1:
        middle = (most + over) // 2
        good = _capital(np.array([[middle, 0.0]]), n, prices, alpha)[0] >= held
        most, over = (middle, over) if good else (most, middle)
    found: list[int] = []
    for dear in range(n + 1):
        cheap = np.arange(min(most, n - dear) + 1)
        held_with = _capital(np.stack([cheap, np.full_like(cheap, dear)], axis=1).astype(float), n, prices, alpha)
        most = int((held_with >= held).sum()) - 1
        if most < 0:
            break
        found.append(most)
    return np.array(found)


def _chance(allowed: NDArray[np.int64], n: int, dear: Floats, cheap: Floats) -> Floats:
    """(worlds,) chances of no more errors than allowed, when each exam is dear or cheap with these chances."""
    j = np.arange(len(allowed))[:, None]  # (j, 1)
    log_of = special.gammaln(n + 1) - special.gammaln(j + 1) - special.gammaln(n - j + 1)
    weight = np.exp(log_of + special.xlogy(j, dear) + special.xlog1py(n - j, -dear))  # (j, worlds)
    rest = np.minimum(cheap / np.maximum(1 - dear, 1e-300), 1.0)
    few = special.bdtr(np.minimum(allowed[:, None], n - j), n - j, np.broadcast_to(rest, weight.shape))
    return np.asarray((weight * few).sum(axis=0))
