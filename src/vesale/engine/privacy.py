"""The membership-inference audit in motion: the networks of a study answer exams they learned from, and others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.pipeline import Pipeline
from ..core.task import Category, Output, Partition, Picture, Quantity
from ..render.documents import number
from ..trust.membership import FALSE_ALARM, Attacked, Membership, membership
from .runtimes import Runner, open_onnx
from .samples import IGNORED, Sample

MOST, MOST_DENSE = 1200, 60
"""Views that are asked about at most; of outlines, which take longer, fewer."""
WINDOW = 256
"""Longest side of what is shown of an image that is outlined."""
SURE = 1e-6
"""Probabilities are kept this far from 0 and 1."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trained:
    """A network of the study and whom it learned from."""

    onnx: Path
    subjects: frozenset[str]


def audit_membership(
    networks: Mapping[str, Trained], targets: Sequence[str], samples: Sequence[Sample], pipeline: Pipeline, seed: int
) -> Membership | None:
    """Attack `targets` by comparing each with the other networks; None where nothing was held out, or too little.

    The attacker knows the exam, its truth and the network's answer before calibration, which is all that a package
    gives away of one exam.
    """
    some = _drawn(samples, pipeline, seed)
    if not some or not targets:
        return None
    well = {part: _answered(open_onnx(one.onnx), some, pipeline) for part, one in networks.items()}
    known = np.all([np.isfinite(v) for v in well.values()], axis=0)
    some = [sample for sample, k in zip(some, known, strict=True) if k]
    well = {part: values[known] for part, values in well.items()}
    attacked = [_attacked(target, networks, well, some, seed) for target in targets]
    return membership([one for one in attacked if one.member.any() and not one.member.all()])


def privacy_facts(found: Membership | None) -> dict[str, Any]:
    """What a card says of it, as JSON."""
    if found is None:
        return {"membership": None}
    told = {
        "auc": number(found.auc),
        "sensitivity": number(found.caught),
        "false_alarm": FALSE_ALARM,
        "members": found.members,
        "others": found.others,
        "references": found.references,
        "curve": [[round(a, 4), round(t, 4)] for a, t in found.curve],
    }
    return {"membership": told}


def _attacked(
    target: str, networks: Mapping[str, Trained], well: Mapping[str, Floats], some: Sequence[Sample], seed: int
) -> Attacked:
    """References are networks that learned from the exam (folds), or none that did (shadows): whichever there are more
    of for the exam that has fewest, and as many for each exam."""
    member = _members(networks[target], some)
    others = [part for part in networks if part != target]
    if not others or not len(some):
        return Attacked(well[target], np.empty((len(some), 0)), member, tuple(s.subject for s in some))
    inside = np.stack([_members(networks[part], some) for part in others])  # (others, exams)
    usable = max((inside, ~inside), key=lambda side: int(side.sum(0).min()))
    m = int(usable.sum(0).min())
    rng = np.random.default_rng([seed, 17])
    order = np.argsort(np.where(usable, rng.random(usable.shape), 2.0), axis=0)[:m]  # (m, exams)
    values = np.stack([well[part] for part in others])
    references = np.take_along_axis(values, order, 0).T
    return Attacked(well[target], references, member, tuple(s.subject for s in some))


def _members(network: Trained, some: Sequence[Sample]) -> NDArray[np.bool_]:
    return np.array([s.subject in network.subjects for s in some], dtype=bool)


def _drawn(samples: Sequence[Sample], pipeline: Pipeline, seed: int) -> list[Sample]:
    dense = any(isinstance(o, Partition) for o in pipeline.task.outputs.values())
    most = MOST_DENSE if dense else MOST
    order = np.random.default_rng([seed, 13]).permutation(len(samples))[:most]
    return [samples[i] for i in sorted(order)]


def _answered(run: Runner, some: Sequence[Sample], pipeline: Pipeline) -> Floats:
    """(n,) how well each sample is answered; nan where its truth is unknown."""
    return np.array([_well(run, sample, pipeline) for sample in some])


def _well(run: Runner, sample: Sample, pipeline: Pipeline) -> float:
    """The sum over outputs of the log-odds that the truth is given (of a number: of how near it is)."""
    planes, labels = _window(sample, pipeline)
    answers = run(planes)
    total = 0.0
    for name, output in pipeline.task.outputs.items():
        if isinstance(output, Partition):
            total += _outlined(answers[name], labels[name], output)
        elif isinstance(output, Picture):
            total += _shown(answers[name].mean(0), sample.pictures.get(name))
        elif isinstance(output, (Category, Quantity)):
            total += _pooled(answers[name].mean(0), sample.truth[name], output)
    return total


def _window(sample: Sample, pipeline: Pipeline) -> tuple[NDArray[np.float32], dict[str, NDArray[np.uint8]]]:
    """The planes whole; of an image that is outlined the middle plane, and of that the middle where it is larger than
    `WINDOW`, cut or padded to what the network can halve. A network of planes of one size sees the plane whole."""
    if not sample.labels:
        return sample.planes.astype(np.float32), {}
    level = len(sample.planes) // 2
    height, width = sample.planes.shape[2:]
    one_size = pipeline.look.size is not None and pipeline.tile is None
    sides = [n if one_size else min(n, WINDOW) for n in (height, width)]
    places = tuple(slice((n - s) // 2, (n - s) // 2 + s) for n, s in zip((height, width), sides, strict=True))
    more = [(-s) % pipeline.multiple for s in sides]
    pad = [(0, 0), (0, 0), (0, more[0]), (0, more[1])]
    planes = np.pad(sample.planes[level : level + 1, :, places[0], places[1]].astype(np.float32), pad)
    labels = {
        name: np.pad(truth[level : level + 1, :, places[0], places[1]], pad, constant_values=IGNORED)
        for name, truth in sample.labels.items()
    }
    return planes, labels


def _pooled(answer: NDArray[np.float32], truth: NDArray[np.float32], output: Output) -> float:
    p = np.clip(answer.astype(float), SURE, 1 - SURE)
    if isinstance(output, Category) and not output.exclusive:
        right = np.where(truth > 0.5, p, 1 - p)
        return float(np.log(right / (1 - right)).sum()) if np.isfinite(truth).all() else float("nan")
    if not np.isfinite(truth[0]):
        return float("nan")
    if isinstance(output, Quantity) and output.steps is None:
        return -float(np.log(abs(float(answer[0]) - float(truth[0])) + SURE))
    right = p[int(truth[0])]
    return float(np.log(right / (1 - right)))


def _shown(answer: NDArray[np.float32], truth: NDArray[np.float32] | None) -> float:
    """Minus the log of the mean squared error; nan where the true picture is not known."""
    if truth is None or truth.shape != answer.shape:
        return float("nan")
    return -float(np.log(((answer.astype(float) - truth) ** 2).mean() + SURE))


def _outlined(answer: NDArray[np.float32], truth: NDArray[np.uint8], output: Partition) -> float:
    """Minus the log of the mean cross-entropy over the samples that count."""
    p = np.clip(answer.astype(float), SURE, 1 - SURE)
    valid = truth != IGNORED
    if not valid.any():
        return float("nan")
    if output.exclusive:
        index = np.where(valid, truth, 0).astype(np.intp)
        losses = -np.log(np.take_along_axis(p, index, 1))[valid]
    else:
        losses = -np.log(np.where(truth == 1, p, 1 - p))[valid]
    return -float(np.log(losses.mean() + SURE))
