"""One batch learned from by several threads, each with its own part of the images: where the cores are shared with
other work, a thread that waits for another once a step loses less than one that waits at every operation.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

from torch import Tensor, nn

from ..nets.heads import Network

Learn = Callable[[Network, int], Tensor]
"""(network, lane) -> the loss of the lane's part of the batch, not yet divided."""


class Lanes:
    """Copies of a network that share its weights and keep their own gradients; the first lane is the network itself."""

    def __init__(self, net: Network, count: int) -> None:
        self.nets = [net, *(_twin(net) for _ in range(count - 1))]
        self.pool = ThreadPoolExecutor(count) if count > 1 else None

    def backward(self, learn: Learn) -> float:
        """Leave the gradient of the mean of the lanes' losses in the network's weights; that mean."""
        for net in self.nets:
            net.train()
            net.zero_grad(set_to_none=True)
        if self.pool is None:
            return _one(self.nets[0], 0, 1, learn)
        waiting = [self.pool.submit(_one, n, i, len(self.nets), learn) for i, n in enumerate(self.nets)]
        losses = [w.result() for w in waiting]
        gathered(self.nets)
        return sum(losses)


def gathered(nets: Sequence[nn.Module]) -> None:
    """Add the gradients of the others to those of the first, in order, so that the sum is the same every time."""
    for parameters in zip(*(n.parameters() for n in nets), strict=True):
        for other in parameters[1:]:
            if other.grad is None:
                continue
            if parameters[0].grad is None:
                parameters[0].grad = other.grad
            else:
                parameters[0].grad += other.grad


def _one(net: Network, lane: int, count: int, learn: Learn) -> float:
    loss = learn(net, lane) / count
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach())


def _twin(net: Network) -> Network:
    """The same weights in memory under other parameters."""
    twin = deepcopy(net)
    for mine, theirs in zip(twin.parameters(), net.parameters(), strict=True):
        mine.data = theirs.data
    for kept, shared in zip(twin.buffers(), net.buffers(), strict=True):
        kept.data = shared.data
    return twin
