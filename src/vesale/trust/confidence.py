"""How sure an answer is, in one number that rises with sureness; what to do with it is refer.py."""

import math

import numpy as np
from numpy.typing import ArrayLike


def category_confidence(probabilities: ArrayLike, answer: int | None = None) -> float:
    """Probability of the answered name, (k,); None: of the most probable one."""
    p = np.asarray(probabilities, dtype=float)
    return float(p.max() if answer is None else p[answer])


def labels_confidence(probabilities: ArrayLike, borne: ArrayLike | None = None) -> float:
    """Of names that do not exclude each other, (k,): that of the least sure one. `borne`: (k,) the answer; None: what
    is more probable."""
    p = np.asarray(probabilities, dtype=float)
    said = p >= 0.5 if borne is None else np.asarray(borne, dtype=bool)
    return float(np.min(np.where(said, p, 1 - p)))


def ordinal_confidence(probabilities: ArrayLike, action: int | None, step: int | None = None) -> float:
    """Probability that a grade, (steps,), is on the answered side of `action`; without one, within a step of it.

    `step`: the answered step; None: the most probable one.
    """
    p = np.asarray(probabilities, dtype=float)
    answer = int(p.argmax()) if step is None else step
    if action is None:
        return float(p[max(answer - 1, 0) : answer + 2].sum())
    return float(p[action:].sum() if answer >= action else p[:action].sum())


def expected_dice(counts: ArrayLike, threshold: float) -> float:
    """Dice to be expected of the mask p >= threshold, from counts (bins,) of calibrated sample probabilities.

    2 * (sum of p in the mask) / (samples in the mask + sum of p): the ratio of expectations, as if samples were
    independent (Nowozin 2014). Where nothing is marked: the chance that nothing is there.
    """
    n = np.asarray(counts, dtype=float)
    p = (np.arange(len(n)) + 0.5) / len(n)
    p[0] = 0.0  # the bin of 'surely not': half a bin's width times millions of samples would swamp the structure
    inside = np.arange(len(n)) >= round(threshold * len(n), 6)
    marked, expected = n[inside].sum(), n @ p
    if marked == 0:
        return math.exp(-float(expected))
    return 2 * float(n[inside] @ p[inside]) / float(marked + expected)
