"""A linear answer from the features of a signal (Cox 1958 for classes), or one with hidden layers before it.

Features are standardised before (`Network.mean`, `Network.std`), then scaled by one over the root of their number, so
that one learning rate suits ten features and a hundred thousand. Answers start at nothing known: weights of zero.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..core.errors import RecipeError
from ..core.recipe import Recipe
from ..core.task import Quantity
from .heads import Heads, Logits, Network, channels


class Measured(nn.Module):
    """Features to a plain number, in its own unit: a slope in standard deviations of the number, times `weight`.

    `weight` is what the head of a number is scaled by before it learns (`fit`): here it is a fixed gain, so that one
    learning rate suits years and cell counts.
    """

    weight: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(1, features))
        self.bias = nn.Parameter(torch.zeros(1))
        self.register_buffer("weight", torch.ones(1))

    def forward(self, features: Tensor) -> Tensor:
        return functional.linear(features, self.slope) * self.weight + self.bias


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
    for i, output in enumerate(recipe.task.outputs.values()):
        if isinstance(output, Quantity) and output.steps is None:
            heads.heads[f"to_{i}"] = Measured(before)
    return Network(Linear(nn.Sequential(*layers), heads, features), features)


@torch.no_grad()
def _still(heads: Heads) -> None:
    """What nothing was learned about must not count: directions that no training signal has keep a weight of zero."""
    for module in heads.modules():
        if isinstance(module, nn.Linear):
            module.weight.zero_()
            module.bias.zero_()
