"""What a signal is like, in some numbers of its own, and how it stands to the signals of the calibration.

The counterpart of appearance.py, which looks at pictures; judging them is gate.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.image import Array

Floats = NDArray[np.float64]
TINY = 1e-300
PATTERN = 3.0
"""How many times more energy than noise leaves in it the mean signal must have to count as a pattern."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Sums over the calibration exams, from which the mean of all, or of all but one, follows."""

    total: Floats
    """Of each feature, (F,)."""
    squares: Floats
    """Of each feature's square, (F,)."""
    n: int

    @property
    def has_pattern(self) -> bool:
        """Whether the mean signal is more than what n signals of pure noise leave; where it was taken away before (as
        in responses that were centred), likeness to it says nothing."""
        mean = self.total / self.n
        noise = np.maximum(self.squares / self.n - mean**2, 0) / self.n
        return bool((mean**2).sum() > PATTERN * noise.sum())


def signal_statistics(values: Array) -> tuple[tuple[str, ...], Floats]:
    """(names, values) of one signal of any shape, as the file has it; a name is `check.what`. Never nan.

    Scales are natural logarithms, so that volts and tesla are judged alike.
    """
    flat = np.asarray(values, float).reshape(-1)
    good = np.isfinite(flat)
    x = flat[good] if good.any() else np.zeros(1)
    size = float(np.abs(x).max()) or 1.0
    x = x / size
    spread = float(x.std())
    centred = (x - x.mean()) / max(spread, 1e-12)
    found = {
        "level.mean": float(x.mean()) / max(float(np.sqrt(np.mean(x**2))), 1e-12),
        "level.median": float(np.median(centred)),
        "spread.deviation": float(np.log(max(spread * size, TINY))),
        "spread.range": float(np.log(np.ptp(x) * size + TINY)),
        "shape.tails": float(np.log1p(np.mean(centred**4))),
        "shape.skew": float(np.arcsinh(np.mean(centred**3))),
        "shape.zeros": float(np.mean(x == 0)),
        "shape.neighbours": float(np.mean(centred[1:] * centred[:-1])) if x.size > 1 else 0.0,
        "missing.share": 1 - float(good.mean()),
    }
    return tuple(found), np.nan_to_num(np.array(list(found.values())))


def reference_of(signals: Iterable[Array]) -> Reference | None:
    """From the signals of the calibration exams; None when there is none."""
    total: Floats | None = None
    squares: Floats | None = None
    n = 0
    for signal in signals:
        x = np.nan_to_num(np.asarray(signal, float).reshape(-1), posinf=0.0, neginf=0.0)
        total = x if total is None else total + x
        squares = x**2 if squares is None else squares + x**2
        n += 1
    return None if total is None or squares is None else Reference(total, squares, n)


def against(reference: Reference, signal: Array, included: bool = False) -> tuple[tuple[str, ...], Floats]:
    """(names, values): correlation with the mean signal, and log of the mean square of its standard scores.

    `included`: the signal is one of the reference's own, and is left out of it first, so that it is judged as a new
    one. Without a mean pattern the correlation is 0.
    """
    x = np.nan_to_num(np.asarray(signal, float).reshape(-1), posinf=0.0, neginf=0.0)
    n, total, squares = reference.n, reference.total, reference.squares
    if included and n > 1:
        n, total, squares = n - 1, total - x, squares - x**2
    mean = total / n
    variance = np.maximum(squares / n - mean**2, 0)
    usable = variance > 1e-12 * np.maximum(squares / n, TINY)
    scores = (x - mean)[usable] / np.sqrt(variance[usable])
    found = {
        "agreement.mean": _correlation(x, mean) if reference.has_pattern else 0.0,
        "agreement.distance": float(np.log(np.mean(scores**2) + 1e-12)) if scores.size else 0.0,
    }
    return tuple(found), np.array(list(found.values()))


def _correlation(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum()) * np.sqrt((b**2).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0
