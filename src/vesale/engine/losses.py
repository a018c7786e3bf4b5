"""How far logits are from the truth, in float32; unknown truth costs nothing."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..core.recipe import Recipe
from ..core.task import Category, Output, Partition, Quantity
from ..nets.heads import Logits
from .batches import Batch
from .samples import IGNORED

EARLY = 0.5
"""Weight of an earlier stage's loss (W-Net's first half)."""


def total_loss(stages: Sequence[Logits], batch: Batch, recipe: Recipe, gains: Mapping[str, float]) -> Tensor:
    """Sum over outputs, earlier stages at half weight. `gains`: the spread of each plain number in training."""
    total = torch.zeros(())
    for i, logits in enumerate(stages):
        weight = 1.0 if i == len(stages) - 1 else EARLY
        for name, output in recipe.task.outputs.items():
            total = total + weight * _loss(output, logits[name].float(), name, batch, (recipe, gains))
    return total


def _loss(
    output: Output, logits: Tensor, name: str, batch: Batch, options: tuple[Recipe, Mapping[str, float]]
) -> Tensor:
    recipe, gains = options
    if isinstance(output, Partition):
        scales = torch.tensor([gains.get(f"{name}/{n}", 1.0) for n in output.names])
        return partition_loss(logits, batch.labels[name], output, recipe.train.loss, scales)
    targets = batch.pooled[name]
    known = torch.isfinite(targets).all(1)
    if not known.any():
        return logits.sum() * 0
    logits, targets = logits[known], targets[known]
    if isinstance(output, Category) and output.exclusive:
        smooth = recipe.train.smoothing
        targets = targets * (1 - smooth) + smooth / targets.shape[1]
        return _focused(-(targets * functional.log_softmax(logits, 1)).sum(1), recipe.train.loss).mean()
    if isinstance(output, Quantity) and output.steps is None:
        return functional.huber_loss(logits / gains[name], targets / gains[name])
    return functional.binary_cross_entropy_with_logits(logits, targets)


def partition_loss(
    logits: Tensor, labels: Tensor, output: Partition, kind: str, scales: Tensor | None = None
) -> Tensor:
    """Cross-entropy, and unless asked otherwise soft Dice (Milletari, Navab, Ahmadi 2016) of each class but the
    background, pooled over the batch.

    `scales` (names,): with scaled_cross_entropy, what each name's cross-entropy is divided by.
    """
    if output.exclusive:
        index = labels[:, 0].long()
        counts = index != IGNORED
        entropy = functional.cross_entropy(logits, torch.where(counts, index, 0), reduction="none")
        probabilities = torch.softmax(logits, 1)[:, 1:]
        truth = torch.stack([index == i for i in range(1, logits.shape[1])], 1).float()
        valid = counts[:, None].float()
    else:
        valid = (labels != IGNORED).float()
        truth = (labels == 1).float()
        each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none") * valid
        if kind == "scaled_cross_entropy" and scales is not None:
            each = each / scales[None, :, None, None]
        entropy = each.mean(1)
        probabilities, counts = torch.sigmoid(logits), valid.amax(1) > 0
    entropy = _focused(entropy, kind)
    loss = (entropy * counts).sum() / counts.sum().clamp(min=1)
    if kind in ("cross_entropy", "focal", "scaled_cross_entropy"):
        return loss
    overlap = (probabilities * truth * valid).sum((0, 2, 3))
    sizes = ((probabilities + truth) * valid).sum((0, 2, 3))
    return loss + (1 - (2 * overlap + 1) / (sizes + 1)).mean()


def _focused(entropy: Tensor, kind: str) -> Tensor:
    """Focal loss (Lin et al. 2017) with gamma 2, or the cross-entropy as it is."""
    return entropy * (1 - torch.exp(-entropy)).square() if kind == "focal" else entropy
