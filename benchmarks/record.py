"""Results of record: what a finished run leaves in docs/benchmarks, so that its numbers can be computed again.

A run is read here and never made (`benchmarks.accuracy` makes it); the page is written by `benchmarks.page`.
"""

import csv
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from vesale.core.recipe import Recipe, load
from vesale.core.report import Measure
from vesale.engine.results import load_results, measured, referral
from vesale.render.documents import dumps, plain

Document = dict[str, Any]
DIGITS = 6
"""Significant digits of a recorded probability."""
LARGEST = 1_000_000
"""Bytes of one recorded file."""
CLOSE = 5e-4
"""A measure may move by this through the rounding of the probabilities; more means that the run is not what it says."""
PARTS = ("measures", "per_class", "calibration", "coverage")
"""What of a report follows from its table of exams."""


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of others, with how we know it."""

    who: str
    metric: str
    value: float
    mark: str
    """s read in a source, 2 second-hand, m from memory, h measured by us (ANCHORS.md)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a record says beside its numbers."""

    name: str
    recipe: Path
    command: str
    published: tuple[Published, ...] = ()
    notes: tuple[str, ...] = ()


def record(entry: Entry, runs: Mapping[int, Path], folder: Path) -> Path:
    """Write NAME.json, a csv (and npz) a run, into `folder`; `runs`: seed -> finished run folder.

    One run's report is recorded as it is, its measures computed again from the rounded table; of several seeds the
    means are recorded and each seed's own report under `seeds`. ValueError when a run is not of this recipe, or when
    its table does not give its report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    documents: dict[int, Document] = {}
    for seed, run in runs.items():
        stem = entry.name if len(runs) == 1 else f"{entry.name}-seed-{seed}"
        documents[seed] = _of_run(entry, run, folder / stem, seed if len(runs) > 1 else None)
    several = list(documents.values())
    document = several[0] if len(several) == 1 else _over_seeds(documents)
    document |= {
        "command": entry.command,
        "study": several[0]["command"] if len(several) == 1 else None,
        "recipe": load(entry.recipe).digest,
        "published": [asdict(p) for p in entry.published],
        "training": _training([d["training"] for d in several]),
        "notes": list(entry.notes),
    }
    path = folder / f"{entry.name}.json"
    path.write_text(dumps(plain(document)), encoding="utf-8")
    return path


def recomputed(stem: Path, recipe: Recipe, refer: Mapping[str, Any] | None = None) -> Document:
    """The parts of a report that follow from `stem`.csv (and .npz); `refer`: that part as reported, for its promise."""
    counts = stem.with_name(f"{stem.name}.npz")
    results = load_results(stem.with_name(f"{stem.name}.csv"), recipe.task, counts if counts.exists() else None)
    found = measured(results)
    document: Document = plain({part: _plain_part(getattr(found, part)) for part in PARTS})
    document["refer"] = None
    if refer is not None:
        priced = (recipe.task, recipe.trust.cost, recipe.trust.positive)
        again = referral(results.rows, refer["alpha"], refer["delta"], priced)
        document["refer"] = {k: plain(getattr(again, k)) for k in refer}
    return document


def mean_over_seeds(numbers: Sequence[Document]) -> Document:
    """The mean of one metric over runs that differ by their seed, with Student's interval of that mean."""
    values = [n["value"] for n in numbers]
    known = [float(v) for v in values if v is not None]
    same: Document = {"level": 0.95, "n": len(values), "n_of": "seed", "unit": numbers[0]["unit"]}
    if len(known) < len(values):
        return {"value": None, "low": None, "high": None, **same, "method": "unknown for some seed"}
    mean, half = float(np.mean(known)), None
    if len(known) > 1:
        spread = float(np.std(known, ddof=1)) / math.sqrt(len(known))
        half = float(stats.t.ppf(0.975, len(known) - 1)) * spread
    low, high = (None, None) if half is None else (mean - half, mean + half)
    method = f"mean over {len(known)} seeds, Student's t interval of the mean; each run: {numbers[0]['method']}"
    return {"value": mean, "low": low, "high": high, **same, "method": method}


def _of_run(entry: Entry, run: Path, stem: Path, seed: int | None) -> Document:
    """The report of a run, its table (and histograms) copied beside `stem`."""
    wanted = load(entry.recipe, [] if seed is None else [f"seed={seed}"])
    found = load(run / "recipe.toml")
    if found.digest != wanted.digest:
        raise ValueError(
            f"{run}: made by recipe {found.digest}, but {entry.recipe.name} is {wanted.digest}: study again"
        )
    report: Document = json.loads((run / "report.json").read_text(encoding="utf-8"))
    _copy_rounded(run / "exams.csv", stem.with_name(f"{stem.name}.csv"))
    if (run / "histograms.npz").exists():
        shutil.copyfile(run / "histograms.npz", stem.with_name(f"{stem.name}.npz"))
    for path in (stem.with_name(f"{stem.name}{suffix}") for suffix in (".csv", ".npz")):
        if path.exists() and path.stat().st_size >= LARGEST:
            raise ValueError(f"{path.name}: {path.stat().st_size} bytes is too large to record")
    again = recomputed(stem, found, report["refer"])
    _refuse_other(run, report["measures"], again["measures"])
    card = json.loads((run / "model" / "card.json").read_text(encoding="utf-8"))
    training = {key: card["training"][key] for key in ("seconds", "steps", "machine")}
    return report | again | {"training": training}


def _copy_rounded(source: Path, target: Path) -> None:
    with source.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row |= {k: f"{float(v):.{DIGITS}g}" for k, v in row.items() if ".p." in k and v}
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _refuse_other(run: Path, reported: Document, again: Document) -> None:
    """ValueError when the table gives other measures than the report says."""
    for output, metrics in reported.items():
        for metric, number in metrics.items():
            other = again.get(output, {}).get(metric)
            values = [number["value"], other and other["value"]]
            if None in values and values != [None, None]:
                raise ValueError(f"{run}: {output} {metric} is {values[0]} in report.json, {values[1]} by exams.csv")
            if None not in values and abs(values[0] - values[1]) > CLOSE:
                raise ValueError(f"{run}: {output} {metric} is {values[0]} in report.json, {values[1]} by exams.csv")


def _over_seeds(documents: Mapping[int, Document]) -> Document:
    """The first report with every number replaced by its mean; what has no mean is left out."""
    several = list(documents.values())
    first = several[0]
    means = _mean([{k: d[k] for k in (*PARTS, "baselines")} for d in several])
    kept = ("training", "model", *PARTS, "refer", "warnings")
    return first | {
        **means,
        "model": {**first["model"], "digest": None},
        "refer": None,
        "subgroups": [],
        "seconds": sum(d["seconds"] for d in several),
        "peak_rss_mb": max(d["peak_rss_mb"] for d in several),
        "seeds": [{"seed": seed, **{k: d[k] for k in kept}} for seed, d in documents.items()],
    }


def _mean(parts: Sequence[Any]) -> Any:
    """Numbers of INTERFACES to their means, whatever they stand in; bins of calibration have none."""
    first = parts[0]
    if isinstance(first, list):
        return []
    if not isinstance(first, dict):
        return first
    if "n_of" in first:
        return mean_over_seeds(parts)
    return {key: _mean([p[key] for p in parts]) for key in first if all(key in p for p in parts)}


def _training(each: Sequence[Document]) -> Document:
    """Of one run, or the sum over runs."""
    return {
        "seconds": round(sum(float(t["seconds"]) for t in each), 1),
        "steps": sum(int(t["steps"]) for t in each),
        "machine": "; ".join(dict.fromkeys(str(t["machine"]) for t in each)),
    }


def _plain_part(part: Any) -> Any:
    """Measures stay measures (`plain` knows them); a Calibration becomes a mapping."""
    if isinstance(part, Mapping):
        return {key: _plain_part(value) for key, value in part.items()}
    if isinstance(part, Measure):
        return part
    return {
        "ece": part.ece,
        "brier": part.brier,
        "bins": [{"p": b.p, "observed": b.observed, "n": b.n} for b in part.bins],
    }
