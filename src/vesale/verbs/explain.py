"""`vesale explain`: where a model looked for its answers, each map with the checks that it passed or failed."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import NotRegistered, RecipeError, ShapeError, SourceError, VesaleError
from ..core.explanation import METHODS, Explanation, Method, Neighbour
from ..core.image import Source
from ..core.prediction import AnsweredPartition, Prediction
from ..engine.aiming import target_of
from ..engine.explained import Bench, Wish, bench_of, explained, in_order, structures_in
from ..engine.neighbours import read_shelf
from ..engine.opened import OpenedModel, open_model
from ..engine.raw import Raw
from ..engine.reasons import write_maps
from ..io import open_mask
from ..render.documents import Failure, dumps
from ..render.explain_page import ExplainedRow, explain_page
from ..render.explanation import explanation_document, summary_document
from ..trust.neighbours import Shelf, nearest
from .list import find_model
from .read import Job, Opener, jobs_of

ALL = "all"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user wants explained."""

    output: str | None = None
    """Name of the answer; None: the first."""
    target: str | None = None
    """A class, a step or a structure; None: what was answered."""
    method: str = "occlusion"
    """occlusion, grad_cam, integrated_gradients, or all of those that can be had."""
    region: tuple[int, int, int, int] | None = None
    """Of an outline: top, left, bottom, right in samples."""
    mask: Path | None = None
    """Of an outline: an image that is nonzero there."""
    outlines: Path | str | None = None
    """A partition model that outlines the same exams, so that its findings are put into words beside the map."""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class ExplainedExams:
    documents: tuple[dict[str, Any], ...]
    """vesale/explanation/1, one an exam."""
    rows: tuple[ExplainedRow, ...]
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]
    """What could not be had, and which extra adds it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    """Everything that is made once for all exams."""

    bench: Bench
    wish: Wish
    outliner: OpenedModel | None
    shelf: Shelf | None
    out: Path
    language: str


def explain(
    inputs: Sequence[str | Path],
    model: Path | str | OpenedModel,
    out: Path,
    asked: Asked = Asked(),
    watch: Callable[[int, int, str], None] = lambda *_: None,
) -> ExplainedExams:
    """Explain the answers about files, folders, zips or a table into `out`: index.html, <exam>/explanation.json.

    `watch(number, of, exam)`. NotRegistered for an unknown name, RecipeError for what cannot be explained, MissingExtra
    or PackageError when the method cannot be had of this model; what is wrong with one exam is among the failures.
    """
    opened = model if isinstance(model, OpenedModel) else open_model(find_model(model))
    desk = _desk(opened, out, asked)
    out.mkdir(parents=True, exist_ok=True)
    documents, rows, failures = [], [], []
    with tempfile.TemporaryDirectory(prefix="vesale-") as scratch:
        jobs = list(jobs_of([str(i) for i in inputs], opened, Path(scratch), Opener(None)))
        for i, job in enumerate(jobs):
            try:
                document, row = _one(job, desk)
                documents.append(document)
                rows.append(row)
            except VesaleError as error:
                failures.append(Failure(job.shown, error.code, error.message, error.remedy))
            watch(i + 1, len(jobs), job.exam)
    page = explain_page(opened.identity, rows, failures, asked.language)
    (out / "index.html").write_text(page, encoding="utf-8")
    summary = summary_document(documents, opened.identity)
    (out / "explanations.json").write_text(dumps(summary) + "\n", encoding="utf-8")
    return ExplainedExams(tuple(documents), tuple(rows), tuple(failures), desk.bench.notes)


def _desk(model: OpenedModel, out: Path, asked: Asked) -> _Desk:
    known = (*METHODS, ALL)
    if asked.method not in known:
        raise NotRegistered(f"no method called {asked.method!r}; known: {', '.join(known)}")
    _, output, _ = target_of(model.pipeline, asked.output, asked.target)
    if output.kind != "partition" and (asked.region is not None or asked.mask is not None):
        raise RecipeError("a region is for outlines, and this answer is one for the whole image", "leave it out")
    if asked.region is not None and asked.mask is not None:
        raise RecipeError("the region is either a box or a mask", "give --region or --mask")
    wanted: tuple[Method, ...] = METHODS if asked.method == ALL else (asked.method,)  # type: ignore[assignment]
    bench, methods = bench_of(model, wanted, lenient=asked.method == ALL)
    mask = None if asked.mask is None else np.asarray(open_mask(asked.mask).data[0] > 0)
    wish = Wish(asked.output, asked.target, methods, asked.region, mask)
    outliner = None if asked.outlines is None else open_model(find_model(asked.outlines))
    return _Desk(bench, wish, outliner, read_shelf(model.package), out, asked.language)


def _one(job: Job, desk: _Desk) -> tuple[dict[str, Any], ExplainedRow]:
    """Read, explain and write one exam."""
    views = job.opens()
    prediction, raw = desk.bench.model.predict_sources((job.exam, job.subject), views)
    folder = desk.out / job.exam
    folder.mkdir(parents=True, exist_ok=True)
    notes = [*raw.notes, *desk.bench.notes]
    explanations: tuple[Explanation, ...] = ()
    if prediction.outputs:
        try:
            explanations = in_order(explained(desk.bench, (prediction, raw), views, desk.wish))
            explanations = _with_structures(explanations, prediction, views, (desk, notes))
        except SourceError as error:
            if desk.wish.region is not None or desk.wish.mask is not None:
                raise
            notes.append(error.message + (f" ({error.remedy})" if error.remedy else ""))
    written = {e.method: write_maps(folder, e, raw, [v[0] for v in views], desk.language) for e in explanations}
    neighbours = nearest(desk.shelf, raw.features) if desk.shelf is not None and raw.features.size else ()
    files = {str(method): [*pictures, *numbers] for method, (pictures, numbers) in written.items()}
    document = explanation_document(prediction, explanations, files, neighbours, notes)
    (folder / "explanation.json").write_text(dumps(document) + "\n", encoding="utf-8")
    return document, _row(prediction, (explanations, written), (neighbours, folder), tuple(notes))


def _with_structures(
    explanations: Sequence[Explanation],
    prediction: Prediction,
    views: Sequence[Sequence[Source]],
    desk: tuple[_Desk, list[str]],
) -> tuple[Explanation, ...]:
    """With what this model, and the one that outlines, drew in the first view."""
    where, notes = desk
    answers = list(prediction.outputs.values())
    if where.outliner is not None:
        other: tuple[Prediction, Raw] = where.outliner.predict_sources((prediction.exam, prediction.subject), views)
        answers += list(other[0].outputs.values())
        notes += [f"the outlining model gives nothing: {r.message}" for r in other[0].reasons if not other[0].outputs]
    found = []
    for e in explanations:
        drawn = [a for a in answers if isinstance(a, AnsweredPartition)]
        try:
            structures = tuple(s for a in drawn for s in structures_in(a, 0, e.maps[0]))
        except ShapeError as error:
            notes.append(error.message)
            structures = ()
        found.append(replace(e, structures=structures))
    return tuple(found)


def _row(
    prediction: Prediction,
    drawn: tuple[Sequence[Explanation], dict[Method, tuple[tuple[str, ...], tuple[str, ...]]]],
    alike: tuple[Sequence[Neighbour], Path],
    notes: tuple[str, ...],
) -> ExplainedRow:
    explanations, written = drawn
    neighbours, folder = alike
    exam = prediction.exam
    thumbnails = []
    for i, neighbour in enumerate(neighbours):
        if neighbour.thumbnail is not None:
            (folder / f"like-{i + 1}.png").write_bytes(neighbour.thumbnail)
            thumbnails.append(f"{exam}/like-{i + 1}.png")
    return ExplainedRow(
        prediction,
        tuple(explanations),
        {m: tuple(f"{exam}/{p}" for p in pictures) for m, (pictures, _) in written.items()},
        {m: tuple(f"{exam}/{n}" for n in numbers) for m, (_, numbers) in written.items()},
        tuple(neighbours),
        tuple(thumbnails),
        notes,
    )
