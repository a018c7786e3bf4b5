"""Fitting a decoder as one part of a study: samples to trials, prior, decoder, ONNX, and the events that tell of it."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from ..core.errors import CohortError, RecipeError
from ..core.recipe import Recipe
from ..core.task import Picture
from ..io.picture import read_prior
from .decoding import FEATURES, LINEAR, Floats, Prior, Trials, fit_linear, prior_of
from .events import Event, Fitted, Started, Validated
from .samples import Sample


def picture_of(recipe: Recipe) -> tuple[str, Picture]:
    """The one output of a decoder's recipe; RecipeError for any other task."""
    outputs = [(n, o) for n, o in recipe.task.outputs.items() if isinstance(o, Picture)]
    if len(outputs) != 1 or len(recipe.task.outputs) != 1 or not recipe.task.from_signal:
        raise RecipeError(f"net.name: {recipe.net.name} decodes one picture from signals, and nothing else")
    name, output = outputs[0]
    if output.size is None or output.low is None or output.high is None or not output.low < output.high:
        raise RecipeError(f"task.outputs.{name}: a picture that was seen needs its size, and low below high")
    return name, output


def fit_decoder(recipe: Recipe, samples: Sequence[Sample], folder: Path, root: Path, part: str) -> Iterator[Event]:
    """Yield events until `folder/model-<digest>.onnx` is there; `root`: where the prior's path begins.

    What is there of the same trials, prior and recipe is taken up.
    """
    name, output = picture_of(recipe)
    trials = trials_of(samples, name, output)
    others = prior_pictures(recipe, root, output)
    yield Started(part, len(trials.signals), 0, 1)
    began, of = time.perf_counter(), _fingerprint(recipe, trials, others)
    kept = folder / f"decoder-{of[:16]}.txt"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with threadpool_limits(recipe.train.threads):
            path, error = _fit(recipe, trials, others, folder)
        kept.write_text(f"{path} {error!r}", encoding="utf-8")
    digest, measured = kept.read_text(encoding="utf-8").split()
    yield Validated(part, 1, "mse", float(measured), len(trials.signals))
    yield Fitted(part, 1, time.perf_counter() - began, digest)


def trials_of(samples: Sequence[Sample], name: str, output: Picture) -> Trials:
    """The samples whose picture is known; CohortError when there are none, or a picture is not in its range."""
    known = [s for s in samples if name in s.pictures]
    if not known:
        raise CohortError(f"no trial has a known picture {name!r}", f"fill the column picture, or picture_{name}")
    assert output.low is not None and output.high is not None
    pictures = np.stack([s.pictures[name].ravel() for s in known]).astype(float)
    if not (np.isfinite(pictures).all() and pictures.min() >= output.low and pictures.max() <= output.high):
        told = f"{pictures.min():g} to {pictures.max():g}"
        raise CohortError(f"pictures go from {told}, the recipe says {output.low:g} to {output.high:g}",
                          f"correct low and high of task.outputs.{name}")  # fmt: skip
    signals = np.stack([s.planes.reshape(len(s.planes), -1).mean(axis=0) for s in known]).astype(float)
    return Trials(signals, scaled(pictures, output), tuple(s.subject for s in known))


def prior_pictures(recipe: Recipe, root: Path, output: Picture) -> Floats | None:
    """(n, samples) scaled pictures of the prior's file; None: the pictures of the training are the prior."""
    if not recipe.decode.prior:
        return None
    assert output.size is not None
    found = read_prior(root / recipe.decode.prior, tuple(output.size))
    if found.shape[1] != len(output.channels):
        raise RecipeError(f"decode.prior: {found.shape[1]} channels, the picture has {len(output.channels)}")
    return scaled(found.reshape(len(found), -1).astype(float), output)


def scaled(pictures: Floats, output: Picture) -> Floats:
    """low becomes 0 and high 1."""
    assert output.low is not None and output.high is not None
    return np.asarray((pictures - output.low) / (output.high - output.low))


def _fit(recipe: Recipe, trials: Trials, others: Floats | None, folder: Path) -> tuple[str, float]:
    """(digest of the graph, mean squared error of the inner folds)."""
    from safetensors.numpy import save_file

    from .decoding_features import filters_of, fit_features
    from .decoding_onnx import Decoder, find, write_decoder

    name, output = picture_of(recipe)
    assert output.size is not None
    shape = (len(output.channels), output.size[0], output.size[1])
    learned = trials.pictures if others is None else others
    prior, method = prior_of(learned, shape, recipe.decode), recipe.net.name
    decoder: Decoder
    if method in LINEAR:
        decoder = fit_linear(method, trials, prior, recipe.decode, recipe.seed)
    else:
        assert method == FEATURES
        around = (filters_of(learned, shape, recipe.seed), recipe.seed, find)
        decoder = fit_features(trials, prior, recipe.decode, around)
    partial = folder / "decoder.part"
    write_decoder(decoder, name, output, partial)
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    partial.replace(folder / f"model-{digest[:12]}.onnx")
    save_file(_tensors(decoder.standard.centre, decoder.standard.gain, prior), folder / "weights.safetensors")
    (folder / "choice.txt").write_text(f"{decoder.setting}\n", encoding="utf-8")
    return digest, decoder.error


def _tensors(
    centre: Floats, gain: Floats, prior: Prior
) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """What another decoder may begin with: how signals are standardised, and the prior. The maps are in the graph."""
    named = {"mean": centre, "gain": gain, "prior.mean": prior.mean, "prior.basis": prior.basis}
    return {k: np.ascontiguousarray(v, np.float32) for k, v in {**named, "prior.spreads": prior.spreads}.items()}


def _fingerprint(recipe: Recipe, trials: Trials, others: Floats | None) -> str:
    whole = hashlib.sha256(recipe.digest.encode())
    for array in (trials.signals, trials.pictures, *([] if others is None else [others])):
        whole.update(np.ascontiguousarray(array).tobytes())
    whole.update("\n".join(trials.subjects).encode())
    return whole.hexdigest()
