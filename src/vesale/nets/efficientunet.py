"""A U-Net (Ronneberger, Fischer, Brox 2015) whose way down is EfficientNet-Lite0, with ImageNet weights where asked: it
outlines after few steps what a U-Net from random weights needs many for.

It answers at half the resolution of what it sees, and its logits are interpolated from there.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..core.errors import RecipeError
from ..core.recipe import Recipe
from .blocks import Residual
from .efficientnet import STAGES, EfficientNetLite, fill_published, shape_of_body
from .heads import Heads, Logits, Network, channels

DEEPEST = 6
"""Stages that may be asked for: the last one is as coarse as the one before."""


class EfficientUNet(nn.Module):
    """Image (N, C, H, W), H and W multiples of 32, to logits of every output."""

    def __init__(self, encoder: EfficientNetLite, heads: Heads, width: int) -> None:
        super().__init__()
        self.encoder = encoder
        skips = [STAGES[i][1] for i in _ends(encoder.depth)]
        deep = STAGES[encoder.depth - 1][1]
        widths = [width * 2**i for i in range(len(skips))][::-1]
        pairs = list(zip([deep, *widths[:-1]], widths, strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in pairs)
        self.merge = nn.ModuleList(Residual(b + s, b) for (_, b), s in zip(pairs, skips[::-1], strict=True))
        self.heads = heads

    def forward(self, x: Tensor) -> list[Logits]:
        kept: list[Tensor] = []
        ends = [sum(stage[2] for stage in STAGES[: i + 1]) - 1 for i in _ends(self.encoder.depth)]
        x = self.encoder.stem(x)
        for i, block in enumerate(self.encoder.blocks):
            x = block(x)
            if i in ends:
                kept.append(x)
        pooled = x.mean((2, 3))
        for up, merge, skip in zip(self.up, self.merge, kept[::-1], strict=True):
            x = merge(torch.cat([up(x), skip], 1))
        answers = self.heads(pooled, x)
        return [{name: self._widened(a) for name, a in answers.items()}]

    @staticmethod
    def _widened(logits: Tensor) -> Tensor:
        if logits.ndim < 4:
            return logits
        return functional.interpolate(logits, scale_factor=2.0, mode="bilinear", align_corners=False)

    def watched(self) -> Sequence[nn.Module]:
        return self.encoder.watched()


def build_efficientnet_unet(recipe: Recipe) -> Network:
    """`net.depth` counts stages of the encoder, 2 to 6; `net.width` the channels of the decoder's finest stage."""
    network = shape_of_efficientnet_unet(recipe)
    if recipe.net.pretrained:
        fill_published(network.body.encoder)  # type: ignore[arg-type]
    return network


def shape_of_efficientnet_unet(recipe: Recipe) -> Network:
    """The same before the ImageNet weights are filled in."""
    net, inside = recipe.net, channels(recipe)
    if not 2 <= net.depth <= DEEPEST:
        raise RecipeError(f"net.depth: efficientnet_unet has 2 to {DEEPEST} stages, not {net.depth}")
    encoder = shape_of_body(recipe, None)
    heads = Heads(recipe.task.outputs, STAGES[net.depth - 1][1], net.width, net.dropout)
    return Network(EfficientUNet(encoder, heads, net.width), inside)


def _ends(depth: int) -> list[int]:
    """Stages after which the resolution is halved, within the first `depth`: theirs is handed across."""
    return [i for i in range(depth - 1) if STAGES[i + 1][3] == 2]
