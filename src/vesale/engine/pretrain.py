"""Learn a network's first weights from pictures alone: cells of a picture are hidden, and what was there is foretold.

After Xie et al. 2022 (SimMIM: a simple framework for masked image modeling): hidden cells are guessed from the deepest
map by one linear layer, and only they count. No label is looked at; the heads start anew when the weights are used
(`train.start`).
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..core.errors import RecipeError
from ..core.recipe import Recipe
from ..nets import build
from ..nets.features import Staged
from ..nets.heads import Network
from .batches import Batches
from .events import Event, Fitted, Progress, Started
from .fit import Job, State, channels_last, fingerprint, levelled, prepared, rate_at, resume, save, write_weights
from .lanes import Lanes
from .samples import Sample

HIDDEN = 0.5
"""Share of the cells that is hidden."""
GRAIN = 4
"""Of a cell that many means a side are foretold, for each channel."""


class Masked(nn.Module):
    """A network without its heads, and one layer from its deepest map to the means of each cell: the guess (N, C *
    GRAIN^2, h, w)."""

    def __init__(self, net: Network, image: Tensor) -> None:
        super().__init__()
        self.net = net
        with torch.no_grad():
            deepest = self._deepest(image)
        self.guess = nn.Conv2d(deepest.shape[1], image.shape[1] * GRAIN**2, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.guess(self._deepest(image))  # type: ignore[no-any-return]

    def _deepest(self, image: Tensor) -> Tensor:
        kept: list[Tensor] = []
        handle = self.net.body.watched()[-1].register_forward_hook(lambda m, i, o: kept.append(o))  # type: ignore[operator]
        try:
            self.net.stages(image)
        finally:
            handle.remove()
        return kept[0]


def fit_masked(recipe: Recipe, samples: Sequence[Sample], job: Job) -> Iterator[Event]:
    """Yield events until `job.folder/weights.safetensors` holds the network's weights; it goes on where it stopped.

    The recipe's look, network, augmentation and schedule are followed, its outputs are not. RecipeError for a network
    without stages, or where stages are frozen.
    """
    if recipe.net.frozen:
        raise RecipeError("net.frozen: nothing of a frozen stage is learned", "pretrain with net.frozen=0")
    recipe = replace(recipe, augment=replace(recipe.augment, mixup=0.0), train=replace(recipe.train, balance=False))
    with prepared(recipe):
        yield from _fit(recipe, samples, job)


def cells(image: Tensor, shape: tuple[int, int]) -> Tensor:
    """(N, C, H, W) -> (N, C * GRAIN^2, h, w): of each cell of a grid the means of its parts, over the picture's own
    mean and spread."""
    means = functional.adaptive_avg_pool2d(image, (shape[0] * GRAIN, shape[1] * GRAIN))
    level = means.mean((2, 3), keepdim=True)
    spread = means.std((2, 3), keepdim=True).clamp(min=1e-3)
    return functional.pixel_unshuffle((means - level) / spread, GRAIN)


def hide(image: Tensor, shape: tuple[int, int], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """(the pictures with cells painted in their mean colour, which cells those are: (N, 1, h, w))."""
    hidden = torch.from_numpy(rng.random((len(image), 1, *shape)) < HIDDEN)
    large = functional.interpolate(hidden.float(), image.shape[2:], mode="nearest")
    return torch.where(large > 0, image.mean((2, 3), keepdim=True), image), hidden


def masked_loss(guess: Tensor, truth: Tensor, hidden: Tensor) -> Tensor:
    """Mean absolute error over the hidden cells."""
    each = (guess - truth).abs().mean(1, keepdim=True)
    return (each * hidden).sum() / hidden.sum().clamp(min=1)


def _fit(recipe: Recipe, samples: Sequence[Sample], job: Job) -> Iterator[Event]:
    job.folder.mkdir(parents=True, exist_ok=True)
    batches = Batches(samples, recipe)
    state, shape = _start(recipe, samples, batches)
    of = hashlib.sha256(f"masked {fingerprint(recipe, samples)}".encode()).hexdigest()
    resume(state, job.folder / "checkpoint.pt", of)
    yield Started(
        job.part, len(samples), sum(p.numel() for p in state.net.parameters()), recipe.train.steps, state.step
    )
    loss = float("nan")
    while state.step < recipe.train.steps:
        loss = _step(state, batches, recipe, shape)
        last = state.step == recipe.train.steps
        if last or state.step % recipe.train.checkpoint == 0:
            save(state, job.folder / "checkpoint.pt", of)
        if last or state.step % 10 == 0:
            epoch = state.step * recipe.train.batch / len(samples)
            yield Progress(job.part, state.step, recipe.train.steps, epoch, loss, rate_at(state.step, recipe), 0.0)
    tensors = {k.removeprefix("net."): v for k, v in state.average.items() if k.startswith("net.")}
    yield Fitted(job.part, state.step, state.seconds, write_weights(tensors, job.folder))


def _start(recipe: Recipe, samples: Sequence[Sample], batches: Batches) -> tuple[State, tuple[int, int]]:
    """First weights, and the size (h, w) of the deepest map: of the grid of cells."""
    net = build(recipe)
    if not isinstance(net.body, Staged):
        raise RecipeError(f"net.name: {recipe.net.name} has no stages to learn from pictures alone")
    levelled(net, recipe, samples)
    image = batches.draw(0).image[:1]
    masked: Any = channels_last(Masked(net, image))  # type: ignore[arg-type]
    with torch.no_grad():
        height, width = masked(image).shape[2:]
    optimizer = torch.optim.AdamW(masked.parameters(), lr=recipe.train.rate, weight_decay=recipe.train.weight_decay)
    weights = {k: v.detach().clone() for k, v in masked.state_dict().items()}
    return State(masked, weights, optimizer, 0, 0.0, Lanes(masked, 1)), (height, width)


def _step(state: State, batches: Batches, recipe: Recipe, shape: tuple[int, int]) -> float:
    """One update; the last weights are kept as they are, since nothing is measured of them."""
    began = time.perf_counter()
    image = batches.draw(state.step).image
    rng = np.random.default_rng([recipe.seed, state.step, 17])
    torch.manual_seed(int(rng.integers(2**62)))
    for group in state.optimizer.param_groups:
        group["lr"] = rate_at(state.step, recipe)
    state.net.train()
    with torch.no_grad():
        seen, hidden = hide(image, shape, rng)
        truth = cells(image, shape)
    loss = masked_loss(state.net(seen), truth, hidden)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_([p for p in state.net.parameters() if p.grad is not None], 1.0)
    state.optimizer.step()
    state.step += 1
    state.average = {k: v.detach().clone() for k, v in state.net.state_dict().items()}
    state.seconds += time.perf_counter() - began
    return float(loss.detach())
