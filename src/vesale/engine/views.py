"""The images of one view as a model wants them: which level, channels in which order. Resampling lives in ops."""

from collections.abc import Sequence
from math import prod

from ..core.errors import ShapeError, SourceError
from ..core.grid import Grid
from ..core.image import Image, Source
from ..core.recipe import Look
from ..core.task import Partition, Picture, Task
from ..ops.channels import arranged
from ..ops.levels import level_for, level_for_size

MOST_SAMPLES = 300_000_000
"""Of a flat image that is held whole, its channels counted: planes of floats take four bytes each, twice."""


def read_view(sources: Sequence[Source], task: Task, look: Look) -> tuple[list[Image], tuple[str, ...]]:
    """The images of a task's inputs, whole, at the level that the look needs, and notes on what was decided.

    SourceError when that level is too large to hold; ShapeError, naming the file, when the channels are not the
    model's. An outline is drawn on the finest level, so that is what is read for one.
    """
    images, notes = [], []
    for source in sources:
        level = 0 if _dense(task) else level_for(source.levels, look)
        _guard(source, level, _dense(task))
        image = source.read(level=level)
        if level:
            notes.append(f"level {level} of {len(source.levels)} is read{_scale(source.levels[level])}")
        if len(sources) == 1 and look.range != "raw":
            image, remarks = _in_order(image, look, source)
            notes += remarks
        images.append(image)
    return images, tuple(notes)


def read_picture(source: Source, longest: int) -> Image:
    """The whole of a source to look at: the coarsest level whose long side is at least `longest`."""
    level = level_for_size(source.levels, (longest, longest))
    _guard(source, level, False)
    return source.read(level=level)


def _dense(task: Task) -> bool:
    return any(isinstance(o, (Partition, Picture)) for o in task.outputs.values())


def _guard(source: Source, level: int, dense: bool) -> None:
    grid = source.levels[level]
    samples = prod(grid.shape) * len(source.channels)
    if len(grid.shape) != 2 or samples <= MOST_SAMPLES:
        return
    shape = " x ".join(map(str, (*grid.shape, len(source.channels))))
    why = "outlines are drawn on the finest level" if dense else f"level {level} is the one that the model needs"
    raise SourceError(
        f"{_name(source)}: {shape} samples{_scale(grid)} are too many to read at once "
        f"(the most is {MOST_SAMPLES // 10**6} million); {why}",
        "cut out the region that matters, or use a model that was learned at a coarser look.spacing or a look.size",
    )


def _in_order(image: Image, look: Look, source: Source) -> tuple[Image, tuple[str, ...]]:
    try:
        return arranged(image, look)
    except ShapeError as error:
        raise ShapeError(f"{_name(source)}: {error.message}", error.remedy) from None


def _scale(grid: Grid) -> str:
    return "" if grid.spacing is None else f" at {grid.spacing[-2] * 1000:.4g} um a pixel"


def _name(source: Source) -> str:
    files = source.description.files
    return files[0].name if files else "an image"
