"""Is a map faithful to its model: deletion and insertion against random order, and the map of randomised weights.

Deletion and insertion curves: Petsiuk, Das, Saenko 2018 (RISE). Randomised weights: Adebayo et al. 2018, Sanity checks
for saliency maps. How the network is run, and how its weights are shuffled, lives in the engine.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from ..core.explanation import ALIKE, Faithfulness
from ..core.report import Measure

GRID = 16
"""Cells along each side of a plane: what is taken away and given back at once."""
STEPS = 10
"""Equal shares of the cells, from all there to all gone."""
ORDERS = 12
"""Random orders that a map is compared with."""
SMOOTH = 1.0
"""Cells: a random order is as smooth as a map, so that what it takes away hangs together too."""
SOFT = 0.5
"""Cells: how softly what is taken away passes into what is left; hard edges are a finding of their own to a network."""
VISIBLE = 0.004
"""Mean change of brightness, of [0, 1], below which taking a cell's detail away changes nothing: it goes last."""
LEVEL = 0.95
STILL = 1e-6
Floats = NDArray[np.floating]
Scores = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""(N, P, C, H, W) -> (N,): the explained number of N altered versions of one view."""


def cells(planes: Floats) -> NDArray[np.float64]:
    """Means of (..., H, W) over a grid of at most 16 x 16 cells: (..., gy, gx)."""
    rows, columns = (_edges(n) for n in planes.shape[-2:])
    sums = np.add.reduceat(np.add.reduceat(np.asarray(planes, float), rows[:-1], axis=-2), columns[:-1], axis=-1)
    return np.asarray(sums / (np.diff(rows)[:, None] * np.diff(columns)))


def spread(chosen: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells (..., gy, gx) as samples (..., H, W): the inverse of `cells` for a choice of them."""
    rows, columns = (np.diff(_edges(n)) for n in shape)
    return np.repeat(np.repeat(chosen, rows, axis=-2), columns, axis=-1)


def visible(planes: Floats, faded: Floats) -> NDArray[np.bool_]:
    """(P, gy, gx): where taking the detail of (P, C, H, W) away changes anything."""
    return np.asarray(cells(np.abs(planes - faded).mean(axis=1)) > VISIBLE)


def order_of(values: Floats, seen: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    """Flat indices of all cells, the highest first, ties at random; what is not seen comes last."""
    keys = (rng.random(values.size), -values.ravel(), ~seen.ravel())
    return np.lexsort(keys)


def random_orders(seen: NDArray[np.bool_], rng: np.random.Generator, count: int = ORDERS) -> list[NDArray[np.intp]]:
    """Orders of the same cells that know the visible part of the picture and nothing else."""
    drawn = [
        ndimage.gaussian_filter(rng.normal(size=seen.shape), (0, SMOOTH, SMOOTH), mode="wrap") for _ in range(count)
    ]
    return [order_of(noise, seen, rng) for noise in drawn]


def curves(scores: Scores, pair: tuple[Floats, Floats], order: NDArray[np.intp], seen: int) -> NDArray[np.float64]:
    """(2, STEPS + 1) explained numbers: row 0 while cells of `order` are taken away, row 1 while they are given back.

    `pair`: the planes (P, C, H, W) and the same faded. Shares are of the `seen` cells, at least one; at the last step
    all is gone, or all is back.
    """
    planes, faded = pair
    grid = cells(planes[:, 0]).shape
    total = len(order)
    altered = []
    for step in range(1, STEPS):
        taken = np.zeros(total, bool)
        taken[order[: round(max(seen, 1) * step / STEPS)]] = True
        gone = _softly(spread(taken.reshape(grid), (planes.shape[2], planes.shape[3])))[:, None]
        altered += [planes + (faded - planes) * gone, faded + (planes - faded) * gone]
    found = scores(np.stack([planes, faded, *altered]).astype(np.float32))
    whole, nothing, rest = found[0], found[1], found[2:].reshape(-1, 2)
    return np.stack([[whole, *rest[:, 0], nothing], [nothing, *rest[:, 1], whole]])


def judged(
    own: NDArray[np.float64], random: NDArray[np.float64], similarity: Sequence[float] | None, why: str = ""
) -> Faithfulness:
    """From the curves of a map (2, S) and of random orders (R, 2, S), and its similarity to maps of shuffled weights.

    `similarity` is None where weights could not be shuffled, `why` says so; the check then counts as failed.
    """
    reach = float(max(own.max(), random.max()) - min(own.min(), random.min()))
    deletion = _advantage("deletion", _area(random[:, 0]) - _area(own[0]), reach)
    insertion = _advantage("insertion", _area(own[1]) - _area(random[:, 1]), reach)
    alike = _similarity(similarity, why)
    failed = [m.name for m in (deletion, insertion) if m.low is None or m.low <= 0]
    if alike.value is None or alike.value >= ALIKE:
        failed.append(alike.name)
    return Faithfulness(deletion, insertion, alike, tuple(failed))


def likeness(first: Floats, second: Floats, where: NDArray[np.bool_]) -> float:
    """Spearman's rank correlation of the strengths |map| over the samples `where`; 0 when either is flat there."""
    a, b = np.abs(first[where]), np.abs(second[where])
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(stats.spearmanr(a, b).statistic)


def _softly(gone: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(P, H, W) of 0 and 1 with soft edges."""
    sigma = tuple(SOFT * n / min(GRID, n) for n in gone.shape[1:])
    return np.asarray(ndimage.gaussian_filter(gone.astype(np.float32), (0, *sigma), mode="nearest"))


def _advantage(name: str, gains: NDArray[np.float64], reach: float) -> Measure:
    """Mean gain over random orders, as a share of the reach, with the interval for one more random order."""
    n = len(gains)
    if not reach > STILL:
        why = "the answer does not change, whatever is taken away"
        return Measure(name, None, None, None, n, "trial", method=why)
    share = gains / reach
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1) * share.std(ddof=1) * np.sqrt(1 + 1 / n))
    mean = float(share.mean())
    method = (
        "area between the map's curve and that of random orders, as a share of the curves' reach; interval: what one "
        "more random order would give (Student)"
    )
    return Measure(name, mean, mean - half, mean + half, n, "trial", method=method, level=LEVEL)


def _similarity(values: Sequence[float] | None, why: str) -> Measure:
    name = "randomised_weights"
    if not values:
        return Measure(name, None, None, None, 0, "trial", method=why or "the weights could not be shuffled")
    mean, n = float(np.mean(values)), len(values)
    low = high = None
    if n > 1:
        half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
        low, high = max(-1.0, mean - half), min(1.0, mean + half)
    method = (
        "Spearman's rank correlation of strengths with the maps of shuffled weights; interval of the mean (Student)"
    )
    return Measure(name, mean, low, high, n, "trial", method=method, level=LEVEL)


def _area(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Under (..., S) points at equal distances, as a mean height."""
    return np.asarray(np.trapezoid(curve, axis=-1) / (curve.shape[-1] - 1))


def _edges(n: int) -> NDArray[np.intp]:
    count = min(GRID, n)
    return np.round(np.linspace(0, n, count + 1)).astype(np.intp)
