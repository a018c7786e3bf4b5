"""Pieces that several networks share: convolution, normalisation by groups (Wu and He 2018), activation."""

from torch import Tensor, nn


def norm(channels: int) -> nn.Module:
    """GroupNorm with up to 8 groups: it needs no running statistics and does not depend on the batch."""
    groups = max(g for g in (8, 4, 2, 1) if channels % g == 0)
    return nn.GroupNorm(groups, channels)


def convolution(inside: int, outside: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, GroupNorm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False), norm(outside), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two convolutions beside a short cut (He et al. 2016)."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.first = convolution(inside, outside, stride)
        self.second = nn.Sequential(nn.Conv2d(outside, outside, 3, 1, 1, bias=False), norm(outside))
        same = stride == 1 and inside == outside
        self.short = nn.Identity() if same else nn.Conv2d(inside, outside, 1, bias=False)
        self.last = nn.ReLU(inplace=True)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        # Thinned before the 1 x 1 convolution, not by it: the same numbers, but with a stride the backward pass of
        # torch's CPU kernel ends the process (few channels, channels last).
        kept = x if self.stride == 1 else x[:, :, :: self.stride, :: self.stride]
        return self.last(self.second(self.first(x)) + self.short(kept))  # type: ignore[no-any-return]
