"""How good numbers and grades are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..core.report import Measure
from .classification import balanced_accuracy_measure, kappa_measure
from .intervals import joined, measure, proportion
from .ranking import curve_area, ranked, sensitivity_held

SPECIFICITY = 0.9
"""At which the sensitivity of an action is told, whatever threshold gives it."""


def quantity_measures(
    values: ArrayLike,
    truth: ArrayLike,
    subjects: Sequence[str],
    unit: str,
    steps: Sequence[str] | None,
    action: int | None,
) -> dict[str, Measure]:
    """mae; of a grade also kappa_quadratic, accuracy and balanced_accuracy, and of step >= action the sensitivity
    and specificity.

    (n,) values, (n,) truth with nan where unknown (dropped). A grade's values are rounded to the nearest step; give the
    answered steps, and mae is then in steps.
    """
    v, t = np.asarray(values, dtype=float), np.asarray(truth, dtype=float)
    keep = np.isfinite(t) & np.isfinite(v)
    v, t, who = v[keep], t[keep], np.asarray(subjects, dtype=str)[keep]
    names = who.tolist()
    if steps is None:
        return {"mae": _mean_error(np.abs(v - t), names, unit)}
    answer = np.clip(np.floor(v + 0.5), 0, len(steps) - 1).astype(int)
    true = np.clip(np.floor(t + 0.5), 0, len(steps) - 1).astype(int)
    found = {
        "mae": _mean_error(np.abs(answer - true).astype(float), names, unit or "steps"),
        "kappa_quadratic": kappa_measure(answer, true, len(steps), names),
        "accuracy": proportion("accuracy", answer == true, names),
        "balanced_accuracy": balanced_accuracy_measure(answer, true, len(steps), names),
    }
    if action is not None:
        ill, said, rule = true >= action, answer >= action, f"threshold: {steps[action]} or above"
        found["sensitivity"] = proportion("sensitivity", said[ill], who[ill].tolist(), rule)
        found["specificity"] = proportion("specificity", ~said[~ill], who[~ill].tolist(), rule)
    return found


def action_measures(above: ArrayLike, truth: ArrayLike, subjects: Sequence[str], action: str) -> dict[str, Measure]:
    """auc and sensitivity_at_specificity_90 of the probability that a grade calls for action.

    (n,) probabilities of the step `action` or above, (n,) truth 0 / 1, nan where unknown (dropped). The threshold is
    the one that gives the specificity on these same exams, and is found again in every draw of the bootstrap.
    """
    p, t = np.asarray(above, dtype=float), np.asarray(truth, dtype=float)
    keep = np.isfinite(p) & np.isfinite(t)
    counts, who = ranked(p[keep], t[keep] == 1), np.asarray(subjects, dtype=str)[keep].tolist()
    statistics = {
        "auc": (lambda w: curve_area(*counts(w)), f"{action} or above"),
        "sensitivity_at_specificity_90": (
            lambda w: sensitivity_held(*counts(w), SPECIFICITY),
            f"{action} or above; the threshold that gives a specificity of 90 % on these exams",
        ),
    }
    return {name: measure(name, statistic, who, remark) for name, (statistic, remark) in statistics.items()}


def joint_measures(right: ArrayLike, subjects: Sequence[str], outputs: Sequence[str]) -> dict[str, Measure]:
    """accuracy of several answers together: (n, outputs) of whether each was right; an exam counts when all are."""
    every = np.asarray(right, dtype=bool).all(axis=1)
    return {"accuracy": proportion("accuracy", every, subjects, f"{' and '.join(outputs)} all right")}


def _mean_error(errors: np.ndarray, subjects: list[str], unit: str) -> Measure:
    found = measure("mae", lambda weights: weights @ errors / weights.sum(axis=1), subjects, unit=unit)
    return Measure(
        "mae",
        found.value,
        found.low,
        found.high,
        found.n,
        unit=unit,
        method=joined("mean absolute error", found.method),
    )
