"""A plain forest on colour histograms and a thumbnail: what a network must beat to be worth its trouble.

Learned on the same exams as the network that answered each exam, and judged on the same answers.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.report import Measure
from ..core.task import Category, Output, Quantity, Task
from ..metrics.classification import category_measures
from ..metrics.quantity import action_measures, quantity_measures
from ..ops.look import resize
from .samples import Sample

BINS, SIDE, TREES = 32, 16, 300
NAME, SIGNAL_NAME = "forest on histograms", "forest on features"
Floats = NDArray[np.float64]


def baseline(
    task: Task, pairs: Sequence[tuple[Sequence[Sample], Sequence[Sample]]], seed: int
) -> dict[str, Mapping[str, Measure]]:
    """Output -> measures of the forest over `pairs` of (learned, judged) samples; classes, grades and numbers only."""
    found: dict[str, Mapping[str, Measure]] = {}
    for name, output in task.outputs.items():
        if (isinstance(output, Category) and output.exclusive) or isinstance(output, Quantity):
            measures = _judged(name, output, pairs, seed)
            if measures:
                found[name] = measures
    return found


def features(sample: Sample) -> Floats:
    """Histogram of each channel and a small picture, the mean over planes; of a signal its own features."""
    planes = sample.planes.astype(np.float32)
    if planes.shape[2:] == (1, 1):
        return np.asarray(planes.mean(0).ravel(), np.float64)
    counts = [np.histogram(planes[:, c], BINS, (0, 1))[0] / planes[:, c].size for c in range(planes.shape[1])]
    small = resize(planes, (SIDE, SIDE)).mean(0).ravel()
    return np.concatenate([*counts, small]).astype(np.float64)


def _judged(
    name: str, output: Output, pairs: Sequence[tuple[Sequence[Sample], Sequence[Sample]]], seed: int
) -> Mapping[str, Measure] | None:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    answers, truths, subjects = [], [], []
    for learned, judged in pairs:
        some = [s for s in learned if np.isfinite(s.truth[name][0])]
        asked = [s for s in judged if np.isfinite(s.truth[name][0])]
        if not some or not asked:
            continue
        x, y = np.stack([features(s) for s in some]), np.array([s.truth[name][0] for s in some])
        z = np.stack([features(s) for s in asked])
        if isinstance(output, Quantity) and output.steps is None:
            answers.append(RandomForestRegressor(TREES, random_state=seed).fit(x, y).predict(z)[:, None])
        else:
            forest = RandomForestClassifier(TREES, random_state=seed).fit(x, y.astype(int))
            count = len(output.names if isinstance(output, Category) else getattr(output, "steps", ()))
            p = np.zeros((len(z), count))
            p[:, forest.classes_] = forest.predict_proba(z)
            answers.append(p)
        truths += [float(s.truth[name][0]) for s in asked]
        subjects += [s.subject for s in asked]
    if not answers:
        return None
    p, truth = np.concatenate(answers), np.array(truths)
    if isinstance(output, Category):
        return category_measures(p, truth.astype(int), p.argmax(1), output.names, subjects)
    assert isinstance(output, Quantity)
    values = p[:, 0] if output.steps is None else p.argmax(1).astype(float)
    found = quantity_measures(values, truth, subjects, output.unit, output.steps, output.action)
    if output.steps is not None and output.action is not None:
        above, needed = p[:, output.action :].sum(1), (truth >= output.action).astype(float)
        found |= action_measures(above, needed, subjects, output.steps[output.action])
    return found
