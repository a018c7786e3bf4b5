"""What the gate declines: every set of pictures against every model, good exams of its own, and corrupted ones.

`python -m benchmarks.gate RUNS OUT --cohorts COHORTS`: RUNS is a folder of runs of `vesale study`, COHORTS one of their
tables; OUT keeps what was measured, so that a stopped measurement goes on. Writes docs/benchmarks/gate.json.

A model's own exams are its test split; where a study has none, its out-of-fold exams, each judged by gates that were
fitted without the exam's fold, in the space of the network that left it out: no exam helps to set its own threshold.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesale.core.grid import Grid
from vesale.core.image import Description, Held, Image, Provenance, Source
from vesale.core.prediction import Prediction
from vesale.engine.opened import OpenedModel, open_model
from vesale.io import open_source
from vesale.metrics.classification import auc
from vesale.metrics.intervals import bootstrap

from .corruption_kinds import KINDS, STRENGTHS, corrupted
from .gate_folds import out_of_fold
from .gate_sets import OWN, SETS
from .gate_tables import tables, what
from .tables import record_tables

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks" / "gate.json"
MOST, CORRUPTED = 40, 12
"""Pictures of a foreign set, and own pictures that are corrupted, drawn at random."""
Rows = list[dict[str, Any]]
"""score over threshold, declined, and the code of the reason, an exam."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cohorts", type=Path, required=True)
    options = parser.parse_args()
    data = os.environ.get("VESALE_DATA")
    if not data:
        print("VESALE_DATA must name the folder of the real data sets", file=sys.stderr)
        return 2
    names = [name for name in OWN if (options.runs / name / "report.json").is_file()]
    options.out.mkdir(parents=True, exist_ok=True)
    found = {n: measured(n, options.runs / n, options.cohorts, (options.out, Path(data))) for n in names}
    command = "python -m benchmarks.gate RUNS OUT --cohorts COHORTS"
    record_tables(RECORD, what(found), command, tables(found, {n: OWN[n][0] for n in names}))
    print(RECORD.name)
    return 0


def measured(name: str, run: Path, cohorts: Path, where: tuple[Path, Path]) -> dict[str, Any]:
    """Everything about one model; what OUT already holds of this very package is taken from there."""
    out, data = where
    model = open_model(run / "model", 1)
    folder = out / f"{name}-{model.identity['digest']}"
    folder.mkdir(exist_ok=True)
    own_set, cohort = OWN[name]
    own = _kept(folder / "own.json", lambda: _own(run, cohorts / cohort, model))
    foreign = {}
    for other, about in SETS.items():
        if other == own_set:
            continue
        files = _drawn(about.files(data, out / "made"), MOST)
        foreign[other] = _kept(folder / f"{other}.json", lambda f=files: [_row(_read(model, p)) for p in f])  # type: ignore[misc]
    files = _drawn(SETS[own_set].files(data, out / "made"), CORRUPTED)
    spoilt = {
        f"{kind}-{strength}": _kept(
            folder / f"{kind}-{strength}.json",
            lambda k=kind, s=strength: [_row(_spoilt(model, p, k, s)) for p in files],  # type: ignore[misc]
        )
        for kind in KINDS
        for strength in STRENGTHS
    }
    gate = model.trust.gate
    print(name, "done", flush=True)
    return {
        "own": own,
        "where": "test" if (run / "test").is_dir() else "out of fold",
        "foreign": {k: {"rows": rows, "auc": _told_apart(own, rows)} for k, rows in foreign.items()},
        "spoilt": spoilt,
        "rate": None if gate is None else gate.false_alarm_rate,
        "n": 0 if gate is None else gate.n,
    }


def _kept(path: Path, measure: Callable[[], Rows]) -> Rows:
    if not path.is_file():
        path.write_text(json.dumps(measure()), encoding="utf-8")
    rows: Rows = json.loads(path.read_text(encoding="utf-8"))
    return rows


def _own(run: Path, cohort: Path, model: OpenedModel) -> Rows:
    """Of the test split as the study read it; else of its folds."""
    if not (run / "test").is_dir():
        return out_of_fold(run, cohort, model)
    rows = []
    for path in sorted((run / "test").glob("*/prediction.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        gate, reasons = document["gate"], document["reasons"]
        declined = document["status"] == "declined"
        code = reasons[0]["code"] if declined else None
        rows.append({"ratio": _ratio(gate["score"], gate["threshold"]), "declined": declined, "code": code})
    return rows


def _read(model: OpenedModel, path: Path) -> Prediction:
    return model.predict_sources((path.stem, None), [[open_source(path)] * len(model.pipeline.task.inputs)])[0]


def _spoilt(model: OpenedModel, path: Path, kind: str, strength: int) -> Prediction:
    source = open_source(path)
    image = source.read()
    rng = np.random.default_rng([strength, *path.stem.encode()])
    data: NDArray[np.uint8] = corrupted(image.data, kind, strength, rng)
    channels = image.channels if len(data) == len(image.channels) else ("red", "green", "blue")
    made = Image(data, Grid(data.shape[1:]), "intensity", channels, Provenance("corrupted"))
    held: Source = Held(made, Description("png", "", source.description.modality))
    return model.predict_sources((path.stem, None), [[held]])[0]


def _row(prediction: Prediction) -> dict[str, Any]:
    declined = prediction.status == "declined"
    code = prediction.reasons[0].code if declined else None
    gate = prediction.gate
    return {"ratio": _ratio(gate.score, gate.threshold), "declined": declined, "code": code}


def _ratio(score: float | None, threshold: float | None) -> float | None:
    """The score in units of the threshold that it was held against."""
    return None if score is None or threshold is None else score / threshold


def _drawn(files: Sequence[Path], most: int) -> list[Path]:
    order = np.random.default_rng(0).permutation(len(files))[:most]
    return [files[i] for i in sorted(order)]


def _told_apart(own: Rows, other: Rows) -> tuple[float, float | None, float | None]:
    """AUROC of own against other exams, with its bootstrap interval over exams."""
    scores = np.array([r["ratio"] for r in (*own, *other)], dtype=float)
    truth = np.repeat([0, 1], [len(own), len(other)])
    exams = [str(i) for i in range(len(scores))]
    low, high = bootstrap(lambda i: auc(scores[i], truth[i]), exams, 500)
    return auc(scores, truth), low, high


if __name__ == "__main__":
    raise SystemExit(main())
