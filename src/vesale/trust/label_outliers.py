"""Exams whose label disagrees with what simple features say of them, learned without their subject.

Confident learning (Northcutt, Jiang, Chuang, *Confident Learning: Estimating Uncertainty in Dataset Labels*, JAIR
2021): an exam counts for another class where that class's probability reaches the mean that its own members have.
What is listed is to be looked at by a person: a rare but right exam looks the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from vesale.core.report import Measure
from vesale.metrics.intervals import clopper_pearson, subject_codes

from .probes import concordance

Floats = NDArray[np.float64]
FOLDS = 5
FEWEST = 20
"""Exams of a class, and four subjects, below which nothing is said."""
ABLE = 0.75
"""Least mean AUC of the features: below, a disagreement says more of the features than of the label."""
SURE = 0.9
"""Least confidence of an exam that is listed."""
COMPONENTS = 60
PENALTY = 3.0


@dataclass(frozen=True, slots=True)
class Suspect:
    index: int
    label: str
    looks: str
    confidence: float
    """Of the class it looks like, among the two."""


@dataclass(frozen=True, slots=True)
class Outliers:
    suspects: tuple[Suspect, ...]
    """The surest first."""
    auc: float
    """Of the features, cross-validated, mean over classes."""
    rate: Measure
    """Share of exams that are listed: no estimate of the noise where the features are weak."""


def label_outliers(
    features: Floats, labels: Sequence[str | None], subjects: Sequence[str], seed: int = 0
) -> Outliers | None:
    """From (n, d) features; None: too few exams of two classes, or features that cannot tell them."""
    known = [i for i, label in enumerate(labels) if label is not None]
    codes, _ = subject_codes([subjects[i] for i in known])
    names = np.array([str(labels[i]) for i in known])
    classes = [c for c in np.unique(names) if (names == c).sum() >= FEWEST and len(np.unique(codes[names == c])) >= 4]
    if len(classes) < 2:
        return None
    kept = np.isin(names, classes)
    index, codes, truth = np.array(known)[kept], codes[kept], np.searchsorted(classes, names[kept])
    p = cross_probabilities(np.nan_to_num(features[index]), truth, codes, seed)
    auc = float(np.mean([concordance(p[:, k], truth == k)[0] for k in range(len(classes))]))
    if auc < ABLE:
        return None
    suspects = _suspects(p, truth, [str(c) for c in classes], index)
    low, high = clopper_pearson(len(suspects), len(index))
    how = f"Clopper-Pearson; exams whose label loses with a confidence of {SURE} or more; features of AUC {auc:.2f}"
    rate = Measure("noise_rate", len(suspects) / len(index), low, high, len(index), n_of="exam", method=how)
    return Outliers(suspects, auc, rate)


def cross_probabilities(x: Floats, truth: NDArray[np.intp], codes: NDArray[np.intp], seed: int = 0) -> Floats:
    """(n, classes): a logistic regression on principal components, fitted without the subject's fold."""
    n = int(codes.max()) + 1
    order = np.random.default_rng(seed).permutation(n)
    first = np.zeros(n, np.intp)
    first[codes] = truth
    order = order[np.argsort(first[order], kind="stable")]
    fold = np.empty(n, np.intp)
    fold[order] = np.arange(n) % FOLDS
    out = np.zeros((len(x), int(truth.max()) + 1))
    for k in range(FOLDS):
        train, test = fold[codes] != k, fold[codes] == k
        if test.any():
            out[test] = _logistic(*_components(x[train], x[test]), truth[train], out.shape[1])
    return out


def _components(train: Floats, test: Floats) -> tuple[Floats, Floats]:
    """Standard scores, softened, turned to at most `COMPONENTS` principal components of unit mean variance."""
    centre, spread = np.median(train, axis=0), train.std(axis=0)
    keep = spread > 1e-6
    scaled = [np.arcsinh((x[:, keep] - centre[keep]) / spread[keep]) for x in (train, test)]
    _, s, v = np.linalg.svd(scaled[0] - scaled[0].mean(axis=0), full_matrices=False)
    axes = v[: min(COMPONENTS, len(train) // 4 + 1)].T / max(float(s[0]) / np.sqrt(len(train)) / 3, 1e-9)
    mean = scaled[0].mean(axis=0)
    return (scaled[0] - mean) @ axes, (scaled[1] - mean) @ axes


def _logistic(train: Floats, test: Floats, truth: NDArray[np.intp], classes: int) -> Floats:
    x, new = (np.column_stack([part, np.ones(len(part))]) for part in (train, test))
    target = np.eye(classes)[truth]

    def loss(flat: Floats) -> tuple[float, Floats]:
        w = flat.reshape(x.shape[1], classes)
        p = _softmax(x @ w)
        slope = x.T @ (p - target)
        slope[:-1] += PENALTY * w[:-1]
        value = -np.log(np.maximum((p * target).sum(axis=1), 1e-12)).sum() + 0.5 * PENALTY * (w[:-1] ** 2).sum()
        return float(value), slope.ravel()

    found = minimize(loss, np.zeros(x.shape[1] * classes), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return _softmax(new @ found.x.reshape(x.shape[1], classes))


def _softmax(z: Floats) -> Floats:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _suspects(p: Floats, truth: NDArray[np.intp], names: Sequence[str], index: NDArray[np.intp]) -> tuple[Suspect, ...]:
    own = p[np.arange(len(p)), truth]
    usual = np.array([p[truth == k, k].mean() for k in range(p.shape[1])])  # (classes,)
    others = np.where((p >= usual) & (np.arange(p.shape[1]) != truth[:, None]), p, 0.0)
    best = others.argmax(axis=1)
    top = others.max(axis=1)
    sure = top / (top + own)
    listed = [i for i in np.argsort(-sure, kind="stable") if top[i] > own[i] and sure[i] >= SURE]
    return tuple(Suspect(int(index[i]), names[truth[i]], names[best[i]], float(sure[i])) for i in listed)
