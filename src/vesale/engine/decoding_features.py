"""Decoders through the features of a network, as Shen, Horikawa, Majima and Kamitani did it (2019, PLOS Comput Biol
15(1):e1006633): signal -> features layer by layer -> the picture of a generator whose features match.

Their network was learned on a million photographs; this one is learned from the prior's own pictures, as PCANet is
(Chan et al. 2015, IEEE Trans. Image Process. 24:5017): each layer's filters are the principal components of patches of
the layer before, then a smooth rectifier and a mean over 2 x 2. The generator is linear: the prior's components. What
is decoded is made into a graph, descent included, in decoding_onnx.py, so reading needs no torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import CohortError
from ..core.recipe import Decode
from .decoding import (
    FEATURES,
    Affine,
    Floats,
    Prior,
    Setting,
    Spread,
    Standard,
    Trials,
    fitted,
    inner_folds,
    loss,
    relevance,
    ridge,
    settings,
    spread_of,
    spread_over,
    standard_of,
)

SIDES, COUNTS = (5, 3), (8, 12)
"""Of the filters of each layer: their side and how many there are at most."""
PATCHES = 20_000
SMOOTH = 1e-2
"""Rectifier: sqrt(x^2 + SMOOTH^2), which has a slope everywhere."""
LEAST_NORM = 1e-9
"""A layer whose features vary by less than this (the samples' range being 1) cannot be matched."""


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """A network of two layers."""

    shape: tuple[int, int, int]
    """(channel, height, width) of the pictures"""
    first: Floats
    """(filters, channels, side, side)"""
    second: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """What finds the picture whose features match the decoded ones."""

    filters: Filters
    prior: Prior
    norms: tuple[float, float, float]
    """Of each layer: total variance of its true features, by which its mismatch is divided."""
    options: Decode
    weight: float
    """Of the generator's own prior."""


@dataclass(frozen=True, slots=True, eq=False)
class ThroughFeatures:
    """A decoder through features: what starts the descent, what each layer should be, and the descent."""

    standard: Standard
    start: Affine
    """To the generator's components, in their standard deviations."""
    layers: tuple[Affine, Affine, Affine]
    descent: Descent
    spread: Spread
    setting: Setting
    error: float


Find = Callable[[Descent, Sequence[Floats]], Floats]
"""(descent, (start, layer, layer, layer) of n trials) -> n pictures."""


def filters_of(pictures: Floats, shape: tuple[int, int, int], seed: int) -> Filters:
    """Principal components of patches, their means taken off, of the pictures and then of the first layer."""
    rng = np.random.default_rng([seed, 31])
    some = pictures[np.sort(rng.permutation(len(pictures))[:500])].reshape(-1, *shape)
    first = _components(some, SIDES[0], COUNTS[0], rng)
    return Filters(shape, first, _components(_layer(some, first), SIDES[1], COUNTS[1], rng))


def features(filters: Filters, pictures: Floats) -> tuple[Floats, Floats, Floats]:
    """Of (n, samples) pictures: the samples themselves and both layers, each (n, units)."""
    whole = pictures.reshape(-1, *filters.shape)
    first = _layer(whole, filters.first)
    second = _layer(first, filters.second)
    return pictures, first.reshape(len(whole), -1), second.reshape(len(whole), -1)


def fit_features(trials: Trials, prior: Prior, options: Decode, around: tuple[Filters, int, Find]) -> ThroughFeatures:
    """Each layer by the setting that foretells it best on inner folds, its answers given back their spread; then the
    generator's components and their weight by the pictures that come out. `around`: (network, seed, what descends).

    CohortError, naming the layer, when one has no size to match.
    """
    filters, seed, find = around
    folds = inner_folds(trials.subjects, options.inner, seed)
    true = features(filters, trials.pictures)
    norms = tuple(float(layer.var(axis=0).sum()) for layer in true)
    for i, norm in enumerate(norms):
        if options.layer_weights[i] > 0 and not norm > LEAST_NORM:
            raise CohortError(f"layer {i} of the network does not tell the pictures apart (its norm is {norm:.2g})",
                              f"set decode.layer_weights[{i}] to 0, or take another decoder")  # fmt: skip
    start, begun, setting = _start(trials, prior, options, folds)
    layers, told = [], []
    for layer in true:
        affine, out_of_fold = _layer_decoder(trials, layer, options, folds)
        layers.append(affine)
        told.append(out_of_fold)
    best: tuple[float, Descent, Floats, Setting] | None = None
    for weight in options.weights:
        some = prior.first(setting.components)
        descent = Descent(filters, some, (norms[0], norms[1], norms[2]), options, weight)
        found = find(descent, [begun, *told])
        score = loss(found, trials.pictures, options.choose)
        if best is None or score < best[0]:
            best = score, descent, found, Setting(setting.penalty, setting.components, setting.voxels, weight)
    assert best is not None
    error = float(((best[2] - trials.pictures) ** 2).mean())
    parts = (layers[0], layers[1], layers[2])
    return ThroughFeatures(standard_of(trials.signals), start, parts, best[1], spread_of(best[2], trials.pictures),
                           best[3], error)  # fmt: skip


def _start(
    trials: Trials, prior: Prior, options: Decode, folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> tuple[Affine, Floats, Setting]:
    """The map to the generator's components, its answers on inner folds, and the setting chosen there."""
    candidates = settings("ridge_components", options, (len(prior.basis), trials.signals.shape[1]))
    told = np.empty((len(candidates), *trials.pictures.shape))
    for inside, outside in folds:
        for i, (standard, affine) in enumerate(fitted("ridge_components", trials, inside, prior, candidates, options)):
            told[i, outside] = affine(standard(trials.signals[outside]))
    best = int(np.argmin([loss(np.clip(one, 0, 1), trials.pictures, options.choose) for one in told]))
    some = prior.first(candidates[best].components)
    everyone = np.arange(len(trials.signals))
    _, affine = next(fitted("ridge_components", trials, everyone, prior, [candidates[best]], options))
    back = some.basis.T / some.spreads
    inward = Affine(affine.into, affine.out @ back, (affine.offset - some.mean) @ back)
    return inward, some.whitened(told[best]), candidates[best]


def _layer_decoder(
    trials: Trials, layer: Floats, options: Decode, folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> tuple[Affine, Floats]:
    """The map to one layer, with the spread that its answers on inner folds lack given back; and those answers so."""
    candidates = settings(FEATURES, options, (1, trials.signals.shape[1]))
    candidates = list({(c.penalty, c.voxels): c for c in candidates}.values())
    told = np.empty((len(candidates), *layer.shape))
    for inside, outside in folds:
        standard = standard_of(trials.signals[inside])
        found = _layer_maps(standard(trials.signals[inside]), layer[inside], candidates)
        for i, affine in enumerate(found):
            told[i, outside] = affine(standard(trials.signals[outside]))
    errors = [float(((one - layer) ** 2).sum()) for one in told]
    best = int(np.argmin(errors))
    standard = standard_of(trials.signals)
    affine = _layer_maps(standard(trials.signals), layer, [candidates[best]])[0]
    mean, spread = told[best].mean(axis=0), float(told[best].std(axis=0).mean())
    lacking = float(layer.std(axis=0).mean()) / spread if spread > 0 else 1.0
    gain = 1 + options.rescale * (max(lacking, 1.0) - 1)
    if not np.isfinite(gain):
        raise CohortError("decoded features have no finite scale", "see the signals: are their values sound?")
    wider = Affine(affine.into, affine.out * gain, mean + (affine.offset - mean) * gain)
    return wider, mean + (told[best] - mean) * gain


def _layer_maps(signals: Floats, layer: Floats, candidates: Sequence[Setting]) -> list[Affine]:
    """Features of the signal are chosen by how well the layer foretells them in these trials."""
    order = np.argsort(-relevance(signals, layer), kind="stable")
    maps = []
    for setting in candidates:
        kept = order[: setting.voxels] if setting.voxels else np.arange(signals.shape[1])
        maps.append(spread_over(ridge(signals[:, kept], layer, setting.penalty), kept, signals))
    return maps


def _components(maps: Floats, side: int, count: int, rng: np.random.Generator) -> Floats:
    """(filters, channels, side, side) of maps (n, channels, height, width), as many as there are directions."""
    reach = min(side, *maps.shape[2:])
    windows = np.lib.stride_tricks.sliding_window_view(maps, (reach, reach), axis=(2, 3))
    patches = np.moveaxis(windows, 1, 3).reshape(-1, maps.shape[1] * reach * reach)
    patches = patches[rng.permutation(len(patches))[:PATCHES]]
    patches = patches - patches.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(patches.T @ patches / len(patches))
    kept = min(count, int((values > 1e-9 * max(values[-1], 1e-300)).sum()))
    if kept == 0:
        raise CohortError("the pictures have no structure for a network to see", "take another decoder")
    filters = vectors[:, ::-1][:, :kept].T.reshape(kept, maps.shape[1], reach, reach)
    odd = reach if reach % 2 else reach + 1  # an even one is filled up, so that it has a middle
    return np.pad(filters, ((0, 0), (0, 0), (0, odd - reach), (0, odd - reach)))


def _layer(maps: Floats, filters: Floats) -> Floats:
    """Filtered with zeros around, rectified, the mean of each whole 2 x 2."""
    reach = filters.shape[-1] // 2
    padded = np.pad(maps, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, filters.shape[2:], axis=(2, 3))
    rectified = np.sqrt(np.einsum("nchwij,fcij->nfhw", windows, filters, optimize=True) ** 2 + SMOOTH**2)
    height, width = (n // 2 * 2 for n in rectified.shape[2:])
    parts = rectified[:, :, :height, :width].reshape(*rectified.shape[:2], height // 2, 2, width // 2, 2)
    return np.asarray(parts.mean(axis=(3, 5)))
