"""Whether a model betrays whom it was learned from: a likelihood-ratio attack, and how well it does.

Carlini, Chien, Nasr, Song, Terzis and Tramer, Membership inference attacks from first principles (IEEE Symposium on
Security and Privacy 2022): how well the model answers an exam is compared with how well other networks answer the same
exam, of which is known that they learned from it, or that they did not. Asking the networks is in engine/privacy.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.report import Measure
from ..metrics.intervals import measure
from ..metrics.ranking import curve_area, ranked

FEWEST = 8
"""Members, and as many others, below which nothing is said."""
FALSE_ALARM = 0.05
"""Share of the exams that were not learned from which the attack may accuse."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Attacked:
    """One network under attack, and what the attacker sees of it: one row an exam."""

    seen: Floats
    """(n,) how well it answers each exam, the truth being known: a log-odds, higher is better."""
    references: Floats
    """(n, m) the same of other networks; m may be 0. All of them learned from the exam, or none did: the same for
    every exam, so that nothing but the network under attack tells a member."""
    member: NDArray[np.bool_]
    """(n,) whether the network learned from it."""
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """How well the attack tells exams that were learned from. auc .5: it cannot."""

    auc: Measure
    caught: Measure
    """Of the exams learned from, the share that is told, where 5 % of the others are accused in error."""
    members: int
    others: int
    references: int
    """Networks that each exam's answer was compared with; 0: the answer alone was looked at (Yeom et al. 2018)."""
    curve: tuple[tuple[float, float], ...] = ()
    """(share of the others accused, share of the members told), rising."""


def likelihood_ratio(attacked: Attacked) -> Floats:
    """(n,) score of membership, higher where the network rather learned from the exam.

    Answers of the references are taken as normal with a mean an exam and one spread for all, as the paper does where
    there are few; the ratio then grows with the distance from the mean. Scaled by the median and the median deviation,
    so that several networks can be pooled.
    """
    away = attacked.seen - attacked.references.mean(1) if attacked.references.shape[1] else attacked.seen
    middle = float(np.median(away))
    spread = 1.4826 * float(np.median(np.abs(away - middle)))
    return np.asarray((away - middle) / (spread or 1.0))


def membership(networks: Sequence[Attacked]) -> Membership | None:
    """The attack on every network, pooled; intervals by subject. None with too few exams on a side to say."""
    if not networks:
        return None
    score = np.concatenate([likelihood_ratio(network) for network in networks])
    member = np.concatenate([network.member for network in networks])
    subjects = [subject for network in networks for subject in network.subjects]
    named = np.asarray(subjects)
    members, others = (len(set(named[side].tolist())) for side in (member, ~member))
    if min(members, others) < FEWEST:
        return None
    counts = ranked(score, member)
    m = min(network.references.shape[1] for network in networks)
    how = f"likelihood ratio against {m} other networks" if m else "the answer's own likelihood"
    auc = measure("auc", lambda weights: curve_area(*counts(weights)), subjects, how)
    remark = f"{how}, where {FALSE_ALARM:.0%} of the others are accused"
    caught = measure("sensitivity", lambda weights: _caught(*counts(weights)), subjects, remark)
    return Membership(auc, caught, members, others, m, _curve(*counts(np.ones((1, len(score))))))


def _caught(positives: Floats, negatives: Floats) -> Floats:
    """(draws, scores) rising -> (draws,) share of the positives above the lowest score that accuses few enough."""
    accused = np.cumsum(negatives[:, ::-1], 1)
    told = np.cumsum(positives[:, ::-1], 1)
    few = accused <= FALSE_ALARM * accused[:, -1:]
    most = np.where(few, told, 0.0).max(1)
    return np.asarray(np.divide(most, told[:, -1], out=np.full(len(most), np.nan), where=told[:, -1] > 0))


def _curve(positives: Floats, negatives: Floats) -> tuple[tuple[float, float], ...]:
    """At most about 100 points of the curve."""
    accused = np.concatenate([[0.0], np.cumsum(negatives[0, ::-1])])
    told = np.concatenate([[0.0], np.cumsum(positives[0, ::-1])])
    kept = np.unique(np.linspace(0, len(told) - 1, 101).astype(int))
    return tuple((float(a), float(t)) for a, t in zip(accused[kept] / accused[-1], told[kept] / told[-1], strict=True))
