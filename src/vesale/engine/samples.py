"""An exam of a cohort as arrays to learn from: planes, truth, and where the truth counts. No torch here."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ShapeError, SourceError
from ..core.exam import Cohort, Exam, View
from ..core.image import Array, Image, Source
from ..core.recipe import Look, Recipe
from ..core.task import Category, Partition, Picture, Quantity, Task
from ..io import open_mask_on, open_source
from ..io.picture import open_picture
from ..ops.look import evenly, prepare, prepare_labels
from ..trust.known import Facts
from .facts import facts_of
from .views import read_view

IGNORED = 255
"""Label of samples that do not count (outside the region of interest, or unknown)."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One view of one exam, as the network sees it."""

    exam: str
    subject: str
    planes: NDArray[np.float16] | NDArray[np.float32]
    """(plane, channel, height, width): half floats in [0, 1], or single floats as they are where look.range = raw"""
    truth: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Pooled outputs: (1,) class index, step or value, or (names,) 0 / 1; nan where unknown."""
    labels: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    """Partitions: (plane, 1, height, width) of indices when exclusive, else (plane, names, height, width); 255 where
    the truth does not count."""
    pictures: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """The true pictures that are known: (channel, *shape), in their own unit."""
    facts: tuple[Facts, ...] = ()
    """What the files of the view say of how they were made."""


def load_samples(cohort: Cohort, recipe: Recipe) -> list[Sample]:
    """Every view of every exam, in the cohort's order, two files at a time."""
    jobs = [(exam, view) for exam in cohort for view in exam.views]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda job: load_sample(cohort, job[0], job[1], recipe), jobs))


def load_sample(cohort: Cohort, exam: Exam, view: View, recipe: Recipe) -> Sample:
    sources = open_view(cohort, view, recipe.task)
    images = read_view(sources, recipe.task, recipe.look)[0]
    levels = slices_to_see(images[0], recipe.task, recipe.look)
    planes = prepare(images, recipe.look, levels)
    labels = {}
    for name, output in recipe.task.outputs.items():
        if isinstance(output, Partition):
            whole = view_labels(cohort, view, output, images[0].grid.shape)
            labels[name] = prepare_labels(whole, planes.placement, levels).astype(np.uint8)
    truth = {
        name: _pooled_truth(exam.truth.get(name), output)
        for name, output in recipe.task.outputs.items()
        if isinstance(output, (Quantity, Category))
    }
    outputs = recipe.task.outputs.items()
    seen = {n: view_picture(cohort, view, n, o) for n, o in outputs if isinstance(o, Picture)}
    pictures = {name: picture for name, picture in seen.items() if picture is not None}
    kept = planes.data if recipe.look.range == "raw" else planes.data.astype(np.float16)
    return Sample(exam.id, exam.subject, kept, truth, labels, pictures, tuple(facts_of(s) for s in sources))


def open_view(cohort: Cohort, view: View, task: Task) -> list[Source]:
    """The images of a view in the order of the task's inputs."""
    return [open_source(cohort.root / view.inputs[name]) for name in _named(view, task.inputs)]


def slices_to_see(image: Image, task: Task, look: Look) -> list[int] | None:
    """Of a volume with one answer for the whole: evenly spread slices; None: all there are."""
    if len(image.grid.shape) != 3 or any(isinstance(o, Partition) for o in task.outputs.values()):
        return None
    return evenly(image.grid.shape[0], look.slices)


def view_labels(cohort: Cohort, view: View, output: Partition, shape: tuple[int, ...]) -> Array:
    """(1, *shape) of indices when exclusive, else (names, *shape) of 0 / 1; 255 where the truth does not count."""
    if output.exclusive:
        labels = _index_mask(cohort, view, output, shape)
    else:
        labels = np.zeros((len(output.names), *shape), np.uint8)
        for i, name in enumerate(output.names):
            if name in view.masks:
                labels[i] = _read_mask(cohort, view, view.masks[name], shape) > 0
        if not view.masks:
            labels[:] = IGNORED
    if view.roi is not None:
        labels[:, _read_mask(cohort, view, view.roi, shape) == 0] = IGNORED
    return labels


def view_picture(cohort: Cohort, view: View, name: str, output: Picture) -> NDArray[np.float32] | None:
    """The true picture of a view, (channel, *shape), from the column `picture_<name>`, or `picture`; None: not known.

    ShapeError when it has not the channels, or the size, that the recipe names.
    """
    path = view.pictures.get(name, view.pictures.get(""))
    if path is None:
        return None
    picture = np.asarray(open_picture(cohort.root / path).data, np.float32)
    if len(output.channels) == 1 and len(picture) == 3 and (picture == picture[:1]).all():
        picture = picture[:1]  # grey, stored as three equal channels
    wanted = (len(output.channels), *(output.size or picture.shape[1:]))
    if picture.shape != wanted:
        told, asked = (" x ".join(map(str, s)) for s in (picture.shape, wanted))
        raise ShapeError(
            f"{path}: a picture of {told}, the recipe names {asked}", "see task.outputs: channels and size"
        )
    return picture


def truth_index(value: str | float | None, output: Quantity | Category) -> int | None:
    """Index of a cell's class or step, or None when the cell is empty or names no class."""
    names = output.steps if isinstance(output, Quantity) else output.names
    if value is None or names is None:
        return None
    if isinstance(value, float) and isinstance(output, Quantity):
        return int(value) if value.is_integer() and 0 <= value < len(names) else None
    text = f"{value:g}" if isinstance(value, float) else value.strip()
    return names.index(text) if text in names else None


def _named(view: View, inputs: Sequence[str]) -> Iterator[str]:
    for name in inputs:
        if name not in view.inputs:
            raise SourceError(f"line {view.line}: no image for the input {name!r}", f"fill the column image_{name}")
        yield name


def _pooled_truth(value: str | float | None, output: Quantity | Category) -> NDArray[np.float32]:
    if isinstance(output, Category) and not output.exclusive:
        if value is None:
            return np.full(len(output.names), np.nan, np.float32)
        said = {v.strip() for v in str(value).split(";")}
        return np.array([n in said for n in output.names], np.float32)
    if isinstance(output, Quantity) and output.steps is None:
        return np.array([value if isinstance(value, float) else np.nan], np.float32)
    index = truth_index(value, output)
    return np.array([np.nan if index is None else index], np.float32)


def _index_mask(cohort: Cohort, view: View, output: Partition, shape: tuple[int, ...]) -> Array:
    path = view.masks.get("")
    if path is None:
        return np.full((1, *shape), IGNORED, np.uint8)
    mask = _read_mask(cohort, view, path, shape)
    if len(output.names) == 2:
        return (mask > 0).astype(np.uint8)[None]
    highest = int(mask.max(initial=0))
    if highest >= len(output.names):
        raise SourceError(
            f"{path}: the mask holds the value {highest}, the recipe names {len(output.names)} classes (0 to "
            f"{len(output.names) - 1})",
            "name every class in task.outputs, in the order of the mask's values",
        )
    return mask.astype(np.uint8)[None]


def _read_mask(cohort: Cohort, view: View, path: str, shape: tuple[int, ...]) -> Array:
    mask = open_mask_on(cohort.root / path, [cohort.root / image for image in view.inputs.values()])
    if mask.grid.shape != shape:
        raise ShapeError(
            f"{path}: the mask is {mask.grid.shape}, its image {shape}", "export the mask at the image's size"
        )
    return np.asarray(mask.data[0])
