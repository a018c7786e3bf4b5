"""The shelf of training exams in a package: filled by `study` where the recipe asks, read when an exam is explained."""

import hashlib
import itertools
from pathlib import Path

import numpy as np

from ..core.errors import PackageError
from ..core.exam import Cohort
from ..core.recipe import Recipe
from ..io.package import Package
from ..render.composite import composite
from ..render.overlay import thumbnail
from ..trust.neighbours import Shelf, shelf_of
from .opened import OpenedModel
from .raw import look_at
from .samples import open_view

FILE = "neighbours.npz"
SIDE = 96
"""Long side of a thumbnail in pixels."""
KEPT = {
    "hashed": "The package carries features of its training exams, with hashed ids.",
    "ids": "The package carries features of its training exams, with their ids.",
    "thumbnails": "The package carries features, ids and small pictures of its training exams.",
}
"""What the card says of each way to keep them."""


def shelf_from(model: OpenedModel, cohort: Cohort, recipe: Recipe) -> Shelf | None:
    """The learned exams as the packaged network sees them; None when the recipe wants none, or it does not say."""
    kept = recipe.trust.neighbours
    if kept == "none":
        return None
    features, names, subjects, pictures = [], [], [], []
    for exam in cohort:
        views = [open_view(cohort, view, recipe.task) for view in exam.views]
        raw = look_at((exam.id, exam.subject), views, model.run, model.pipeline)
        if not raw.features.size:
            return None
        features.append(raw.features)
        names.append(hashlib.sha256(exam.id.encode()).hexdigest()[:12] if kept == "hashed" else exam.id)
        subjects.append(exam.subject)
        if kept == "thumbnails":
            pictures.append(thumbnail(composite(raw.images[0]), SIDE))
    return shelf_of(np.stack(features), names, subjects, pictures)


def write_shelf(folder: Path, shelf: Shelf) -> None:
    """Into a package's folder, whose manifest must be written after."""
    ends = np.cumsum([0, *map(len, shelf.thumbnails)])
    np.savez_compressed(
        folder / FILE,
        names=np.array(shelf.names),
        features=shelf.features,
        centre=shelf.centre,
        scale=shelf.scale,
        own=shelf.own,
        pictures=np.frombuffer(b"".join(shelf.thumbnails), np.uint8),
        ends=ends,
    )


def read_shelf(package: Package) -> Shelf | None:
    """What a package carries, or None; PackageError when it cannot be read."""
    if FILE not in package.files:
        return None
    try:
        with np.load(package.folder / FILE, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        pictures, ends = arrays["pictures"].tobytes(), arrays["ends"]
        thumbnails = tuple(pictures[a:b] for a, b in itertools.pairwise(ends))
        names = tuple(str(n) for n in arrays["names"])
        return Shelf(names, arrays["features"], arrays["centre"], arrays["scale"], arrays["own"], thumbnails)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise PackageError(f"{FILE}: {error}", "the package is damaged: get it again") from None
