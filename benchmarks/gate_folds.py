"""Out-of-fold exams of a study judged by gates that were fitted without their fold, in the space of their network."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vesale.core.exam import Exam
from vesale.core.task import Category, Partition, Picture, Quantity, Task
from vesale.engine.gating import Learned, fit_gates
from vesale.engine.opened import OpenedModel
from vesale.engine.raw import Raw
from vesale.engine.seen import spaces_of
from vesale.io.cohort import read_cohort
from vesale.trust.gate import Gate, judge
from vesale.trust.space import Space


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """An exam with the raw answers of the network of the fold that left it out."""

    part: str
    exam: Exam
    raw: Raw


def out_of_fold(run: Path, cohort: Path, model: OpenedModel) -> list[dict[str, Any]]:
    """A row an exam: score over threshold, declined, code."""
    task, rate = model.pipeline.task, model.recipe.trust.false_alarms
    held = list(_held(run, cohort, task))
    spaces = {part: _spaces(run / "fit" / part, model) for part in sorted({h.part for h in held})}
    part_of = {h.exam.subject: h.part for h in held}
    rows = []
    for part in spaces:
        learned = Learned({**spaces, "all": spaces[part]}, part_of)
        rest = [(h.exam, h.raw) for h in held if h.part != part]
        gated = fit_gates(lambda rest=rest: iter(rest), task, rate, learned)  # type: ignore[misc]
        for h in (h for h in held if h.part == part):
            gate = gated.by_answer.get(_said(task, h.raw) or "") or gated.gate
            rows.append(_row(gate, h.raw))
    return rows


def _row(gate: Gate | None, raw: Raw) -> dict[str, Any]:
    assert gate is not None
    verdict = judge(gate, raw.statistics, raw.features)
    assert verdict.score is not None and verdict.threshold is not None
    failed = verdict.verdict == "fail"
    return {"ratio": verdict.score / verdict.threshold, "declined": failed, "code": "gate" if failed else None}


def _held(run: Path, cohort: Path, task: Task) -> Iterator[_Held]:
    known = {e.id: e for e in read_cohort(cohort).cohort}
    for folder in sorted((run / "fit").glob("fold-*/raw-*")):
        for path in sorted(folder.glob("*.npz")):
            exam = known[path.stem]
            with np.load(path, allow_pickle=False) as file:
                pooled = {n.removeprefix("pooled/"): file[n] for n in file.files if n.startswith("pooled/")}
                names = tuple(str(n) for n in file["names"])
                raw = Raw(exam.id, exam.subject, pooled, {}, (), file["statistics"], names, ())
                raw = replace(raw, features=np.asarray(file["features"], np.float32))
            yield _Held(folder.parent.name, exam, raw)


def _spaces(folder: Path, model: OpenedModel) -> tuple[Space, ...]:
    """As the study fitted them; the features of the learned exams lie beside the weights."""
    path = next(folder.glob("seen-*.npz"))
    return spaces_of(folder, path.stem.removeprefix("seen-"), (), model.pipeline, lambda: 0)


def _said(task: Task, raw: Raw) -> str | None:
    """`output=answer` of the first output with exclusive classes or steps, as `truth_key` names the truth."""
    for name, output in task.outputs.items():
        match output:
            case Category(exclusive=True):
                return f"{name}={output.names[int(raw.pooled[name].argmax())]}"
            case Quantity(steps=steps) if steps is not None:
                step = min(int((np.cumsum(raw.pooled[name]) < 0.5).sum()), len(steps) - 1)
                return f"{name}={steps[step]}"
            case Category() | Quantity() | Partition() | Picture():
                continue
    return None
