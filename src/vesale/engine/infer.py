"""From planes to raw answers: whole or tile by tile, mirrored or not, sewn and sent back to the image's own grid."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.grid import Box
from ..core.pipeline import FEATURES, Pipeline
from ..core.task import Partition, Picture
from ..ops.look import Planes, restore
from ..ops.tiles import Sewing, tiles
from .runtimes import Runner

BATCH = 4
"""Tiles or planes that go through the network at once."""
Floats = NDArray[np.float32]


def infer(run: Runner, planes: Planes, pipeline: Pipeline) -> dict[str, Floats]:
    """Raw answer of each output: probabilities (names,) or a value (1,), the mean over planes; maps (class, *shape).

    Where the network says what it sees, that as well: FEATURES (D,), the mean over tiles and planes, not mirrored.
    """
    dense = [n for n, o in pipeline.task.outputs.items() if isinstance(o, (Partition, Picture))]
    if pipeline.task.from_signal and dense:  # a picture that was seen lies on no grid of the signal's
        return {name: np.asarray(a.mean(0), np.float32) for name, a in run(planes.data).items()}
    pooled: dict[str, list[Floats]] = {}
    maps: dict[str, list[Floats]] = {n: [] for n in dense}
    mirrors = mirrors_of(pipeline)
    for first in range(0, len(planes.data), 1 if dense else BATCH):
        some = planes.data[first : first + (1 if dense else BATCH)]
        turned = [_over_tiles(run, _mirror(some, axes), pipeline, dense) for axes in mirrors]
        for name in (n for n in turned[0] if n not in maps):
            as_taken = name == FEATURES and FEATURES not in pipeline.task.outputs
            pooled.setdefault(name, []).append(np.mean([t[name] for t in turned[: 1 if as_taken else None]], axis=0))
        for name in dense:
            back = [_mirror(t[name], axes) for t, axes in zip(turned, mirrors, strict=True)]
            maps[name].append(np.mean(back, axis=0, dtype=np.float32))
    raw = {name: np.concatenate(parts).mean(0).astype(np.float32) for name, parts in pooled.items()}
    for name, parts in maps.items():
        raw[name] = restore(np.concatenate(parts), planes.placement, _outside(parts[0].shape[1], name, pipeline))
    return raw


def features(run: Runner, planes: Floats, pipeline: Pipeline) -> Floats | None:
    """What the network sees in planes (P, C, H, W) as the look made them: (D,) as `infer` gives it, without answers."""
    if FEATURES in pipeline.task.outputs:
        return None

    def sees(batch: Floats) -> Mapping[str, Floats]:
        return {name: a for name, a in run(batch).items() if name == FEATURES}

    step = 1 if any(isinstance(o, (Partition, Picture)) for o in pipeline.task.outputs.values()) else BATCH
    found = [_over_tiles(sees, planes[i : i + step], pipeline, ()) for i in range(0, len(planes), step)]
    parts = [f[FEATURES] for f in found if FEATURES in f]
    return np.asarray(np.concatenate(parts).mean(0), np.float32) if parts else None


def _over_tiles(run: Runner, some: Floats, pipeline: Pipeline, dense: Sequence[str]) -> Mapping[str, Floats]:
    """Answers for a few planes (P, C, H, W): maps sewn from tiles, pooled answers averaged over them: (P, names)."""
    patch, shape = pipeline.tile, some.shape[2:]
    if patch is None or all(n <= p for n, p in zip(shape, patch, strict=True)):
        return _padded(run, some, dense, pipeline.multiple)
    sewings = {name: Sewing(shape) for name in dense}
    pooled: dict[str, list[Floats]] = {}
    boxes = list(tiles(shape, patch, pipeline.overlap))
    for group in _grouped(boxes, BATCH):
        batch = np.concatenate([some[(slice(None), slice(None), *box.slices)] for box in group])
        answers = _padded(run, batch, dense, pipeline.multiple)
        for name, answer in answers.items():
            if name in sewings:
                for box, one in zip(group, answer, strict=True):
                    sewings[name].add(box, one)
            else:
                pooled.setdefault(name, []).append(answer)
    sewn: dict[str, Floats] = {name: s.result()[None] for name, s in sewings.items()}
    return sewn | {name: np.concatenate(p).mean(0, keepdims=True) for name, p in pooled.items()}


def _padded(run: Runner, batch: Floats, dense: Sequence[str], multiple: int) -> dict[str, Floats]:
    """Run at a size that the network can halve as often as it does, and cut the maps back."""
    height, width = batch.shape[2:]
    more = [(-n) % multiple for n in (height, width)]
    if any(more):
        batch = np.pad(batch, [(0, 0), (0, 0), (0, more[0]), (0, more[1])])
    return {n: a[:, :, :height, :width] if n in dense else a for n, a in run(batch).items()}


def mirrors_of(pipeline: Pipeline) -> list[tuple[int, ...]]:
    """Axes to mirror: none, each of the pipeline's, and of two both together."""
    axes = {"vertical": 2, "horizontal": 3}
    chosen = [axes[f] for f in pipeline.mirror]
    return [(), *[(a,) for a in chosen], *([(2, 3)] if len(chosen) == 2 else [])]


def _mirror(planes: Floats, axes: tuple[int, ...]) -> Floats:
    return np.flip(planes, axes) if axes else planes


def _outside(count: int, name: str, pipeline: Pipeline) -> list[float]:
    """What is true where the look cut the image away: background."""
    output = pipeline.task.outputs[name]
    background = isinstance(output, Partition) and output.exclusive
    return [1.0 if background and i == 0 else 0.0 for i in range(count)]


def _grouped(items: Sequence[Box], size: int) -> Iterator[Sequence[Box]]:
    for i in range(0, len(items), size):
        yield items[i : i + size]
