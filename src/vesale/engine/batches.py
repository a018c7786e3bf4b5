"""Batches to learn from, each a function of (recipe, samples, step) alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..core.pipeline import pipeline_of
from ..core.recipe import Recipe
from ..core.task import Category, Output, Quantity
from .augment import add_noise, apply_warp, change_light, draw_warp
from .samples import IGNORED, Sample


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    image: Tensor
    """(N, C, H, W)"""
    pooled: Mapping[str, Tensor]
    """Targets (N, T), nan where unknown: one-hot classes, 0 / 1 labels, exceeded steps, or the value."""
    labels: Mapping[str, Tensor]
    """(N, 1 or names, H, W) uint8, 255 where the truth does not count."""


class Batches:
    """Draws a batch for any step: the same step gives the same batch, whatever was drawn before."""

    def __init__(self, samples: Sequence[Sample], recipe: Recipe) -> None:
        self.samples, self.recipe = samples, recipe
        self.size = patch_size(samples, recipe)
        self.groups = _groups(samples, recipe)
        self.spots = [_spots(s, recipe) for s in samples] if recipe.train.patch else []
        self.spreads = feature_spreads(samples) if recipe.look.range == "raw" else None

    def draw(self, step: int, lane: int = 0, lanes: int = 1) -> Batch:
        """The batch of a step; or of its images, dealt out to lanes like cards, those of one lane."""
        recipe = self.recipe
        rows = [self._one(step, i, sample) for i, sample in enumerate(self._chosen(step)) if i % lanes == lane]
        image = torch.stack([r[0] for r in rows])
        pooled = {
            name: torch.from_numpy(np.stack([target(r[2].truth[name], output) for r in rows]))
            for name, output in recipe.task.outputs.items()
            if isinstance(output, (Quantity, Category))
        }
        labels = {name: torch.stack([r[1][name] for r in rows]) for name in rows[0][1]}
        if recipe.augment.mixup and not labels:
            image, pooled = self._mixed(image, pooled, step)
        return Batch(image.contiguous(memory_format=torch.channels_last), pooled, labels)

    def _chosen(self, step: int) -> list[int]:
        """Indices of the step's samples: epochs of shuffled samples, or classes drawn alike."""
        n, batch = len(self.samples), self.recipe.train.batch
        if self.groups:
            rng = np.random.default_rng([self.recipe.seed, step, 7])
            groups = [self.groups[int(g)] for g in rng.integers(len(self.groups), size=batch)]
            return [int(rng.choice(g)) for g in groups]
        places = range(step * batch, (step + 1) * batch)
        return [int(_shuffled(n, self.recipe.seed, place // n)[place % n]) for place in places]

    def _one(self, step: int, place: int, index: int) -> tuple[Tensor, dict[str, Tensor], Sample]:
        sample, recipe = self.samples[index], self.recipe
        rng = np.random.default_rng([recipe.seed, step, place])
        level = int(rng.integers(len(sample.planes)))
        shape = sample.planes.shape[2:]
        centre = ((shape[0] - 1) / 2, (shape[1] - 1) / 2)
        if recipe.train.patch:
            level, centre = self._spot(index, level, rng)
        plane = torch.from_numpy(sample.planes[level])
        if self.spreads is not None:
            return add_noise(plane, self.spreads, recipe.augment, rng), {}, sample
        names = list(sample.labels)
        stacked = torch.from_numpy(np.concatenate([sample.labels[n][level] for n in names])) if names else None
        warp = draw_warp(recipe.augment, centre, shape, rng)
        image, moved = apply_warp(plane, stacked, warp, self.size)
        image = change_light(image, recipe.augment, rng)
        labels: dict[str, Tensor] = {}
        if moved is not None:
            parts = torch.split(moved, [sample.labels[n].shape[1] for n in names])
            labels = dict(zip(names, parts, strict=True))
        return image, labels, sample

    def _spot(self, index: int, level: int, rng: np.random.Generator) -> tuple[int, tuple[float, float]]:
        """Plane and centre of a patch: anywhere, or on a sample of a class drawn at random."""
        shape, spots = self.samples[index].planes.shape[2:], self.spots[index]
        if spots and rng.random() < self.recipe.train.rare:
            chosen = spots[int(rng.integers(len(spots)))]
            level, y, x = (int(v) for v in chosen[int(rng.integers(len(chosen)))])
            return level, (float(y), float(x))
        half = [min(s / 2, n / 2) for s, n in zip(self.size, shape, strict=True)]
        y, x = (rng.uniform(h - 0.5, n - h - 0.5) for h, n in zip(half, shape, strict=True))
        return level, (float(y), float(x))

    def _mixed(self, image: Tensor, pooled: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor]]:
        rng = np.random.default_rng([self.recipe.seed, step, 11])
        share = float(rng.beta(self.recipe.augment.mixup, self.recipe.augment.mixup))
        order = torch.from_numpy(rng.permutation(len(image)))
        mixed = {name: share * t + (1 - share) * t[order] for name, t in pooled.items()}
        return share * image + (1 - share) * image[order], mixed


def feature_spreads(samples: Sequence[Sample]) -> Tensor:
    """Standard deviation of each feature over the samples: (C, 1, 1)."""
    return torch.from_numpy(np.stack([s.planes.mean((0, 2, 3)) for s in samples]).std(0))[:, None, None]


def patch_size(samples: Sequence[Sample], recipe: Recipe) -> tuple[int, int]:
    """(height, width) that the network is trained on: the patch, the fixed size, or what holds every image; filled up
    to the multiple to which a plane is filled up when it is read."""
    given = recipe.train.patch or recipe.look.size
    multiple = pipeline_of(recipe).multiple
    if given is None:
        given, multiple = np.max([s.planes.shape[2:] for s in samples], axis=0).tolist(), 32
    return -(-given[0] // multiple) * multiple, -(-given[1] // multiple) * multiple


def target(truth: np.ndarray[tuple[int, ...], np.dtype[np.float32]], output: Output) -> np.ndarray[
    tuple[int, ...], np.dtype[np.float32]
]:  # fmt: skip
    """What the loss compares logits with: (T,), nan where unknown."""
    if isinstance(output, Category) and output.exclusive:
        return _one_hot(float(truth[0]), len(output.names))
    if isinstance(output, Quantity) and output.steps is not None:
        above = (truth[0] > np.arange(len(output.steps) - 1)).astype(np.float32)
        return above if np.isfinite(truth[0]) else np.full_like(above, np.nan)
    return truth


def _one_hot(index: float, n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    row = np.full(n, np.nan, np.float32)
    if np.isfinite(index):
        row[:] = 0
        row[int(index)] = 1
    return row


def _shuffled(n: int, seed: int, epoch: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.random.default_rng([seed, epoch, 3]).permutation(n)


def _groups(samples: Sequence[Sample], recipe: Recipe) -> list[list[int]]:
    """Samples by the class or step of the first pooled output, when rare classes are to be drawn as often as others."""
    if not recipe.train.balance:
        return []
    for name, output in recipe.task.outputs.items():
        if (isinstance(output, Category) and output.exclusive) or (isinstance(output, Quantity) and output.steps):
            groups: dict[float, list[int]] = {}
            for i, sample in enumerate(samples):
                value = float(sample.truth[name][0])
                if np.isfinite(value):
                    groups.setdefault(value, []).append(i)
            return [groups[v] for v in sorted(groups)]
    return []


def _spots(sample: Sample, recipe: Recipe) -> list[np.ndarray[tuple[int, ...], np.dtype[np.int32]]]:
    """For each foreground class that is there: up to 2,000 of its samples as (plane, y, x)."""
    rng = np.random.default_rng([recipe.seed, 5])
    found = []
    for name, labels in sample.labels.items():
        output = recipe.task.outputs[name]
        exclusive = getattr(output, "exclusive", True)
        values = range(1, len(getattr(output, "names", ()))) if exclusive else range(labels.shape[1])
        for value in values:
            where = labels[:, 0] == value if exclusive else labels[:, value] == 1
            places = np.argwhere(where & (labels[:, 0] != IGNORED)).astype(np.int32)
            if len(places):
                found.append(places[rng.permutation(len(places))[:2000]])
    return found
