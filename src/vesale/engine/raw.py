"""What a network says of one exam before any trust: raw answers, what was seen, what the pictures look like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import SourceError
from ..core.image import Image, Source
from ..core.pipeline import FEATURES, SPREAD, Pipeline
from ..core.prediction import Reason, Seen
from ..core.task import Partition, Picture
from ..io.formats import SIGNALS
from ..ops.look import Planes, prepare
from ..trust.activity import Reference, against, signal_statistics
from ..trust.appearance import image_statistics
from ..trust.known import Facts
from .facts import facts_of
from .infer import infer
from .runtimes import Runner
from .samples import slices_to_see
from .views import read_view

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    exam: str
    subject: str | None
    pooled: Mapping[str, Floats]
    """Output -> probabilities (names,) or the value (1,), the mean over the exam's views."""
    maps: Mapping[str, tuple[Floats, ...]]
    """Output -> one map (names, *shape) a view, on the image's own grid."""
    images: tuple[Image, ...]
    """The first input of each view."""
    statistics: NDArray[np.float64]
    names: tuple[str, ...]
    """Of the statistics."""
    seen: tuple[Seen, ...]
    notes: tuple[str, ...] = field(default=())
    features: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    """What the network sees, (D,), the mean over views; empty where its package does not say."""
    spreads: Mapping[str, tuple[Floats, ...]] = field(default_factory=dict)
    """Picture -> how far off its samples may be, of the shape of its map, a view; as the network states it."""
    facts: tuple[Facts, ...] = ()
    """What each file says of how it was made."""


def look_at(exam: tuple[str, str | None], views: Sequence[Sequence[Source]], run: Runner, pipeline: Pipeline) -> Raw:
    """Run the network over every view of an exam; `exam` is (id, subject), a view the sources of the task's inputs."""
    images, answers, statistics = [], [], []
    decided: list[str] = []
    names: tuple[str, ...] = ()
    for view in views:
        opened, remarks = read_view(view, pipeline.task, pipeline.look)
        decided += remarks
        planes = prepare(opened, pipeline.look, slices_to_see(opened[0], pipeline.task, pipeline.look))
        names, values = statistics_of(opened, planes, pipeline)
        statistics.append(values)
        answers.append(infer(run, planes, pipeline))
        images.append(opened[0])
    dense = [n for n, o in pipeline.task.outputs.items() if isinstance(o, (Partition, Picture))]
    whole = [n for n in pipeline.task.outputs if n not in dense]
    pooled = {n: np.asarray(np.mean([a[n] for a in answers], axis=0), np.float32) for n in whole}
    maps = {n: tuple(a[n] for a in answers) for n in dense}
    sources = [source for view in views for source in view]
    notes = tuple(dict.fromkeys([*(note for s in sources for note in s.description.notes), *decided]))
    seen = tuple(_seen(s) for s in sources)
    worst = np.mean(statistics, axis=0)
    features = _features(answers, pipeline)
    facts = tuple(facts_of(s) for s in sources)
    spreads = {n: tuple(a[n + SPREAD] for a in answers) for n in dense if all(n + SPREAD in a for a in answers)}
    return Raw(*exam, pooled, maps, tuple(images), worst, names, seen, notes, features, spreads, facts)


def _features(answers: Sequence[Mapping[str, Floats]], pipeline: Pipeline) -> Floats:
    if FEATURES in pipeline.task.outputs or not all(FEATURES in a for a in answers):
        return np.zeros(0, np.float32)
    return np.asarray(np.mean([a[FEATURES] for a in answers], axis=0), np.float32)


def foreign_kind(views: Sequence[Sequence[Source]], pipeline: Pipeline) -> Reason | None:
    """Why the model cannot be run at all: an image for a model of signals, a signal for one of images or of another
    number of features."""
    for source in (s for view in views for s in view):
        is_signal = source.description.format in SIGNALS
        if is_signal != pipeline.task.from_signal:
            found, wanted = ("a signal", "images") if is_signal else ("an image", "signals")
            return Reason("wrong_modality", f"The file holds {found}; this model reads {wanted}.")
        n, asked = len(source.channels), pipeline.look.channels if len(pipeline.task.inputs) == 1 else 1
        if is_signal and n != asked:
            message = f"The signal has {n} features; the model was trained on {asked}."
            return Reason("unlike_training", message, float(n), float(asked))
    return None


def unlooked(exam: tuple[str, str | None], views: Sequence[Sequence[Source]]) -> Raw:
    """Of an exam that the network was not shown: what its files are."""
    sources = [source for view in views for source in view]
    notes = tuple(dict.fromkeys(note for s in sources for note in s.description.notes))
    return Raw(*exam, {}, {}, (), np.zeros(0), (), tuple(_seen(s) for s in sources), notes)


def statistics_of(
    opened: Sequence[Image], planes: Planes, pipeline: Pipeline
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """What the gate looks at: the middle plane in the light that it was taken in, or a signal as its file has it."""
    if pipeline.task.from_signal:
        return signal_statistics(opened[0].data)
    middle = len(planes.data) // 2
    if pipeline.look.range != "local":
        return image_statistics(planes.data[middle])
    levels = slices_to_see(opened[0], pipeline.task, pipeline.look)
    whole = None if len(planes.data) == 1 else [middle if levels is None else levels[middle]]
    return image_statistics(prepare(opened, replace(pipeline.look, range="dtype"), whole).data[0])


def with_reference(raw: Raw, reference: Reference | None, included: bool = False) -> Raw:
    """Of signals: the statistics with those added that compare each view with the signals of the calibration."""
    if reference is None:
        return raw
    pairs = [against(reference, image.data, included) for image in raw.images]
    values = np.mean([v for _, v in pairs], axis=0)
    return replace(raw, statistics=np.concatenate([raw.statistics, values]), names=(*raw.names, *pairs[0][0]))


def save_raw(raw: Raw, path: Path) -> None:
    """Keep the answers (not the images) of an exam, for the calibration that comes when all folds are there."""
    arrays: dict[str, NDArray[np.generic]] = {"statistics": raw.statistics, "names": np.array(raw.names)}
    arrays["features"] = raw.features
    arrays |= {f"pooled/{n}": a for n, a in raw.pooled.items()}
    kept = np.float32 if raw.images and raw.images[0].kind == "signal" else np.float16
    for part, of in (("map", raw.maps), ("spread", raw.spreads)):
        arrays |= {f"{part}/{n}/{i}": a.astype(kept) for n, maps in of.items() for i, a in enumerate(maps)}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def load_raw(path: Path, exam: tuple[str, str | None], views: Sequence[Sequence[Source]], pipeline: Pipeline) -> Raw:
    """What `save_raw` kept, with the images opened again."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    pooled = {n.removeprefix("pooled/"): a for n, a in arrays.items() if n.startswith("pooled/")}
    maps, spreads = _by_output(arrays, "map"), _by_output(arrays, "spread")
    if not views or not views[0]:
        raise SourceError(f"{exam[0]}: no image", "fill the column image")
    sources = [source for view in views for source in view]
    again = [read_view(view[:1], pipeline.task, pipeline.look) for view in views]
    images = tuple(read[0][0] for read in again)
    decided = [note for read in again for note in read[1]]
    notes = tuple(dict.fromkeys([*(note for s in sources for note in s.description.notes), *decided]))
    return Raw(
        *exam,
        pooled,
        maps,
        images,
        arrays["statistics"],
        tuple(str(n) for n in arrays["names"]),
        tuple(_seen(s) for s in sources),
        notes,
        np.asarray(arrays.get("features", np.zeros(0)), np.float32),
        spreads,
        tuple(facts_of(s) for s in sources),
    )


def _by_output(arrays: Mapping[str, NDArray[np.generic]], part: str) -> dict[str, tuple[Floats, ...]]:
    """Output -> the arrays `part/output/view` in the order of the views."""
    found: dict[str, list[Floats]] = {}
    for name in arrays:
        if name.startswith(f"{part}/"):
            found.setdefault(name.split("/")[1], []).append(np.asarray(arrays[name], np.float32))
    return {name: tuple(each) for name, each in found.items()}


def _seen(source: Source) -> Seen:
    grid = source.levels[0]
    return Seen(
        source.description.sha256, source.description.modality, (len(source.channels), *grid.shape), grid.spacing
    )
