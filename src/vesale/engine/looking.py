"""Every file of a cohort opened once, for all that is asked of it; what that says of the cohort is judged elsewhere."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from ..core.errors import VesaleError
from ..core.exam import Cohort, View
from ..core.image import Image, Source
from ..io import open_mask_on, open_source
from ..io.formats import SIGNALS
from ..io.picture import open_picture
from ..ops.digest import pixel_digest
from ..ops.thumbnail import Grey, share_thumbnail, thumbnail
from .views import read_picture

DECODED = 64_000_000
"""Images of more samples than this are compared by the bytes of their files, so that memory stays bounded."""
THREADS, AHEAD = 2, 8
"""Files that are decoded at a time, and that may wait for it: a cohort is never in memory."""
COARSE = 512
"""Long side of the level at which a slide is looked at."""
Use = Literal["image", "mask", "picture", "roi"]
Key = tuple[Use, str]
Examine = Callable[[Image, Source], Any]
"""An image with all its samples, and its source -> something small that is kept. Called from two threads."""
Watch = Callable[[int, int], None]
"""Files done, files in all."""


@dataclass(frozen=True, slots=True, eq=False)
class Inspected:
    """What one file turned out to be."""

    shape: tuple[int, ...] = ()
    digest: str = ""
    """Of the samples; of the file's bytes when there are more than `DECODED`; empty of a mask, and of a large picture
    that is a truth."""
    signal: bool = False
    fault: tuple[str, str] | None = None
    """(message, remedy) when it cannot be read."""
    thumbnail: Grey | None = None
    """Grey, long side 128; of a mask or region the share of each area that is labelled (255 = all)."""
    examined: Mapping[str, Any] = field(default_factory=dict)
    """Name of an `Examine` -> what it kept of this image; of images that are decoded whole only."""


def inspect(cohort: Cohort, examine: Mapping[str, Examine], watch: Watch = lambda _, __: None) -> dict[Key, Inspected]:
    """(use, path) -> what the file is; files of the same bytes are opened once, two at a time.

    `examine`: what else is asked of an image while its samples are there.
    """
    same: dict[tuple[Use, str, str], list[str]] = {}
    for use, path in dict.fromkeys(pair for exam in cohort for view in exam.views for pair in uses(view)):
        key = (use, cohort.contents.get(path, path), PurePosixPath(path).suffix)
        same.setdefault(key, []).append(path)
    drawn = {m: list(v.inputs.values()) for exam in cohort for v in exam.views for m in v.masks.values()}
    jobs: list[Key] = [(key[0], paths[0]) for key, paths in same.items()]

    def look(job: Key) -> Inspected:
        return _look(cohort.root, drawn, job, examine)

    found: dict[Key, Inspected] = {}
    for n, (paths, seen) in enumerate(zip(same.values(), _in_turn(look, jobs), strict=True)):
        found |= {(jobs[n][0], path): seen for path in paths}
        watch(n + 1, len(jobs))
    return found


def uses(view: View) -> Iterator[Key]:
    """The files of a view, each with what it is for."""
    yield from (("image", path) for path in view.inputs.values())
    yield from (("mask", path) for path in view.masks.values())
    yield from (("picture", path) for path in view.pictures.values())
    if view.roi:
        yield "roi", view.roi


def _in_turn(look: Callable[[Key], Inspected], jobs: Sequence[Key]) -> Iterator[Inspected]:
    """The results in the order of the jobs, at most `AHEAD` of them under way."""
    with ThreadPoolExecutor(THREADS) as pool:
        under_way: deque[Future[Inspected]] = deque()
        for job in jobs:
            under_way.append(pool.submit(look, job))
            if len(under_way) == AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _look(root: Path, drawn: Mapping[str, Sequence[str]], job: Key, examine: Mapping[str, Examine]) -> Inspected:
    """`drawn`: mask -> the images that it was drawn on."""
    use, path = job
    try:
        if use == "mask":
            mask = open_mask_on(root / path, [root / image for image in drawn[path]])
            return Inspected(mask.grid.shape, thumbnail=share_thumbnail(mask.data))
        if use == "picture":
            picture = open_picture(root / path)
            small = picture.data.size <= DECODED
            return Inspected(picture.grid.shape, pixel_digest(picture.data) if small else "")
        source = open_source(root / path)
        if use == "roi":
            return _region(source)
        return _image(source, examine)
    except VesaleError as error:
        message = error.message.replace(str(root / path), path)
        remedy = error.remedy or "open it in another viewer; if that fails too, export it again"
        return Inspected(fault=(message, remedy))


def _region(source: Source) -> Inspected:
    shape = source.levels[0].shape
    small = prod(shape) * len(source.channels) <= DECODED
    return Inspected(shape, thumbnail=share_thumbnail(source.read().data) if small else None)


def _image(source: Source, examine: Mapping[str, Examine]) -> Inspected:
    shape = source.levels[0].shape
    seen = Inspected(shape, source.description.sha256, source.description.format in SIGNALS)
    if prod(shape) * len(source.channels) > DECODED:
        coarse = read_picture(source, COARSE) if len(source.levels) > 1 else None
        return replace(seen, thumbnail=thumbnail(coarse.data) if coarse else None)
    image = source.read()
    kept = {name: ask(image, source) for name, ask in examine.items()}
    return replace(seen, digest=pixel_digest(image.data), thumbnail=thumbnail(image.data), examined=kept)
