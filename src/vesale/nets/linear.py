"""A linear answer from the features of a signal (Cox 1958 for classes), or one with hidden layers before it.

Features are standardised before (`Network.mean`, `Network.std`), then scaled by one over the root of their number, so
that one learning rate suits ten features and a hundred thousand. Answers start at nothing known: weights of zero.
"""

import torch
from torch import Tensor, nn

from ..core.errors import RecipeError
from ..core.recipe import Recipe
from .heads import Heads, Logits, Network, channels


class Linear(nn.Module):
    """Signal (N, C, 1, 1), standardised, to logits."""

    def __init__(self, hidden: nn.Module, heads: Heads, features: int) -> None:
        super().__init__()
        self.hidden, self.heads = hidden, heads
        self.scale = features**-0.5

    def forward(self, x: Tensor) -> list[Logits]:
        return [self.heads(self.hidden(x.flatten(1) * self.scale), None)]


def build_linear(recipe: Recipe) -> Network:
    """`net.depth` counts layers, the answering one included; `net.width` is the units of each before it."""
    net, features = recipe.net, channels(recipe)
    if not 1 <= net.depth <= 4:
        raise RecipeError(f"net.depth: linear has 1 to 4 layers, not {net.depth}")
    if recipe.look.size is None or tuple(recipe.look.size) != (1, 1):
        raise RecipeError("look.size: linear reads signals, whose plane is [1, 1]")
    layers: list[nn.Module] = []
    before = features
    for _ in range(net.depth - 1):
        layer = nn.Linear(before, net.width)
        if not layers:
            layer.weight.data.mul_(features**0.5)  # undoes the scale that the features were given
        layers += [nn.Dropout(net.dropout), layer, nn.ReLU()]
        before = net.width
    heads = Heads(recipe.task.outputs, before, None, net.dropout)
    _still(heads)
    return Network(Linear(nn.Sequential(*layers), heads, features), features)


@torch.no_grad()
def _still(heads: Heads) -> None:
    """What nothing was learned about must not count: directions that no training signal has keep a weight of zero."""
    for module in heads.modules():
        if isinstance(module, nn.Linear):
            module.weight.zero_()
            module.bias.zero_()
