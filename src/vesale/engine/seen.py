"""What each network of a study saw in the exams that it learned from, kept beside its weights: the reference of the
gate's distances. Torch is needed only where it was not looked at before.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.pipeline import Pipeline, pipeline_of
from ..core.recipe import Recipe
from ..trust.space import Space, fit_space
from .division import Split, sides
from .events import Fitted
from .gating import Learned
from .infer import features
from .runtimes import open_onnx
from .samples import Sample, load_samples

MOST = 200
"""Exams of a part that are looked at, drawn at random: the distances need no more."""
STAGES, LAST = "stages", "features"
"""Names of the two checks: of the earlier stages and of what the answer rests on."""


def met_by(recipe: Recipe, split: Split, learned: tuple[Sequence[Sample], Sequence[Fitted]], out: Path) -> Learned:
    """What each part's network saw in the exams that it learned from, and what their files say."""
    samples, fitted = learned
    if recipe.validate.mode == "given":
        return _met_elsewhere(recipe, split, fitted[-1].digest, out)
    spaces = {}
    for one in fitted:
        folder = out / "fit" / one.part

        def early(folder: Path = folder) -> int:
            from .export import early_features
            from .fit import load_weights

            return early_features(load_weights(recipe, folder / "weights.safetensors"), recipe)

        some = sides(one.part, samples, split, recipe)[0]
        spaces[one.part] = spaces_of(folder, one.digest[:12], some, pipeline_of(recipe), early)
    part_of = {subject: f"fold-{k}" for subject, k in split.folds.items()}
    return Learned(spaces, part_of, tuple(fact for s in samples for fact in s.facts))


def _met_elsewhere(recipe: Recipe, split: Split, digest: str, out: Path) -> Learned:
    """Of a network that learned elsewhere: what it sees in the calibration exams, and for these in the other half."""
    assert split.calibration is not None
    samples = load_samples(split.calibration, recipe)
    folds = split.calibration.folds(2, recipe.seed)
    spaces = {}
    for part in ("all", "half-0", "half-1"):
        some = [s for s in samples if part != f"half-{folds[s.subject]}"]
        folder = out / "fit" / part
        folder.mkdir(parents=True, exist_ok=True)
        if part != "all":
            shutil.copyfile(out / "fit" / "all" / f"model-{digest[:12]}.onnx", folder / f"model-{digest[:12]}.onnx")
        spaces[part] = spaces_of(folder, digest[:12], some, pipeline_of(recipe), lambda: 0)
    part_of = {subject: f"half-{k}" for subject, k in folds.items()}
    return Learned(spaces, part_of, tuple(fact for s in samples for fact in s.facts))


def spaces_of(
    folder: Path, digest: str, samples: Sequence[Sample], pipeline: Pipeline, early: Callable[[], int]
) -> tuple[Space, ...]:
    """The spaces of the network `model-<digest>.onnx` in `folder`, from its learned exams; () where it says nothing.

    `early`: how many of its features are of the earlier stages; asked only when the exams have to be looked at.
    """
    path = folder / f"seen-{digest}.npz"
    if not path.exists():
        _look(folder / f"model-{digest}.onnx", path, samples, pipeline, early)
    with np.load(path, allow_pickle=False) as kept:
        seen, subjects, cut = kept["features"], [str(s) for s in kept["subjects"]], int(kept["early"])
    parts = [(STAGES, 0, cut), (LAST, cut, seen.shape[1] if seen.ndim == 2 else 0)]
    found = [fit_space(seen, subjects, part) for part in parts if part[2] > part[1]]
    return tuple(space for space in found if space is not None)


def _look(onnx: Path, path: Path, samples: Sequence[Sample], pipeline: Pipeline, early: Callable[[], int]) -> None:
    run = open_onnx(onnx)
    rows: list[NDArray[np.float32]] = []
    subjects: list[str] = []
    for views in _chosen(samples):
        some = [features(run, view.planes.astype(np.float32), pipeline) for view in views]
        known = [f for f in some if f is not None]
        if known:
            rows.append(np.asarray(np.mean(known, axis=0), np.float32))
            subjects.append(views[0].subject)
    arrays: Mapping[str, NDArray[np.generic]] = {
        "features": np.stack(rows) if rows else np.zeros((0, 0), np.float32),
        "subjects": np.array(subjects, dtype=str),
        "early": np.array(early() if rows else 0),
    }
    partial = path.with_suffix(".part")
    with partial.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def _chosen(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Up to MOST exams, each with its views, the same ones every time."""
    exams: dict[str, list[Sample]] = {}
    for sample in samples:
        exams.setdefault(sample.exam, []).append(sample)
    order = np.random.default_rng(0).permutation(len(exams))[:MOST]
    every = list(exams.values())
    return [every[i] for i in sorted(order)]
