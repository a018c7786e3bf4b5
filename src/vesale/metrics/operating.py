"""What a screening programme does at its operating point: numbers by patient, with intervals, and the decision curve.

Net benefit: Vickers and Elkin, Decision Curve Analysis: A Novel Method for Evaluating Prediction Models, Medical
Decision Making 2006. Everything counts patients, one row each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.report import Measure
from .intervals import Floats, clopper_pearson, measure

THRESHOLDS = tuple(i / 100 for i in range(1, 100))
THOUSAND = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """One entry a patient."""

    positive: NDArray[np.bool_]
    """Truly referable."""
    aside: NDArray[np.bool_]
    """Set aside by the programme; everybody else goes to a person."""
    imageable: NDArray[np.bool_]
    """Had a usable photograph of everything that is asked for."""
    risk: Floats
    """nan where there is none."""


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit at each threshold probability, in true positives a patient."""

    thresholds: tuple[float, ...]
    model: tuple[float, ...]
    """Of referring the patients whose risk is at least the threshold (those without a risk are referred)."""
    everyone: tuple[float, ...]
    programme: tuple[float, ...]
    """Of the decisions as they were taken."""


def operating(seen: Screened) -> dict[str, Measure]:
    """sensitivity, specificity, imageability, set_aside, set_aside_normal, missed_aside and those of the imageable.

    Patients without a usable photograph count as referred in the first two, as a programme must treat them; the pair
    `*_imageable` leaves them out, as trials report it.
    """
    bad, good, sees = seen.positive, ~seen.positive, seen.imageable
    return {
        "sensitivity": share("sensitivity", ~seen.aside[bad], "referable patients not set aside"),
        "specificity": share("specificity", seen.aside[good], "other patients set aside"),
        "sensitivity_imageable": share("sensitivity_imageable", ~seen.aside[bad & sees], "imageable patients only"),
        "specificity_imageable": share("specificity_imageable", seen.aside[good & sees], "imageable patients only"),
        "imageability": share("imageability", sees, "patients with a usable photograph of everything asked for"),
        "set_aside": share("set_aside", seen.aside, "of all patients"),
        "missed_aside": share("missed_aside", bad[seen.aside], "referable among those set aside"),
    }


def per_thousand(seen: Screened, prevalence: float) -> dict[str, Measure]:
    """Of 1,000 patients of whom that share is referable: set aside (workload saved), looked at, missed.

    Intervals: bootstrap over patients; the prevalence is taken as it is stated.
    """
    subjects = [str(i) for i in range(len(seen.positive))]
    remark = f"at a prevalence of {prevalence:g}"

    def rate(weights: Floats, of: NDArray[np.bool_]) -> Floats:
        total = weights @ of
        return np.asarray(
            np.divide(weights @ (of & seen.aside), total, out=np.full(len(total), np.nan), where=total > 0)
        )

    def aside(weights: Floats) -> Floats:
        return THOUSAND * (prevalence * rate(weights, seen.positive) + (1 - prevalence) * rate(weights, ~seen.positive))

    def missed(weights: Floats) -> Floats:
        return THOUSAND * prevalence * rate(weights, seen.positive)

    statistics = {"saved_per_1000": aside, "missed_per_1000": missed}
    found = {name: measure(name, statistic, subjects, remark) for name, statistic in statistics.items()}
    return {name: _widened(m, seen, prevalence) for name, m in found.items()}


def share(name: str, hits: ArrayLike, remark: str) -> Measure:
    """A share of patients with its exact interval; unknown where there is no patient of that kind."""
    right = np.asarray(hits, dtype=bool)
    if not len(right):
        return Measure(name, None, None, None, 0, method=f"no patient of that kind ({remark})")
    k, n = int(right.sum()), len(right)
    return Measure(name, k / n, *clopper_pearson(k, n), n, method=f"Clopper-Pearson; {remark}")


def net_benefit(positive: ArrayLike, referred: ArrayLike, threshold: float) -> float:
    """True positives less false ones weighed by the odds of the threshold, a patient."""
    truth, said = np.asarray(positive, dtype=bool), np.asarray(referred, dtype=bool)
    n = len(truth)
    odds = threshold / (1 - threshold)
    return float((truth & said).sum() / n - (~truth & said).sum() / n * odds)


def decision_curve(seen: Screened, thresholds: Sequence[float] = THRESHOLDS) -> DecisionCurve:
    """The curves of Vickers and Elkin; referring nobody has net benefit 0 everywhere."""
    unknown = np.isnan(seen.risk)
    model = [net_benefit(seen.positive, unknown | (seen.risk >= t), t) for t in thresholds]
    everyone = [net_benefit(seen.positive, np.ones(len(seen.positive), bool), t) for t in thresholds]
    programme = [net_benefit(seen.positive, ~seen.aside, t) for t in thresholds]
    return DecisionCurve(tuple(thresholds), tuple(model), tuple(everyone), tuple(programme))


def _widened(found: Measure, seen: Screened, prevalence: float) -> Measure:
    """Where no referable patient (or all) was set aside the bootstrap has no width there: the exact bound of that part
    is taken, so that 0 missed of few patients is not stated as 0 at most."""
    n, k = int(seen.positive.sum()), int((seen.positive & seen.aside).sum())
    if found.value is None or found.low is None or found.high is None or 0 < k < n:
        return found
    low, high = (THOUSAND * prevalence * edge for edge in clopper_pearson(k, n))
    middle = THOUSAND * prevalence * k / n
    span = (min(found.low, found.value + low - middle), max(found.high, found.value + high - middle))
    return Measure(found.name, found.value, *span, found.n, method=f"{found.method}; exact where nobody was missed")
