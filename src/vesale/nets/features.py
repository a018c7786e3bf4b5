"""What a network sees in an image, in some hundred numbers: how strongly, and how unevenly, each channel of each stage
answers. Judging them is trust/'s and the neighbours' business.

Earlier stages are kept beside the last one since what is foreign shows there first (Lee et al. 2018, 'A simple unified
framework for detecting out-of-distribution samples and adversarial attacks').
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from .heads import Logits, Network


@runtime_checkable
class Staged(Protocol):
    """A body that has stages to look at."""

    def watched(self) -> Sequence[nn.Module]:
        """The modules whose outputs (N, C, H, W) are the stages, the one that the pooled heads rest on last."""
        ...


def seen(net: Network, image: Tensor) -> tuple[Logits, Tensor | None]:
    """(logits, features (N, D)) in one pass; no features where the body has no stages (a signal's).

    For each earlier stage the mean and the root mean square over the plane of every channel, for the last one the mean:
    what the pooled heads get.
    """
    if not isinstance(net.body, Staged):
        return net(image), None
    maps: dict[int, Tensor] = {}
    modules = net.body.watched()
    handles = [m.register_forward_hook(_keeper(maps, i)) for i, m in enumerate(modules)]
    try:
        logits = net(image)
    finally:
        for handle in handles:
            handle.remove()
    return logits, torch.cat(_pooled(maps, len(modules)), 1)


def last_channels(net: Network, image: Tensor) -> int:
    """Channels of the last stage: so many features, the last ones, are what the pooled heads get."""
    maps: dict[int, Tensor] = {}
    handle = net.body.watched()[-1].register_forward_hook(_keeper(maps, 0))  # type: ignore[operator]
    try:
        net(image)
    finally:
        handle.remove()
    return maps[0].shape[1]


def _keeper(maps: dict[int, Tensor], place: int) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def keep(module: nn.Module, inside: tuple[Tensor, ...], outside: Tensor) -> None:
        maps[place] = outside

    return keep


def _pooled(maps: Mapping[int, Tensor], count: int) -> list[Tensor]:
    parts = []
    for i in range(count):
        parts.append(maps[i].mean((2, 3)))
        if i < count - 1:
            # A norm, since a runtime reduces it without a second map in memory; the square of a deviation needs one.
            parts.append(torch.linalg.vector_norm(maps[i], 2, (2, 3)) / (maps[i].shape[2] * maps[i].shape[3]) ** 0.5)
    return parts
