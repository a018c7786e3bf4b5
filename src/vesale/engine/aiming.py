"""Which number of an answer is explained, and how it is read off what a model gives. Gradients of it: `attribute.py`.

Of classes it is the log-odds, which do not saturate where a probability does; of an outline their mean over a region.
"""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from ..core.errors import NotRegistered, RecipeError
from ..core.pipeline import Pipeline
from ..core.task import Category, Output, Partition, Picture, Quantity

SMALLEST = 1e-7
"""Probabilities are kept this far from 0 and 1 before their log-odds are taken."""
LOG_ODDS = "log-odds"
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Target:
    """An output, and which of its names; None for a number, and for a grade as a whole."""

    name: str
    output: Output
    index: int | None

    @property
    def dense(self) -> bool:
        return isinstance(self.output, Partition)

    @property
    def unit(self) -> str:
        return self.output.unit if isinstance(self.output, Quantity) and self.output.steps is None else LOG_ODDS

    @property
    def label(self) -> str | None:
        """The class, structure or step that is spoken for."""
        names = names_of(self.output)
        if self.index is None or names is None:
            return None
        return f">= {names[self.index]}" if isinstance(self.output, Quantity) else names[self.index]


def names_of(output: Output) -> tuple[str, ...] | None:
    match output:
        case Category() | Partition():
            return output.names
        case Quantity():
            return output.steps
        case Picture():
            return None
        case _:
            assert_never(output)


def target_of(pipeline: Pipeline, output: str | None, wanted: str | None) -> tuple[str, Output, int | None]:
    """(name, output, index or None where the answer decides) of what a user asks for.

    NotRegistered for a name that the task does not know; RecipeError for what cannot be explained.
    """
    outputs = pipeline.task.outputs
    name = next(iter(outputs)) if output is None else output
    if name not in outputs:
        raise NotRegistered(f"no output called {name!r}; this model answers: {', '.join(outputs)}")
    chosen = outputs[name]
    if isinstance(chosen, Picture):
        raise RecipeError(f"{name}: pictures are not explained", "ask for a category, a quantity or an outline")
    if pipeline.task.from_signal:
        raise RecipeError("this model reads signals, and a map needs an image", "explain a model of images")
    if wanted is None:
        return name, chosen, None
    names = names_of(chosen)
    if names is None or wanted not in names:
        known = "none, it is a number" if names is None else ", ".join(names)
        raise NotRegistered(f"{name} has no class called {wanted!r}; it has: {known}")
    index = names.index(wanted)
    if index == 0 and isinstance(chosen, Quantity):
        raise RecipeError(f"{wanted} is the lowest step: every exam has at least that", "name a higher step, or none")
    if index == 0 and isinstance(chosen, Partition) and chosen.exclusive:
        raise RecipeError(f"{wanted} is the background", f"name one of {', '.join(chosen.scored)}")
    return name, chosen, index


def read_off(answers: Floats, target: Target) -> NDArray[np.float64]:
    """(N, names[, H, W]) activated answers -> the explained number of each: (N,) or (N, H, W)."""
    p = np.asarray(answers, np.float64)
    match target.output:
        case Quantity(steps=None):
            return p[:, 0]
        case Quantity():
            above = np.cumsum(p[:, ::-1], axis=1)[:, ::-1][:, 1:]  # (N, steps - 1): P(step > k)
            odds = log_odds(above, np.cumsum(p, axis=1)[:, :-1])
            return np.asarray(odds.mean(axis=1) if target.index is None else odds[:, target.index - 1])
        case Category() | Partition():
            assert target.index is not None
            own = p[:, target.index]
            rest = np.delete(p, target.index, axis=1).sum(axis=1) if target.output.exclusive else 1 - own
            return log_odds(own, rest)
        case Picture():
            raise RecipeError(f"{target.name}: pictures are not explained")
        case _:
            assert_never(target.output)


def log_odds(yes: NDArray[np.float64], no: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(yes / no) of two probabilities that add up to one, each summed by itself: 1 - yes would lose digits."""
    return np.asarray(np.log(np.maximum(yes, SMALLEST)) - np.log(np.maximum(no, SMALLEST)))
