"""Whether an audit finds a planted bias, and how often it cries where there is none: `python -m benchmarks.bias`.

Populations of one exam a subject with three traits: site (two values or five), sex, age. Every audit is the real one
(groups, every main number, the tests, Holm's correction over all of them); only the intervals beside are left out.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import Cell, Table, record_tables
from vesale.core.audit import GAP, Compared, Family, Grouping, Question
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine.audit import compared
from vesale.engine.audit_metrics import comparables
from vesale.engine.calibration_rows import Row
from vesale.engine.results import Results
from vesale.metrics.intervals import clopper_pearson
from vesale.trust.groups import Groups, group

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks" / "bias.json"
COMMAND = "python -m benchmarks.bias --audit TITLE=AUDIT/audit.json"
ALPHA = 0.05
BINS = 16
Floats = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Population:
    """How many subjects, and which share of them each site has."""

    subjects: int
    sites: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Plant:
    """One bias put into the first site, and the number in which it must show."""

    name: str
    size: str
    metric: str
    make: Callable[[Rng, NDArray[np.bool_]], Results]
    """(generator, who is at the first site) -> results"""
    population: Population


def category(rng: Rng, first: NDArray[np.bool_], missed: float = 0, shift: float = 0, unsure: float = 0) -> Results:
    """Calibrated answers (sensitivity about .77, a third referred) that at the first site miss `missed` more of the
    ill, state log-odds that are `shift` too high, or are referred in `unsure` more of the exams.
    """
    n = len(first)
    logit = rng.normal(-0.6, 2.6, n)
    ill = rng.random(n) < 1 / (1 + np.exp(-logit))
    logit = logit + shift * first
    hidden = first & ill & (logit > 0) & (rng.random(n) < missed / 0.77)
    p = np.where(hidden, 1 - 1 / (1 + np.exp(-logit)), 1 / (1 + np.exp(-logit)))
    referred = (np.maximum(p, 1 - p) < 0.75) | (first & (rng.random(n) < unsure / 0.68))
    rows: list[Row] = []
    names = ("healthy", "ill")
    for i in range(n):
        row: Row = {"exam": str(i), "subject": str(i), "status": "referred" if referred[i] else "reported"}
        stated = [name for name, q in zip(names, (1 - p[i], p[i]), strict=True) if q > 0.1]
        row |= {"label.truth": names[int(ill[i])], "label.prediction": names[int(p[i] >= 0.5)]}
        row |= {"label.p.healthy": 1 - float(p[i]), "label.p.ill": float(p[i]), "label.set": ";".join(stated)}
        rows.append(row | {"wrong": float(ill[i] != (p[i] >= 0.5))})
    return Results(Task("made", {"label": Category(names)}), tuple(rows))


def partition(rng: Rng, first: NDArray[np.bool_], loss: float = 0) -> Results:
    """Outlines whose Dice is about .85, at the first site `loss` less."""
    n = len(first)
    dice = np.clip(rng.beta(0.85 * 12, 0.15 * 12, n) - loss * first, 0.02, 0.99)
    size = rng.integers(400, 1600, n)
    hit = np.round(dice * size).astype(int)  # as much falsely marked as missed: Dice is hit / size
    pos, neg = np.zeros((2, n, 1, BINS), int)
    pos[:, 0, 12], pos[:, 0, 3] = hit, size - hit
    neg[:, 0, 12], neg[:, 0, 1] = size - hit, 10_000
    rows = tuple(
        {"exam": str(i), "subject": str(i), "status": "reported", "wrong": None, "mask.truth": 1.0} for i in range(n)
    )
    task = Task("made", {"mask": Partition(("background", "lesion"))})
    return Results(task, rows, {"mask": (pos, neg)}, {"mask": (0.5,)})


def quantity(rng: Rng, first: NDArray[np.bool_], factor: float = 1) -> Results:
    """Answers off by 1 on average, at the first site `factor` as much."""
    n = len(first)
    truth = rng.uniform(0, 100, n)
    error = rng.normal(0, 1.25, n) * np.where(first, factor, 1.0)
    rows: list[Row] = []
    for i in range(n):
        value = float(truth[i] + error[i])
        row: Row = {"exam": str(i), "subject": str(i), "status": "reported", "wrong": None}
        row |= {"size.truth": float(truth[i]), "size.value": value, "size.prediction": value}
        rows.append(row | {"size.low": value - 2.1, "size.high": value + 2.1})
    return Results(Task("made", {"size": Quantity("mm")}), tuple(rows))


def _planted(make: Any, **how: float) -> Callable[[Rng, NDArray[np.bool_]], Results]:
    return lambda rng, first: make(rng, first, **how)


MANY = Population(1200, (0.3, 0.7))
PLANTS = (
    Plant("lower sensitivity", "25 points fewer found", "sensitivity", _planted(category, missed=0.25), MANY),
    Plant("shifted calibration", "log-odds 1 too high", "calibration_gap", _planted(category, shift=1.0), MANY),
    Plant("more referred", "18 points more", "share_referred", _planted(category, unsure=0.18), MANY),
    Plant("lower Dice", "0.10 less", "dice", _planted(partition, loss=0.10), Population(200, (0.3, 0.7))),
    Plant("larger error", "1.8 times", "mae", _planted(quantity, factor=1.8), Population(300, (0.3, 0.7))),
)
NONE = (
    ("category", category, Population(100, (0.2, 0.8))),
    ("category", category, Population(300, (0.1, 0.9))),
    ("category", category, Population(300, (0.5, 0.5))),
    ("category", category, Population(600, (0.05, 0.1, 0.15, 0.3, 0.4))),
    ("partition", partition, Population(100, (0.15, 0.85))),
    ("quantity", quantity, Population(100, (0.15, 0.85))),
)


def audited(results: Results, traits: Sequence[Groups], family: Family | None = "main") -> tuple[Compared, ...]:
    """The tests of an audit, without the intervals; of one family, which is corrected by itself, or of both."""
    numbers = [n for n in comparables(results) if family in (n.family, None)]
    subjects = [str(r["subject"]) for r in results.rows]
    return compared(numbers, (traits, ()), subjects, Question(alpha=ALPHA))


def population(rng: Rng, of: Population) -> tuple[NDArray[np.bool_], list[Groups]]:
    """(who is at the first site, the groups of the three traits)"""
    n = of.subjects
    site = rng.choice(len(of.sites), n, p=of.sites)
    subjects = [str(i) for i in range(n)]
    traits = [
        group(Grouping("site"), [f"S{s}" for s in site], subjects),
        group(Grouping("sex"), ["FM"[s] for s in rng.integers(2, size=n)], subjects),
        group(Grouping("age"), [float(a) for a in rng.integers(20, 90, n)], subjects),
    ]
    return site == 0, traits


def found(plant: Plant, seed: int) -> bool:
    """Whether the audit says that the planted number differs by site, and by enough to matter."""
    rng = np.random.default_rng([seed, len(plant.name)])
    first, traits = population(rng, plant.population)
    return any(
        t.by == "site" and t.metric == plant.metric and _alarm(t) and abs(t.difference.value or 0) >= (t.relevant or 0)
        for t in audited(plant.make(rng, first), traits)
    )


def cried(make: Any, of: Population, seed: int, family: Family | None = "main") -> tuple[bool, bool]:
    """Where nothing is planted: whether any comparison is significant after correction, and one that matters."""
    rng = np.random.default_rng([seed, of.subjects, len(of.sites)])
    first, traits = population(rng, of)
    tests = [t for t in audited(make(rng, first), traits, family) if _alarm(t)]
    return bool(tests), any(abs(t.difference.value or 0) >= (t.relevant or 0) for t in tests)


def _alarm(test: Compared) -> bool:
    return test.p_corrected is not None and test.p_corrected < ALPHA


def planted_table(simulations: int) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for plant in PLANTS:
        k = sum(found(plant, seed) for seed in range(simulations))
        of = plant.population
        rows.append((plant.name, plant.size, of.subjects, round(of.sites[0] * of.subjects), *_rate(k, simulations)))
        print(rows[-1], flush=True)
    return _planted_table(rows)


def none_table(nulls: int) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, make, of in NONE:
        cries = [cried(make, of, seed) for seed in range(nulls)]
        sites = " / ".join(f"{round(s * of.subjects)}" for s in of.sites)
        relevant = round(sum(b for _, b in cries) / nulls, 4)
        rows.append((name, of.subjects, sites, *_rate(sum(a for a, _ in cries), nulls), relevant))
        print(rows[-1], flush=True)
    return _none_table(rows)


def _planted_table(rows: Sequence[tuple[Cell, ...]]) -> Table:
    return Table(
        "Planted bias at one site: found",
        ("bias", "size", "subjects", "of them at the site", "share found", "95 % interval", "simulations"),
        tuple(rows),
        f"Found: the planted number differs by site after Holm's correction over the whole main family "
        f"(site, sex, age) and by at least {GAP:g} (errors: 20 % of the mean error).",
    )


def _none_table(rows: Sequence[tuple[Cell, ...]]) -> Table:
    return Table(
        f"Nothing planted: audits with any false alarm (stated: at most {ALPHA:g})",
        ("output", "subjects", "by site", "share with an alarm", "95 % interval", "audits", "with one that matters"),
        tuple(rows),
        "Any comparison of the main family, by any of the three traits, significant after correction. Fisher's exact "
        "test and Holm's correction keep below the stated rate rather than at it.",
    )


def of_audit(name: str, path: Path) -> Table:
    """What a real audit found: the main comparisons of single traits, from its audit.json."""
    document = json.loads(path.read_text(encoding="utf-8"))
    rows: list[tuple[Cell, ...]] = []
    for t in (t for t in document["tests"] if t["family"] == "main"):
        a, b = t["value_a"], t["value_b"]
        ends = "too few to say" if t["p"] is None else _ends(t["difference"])
        rest = [None if t[k] is None else round(t[k], 4) for k in ("p", "p_corrected", "detectable")]
        number = f"{t['metric']} ({t['output']})" if t["output"] else t["metric"]
        rows.append((f"{t['by']} {t['a']}", t["b"], number, _ends(a), a["n"], _ends(b), b["n"], ends, *rest))
    c = document["cohort"]
    columns = ("group", "against", "number", "value", "n", "other value", "other n", "difference", "p", "p (Holm)")
    note = f"{c['exams']} exams of {c['subjects']} subjects, by {', '.join(document['by'])}; values with 95 % interval."
    return Table(name, (*columns, "smallest gap it could show"), tuple(rows), note)


def _ends(number: dict[str, Any]) -> str:
    if number["value"] is None:
        return "unknown"
    if number["low"] is None:
        return f"{number['value']:.3g}"
    return f"{number['value']:.3g} [{number['low']:.3g}, {number['high']:.3g}]"


def _recorded(path: Path) -> list[Table]:
    """The tables of the simulations in a record."""
    document = json.loads(path.read_text(encoding="utf-8"))
    tables = [t for t in document["tables"] if "group" not in t["columns"]]
    return [Table(t["title"], tuple(t["columns"]), tuple(map(tuple, t["rows"])), t["note"]) for t in tables]


def _rate(k: int, n: int) -> tuple[Cell, ...]:
    low, high = clopper_pearson(k, n)
    return round(k / n, 4), f"{low:.3f} to {high:.3f}", n


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bias", description=__doc__)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--nulls", type=int, default=200)
    parser.add_argument("--out", type=Path, default=RECORD)
    parser.add_argument("--audit", action="append", default=[], metavar="TITLE=audit.json", help="add a real audit")
    parser.add_argument("--keep", action="store_true", help="keep the simulations that are recorded")
    options = parser.parse_args(argv)
    made = _recorded(options.out) if options.keep else [planted_table(options.simulations), none_table(options.nulls)]
    made += [of_audit(title, Path(path)) for title, _, path in (a.rpartition("=") for a in options.audit)]
    record_tables(options.out, "Audit of bias: planted, not planted, and on real images", COMMAND, made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
