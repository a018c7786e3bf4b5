"""The largest gap between any two groups: equalised odds and demographic parity, with what chance alone would show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.audit import ENOUGH
from ..core.report import Measure
from ..metrics.intervals import Floats, bootstrap_weighted, subject_codes

Ints = NDArray[np.int64]
CHANCE = 1000
"""Dealings of the subjects over the groups."""
METHOD = "largest difference between two groups; percentile bootstrap over subjects: never below what chance adds"


@dataclass(frozen=True, slots=True)
class FoundGap:
    measure: Measure
    by_chance: float | None
    groups: tuple[int, ...]


def equalised_odds(said: Ints, truth: Ints, member: NDArray[np.intp], subjects: Sequence[str]) -> FoundGap | None:
    """The larger of the gaps in sensitivity and in the false positive rate (Hardt 2016; its worst case).

    Of groups with ten subjects with and ten without; None where fewer than two have them.
    """
    rates = [(said == 1, truth == 1, said >= 0), (said == 1, truth == 0, said >= 0)]
    return _gap([(s & k, t & k) for s, t, k in rates], member, subjects)


def demographic_parity(said: Ints, truth: Ints, member: NDArray[np.intp], subjects: Sequence[str]) -> FoundGap | None:
    """The gap in how often the answer is yes, whatever the truth."""
    return _gap([(said == 1, said >= 0)], member, subjects)


def _gap(
    rates: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]], member: NDArray[np.intp], subjects: Sequence[str]
) -> FoundGap | None:
    """`rates`: (hit, counted) of exams; the largest over rates of the largest difference of two groups."""
    who = np.asarray(subjects, dtype=str)
    groups = [
        int(g)
        for g in np.unique(member[member >= 0])
        if all(len(set(who[(member == g) & counted])) >= ENOUGH for _, counted in rates)
    ]
    if len(groups) < 2:
        return None
    here = np.isin(member, groups)
    codes, n = subject_codes(who[here].tolist())
    hits = [(h & c)[here].astype(float) for h, c in rates]
    counted = [c[here].astype(float) for _, c in rates]
    own = member[here]

    def of(places: NDArray[np.intp]) -> Callable[[Floats], Floats]:
        return lambda weights: _largest(weights, [places == g for g in groups], hits, counted)

    value = float(of(own)(np.ones((1, len(own))))[0])
    low, high = bootstrap_weighted(of(own), who[here].tolist())
    measure = Measure("", value, low, high, n, method=METHOD)
    return FoundGap(measure, _by_chance(own, codes, n, of), tuple(groups))


def _largest(
    weights: Floats, inside: Sequence[NDArray[np.bool_]], hits: Sequence[Floats], counted: Sequence[Floats]
) -> Floats:
    worst = np.zeros(len(weights))
    for hit, all_of in zip(hits, counted, strict=True):
        shares = []
        for there in inside:
            n = weights[:, there] @ all_of[there]
            shares.append(np.divide(weights[:, there] @ hit[there], n, out=np.full(len(n), np.nan), where=n > 0))
        spread = np.stack(shares)
        worst = np.maximum(worst, spread.max(axis=0) - spread.min(axis=0))
    return worst


def _by_chance(
    own: NDArray[np.intp],
    codes: NDArray[np.intp],
    n: int,
    of: Callable[[NDArray[np.intp]], Callable[[Floats], Floats]],
) -> float | None:
    """The 95th percentile when whole subjects change groups; None where a subject is in two groups."""
    group = np.full(n, -1, np.intp)
    group[codes] = own
    if (group[codes] != own).any():
        return None
    rng = np.random.default_rng(0)
    one = np.ones((1, len(own)))
    found = [float(of(rng.permutation(group)[codes])(one)[0]) for _ in range(CHANCE)]
    return float(np.nanquantile(found, 0.95))
