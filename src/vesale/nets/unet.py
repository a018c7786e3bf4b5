"""U-Net (Ronneberger, Fischer, Brox 2015) with GroupNorm and residual blocks, and W-Net: two of them in a row, the
second seeing the image and the first one's answer, both supervised (Galdran et al. 2022, 'State-of-the-art retinal
vessel segmentation with minimalistic models').
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..core.recipe import Recipe
from ..core.task import Partition
from .blocks import Residual
from .heads import Heads, Logits, Network, activate, channels


class UNet(nn.Module):
    """Image (N, C, H, W), H and W multiples of 2 ** (depth - 1), to logits of every output."""

    def __init__(self, inside: int, heads: Heads, width: int, depth: int) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(depth)]
        self.down = nn.ModuleList(Residual(a, b) for a, b in zip([inside, *widths[:-1]], widths, strict=True))
        self.pools = nn.ModuleList(nn.MaxPool2d(2) for _ in widths[1:])
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in pairs)
        self.merge = nn.ModuleList(Residual(2 * b, b) for _, b in pairs)
        self.heads = heads

    def forward(self, x: Tensor) -> list[Logits]:
        kept: list[Tensor] = []
        for i, block in enumerate(self.down):
            x = block(self.pools[i - 1](x) if i else x)
            kept.append(x)
        pooled = x.mean((2, 3))
        for up, merge, skip in zip(self.up, self.merge, kept[-2::-1], strict=True):
            x = merge(torch.cat([up(x), skip], 1))
        return [self.heads(pooled, x)]

    def watched(self) -> Sequence[nn.Module]:
        return [*self.pools, self.down[-1]]  # pooled, for a quarter of the work


class WNet(nn.Module):
    """Two U-Nets: what the first outlined is handed to the second as further channels."""

    def __init__(self, first: UNet, second: UNet, outputs: dict[str, Partition]) -> None:
        super().__init__()
        self.first, self.second, self.outputs = first, second, outputs

    def forward(self, x: Tensor) -> list[Logits]:
        draft = self.first(x)[-1]
        maps = [activate(output, draft[name]) for name, output in self.outputs.items()]
        return [draft, self.second(torch.cat([x, *maps], 1))[-1]]

    def watched(self) -> Sequence[nn.Module]:
        return self.second.watched()


def build_unet(recipe: Recipe) -> Network:
    inside = channels(recipe)
    return Network(_unet(recipe, inside), inside)


def build_wnet(recipe: Recipe) -> Network:
    inside = channels(recipe)
    outputs = {n: o for n, o in recipe.task.outputs.items() if isinstance(o, Partition)}
    handed = sum(len(o.names) for o in outputs.values())
    return Network(WNet(_unet(recipe, inside), _unet(recipe, inside + handed), outputs), inside)


def _unet(recipe: Recipe, inside: int) -> UNet:
    net = recipe.net
    heads = Heads(recipe.task.outputs, net.width * 2 ** (net.depth - 1), net.width, net.dropout)
    return UNet(inside, heads, net.width, net.depth)
