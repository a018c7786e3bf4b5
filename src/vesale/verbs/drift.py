"""`vesale drift`: whether the exams that are read have changed since the model was calibrated; no truth is needed."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import CohortError
from ..core.watch import Drift
from ..engine.stream import stream_of
from ..render.documents import dumps
from ..render.drift_page import drift_document, drift_page
from ..trust.drift import EVERY, FEWEST
from ..trust.drift import drift as watched

PARTS = ("test", "out_of_fold", "readings/commissioned")
"""Where a study or a commissioning keeps the readings that others are compared with, the best first."""


def drift(readings: Sequence[Path], reference: Path, out: Path, every: int = EVERY, language: str = "en") -> Drift:
    """Write out/drift.json and out/drift.html.

    `readings`: folders of `vesale read`, taken in the order of their times. `reference`: the RUN of a study, the
    folder of a commissioning, or readings of a time when all was well. `every`: readings between two false alarms, on
    average at least. CohortError when there are no readings or too few to compare with.
    """
    known = next((reference / part for part in PARTS if (reference / part).is_dir()), reference)
    found = watched(stream_of([known]), stream_of(readings), every)
    if found is None:
        raise CohortError(
            f"{reference.name}: fewer than {FEWEST} readings to compare with, or none that say the same things",
            "name the study's folder, or readings by the same model",
        )
    words = ["vesale", "drift", *(folder.name for folder in readings), "--reference", reference.name, "--out", out.name]
    command = shlex.join([*words, *(("--every", str(every)) if every != EVERY else ())])
    out.mkdir(parents=True, exist_ok=True)
    (out / "drift.json").write_text(dumps(drift_document(found, command)) + "\n", encoding="utf-8")
    (out / "drift.html").write_text(drift_page(found, command, language), encoding="utf-8")
    return found
