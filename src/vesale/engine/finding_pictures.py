"""A picture for each finding: what is drawn is asked of the finding's own detector, else its exams are shown."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import VesaleError
from ..core.exam import Cohort, Exam
from ..core.report import Finding
from ..io import open_source
from ..io.write import write_png
from ..render.side_by_side import boxed, chequered, side_by_side, tile
from ..render.words import say
from ..trust.near_copies import Copy
from .views import read_picture

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""(top, left, bottom, right), as shares of height and width."""
Drawing = Callable[[], Picture | None]
"""(H, W, 3) when it is wanted; None where there is nothing to show."""
MOST = 200
"""Findings that get a picture, the gravest first."""
SHOWN = 4
"""Exams beside each other."""
SIZE = 640
"""Least long side at which a slide is read for it."""
FOLDER = "pictures"


@dataclass(frozen=True, slots=True)
class Shown:
    """An exam of a cohort, as it is drawn and named."""

    cohort: Cohort
    exam: Exam

    @property
    def name(self) -> str:
        said = [str(v) for v in self.exam.truth.values() if v is not None]
        return " \u00b7 ".join([*said[:2], *([self.exam.split] if self.exam.split else []), self.exam.id])


def with_pictures(findings: Sequence[Finding], drawings: Mapping[str, Drawing], out: Path) -> list[Finding]:
    """The findings, with the path of a PNG below `out` where a drawing is known for their id."""
    done = []
    for n, finding in enumerate(findings):
        drawing = drawings.get(finding.id) if n < MOST else None
        picture = drawing() if drawing else None
        if picture is not None:
            path = f"{FOLDER}/{finding.id}.png"
            write_png(out / path, picture)
            finding = replace(finding, picture=path)
        done.append(finding)
    return done


def exam_drawings(findings: Sequence[Finding], cohort: Cohort) -> dict[str, Drawing]:
    """Finding's id -> its first exams beside each other, of findings that name exams of this cohort."""
    exams = {exam.id: exam for exam in cohort}
    drawings: dict[str, Drawing] = {}
    for finding in findings:
        shown = [Shown(cohort, exams[name]) for name in finding.exams if name in exams][:SHOWN]
        if shown:
            drawings[finding.id] = partial(row_of, shown)
    return drawings


def copy_drawings(
    findings: Sequence[Finding], copies: Sequence[Copy], cohorts: tuple[Cohort, Cohort]
) -> dict[str, Drawing]:
    """Finding's id -> its first pair and the two laid over each other; for pairs of an exam of each cohort, which may
    be the same one."""
    ours, theirs = ({exam.id: exam for exam in cohort} for cohort in cohorts)
    apart = cohorts[0] is not cohorts[1]
    drawings: dict[str, Drawing] = {}
    for finding in findings:
        named = set(finding.exams)
        here = [c for c in copies if c.first in named and (apart or c.second in named)]
        if here and finding.kind in ("near_duplicate", "exact_duplicate", "label_conflict"):
            best = max(here, key=lambda c: c.same.confidence)
            pair = (Shown(cohorts[0], ours[best.first]), Shown(cohorts[1], theirs[best.second]))
            drawings[finding.id] = partial(_overlaid, pair, best)
    return drawings


def pair_drawing(first: Shown, second: Shown) -> Drawing:
    """Two exams, of two cohorts, beside each other."""
    return partial(row_of, [first, second])


def row_of(shown: Sequence[Shown], boxes: Sequence[Box] = ()) -> Picture | None:
    """Exams beside each other, places outlined; None where none can be read."""
    tiles = [(boxed(t, boxes), s.name) for s in shown for t in _tiles(s)]
    return side_by_side(*zip(*tiles, strict=True)) if tiles else None


def _overlaid(pair: tuple[Shown, Shown], copy: Copy) -> Picture | None:
    tiles = [next(_tiles(shown), None) for shown in pair]
    if tiles[0] is None or tiles[1] is None:
        return None
    several = any(len(s.exam.views) > 1 or len(s.exam.views[0].inputs) > 1 for s in pair)
    rows = [tiles[0], tiles[1]] + ([] if several else [chequered(tiles[0], tiles[1], copy.same.overlay.affine)])
    names = [pair[0].name, pair[1].name, say("check.chequer")]
    return side_by_side(rows, names[: len(rows)])


def _tiles(shown: Shown) -> Iterator[Picture]:
    """Of each view its first image; of what cannot be read, none."""
    for view in shown.exam.views:
        path = next(iter(view.inputs.values()), None)
        try:
            if path is not None:
                image = read_picture(open_source(shown.cohort.root / path), SIZE)
                if min(image.data.shape[-2:]) > 1:
                    yield tile(image.data)
        except VesaleError:
            continue
