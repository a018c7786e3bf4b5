"""Recipes so small that a study takes seconds, and what tests ask of a finished one."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import phantoms
from vesale.core.encode import to_toml
from vesale.core.recipe import Augment, Look, Net, Recipe, Train, Trust, Validate
from vesale.core.task import Category, Output, Partition, Task

DISCS = Task("discs", {"label": Category(("disc", "ring"))})
LINES = Task("lines", {"mask": Partition(("background", "line"), dice_bound=0.2)})


def recipe(task: Task = DISCS, **train: Any) -> Recipe:
    """A recipe that learns in seconds on one thread: 32 x 32 for an answer of the whole, patches of 32 for outlines."""
    dense = any(o.kind == "partition" for o in task.outputs.values())
    learn = Train(steps=6, batch=4, threads=1, checkpoint=2, patch=(32, 32) if dense else None)
    return Recipe(
        task=task,
        look=Look(channels=1, size=None if dense else (32, 32)),
        net=Net("unet" if dense else "resnet", width=4, depth=2),
        augment=Augment(),
        train=replace(learn, **train),
        validate=Validate("cross_fit", folds=2),
        trust=Trust(alpha=0.9, delta=0.5),  # so weak a promise that so weak a model keeps it: some exams are reported
    )


def task(**outputs: Output) -> Task:
    return Task("made", outputs)


def write_recipe(path: Path, made: Recipe) -> Path:
    path.write_text(to_toml(made, "a test's recipe"), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Studied:
    """A cohort, the run of a study of it and the packages that came out."""

    cohort: Path
    run: Path

    @property
    def model(self) -> Path:
        return self.run / "model"

    def document(self, name: str) -> dict[str, Any]:
        return json.loads((self.run / name).read_text(encoding="utf-8"))


def events(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def study_tiny(folder: Path, made: Recipe, exams: int) -> Studied:
    """A cohort of the recipe's kind, studied with the recipe."""
    from vesale.verbs.study import Wish, study

    rng = np.random.default_rng(0)
    dense = "mask" in made.task.outputs
    maker = phantoms.partition_cohort if dense else phantoms.category_cohort
    cohort = maker(folder / made.task.name, rng, exams, 48)
    run = folder / f"run-{made.task.name}"
    study(
        cohort, run, Wish(recipe=write_recipe(folder / f"{made.task.name}.toml", made), name=f"tiny-{made.task.name}")
    )
    return Studied(cohort, run)
