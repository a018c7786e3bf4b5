"""Many pairs of small square pictures registered at once, each under an affine map; one pair, finely: `alignment.py`.

Registration is Gauss-Newton with the roles of Baker and Matthews ("Lucas-Kanade 20 years on", 2004): the gradient is
taken of the picture that stays. The matrix of a step is a product of slopes and coordinates, which are the same for all
pairs, so that a block of pairs costs a few products of matrices.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
STEPS = 8
BLOCK = 2**16
"""Samples at a time: what they take stays in the processor's cache."""
FARTHEST = 0.3
"""Of a step: the most that one number of the map may change."""


def laid_over(moved: Singles, fixed: Singles, affines: Floats, steps: int = STEPS) -> tuple[Floats, Floats]:
    """Pairs of (n, side, side): (n, 2, 3) maps bettered, and the correlation of each pair under its map.

    A map leads from the (x, y) of the fixed picture to those of the moved one; each picture spans -1 to 1.
    """
    bettered, like = np.array(affines, float), np.zeros(len(fixed))
    size = max(1, BLOCK // fixed[0].size) if len(fixed) else 1
    for start in range(0, len(fixed), size):
        block = slice(start, start + size)
        bettered[block], like[block] = _block(moved[block], fixed[block], bettered[block], steps)
    return bettered, like


def agreeing(moved: Singles, fixed: Singles, affines: Floats) -> Floats:
    """(n,) correlation of each pair under its map, which stays as it is."""
    return laid_over(moved, fixed, affines, 0)[1]


def moved_by(affines: Floats, steps: Floats) -> Floats:
    """(..., 2, 3) maps after the inverse of a step of the picture that stays, which is held within bounds."""
    largest = np.maximum(np.abs(steps).max(axis=(-2, -1), keepdims=True), 1e-9)
    a, b, c, d, e, f = np.moveaxis((steps * np.minimum(1, FARTHEST / largest)).reshape(*steps.shape[:-2], 6), -1, 0)
    a, e = a + 1, e + 1
    size = a * e - b * d
    back = np.stack([e, -b, b * f - e * c, -d, a, d * c - a * f], axis=-1).reshape(steps.shape) / size[..., None, None]
    turned = affines[..., :2] @ back
    turned[..., 2] += affines[..., 2]
    return np.asarray(turned)


def _block(moved: Singles, fixed: Singles, affines: Floats, steps: int) -> tuple[Floats, Floats]:
    moved, fixed = np.asarray(moved, np.float32), np.asarray(fixed, np.float32)
    n, side, _ = fixed.shape
    down, along = np.gradient(fixed, axis=(1, 2))
    slopes = [(g * np.float32(side / 2)).reshape(n, -1) for g in (along, down)]
    flat = fixed.reshape(n, -1)
    for _ in range(steps):
        seen, still, power, product, weight = _compared(moved, flat, affines)
        gain = np.clip(product / np.maximum(power[0], 1e-6), 0.2, 5)
        step = _step(slopes, weight, np.asarray(gain[:, None] * seen - still, np.float32))
        affines = moved_by(affines, step)
    _, _, power, product, weight = _compared(moved, flat, affines)
    like = product / np.sqrt(np.maximum(power[0] * power[1], 1e-12))
    return affines, np.where(weight.sum(1) < 16, 0, like)


def _compared(
    moved: Singles, flat: Singles, affines: Floats
) -> tuple[Singles, Singles, tuple[Singles, Singles], Singles, Singles]:
    """What is seen of one picture through its map and the other one, both without their means, 0 where only one shows
    anything (n, side * side); the powers of both, their product, (n,) each; and 1 where both show something."""
    seen, weight = _through(moved, affines)
    share = np.maximum(weight.sum(1), 1)
    centred = []
    for values in (seen, flat):
        mean = np.einsum("np,np->n", values, weight) / share
        centred.append((values - mean[:, None]) * weight)
    a, b = centred
    power = np.einsum("np,np->n", a, a), np.einsum("np,np->n", b, b)
    return a, b, power, np.einsum("np,np->n", a, b), weight


def _step(slopes: list[Singles], weight: Singles, error: Singles) -> Floats:
    """(n, 2, 3) of Gauss-Newton; `weight` is 0 or 1, and `error` 0 where that is."""
    side = round(weight.shape[1] ** 0.5)
    once, twice = _coordinates(side)[1:]
    right = np.concatenate([(slope * error) @ once for slope in slopes], axis=1).astype(float)  # (n, 6)
    along, down = slopes
    lean = weight * along
    matrix = np.empty((len(weight), 6, 6))
    for (row, column), product in {(0, 0): lean * along, (0, 3): lean * down, (3, 3): weight * down * down}.items():
        part = (product @ twice).reshape(-1, 3, 3)
        matrix[:, row : row + 3, column : column + 3] = matrix[:, column : column + 3, row : row + 3] = part
    damp = np.trace(matrix, axis1=1, axis2=2) * (1e-3 / 6) + 1e-6
    matrix[:, range(6), range(6)] += damp[:, None]
    return np.asarray(np.linalg.solve(matrix, right[..., None]).reshape(-1, 2, 3))


def _through(moved: Singles, affines: Floats) -> tuple[Singles, Singles]:
    """(n, side * side): each picture through its map, bilinear; and 1 where it has anything to show, else 0."""
    n, side, _ = moved.shape
    spots = affines.astype(np.float32) @ _coordinates(side)[0]  # (n, 2, side * side)
    weight = (np.abs(spots).max(axis=1) <= 1).astype(np.float32)
    spots = np.clip((spots + 1) * np.float32(side / 2) - np.float32(0.5), 0, np.float32(side - 1.001))
    whole = spots.astype(np.intp)
    across, down = (spots - whole.astype(np.float32)).transpose(1, 0, 2)
    at = whole[:, 1] * side + whole[:, 0] + (np.arange(n) * side * side)[:, None]
    samples = moved.reshape(-1)
    corners = [samples.take(at + shift) for shift in (0, 1, side, side + 1)]
    upper = corners[0] + across * (corners[1] - corners[0])
    lower = corners[2] + across * (corners[3] - corners[2])
    return np.asarray(upper + down * (lower - upper)), weight


@lru_cache(maxsize=8)
def _coordinates(side: int) -> tuple[Singles, Singles, Singles]:
    """x, y and 1 of each sample: (3, side * side), the same (side * side, 3), and their products (side * side, 9)."""
    place = (np.arange(side) + 0.5) / side * 2 - 1
    y, x = (grid.reshape(-1) for grid in np.meshgrid(place, place, indexing="ij"))
    once = np.stack([x, y, np.ones_like(x)])
    twice = (once[:, None] * once[None]).reshape(9, -1)
    return once.astype(np.float32), once.T.astype(np.float32).copy(), twice.T.astype(np.float32).copy()
