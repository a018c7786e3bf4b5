"""The errors of a row of exams.csv, by the same rule as those of an answer (wrong.py); rows are made in results.py."""

from collections.abc import Mapping, Sequence

from ..core.task import Category, Output, Partition, Picture, Quantity, Task
from ..trust.prices import (
    PLAIN,
    Error,
    category_errors,
    grade_errors,
    labels_errors,
    mask_errors,
    number_errors,
    positives,
    price,
)

Cell = str | float | None


def row_cost(
    row: Mapping[str, Cell], task: Task, cost: Mapping[str, float] | None = None, named: Sequence[str] = ()
) -> float | None:
    """What the dearest error of a row costs, 0 without any; None when that cannot be said of every output.

    Without prices: 1 when any output is wrong by INTERFACES' rule. `named`: the names that call for action.
    """
    costs = []
    for name, output in task.outputs.items():
        errors = _errors(row, name, output, positives(name, output, named) or ())
        if errors is None:
            return None
        costs.append(price(errors, cost or {}))
    return max(costs, default=None)


def _errors(row: Mapping[str, Cell], name: str, output: Output, positive: Sequence[str]) -> tuple[Error, ...] | None:
    truth, answer = row.get(f"{name}.truth"), row.get(f"{name}.prediction")
    if isinstance(output, Partition):
        dice, amounts = row.get(f"{name}.dice"), [row.get(f"{name}.{k}") for k in ("left_out", "added")]
        if dice is None or output.dice_bound is None:
            return None
        left_out, added = (float(a or 0.0) for a in amounts)
        return mask_errors(float(dice), output.dice_bound, left_out, added)
    if isinstance(output, Picture):
        off = row.get(f"{name}.wrong")
        return None if off is None or output.bound is None else ((PLAIN,) if float(off) > 0 else ())
    if truth is None or answer is None:
        return None
    match output:
        case Category(exclusive=True):
            return category_errors(_text(answer), _text(truth), positive)
        case Category():
            said, true = ({*_text(cell).split(";")} - {""} for cell in (answer, truth))
            return labels_errors(said, true, positive)
        case Quantity(steps=None):
            return None if output.tolerance is None else number_errors(float(answer), float(truth), output.tolerance)
        case Quantity():
            return grade_errors(int(float(answer)), int(float(truth)), output.action)


def _text(cell: Cell) -> str:
    return f"{cell:g}" if isinstance(cell, float) else str(cell)
