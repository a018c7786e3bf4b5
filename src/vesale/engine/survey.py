"""What a plan needs to know of a cohort: what its images are like, and what its truth asks for."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.errors import CohortError, VesaleError
from ..core.exam import Cohort, Exam
from ..core.image import Image
from ..core.task import Category, Output, Partition, Picture, Quantity, Task
from ..io import open_mask, open_source
from ..io.picture import open_picture
from ..ops.channels import PLAIN
from ..ops.look import DARK
from .views import read_picture

LOOKED = 48
"""Exams whose pixels are looked at, evenly spread over the table."""
LONGEST = 2048
"""Of a pyramid the coarsest level is looked at whose long side is at least this."""
MOST_STEPS = 10
"""More different whole numbers than this are a quantity, not a grade."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    exams: int
    subjects: int
    looked: int
    shape: tuple[int, int]
    """Median (height, width)."""
    smallest: tuple[int, int]
    volumes: bool
    colour: bool
    kinds: tuple[str, ...]
    """Sample types: uint8, uint16, float32, ..."""
    modalities: tuple[str, ...]
    spacings: tuple[tuple[float, float] | None, ...]
    channels: tuple[str, ...]
    """Names, where most images have the same ones and they are neither grey nor red, green, blue."""
    levels: tuple[float, float]
    """0.5 and 99.5 percentile of all samples looked at."""
    framed: bool
    """Most pictures have a dark frame."""
    features: int | None = None
    """Of signals: how many values a trial has; None of images."""


def survey(cohort: Cohort) -> Surveyed:
    """Look at up to 48 exams; CohortError when none can be read."""
    step = max(1, len(cohort) // LOOKED)
    images, modalities, grids = [], [], []
    for exam in list(cohort)[::step][:LOOKED]:
        try:
            source = open_source(cohort.root / next(iter(exam.views[0].inputs.values())))
            images.append(read_picture(source, LONGEST))
        except VesaleError:
            continue
        modalities.append(source.description.modality or _said(exam))
        grids.append(source.levels[0])
    if not images:
        raise CohortError(f"{cohort.name}: no image could be read", "see `vesale check`")
    features = _features(cohort, images)
    shapes = np.array([g.shape[-2:] for g in grids])
    samples = np.concatenate([i.data.ravel()[:: max(1, i.data.size // 20_000)] for i in images]).astype(float)
    levels = np.percentile(samples[np.isfinite(samples)], [0.5, 99.5])
    height, width = (int(v) for v in np.median(shapes, axis=0))
    return Surveyed(
        exams=len(cohort),
        subjects=len(cohort.subjects),
        looked=len(images),
        shape=(height, width),
        smallest=(int(shapes[:, 0].min()), int(shapes[:, 1].min())),
        volumes=any(len(i.grid.shape) == 3 for i in images),
        colour=features is None and any(_coloured(i) for i in images),
        kinds=tuple(sorted({str(i.data.dtype) for i in images})),
        modalities=tuple(sorted({m for m in modalities if m})),
        spacings=tuple((float(s[-2]), float(s[-1])) if (s := g.spacing) else None for g in grids),
        channels=_channels(images),
        levels=(float(levels[0]), float(levels[1])),
        framed=features is None and float(np.mean([_framed(i) for i in images])) > 0.5,
        features=features,
    )


def _features(cohort: Cohort, images: Sequence[Image]) -> int | None:
    """The one number of features of a cohort of signals, or None of images. CohortError for a mixture."""
    counts = sorted({len(i.data) if i.kind == "signal" else 0 for i in images})
    if len(counts) > 1:
        told = " and ".join(f"signals of {n} features" if n else "images" for n in counts)
        raise CohortError(f"{cohort.name}: one model reads one kind: found {told}", "make a cohort of each")
    return counts[0] or None


def _said(exam: Exam) -> str | None:
    """DICOM's code of a modality in the column `modality`, for files that cannot say it themselves."""
    said = exam.traits.get("modality")
    return said if isinstance(said, str) and re.fullmatch(r"[A-Z]{2,16}", said) else None


def task_of_cohort(cohort: Cohort) -> Task:
    """What the table asks for: its masks, else its label columns. CohortError when there is neither."""
    outputs: dict[str, Output] = {}
    classes = sorted({c for e in cohort for v in e.views for c in v.masks if c})
    if classes:
        outputs["mask"] = Partition(tuple(classes), exclusive=False)
    elif any("" in v.masks for e in cohort for v in e.views):
        outputs["mask"] = _index_partition(cohort)
    drawn = any(v.pictures for e in cohort for v in e.views)
    for name in (
        [] if drawn else sorted({n for e in cohort for n in e.truth})
    ):  # beside pictures labels are their classes
        output = _label(name, [e.truth.get(name) for e in cohort])
        if output is not None:
            outputs[name] = output
    for name in sorted({n for e in cohort for v in e.views for n in v.pictures}):
        outputs[name or "picture"] = _picture(cohort, name)
    if not outputs:
        columns = "label, grade, ... or mask"
        raise CohortError(f"{cohort.name}: nothing to learn: no label and no mask", f"give a column: {columns}")
    inputs = tuple(sorted({n for e in cohort for v in e.views for n in v.inputs}))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", cohort.name.split("/")[0]).strip("-") or "task"
    return Task(name, outputs, inputs)


def strata(cohort: Cohort, task: Task) -> dict[str, str]:
    """Subject -> its commonest class or step, so that folds and splits hold the same share of each."""
    found: dict[str, Counter[str]] = {}
    for name, output in task.outputs.items():
        if isinstance(output, Category) or (isinstance(output, Quantity) and output.steps):
            for exam in cohort:
                found.setdefault(exam.subject, Counter())[str(exam.truth.get(name))] += 1
            break
    return {subject: counts.most_common(1)[0][0] for subject, counts in found.items()}


def class_counts(cohort: Cohort, output: Output, name: str) -> Mapping[str, int]:
    """Subjects of each class or step."""
    if isinstance(output, Category) or (isinstance(output, Quantity) and output.steps):
        pairs = {(e.subject, str(e.truth.get(name))) for e in cohort if e.truth.get(name) is not None}
        return Counter(value for _, value in pairs)
    return {}


def _label(name: str, cells: Sequence[str | float | None]) -> Output | None:
    values = [c for c in cells if c is not None]
    if not values:
        return None
    if all(isinstance(v, float) for v in values):
        numbers = sorted({float(v) for v in values})
        whole = all(v.is_integer() and v >= 0 for v in numbers)
        if len(numbers) == 2 and all(v.is_integer() for v in numbers):  # 0 and 1, but also 1 and 2, or -1 and 1
            return Category(tuple(f"{v:g}" for v in numbers))
        if whole and 3 <= len(numbers) <= MOST_STEPS and numbers[-1] < MOST_STEPS:
            return Quantity(steps=tuple(str(i) for i in range(int(numbers[-1]) + 1)))
        return Quantity() if len(numbers) > 1 else None
    texts = [f"{v:g}" if isinstance(v, float) else v for v in values]
    if any(";" in t for t in texts):
        names = sorted({p.strip() for t in texts for p in t.split(";")} - {""})
        return Category(tuple(names), exclusive=False)
    names = sorted(set(texts))
    if len(names) < 2:
        return None
    if len(names) > max(20, len(texts) // 3):
        raise CohortError(
            f"the column {name} holds {len(names)} different texts in {len(texts)} exams, so it names no classes",
            "name the label column with --label, or correct its cells",
        )
    return Category(tuple(names))


def _index_partition(cohort: Cohort) -> Partition:
    """Names by the values that the masks hold: 0 is background."""
    highest, binary = 1, True
    paths = [v.masks[""] for e in cohort for v in e.views if "" in v.masks]
    for path in paths[:: max(1, len(paths) // LOOKED)]:
        values = np.unique(open_mask(cohort.root / path).data)
        foreground = values[values > 0]
        binary = binary and len(foreground) <= 1
        highest = max(highest, int(values.max(initial=0)))
    if binary:
        return Partition(("background", "structure"))
    if highest > 63:
        raise CohortError(
            f"{cohort.name}: the masks hold values up to {highest}; expected 0 for background, then 1, 2, 3, ...",
            "export the masks as label indices, not as grey or coloured pictures",
        )
    return Partition(("background", *(f"class {i}" for i in range(1, highest + 1))))


def _picture(cohort: Cohort, name: str) -> Picture:
    """Its channels, size and range, as the pictures looked at have them: of whole bytes all that a byte can hold."""
    paths = [v.pictures[name] for e in cohort for v in e.views if name in v.pictures]
    some = [open_picture(cohort.root / path) for path in paths[:: max(1, len(paths) // LOOKED)]]
    shapes = {picture.grid.shape for picture in some}
    byte = all(picture.data.dtype == np.uint8 for picture in some)
    low, high = (0.0, 255.0) if byte and max(p.data.max() for p in some) > 1 else (
        float(min(p.data.min() for p in some)), float(max(p.data.max() for p in some)))  # fmt: skip
    return Picture(some[0].channels, size=shapes.pop() if len(shapes) == 1 else None, low=low, high=high)


def _channels(images: Sequence[Image]) -> tuple[str, ...]:
    names, _ = Counter(i.channels for i in images).most_common(1)[0]
    return () if len(names) == 1 or names in PLAIN.values() else names


def _coloured(image: Image) -> bool:
    if image.channels != PLAIN[3]:
        return False
    a, b, c = (image.data[i].ravel()[:: max(1, image.data[0].size // 5000)].astype(float) for i in range(3))
    return float(np.abs(a - b).max(initial=0) + np.abs(b - c).max(initial=0)) > 0


def _framed(image: Image) -> bool:
    data = image.data.reshape(-1, *image.data.shape[-2:])[0].astype(float)
    top = float(np.percentile(data, 99)) or 1.0
    edge = np.concatenate([data[:, 0], data[:, -1]]) / top
    return bool((edge < DARK * 2).mean() > 0.9)
