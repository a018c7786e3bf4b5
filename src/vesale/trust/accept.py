"""Whether a model does at a new site what it was said to do: differences with intervals, and what they allow to say.

Difference of two independent numbers from their own intervals: MOVER (Zou and Donner, Construction of confidence limits
about effect measures, Statistics in Medicine 2008).
"""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ..core.acceptance import FEW, Advice, Compared, Moved, Verdict
from ..core.report import Measure

MARGIN = 0.05
"""A loss up to this is borne, unless the user says otherwise."""
LOWER_IS_BETTER = frozenset({"mae", "mse", "hd95_mm", "ece", "brier"})
SHARES = frozenset(
    {"auc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "kappa_quadratic", "dice", "f1", "auprc"}
    | {"object_dice", "object_f1", "ssim", "pcc", "pairwise"}
)
"""Metrics on a scale of 0 to 1, to which a margin can be applied."""


def difference(stated: Measure, here: Measure) -> Measure:
    """here - stated with the interval of MOVER; unknown where one of the intervals is."""
    name, n = here.name, here.n
    if stated.value is None or here.value is None:
        return Measure(name, None, None, None, n, here.n_of, here.unit, method="one of the two is not known")
    gap = here.value - stated.value
    if None in (stated.low, stated.high, here.low, here.high):
        return Measure(name, gap, None, None, n, here.n_of, here.unit, method="no interval: one of the two has none")
    assert stated.low is not None and stated.high is not None and here.low is not None and here.high is not None
    low = gap - sqrt((here.value - here.low) ** 2 + (stated.high - stated.value) ** 2)
    high = gap + sqrt((here.high - here.value) ** 2 + (stated.value - stated.low) ** 2)
    return Measure(name, gap, low, high, n, here.n_of, here.unit, method="MOVER, from both intervals")


def compare(output: str, stated: Measure, here: Measure, margin: float) -> Compared:
    """A number of a scale of 0 to 1 is judged by the margin; of the others only the difference is given."""
    gap = difference(stated, here)
    return Compared(output, here.name, stated, here, gap, _verdict(gap, margin))


def _verdict(gap: Measure, margin: float) -> Verdict:
    if gap.low is None or gap.high is None or gap.name not in SHARES | LOWER_IS_BETTER:
        return "unknown"
    low, high = (-gap.high, -gap.low) if gap.name in LOWER_IS_BETTER else (gap.low, gap.high)
    if low >= -margin and gap.name in SHARES:
        return "as_stated"
    return "worse" if high < 0 else "not_shown_worse"


def advice(subjects: int, compared: Sequence[Compared], promised: bool, moved: bool) -> Advice:
    """What the numbers allow to say, before a person signs: the worst of them decides.

    `promised`: the refer rule keeps its promise here; `moved`: the gate of origin declined more than it should.
    """
    if subjects < FEW:
        return "too_few"
    if any(c.verdict == "worse" for c in compared):
        return "do_not_accept"
    good = promised and not moved and all(c.verdict in ("as_stated", "unknown") for c in compared)
    return "accept" if good and any(c.verdict == "as_stated" for c in compared) else "accept_with_conditions"


def picture_changes(
    centre: Mapping[str, float], scale: Mapping[str, float], here: Mapping[str, NDArray[np.float64]]
) -> tuple[Moved, ...]:
    """How far each statistic's median has moved, in robust standard deviations of the training; farthest first."""
    names = [name for name in here if name in centre and scale[name] > 0 and len(here[name])]
    found = [Moved(name, (float(np.median(here[name])) - centre[name]) / scale[name]) for name in names]
    return tuple(sorted(found, key=lambda moved: -abs(moved.shift)))
