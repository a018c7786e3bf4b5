"""Which calibration to take: the simplest whose cross-validated log loss is within one standard error of the best.

Folds are by subject, and so is the standard error: that of the difference between two candidates on the same subjects
(the one-standard-error rule of Breiman, Friedman, Olshen, Stone, Classification and Regression Trees, 1984, paired).
The curves themselves are calibrators.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.report import Candidate
from .calibrators import TINY, Calibrator, Kind, apply_calibrator, fit_binary, fit_exclusive

FOLDS = 5
FEW = 40
"""With fewer calibration subjects there is one candidate, the temperature."""
RARE = 10
"""Subjects that each name must have, and each must lack, before a curve of its own is tried."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    calibrator: Calibrator
    candidates: tuple[Candidate, ...]
    n: int
    """Subjects."""


class Truths(Protocol):
    """Stated probabilities beside the truth, an entry an exam."""

    @property
    def kinds(self) -> tuple[Kind, ...]: ...
    @property
    def holds(self) -> NDArray[np.bool_]:
        """(n, names): whether an exam has the name."""
        ...

    @property
    def lacks(self) -> NDArray[np.bool_]:
        """(n, names): whether an exam (a sample of it) has not."""
        ...

    def fit(self, kind: Kind, of: NDArray[np.intp]) -> Calibrator: ...
    def losses(self, calibrator: Calibrator | None) -> Floats:
        """(n,) log loss of each exam, after the calibrator or (None) as stated."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """Exclusive names: (n, k) probabilities, (n,) index of the true one."""

    p: Floats
    truth: NDArray[np.int64]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return ("temperature", "platt" if self.p.shape[1] == 2 else "vector", "isotonic")

    @property
    def holds(self) -> NDArray[np.bool_]:
        return np.eye(self.p.shape[1], dtype=bool)[self.truth]

    @property
    def lacks(self) -> NDArray[np.bool_]:
        return np.asarray(~self.holds)

    def fit(self, kind: Kind, of: NDArray[np.intp]) -> Calibrator:
        return fit_exclusive(kind, self.p[of], self.truth[of])

    def losses(self, calibrator: Calibrator | None) -> Floats:
        p = self.p if calibrator is None else apply_calibrator(calibrator, self.p.T, True).T
        return np.asarray(-np.log(np.maximum(p[np.arange(len(p)), self.truth], TINY)))


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Names that do not exclude each other: (n, k) probabilities, (n, k) truth 1 or 0."""

    p: Floats
    truth: NDArray[np.int64]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return ("temperature", "platt", "isotonic")

    @property
    def holds(self) -> NDArray[np.bool_]:
        return np.asarray(self.truth == 1)

    @property
    def lacks(self) -> NDArray[np.bool_]:
        return np.asarray(self.truth == 0)

    def fit(self, kind: Kind, of: NDArray[np.intp]) -> Calibrator:
        yes = self.truth[of].T.astype(float)
        return fit_binary(kind, self.p[of].T, yes, 1 - yes)

    def losses(self, calibrator: Calibrator | None) -> Floats:
        p = self.p if calibrator is None else apply_calibrator(calibrator, self.p.T, False).T
        right = np.where(self.truth == 1, p, 1 - p)
        return np.asarray(-np.log(np.maximum(right, TINY)).sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Of masks: (n, names, bins) counts of the samples that bear a name and that do not, by stated probability."""

    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return ("temperature", "platt", "isotonic")

    @property
    def holds(self) -> NDArray[np.bool_]:
        return np.asarray(self.positives.sum(axis=2) > 0)

    @property
    def lacks(self) -> NDArray[np.bool_]:
        return np.asarray(self.negatives.sum(axis=2) > 0)

    def fit(self, kind: Kind, of: NDArray[np.intp]) -> Calibrator:
        yes, no = (side[of].sum(axis=0).astype(float) for side in (self.positives, self.negatives))
        return fit_binary(kind, np.broadcast_to(self._middles, yes.shape), yes, no)

    def losses(self, calibrator: Calibrator | None) -> Floats:
        p = np.broadcast_to(self._middles, self.positives.shape[1:])
        p = np.asarray(p if calibrator is None else apply_calibrator(calibrator, p, False), dtype=float)
        yes, no = (-np.log(np.maximum(q, TINY)) for q in (p, 1 - p))
        total = np.maximum((self.positives + self.negatives).sum(axis=(1, 2)), 1)
        sums = np.einsum("ncb,cb->n", self.positives, yes) + np.einsum("ncb,cb->n", self.negatives, no)
        return np.asarray(sums / total)

    @property
    def _middles(self) -> Floats:
        bins = self.positives.shape[2]
        return np.asarray((np.arange(bins) + 0.5) / bins)


def choose(truths: Truths, subjects: Sequence[str], seed: int = 0) -> Choice:
    """Fit every candidate on four fifths of the subjects, score it on the fifth, choose, and fit the chosen on all."""
    codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)[1].reshape(-1)
    n = int(codes.max()) + 1
    everyone = np.arange(len(codes))
    kinds = truths.kinds if n >= FEW and _common(truths, codes) else truths.kinds[:1]
    if n < 2 * FOLDS:
        alone = Candidate(kinds[0], None, None, None, None, True)
        return Choice(truths.fit(kinds[0], everyone), (alone,), n)
    folds = _folds(codes, truths.holds, seed)
    losses = {"none": truths.losses(None)}
    for kind in kinds:
        left_out = np.empty(len(codes))
        for fold in range(FOLDS):
            fitted = truths.fit(kind, np.flatnonzero(folds != fold))
            left_out[folds == fold] = truths.losses(fitted)[folds == fold]
        losses[kind] = left_out
    each = {name: np.bincount(codes, weights=loss) / np.bincount(codes) for name, loss in losses.items()}
    candidates = ranked(each)
    chosen = next(kind for kind in kinds for c in candidates if c.name == kind and c.chosen)
    return Choice(truths.fit(chosen, everyone), candidates, n)


def ranked(losses: dict[str, Floats]) -> tuple[Candidate, ...]:
    """From each candidate's loss a subject, simplest first: 'none' is shown for comparison and never chosen."""
    best = min((name for name in losses if name != "none"), key=lambda name: losses[name].mean())
    found: list[Candidate] = []
    for name, loss in losses.items():
        excess = loss - losses[best]
        error = _standard_error(excess)
        near = name != "none" and float(excess.mean()) <= error
        chosen = near and not any(c.chosen for c in found)
        found.append(
            Candidate(name, float(loss.mean()), _standard_error(loss), float(excess.mean()), error, bool(chosen))
        )
    return tuple(found)


def _standard_error(values: ArrayLike) -> float:
    v = np.asarray(values, dtype=float)
    return float(v.std(ddof=1) / np.sqrt(len(v))) if len(v) > 1 else 0.0


def _common(truths: Truths, codes: NDArray[np.intp]) -> bool:
    """Whether every name is borne, and missed, by subjects enough."""
    sides = np.concatenate([truths.holds, truths.lacks], axis=1)
    return all(len(np.unique(codes[column])) >= RARE for column in sides.T)


def _folds(codes: NDArray[np.intp], holds: NDArray[np.bool_], seed: int) -> NDArray[np.intp]:
    """(n,) fold of each exam: subjects are dealt out in random order, those with the same names in turn."""
    n = int(codes.max()) + 1
    rarest = np.zeros((n, holds.shape[1]), dtype=bool)
    np.logical_or.at(rarest, codes, holds)
    order = np.random.default_rng(seed).permutation(n)
    order = order[np.lexsort(rarest[order].T)]
    dealt = np.empty(n, dtype=np.intp)
    dealt[order] = np.arange(n) % FOLDS
    return dealt[codes]
