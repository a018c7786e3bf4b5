"""A trait of exams to groups: bins of a number, codes as they are, rare values pooled; comparing them is elsewhere."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.audit import ENOUGH, Grouping

FEW_VALUES = 6
"""A column of numbers with no more distinct ones than this holds codes."""
NUMBERED = 60
"""More exams than this with as many different whole numbers are numbered by them."""
POOLED = "other"
MOST_TRAITS = 6
"""Traits that an audit takes of its own accord."""
Value = str | float | None
Names = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Which group each exam is in."""

    by: str
    names: tuple[str, ...]
    member: Names
    """(n,) index of the group; -1: the trait is not known."""
    pooled: tuple[str, ...] = ()
    """The values that one group holds together."""
    cuts: tuple[float, ...] = ()
    """Inner bounds of the bins of a number."""
    chosen: bool = False
    """True when the bounds were taken from the data."""
    codes: bool = False
    """True when the values are numbers whose meaning the table does not say."""

    def label(self, i: int) -> str:
        """'sex F', 'gender 1', 'sex F, age < 40': the trait is always named, a code never."""
        return self.names[i] if " x " in self.by else f"{self.by} {self.names[i]}"


def group(trait: Grouping, values: Sequence[Value], subjects: Sequence[str], pool: int = ENOUGH) -> Groups:
    """The groups of a trait. A number with cuts, or with more than six values, is binned; other values are kept, those
    of fewer than `pool` subjects together as `other (...)`."""
    numbers = [v for v in values if isinstance(v, float | int)]
    textless = len(numbers) == sum(v is not None for v in values)
    if numbers and textless and (trait.cuts or len(set(numbers)) > FEW_VALUES):
        return _binned(trait, np.array([np.nan if v is None else float(v) for v in values]), subjects)
    texts = [None if v is None else _text(v) for v in values]
    names, pooled = _pooled(texts, subjects, pool)
    kept = {name: i for i, name in enumerate(names)}
    together = f"{POOLED} ({', '.join(pooled)})"
    places = [-1 if t is None else kept[together if t in pooled else t] for t in texts]
    return Groups(trait.name, names, np.array(places, np.intp), pooled, codes=bool(numbers) and textless)


def crossed(one: Groups, other: Groups) -> Groups:
    """Every pair of groups in which there is an exam."""
    both = (one.member >= 0) & (other.member >= 0)
    cells = np.where(both, one.member * len(other.names) + other.member, -1)
    used = [c for c in np.unique(cells) if c >= 0]
    pairs = [divmod(int(c), len(other.names)) for c in used]
    names = tuple(f"{one.label(i)}, {other.label(j)}" for i, j in pairs)
    places = {c: i for i, c in enumerate(used)}
    member = np.array([places.get(c, -1) for c in cells], np.intp)
    return Groups(f"{one.by} x {other.by}", names, member)


def usable(groups: Groups, values: Sequence[Value], subjects: Sequence[str]) -> bool:
    """Whether there is something to compare: two groups of ten subjects, and values that are no names or numbers of
    exams."""
    enough = sum(count >= ENOUGH for count in sizes(groups, subjects))
    known = [v for v in values if v is not None]
    distinct = set(known)
    if all(isinstance(v, float | int) for v in known):
        integers = all(float(v).is_integer() for v in known)
        numbering = len(distinct) == len(known) > NUMBERED and integers
        return enough >= 2 and not numbering
    return enough >= 2 and 2 * len(distinct) <= len(set(subjects))


def sizes(groups: Groups, subjects: Sequence[str]) -> list[int]:
    """Subjects of every group."""
    who = np.asarray(subjects, dtype=str)
    return [len(set(who[groups.member == i])) for i in range(len(groups.names))]


def _binned(trait: Grouping, values: NDArray[np.float64], subjects: Sequence[str]) -> Groups:
    cuts = trait.cuts or _quantiles(values, subjects)
    member = np.where(np.isnan(values), -1, np.searchsorted(cuts, np.nan_to_num(values), side="right"))
    ends = [None, *cuts, None]
    names = [_between(low, high) for low, high in itertools.pairwise(ends)]
    used = [i for i in range(len(names)) if (member == i).any()]
    places = {old: new for new, old in enumerate(used)}
    kept = np.array([places.get(int(m), -1) for m in member], np.intp)
    return Groups(trait.name, tuple(names[i] for i in used), kept, cuts=tuple(cuts), chosen=not trait.cuts)


def _quantiles(values: NDArray[np.float64], subjects: Sequence[str]) -> tuple[float, ...]:
    """Bounds that part the subjects into thirds (halves when they are few), rounded where the values allow it."""
    each = dict(zip(subjects, values.tolist(), strict=True))
    known = np.array([v for v in each.values() if not np.isnan(v)])
    parts = 3 if len(known) >= 6 * ENOUGH else 2
    cuts = np.quantile(known, np.arange(1, parts) / parts)
    digits = 0 if np.ptp(known) > 10 else 2 if np.ptp(known) > 0.1 else 6
    return tuple(sorted({float(round(c, digits)) for c in cuts}))


def _between(low: float | None, high: float | None) -> str:
    parts = [f"≥ {low:g}" if low is not None else "", f"< {high:g}" if high is not None else ""]
    return ", ".join(p for p in parts if p)


def _pooled(texts: Sequence[str | None], subjects: Sequence[str], pool: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(names of the groups, values that are pooled); the pool stands last. One value alone is no pool of two."""
    pairs = {(t, s) for t, s in zip(texts, subjects, strict=True) if t is not None}
    counts = Counter(t for t, _ in pairs)
    rare = tuple(sorted(t for t, n in counts.items() if n < pool))
    if len(counts) <= 2 or not rare:
        return tuple(sorted(counts)), ()
    kept = sorted(t for t in counts if t not in rare)
    return (*kept, f"{POOLED} ({', '.join(rare)})"), rare


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
