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
from vesale.metrics.intervals import subject_codes

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
DRAWS = 1000
"""Of the bootstrap."""
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
    """Estimated share of wrong labels (confident joint); it counts what the features cannot tell, too."""


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
    return Outliers(suspects, auc, noise_rate(p, truth, codes, auc, seed))


def noise_rate(p: Floats, truth: NDArray[np.intp], codes: NDArray[np.intp], auc: float, seed: int = 0) -> Measure:
    """Share of labels that are wrong, from the confident joint: exams counted at the class whose probability reaches
    what its own members have on average, rows scaled to the classes as labelled; bootstrap over subjects."""
    classes = p.shape[1]
    usual = np.array([p[truth == k, k].mean() for k in range(classes)])
    reached = np.where(p >= usual, p, -1.0)
    cell = np.where(reached.max(axis=1) >= 0, truth * classes + reached.argmax(axis=1), -1)
    confident = np.zeros((int(codes.max()) + 1, classes * classes))  # (subjects, label x likely)
    np.add.at(confident, (codes[cell >= 0], cell[cell >= 0]), 1)
    labelled = np.zeros((len(confident), classes))
    np.add.at(labelled, (codes, truth), 1)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(confident), np.full(len(confident), 1 / len(confident)), DRAWS).astype(float)
    drawn = _off_diagonal(np.asarray(weights @ confident), np.asarray(weights @ labelled))
    value = float(_off_diagonal(confident.sum(axis=0)[None], labelled.sum(axis=0)[None])[0])
    low, high = (float(v) for v in np.quantile(drawn, [0.025, 0.975]))
    how = f"confident joint of features of AUC {auc:.2f}; percentile bootstrap over subjects, {DRAWS} draws"
    return Measure("noise_rate", value, low, high, len(confident), method=how)


def _off_diagonal(joint: Floats, labelled: Floats) -> Floats:
    """(m,) share off the diagonal of m joints (m, k * k), their rows scaled to (m, k) counts."""
    table = joint.reshape(len(joint), labelled.shape[1], -1)
    rows = table.sum(axis=2)
    right = np.diagonal(table, axis1=1, axis2=2) / np.maximum(rows, 1)
    wrong = np.where(rows > 0, 1 - right, 0.0) * labelled
    return np.asarray(wrong.sum(axis=1) / np.maximum(labelled.sum(axis=1), 1))


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
