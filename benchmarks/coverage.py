"""Whether sets, intervals, masks and pictures hold the truth as often as promised: on simulated populations, where that
can be proved, and on real sets, where re-splits show it.

`python -m benchmarks.coverage [--sets N] [--runs FOLDER]` writes docs/benchmarks/coverage.json. FOLDER holds runs of
`vesale study`; only their answers to calibration exams are used.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesale.core.recipe import load
from vesale.core.task import Category, Output, Partition, Quantity
from vesale.engine.results import Results, load_results
from vesale.trust.conform import category_set, contiguous, fit_set_threshold, ordinal_set
from vesale.trust.control import control_false_negatives
from vesale.trust.difficulty import fit_number

from .populations import DELTA, KINDS, Counted, count
from .tables import Cell, Table, record_tables

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks" / "coverage.json"
ALPHAS = (0.05, 0.1, 0.2)
SIZES = (20, 50, 100, 400)
SPLITS = 200
SETS = 300
Floats = NDArray[np.float64]
WHAT = (
    "Whether sets, intervals, masks and pictures hold the truth as often as promised. Simulated populations are drawn "
    "anew with their calibration exams; the mean coverage must lie between 1 - alpha and the upper end, within Monte "
    "Carlo error (brackets: four standard errors). On real exams the calibration answers of a study are split by "
    "subject {splits} times into halves, one to calibrate and one to judge; that shows, it does not prove."
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--sets", type=int, default=SETS, help="calibration sets a cell")
    parser.add_argument("--runs", type=Path, help="folder of runs of `vesale study`")
    options = parser.parse_args()
    found = [count(kind, n, alpha, options.sets) for kind in KINDS for alpha in ALPHAS for n in SIZES]
    tables = [simulated(found, options.sets)]
    if options.runs is not None:
        tables.append(real(sorted(p for p in options.runs.iterdir() if (_calibrated(p) / "exams.csv").is_file())))
    command = f"python -m benchmarks.coverage --sets {options.sets}" + (" --runs RUNS" if options.runs else "")
    record_tables(RECORD, WHAT.format(splits=SPLITS), command, tables)
    wrong = [c for c in found if not c.keeps]
    for c in wrong:
        print(f"not kept: {c.kind.name}, n {c.n}, alpha {c.alpha}: {c.held:.4f} +- {c.error:.4f}", file=sys.stderr)
    print(f"{len(found) - len(wrong)} of {len(found)} kept -> {RECORD.name}")
    return 1 if wrong else 0


def simulated(found: Sequence[Counted], sets: int) -> Table:
    """A line a kind, alpha and size."""
    rows = tuple(_row(c) for c in found)
    note = (
        f"{sets} calibration sets a line. n: calibration subjects (of a name by itself: that bear it). 'held' is "
        "what users get: the answer is always in the set, and a grade's gaps are filled, which can only add; the upper "
        f"end is about what was fitted ('bare'). With confidence {1 - DELTA:g}: 'broken' counts the sets whose promise "
        f"is false, at most {DELTA:g} of them may be."
    )
    columns = ("promise", "alpha", "n", "given", "held", "bare", "upper end", "broken", "kept")
    return Table("Simulated populations", columns, rows, note)


def _row(c: Counted) -> tuple[Cell, ...]:
    head: tuple[Cell, ...] = (c.kind.name, c.alpha, c.n, f"{c.given} of {c.sets}")
    kept = "yes" if c.keeps else "NO"
    if not c.given:
        return (*head, f"too few, {c.kind.needed(c.alpha)} at least", None, None, None, kept)
    upper = c.kind.upper_in_words if c.kind.sure else f"{c.kind.upper(c.alpha, c.n):.4f}"
    broken = f"{c.broken} of {c.given}" if c.kind.sure else None
    return (
        *head,
        f"{c.held:.4f} [{c.held - c.error:.4f}, {c.held + c.error:.4f}]",
        f"{c.bare:.4f}",
        upper,
        broken,
        kept,
    )


@dataclass(frozen=True, slots=True)
class Halves:
    """Coverage and size of each re-split of one output."""

    what: str
    size: str
    held: Floats
    sizes: Floats
    subjects: int


def real(runs: Sequence[Path]) -> Table:
    """A line an output and promise of every run."""
    rows: list[tuple[Cell, ...]] = []
    for run in runs:
        for h in halves(run):
            spans = [
                f"{v.mean():.4f} [{np.quantile(v, 0.05):.4f}, {np.quantile(v, 0.95):.4f}]" for v in (h.held, h.sizes)
            ]
            rows.append((run.name, h.what, h.subjects, *spans, h.size))
    note = f"{SPLITS} halvings by subject at a level of 90 %; brackets: 5 to 95 % of the halvings."
    return Table(
        "Real exams, halved again and again", ("run", "promise", "subjects", "held", "size", "of"), tuple(rows), note
    )


def halves(run: Path, level: float = 0.9, splits: int = SPLITS) -> Iterator[Halves]:
    """Every output of a run, by the answers that it kept of its calibration exams."""
    task = load(run / "recipe.toml").task
    folder = _calibrated(run)
    counts = folder / "histograms.npz"
    results = load_results(folder / "exams.csv", task, counts if counts.is_file() else None)
    for name, output in task.outputs.items():
        yield from _halved(run, name, output, results, (level, splits))


def _calibrated(run: Path) -> Path:
    """Where the calibration exams' results lie: beside the run's report when it is of these exams."""
    return run / "out_of_fold" if (run / "test").is_dir() else run


def _halved(run: Path, name: str, output: Output, results: Results, how: tuple[float, int]) -> Iterator[Halves]:
    if isinstance(output, Partition):
        rows = [r for r in results.rows if r["status"] in ("reported", "referred")]
        yield from _masks([str(r["subject"]) for r in rows], name, output, results, how)
        return
    rows = [r for r in results.rows if r.get(f"{name}.truth") is not None]
    raws = {p.stem: p for p in run.glob("fit/*/raw-*/*.npz")}
    rows = [r for r in rows if str(r["exam"]) in raws]
    stated, looks = [], []
    for r in rows:
        with np.load(raws[str(r["exam"])], allow_pickle=False) as file:
            stated.append(file[f"pooled/{name}"].astype(float))
            looks.append(file["statistics"].astype(float))
    people = np.array([str(r["subject"]) for r in rows])
    p = np.stack(stated)
    if isinstance(output, Category) and output.exclusive:
        truth = np.array([output.names.index(_text(r[f"{name}.truth"])) for r in rows])
        yield from _sets(p, truth, people, (category_set, "category"), how)
    elif isinstance(output, Quantity) and output.steps:
        truth = np.array([int(float(r[f"{name}.truth"] or 0)) for r in rows])
        yield from _sets(contiguous(p), truth, people, (ordinal_set, "grade"), how)
    elif isinstance(output, Quantity):
        known = np.array([float(r[f"{name}.truth"] or 0) for r in rows])
        features = np.concatenate([p, p**2, np.stack(looks)], axis=1)
        yield from _numbers(p[:, 0], known, features, people, how)


def _sets(
    p: Floats,
    truth: NDArray[np.int64],
    people: NDArray[np.str_],
    of: tuple[Callable[[Floats, Sequence[float]], tuple[int, ...]], str],
    how: tuple[float, int],
) -> Iterator[Halves]:
    make, kind = of
    held, sizes, kinds = [], [], set()
    for one, other in _splits(people, how[1]):
        fitted = fit_set_threshold(p[one], truth[one], how[0], people[one].tolist())
        if fitted.thresholds is not None:
            kinds.add(fitted.how)
            sets = [make(q, fitted.thresholds) for q in p[other]]
            held.append(np.mean([t in s for s, t in zip(sets, truth[other], strict=True)]))
            sizes.append(np.mean([len(s) for s in sets]))
    if held:
        what = f"{kind}, {' or '.join(sorted(kinds))}"
        yield Halves(what, "names in a set", np.array(held), np.array(sizes), len(set(people)))


def _numbers(
    values: Floats, truth: Floats, looks: Floats, people: NDArray[np.str_], how: tuple[float, int]
) -> Iterator[Halves]:
    tried = (("number, one width", np.zeros_like(looks)), ("number, by the exam where that helps", looks))
    for what, features in tried:
        held, sizes = [], []
        for one, other in _splits(people, how[1]):
            found = fit_number(values[one], truth[one], features[one], how[0], people[one].tolist(), True)
            if found.half_width is not None:
                sigma = 1.0 if found.difficulty is None else found.difficulty.expected(features[other])
                half = found.half_width * sigma * np.ones(int(other.sum()))
                held.append(np.mean(np.abs(values[other] - truth[other]) <= half))
                sizes.append(2 * half.mean())
        if held:
            yield Halves(what, "width of the interval", np.array(held), np.array(sizes), len(set(people)))


def _masks(
    subjects: Sequence[str], name: str, output: Partition, results: Results, how: tuple[float, int]
) -> Iterator[Halves]:
    positives, negatives = results.histograms[name]
    people = np.array(subjects)
    for i, scored in enumerate(output.scored):
        for delta, word in ((None, "on average"), (DELTA, f"with confidence {1 - DELTA:g}")):
            held, sizes = [], []
            for one, other in _splits(people, how[1]):
                cut = control_false_negatives(positives[one, i], 1 - how[0], people[one].tolist(), delta)
                pos, neg = positives[other, i], negatives[other, i]
                has = pos.sum(axis=1) > 0
                if cut is not None and has.any():
                    at = round(cut * pos.shape[1])
                    held.append(np.mean(pos[has, at:].sum(axis=1) / pos[has].sum(axis=1)))
                    sizes.append((pos[:, at:].sum() + neg[:, at:].sum()) / pos.sum())
            if held:
                what = f"mask {scored}, {word}"
                yield Halves(what, "marked, in structures", np.array(held), np.array(sizes), len(set(subjects)))


def _splits(people: NDArray[np.str_], splits: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    names = np.unique(people)
    for seed in range(splits):
        drawn = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
        one = np.isin(people, drawn)
        yield one, ~one


def _text(cell: Cell) -> str:
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


if __name__ == "__main__":
    raise SystemExit(main())
