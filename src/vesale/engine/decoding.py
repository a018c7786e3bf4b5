"""From signals to the pictures that were seen: ridge to samples, ridge to components, Gaussian inversion of a learned
prior; every choice is made inside the trials that are given. Decoders through the features of a network, and what they
all become in a package, are in the files beside this one.

Gaussian inversion: the signal as a linear answer to the picture's components plus correlated noise, turned round by
Bayes' rule with the components' own distribution as the prior (Thirion et al. 2006, NeuroImage 33:1104, and Naselaris
et al. 2009, Neuron 63:902, invert encoding models so). Pictures here are scaled: `low` is 0 and `high` is 1.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import CohortError
from ..core.recipe import Decode

Floats = NDArray[np.float64]
KNOTS = 7
"""Of the curve of spread over the decoded value, evenly from 0 to 1."""
LEAST_SPREAD = 0.01
"""Of the range: no sample is stated more exactly."""
WEIGHT = 10.0
"""Trials' worth of the whole picture's error in each sample's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What is learned from."""

    signals: Floats
    """(n, features) as the files have them"""
    pictures: Floats
    """(n, samples), scaled"""
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """What pictures of the kind are like: a Gaussian on components, most telling first."""

    mean: Floats
    """(samples,)"""
    basis: Floats
    """(components, samples), orthonormal rows"""
    spreads: Floats
    """(components,) standard deviations along them"""

    def first(self, count: int) -> "Prior":
        return Prior(self.mean, self.basis[:count], self.spreads[:count])

    def whitened(self, pictures: Floats) -> Floats:
        """(n, components) in standard deviations."""
        return np.asarray((pictures - self.mean) @ self.basis.T / self.spreads)


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """What each feature of the signal is taken from and multiplied by; 0 for a feature that never changes."""

    centre: Floats
    gain: Floats

    def __call__(self, signals: Floats) -> Floats:
        return np.asarray((signals - self.centre) * self.gain)


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """Standardised signals (n, features) -> (n, answers): signals @ into @ out + offset."""

    into: Floats
    out: Floats
    offset: Floats

    def __call__(self, standardised: Floats) -> Floats:
        return np.asarray(standardised @ self.into @ self.out + self.offset)


@dataclass(frozen=True, slots=True)
class Setting:
    """One choice of everything that is chosen; 0 components or voxels: all there are."""

    penalty: float
    components: int = 0
    voxels: int = 0
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Standard deviation of a decoded sample's error: a factor a sample times a curve over its value."""

    factor: Floats
    """(samples,)"""
    curve: Floats
    """(KNOTS,)"""

    def __call__(self, decoded: Floats) -> Floats:
        curve = np.interp(decoded, np.linspace(0, 1, KNOTS), self.curve)
        return np.asarray(np.maximum(self.factor * curve, LEAST_SPREAD))


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A decoder whose answer is one affine map, cut off at 0 and 1."""

    standard: Standard
    affine: Affine
    spread: Spread
    setting: Setting
    error: float
    """Mean squared error of its inner folds, in the scaled range."""

    def __call__(self, signals: Floats) -> Floats:
        return np.clip(self.affine(self.standard(signals)), 0, 1)


def prior_of(pictures: Floats, shape: tuple[int, ...], options: Decode) -> Prior:
    """The components of (n, samples) pictures, as many as the options ask for at most.

    `shape`: (channel, height, width). With `blend` a Gaussian field of length `smooth` and the pictures' own mean
    variance, channels apart, makes up that share of the covariance. CohortError when the pictures are all alike.
    """
    mean = pictures.mean(axis=0)
    rest = pictures - mean
    most = max(options.components)
    if not (rest.std() > 0):
        raise CohortError("all pictures are alike: there is nothing to decode", "see the column picture")
    if options.blend == 0:
        _, s, v = np.linalg.svd(rest, full_matrices=False)
        variances = s**2 / len(rest)
    else:
        field = _smooth(shape, options.smooth) * rest.var()
        covariance = (1 - options.blend) * rest.T @ rest / len(rest) + options.blend * field
        variances, v = np.linalg.eigh(covariance)
        variances, v = variances[::-1], v.T[::-1]
    kept = min(most, int((variances > 1e-9 * variances[0]).sum()))
    return Prior(mean, v[:kept], np.sqrt(variances[:kept]))


def standard_of(signals: Floats) -> Standard:
    """CohortError when no feature ever changes, or one is no finite number."""
    spread = signals.std(axis=0)
    if not np.isfinite(spread).all():
        raise CohortError("signals hold values that are no finite numbers", "see `vesale check`")
    alive = spread > 1e-12 * np.maximum(np.abs(signals).max(axis=0), 1e-300)
    if not alive.any():
        raise CohortError("no feature of the signals changes from trial to trial", "see the column image")
    return Standard(signals.mean(axis=0), np.where(alive, 1 / np.where(alive, spread, 1), 0.0))


def relevance(standardised: Floats, targets: Floats) -> Floats:
    """(features,) how much of each feature's variance the targets (n, m) foretell, by a ridge whose penalty is their
    mean eigenvalue, so that many noisy targets do not foretell everything."""
    centred = targets - targets.mean(axis=0)
    kernel = centred @ centred.T
    level = np.trace(kernel) / len(kernel)
    if not level > 0:
        raise CohortError("all pictures are alike: there is nothing to decode", "see the column picture")
    told = standardised.T @ np.linalg.solve(kernel + level * np.eye(len(kernel)), kernel)  # (features, n)
    return np.asarray(np.einsum("fn,nf->f", told, standardised) / len(kernel))


def ridge(standardised: Floats, targets: Floats, penalty: float) -> Affine:
    """Least squares with a penalty (Hoerl and Kennard 1970), in the space that the trials span."""
    mean = targets.mean(axis=0)
    values, vectors = np.linalg.eigh(standardised @ standardised.T)
    kept = values > 1e-10 * max(values[-1], 1e-300)
    roots, u = np.sqrt(values[kept]), vectors[:, kept]
    into = standardised.T @ u / roots  # (features, rank), orthonormal columns: no trial can be told from them
    out = (roots / (values[kept] + penalty))[:, None] * (u.T @ (targets - mean))
    return Affine(into, out, mean)


def _ridge_pixels(standardised: Floats, pictures: Floats, prior: Prior, setting: Setting, options: Decode) -> Affine:
    return ridge(standardised, pictures, setting.penalty)


def _ridge_components(
    standardised: Floats, pictures: Floats, prior: Prior, setting: Setting, options: Decode
) -> Affine:
    """Ridge to the prior's components, and from these to the picture."""
    some = prior.first(setting.components)
    found = ridge(standardised, (pictures - some.mean) @ some.basis.T, setting.penalty)
    return Affine(found.into, found.out @ some.basis, some.mean + found.offset @ some.basis)


def _gaussian(standardised: Floats, pictures: Floats, prior: Prior, setting: Setting, options: Decode) -> Affine:
    """The mean of the picture given the signal: (B S^-1 B' + weight)^-1 B S^-1, with the noise S part independent and
    part as the residuals have it, inverted by Woodbury's identity."""
    some = prior.first(setting.components)
    z = some.whitened(pictures)
    centre, n, k = z.mean(axis=0), len(z), z.shape[1]
    rest = z - centre
    laid = np.ones(k) if options.encode == "components" else (some.spreads**2).mean() / some.spreads**2
    gram = rest.T @ rest + setting.penalty * np.diag(laid)
    answers = np.linalg.solve(gram, rest.T @ standardised)  # (k, features)
    noise = standardised - rest @ answers
    free = max(1.0, n - float(np.trace(np.linalg.solve(gram, rest.T @ rest))))
    variance = (noise**2).sum(axis=0) / free
    alone = 1 / np.maximum(options.shrink * variance, 1e-12)  # (features,)
    alone = np.where(variance > 0, alone, 0.0)
    shared = noise.T * np.sqrt((1 - options.shrink) / free)  # (features, n)
    inner = np.eye(n) + shared.T @ (alone[:, None] * shared)
    scaled = alone[:, None] * answers.T  # (features, k)
    precise = scaled - alone[:, None] * (shared @ np.linalg.solve(inner, shared.T @ scaled))
    back = np.linalg.solve(answers @ precise + setting.weight * np.eye(k), precise.T).T  # (features, k)
    offset = some.mean + ((centre @ answers @ back) * some.spreads) @ some.basis
    return Affine(back, some.spreads[:, None] * some.basis, offset)


Method = Callable[[Floats, Floats, Prior, Setting, Decode], Affine]
LINEAR: Mapping[str, Method] = {
    "ridge_pixels": _ridge_pixels,
    "ridge_components": _ridge_components,
    "gaussian": _gaussian,
}
"""net.name -> how standardised signals and pictures become an affine map."""
FEATURES = "features"
"""net.name of the decoder through the features of a network (decoding_features.py)."""
DECODERS = (*LINEAR, FEATURES)


def settings(method: str, options: Decode, available: tuple[int, int]) -> list[Setting]:
    """Everything to choose from; `available`: how many components and features of the signal there are at most."""
    components = sorted({min(c, available[0]) for c in options.components}) if method != "ridge_pixels" else [0]
    voxels = sorted({v if v < available[1] else 0 for v in options.voxels}) or [0]
    weights = options.weights if method == "gaussian" else (1.0,)
    return [Setting(*one) for one in itertools.product(options.penalties, components, voxels, weights)]


def fit_linear(method: str, trials: Trials, prior: Prior, options: Decode, seed: int) -> Linear:
    """The decoder of all trials by the setting that does best on inner folds, whose errors give its spread."""
    candidates = settings(method, options, (len(prior.basis), trials.signals.shape[1]))
    told = np.empty((len(candidates), *trials.pictures.shape))
    for inside, outside in inner_folds(trials.subjects, options.inner, seed):
        found = [f for _, f in fitted(method, trials, inside, prior, candidates, options)]
        standard = standard_of(trials.signals[inside])
        rest = standard(trials.signals[outside])
        for i, affine in enumerate(found):
            told[i, outside] = np.clip(affine(rest), 0, 1)
    losses = [loss(one, trials.pictures, options.choose) for one in told]
    best = int(np.argmin(losses))
    everyone = np.arange(len(trials.signals))
    standard, affine = next(fitted(method, trials, everyone, prior, [candidates[best]], options))
    error = float(((told[best] - trials.pictures) ** 2).mean())
    return Linear(standard, affine, spread_of(told[best], trials.pictures), candidates[best], error)


def fitted(
    method: str, trials: Trials, some: NDArray[np.intp], prior: Prior, candidates: Sequence[Setting], options: Decode
) -> Iterator[tuple[Standard, Affine]]:
    """The map of each setting from some of the trials; features of the signal are chosen from those alone."""
    standard = standard_of(trials.signals[some])
    signals, pictures = standard(trials.signals[some]), trials.pictures[some]
    order = np.argsort(-relevance(signals, prior.whitened(pictures)), kind="stable")
    for setting in candidates:
        kept = order[: setting.voxels] if setting.voxels else np.arange(signals.shape[1])
        yield standard, spread_over(LINEAR[method](signals[:, kept], pictures, prior, setting, options), kept, signals)


def spread_over(affine: Affine, kept: NDArray[np.intp], signals: Floats) -> Affine:
    """The same map of the whole signal: features that were not kept count nothing."""
    into = np.zeros((signals.shape[1], affine.into.shape[1]))
    into[kept] = affine.into
    return Affine(into, affine.out, affine.offset)


def inner_folds(subjects: Sequence[str], count: int, seed: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """(inside, outside) by subject, as even as can be. CohortError when there are fewer than three subjects."""
    names, codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    if len(names) < 3:
        raise CohortError(
            f"{len(names)} subjects to learn from: nothing can be chosen inside them", "give three or more"
        )
    of = np.random.default_rng([seed, 29]).permutation(len(names)) % min(count, len(names))
    fold = of[codes.reshape(-1)]
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(int(fold.max()) + 1)]


def loss(decoded: Floats, pictures: Floats, by: str) -> float:
    """What a choice is judged by: mean squared error, or one minus the mean correlation; smaller is better."""
    if by == "mse":
        return float(((decoded - pictures) ** 2).mean())
    a, b = (m - m.mean(axis=1, keepdims=True) for m in (decoded, pictures))
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return 1 - float(np.mean(np.where(sizes > 0, (a * b).sum(axis=1) / np.where(sizes > 0, sizes, 1), 0)))


def spread_of(decoded: Floats, pictures: Floats) -> Spread:
    """From answers of inner folds, (n, samples) each: how far off samples were, by their value and by their place."""
    squares = (decoded - pictures) ** 2
    place = decoded * (KNOTS - 1)
    near = np.stack([np.maximum(0, 1 - np.abs(place - k)).ravel() for k in range(KNOTS)])  # (KNOTS, n * samples)
    whole = squares.mean()
    counts = near.sum(axis=1)
    curve = np.sqrt((near @ squares.ravel() + WEIGHT * whole) / (counts + WEIGHT))
    foretold = np.interp(decoded, np.linspace(0, 1, KNOTS), curve) ** 2
    factor = np.sqrt((squares.sum(axis=0) + WEIGHT * whole) / (foretold.sum(axis=0) + WEIGHT * whole))
    return Spread(factor, np.maximum(curve, LEAST_SPREAD))


def _smooth(shape: tuple[int, ...], length: float) -> Floats:
    """(samples, samples) correlation exp(-d^2 / 2 length^2) of samples of one channel, none between channels."""
    channels, *plane = shape
    places = np.stack(np.meshgrid(*(np.arange(n) for n in plane), indexing="ij"), axis=-1).reshape(-1, len(plane))
    squares = ((places[:, None] - places[None]) ** 2).sum(axis=-1)
    return np.asarray(np.kron(np.eye(channels), np.exp(-squares / (2 * length**2))))
