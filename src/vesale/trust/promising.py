"""Which candidates are worth laying over each other finely: thousands of pairs, registered many at once at small sides.

Most starts are given up after a few steps; then, at twice the side, those whose fine detail does not agree. The rest is
judged one by one in `duplicates.py`.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from .alignment import COARSE, HALFWAY, Prepared, coarse, halfway, plausible, prepared
from .fingerprints import Candidate, Grey, Singles
from .squares import agreeing, laid_over

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
TRIED = ((3, 0.25, 3), (9, 0.5, 1))
"""Steps of registration; the correlation from which a start goes on after them, and how many of a pair's starts do."""
LIKEST = 4
"""How many of a picture's pairs go on to the next scale."""
STEPS, DETAIL = 6, 0.6
"""At that scale: steps of registration, and the correlation of fine detail that a pair must reach; of what is told as a
copy in the end, far more is asked."""
SMALL = 48
"""Long side of pictures that have no more detail than the coarse scale shows."""
AT_ONCE, THREADS = 2048, 2
"""Pairs whose pictures are gathered at a time, and how many of such lots are under way."""


def promising(
    pictures: Sequence[Grey],
    others: Sequence[Grey],
    pairs: Sequence[Candidate],
    watch: Callable[[float], None] = lambda _: None,
) -> list[tuple[int, int, Floats]]:
    """(a, b, map) of the candidates that agree so far, in the order of the first picture; `others` may be `pictures`.

    `watch` hears what share is about done.
    """
    if not pairs:
        return []
    who = np.array([(c.a, c.b) for c in pairs])
    affines = np.array([c.affine for c in pairs]).reshape(-1, 2, 3)
    sides = (pictures,) if others is pictures else (pictures, others)
    left = _alike(sides, who, affines, watch)
    if len(left):
        left = left[_detail(sides, who[left], affines, left) > DETAIL]
    order = np.lexsort((who[left, 1], who[left, 0]))
    return [(*who[i].tolist(), affines[i]) for i in left[order]]


def _alike(sides: Sequence[Sequence[Grey]], who: Places, affines: Floats, watch: Callable[[float], None]) -> Places:
    """Which pairs agree at the coarse scale; their maps are bettered in place."""
    small = _squares(sides, who, (COARSE, COARSE), coarse)
    left, like = np.arange(len(who)), np.zeros(len(who))
    for number, (steps, least, most) in enumerate(TRIED):
        watch(0.25 * (number + 1))

        def lot(some: Places, steps: int = steps) -> None:
            moved, fixed = (small[i][who[some, i]].astype(np.float32) for i in (0, -1))
            affines[some], like[some] = laid_over(moved, fixed, affines[some], steps)

        _in_lots(lot, left)
        left = left[like[left] > least]
        left = left[_rank(who[left], like[left]) < most]
    left = left[plausible(affines[left])]
    likest = [_rank(who[left, side, None], like[left]) < LIKEST for side in (0, 1)]
    return np.asarray(left[likest[0] | likest[1]])


def _detail(sides: Sequence[Sequence[Grey]], who: Places, affines: Floats, left: Places) -> Floats:
    """Correlation of fine detail of the pairs `left`, whose maps are bettered in place at twice the coarse side."""
    side = HALFWAY if max(max(p.shape) for pictures in sides for p in pictures) > SMALL else COARSE
    squares = _squares(sides, who, (2, side, side), lambda ready: halfway(ready, side))
    found = np.zeros(len(left))

    def lot(some: Places) -> None:
        moved, fixed = (squares[i][who[some, i]].astype(np.float32) for i in (0, -1))
        better, _ = laid_over(moved[:, 0], fixed[:, 0], affines[left[some]], STEPS)
        affines[left[some]], found[some] = better, agreeing(moved[:, 1], fixed[:, 1], better)

    _in_lots(lot, np.arange(len(left)), AT_ONCE // 8)
    return found


def _in_lots(work: Callable[[Places], None], places: Places, size: int = AT_ONCE) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(work, [places[start : start + size] for start in range(0, len(places), size)]):
            pass


def _squares(
    sides: Sequence[Sequence[Grey]], who: Places, shape: tuple[int, ...], make: Callable[[Prepared], Singles]
) -> list[NDArray[np.float16]]:
    """Of each side, what `make` makes of its pictures (n, *shape); zero of those that stand in no pair."""
    found = []
    wanted: Iterable[Places] = [who] if len(sides) == 1 else [who[:, 0], who[:, 1]]
    for pictures, some in zip(sides, wanted, strict=True):
        here = np.zeros((len(pictures), *shape), np.float16)

        def one(i: int, pictures: Sequence[Grey] = pictures, here: NDArray[np.float16] = here) -> None:
            here[i] = make(prepared(pictures[i]))

        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(one, np.unique(some).tolist()):
                pass
        found.append(here)
    return found


def _rank(groups: Places, like: Floats) -> Places:
    """Place of each, from 0, among those with an equal row in `groups`, the likest first."""
    _, group = np.unique(groups, axis=0, return_inverse=True)
    group = group.reshape(-1)
    order = np.lexsort((-like, group))
    first = np.searchsorted(group[order], np.arange(group.max(initial=-1) + 1))
    place = np.empty(len(like), np.intp)
    place[order] = np.arange(len(like)) - first[group[order]]
    return place
