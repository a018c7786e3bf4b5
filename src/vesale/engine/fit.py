"""Fit a network to samples: a generator of events. Stop listening and it stops; call again and it goes on, bit for bit.

Weights are averaged along the way (Polyak and Juditsky 1992, exponentially), the rate follows one cycle (Smith and
Topin 2018), and nothing is chosen by looking at held-out samples: the last average is what is kept.
"""

import hashlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..core.errors import RecipeError
from ..core.recipe import Recipe, Trust
from ..core.task import Partition, Quantity
from ..nets import build
from ..nets.heads import Network
from .batches import Batches
from .events import Event, Fitted, Progress, Started, Validated
from .lanes import Lanes
from .losses import total_loss
from .samples import IGNORED, Sample
from .watch import watched

WATCHES = 8
"""How often the held-out samples are looked at during a fit, for the live line alone."""
TELL = 2.0
"""Seconds between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Job:
    """One fit: which part of a study, where its files lie, and how long it may take at the very most."""

    part: str
    folder: Path
    limit: float = math.inf


@dataclass(slots=True)
class State:
    """What a checkpoint holds: everything that changes from step to step."""

    net: Network
    average: dict[str, Tensor]
    optimizer: torch.optim.AdamW
    step: int
    seconds: float
    lanes: Lanes


def fit(recipe: Recipe, samples: Sequence[Sample], held: Sequence[Sample], job: Job) -> Iterator[Event]:
    """Yield events until the averaged weights lie in `job.folder/weights.safetensors`."""
    with prepared(recipe):
        yield from _fit(recipe, samples, held, job)


@contextmanager
def prepared(recipe: Recipe) -> Iterator[None]:
    """Fixed threads and deterministic algorithms: the same recipe gives the same weights on the same machine.

    They belong to the process, so they are put back at the end: denormals above all, without which other people's
    numerics fail.
    """
    threads, filled = torch.get_num_threads(), getattr(torch.utils.deterministic, "fill_uninitialized_memory")  # noqa: B009
    strict, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_num_threads(recipe.train.threads if recipe.train.lanes == 1 else 1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010  # a debugging aid, slow
    torch.set_flush_denormal(True)
    torch.manual_seed(recipe.seed)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict, warn_only=warn)
        setattr(torch.utils.deterministic, "fill_uninitialized_memory", filled)  # noqa: B010
        torch.set_flush_denormal(False)


def _fit(recipe: Recipe, samples: Sequence[Sample], held: Sequence[Sample], job: Job) -> Iterator[Event]:
    job.folder.mkdir(parents=True, exist_ok=True)
    gains = spreads(recipe, samples)
    state, of = start(recipe, samples), fingerprint(recipe, samples)
    _resume(state, job.folder / "checkpoint.pt", of)
    parameters = sum(p.numel() for p in state.net.parameters())
    yield Started(job.part, len(samples), parameters, recipe.train.steps, state.step)
    batches = Batches(samples, recipe)
    began, told, earlier = time.perf_counter(), 0.0, state.seconds
    first = state.step
    while state.step < recipe.train.steps and state.seconds < job.limit:
        loss = step(state, batches, recipe, gains)
        now = time.perf_counter()
        state.seconds = earlier + now - began
        if state.step % recipe.train.checkpoint == 0:
            _save(state, job.folder / "checkpoint.pt", of)
        if now - told > TELL or state.step == recipe.train.steps:
            told = now
            left = (recipe.train.steps - state.step) * (now - began) / (state.step - first)
            epoch = state.step * recipe.train.batch / len(samples)
            yield Progress(job.part, state.step, recipe.train.steps, epoch, loss, rate_at(state.step, recipe), left)
        if held and state.step % max(1, recipe.train.steps // WATCHES) == 0:
            metric, value = watched(averaged(state), held, recipe)
            yield Validated(job.part, state.step, metric, value, len(held))
    _save(state, job.folder / "checkpoint.pt", of)
    yield Fitted(job.part, state.step, state.seconds, _write_weights(state, job.folder))


def start(recipe: Recipe, samples: Sequence[Sample]) -> State:
    """A network with first weights, normalised by what the samples hold, and its optimiser."""
    if recipe.train.lanes > 1 and recipe.net.dropout:
        raise RecipeError("train.lanes: with dropout the draws of lanes would not repeat", "set net.dropout = 0")
    net = channels_last(build(recipe))
    if not recipe.net.pretrained:
        mean, std = _levels(samples, recipe.look.range == "raw")
        net.mean.copy_(mean)
        net.std.copy_(std)
    _centre(net, recipe, samples)
    plain = [p for p in net.parameters() if p.ndim < 2]
    matrices = [p for p in net.parameters() if p.ndim >= 2]
    groups = [{"params": matrices, "weight_decay": recipe.train.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=recipe.train.rate, foreach=True)
    average = {k: v.detach().clone() for k, v in net.state_dict().items()}
    return State(net, average, optimizer, 0, 0.0, Lanes(net, recipe.train.lanes))


def channels_last(net: Network) -> Network:
    """The same network with its convolutions' weights in the order that is fastest on a CPU."""
    for parameter in net.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return net


def step(state: State, batches: Batches, recipe: Recipe, gains: Mapping[str, float]) -> float:
    """One update of the weights and of their average; the loss of its batch."""
    torch.manual_seed(int(np.random.default_rng([recipe.seed, state.step, 13]).integers(2**62)))
    for group in state.optimizer.param_groups:
        group["lr"] = rate_at(state.step, recipe)
    low, count = recipe.train.precision == "bfloat16", recipe.train.lanes

    def learn(net: Network, lane: int) -> Tensor:
        batch = batches.draw(state.step, lane, count)
        with torch.autocast("cpu", torch.bfloat16) if low else nullcontext():
            stages = net.stages(batch.image)
        return total_loss(stages, batch, recipe, gains)

    loss = state.lanes.backward(learn)
    nn.utils.clip_grad_norm_(state.net.parameters(), 1.0)
    state.optimizer.step()
    state.step += 1
    decay = min(recipe.train.average, (1 + state.step) / (10 + state.step)) if recipe.train.average else 0.0
    with torch.no_grad():
        for name, value in state.net.state_dict().items():
            state.average[name].lerp_(value, 1 - decay)
    return loss


def rate_at(step: int, recipe: Recipe) -> float:
    """Learning rate of a step: up along a line, down along a cosine."""
    rise = max(1.0, recipe.train.warmup * recipe.train.steps)
    if step < rise:
        return recipe.train.rate * (step + 1) / rise
    share = min(1.0, (step - rise) / max(1.0, recipe.train.steps - rise))
    return recipe.train.rate * max(0.5 * (1 + math.cos(math.pi * share)), 1e-3)


def averaged(state: State) -> Network:
    """The network with its averaged weights, ready to answer."""
    return with_weights(state.net, state.average)


def with_weights(net: Network, weights: Mapping[str, Tensor]) -> Network:
    copy = deepcopy(net)
    copy.load_state_dict(dict(weights))
    return copy.eval()


def load_weights(recipe: Recipe, path: Path) -> Network:
    """The network of a recipe with the weights of a file."""

    return with_weights(build(recipe), load_file(path))


def spreads(recipe: Recipe, samples: Sequence[Sample]) -> dict[str, float]:
    """Standard deviation of each plain number in the samples, at least a millionth; `output/name` of outlines that
    overlap: the entropy (nats) of how often a sample bears the name, at least that of one in 100,000."""
    out: dict[str, float] = {}
    for name, output in recipe.task.outputs.items():
        if isinstance(output, Quantity) and output.steps is None:
            values = np.array([s.truth[name][0] for s in samples])
            out[name] = max(float(np.nanstd(values)), 1e-6) if np.isfinite(values).any() else 1.0
        if isinstance(output, Partition) and not output.exclusive:
            p = frequencies(samples, name)
            entropies = -p * np.log(p) - (1 - p) * np.log1p(-p)
            out |= {f"{name}/{n}": float(h) for n, h in zip(output.names, entropies, strict=True)}
    return out


def frequencies(samples: Sequence[Sample], name: str) -> NDArray[np.float64]:
    """(names,): the share of the samples of a partition that bear each name, kept within 1e-5 and a half."""
    counts = np.array([[(s.labels[name][:, i] == 1).sum() for i in range(s.labels[name].shape[1])] for s in samples])
    judged = np.array([[(p != IGNORED).sum() for p in np.moveaxis(s.labels[name], 1, 0)] for s in samples])
    return np.asarray(np.clip(counts.sum(0) / np.maximum(judged.sum(0), 1), 1e-5, 0.5))


@torch.no_grad()
def _centre(net: Network, recipe: Recipe, samples: Sequence[Sample]) -> None:
    """Let the head of a plain number start at the mean, with steps of its spread; that of outlines that overlap at how
    often each occurs (Lin et al. 2017, section 4.1), which it would take a hundred steps to learn."""
    heads: Any = net.get_submodule("body")
    for i, (name, output) in enumerate(recipe.task.outputs.items()):
        if isinstance(output, Quantity) and output.steps is None:
            values = np.array([s.truth[name][0] for s in samples])
            module: Any = next(m for n, m in heads.named_modules() if n.endswith(f"heads.to_{i}"))
            module.bias.fill_(float(np.nanmean(values)))
            module.weight.mul_(spreads(recipe, samples)[name])
        if isinstance(output, Partition) and not output.exclusive:
            p = frequencies(samples, name)
            module = next(m for n, m in heads.named_modules() if n.endswith(f"heads.to_{i}"))
            module.bias.copy_(torch.from_numpy(np.log(p / (1 - p)).astype(np.float32)))


def _levels(samples: Sequence[Sample], raw: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and spread of each channel over all samples, each image counting alike: (1, C, 1, 1).

    Raw features have any scale (tesla, volts), so theirs is taken in double precision; of a constant one it is 1.
    """
    if raw:
        values = np.stack([s.planes.astype(np.float64).mean((0, 2, 3)) for s in samples])
        middle, spread = values.mean(0), values.std(0)
        spread[spread <= 1e-9 * np.abs(values).max(0)] = 1.0
        pair = (torch.from_numpy(v.astype(np.float32))[None, :, None, None] for v in (middle, spread))
        return next(pair), next(pair)
    means = np.stack([s.planes.astype(np.float32).mean((0, 2, 3)) for s in samples])
    squares = np.stack([np.square(s.planes.astype(np.float32)).mean((0, 2, 3)) for s in samples])
    mean = means.mean(0)
    std = np.sqrt(np.maximum(squares.mean(0) - mean**2, 1e-4))
    return torch.from_numpy(mean)[None, :, None, None], torch.from_numpy(std)[None, :, None, None]


def fingerprint(recipe: Recipe, samples: Sequence[Sample]) -> str:
    """Of all that decides the weights: the recipe but for what is asked of its answers, which may be asked anew of the
    same network, and every sample's name, pixels and truth. A fit of one fold stands for that of cross-fitting, too."""
    learned = replace(recipe, trust=Trust())
    if recipe.validate.mode == "one_fold":
        learned = replace(learned, validate=replace(recipe.validate, mode="cross_fit"))
    whole = hashlib.sha256(f"{learned.digest} {[s.exam for s in samples]}".encode())
    for sample in samples:
        for array in (sample.planes, *sample.truth.values(), *sample.labels.values()):
            whole.update(f"{array.shape}".encode())
            whole.update(np.ascontiguousarray(array).data)
    return whole.hexdigest()


def _save(state: State, path: Path, of: str) -> None:
    parts = {
        "net": state.net.state_dict(),
        "average": state.average,
        "optimizer": state.optimizer.state_dict(),
        "step": state.step,
        "seconds": state.seconds,
        "of": of,
    }
    partial = path.with_suffix(".part")
    torch.save(parts, partial)
    partial.replace(path)


def _resume(state: State, path: Path, of: str) -> None:
    """Take up a checkpoint of the very same recipe and samples; ignore any other."""
    if not path.exists():
        return
    parts = torch.load(path, weights_only=True, map_location="cpu")
    if parts["of"] != of:
        return
    state.net.load_state_dict(parts["net"])
    state.average = parts["average"]
    state.optimizer.load_state_dict(parts["optimizer"])
    state.step, state.seconds = int(parts["step"]), float(parts["seconds"])


def _write_weights(state: State, folder: Path) -> str:
    tensors = {k: v.contiguous() for k, v in state.average.items()}
    save_file(tensors, folder / "weights.safetensors")
    return hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
