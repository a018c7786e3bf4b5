"""Whether a probability of .8 is right eight times in ten. Making it so is trust/calibrate.py."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.report import Bin, Calibration, Measure
from .intervals import (
    FEWEST,
    LEVEL,
    Floats,
    Span,
    clopper_pearson,
    measure,
    percentiles,
    proportion,
    subject_codes,
    weighted_draws,
)

_ANSWER, _NAME = "of the answer's confidence", "of the name's probability"


def calibration(confidence: ArrayLike, right: ArrayLike, subjects: Sequence[str], bins: int = 10) -> Calibration:
    """ECE over equal-mass bins (Naeini 2015; Nguyen and O'Connor 2015) and Brier score of (confidence, right), (n,)."""
    p, hit = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    if len(p) == 0:
        return Calibration(_nothing("ece"), _nothing("brier"), ())
    cells = _equal_mass(p, np.ones(len(p)), bins)
    member = np.eye(int(cells.max()) + 1)[cells]
    sums = (member, member * p[:, None], member * hit[:, None])
    return Calibration(
        ece=_doubted(_ece(sums, subjects, f"{member.shape[1]} bins of equal mass"), sums[0], sums[1], len(p)),
        brier=measure("brier", _mean((p - hit) ** 2), subjects, _ANSWER),
        bins=_bars(sums, subjects),
        stated=float(p.mean()),
        observed=proportion("observed", hit, subjects),
    )


def brier(probabilities: ArrayLike, truth_onehot: ArrayLike) -> float:
    """Mean over exams of the squared distance of the whole (n, k) probability vector from the truth (Brier 1950)."""
    return float(_brier(probabilities, truth_onehot).mean())


def category_calibration(
    probabilities: ArrayLike, truth: ArrayLike, subjects: Sequence[str], answers: ArrayLike | None = None
) -> Calibration:
    """Of the answered name (None: the most probable one): ECE; of the whole vector: Brier, from 0 to 2.

    Truth -1 is unknown and dropped.
    """
    t = np.asarray(truth).astype(np.int64)
    p, who = np.asarray(probabilities, dtype=float)[t >= 0], np.asarray(subjects, dtype=str)[t >= 0].tolist()
    if len(p) == 0:
        return calibration([], [], [])
    said = p.argmax(axis=1) if answers is None else np.asarray(answers).astype(np.int64)[t >= 0]
    t = t[t >= 0]
    found = calibration(p[np.arange(len(t)), said], said == t, who)
    errors = _brier(p, np.eye(p.shape[1])[t])
    return replace(found, brier=measure("brier", _mean(errors), who, "of the whole probability vector, 0 to 2"))


def per_name(
    probabilities: ArrayLike, truth: ArrayLike, names: Sequence[str], subjects: Sequence[str]
) -> dict[str, Calibration]:
    """Of each name by itself: (n, k) probabilities that it is borne, (n, k) whether it is, -1 unknown (dropped)."""
    p, t, who = np.asarray(probabilities, dtype=float), np.asarray(truth), np.asarray(subjects, dtype=str)
    found = {}
    for i, name in enumerate(names):
        known = t[:, i] >= 0
        one = calibration(p[known, i], t[known, i] == 1, who[known].tolist())
        found[name] = replace(one, of="name", brier=replace(one.brier, method=one.brier.method.replace(_ANSWER, _NAME)))
    return found


def interval_calibration(
    quantiles: ArrayLike, levels: Sequence[float], truth: ArrayLike, subjects: Sequence[str]
) -> Calibration:
    """Of a number: how often the truth lies between its (n, levels) quantiles q and 1 - q, for every q below a half.

    ECE: the mean gap over these intervals, stated against observed (Kuleshov, Fenner, Ermon 2018). A number has no
    Brier score.
    """
    q, t = np.asarray(quantiles, dtype=float), np.asarray(truth, dtype=float)
    pairs = [(i, len(levels) - 1 - i) for i in range(len(levels) // 2)]
    stated = np.array([levels[high] - levels[low] for low, high in pairs])[::-1]
    within = [(q[:, low] <= t) & (t <= q[:, high]) for low, high in pairs][::-1]
    hits = np.stack(within, axis=1).astype(float) if len(t) else np.zeros((0, len(pairs)))
    no_brier = Measure("brier", None, None, None, 0, method="a number has no Brier score")
    if len(t) == 0:
        return Calibration(_nothing("ece"), no_brier, (), "interval")
    sums = (np.ones_like(hits), np.broadcast_to(stated, hits.shape), hits)
    ece = _ece(sums, subjects, f"mean over {len(pairs)} central intervals")
    observed = proportion("observed", hits[:, -1], subjects)
    return Calibration(ece, no_brier, _bars(sums, subjects), "interval", float(stated[-1]), observed)


def labels_calibration(probabilities: ArrayLike, truth: ArrayLike, subjects: Sequence[str]) -> Calibration:
    """Of names that do not exclude each other, (n, k): every known (exam, name) is one probability."""
    p, t = np.asarray(probabilities, dtype=float), np.asarray(truth)
    who = np.broadcast_to(np.asarray(subjects, dtype=str)[:, None], t.shape)
    return calibration(p[t >= 0], t[t >= 0] == 1, who[t >= 0].tolist())


def partition_calibration(
    positives: ArrayLike, negatives: ArrayLike, subjects: Sequence[str], bins: int = 10
) -> Calibration:
    """Of samples, from counts (n, score bins): every sample has its score bin's middle as probability."""
    pos, neg = np.asarray(positives, dtype=float), np.asarray(negatives, dtype=float)
    total = pos + neg
    if total.sum() == 0:
        return Calibration(_nothing("ece"), _nothing("brier"), ())
    middle = (np.arange(pos.shape[1]) + 0.5) / pos.shape[1]
    cells = _equal_mass(middle, total.sum(axis=0), bins)
    member = np.eye(int(cells.max()) + 1)[cells]  # (score bins, bars)
    sums = (total @ member, (total * middle) @ member, pos @ member)
    errors, n = pos @ (1 - middle) ** 2 + neg @ middle**2, total.sum(axis=1)
    return Calibration(
        ece=_ece(sums, subjects, f"{member.shape[1]} bins of equal mass, samples of all exams pooled"),
        brier=measure("brier", lambda w: w @ errors / np.maximum(w @ n, 1), subjects, "of samples"),
        bins=_bars(sums, subjects),
        of="pixel",
        stated=float((total @ middle).sum() / total.sum()),
        observed=measure("observed", lambda w: w @ pos.sum(axis=1) / np.maximum(w @ n, 1), subjects, "of samples"),
    )


def _equal_mass(values: Floats, mass: Floats, bins: int) -> NDArray[np.intp]:
    """The bar, from 0, of every value: as equal a mass as ties allow, for equal values share a bar."""
    distinct, inverse = np.unique(values, return_inverse=True)
    held = np.bincount(inverse.reshape(-1), weights=mass, minlength=len(distinct))
    middle = (np.cumsum(held) - held / 2) / held.sum()
    bars = np.minimum((middle * bins).astype(int), bins - 1)
    used = np.unique(bars[held > 0])
    return np.asarray(np.clip(np.searchsorted(used, bars), 0, len(used) - 1)[inverse.reshape(-1)])


def _ece(sums: tuple[Floats, Floats, Floats], subjects: Sequence[str], how: str) -> Measure:
    """`sums`: per exam and bar, how many, their probabilities, how many were right.

    Resampling adds to an ECE as much as sampling did, so the interval is the reflected one (Davison and Hinkley 1997).
    """
    n, p, hit = sums
    gaps = p - hit

    def statistic(weights: Floats) -> Floats:
        return np.asarray(np.abs(weights @ gaps).sum(axis=1) / np.maximum((weights @ n).sum(axis=1), 1))

    value = float(statistic(np.ones((1, len(subjects))))[0])
    low, high = percentiles(weighted_draws(statistic, subjects))
    count = subject_codes(subjects)[1]
    if low is None or high is None:
        return Measure("ece", value, None, None, count, method=f"{how}; no interval: {count} subjects", level=LEVEL)
    method = f"{how}; reflected bootstrap over subjects, 2000 draws"
    return Measure(
        "ece", value, max(0.0, min(value, 2 * value - high)), max(value, 2 * value - low), count, method=method
    )


def _doubted(ece: Measure, n: Floats, p: Floats, exams: int) -> Measure:
    """The interval reaches 0 where a calibrated model would show this ECE by chance (Broecker and Smith 2007)."""
    if ece.value is None or ece.low is None:
        return ece
    counts, sure = n.sum(axis=0), p.sum(axis=0)
    hits = np.random.default_rng(0).binomial(counts.astype(int), np.clip(sure / counts, 0, 1), (2000, len(counts)))
    chance = np.abs(hits - sure).sum(axis=1) / counts.sum()
    clustered = np.sqrt(exams / ece.n)  # exams of one subject err together
    return replace(ece, low=0.0) if ece.value <= clustered * np.quantile(chance, (1 + LEVEL) / 2) else ece


def _bars(sums: tuple[Floats, Floats, Floats], subjects: Sequence[str]) -> tuple[Bin, ...]:
    """A bar's interval is the exact one where each subject counts once in it, else the bootstrap over subjects."""
    n, p, hit = sums
    codes, people = subject_codes(subjects)
    once = people == len(codes) and float(n.max(initial=0)) <= 1
    ends = None if once else _bootstrapped(n, hit, subjects)
    bars = []
    for i, (a, b, c) in enumerate(zip(n.sum(axis=0), p.sum(axis=0), hit.sum(axis=0), strict=True)):
        if a > 0:
            within = len(np.unique(codes[n[:, i] > 0]))
            low, high = (None, None) if ends is None else ends[i]
            if once or (c in (0, a) and people >= FEWEST):
                low, high = clopper_pearson(round(c / a * within), within)
            bars.append(Bin(float(b / a), float(c / a), int(a), low, high))
    return tuple(bars)


def _bootstrapped(n: Floats, hit: Floats, subjects: Sequence[str]) -> list[Span]:
    def shares(weights: Floats) -> Floats:
        total = weights @ n
        return np.asarray(np.divide(weights @ hit, total, out=np.full(total.shape, np.nan), where=total > 0))

    drawn = weighted_draws(shares, subjects)
    return [percentiles(column) for column in drawn.T] if len(drawn) else [(None, None)] * n.shape[1]


def _brier(probabilities: ArrayLike, truth: ArrayLike) -> Floats:
    p, t = np.asarray(probabilities, dtype=float), np.asarray(truth, dtype=float)
    return np.asarray(((p - t) ** 2).reshape(len(p), -1).sum(axis=1))


def _mean(values: Floats) -> Callable[[Floats], Floats]:
    return lambda weights: weights @ values / weights.sum(axis=1)


def _nothing(name: str) -> Measure:
    return Measure(name, None, None, None, 0, method="no exam has a known truth here")
