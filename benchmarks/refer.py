"""Whether the refer rule keeps its promise, what it reports, and what happens where the promise does not hold.

`python -m benchmarks.refer` redoes the simulations; with `--runs RUNS --cohorts COHORTS` also what real runs came to:
RUNS holds pneumonia/ and quality/ of `vesale study`, COHORTS those of `benchmarks.cohorts`. What is not redone is kept.
"""

import argparse
import json
import sys
from pathlib import Path

from vesale.core.exam import Exam
from vesale.metrics.intervals import clopper_pearson

from .page import write_page
from .procedures import compare, scores
from .refer_populations import BORDER, POPULATIONS, project, simulate
from .refer_real import Place, elsewhere, own, promises, resplits, spoiled
from .tables import Cell, Table, record_tables

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "docs" / "benchmarks" / "refer.json"
SIZES = (60, 150, 500, 2000)
PRICES = (1.0, 3.0, 10.0)
WHAT = (
    "Refer or report: of the exams reported alone at most 5 % are wrong (or cost, at their price, at most 0.05 each on "
    "average), with confidence 90 %. Whether that is kept, where it can be known; and what becomes of it on real runs "
    "and under shift, where nothing is promised."
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refer", description=__doc__)
    parser.add_argument(
        "--populations", type=int, default=1000, help="draws of each kind and size (1000); priced, a quarter of them"
    )
    parser.add_argument("--runs", type=Path, help="folder of runs: pneumonia, quality")
    parser.add_argument("--cohorts", type=Path, help="folder of cohorts")
    parser.add_argument("--no-simulation", action="store_true", help="keep the simulated tables as they are")
    options = parser.parse_args()
    kept = _kept()
    tables = {} if options.no_simulation else {t.title: t for t in simulated(options.populations)}
    if options.runs and options.cohorts:
        tables |= {t.title: t for t in real(options.runs, options.cohorts)}
    record_tables(RECORD, WHAT, "python -m benchmarks.refer --runs RUNS --cohorts COHORTS", [*(kept | tables).values()])
    print(write_page(ROOT))
    return 0


def simulated(runs: int) -> list[Table]:
    """The promise on made populations, the procedures and scores that it was chosen over, and its projection."""
    return [
        *(_proof(price, runs if price == 1 else runs // 4) for price in PRICES),
        _procedures(runs),
        _scores(max(50, runs // 4)),
        _projection(runs),
    ]


def _proof(price: float, runs: int) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for population in (*POPULATIONS, *(BORDER if price == 10 else ())):
        cells: list[Cell] = [population.name]
        for n in SIZES:
            found = simulate(population, n, runs, price)
            low, high = clopper_pearson(found.broken, found.runs)
            said = f"{found.broken / found.runs:.3f} [{low:.3f}, {high:.3f}]; {found.share:.2f}"
            cells.append(said if found.reporting else "none reported")
            print(population.name, n, price, cells[-1], file=sys.stderr)
        rows.append(tuple(cells))
    what = "at most 5 % wrong" if price == 1 else f"missed={price:g}: a mean cost of at most 0.05"
    note = (
        f"{runs} calibrations on fresh draws a cell: the share of them in which the true error (cost) of what would be "
        "reported is above the promise [95 % Clopper-Pearson interval], to be at most 0.1; then the mean share of "
        "exams reported."
    )
    columns = ("population", *(f"{n} subjects" for n in SIZES))
    return Table(f"Made populations, {what}", columns, tuple(rows), note)


def _procedures(runs: int) -> Table:
    found = {n: compare(n, min(runs, 400)) for n in (150, 500, 2000)}
    rows = []
    for i, (name, _, _) in enumerate(found[150]):
        rows.append((name, *(f"{found[n][i][1]:.3f}; {found[n][i][2]:.3f}" for n in found)))
    note = f"Means over the populations: share reported; share of {min(runs, 400)} draws that broke the promise."
    columns = ("procedure", *(f"{n} subjects" for n in found))
    return Table("Ways to choose the threshold", columns, tuple(rows), note)


def _scores(runs: int) -> Table:
    found = [scores(500, runs, 4, s) for s in (1.0, 1.5, 0.7)]
    rows = [(name, *(f"{column[i][1]:.3f}" for column in found)) for i, (name, _) in enumerate(found[0])]
    note = (
        f"Four names, 500 subjects, {runs} draws: mean share reported. Of two names all three order exams alike, as "
        "does the distance to the action threshold of a grade, which is how sure its side is."
    )
    return Table("Ways to be sure", ("confidence", "calibrated", "too sure", "not sure enough"), tuple(rows), note)


def _projection(runs: int) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for population in POPULATIONS[:6]:
        for n in (60, 150):
            found = project(population, n, max(10, runs // 20), 20)
            if found:
                sizes, shares = zip(*sorted(found), strict=True)
                middle, low, high = (sizes[int(q * (len(sizes) - 1))] for q in (0.5, 0.1, 0.9))
                said = f"{middle} [{low}, {high}]"
                rows.append((population.name, n, len(found), said, f"{sum(shares) / len(shares):.2f}"))
    note = (
        "Calibrations that reported nothing and named a number; the middle of the numbers [the tenth and ninetieth of "
        "a hundred]; the mean share of 20 fresh calibrations of the named size that report some. A weak model names "
        "one by luck only."
    )
    columns = ("population", "subjects", "calibrations", "named", "of fresh ones that report")
    return Table("How many subjects would do", columns, tuple(rows), note)


def real(runs: Path, cohorts: Path) -> list[Table]:
    """What the pneumonia and quality runs promise, what came of it, and what comes of it elsewhere."""
    named = {name: runs / name for name in ("pneumonia", "quality")}
    idrid, drive, drimdb = (cohorts / name / "labels.csv" for name in ("idrid-grading", "drive", "drimdb"))
    breast, covid = (cohorts / name / "labels.csv" for name in ("breastmnist", "covid-xray"))
    places = (
        Place("COVID chest X-rays, other hospitals", "pneumonia", covid, _pneumonia),
        Place("breast ultrasound", "pneumonia", breast, None),
        Place("retinal photographs (IDRiD)", "pneumonia", idrid, None),
        Place("IDRiD, another camera", "quality", idrid, lambda exam: "Good"),
        Place("DRIVE, another camera", "quality", drive, lambda exam: "Good"),
        Place("no retina at all (DRIMDB's outliers)", "quality", drimdb.with_name("outliers.csv"), lambda exam: "Bad"),
        Place("chest X-rays", "quality", covid, lambda exam: "Bad"),
    )
    own_kind = (
        Place("pneumonia", "pneumonia", cohorts / "pneumoniamnist" / "labels.csv", own),
        Place("quality", "quality", drimdb, own, _still_bad),
    )
    every = {p.parent.name: p.parent for p in sorted(runs.glob("*/report.json"))}
    return [promises(every), resplits(every), elsewhere(places, named), spoiled(own_kind, named)]


def _still_bad(exam: Exam) -> str | None:
    """A bad photograph that is spoiled is a bad one; whether a good one still is, nobody has said."""
    return "Bad" if own(exam) == "Bad" else None


def _pneumonia(exam: Exam) -> str | None:
    """The chest X-rays of other hospitals whose finding is a pneumonia of some kind."""
    return "pneumonia" if exam.truth.get("finding") or exam.traits.get("finding") else None


def _kept() -> dict[str, Table]:
    if not RECORD.is_file():
        return {}
    tables = json.loads(RECORD.read_text(encoding="utf-8"))["tables"]
    return {t["title"]: Table(t["title"], tuple(t["columns"]), tuple(map(tuple, t["rows"])), t["note"]) for t in tables}


if __name__ == "__main__":
    raise SystemExit(main())
