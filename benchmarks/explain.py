"""How far maps of attribution can be trusted: where masks exist whether they find the place, and their checks.

`python -m benchmarks.explain RUN COHORT OUT [--masks COHORT] [--exams N] [--checks N]` explains the held-out exams of a
finished run, each by the network of the fold that left it out (or the test exams by the model), beside maps that know
nothing of the model: edges, the centre, noise. It adds to OUT/<run>-<fill>.csv and writes the record from all of those;
stopped and started again it goes on.
"""

import argparse
import csv
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.tables import Cell, Table, record_tables
from vesale.core.exam import Cohort, Exam
from vesale.core.explanation import METHODS, Faithfulness
from vesale.core.report import Measure
from vesale.core.task import Partition
from vesale.engine.explained import Bench, Checks, Wish, bench_of, prepared
from vesale.engine.opened import OpenedModel, open_model
from vesale.engine.raw import look_at
from vesale.engine.runtimes import open_onnx
from vesale.engine.samples import open_view, view_labels
from vesale.engine.sight import on_the_image
from vesale.io.cohort import read_cohort
from vesale.metrics.intervals import measure, proportion
from vesale.metrics.ranking import average_precision, ranked
from vesale.trust.faithful import judged

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks" / "explain.json"
MASK = Partition(("background", "structure"))
KNOW_NOTHING = ("edges", "centre", "noise")
FIELDS = ("run", "fill", "exam", "subject", "map", "passed", "deletion", "insertion", "randomised_weights",
          "pointing", "auprc", "prevalence")  # fmt: skip
CHECKS = ("deletion", "insertion", "randomised_weights")
Maps = list[NDArray[np.float64]]
Row = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--masks", type=Path, help="a cohort of the same images with the masks of what should be found")
    parser.add_argument("--exams", type=int, default=60, help="how many, drawn at random (60)")
    parser.add_argument("--checks", type=int, default=40, help="how many of them are also checked, which is slow (40)")
    parser.add_argument("--fill", choices=("blurred", "mean"), default="blurred", help="what stands for nothing to see")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.run.name}-{options.fill}.csv"
    masks = _masks(options.masks)
    done = {row["exam"] for row in _read(path)} if path.exists() else set()
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        if not done:
            writer.writeheader()
        held_out = _held_out(options.run, options.cohort, options.exams, done)
        for number, bench, cohort, exam in held_out:
            rows = list(rows_of(bench, cohort, exam, (masks, options.fill, number < options.checks)))
            writer.writerows({"run": options.run.name, "fill": options.fill, **row} for row in rows)
            stream.flush()
            print(exam.id, flush=True)
    written = [row for p in sorted(options.out.glob("*.csv")) for row in _read(p)]
    command = "python -m benchmarks.explain RUN COHORT OUT [--masks COHORT] [--exams N] [--checks N] [--fill mean]"
    record_tables(
        RECORD, "Maps of attribution: their checks, and whether they find what they should", command, tables(written)
    )
    return 0


def rows_of(bench: Bench, cohort: Cohort, exam: Exam, how: tuple[Mapping[str, Path], str, bool]) -> Iterator[Row]:
    """One row a map of the exam's first view; `how`: the masks, what stands for nothing, whether maps are checked."""
    masks, fill, checked = how
    model = bench.model
    views = [open_view(cohort, view, model.pipeline.task) for view in exam.views]
    raw = look_at((exam.id, exam.subject), views, model.run, model.pipeline)
    trust = replace(model.trust, gate=None, by_answer={})  # the gate is not what is measured here
    prediction = replace(model, trust=trust).judge(raw, 0.0)
    checks, _ = prepared(bench, (prediction, raw), views, Wish(methods=METHODS))
    if fill == "mean":
        sights = [replace(s, faded=np.broadcast_to(s.planes.mean((2, 3), keepdims=True), s.planes.shape).copy())
                  for s in checks.sights]  # fmt: skip
        checks = replace(checks, sights=sights)
    mask = _mask_of(exam, cohort, masks, raw.images[0].grid.shape)
    rng = np.random.default_rng(int.from_bytes(exam.id.encode()[-6:], "big"))
    for name, make in _makers(checks, rng).items():
        maps = make()
        found: Row = {"exam": exam.id, "subject": exam.subject, "map": name}
        if checked:
            own = name in METHODS
            faith = checks.faithfulness(name, maps)[0] if own else _curves_only(checks, maps)  # type: ignore[arg-type]
            found |= {"passed": int(faith.passed)}
            found |= {n: getattr(faith, n).value for n in CHECKS if own or n != "randomised_weights"}
        shown = on_the_image(maps[0], checks.sights[0], raw.images[0], model.pipeline, name).data[0]
        yield found | (_localised(shown, mask) if mask is not None and mask.any() else {})


def tables(rows: Sequence[Row]) -> list[Table]:
    """Every number with its interval by subject and its n."""
    checked = [row for row in rows if row["passed"]]
    made = [_faithful(checked), _blind(checked)]
    if any(row["auprc"] for row in rows):
        made.append(_found(rows))
    return made


def _faithful(rows: Sequence[Row]) -> Table:
    body: list[tuple[Cell, ...]] = []
    for (run, fill, name), some in _groups(rows).items():
        if name not in METHODS:
            continue
        subjects = [r["subject"] for r in some]
        passed = proportion("passed", [r["passed"] == "1" for r in some], subjects)
        numbers = [_mean(n, [r[n] for r in some], subjects) for n in CHECKS]
        body.append((run, fill, name, *(_cell(m) for m in (passed, *numbers)), passed.n))
    columns = ("run", "fill", "map", "share that passed", "deletion", "insertion", "shuffled weights", "subjects")
    note = (
        "Deletion and insertion: mean gain over random order, as a share of all that the answer moves. Shuffled "
        "weights: mean rank correlation. Intervals at 95 % by subject."
    )
    return Table("Checks of the maps", columns, tuple(body), note)


def _blind(rows: Sequence[Row]) -> Table:
    body: list[tuple[Cell, ...]] = []
    for (run, fill, name), some in _groups(rows).items():
        if name in KNOW_NOTHING:
            subjects = [r["subject"] for r in some]
            passed = proportion("passed", [r["passed"] == "1" for r in some], subjects)
            numbers = [_mean(n, [r[n] for r in some], subjects) for n in ("deletion", "insertion")]
            body.append((run, fill, name, *(_cell(m) for m in (passed, *numbers)), passed.n))
    columns = ("run", "fill", "map", "share that passed both curves", "deletion", "insertion", "subjects")
    note = "Maps that never saw the model: what the check lets through by chance, or because of where organs lie."
    return Table("Maps that know nothing of the model", columns, tuple(body), note)


def _found(rows: Sequence[Row]) -> Table:
    body: list[tuple[Cell, ...]] = []
    for (run, fill, name), some in _groups([r for r in rows if r["auprc"]]).items():
        subjects = [r["subject"] for r in some]
        hits = proportion("pointing", [r["pointing"] == "1" for r in some], subjects)
        numbers = [_mean(n, [r[n] for r in some], subjects) for n in ("auprc", "prevalence")]
        body.append((run, fill, name, *(_cell(m) for m in (hits, *numbers)), len(some), hits.n))
    columns = ("run", "fill", "map", "pointing game", "AUPRC", "share of the picture", "exams", "subjects")
    note = (
        "Pointing game: the strongest place of the map lies in the mask. AUPRC: of its strengths against the mask; by "
        "chance it is the mask's share of the picture. Intervals at 95 % by subject."
    )
    return Table("Whether the maps find the structure that the answer is about", columns, tuple(body), note)


def _makers(checks: Checks, rng: np.random.Generator) -> dict[str, Callable[[], Maps]]:
    """Our methods, and what knows nothing of the model, on the network's planes."""
    made: dict[str, Callable[[], Maps]] = {name: lambda m=name: checks.maps(m) for name in METHODS}  # type: ignore[misc]
    planes = [s.planes for s in checks.sights]

    def edges(plane: NDArray[np.float32]) -> NDArray[np.float64]:
        grey = ndimage.gaussian_filter(plane.mean(1), (0, 1, 1))
        return np.asarray(np.hypot(ndimage.sobel(grey, 1), ndimage.sobel(grey, 2)), float)

    def centre(plane: NDArray[np.float32]) -> NDArray[np.float64]:
        y, x = (np.linspace(-1, 1, n) for n in plane.shape[2:])
        return np.broadcast_to(np.exp(-2 * (y[:, None] ** 2 + x**2)), (len(plane), *plane.shape[2:])).copy()

    def noise(plane: NDArray[np.float32]) -> NDArray[np.float64]:
        sigma = min(plane.shape[2:]) / 16
        drawn = rng.normal(size=(len(plane), *plane.shape[2:]))
        return np.asarray(ndimage.gaussian_filter(drawn, (0, sigma, sigma)))

    blind = {"edges": edges, "centre": centre, "noise": noise}
    return made | {name: (lambda f=f: [f(p) for p in planes]) for name, f in blind.items()}


def _curves_only(checks: Checks, maps: Maps) -> Faithfulness:
    """The two curves of a map that has no network whose weights could be shuffled."""
    return judged(checks.own(maps), checks.baseline(), [0.0])


def _localised(shown: NDArray[np.float32], mask: NDArray[np.bool_]) -> Row:
    peak = np.unravel_index(int(shown.argmax()), shown.shape)
    counts = ranked(np.abs(shown).ravel(), mask.ravel())(np.ones((1, mask.size)))
    return {
        "pointing": int(mask[peak]),
        "auprc": float(average_precision(*counts)[0]),
        "prevalence": float(mask.mean()),
    }


def _held_out(run: Path, cohort: Path, most: int, done: set[str]) -> Iterator[tuple[int, Bench, Cohort, Exam]]:
    """Exams in random order, numbered, each with the network that had not learned from it."""
    read = read_cohort(cohort).cohort
    folds = folds_of(run)
    exams = [e for e in read if (e.id in folds if folds else e.split == "test")]
    order = np.random.default_rng(0).permutation(len(exams))[:most]
    numbers = {exams[i].id: number for number, i in enumerate(order)}
    for bench, within, exam in of_folds(run, cohort, [name for name in numbers if name not in done]):
        yield numbers[exam.id], bench, within, exam


def folds_of(run: Path) -> dict[str, str]:
    """Exam -> the fold that left it out; {} where there are no folds."""
    return {p.stem: p.parts[-3] for p in run.glob("fit/fold-*/raw-*/*.npz")}


def of_folds(run: Path, cohort: Path, wanted: Sequence[str]) -> Iterator[tuple[Bench, Cohort, Exam]]:
    """The wanted exams in order, each with the network that had not learned from it; without folds, with the model."""
    read = read_cohort(cohort).cohort
    model = open_model(run / "model", threads=1)
    folds = folds_of(run)
    benches: dict[str, Bench] = {}
    with tempfile.TemporaryDirectory() as scratch:
        known = {e.id: e for e in read}
        for exam in (known[name] for name in wanted):
            part = folds.get(exam.id, "model")
            if part not in benches:
                of_fold = _of_fold(model, run / "fit" / part, Path(scratch) / part) if folds else model
                benches[part] = bench_of(of_fold, METHODS)[0]
            yield benches[part], read, exam


def _of_fold(model: OpenedModel, fit: Path, folder: Path) -> OpenedModel:
    """The package as if it held the network of a fold."""
    folder.mkdir()
    onnx = next(fit.glob("model-*.onnx"))
    shutil.copy(onnx, folder / "model.onnx")
    shutil.copy(fit / "weights.safetensors", folder / "weights.safetensors")
    return replace(model, run=open_onnx(onnx, 1), package=replace(model.package, folder=folder))


def _masks(cohort: Path | None) -> dict[str, Path]:
    """Path of an image -> the path of its mask."""
    if cohort is None:
        return {}
    read = read_cohort(cohort).cohort
    pairs = [(view, exam) for exam in read for view in exam.views if view.masks]
    return {str((read.root / v.inputs["image"]).resolve()): read.root / next(iter(v.masks.values())) for v, _ in pairs}


def _mask_of(exam: Exam, cohort: Cohort, masks: Mapping[str, Path], shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    view = exam.views[0]
    path = masks.get(str((cohort.root / view.inputs["image"]).resolve()))
    if path is None:
        return None
    there = replace(cohort, root=Path(path.anchor))
    absolute = replace(view, masks={"": str(path.resolve().relative_to(path.resolve().anchor))})
    inputs = {k: str((cohort.root / p).resolve().relative_to(path.resolve().anchor)) for k, p in view.inputs.items()}
    return np.asarray(view_labels(there, replace(absolute, inputs=inputs, roi=None), MASK, shape)[0] == 1)


def _groups(rows: Sequence[Row]) -> dict[tuple[str, str, str], list[Row]]:
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["run"], row["fill"], row["map"]), []).append(row)
    return groups


def _mean(name: str, values: Sequence[str], subjects: Sequence[str]) -> Measure:
    """Over the exams where it is known, with the interval by subject."""
    known = [(float(v), s) for v, s in zip(values, subjects, strict=True) if v not in ("", None)]
    numbers = np.array([v for v, _ in known])
    return measure(name, lambda w: w @ numbers / w.sum(axis=1), [s for _, s in known])


def _cell(m: Measure) -> str:
    if m.value is None:
        return "unknown"
    span = "" if m.low is None or m.high is None else f" [{m.low:.2f}, {m.high:.2f}]"
    return f"{m.value:.2f}{span}"


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    raise SystemExit(main())
