"""One risk for a patient from what its photographs and the table say: a penalised logistic model, honest about gaps.

A missing value is put at the mean of those that were there, and has a weight of its own that says what its absence is
worth; an input that hardly anybody of the calibration had is left out, and says so. A risk may not fall with a sign of
disease (weights of such inputs are at least 0). Which inputs are worth having is decided by cross-validation over
patients: the simplest candidate within one standard error of the best (Breiman et al. 1984, paired). L2 penalty on
standardised inputs: Hoerl and Kennard 1970; for the logistic model le Cessie and van Houwelingen 1992.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ..core.report import Candidate

Floats = NDArray[np.float64]
Values = Mapping[str, float | None]
"""Input -> value; None where it is missing."""
PENALTY = 1.0
"""Half of this times the squared weights is added to the summed log loss: a normal prior of variance 1."""
FOLDS = 5
FEWEST = 10
"""Referable patients, and others, below which nothing is fitted."""
PRESENT = 20
"""Patients who must have a value before it is learned from."""
SCORE = "score"
"""The plain score (the worst eye's probability), which every candidate sees as its logit."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input as the model sees it: (value - centre) / spread."""

    name: str
    centre: float
    spread: float
    weight: float
    absent: float = 0.0
    """Added where the value is missing."""
    n: int = 0
    """Calibration patients who had it."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """risk = 1 / (1 + exp(-(intercept + sum of weights)))"""

    kind: str
    """Which candidate: worst, images, facts."""
    intercept: float
    inputs: tuple[Input, ...]
    n: int
    """Calibration patients."""
    positive: int
    """Of them referable."""
    candidates: tuple[Candidate, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Input -> why it was not learned from."""

    def risk(self, values: Values) -> float:
        """The probability that a patient with these values is referable."""
        total = self.intercept
        for one in self.inputs:
            value = values.get(one.name)
            total += one.absent if value is None else one.weight * (_seen(one.name, value) - one.centre) / one.spread
        return float(special.expit(total))

    def missing(self, values: Values) -> tuple[str, ...]:
        """The inputs that are not known of this patient."""
        return tuple(one.name for one in self.inputs if values.get(one.name) is None)

    def unheard(self, values: Values) -> tuple[str, ...]:
        """Of those, the ones that every calibration patient had, so that nothing was learned of their absence."""
        return tuple(one.name for one in self.inputs if values.get(one.name) is None and one.n == self.n)


@dataclass(frozen=True, slots=True)
class Kinds:
    """What the inputs are: candidates are `worst` (the score alone), `images` (with them), `facts` (those too)."""

    images: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    rising: frozenset[str] = frozenset()
    """Inputs with which the risk may not fall; the score is always one."""


def fit_fusion(
    rows: Sequence[Values], positive: Sequence[bool], kinds: Kinds, seed: int = 0
) -> tuple[Fusion, Floats] | None:
    """(the model fitted on all patients, each one's risk by a model of the folds that left it out), or None.

    One row a patient. None: fewer than FEWEST patients of a kind.
    """
    truth = np.asarray(positive, dtype=bool)
    if min(int(truth.sum()), int((~truth).sum())) < FEWEST:
        return None
    names, left_out = _learnable(rows, kinds)
    sets = {"worst": (SCORE,), "images": (SCORE, *names["images"])}
    sets["facts"] = (*sets["images"], *names["facts"])
    distinct = {kind: used for kind, used in sets.items() if kind == "worst" or len(used) > 1}
    if not names["facts"]:
        distinct.pop("facts", None)
    folds = _folds(truth, seed)
    risks = {kind: _out_of_fold(rows, truth, used, kinds, folds) for kind, used in distinct.items()}
    candidates = _compared({kind: _losses(p, truth) for kind, p in risks.items()})
    chosen = next(c.name for c in candidates if c.chosen)
    fitted = _fit(rows, truth, distinct[chosen], kinds)
    whole = Fusion(chosen, *fitted, len(truth), int(truth.sum()), candidates, left_out)
    return whole, risks[chosen]


def _learnable(rows: Sequence[Values], kinds: Kinds) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The inputs that enough patients have and that differ between them; why the others are left out."""
    left_out: dict[str, str] = {}
    found: dict[str, tuple[str, ...]] = {}
    for kind, names in (("images", kinds.images), ("facts", kinds.facts)):
        kept = []
        for name in names:
            known = [v for row in rows if (v := row.get(name)) is not None]
            if len(known) < PRESENT:
                left_out[name] = f"{len(known)} of {len(rows)} patients have it; {PRESENT} are asked"
            elif len(set(known)) < 2:
                left_out[name] = "it is the same in every patient"
            else:
                kept.append(name)
        found[kind] = tuple(kept)
    return found, left_out


def _out_of_fold(
    rows: Sequence[Values], truth: NDArray[np.bool_], used: Sequence[str], kinds: Kinds, folds: NDArray[np.int64]
) -> Floats:
    risks = np.zeros(len(rows))
    for k in range(FOLDS):
        learn = [int(i) for i in np.flatnonzero(folds != k)]
        intercept, inputs = _fit([rows[i] for i in learn], truth[learn], used, kinds)
        one = Fusion("", intercept, inputs, len(learn), 0)
        for i in [int(j) for j in np.flatnonzero(folds == k)]:
            risks[i] = one.risk(rows[i])
    return risks


def _fit(
    rows: Sequence[Values], truth: NDArray[np.bool_], used: Sequence[str], kinds: Kinds
) -> tuple[float, tuple[Input, ...]]:
    """(intercept, inputs) that minimise the log loss and the penalty; convex, so there is one answer."""
    columns, shapes = [], []
    for name in used:
        known = np.array([np.nan if (v := row.get(name)) is None else _seen(name, v) for row in rows])
        there = ~np.isnan(known)
        centre = float(known[there].mean()) if there.any() else 0.0
        spread = float(known[there].std()) if there.any() else 0.0
        spread = spread if spread > 1e-9 else 1.0
        columns += [np.where(there, (np.nan_to_num(known) - centre) / spread, 0.0), (~there).astype(float)]
        shapes.append((name, centre, spread, int(there.sum())))
    x = np.column_stack(columns)  # (n, 2 * inputs)
    rising = {SCORE, *kinds.rising}
    bounds: list[tuple[float | None, float | None]] = []
    for name in used:
        bounds += [(0.0 if name in rising else None, None), (None, None)]
    weights, intercept = _minimise(x, truth, bounds)
    inputs = [
        Input(name, centre, spread, float(weights[2 * i]), float(weights[2 * i + 1]), n)
        for i, (name, centre, spread, n) in enumerate(shapes)
    ]
    return intercept, tuple(inputs)


def _minimise(
    x: Floats, truth: NDArray[np.bool_], bounds: Sequence[tuple[float | None, float | None]]
) -> tuple[Floats, float]:
    sign = np.where(truth, 1.0, -1.0)

    def loss(w: Floats) -> tuple[float, Floats]:
        margin = sign * (x @ w[:-1] + w[-1])
        pull = -sign * special.expit(-margin)
        value = float(np.logaddexp(0, -margin).sum() + PENALTY / 2 * (w[:-1] @ w[:-1]))
        return value, np.append(x.T @ pull + PENALTY * w[:-1], pull.sum())

    start = np.zeros(x.shape[1] + 1)
    options: Any = {"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-8}
    limits: Any = [*bounds, (None, None)]
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, options=options)
    return np.asarray(found.x[:-1]), float(found.x[-1])


def _seen(name: str, value: float) -> float:
    """The score is seen as its logit, so that its candidate alone is Platt's calibration of it."""
    if name != SCORE:
        return value
    p = min(max(value, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


def _folds(truth: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    """(n,) which fold leaves a patient out; both kinds are spread evenly."""
    folds = np.zeros(len(truth), np.int64)
    rng = np.random.default_rng(seed)
    start = 0
    for kind in (True, False):
        members = rng.permutation(np.flatnonzero(truth == kind))
        folds[members] = (np.arange(len(members)) + start) % FOLDS
        start += len(members)
    return folds


def _losses(risks: Floats, truth: NDArray[np.bool_]) -> Floats:
    p = np.clip(risks, 1e-6, 1 - 1e-6)
    return np.asarray(-np.where(truth, np.log(p), np.log(1 - p)))


def _compared(losses: Mapping[str, Floats]) -> tuple[Candidate, ...]:
    """Simplest first; the first within one standard error of the best is chosen."""
    best = min(losses, key=lambda kind: float(losses[kind].mean()))
    rows, taken = [], False
    for kind, loss in losses.items():
        n, gap = len(loss), loss - losses[best]
        excess, error = float(gap.mean()), float(gap.std(ddof=1) / math.sqrt(n))
        chosen = not taken and excess <= error
        taken = taken or chosen
        own = float(loss.std(ddof=1) / math.sqrt(n))
        rows.append(Candidate(kind, float(loss.mean()), own, excess, error, chosen))
    return tuple(rows)
