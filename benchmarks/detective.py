"""What `vesale check` makes of copies: changed photographs, known pairs, and real sets whose findings were looked at.

`python -m benchmarks.detective OUT` checks every real set at hand into OUT (pages to look at) and writes
docs/benchmarks/leaks.json. Verdicts of a person on the findings stand in docs/benchmarks/leaks-looked-at.csv.
`--seconds` measures instead, on a quiet machine, how long 10,000 made photographs take, and adds that to the record.
"""

import argparse
import csv
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vesale.core.exam import Cohort
from vesale.io import open_source
from vesale.io.cohort import read_cohort
from vesale.metrics.intervals import clopper_pearson
from vesale.ops.machine import machine, peak_rss_mb
from vesale.ops.thumbnail import Grey, thumbnail
from vesale.render.paint import rgb
from vesale.trust.duplicates import Same, same_pictures
from vesale.verbs.check import Checked, Wanted, check

from .changes import CHANGES, Pixels
from .cohorts import MAKERS
from .planted import EACH, PLANTS, SIDE, Plant, make
from .tables import Cell, Table, record_tables

RECORDS = Path(__file__).parents[1] / "docs" / "benchmarks"
SETS = ("drive", "drimdb", "idrid-grading", "lgg", "covid-xray", "oral", "lung", "breastmnist", "pneumoniamnist")
CHANGED = 25
"""Photographs of each set that are changed, each in every way."""
AMONG = 500
"""Photographs of each set among which the changed ones are looked for."""
LONGEST = 1000
"""Long side at which photographs are changed."""
PLANTED, TIMED = 4000, 10_000
"""Made photographs among which copies are looked for, and of which the seconds are taken."""
WHAT = "Copies of photographs, made and real, and whether `vesale check` finds them (`docs/explain/leaks.md`)."
SECONDS = "Seconds of `vesale check`"
COMMAND = "python -m benchmarks.detective OUT"


@dataclass(frozen=True, slots=True)
class Tried:
    """One changed photograph, and what was found of it."""

    set: str
    change: str
    found: float
    """Confidence that it is its original; 0 when it was not found."""
    wrong: tuple[float, ...]
    """Confidences that it is another photograph, which shows neither the original's nor a like scene."""
    among: int


def main() -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=SETS, choices=SETS)
    parser.add_argument("--planted", type=int, default=PLANTED, help="made photographs among which copies are planted")
    parser.add_argument("--seconds", action="store_true", help="time 10,000 made photographs, and nothing else")
    options = parser.parse_args()
    if options.seconds:
        return record_seconds(options.out / "cohorts" / f"made-{TIMED}")
    data = os.environ.get("VESALE_DATA")
    if not data:
        print("VESALE_DATA must name the folder of the real data sets", file=sys.stderr)
        return 2
    tried: list[Tried] = []
    real: list[tuple[Cell, ...]] = []
    for name in options.only:
        folder = options.out / "cohorts" / name
        MAKERS[name].write(Path(data), folder)
        checked = check(folder, wanted=Wanted(options.out / name))
        real.append(found_in(name, checked))
        tried += try_changes(name, read_cohort(folder).cohort)
        print(name, real[-1], flush=True)
    tables = [changes_table(tried), sets_table(tried), real_table(real), *known_table(Path(data), options.out)]
    tables.append(planted_table(*check_planted(options.out / "cohorts" / f"made-{options.planted}", options.planted)))
    tables += looked_at(RECORDS / "leaks-looked-at.csv")
    record_tables(RECORDS / "leaks.json", WHAT, COMMAND, [*tables, *_kept(RECORDS / "leaks.json", SECONDS)])
    return 0


def check_planted(folder: Path, count: int, each: int = EACH) -> tuple[Checked, list[Plant]]:
    """`vesale check` of made photographs with copies among them."""
    plants = make(folder, count, each=each)
    return check(folder), plants


def planted_table(checked: Checked, plants: Sequence[Plant]) -> Table:
    """What was found of the planted copies, by what was done to them; and the errors that name others together."""
    groups = {severity: _groups(checked, severity) for severity in SEVERITIES[:2]}
    rows: list[tuple[Cell, ...]] = []
    for key in PLANTS:
        here = [p for p in plants if (p.kind, p.strength) == key]
        sure, maybe = (
            sum(any({p.copy, p.original} <= group for group in groups[severity]) for p in here) for severity in groups
        )
        rows.append((*key, len(here), _rate(sure, len(here)), _rate(sure + maybe, len(here))))
    pairs = [{p.copy, p.original} for p in plants]
    wrong = {s: sum(not any(pair <= g for pair in pairs) or len(g) > 2 for g in groups[s]) for s in groups}
    note = (
        f"{len(checked.cohort) + len(checked.excluded)} made photographs, half of them retinas, each of its own "
        f"subject. Findings that name others together: {wrong['error']} errors, {wrong['warning']} warnings."
    )
    columns = ("change", "strength", "copies", "found for sure (error)", "found at all")
    return Table("Copies planted among made photographs, by strength", columns, tuple(rows), note)


def record_seconds(folder: Path) -> int:
    """Times one check of `TIMED` made photographs, and puts it into the record."""
    checked, _ = check_planted(folder, TIMED)
    row = (TIMED, SIDE, round(checked.seconds, 1), round(peak_rss_mb()), machine())
    columns = ("photographs", "side", "seconds", "peak memory (MB)", "machine")
    table = Table(SECONDS, columns, (row,), f"`{COMMAND} --seconds`; the files lie in the page cache.")
    path = RECORDS / "leaks.json"
    others = [t for t in _tables(path) if t.title != SECONDS]
    record_tables(path, WHAT, COMMAND, [*others, table])
    print(row)
    return 0


def _groups(checked: Checked, severity: str) -> list[set[str]]:
    return [set(f.exams) for f in checked.findings if f.kind in KINDS and f.severity == severity]


def _tables(path: Path) -> list[Table]:
    """Those of the record as it is."""
    if not path.is_file():
        return []
    tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
    return [Table(t["title"], tuple(t["columns"]), tuple(map(tuple, t["rows"])), t["note"]) for t in tables]


def _kept(path: Path, title: str) -> list[Table]:
    return [t for t in _tables(path) if t.title == title]


def try_changes(name: str, cohort: Cohort) -> list[Tried]:
    """Every change of some photographs of a cohort, looked for among the cohort's own."""
    paths = [next(iter(exam.views[0].inputs.values())) for exam in cohort]
    rng = np.random.default_rng(0)
    some = sorted(rng.choice(len(paths), min(AMONG, len(paths)), replace=False).tolist())
    chosen = rng.choice(len(some), min(CHANGED, len(some)), replace=False).tolist()
    whole = [thumbnail(open_source(cohort.root / paths[i]).read().data) for i in some]
    here = [t for t in whole if t is not None]
    alike = _alike(same_pictures(here), len(here))
    originals = [_pixels(cohort.root / paths[some[i]]) for i in chosen]
    tried = []
    for kind, change in CHANGES.items():
        changed = [_thumbnail(change(picture, rng)) for picture in originals]
        found = same_pictures(changed, here)
        for n, i in enumerate(chosen):
            mine = [s for s in found if s.a == n]
            right = max((s.confidence for s in mine if s.b == i), default=0.0)
            wrong = tuple(s.confidence for s in mine if s.b not in alike[i])
            tried.append(Tried(name, kind, right, wrong, len(here)))
    return tried


def changes_table(tried: Sequence[Tried]) -> Table:
    rows = [(kind, *_rates([t for t in tried if t.change == kind])) for kind in CHANGES]
    return Table(
        "Changed photographs, by change",
        ("change", "photographs", "found", "found for sure", "a wrong one besides", "a wrong one for sure"),
        tuple(rows),
        "Each changed photograph is looked for among up to 500 of its set. Wrong: another photograph that the "
        "set's own check does not hold to show the same. Found: confidence of one half; for sure: of .95.",
    )


def sets_table(tried: Sequence[Tried]) -> Table:
    names = list(dict.fromkeys(t.set for t in tried))
    rows = [(name, *_rates([t for t in tried if t.set == name])) for name in names]
    columns = ("set", "photographs", "found", "found for sure", "a wrong one besides", "a wrong one for sure")
    return Table("Changed photographs, by set (all changes)", columns, tuple(rows))


def found_in(name: str, checked: Checked) -> tuple[Cell, ...]:
    """Findings of copies in one real set, by severity."""
    kinds = ("exact_duplicate", "near_duplicate", "label_conflict")
    counts = [sum(f.kind == kind and f.severity == s for f in checked.findings) for kind in kinds for s in SEVERITIES]
    return (name, len(checked.cohort) + len(checked.excluded), *counts)


KINDS = ("near_duplicate", "exact_duplicate")
SEVERITIES = ("error", "warning", "note")


def real_table(rows: Sequence[tuple[Cell, ...]]) -> Table:
    kinds = ("same", "nearly", "labels differ")
    columns = ("set", "exams", *(f"{kind}: {severity}" for kind in kinds for severity in SEVERITIES))
    note = (
        "Findings, each of two exams or more. Across given splits a nearly same one is an error, a same one a warning."
    )
    return Table("Real sets", columns, tuple(rows), note)


def known_table(data: Path, out: Path) -> Iterator[Table]:
    """IDRiD's two parts, of which it is known which photographs they share."""
    ours, theirs = (out / "cohorts" / name for name in ("idrid-lesions", "idrid-grading"))
    for name, folder in (("idrid-lesions", ours), ("idrid-grading", theirs)):
        MAKERS[name].write(data, folder)
    checked = check(ours, wanted=Wanted(out / "idrid-against", (theirs,)))
    with (data / "retina" / "idrid_segmentation" / "same_photograph_in_grading.csv").open(encoding="utf-8") as file:
        known = {Path(row["segmentation_image"]).stem for row in csv.DictReader(file)}
    rows = []
    for severity in ("error", "warning"):
        here = [f for f in checked.findings if f.kind in KINDS and f.severity == severity]
        shared = {name for f in here if theirs.name in f.message for name in f.exams}
        rows.append((severity, len(shared), _rate(len(shared & known), len(known)), len(shared - known)))
    columns = ("severity", "exams that share a photograph", "of the known ones", "not among the known")
    note = "Those not among the known were looked at: see the last table."
    yield Table("Photographs of IDRiD's lesion part in its grading part", columns, tuple(rows), note)


def looked_at(path: Path) -> list[Table]:
    """Verdicts of a person on findings: cohort, severity, exams, verdict (same, same_scene, different)."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    groups: Mapping[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        groups[row["set"], row["severity"]].append(row["verdict"])
    cells = tuple(
        (name, severity, len(v), v.count("same"), v.count("same_scene"), _rate(len(v) - v.count("different"), len(v)))
        for (name, severity), v in sorted(groups.items())
    )
    columns = ("set", "severity", "looked at", "one photograph", "one scene taken again", "right")
    return [Table("Findings looked at, one by one", columns, cells, "Right: not two different scenes.")]


def _rates(tried: Sequence[Tried]) -> tuple[Cell, ...]:
    n = len(tried)
    least = (0.5, 0.95)
    right = [_rate(sum(t.found >= bar for t in tried), n) for bar in least]
    wrong = [_rate(sum(any(w >= bar for w in t.wrong) for t in tried), n) for bar in least]
    return (n, *right, *wrong)


def _rate(k: int, n: int) -> str:
    if n == 0:
        return "none"
    low, high = clopper_pearson(k, n, 0.95)
    return f"{k} of {n}: {k / n:.3f} [{low:.3f}, {high:.3f}]"


def _alike(pairs: Sequence[Same], count: int) -> list[set[int]]:
    """For each picture, itself and those that show the same as it."""
    alike = [{i} for i in range(count)]
    for pair in pairs:
        alike[pair.a].add(pair.b)
        alike[pair.b].add(pair.a)
    return [set().union(*(alike[j] for j in near)) for near in alike]


def _pixels(path: Path) -> Pixels:
    from PIL import Image as Pillow

    picture = rgb(open_source(path).read().data)
    small = Pillow.fromarray(picture)
    small.thumbnail((LONGEST, LONGEST))
    return np.asarray(small)


def _thumbnail(picture: Pixels) -> Grey:
    found = thumbnail(np.moveaxis(picture, -1, 0) if picture.ndim == 3 else picture[None])
    assert found is not None
    return found


if __name__ == "__main__":
    raise SystemExit(main())
