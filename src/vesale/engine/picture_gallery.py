"""Pictures of a report: for ten held-out exams what was seen, decoded, shown without the signal, and the spread."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.exam import Cohort, Exam
from ..core.task import Picture
from ..io.write_picture import read_written
from ..render.extras import Shown
from ..render.seen_strip import strip
from ..render.words import decimal, percent, say
from .picture_rows import reach_of
from .results import Results, answered
from .samples import view_picture

MOST = 10
Pictures = Mapping[str, Mapping[str, NDArray[np.float32]]]


def picture_gallery(results: Results, of: tuple[Cohort, Path], without: Pictures, language: str) -> list[Shown]:
    """Up to ten exams a picture, evenly from the best to the worst correlation, so that nothing is picked.

    `without`: output -> exam -> what would be shown without the signal.
    """
    cohort, _ = of
    exams, shown = {e.id: e for e in cohort}, []
    for name, output in results.task.outputs.items():
        if not isinstance(output, Picture):
            continue
        rows = [r for r in answered(results.rows) if r.get(f"{name}.truth") is not None]
        rows.sort(key=lambda r: (-float(r.get(f"{name}.pcc") or 0), str(r["exam"])))
        places = np.linspace(0, len(rows) - 1, min(MOST, len(rows))).round().astype(int)
        for row in (rows[i] for i in sorted({int(p) for p in places})):
            exam = exams[str(row["exam"])]
            other = without.get(name, {}).get(exam.id)
            shown.append(_shown(exam, (name, output), of, (other, row.get(f"{name}.pcc"), language)))
    return shown


def _shown(
    exam: Exam,
    named: tuple[str, Picture],
    of: tuple[Cohort, Path],
    more: tuple[NDArray[np.float32] | None, str | float | None, str],
) -> Shown:
    name, output = named
    other, pcc, language = more
    cohort, readings = of
    folder = readings / exam.id
    said = json.loads((folder / "prediction.json").read_text(encoding="utf-8"))["outputs"][name]
    truth = view_picture(cohort, exam.views[0], name, output)
    assert truth is not None
    answer = read_written(folder / said["files"][0]).reshape(truth.shape)
    span = reach_of(said, truth)
    spread = read_written(folder / said["spread_files"][0]).reshape(truth.shape) if said["spread_files"] else None
    panels = [("seen.truth", truth, span), ("seen.decoded", answer, span)]
    panels += [("seen.without", other, span)] if other is not None else []
    named_panels = [(say(key, language), data, s) for key, data, s in panels]
    if spread is not None:
        named_panels.append((say("seen.spread", language), spread, (0.0, span[1] - span[0])))
    png = strip(named_panels)
    told = say("unknown", language) if pcc is None else decimal(float(pcc), 3, language)
    most = 0.0 if spread is None else float(spread.max()) / (span[1] - span[0])
    caption = say("seen.caption", language, pcc=told, most=percent(most, 0, language))
    return Shown(say("seen.title", language, exam=exam.id), caption, png)
