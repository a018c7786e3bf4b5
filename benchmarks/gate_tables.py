"""The tables of `benchmarks.gate`: what was measured, put in rows with intervals and n."""

from collections.abc import Mapping, Sequence
from typing import Any

from vesale.metrics.intervals import clopper_pearson

from .corruption_kinds import KINDS, STRENGTHS
from .gate_sets import OWN, SETS
from .tables import Cell, Table

Found = Mapping[str, Mapping[str, Any]]
FLOOR = 0.98
"""AUROC that a foreign modality is to be told apart with."""


def what(found: Found) -> str:
    """A sentence or two at the head of the record."""
    pairs = [(m, o, e) for m, d in found.items() for o, e in d["foreign"].items() if not near(m, o)]
    reached = sum(e["auc"][0] >= FLOOR for _, _, e in pairs)
    caught = sum(r["declined"] for _, _, e in pairs for r in e["rows"])
    n = sum(len(e["rows"]) for _, _, e in pairs)
    return (
        f"What each model's gate declines before any answer. Of {len(pairs)} pairs of a model and a set of another "
        f"kind {reached} are told apart with an AUROC of at least {FLOOR}; of their pictures {share(caught, n)} were "
        "declined. Pictures of the model's own kind from elsewhere (another device, site or disease) stand apart."
    )


def tables(found: Found, own: Mapping[str, str]) -> Sequence[Table]:
    return [_alarms(found), *_matrices(found), _near(found), *_corruptions(found)]


def near(model: str, other: str) -> bool:
    """Whether a set shows what the model's own exams show, only from elsewhere."""
    return SETS[OWN[model][0]].kind == SETS[other].kind


def share(k: int, n: int) -> str:
    """'0.021 [0.010, 0.040] of 480'"""
    low, high = clopper_pearson(k, n)
    return f"{k / n if n else float('nan'):.3f} [{low:.3f}, {high:.3f}] of {n}"


def _alarms(found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for model, d in found.items():
        k, n = sum(r["declined"] for r in d["own"]), len(d["own"])
        rows.append((model, d["where"], d["n"], d["rate"], share(k, n)))
    columns = ("model", "own exams", "calibration exams", "stated", "declined in error")
    note = (
        "Own exams are of the test split, or out of fold, judged by gates fitted without their fold. Exact binomial "
        "intervals at 95 %, every exam taken as independent."
    )
    return Table("Good exams declined", columns, tuple(rows), note)


def _matrices(found: Found) -> Sequence[Table]:
    """AUROC, and the share declined, of every foreign set (rows) by every model (columns)."""
    names = tuple(found)
    told: list[tuple[Cell, ...]] = []
    declined: list[tuple[Cell, ...]] = []
    for other in SETS:
        first: list[Cell] = [other]
        second: list[Cell] = [other]
        for model in names:
            entry = found[model]["foreign"].get(other)
            if entry is None or near(model, other):
                first.append(None)
                second.append(None)
                continue
            value, low, high = entry["auc"]
            first.append(f"{value:.3f}" if low is None else f"{value:.3f} [{low:.3f}, {high:.3f}]")
            second.append(share(sum(r["declined"] for r in entry["rows"]), len(entry["rows"])))
        told.append(tuple(first))
        declined.append(tuple(second))
    columns = ("pictures of", *names)
    note = "AUROC of own exams against foreign ones by the gate's score alone; bootstrap over exams, 500 draws, 95 %."
    return [
        Table("Foreign pictures told apart (AUROC)", columns, tuple(told), note),
        Table("Foreign pictures declined", columns, tuple(declined), "By looks, features or header; 95 % intervals."),
    ]


def _near(found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for model, d in found.items():
        for other, entry in d["foreign"].items():
            if near(model, other):
                value, low, high = entry["auc"]
                interval = "" if low is None else f" [{low:.3f}, {high:.3f}]"
                k, n = sum(r["declined"] for r in entry["rows"]), len(entry["rows"])
                rows.append((model, other, f"{value:.3f}{interval}", share(k, n)))
    note = (
        "Pictures of the same kind from another device, site or age. Whether the model may read them is not the gate's "
        "to say: that takes `vesale evaluate` on them. Declined means: they look unlike the training."
    )
    return Table("Own kind, from elsewhere", ("model", "pictures of", "AUROC", "declined"), tuple(rows), note)


def _corruptions(found: Found) -> Sequence[Table]:
    columns = ("model", "corruption", *(f"strength {s}" for s in STRENGTHS))
    rows: list[tuple[Cell, ...]] = []
    pooled: list[tuple[Cell, ...]] = []
    for kind in KINDS:
        sums = {s: [0, 0] for s in STRENGTHS}
        for model, d in found.items():
            cells: list[Cell] = []
            for s in STRENGTHS:
                some = d["spoilt"][f"{kind}-{s}"]
                k, n = sum(r["declined"] for r in some), len(some)
                sums[s][0] += k
                sums[s][1] += n
                cells.append(f"{k}/{n}")
            rows.append((model, kind, *cells))
        pooled.append(("all", kind, *(share(k, n) for k, n in sums.values())))
    note = (
        "Own pictures (of all splits) made worse in five strengths, `benchmarks/corruption_kinds.py`; the share "
        "declined. A study whose own exams hold bad pictures passes bad pictures."
    )
    return [
        Table("Corrupted pictures declined, all models together", columns, tuple(pooled), note),
        Table("Corrupted pictures declined, model by model", columns, tuple(rows), "Counts of pictures."),
    ]
