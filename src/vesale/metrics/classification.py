"""How good names are: one name of several, or any number of them. Pixels are counted in partition.py."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.report import Measure
from .intervals import Floats, clopper_pearson, joined, measure, proportion, subject_codes
from .ranking import average_precision, curve_area, ranked

Ints = NDArray[np.int64]


def auc(score: ArrayLike, truth: ArrayLike) -> float:
    """Area under the ROC curve, ties counting half (Hanley and McNeil 1982); nan where one class is missing."""
    positives, negatives = ranked(score, truth)(np.ones((1, np.size(score))))
    return float(curve_area(positives, negatives)[0])


def auprc(score: ArrayLike, truth: ArrayLike) -> float:
    """Average precision: the step-wise area under precision over recall; nan where there is no positive."""
    positives, negatives = ranked(score, truth)(np.ones((1, np.size(score))))
    return float(average_precision(positives, negatives)[0])


def roc_curve(score: ArrayLike, truth: ArrayLike) -> tuple[Floats, Floats]:
    """(false positive rate, true positive rate) at every distinct score, from (0, 0) to (1, 1)."""
    positives, negatives = ranked(score, truth)(np.ones((1, np.size(score))))
    rates = [np.concatenate([[0.0], np.cumsum(c[0, ::-1])]) for c in (negatives, positives)]
    if not (rates[0][-1] and rates[1][-1]):
        raise ValueError("a ROC curve needs both classes")
    return rates[0] / rates[0][-1], rates[1] / rates[1][-1]


def sensitivity(score: ArrayLike, truth: ArrayLike, threshold: float) -> float:
    """Share of the true ones with score >= threshold."""
    true = np.asarray(truth, dtype=bool)
    return _share(np.asarray(score)[true] >= threshold)


def specificity(score: ArrayLike, truth: ArrayLike, threshold: float) -> float:
    """Share of the others with score < threshold."""
    true = np.asarray(truth, dtype=bool)
    return _share(np.asarray(score)[~true] < threshold)


def accuracy(answers: ArrayLike, truth: ArrayLike) -> float:
    return _share(np.asarray(answers) == np.asarray(truth))


def balanced_accuracy(answers: ArrayLike, truth: ArrayLike) -> float:
    """Mean recall over the classes that occur in the truth."""
    return float(_of_confusion(_recall, answers, truth))


def kappa_quadratic(answers: ArrayLike, truth: ArrayLike) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968); nan where only one class occurs in both."""
    return float(_of_confusion(_kappa, answers, truth))


def kappa_measure(answers: ArrayLike, truth: ArrayLike, steps: int, subjects: Sequence[str]) -> Measure:
    return measure("kappa_quadratic", kappa_statistic(answers, truth, steps), subjects)


def balanced_accuracy_measure(answers: ArrayLike, truth: ArrayLike, k: int, subjects: Sequence[str]) -> Measure:
    return measure("balanced_accuracy", balanced_accuracy_statistic(answers, truth, k), subjects)


def kappa_statistic(answers: ArrayLike, truth: ArrayLike, steps: int) -> Callable[[Floats], Floats]:
    """Weights of the exams (draws, n) -> quadratic kappa (draws,)."""
    return _counted(_kappa, answers, truth, steps)


def balanced_accuracy_statistic(answers: ArrayLike, truth: ArrayLike, k: int) -> Callable[[Floats], Floats]:
    """Weights of the exams (draws, n) -> mean recall over the classes that occur (draws,)."""
    return _counted(_recall, answers, truth, k)


def category_measures(
    probabilities: ArrayLike, truth: ArrayLike, answers: ArrayLike, names: Sequence[str], subjects: Sequence[str]
) -> dict[str, Measure]:
    """Measures of an exclusive category: (n, k) probabilities, (n,) truth (-1 unknown, dropped), (n,) answers.

    Two names: auc, auprc, sensitivity and specificity are of names[1]; more: auc and auprc are means one against rest.
    """
    p, t, a, who = _known(probabilities, truth, answers, subjects)
    k, found = len(names), {"accuracy": proportion("accuracy", a == t, who)}
    found["balanced_accuracy"] = balanced_accuracy_measure(a, t, k, who)
    if k == 2:
        found |= _one_name(p[:, 1], t == 1, a == 1, who, f"of {names[1]}")
        return found
    columns = [(p[:, c], t == c) for c in range(k)]
    return found | _macro(columns, who, "mean over the names, each against the rest")


def category_per_class(
    probabilities: ArrayLike, truth: ArrayLike, answers: ArrayLike, names: Sequence[str], subjects: Sequence[str]
) -> dict[str, dict[str, Measure]]:
    """Each name against the rest: auc, auprc, sensitivity, specificity."""
    p, t, a, who = _known(probabilities, truth, answers, subjects)
    return {n: _one_name(p[:, c], t == c, a == c, who, f"{n} against the rest") for c, n in enumerate(names)}


def labels_measures(
    probabilities: ArrayLike, truth: ArrayLike, answers: ArrayLike, names: Sequence[str], subjects: Sequence[str]
) -> dict[str, Measure]:
    """Measures of names that do not exclude each other; probabilities, truth and answers are (n, k), truth 0/1/-1.

    `accuracy` is the share of exams with every name right; the others are means over the names. An exam with an
    unknown name (-1) is dropped.
    """
    p, t, a = np.asarray(probabilities, dtype=float), np.asarray(truth), np.asarray(answers).astype(int)
    keep = (t >= 0).all(axis=1)
    p, t, a, who = p[keep], t[keep], a[keep], np.asarray(subjects, dtype=str)[keep].tolist()
    found = {"accuracy": proportion("accuracy", (a == t).all(axis=1), who, "every name right")}
    tables = [_counted(_recalls, a[:, c], t[:, c], 2) for c in range(len(names))]
    mean = "mean over the names"
    found["balanced_accuracy"] = measure("balanced_accuracy", partial(_mean_of, tables, (0, 1)), who, mean)
    found["sensitivity"] = measure("sensitivity", partial(_mean_of, tables, (1,)), who, mean)
    found["specificity"] = measure("specificity", partial(_mean_of, tables, (0,)), who, mean)
    return found | _macro([(p[:, c], t[:, c] == 1) for c in range(len(names))], who, mean)


def labels_per_class(
    probabilities: ArrayLike, truth: ArrayLike, answers: ArrayLike, names: Sequence[str], subjects: Sequence[str]
) -> dict[str, dict[str, Measure]]:
    """Each name by itself: auc, auprc, sensitivity, specificity, accuracy; exams where it is unknown are dropped."""
    found = {}
    for c, name in enumerate(names):
        column = [np.asarray(x)[:, c] for x in (probabilities, truth, answers)]
        p, t, a, who = _known(column[0], column[1], column[2].astype(int), subjects)
        found[name] = _one_name(p, t == 1, a == 1, who, "") | {"accuracy": proportion("accuracy", a == t, who)}
    return found


def _known(
    probabilities: ArrayLike, truth: ArrayLike, answers: ArrayLike, subjects: Sequence[str]
) -> tuple[Floats, Ints, Ints, list[str]]:
    t = np.asarray(truth).astype(np.int64)
    keep = t >= 0
    who = np.asarray(subjects, dtype=str)[keep].tolist()
    return np.asarray(probabilities, dtype=float)[keep], t[keep], np.asarray(answers).astype(np.int64)[keep], who


def _one_name(
    score: Floats, true: NDArray[np.bool_], said: NDArray[np.bool_], subjects: Sequence[str], what: str
) -> dict[str, Measure]:
    found = _macro([(score, true)], subjects, what)
    who, rule = np.asarray(subjects, dtype=str), _threshold(score, said)
    found["sensitivity"] = proportion("sensitivity", said[true], who[true].tolist(), joined(what, rule))
    found["specificity"] = proportion("specificity", ~said[~true], who[~true].tolist(), joined(what, rule))
    return found


def _threshold(score: Floats, said: NDArray[np.bool_]) -> str:
    """The rule behind the answers, in words, as far as the answers show it."""
    if np.array_equal(said, score >= 0.5) or np.array_equal(said, score > 0.5):
        return "threshold 0.5"
    if said.all() or not said.any():
        return f"answered {'always' if said.all() else 'never'}"
    low, high = score[~said].max(), score[said].min()
    return f"threshold between {low:.4g} and {high:.4g}" if low < high else "the answer given, the most probable name"


def _macro(
    columns: Sequence[tuple[Floats, NDArray[np.bool_]]], subjects: Sequence[str], what: str
) -> dict[str, Measure]:
    """auc and auprc, each the mean over the columns (score, true) where it is defined."""
    counts = [ranked(score, true) for score, true in columns]
    defined = sum(bool(true.any() and not true.all()) for _, true in columns)
    if 0 < defined < len(columns):
        what = joined(what, f"{len(columns) - defined} of {len(columns)} do not occur and are left out")
    found = {}
    for name, area in {"auc": curve_area, "auprc": average_precision}.items():

        def mean(weights: Floats, area: Callable[[Floats, Floats], Floats] = area) -> Floats:
            return nanmean(np.stack([area(*count(weights)) for count in counts]))

        found[name] = measure(name, mean, subjects, what)
    if found["auc"].value == 1.0:
        found["auc"] = _perfect(columns, subjects, what)
    return found


def _perfect(columns: Sequence[tuple[Floats, NDArray[np.bool_]]], subjects: Sequence[str], what: str) -> Measure:
    """A perfect AUC's bootstrap has no width: the bound comes from m disjoint pairs of subjects, all in order."""
    codes, n = subject_codes(subjects)
    pairs = [min(len(np.unique(codes[t])), len(np.unique(codes[~t])), n // 2) for _, t in columns]
    m = min(p for p in pairs if p > 0) if any(pairs) else 0
    low, high = clopper_pearson(m, m)
    return Measure("auc", 1.0, low, high, n, method=joined(what, f"Clopper-Pearson on {m} disjoint pairs of subjects"))


def _counted(
    statistic: Callable[[Floats], Floats], answers: ArrayLike, truth: ArrayLike, k: int
) -> Callable[[Floats], Floats]:
    """A statistic of confusion matrices as a statistic of weights; rows are the truth."""
    cells = np.asarray(truth).astype(np.int64) * k + np.asarray(answers).astype(np.int64)
    table = np.eye(k * k)[cells] if len(cells) else np.zeros((0, k * k))
    return lambda weights: statistic((weights @ table).reshape(-1, k, k))


def _of_confusion(statistic: Callable[[Floats], Floats], answers: ArrayLike, truth: ArrayLike) -> float:
    a, t = np.asarray(answers).astype(np.int64), np.asarray(truth).astype(np.int64)
    k = int(max(a.max(initial=0), t.max(initial=0))) + 1
    return float(_counted(statistic, a, t, k)(np.ones((1, len(t))))[0])


def _recalls(confusion: Floats) -> Floats:
    """(..., k, k) -> (..., k); nan where a class has no exam."""
    total = confusion.sum(axis=-1)
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return np.asarray(np.divide(hits, total, out=np.full_like(total, np.nan), where=total > 0))


def _recall(confusion: Floats) -> Floats:
    return nanmean(np.moveaxis(_recalls(confusion), -1, 0))


def _kappa(confusion: Floats) -> Floats:
    k = confusion.shape[-1]
    cost = (np.arange(k)[:, None] - np.arange(k)) ** 2.0
    total = confusion.sum(axis=(-2, -1))
    chance = confusion.sum(axis=-1)[..., :, None] * confusion.sum(axis=-2)[..., None, :]
    expected = (chance * cost).sum(axis=(-2, -1))
    observed = (confusion * cost).sum(axis=(-2, -1)) * total
    return np.asarray(1 - np.divide(observed, expected, out=np.full_like(total, np.nan), where=expected > 0))


def _mean_of(tables: Sequence[Callable[[Floats], Floats]], classes: tuple[int, ...], weights: Floats) -> Floats:
    """Mean over the names of the recall of the stated classes (1: sensitivity, 0: specificity)."""
    recalls = np.stack([table(weights) for table in tables])  # (names, draws, 2)
    return nanmean(np.moveaxis(recalls[..., list(classes)], -1, 0).reshape(-1, recalls.shape[1]))


def nanmean(values: Floats) -> Floats:
    """Mean over the first axis of what is not nan; nan where nothing is left."""
    good = ~np.isnan(values)
    n = good.sum(axis=0)
    total = np.where(good, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0))


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if hits.size else float("nan")
