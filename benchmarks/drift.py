"""How soon the watch over a stream of readings rings after a change, and how often before.

`python -m benchmarks.drift`
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesale.metrics.intervals import clopper_pearson
from vesale.trust.drift import EVERY, drift

from .page import write_page
from .tables import Cell, Table, record_tables

ROOT = Path(__file__).parents[1]
RUNS, QUIET, AFTER = 200, 300, 400
"""Simulations of each kind, readings before the change, and after it."""
REFERENCES = (50, 200, 1000)
CHANGES = (
    ("one quantity moves by 0.5 sd", 0.5, 1.0, 1.0),
    ("one quantity moves by 1 sd", 1.0, 1.0, 1.0),
    ("one quantity moves by 2 sd", 2.0, 1.0, 1.0),
    ("a fifth of the exams moves by 3 sd", 3.0, 0.2, 1.0),
    ("one quantity spreads threefold", 0.0, 1.0, 3.0),
)
WHAT = (
    "Drift, simulated: streams of readings with four quantities (two normal, one uniform, one yes or no) watched "
    "against a reference of some exams, with at most one false alarm in 1,000 readings on average. See "
    "`docs/explain/drift.md`."
)
Floats = NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help=f"simulations of each kind ({RUNS})")
    options = parser.parse_args(arguments)
    tables = [false_alarms(options.runs), delays(options.runs)]
    record_tables(ROOT / "docs" / "benchmarks" / "drift.json", WHAT, "python -m benchmarks.drift", tables)
    write_page(ROOT)
    return 0


def false_alarms(runs: int) -> Table:
    """Streams in which nothing changes."""
    rows: list[tuple[Cell, ...]] = []
    for size in REFERENCES:
        rung, length = 0, QUIET + AFTER
        for seed in range(runs):
            rng = np.random.default_rng([size, seed])
            found = drift(_made(rng, size), _made(rng, length), EVERY, seed)
            rung += len(found.alarms) if found else 0
        low, high = clopper_pearson(rung, runs * length, 0.95)
        rate = f"{1000 * rung / (runs * length):.2f} [{1000 * low:.2f}, {1000 * high:.2f}]"
        rows.append((f"{size} exams", f"{rung} in {runs * length:,} readings", rate, "1"))
    return Table("False alarms", ("reference", "alarms", "in 1,000 readings", "at most"), tuple(rows))


def delays(runs: int) -> Table:
    """Streams that change after `QUIET` readings."""
    rows: list[tuple[Cell, ...]] = []
    for what, moved, share, wider in CHANGES:
        for size in REFERENCES:
            found = [
                _delay(np.random.default_rng([7, size, seed]), (size, moved, share, wider)) for seed in range(runs)
            ]
            held = sorted(delay for delay in found if delay is not None)
            caught = len(held)
            low, high = clopper_pearson(caught, runs, 0.95)
            every = np.array([*held, *[np.inf] * (runs - caught)])
            middle, late = (float(np.quantile(every, q, method="higher")) for q in (0.5, 0.9))
            told = [f"{v:.0f}" if np.isfinite(v) else f"more than {AFTER}" for v in (middle, late)]
            rows.append((what, f"{size} exams", *told, f"{caught} of {runs} [{low:.3f}, {high:.3f}]"))
    columns = ("change", "reference", "readings to the alarm, median", "in 9 of 10 at most", f"found within {AFTER}")
    return Table("Delay", columns, tuple(rows), f"The change comes after {QUIET} readings in which nothing changes.")


def _delay(rng: np.random.Generator, kind: tuple[int, float, float, float]) -> int | None:
    size, moved, share, wider = kind
    before, after = _made(rng, QUIET), _made(rng, AFTER)
    touched = rng.random(AFTER) < share
    after["gate"] = np.where(touched, wider * after["gate"] + moved, after["gate"])
    stream = {name: np.concatenate([before[name], after[name]]) for name in before}
    found = drift(_made(rng, size), stream, EVERY, int(rng.integers(2**31)))
    late = [alarm.at - QUIET for alarm in found.alarms if alarm.at > QUIET] if found else []
    return late[0] if late else None


def _made(rng: np.random.Generator, count: int) -> dict[str, Floats]:
    return {
        "gate": rng.normal(size=count),
        "size": rng.normal(size=count),
        "confidence": rng.random(count),
        "referred": (rng.random(count) < 0.2).astype(float),
    }


if __name__ == "__main__":
    raise SystemExit(main())
