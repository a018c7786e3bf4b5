"""How near a picture is to the true one: sample by sample, in structure, and among others (identification)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from ..core.report import Measure
from .intervals import clopper_pearson, joined, measure

Floats = NDArray[np.float64]
PERMUTATIONS = 9999
WINDOW = 7
"""Side of the windows of SSIM (Wang, Bovik, Sheikh, Simoncelli 2004), evenly weighted, as scikit-image has it."""
SINGLE = ("pcc", "mse", "ssim", "psnr_db", "psnr_affine_db")
"""What is measured of each picture by itself."""


def picture_cells(said: ArrayLike, truth: ArrayLike, reach: float) -> dict[str, float | None]:
    """SINGLE of one picture (channel, *shape) and its truth; `reach`: the range of samples, high - low.

    The squared error is of pictures scaled so that the range is 1. None where a number is not defined: a correlation
    of a picture without contrast, the structure of one smaller than a window.
    """
    a, b = (np.asarray(p, dtype=float) / reach for p in (said, truth))
    mse = float(((a - b) ** 2).mean())
    left = _after_affine(a, b)
    return {
        "pcc": correlation(a, b),
        "mse": mse,
        "ssim": _mean_ssim(a, b),
        "psnr_db": _decibel(mse),
        "psnr_affine_db": _decibel(left),
    }


def correlation(said: ArrayLike, truth: ArrayLike) -> float | None:
    """Pearson's, over all samples; None when one of the two has no contrast."""
    a, b = (np.asarray(p, dtype=float).ravel() for p in (said, truth))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > 1e-12 * a.size else None


def ssim(said: Floats, truth: Floats, reach: float = 1.0) -> float | None:
    """Mean structural similarity of two grids over all whole windows of WINDOW samples a side, uniformly weighted,
    covariances of n - 1; None when the picture is smaller than a window."""
    if min(said.shape) < WINDOW:
        return None
    n = WINDOW**said.ndim
    a, b = said.astype(float), truth.astype(float)

    def mean(x: Floats) -> Floats:
        return np.asarray(ndimage.uniform_filter(x, WINDOW))

    ma, mb = mean(a), mean(b)
    scale = n / (n - 1)
    va, vb, both = (
        scale * (mean(x * y) - mx * my) for x, y, mx, my in ((a, a, ma, ma), (b, b, mb, mb), (a, b, ma, mb))
    )
    c1, c2 = (0.01 * reach) ** 2, (0.03 * reach) ** 2
    found = (2 * ma * mb + c1) * (2 * both + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    edge = WINDOW // 2
    return float(found[(slice(edge, -edge),) * said.ndim].mean())


def agreement(said: ArrayLike, truth: ArrayLike) -> Floats:
    """(n, m) correlation of each picture of (n, samples) with each of (m, samples); 0 where one has no contrast."""
    a, b = (np.asarray(p, dtype=float) for p in (said, truth))
    parts = [p - p.mean(axis=1, keepdims=True) for p in (a, b)]
    sizes = [np.linalg.norm(p, axis=1, keepdims=True) for p in parts]
    one, other = (np.where(s > 0, p / np.where(s > 0, s, 1), 0) for p, s in zip(parts, sizes, strict=True))
    return np.asarray(one @ other.T)


def identified(table: ArrayLike, which: Sequence[str], classes: Sequence[str | None] | None = None) -> Floats:
    """(n,) how often each picture is nearer (in correlation) to its truth than to another true picture; a tie is half.

    `table`: `agreement` of n pictures and their n truths; `which`: what tells true pictures apart, so that one that
    was seen in several trials counts as one. `classes`: only pictures of the same class are the others; nan where
    there is none.
    """
    found = np.asarray(table, dtype=float)
    names, first = np.unique(np.asarray(which, dtype=str), return_index=True)
    distinct, own = found[:, first], np.diagonal(found)
    other = np.asarray(which, dtype=str)[:, None] != names[None]
    if classes is not None:
        kinds = np.array([str(c) for c in classes])
        known = np.array([c is not None for c in classes])
        other &= (kinds[:, None] == kinds[first][None]) & known[:, None] & known[first][None]
    wins = (own[:, None] > distinct) + 0.5 * (own[:, None] == distinct)
    count = other.sum(axis=1)
    return np.asarray(np.where(count > 0, (wins * other).sum(axis=1) / np.maximum(count, 1), np.nan))


def permutation_measure(table: ArrayLike, subjects: Sequence[str]) -> Measure:
    """`permutation_p` as a Measure; the interval says how exactly so many draws tell it."""
    p, draws = permutation_p(table, subjects)
    name, n = "permutation_p", len(set(subjects))
    if not draws:
        return Measure(name, None, None, None, n, method="one subject: nothing can change places")
    low, high = clopper_pearson(round(p * (draws + 1)) - 1, draws)
    remark = f"{draws} permutations of the true pictures among subjects, mean correlation; Clopper-Pearson of the draws"
    return Measure(name, p, low, max(high, p), n, method=remark)


def permutation_p(table: ArrayLike, subjects: Sequence[str], seed: int = 0) -> tuple[float, int]:
    """(p, draws): how often truths dealt out at random among subjects agree with the pictures as well, on average.

    Subjects change places as wholes: each trial is then compared with a trial of the subject that took its place, so
    that repeats of one picture stay together. The true dealing counts as one of the draws (Phipson and Smyth 2010).
    """
    found = np.asarray(table, dtype=float)
    codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)[1].reshape(-1)
    count = int(codes.max(initial=-1)) + 1
    if count < 2:
        return 1.0, 0
    sums = np.zeros((count, count))
    np.add.at(sums, (codes[:, None], codes[None]), found)  # of trials of one with truths of another
    sizes = np.bincount(codes, minlength=count)
    means = sums / sizes[None]  # summed over the trials, mean over the truths
    rng = np.random.default_rng([seed, 37])
    true = float(np.trace(means))
    draws = [float(means[np.arange(count), rng.permutation(count)].sum()) for _ in range(PERMUTATIONS)]
    return (1 + sum(d >= true - 1e-12 for d in draws)) / (1 + PERMUTATIONS), PERMUTATIONS


def mean_measure(name: str, values: ArrayLike, subjects: Sequence[str], remark: str = "", unit: str = "") -> Measure:
    """The mean over exams of what is known, with the bootstrap over subjects."""
    v = np.asarray(values, dtype=float)
    known = np.isfinite(v)
    some, who = v[known], np.asarray(subjects, dtype=str)[known].tolist()
    return measure(name, lambda weights: weights @ some / weights.sum(axis=1), who, joined("mean", remark), unit)


def _after_affine(a: Floats, b: Floats) -> float:
    """Mean squared error of the best straight line of a's samples to b's."""
    x, y = a.ravel() - a.mean(), b.ravel() - b.mean()
    power = float(x @ x)
    slope = float(x @ y) / power if power > 0 else 0.0
    return float(((y - slope * x) ** 2).mean())


def _mean_ssim(a: Floats, b: Floats) -> float | None:
    values = [ssim(x, y) for x, y in zip(a, b, strict=True)]
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def _decibel(mse: float) -> float | None:
    """None of no error at all, which no number states."""
    return None if mse <= 0 else -10 * float(np.log10(mse))
