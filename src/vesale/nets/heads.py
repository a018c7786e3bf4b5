"""What turns features into answers: one head for each output of a task, its logits, and their activation.

The cumulative-link head of grades follows McCullagh 1980 (J. R. Stat. Soc. B 42:109): one score, ordered cuts.
"""

from collections.abc import Mapping
from typing import assert_never

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..core.errors import RecipeError
from ..core.recipe import Recipe
from ..core.task import Category, Output, Partition, Picture, Quantity

Logits = dict[str, Tensor]


class CumulativeLink(nn.Module):
    """Features -> logit of P(step > k) for each k; the cuts stay in order, so the probabilities do too."""

    def __init__(self, features: int, steps: int) -> None:
        super().__init__()
        self.score = nn.Linear(features, 1)
        self.first = nn.Parameter(torch.tensor([-(steps - 2) / 2]))
        self.gaps = nn.Parameter(torch.full((steps - 2,), 0.5413))  # softplus(0.5413) = 1

    def forward(self, features: Tensor) -> Tensor:
        cuts = torch.cat([self.first, self.first + torch.cumsum(functional.softplus(self.gaps), 0)])
        return self.score(features) - cuts  # type: ignore[no-any-return]  # (N, steps - 1)


class Heads(nn.Module):
    """One head an output: on pooled features (N, F) or on a map of features (N, M, H, W)."""

    def __init__(self, outputs: Mapping[str, Output], pooled: int, dense: int | None, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({f"to_{i}": _head(o, pooled, dense) for i, o in enumerate(outputs.values())})
        self.names = tuple(outputs)
        self.on_map = tuple(o.kind in ("partition", "picture") for o in outputs.values())

    def forward(self, pooled: Tensor | None, dense: Tensor | None) -> Logits:
        answers: Logits = {}
        for i, name in enumerate(self.names):
            if self.on_map[i]:
                answers[name] = self.heads[f"to_{i}"](dense)
            else:
                answers[name] = self.heads[f"to_{i}"](self.dropout(pooled))
        return answers


class Network(nn.Module):
    """Normalise, run the body, give logits. `stages` also gives those of earlier stages, for deep supervision."""

    mean: Tensor
    std: Tensor

    def __init__(self, body: nn.Module, channels: int) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("mean", torch.full((1, channels, 1, 1), 0.5))
        self.register_buffer("std", torch.full((1, channels, 1, 1), 0.5))

    def stages(self, image: Tensor) -> list[Logits]:
        """Logits of each stage, the final one last; image (N, C, H, W) in [0, 1]."""
        return self.body((image - self.mean) / self.std)  # type: ignore[no-any-return]

    def forward(self, image: Tensor) -> Logits:
        return self.stages(image)[-1]


def channels(recipe: Recipe) -> int:
    """How many channels the network sees: those of the look, or one for each named input."""
    return recipe.look.channels if len(recipe.task.inputs) == 1 else len(recipe.task.inputs)


def activate(output: Output, logits: Tensor) -> Tensor:
    """Probabilities (names or steps along axis 1), or the value itself: (N, 1)."""
    match output:
        case Quantity(steps=None) | Picture():
            return logits
        case Quantity():
            above = torch.sigmoid(logits)
            one = torch.ones_like(above[:, :1])
            return torch.cat([one, above], 1) - torch.cat([above, torch.zeros_like(one)], 1)
        case Category() | Partition():
            return torch.softmax(logits, 1) if output.exclusive else torch.sigmoid(logits)
        case _:
            assert_never(output)


def _head(output: Output, pooled: int, dense: int | None) -> nn.Module:
    match output:
        case Quantity(steps=None):
            return nn.Linear(pooled, 1)
        case Quantity(steps=steps) if steps is not None:
            if len(steps) < 2:
                raise RecipeError("task.outputs: a scale needs at least two steps")
            return CumulativeLink(pooled, len(steps))
        case Category():
            return nn.Linear(pooled, len(output.names))
        case Partition():
            return _to_map(dense, len(output.names))
        case Picture():
            return _to_map(dense, len(output.channels))
    raise RecipeError(f"no head for {output}")


def _to_map(dense: int | None, names: int) -> nn.Module:
    if dense is None:
        raise RecipeError("net.name: this network gives no map; for a partition take unet or wnet")
    return nn.Conv2d(dense, names, 1)
