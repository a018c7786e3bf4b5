"""ResNet (He et al. 2016) for whole images, with GroupNorm; `depth` stages of two residual blocks each."""

from collections.abc import Sequence

from torch import Tensor, nn

from ..core.recipe import Recipe
from .blocks import Residual, convolution
from .heads import Heads, Logits, Network, channels


class ResNet(nn.Module):
    """Image (N, C, H, W) to logits; images of 64 samples and more are halved at once, smaller ones are not."""

    def __init__(self, inside: int, heads: Heads, width: int, depth: int, halve: bool) -> None:
        super().__init__()
        stem: list[nn.Module] = [convolution(inside, width, 2 if halve else 1)]
        widths = [width * 2**i for i in range(depth)]
        blocks: list[nn.Module] = []
        for i, (a, b) in enumerate(zip([width, *widths[:-1]], widths, strict=True)):
            blocks += [Residual(a, b, 1 if i == 0 and not halve else 2), Residual(b, b)]
        self.body = nn.Sequential(*stem, *blocks)
        self.heads = heads

    def forward(self, x: Tensor) -> list[Logits]:
        return [self.heads(self.body(x).mean((2, 3)), None)]

    def watched(self) -> Sequence[nn.Module]:
        return list(self.body)[::2]  # the stem and the second block of each stage


def build_resnet(recipe: Recipe) -> Network:
    net, inside = recipe.net, channels(recipe)
    heads = Heads(recipe.task.outputs, net.width * 2 ** (net.depth - 1), None, net.dropout)
    size = recipe.look.size or recipe.train.patch
    halve = size is None or min(size) >= 64
    return Network(ResNet(inside, heads, net.width, net.depth, halve), inside)
