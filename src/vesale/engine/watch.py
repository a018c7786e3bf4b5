"""A quick look at held-out samples while a network learns. It informs; nothing is chosen by it."""

from collections.abc import Sequence

import numpy as np
import torch

from ..core.recipe import Recipe
from ..core.task import Category, Output, Partition, Quantity
from ..metrics.classification import auc
from ..nets.heads import Network, activate
from .batches import patch_size
from .samples import IGNORED, Sample

POOLED, DENSE = 256, 6
"""Most samples that are looked at."""


@torch.no_grad()
def watched(net: Network, held: Sequence[Sample], recipe: Recipe) -> tuple[str, float]:
    """(metric, value) of the first output: Dice on central patches, AUC, accuracy or mean absolute error."""
    name, output = next(iter(recipe.task.outputs.items()))
    some = held[: DENSE if isinstance(output, Partition) else POOLED]
    size = patch_size(held, recipe)
    if isinstance(output, Partition):
        return "dice", float(np.mean([_dice(net, s, (name, output), size) for s in some]))
    answers = np.concatenate([activate(output, net(_central(s, size))[name]).mean(0, True).numpy() for s in some])
    return _pooled(answers, np.array([s.truth[name][0] for s in some]), output)


def _pooled(answers: np.ndarray[tuple[int, ...], np.dtype[np.float32]], truth: np.ndarray[
    tuple[int, ...], np.dtype[np.float32]
], output: Output) -> tuple[str, float]:  # fmt: skip
    known = np.isfinite(truth)
    answers, truth = answers[known], truth[known]
    if isinstance(output, Quantity) and output.steps is None:
        return "mae", float(np.abs(answers[:, 0] - truth).mean()) if len(truth) else float("nan")
    if isinstance(output, Category) and len(output.names) == 2 and len(set(truth.tolist())) == 2:
        return "auc", float(auc(answers[:, 1], truth.astype(int)))
    return "accuracy", float((answers.argmax(1) == truth).mean()) if len(truth) else float("nan")


def _dice(net: Network, sample: Sample, named: tuple[str, Partition], size: tuple[int, int]) -> float:
    name, output = named
    level = len(sample.planes) // 2
    image = _central(sample, size)[level : level + 1]
    found = activate(output, net(image)[name])[0]
    labels = torch.from_numpy(_window(sample.labels[name][level : level + 1], size, IGNORED))[0]
    counts = labels[0] != IGNORED
    if output.exclusive:
        said, truth = (found.argmax(0) > 0) & counts, (labels[0] > 0) & counts
    else:
        said, truth = (found > 0.5) & counts, (labels == 1) & counts
    both = float((said & truth).sum())
    return 2 * both / max(1.0, float(said.sum() + truth.sum()))


def _central(sample: Sample, size: tuple[int, int]) -> torch.Tensor:
    planes = _window(sample.planes, size, 0)
    return torch.from_numpy(planes).float().contiguous(memory_format=torch.channels_last)


def _window(planes: np.ndarray[tuple[int, ...], np.dtype[np.generic]], size: tuple[int, int], fill: int) -> np.ndarray[
    tuple[int, ...], np.dtype[np.generic]
]:  # fmt: skip
    """The middle of (plane, channel, height, width), filled up where the plane is smaller."""
    out = np.full((*planes.shape[:2], *size), fill, planes.dtype)
    starts = [(n - s) // 2 for n, s in zip(planes.shape[2:], size, strict=True)]
    (a, b), (c, d) = [(max(0, v), min(n, v + s)) for v, s, n in zip(starts, size, planes.shape[2:], strict=True)]
    y, x = a - starts[0], c - starts[1]
    out[:, :, y : y + b - a, x : x + d - c] = planes[:, :, a:b, c:d]
    return out
