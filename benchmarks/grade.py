"""The retinopathy grade beside a colour-texture forest on the same folds, its promises, and other cameras.

`python -m benchmarks.grade RUN COHORT [--data DATA]` reads a finished study (`benchmarks.accuracy retinopathy-grade`)
and writes the record; with DATA (the folder of the data sets) other cameras are read, too.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gate_folds import out_of_fold
from benchmarks.grade_forest import decided, features, forest_answers
from benchmarks.tables import Cell, Table, record_tables
from vesale.core.exam import Cohort
from vesale.core.report import Measure
from vesale.core.task import Quantity
from vesale.engine.opened import OpenedModel, open_model
from vesale.engine.results import load_results, share
from vesale.io import open_source
from vesale.io.cohort import read_cohort
from vesale.metrics.classification import kappa_statistic
from vesale.metrics.intervals import measure
from vesale.metrics.ranking import curve_area, ranked, sensitivity_held
from vesale.ops.look import prepare

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks" / "grade.json"
LOOKED = 256
"""Side to which the forest's photographs are resized, their dark frame cut away."""
CAMERAS: Mapping[str, tuple[str, str]] = {
    "DRIVE (45 degrees, 565 x 584)": ("retina/drive", "*/images/*.tif"),
    "DRIMDB good": ("retina/drimdb_quality/Good", "*.jpg"),
    "DRIMDB bad": ("retina/drimdb_quality/Bad", "*.jpg"),
    "DRIMDB not a retina": ("retina/drimdb_quality/Outlier", "*.jpg"),
}
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What one model answered to the same exams."""

    steps: NDArray[np.intp]
    above: Floats
    """Probability of the step that calls for action, or above."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grade", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--data", type=Path, help="the folder of the data sets, for photographs of other cameras")
    options = parser.parse_args()
    model = open_model(options.run / "model", 1)
    made = [*against_the_forest(options.run, options.cohort, model), promises(options.run, options.cohort, model)]
    if options.data:
        made.append(other_cameras(model, options.data))
    command = "python -m benchmarks.grade RUN COHORT --data DATA"
    record_tables(
        RECORD, "The grade of diabetic retinopathy: beside a forest, and what its promises came to", command, made
    )
    return 0


def against_the_forest(run: Path, cohort: Path, model: OpenedModel) -> list[Table]:
    """Network and forest on the answered exams of the same folds, and their paired difference; one table an output."""
    read = read_cohort(cohort).cohort
    folds = {p.stem: p.parts[-3] for p in run.glob("fit/fold-*/raw-*/*.npz")}
    pictures = looked_at(read, model)
    rows = [
        r for r in load_results(run / "exams.csv", model.pipeline.task).rows if r["status"] in ("reported", "referred")
    ]
    made, right = [], {}
    for name, output in model.pipeline.task.outputs.items():
        if not isinstance(output, Quantity) or output.steps is None or output.action is None:
            continue
        n = len(output.steps)
        truth = {str(r["exam"]): int(float(r[f"{name}.truth"] or 0)) for r in rows}
        p = np.array([[float(r[f"{name}.p.{i}"] or 0) for i in range(n)] for r in rows])
        network = Side(np.array([int(float(r[f"{name}.step"] or 0)) for r in rows]), p[:, output.action :].sum(1))
        answers = forest_answers(pictures, truth, {e: folds[e] for e in truth}, n)
        forest = _better([answers[e] for e in truth], np.array(list(truth.values())), (n, output.action))
        made.append(paired(name, network, forest, np.array(list(truth.values())), (n, output.action)))
        right[name] = [side.steps == np.array(list(truth.values())) for side in (network, forest)]
    both = [np.all([sides[i] for sides in right.values()], axis=0).astype(float) for i in (0, 1)]
    row = _row("accuracy", _mean(both[0]), _mean(both[1]), len(rows))
    made.append(Table(f"{' and '.join(right)} both right", COLUMNS, (row,)))
    return made


COLUMNS = ("metric", "network", "forest", "difference", "exams")


def paired(name: str, network: Side, forest: Side, truth: NDArray[np.intp], scale: tuple[int, int]) -> Table:
    """Each metric of the two, and of their difference when the same exams are drawn for both."""
    steps, action = scale
    ill = truth >= action
    metrics: dict[str, Callable[[Side], Callable[[Floats], Floats]]] = {
        "kappa_quadratic": lambda s: kappa_statistic(s.steps, truth, steps),
        "accuracy": lambda s: _mean((s.steps == truth).astype(float)),
        "auc of the action": lambda s: lambda w: curve_area(*ranked(s.above, ill)(w)),
        "sensitivity at 90 % specificity": lambda s: lambda w: sensitivity_held(*ranked(s.above, ill)(w), 0.9),
    }
    rows = [_row(metric, make(network), make(forest), len(truth)) for metric, make in metrics.items()]
    note = (
        "The forest learned from the same photographs of the same folds; of its two decisions (most probable step, "
        "median) the one of higher kappa on these very exams is shown. Intervals: bootstrap over exams, both sides "
        "drawn together; at 95 %."
    )
    return Table(f"{name}: network and forest, out of fold", COLUMNS, tuple(rows), note)


def looked_at(cohort: Cohort, model: OpenedModel) -> dict[str, Floats]:
    """Exam -> what the forest sees: the photograph without its frame, its light as it was taken."""
    from dataclasses import replace

    look = replace(model.pipeline.look, range="dtype", size=(LOOKED, LOOKED), crop="content")
    found = {}
    for exam in cohort:
        image = open_source(cohort.root / exam.views[0].inputs["image"]).read()
        found[exam.id] = features(prepare([image], look).data[0])
    return found


def promises(run: Path, cohort: Path, model: OpenedModel) -> Table:
    """What was promised and what came of it, on exams that the answering network had not learned from."""
    report: dict[str, Any] = json.loads((run / "report.json").read_text(encoding="utf-8"))
    trust = model.trust
    rows: list[tuple[Cell, ...]] = []
    gated = out_of_fold(run, cohort, model)
    declined = share("declined", sum(r["declined"] for r in gated), len(gated))
    rate = trust.gate.false_alarm_rate if trust.gate else None
    rows.append(("gate: usual photographs declined", _of(rate), _shown(declined), declined.n))
    for name, number in report["coverage"].items():
        rows.append((f"set of {name} holds the truth", _of(trust.outputs[name].level), _plain(number), number["n"]))
    for name, one in report["calibration"].items():
        rows.append((f"calibration error of {name}", None, _plain(one["ece"]), one["ece"]["n"]))
    refer = report["refer"]
    if refer:
        alone, wrong = refer["share_reported"], refer["error_reported"]
        rows.append(("reported alone", None, _plain(alone), alone["n"]))
        promise = f"at most {refer['alpha']:.2f} with confidence {1 - refer['delta']:.2f}"
        rows.append(("wrong among the reported", promise, _plain(wrong), wrong["n"]))
    groups = len({g["by"] for g in report["subgroups"]})
    rows.append(("traits of patients or devices to audit by", None, str(groups), None))
    note = (
        "Gate: fitted without the fold of each exam. Wrong: on the other side of the grade or of the edema risk that "
        "calls for action. The set names no patient, age, sex or device, so an audit by groups has nothing to compare."
    )
    return Table("What was promised and what came", ("what", "promised", "found", "exams"), tuple(rows), note)


def other_cameras(model: OpenedModel, data: Path) -> Table:
    """Photographs of other cameras, without grades: who is declined, who is referred, and the mean grade."""
    body: list[tuple[Cell, ...]] = []
    for what, (folder, pattern) in CAMERAS.items():
        files = sorted((data / folder).glob(pattern))
        said = [model.predict_sources((f.stem, None), [[open_source(f)]])[0] for f in files]
        counts = [share(s, sum(p.status == s for p in said), len(said)) for s in ("declined", "referred", "reported")]
        body.append((what, *(_shown(c) for c in counts), len(files)))
    note = "Declined: the gate finds the photograph unlike those of IDRiD. No grades are known here, so no error is."
    return Table("Other cameras", ("photographs", "declined", "referred", "reported alone", "exams"), tuple(body), note)


def _better(answers: Sequence[Floats], truth: NDArray[np.intp], scale: tuple[int, int]) -> Side:
    ones = np.ones((1, len(truth)))
    found = [decided(answers, how) for how in ("most probable", "median")]
    steps = max(found, key=lambda s: float(kappa_statistic(s, truth, scale[0])(ones)[0]))
    return Side(steps, np.stack(answers)[:, scale[1] :].sum(1))


def _row(
    metric: str, network: Callable[[Floats], Floats], forest: Callable[[Floats], Floats], n: int
) -> tuple[Cell, ...]:
    exams = [str(i) for i in range(n)]
    three = (network, forest, lambda w: network(w) - forest(w))
    return (metric, *(_shown(measure(metric, statistic, exams)) for statistic in three), n)


def _mean(values: Floats) -> Callable[[Floats], Floats]:
    return lambda weights: np.asarray(weights @ values / weights.sum(axis=1))


def _of(rate: float | None) -> str | None:
    return None if rate is None else f"{rate:.2f}"


def _plain(number: Mapping[str, Any]) -> str:
    return _shown(Measure("", number["value"], number["low"], number["high"], number["n"]))


def _shown(m: Measure) -> str:
    if m.value is None:
        return "unknown"
    span = "" if m.low is None or m.high is None else f" [{m.low:.3f}, {m.high:.3f}]"
    return f"{m.value:.3f}{span}"


if __name__ == "__main__":
    raise SystemExit(main())
