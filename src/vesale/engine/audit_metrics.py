"""Results of a cohort to the numbers that an audit compares, each as it follows from exams; the tests are elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.audit import Family
from ..core.report import Measure
from ..core.task import Category, Partition, Quantity
from ..metrics.classification import balanced_accuracy_statistic, kappa_statistic, nanmean
from ..metrics.intervals import Floats, joined, measure, proportion
from ..metrics.ranking import average_precision, curve_area, ranked
from ..trust.bias import Bools, Ranking, Ratio, Statistic, Weighted
from .calibration_rows import Cell, Row, probabilities
from .results import Results, covers

BARS = 10
BINS = 256
"""Score bins of outlines here: the report's 4,096, taken together by 16."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparable:
    """One number that every group of exams has."""

    output: str | None
    """None: of whole exams."""
    metric: str
    statistic: Statistic
    family: Family = "further"
    of: str | None = None
    unit: str = ""
    remark: str = ""
    reflected: bool = False
    """Resampling adds to it as much as sampling did (an ECE): its interval is the reflected one."""

    def measure(self, here: Bools, subjects: Sequence[str]) -> Measure:
        """Value, interval and n among the exams `here`, by subject."""
        counted = here & self.statistic.counts
        who = np.asarray(subjects, dtype=str)[counted].tolist()
        if isinstance(self.statistic, Ratio) and self.statistic.binary:
            return proportion(self.metric, self.statistic.top[counted] > 0, who, self.remark)
        if isinstance(self.statistic, Ratio):
            share = Ratio(self.statistic.top[counted], self.statistic.bottom[counted])
            return measure(self.metric, share, who, self.remark, self.unit)
        places, n = np.flatnonzero(counted), len(counted)

        def statistic(weights: Floats) -> Floats:
            whole = np.zeros((len(weights), n))
            whole[:, places] = weights
            return self.statistic(whole)

        found = measure(self.metric, statistic, who, self.remark, self.unit)
        return _mirrored(found) if self.reflected else found


@dataclass(frozen=True, slots=True)
class Decision:
    """A yes or no that was said, beside what is true: what equalised odds and demographic parity look at."""

    output: str
    of: str
    said: NDArray[np.int64]
    """(n,) 1, 0, or -1 where nothing was said."""
    truth: NDArray[np.int64]
    """(n,) 1, 0, or -1 where it is not known."""


def comparables(results: Results) -> list[Comparable]:
    """Everything that is compared, the exams being the rows of the results in order."""
    found = [*_rates(results.rows)]
    for name, output in results.task.outputs.items():
        known = _known(results.rows, name)
        if not known.any():
            continue
        match output:
            case Category(exclusive=True):
                found += _category(results.rows, name, output, known)
            case Category():
                found += _labels(results.rows, name, output, known)
            case Quantity():
                found += _quantity(results.rows, name, output, known)
            case Partition():
                found += _partition(results, name, output, known)
        found += _coverage(results.rows, name, known)
    return found


def decisions(results: Results) -> list[Decision]:
    """Every name that was said or not: of two names the second, else each; of a grade the call for action."""
    found = []
    for name, output in results.task.outputs.items():
        known = _known(results.rows, name)
        rows = results.rows
        if isinstance(output, Category):
            names = output.names[1:] if output.exclusive and len(output.names) == 2 else output.names
            for label in names:
                said = [label in str(r[f"{name}.prediction"]).split(";") for r in rows if _said(r, name)]
                truth = [label in _text(r[f"{name}.truth"]).split(";") for r, k in zip(rows, known, strict=True) if k]
                found.append(
                    Decision(name, label, _filled([_said(r, name) for r in rows], said), _filled(known, truth))
                )
        elif isinstance(output, Quantity) and output.steps and output.action is not None:
            there = np.array([_said(r, name) for r in rows])
            said = [_float(r[f"{name}.step"]) >= output.action for r, k in zip(rows, there, strict=True) if k]
            truth = [_float(r[f"{name}.truth"]) >= output.action for r, k in zip(rows, known, strict=True) if k]
            label = f"≥ {output.steps[output.action]}"
            found.append(Decision(name, label, _filled(there, said), _filled(known, truth)))
    return found


def _rates(rows: Sequence[Row]) -> Iterator[Comparable]:
    status = np.array([str(r["status"]) for r in rows])
    everyone = np.ones(len(rows))
    kinds: tuple[tuple[str, tuple[str, ...], Family], ...] = (
        ("share_reported", ("reported",), "further"),
        ("share_referred", ("referred",), "main"),
        ("share_declined", ("declined", "failed"), "main"),
    )
    for metric, of, family in kinds:
        yield Comparable(None, metric, Ratio(_floats(np.isin(status, of)), everyone), family)
    judged = np.array([r["status"] == "reported" and r.get("wrong") is not None for r in rows])
    wrong = np.array([_float(r["wrong"]) if k else 0.0 for r, k in zip(rows, judged, strict=True)])
    yield Comparable(None, "error_reported", Ratio(wrong, judged.astype(np.float64)), "main")


def _category(rows: Sequence[Row], name: str, output: Category, known: Bools) -> Iterator[Comparable]:
    some = [r for r, k in zip(rows, known, strict=True) if k]
    p, k = probabilities(some, name, output.names), len(output.names)
    truth = np.array([output.names.index(_text(r[f"{name}.truth"])) for r in some])
    said = np.array([output.names.index(str(r[f"{name}.prediction"])) for r in some])
    spread = partial(_spread, known)
    two = k == 2
    yield Comparable(
        name, "accuracy", Ratio(spread(said == truth), known.astype(np.float64)), "further" if two else "main"
    )
    if two:
        yield from _one_name(name, None, (spread(p[:, 1]), _filled(known, truth), _filled(known, said)), "main")
        gap = spread(p[:, 1] - truth)
    else:
        gap = spread(p[np.arange(len(p)), said] - (said == truth))
        yield _macro(name, p, np.eye(k)[truth], known)
        for c, label in enumerate(output.names):
            one = spread(p[:, c]), _filled(known, truth == c), _filled(known, said == c)
            yield from _one_name(name, label, one, "further")
    yield Comparable(name, "calibration_gap", Ratio(gap, known.astype(np.float64)), "main")
    counted = balanced_accuracy_statistic(said, truth, k)
    yield Comparable(name, "balanced_accuracy", Weighted(_within(counted, known), known))
    yield from _calibrated(
        name, known, p, np.eye(k)[truth], (p.max(axis=1)[:, None], (p.argmax(axis=1) == truth)[:, None])
    )


def _one_name(
    name: str, of: str | None, columns: tuple[Floats, NDArray[np.int64], NDArray[np.int64]], family: Family
) -> Iterator[Comparable]:
    """auc, sensitivity, specificity and auprc of one name: (score, truth, said), (n,) each."""
    score, truth, said = columns
    yield Comparable(name, "auc", Ranking(score, truth), family, of)
    yield Comparable(name, "sensitivity", Ratio(_floats((said == 1) & (truth == 1)), _floats(truth == 1)), family, of)
    yield Comparable(name, "specificity", Ratio(_floats((said == 0) & (truth == 0)), _floats(truth == 0)), family, of)
    counted = truth >= 0
    counts = ranked(score[counted], truth[counted] == 1)
    precise = Weighted(_within(lambda w: average_precision(*counts(w)), counted), counted)
    yield Comparable(name, "auprc", precise, "further", of)


def _macro(name: str, p: Floats, truth: Floats, known: Bools) -> Comparable:
    """auc as the mean over the names that occur, each against the rest."""
    counts = [ranked(p[:, c], truth[:, c] == 1) for c in range(p.shape[1])]

    def mean(weights: Floats) -> Floats:
        return nanmean(np.stack([curve_area(*count(weights)) for count in counts]))

    return Comparable(name, "auc", Weighted(_within(mean, known), known), "further", remark="mean over the names")


def _labels(rows: Sequence[Row], name: str, output: Category, known: Bools) -> Iterator[Comparable]:
    some = [r for r, k in zip(rows, known, strict=True) if k]
    p = probabilities(some, name, output.names)
    truth = np.array([[n in _text(r[f"{name}.truth"]).split(";") for n in output.names] for r in some])
    said = np.array([[n in str(r[f"{name}.prediction"]).split(";") for n in output.names] for r in some])
    spread, names = partial(_spread, known), len(output.names)
    yield Comparable(name, "accuracy", Ratio(spread((said == truth).all(axis=1)), known.astype(np.float64)), "main")
    for metric, value in (("sensitivity", True), ("specificity", False)):
        recalls = partial(_mean_recall, (said == truth) & (truth == value), truth == value)
        statistic = Weighted(_within(recalls, known), known)
        yield Comparable(name, metric, statistic, "main", remark="mean over the names")
    yield Comparable(name, "calibration_gap", Ratio(spread((p - truth).sum(axis=1)), _floats(known) * names), "main")
    yield _macro(name, p, _floats(truth), known)
    for c, label in enumerate(output.names):
        one = spread(p[:, c]), _filled(known, truth[:, c]), _filled(known, said[:, c])
        yield from _one_name(name, label, one, "further")
    yield from _calibrated(name, known, p, truth, (p, truth))


def _quantity(rows: Sequence[Row], name: str, output: Quantity, known: Bools) -> Iterator[Comparable]:
    some = [r for r, k in zip(rows, known, strict=True) if k]
    truth = np.array([_float(r[f"{name}.truth"]) for r in some])
    value = np.array([_float(r[f"{name}.{'step' if output.steps else 'value'}"]) for r in some])
    spread, unit = partial(_spread, known), output.unit or ("steps" if output.steps else "")
    count = known.astype(np.float64)
    yield Comparable(name, "mae", Ratio(spread(np.abs(value - truth)), count), "main", unit=unit)
    yield Comparable(name, "mean_error", Ratio(spread(value - truth), count), "main", unit=unit)
    if not output.steps:
        return
    k, said, true = len(output.steps), value.astype(int), truth.astype(int)
    yield Comparable(name, "accuracy", Ratio(spread(said == true), count), "main")
    if output.action is not None:
        ill, called = spread(true >= output.action), spread(said >= output.action)
        yield Comparable(name, "sensitivity", Ratio(ill * called, ill), "main")
        yield Comparable(name, "specificity", Ratio((1 - ill) * (1 - called) * count, (1 - ill) * count), "main")
    yield Comparable(name, "kappa_quadratic", Weighted(_within(kappa_statistic(said, true, k), known), known))
    balanced = balanced_accuracy_statistic(said, true, k)
    yield Comparable(name, "balanced_accuracy", Weighted(_within(balanced, known), known))
    p = probabilities(some, name, [str(i) for i in range(k)])
    if np.isfinite(p).all():
        top = p.max(axis=1)[:, None], (p.argmax(axis=1) == true)[:, None]
        yield from _calibrated(name, known, p, np.eye(k)[true], top)


def _partition(results: Results, name: str, output: Partition, known: Bools) -> Iterator[Comparable]:
    pos, neg = (_scattered(results, name, c) for c in results.histograms[name])  # (n, scored, bins)
    cuts = results.thresholds[name]
    classes = output.scored
    for c, label in enumerate(classes):
        of = label if len(classes) > 1 else None
        yield from _outlined(name, of, (pos[:, c], neg[:, c], cuts[c]), results)
    if len(classes) > 1:
        dices = np.array([[_float(r.get(f"{name}.dice.{n}")) for n in classes] for r in results.rows])
        yield Comparable(name, "dice", Weighted(partial(_mean_dice, dices), known), "main", remark="mean over classes")


def _outlined(
    name: str, of: str | None, counts: tuple[Floats, Floats, float], results: Results
) -> Iterator[Comparable]:
    """dice as the mean of exams; of the samples of all exams pooled f1, sensitivity, specificity, and how much more is
    outlined than is there on average (calibration_gap)."""
    pos, neg, cut = counts
    bins = pos.shape[1]
    first = int(np.ceil(round(cut * bins, 6)))
    hit, false = pos[:, first:].sum(axis=1), neg[:, first:].sum(axis=1)
    ill, well = pos.sum(axis=1), neg.sum(axis=1)
    dice = 2 * hit / np.maximum(hit + false + ill, 1)
    dice[(ill + false == 0) & (well > 0)] = 1.0  # nothing is there and nothing is marked
    judged = ill + well > 0
    family: Family = "main" if of is None else "further"
    at = f"threshold {cut:.4g}"
    yield Comparable(
        name, "dice", Ratio(dice * judged, judged.astype(np.float64)), family, of, remark=joined("mean of exams", at)
    )
    middle = (np.arange(bins) + 0.5) / bins
    expected = (pos + neg) @ middle
    gap = Ratio((expected - ill) * judged, ill + well)
    yield Comparable(
        name, "calibration_gap", gap, family, of, remark="mean stated probability less the share of samples"
    )
    pooled = "samples of all exams pooled"
    yield Comparable(name, "f1", Ratio(2 * hit, hit + false + ill), "further", of, remark=joined(pooled, at))
    yield Comparable(name, "sensitivity", Ratio(hit, ill), "further", of, remark=joined(pooled, at))
    yield Comparable(name, "specificity", Ratio(well - false, well), "further", of, remark=joined(pooled, at))
    coarse = [c.reshape(len(c), BINS, -1).sum(axis=2) if bins % BINS == 0 else c for c in (pos, neg)]
    for metric, area in (("auc", curve_area), ("auprc", average_precision)):
        statistic = Weighted(partial(_area, area, *coarse), judged)
        yield Comparable(
            name, metric, statistic, "further", of, remark=f"{pooled}, scores in {coarse[0].shape[1]} bins"
        )
    if of is None:
        squares = ((pos * (1 - middle) ** 2).sum(axis=1) + (neg * middle**2).sum(axis=1)) * judged
        yield Comparable(name, "brier", Ratio(squares, ill + well), "further")
        member = np.eye(BARS)[_bars(middle, (pos + neg).sum(axis=0))]  # (bins, bars)
        gaps = ((pos + neg) * middle - pos) @ member
        yield _ece(name, gaps, (pos + neg) @ member, judged)


def _calibrated(
    name: str, known: Bools, p: Floats, truth: Any, stated: tuple[Floats, NDArray[Any]]
) -> Iterator[Comparable]:
    """brier of the whole vectors, ece of what was `stated`: probabilities and whether they came true, (known, k)."""
    errors = ((p - truth) ** 2).sum(axis=1)
    scale = float(p.shape[1]) if stated[0].shape[1] > 1 else 1.0
    yield Comparable(name, "brier", Ratio(_spread(known, errors), _floats(known) * scale), "further")
    sure, right = stated
    member = np.eye(BARS)[_bars(sure.reshape(-1), np.ones(sure.size))].reshape(*sure.shape, BARS)
    gaps, n = (member * (sure - right)[..., None]).sum(axis=1), member.sum(axis=1)
    yield _ece(name, _spread(known, gaps), _spread(known, n), known)


def _ece(name: str, gaps: Floats, n: Floats, known: Bools) -> Comparable:
    """Calibration error from every exam's gaps and counts by bar, (n, bars) each; the bars are those of everyone."""

    def statistic(weights: Floats) -> Floats:
        return np.asarray(np.abs(weights @ gaps).sum(axis=1) / np.maximum((weights @ n).sum(axis=1), 1))

    return Comparable(
        name, "ece", Weighted(statistic, known), remark=f"{BARS} bins of equal mass over all groups", reflected=True
    )


def _bars(values: Floats, mass: Floats) -> NDArray[np.intp]:
    """Index of the bar, of equal mass over everyone as far as ties allow, for each value."""
    order = np.argsort(values, kind="stable")
    cuts = np.interp(np.arange(1, BARS) / BARS, np.cumsum(mass[order]) / mass.sum(), values[order])
    return np.searchsorted(cuts, values, side="right")


def _mirrored(found: Measure) -> Measure:
    if found.value is None or found.low is None or found.high is None:
        return found
    v = found.value
    low, high = max(0.0, min(v, 2 * v - found.high)), max(v, 2 * v - found.low)
    return replace(found, low=low, high=high, method=found.method.replace("percentile", "reflected"))


def _coverage(rows: Sequence[Row], name: str, known: Bools) -> Iterator[Comparable]:
    hits = [covers(r, name) if k else None for r, k in zip(rows, known, strict=True)]
    stated = np.array([h is not None for h in hits])
    if stated.any():
        held = np.array([float(bool(h)) for h in hits])
        yield Comparable(name, "coverage", Ratio(held * stated, stated.astype(np.float64)), "main")


def _scattered(results: Results, name: str, counts: NDArray[np.int64]) -> Floats:
    """(answered, ...) -> (rows, ...), zero where nothing was answered."""
    there = np.array([_said(r, name) for r in results.rows])
    whole = np.zeros((len(there), *counts.shape[1:]))
    whole[there] = counts
    return whole


def _mean_recall(right: Bools, there: Bools, weights: Floats) -> Floats:
    """(known, names) right and there -> mean over the names of the share of what is there that was said."""
    counts = weights @ there.astype(float)
    hits = weights @ right.astype(float)
    return nanmean(np.divide(hits, counts, out=np.full_like(hits, np.nan), where=counts > 0).T)


def _mean_dice(dices: Floats, weights: Floats) -> Floats:
    """(n, classes) -> mean over exams of each class, then over classes."""
    there = ~np.isnan(dices)
    total, n = weights @ np.where(there, dices, 0.0), weights @ there.astype(float)
    return nanmean(np.divide(total, n, out=np.full_like(total, np.nan), where=n > 0).T)


def _area(area: Callable[[Floats, Floats], Floats], pos: Floats, neg: Floats, weights: Floats) -> Floats:
    return area(weights @ pos, weights @ neg)


def _within(statistic: Callable[[Floats], Floats], known: Bools) -> Callable[[Floats], Floats]:
    """A statistic of the known exams' weights as one of all exams' weights."""
    return lambda weights: statistic(weights[:, known])


def _spread(known: Bools, values: Any) -> Floats:
    """(known, ...) -> (n, ...), zero elsewhere."""
    some = np.asarray(values, dtype=float)
    whole = np.zeros((len(known), *some.shape[1:]))
    whole[known] = some
    return whole


def _floats(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _filled(known: Any, values: Any) -> NDArray[np.int64]:
    """(known,) -> (n,), -1 elsewhere."""
    there = np.asarray(known, dtype=bool)
    whole = np.full(len(there), -1, np.int64)
    whole[there] = np.asarray(values).astype(np.int64)
    return whole


def _known(rows: Sequence[Row], name: str) -> Bools:
    """Answered, and the truth is known."""
    return np.array([_said(r, name) and r.get(f"{name}.truth") is not None for r in rows])


def _said(row: Row, name: str) -> bool:
    return row["status"] in ("reported", "referred")


def _text(cell: Cell) -> str:
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def _float(cell: Cell) -> float:
    return float("nan") if cell is None else float(cell)
