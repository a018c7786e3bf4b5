"""How well one cue alone predicts a label: cross-validated by subject, with an interval and a permutation test.

A probe is as simple as can be, so that it cannot learn what it should only ask: frequencies of the label in the
levels of a cue, or a ridge where the cue is a vector. What a strong probe means is shortcuts.py.

Step-down is not used: one threshold, the maximum over all cues under permutation, holds the family-wise error
(Westfall and Young 1993). Labels are permuted between subjects.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata

from vesale.core.report import Measure
from vesale.metrics.intervals import subject_codes, weighted_draws
from vesale.metrics.ranking import curve_area, ranked

Floats = NDArray[np.float64]
Cell = str | float | None

FOLDS = 5
LEVELS = 8
"""A quantity is cut into so many ranges of equal mass; rarer names than the commonest so many are one level."""
PERMUTATIONS = 199
DRAWS = 1000
FEWEST = 8
"""Subjects on each side below which nothing is said."""
MOST = 3000
"""Exams that a probe looks at; of a larger cohort an even choice by subject."""
PRIOR = 1.0
"""Exams' worth of the mean that each level's frequency is drawn to."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One thing to be predicted: a class against the others, or a quantity by its rank."""

    name: str
    """The column."""
    value: str | None
    """The class; None of a quantity."""
    target: Floats
    """(n,) 0 or 1; of a quantity its rank in [0, 1]. nan where unknown."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What one cue says of one question."""

    cue: str
    question: str
    value: str | None
    measure: Measure
    """auc, or r2 of a quantity; its interval is at the level corrected for the number of probes."""
    p: float
    """Of the largest probe under permutation: corrected for all cues and questions asked together."""


def questions(name: str, cells: Sequence[Cell]) -> list[Question]:
    """Of one label column; empty where no side has enough exams. Several names in a cell (`a;b`) are each a class."""
    known = [c for c in cells if c is not None]
    numeric = bool(known) and all(isinstance(c, float) for c in known)
    if numeric and len(set(known)) > 2:
        values = np.array([np.nan if c is None else float(c) for c in cells])
        target = np.full(len(values), np.nan)
        there = ~np.isnan(values)
        target[there] = (rankdata(values[there]) - 0.5) / there.sum()
        return [Question(name, None, target)] if there.sum() >= 2 * FEWEST else []
    names = [None if c is None else {part.strip() for part in _text(c).split(";")} for c in cells]
    classes = sorted({part for parts in names if parts for part in parts})
    if len(classes) == 2 and not any(len(parts) > 1 for parts in names if parts):
        classes = classes[1:]  # the other class asks the same
    asked = []
    for kind in classes:
        target = np.array([np.nan if parts is None else float(kind in parts) for parts in names])
        if min(np.nansum(target), np.nansum(1 - target)) >= FEWEST:
            asked.append(Question(name, kind, target))
    return asked


def probe(
    cues: Mapping[str, Sequence[Cell] | Floats],
    asked: Sequence[Question],
    subjects: Sequence[str],
    seed: int = 0,
    permutations: int = PERMUTATIONS,
) -> list[Probed]:
    """Every cue against every question, the strongest first.

    A cue is a cell an exam (text or number, None where not known: that is a level, too), or a matrix (n, d).
    Constant cues are not asked, and no question with fewer than eight subjects on a side.
    """
    keep = _choice(subjects, seed)
    codes, n = subject_codes([subjects[i] for i in keep])
    levels = {name: _levels(cue, keep) for name, cue in cues.items()}
    chosen = {name: features for name, features in levels.items() if features is not None}
    asked = [Question(q.name, q.value, q.target[keep]) for q in asked]
    asked = [q for q in asked if _sides(q, codes) >= FEWEST]
    if not chosen or not asked or n < 2 * FEWEST:
        return []
    level = 1 - 0.05 / (len(chosen) * len(asked))
    found = []
    for question in asked:
        folds = _folds(question, codes, seed)
        shuffled = _permuted(question.target, codes, permutations, seed)  # (n, 1 + permutations)
        for name, features in chosen.items():
            scores = _predicted(features, shuffled, folds)
            found.append((name, question, scores[:, 0], _strength(scores, shuffled, question.value is not None)))
    nulls = np.nanmax([_excess(strength[1:], q) for _, q, _, strength in found], axis=0)  # (permutations,)
    names = [subjects[i] for i in keep]
    probed = [
        Probed(
            cue,
            q.name,
            q.value,
            _measure(q, score, float(strength[0]), names, level),
            float((1 + (nulls >= _excess(strength[:1], q)[0]).sum()) / (1 + len(nulls))),
        )
        for cue, q, score, strength in found
    ]
    return sorted(probed, key=lambda x: -_excess(np.array([x.measure.value or 0.0]), x)[0])


def concordance(score: ArrayLike, truth: ArrayLike) -> Floats:
    """AUC of each column of (n, p) scores for (n, p) truth in {0, 1}; nan rows of the truth do not count."""
    s, t = np.atleast_2d(np.asarray(score, float).T).T, np.atleast_2d(np.asarray(truth, float).T).T
    known = ~np.isnan(t[:, 0])
    s, t = s[known], t[known]
    ranks = rankdata(s, axis=0)
    positives = t.sum(axis=0)
    negatives = len(t) - positives
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(((ranks * t).sum(axis=0) - positives * (positives + 1) / 2) / (positives * negatives))


def cross_predicted(features: Floats, target: Floats, subjects: Sequence[str], seed: int = 0) -> Floats:
    """(n,) what a ridge of (n, d) features says of each exam, learned without its subject; nan targets are not
    learned from."""
    codes, _ = subject_codes(subjects)
    folds = _folds(Question("", "", target), codes, seed)
    return _predicted(np.asarray(features, float), target[:, None], folds)[:, 0]


def paired_difference(
    first: Floats, second: Floats, truth: Floats, subjects: Sequence[str], level: float = 0.95
) -> tuple[float, float | None, float | None]:
    """How much better the first score separates than the second: difference of the AUC and its interval, bootstrap
    over subjects."""
    known = ~np.isnan(truth)
    a, b, t = first[known], second[known], truth[known]
    names = [s for s, k in zip(subjects, known, strict=True) if k]
    statistic = _weighted_auc(a, t), _weighted_auc(b, t)
    draws = weighted_draws(lambda w: statistic[0](w) - statistic[1](w), names, DRAWS)
    good = draws[~np.isnan(draws)]
    value = float(concordance(a, t)[0] - concordance(b, t)[0])
    if len(good) < DRAWS // 2:
        return value, None, None
    low, high = np.quantile(good, [(1 - level) / 2, (1 + level) / 2])
    return value, float(low), float(high)


def _text(cell: str | float) -> str:
    return f"{cell:g}" if isinstance(cell, float) else cell


def _choice(subjects: Sequence[str], seed: int) -> NDArray[np.intp]:
    """Indices of all exams, or of the exams of so many subjects that there are about `MOST`."""
    if len(subjects) <= MOST:
        return np.arange(len(subjects))
    codes, n = subject_codes(subjects)
    order = np.random.default_rng(seed).permutation(n)
    share = np.cumsum(np.bincount(codes, minlength=n)[order])
    return np.flatnonzero(np.isin(codes, order[share <= max(MOST, share[0])]))


def _levels(cue: Sequence[Cell] | Floats, keep: NDArray[np.intp]) -> Floats | None:
    """A cue as indicators of its levels (n, levels), or a vector in standard scores; None when it never varies."""
    if isinstance(cue, np.ndarray) and cue.ndim == 2:
        x = np.nan_to_num(cue[keep].astype(float))
        spread = x.std(axis=0)
        x = x[:, spread > 1e-9]
        return (x - x.mean(axis=0)) / x.std(axis=0) if x.shape[1] else None
    cells = [cue[i] for i in keep]
    known = [c for c in cells if c is not None]
    if known and all(isinstance(c, (int, float)) for c in known):
        numbers = np.array([np.nan if c is None else float(c) for c in cells])
        different = np.unique(numbers[~np.isnan(numbers)])
        cuts = different[1:]
        if len(different) > LEVELS:
            cuts = np.unique(np.nanquantile(numbers, np.arange(1, LEVELS) / LEVELS))
        codes = np.where(np.isnan(numbers), len(cuts) + 1, np.searchsorted(cuts, numbers, side="right"))
    else:
        texts = np.array(["" if c is None else f"={c}" for c in cells])
        names, counts = np.unique(texts, return_counts=True)
        common = list(names[np.argsort(-counts, kind="stable")][: 4 * LEVELS])
        codes = np.array([common.index(t) if t in common else len(common) for t in texts])
    used, codes = np.unique(codes, return_inverse=True)
    return np.eye(len(used))[codes] if len(used) > 1 else None


def _sides(question: Question, codes: NDArray[np.intp]) -> int:
    """Subjects on the smaller side."""
    t = question.target
    if question.value is None:
        return len(np.unique(codes[~np.isnan(t)])) // 2
    return min(len(np.unique(codes[t == side])) for side in (0, 1))


def _folds(question: Question, codes: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Fold of each exam, by subject, each side (or half of the ranks) dealt out evenly."""
    n = int(codes.max()) + 1
    known = ~np.isnan(question.target)
    weight = np.maximum(np.bincount(codes[known], minlength=n), 1)
    mean = np.bincount(codes[known], question.target[known], n) / weight
    order = np.random.default_rng(seed).permutation(n)
    order = order[np.argsort(mean[order] > 0.5, kind="stable")]
    fold = np.empty(n, np.intp)
    fold[order] = np.arange(n) % FOLDS
    return np.asarray(fold[codes])


def _permuted(target: Floats, codes: NDArray[np.intp], permutations: int, seed: int) -> Floats:
    """(n, 1 + permutations): the target, and with whole subjects' labels dealt to others of as many exams or, where
    sizes differ, drawn round the list of exams sorted by subject, so that what stands together stays together."""
    rng = np.random.default_rng(seed)
    order = np.argsort(codes, kind="stable")
    out = np.repeat(target[:, None], permutations + 1, axis=1)
    single = len(np.unique(codes)) == len(codes)
    blocks = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    known = ~np.isnan(target)
    for column in range(1, permutations + 1):
        mixed = rng.permutation(order) if single else np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
        source, sink = mixed[known[mixed]], order[known[order]]
        out[sink, column] = target[source]
    return out


def _predicted(features: Floats, targets: Floats, folds: NDArray[np.intp]) -> Floats:
    """(n, p) predictions of each fold from the others: means of levels, or a ridge of vectors."""
    known = ~np.isnan(targets[:, 0])
    y = np.nan_to_num(targets)
    out = np.zeros_like(y)
    indicators = bool(((features == 0) | (features == 1)).all() and (features.sum(axis=1) == 1).all())
    for fold in np.unique(folds):
        train, test = known & (folds != fold), folds == fold
        x, mean = features[train], y[train].mean(axis=0)
        if indicators:
            totals, sums = x.sum(axis=0)[:, None], x.T @ y[train]
            out[test] = features[test] @ ((sums + PRIOR * mean) / (totals + PRIOR)) - mean
        else:
            out[test] = _ridge(x, y[train] - mean, features[test])
    return out


def _ridge(x: Floats, y: Floats, new: Floats) -> Floats:
    """Dual or primal, whichever is smaller; the penalty is a tenth of the mean squared length per dimension."""
    centre = x.mean(axis=0)
    x, new = x - centre, new - centre
    n, d = x.shape
    penalty = 0.1 * max(float((x**2).sum()) / min(n, d), 1e-9)
    if d <= n:
        return np.asarray(new @ np.linalg.solve(x.T @ x + penalty * np.eye(d), x.T @ y))
    return np.asarray(new @ (x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(n), y)))


def _strength(scores: Floats, targets: Floats, binary: bool) -> Floats:
    """(p,) AUC of each column; of a quantity the share of the variance of its ranks that is explained."""
    if binary:
        return concordance(scores, targets)
    known = ~np.isnan(targets[:, 0])
    t = targets[known] - targets[known].mean(axis=0)
    return np.asarray(1 - ((t - scores[known]) ** 2).sum(axis=0) / (t**2).sum(axis=0))


def _excess(strength: Floats, q: Question | Probed) -> Floats:
    """Of one scale for both: an AUC's distance from one half, doubled; an R2's root."""
    if q.value is not None:
        return np.asarray(2 * strength - 1)
    return np.asarray(np.sqrt(np.maximum(strength, 0)))


def _measure(q: Question, score: Floats, value: float, subjects: Sequence[str], level: float) -> Measure:
    known = ~np.isnan(q.target)
    names = [s for s, k in zip(subjects, known, strict=True) if k]
    statistic = _weighted_auc(score[known], q.target[known]) if q.value else _weighted_r2(score[known], q.target[known])
    draws = weighted_draws(statistic, names, DRAWS)
    good = draws[~np.isnan(draws)]
    low = high = None
    if len(good) >= DRAWS // 2:
        middle, spread = float(good.mean()), float(good.std(ddof=1))
        reach = _normal(level) * spread  # so far out no quantile of the draws reaches
        low, high = max(0.0, min(value, 2 * value - middle) - reach), min(1.0, value + reach)
    how = f"{FOLDS} folds by subject; bootstrap over subjects, normal, level corrected for the number of probes"
    return Measure("auc" if q.value else "r2", value, low, high, len(set(names)), method=how, level=level)


def _normal(level: float) -> float:
    return float(norm.ppf((1 + level) / 2))


def _weighted_auc(score: Floats, truth: Floats) -> Callable[[Floats], Floats]:
    table = ranked(score, truth)
    return lambda weights: curve_area(*table(weights))


def _weighted_r2(score: Floats, truth: Floats) -> Callable[[Floats], Floats]:
    def statistic(weights: Floats) -> Floats:
        total = weights.sum(axis=1)
        mean = weights @ truth / total
        variance = weights @ truth**2 / total - mean**2
        residual = truth - truth.mean() - score
        return np.asarray(1 - (weights @ residual**2 / total) / np.maximum(variance, 1e-12))

    return statistic
