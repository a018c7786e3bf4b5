"""Kinds of error and what each costs: a missed referral, a false alarm, one name for another. The promise is refer.py.

A price is in units of one plain error. An error bears the names by which it may be priced, the most exact first; an
exam costs what its dearest error costs, so that with every price 1 an exam costs 1 when it is wrong and 0 when not.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import assert_never

import numpy as np
from numpy.typing import ArrayLike

from ..core.errors import RecipeError
from ..core.recipe import Trust
from ..core.task import Category, Output, Partition, Picture, Quantity, Task

Error = tuple[str, ...]
"""Names of one error, the most exact first: ('pneumonia:normal', 'missed'). No name: it costs 1."""
MISSED, FALSE = ("missed",), ("false",)
PLAIN: Error = ()
NO_DISEASE = frozenset(
    "normal normale healthy benign benin sain saine negative negatif none no absent good 0 false or and ou et".split()  # noqa: SIM905
)
"""A name all of whose words are among these says that nothing calls for action; so does one that begins with 'no'."""


def price(errors: Sequence[Error], prices: Mapping[str, float]) -> float:
    """What an exam with these errors costs: 0 without one, else the dearest of them, each 1 unless a price is named."""
    return max((next((prices[n] for n in error if n in prices), 1.0) for error in errors), default=0.0)


def category_errors(said: str, truth: str, positive: Collection[str]) -> tuple[Error, ...]:
    """Of one name of several: missed when the truth calls for action and the answer does not, false the other way."""
    if said == truth:
        return ()
    sides = (truth in positive, said in positive)
    kind = {(True, False): MISSED, (False, True): FALSE}.get(sides, PLAIN)
    return ((f"{truth}:{said}", *kind),)


def labels_errors(said: Collection[str], truth: Collection[str], positive: Collection[str]) -> tuple[Error, ...]:
    """Of names that do not exclude each other: one left out is missed, one wrongly given is false.

    `positive`: the names that count so; of the others an error is a plain one.
    """
    left_out, added = set(truth) - set(said), set(said) - set(truth)
    missed = [MISSED if name in positive else PLAIN for name in sorted(left_out)]
    false = [FALSE if name in positive else PLAIN for name in sorted(added)]
    return (*missed, *false)


def grade_errors(said: int, truth: int, action: int | None) -> tuple[Error, ...]:
    """Of a grade: below the first step that calls for action while the truth is not is missed, the other way false.

    Without such a step: too low by more than one step is missed, too high false.
    """
    wrong = abs(said - truth) > 1 if action is None else (said >= action) != (truth >= action)
    return ((MISSED if said < truth else FALSE),) if wrong else ()


def number_errors(said: float, truth: float, tolerance: float) -> tuple[Error, ...]:
    """Of a number: low or high, when it is off by more than the tolerance."""
    return (("low",) if said < truth else ("high",),) if abs(said - truth) > tolerance else ()


def mask_errors(dice: float, bound: float, left_out: float, added: float) -> tuple[Error, ...]:
    """Of a partition whose Dice is below the bound: missed when more was left out (samples) than wrongly marked."""
    return ((MISSED if left_out > added else FALSE),) if dice < bound else ()


def picture_wrong(said: ArrayLike, truth: ArrayLike, bound: ArrayLike, level: float) -> bool:
    """Of a picture: its absolute error is above its bound (a number, or one a sample) on more than 1 - level of the
    samples. Samples whose truth is not finite are not judged; ValueError when none is left."""
    known = np.isfinite(np.asarray(truth, dtype=float))
    if not known.any():
        raise ValueError("no sample of the true picture is finite")
    error = np.abs(np.asarray(said, dtype=float) - np.asarray(truth, dtype=float))[known]
    bounds = np.broadcast_to(np.asarray(bound, dtype=float), known.shape)[known]
    above = ~(error <= bounds)  # an answer that is not finite is wrong
    return int(above.sum()) > (1 - level) * len(above) + 1e-9


def positives(name: str, output: Output, named: Sequence[str]) -> tuple[str, ...] | None:
    """The names of a category that call for action: those that the recipe names, else those that do not say 'normal'.

    None when that cannot be told: no name says so, or every one does. Names are never told apart by their order, which
    is the alphabet's where a table was planned.
    """
    if not isinstance(output, Category):
        return ()
    if named:
        return tuple(n for n in output.names if n in named) or None
    if not output.exclusive:
        return output.names
    calm = [n for n in output.names if _says_no_disease(n)]
    return tuple(n for n in output.names if n not in calm) if 0 < len(calm) < len(output.names) else None


def check_prices(task: Task, wanted: Trust) -> None:
    """RecipeError, saying what to do, for a price of an error that no output can make, or whose meaning is not told."""
    cost, named = wanted.cost, wanted.positive
    every = {n for o in task.outputs.values() if isinstance(o, Category) for n in o.names}
    unknown = [n for n in named if n not in every]
    if unknown:
        raise RecipeError(f"trust.positive: {unknown[0]!r} is no name of an output", f"names: {', '.join(every)}")
    can: set[str] = set()
    for name, output in task.outputs.items():
        known = positives(name, output, named)
        kinds = kinds_of(output)
        if known is None and cost.keys() & {"missed", "false"}:
            assert isinstance(output, Category)
            raise RecipeError(
                f"trust.cost: which of {', '.join(output.names)} must not be missed cannot be told from their names",
                f"name it: trust.positive=['{output.names[-1]}']",
            )
        can |= set(kinds)
    for kind in cost:
        if kind not in can:
            shown = sorted({k if ":" not in k else "truth:answer" for k in can})
            raise RecipeError(f"trust.cost.{kind}: no such error here", f"there are: {', '.join(shown) or 'none'}")
    if cost and max(levels(task, cost, named), default=0.0) <= wanted.alpha:
        raise RecipeError(
            f"trust.cost: no error costs more than alpha, {wanted.alpha:g}, so the promise would be empty",
            "prices are in plain errors: name the dear ones, as in missed=10",
        )


def kinds_of(output: Output) -> tuple[str, ...]:
    """Every name that an error of this output may be priced by."""
    match output:
        case Category(exclusive=True):
            return ("missed", "false", *(f"{t}:{s}" for t in output.names for s in output.names if s != t))
        case Quantity(steps=None):
            return ("low", "high")
        case Category() | Quantity() | Partition():
            return ("missed", "false")
        case Picture():
            return ()
        case _:
            assert_never(output)


def levels(task: Task, cost: Mapping[str, float], named: Sequence[str]) -> tuple[float, ...]:
    """Every price that an exam can cost beside 0, ascending: what the promise is tested for."""
    found: set[float] = set()
    for name, output in task.outputs.items():
        found |= _levels(output, cost, positives(name, output, named) or ())
    return tuple(sorted(found - {0.0}))


def _levels(output: Output, cost: Mapping[str, float], positive: Collection[str]) -> set[float]:
    match output:
        case Category(exclusive=True):
            pairs = [(t, s) for t in output.names for s in output.names if s != t]
            return {price(category_errors(s, t, positive), cost) for t, s in pairs}
        case Category():
            plain = {1.0} if set(output.names) - set(positive) else set()
            return {price([kind], cost) for kind in (MISSED, FALSE)} | plain
        case Picture():
            return {1.0}
        case Quantity(steps=None):
            return {price([kind], cost) for kind in (("low",), ("high",))}
    return {price([kind], cost) for kind in (MISSED, FALSE)}


def _says_no_disease(name: str) -> bool:
    words = [w for w in re.split(r"[\W_]+", name.lower().replace("é", "e")) if w]
    return bool(words) and (words[0] == "no" or NO_DISEASE.issuperset(words))
