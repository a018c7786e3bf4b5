"""How well an attack tells whom the measured models learned from: `python -m benchmarks.privacy RUN...`.

Each RUN is a folder of `vesale study`; what its card says is put side by side in docs/benchmarks/privacy.json.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .page import write_page
from .tables import Cell, Table, record_tables

ROOT = Path(__file__).parents[1]
WHAT = (
    "Membership inference (likelihood ratio, Carlini et al. 2022): how well somebody who holds an exam and its truth "
    "can tell whether the model learned from it. An area of 0.5 is chance. See `docs/explain/privacy.md`."
)
NOTE = (
    "Intervals by bootstrap over subjects. The control is a network made to learn by heart: its labels were shuffled "
    "and nothing was augmented, so that all it can know are the exams themselves; an audit that finds nothing there "
    "would be blind."
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.privacy", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a folder of `vesale study`")
    options = parser.parse_args(arguments)
    rows = []
    for run in options.runs:
        card = json.loads((run / "model" / "card.json").read_text(encoding="utf-8"))
        told = card.get("privacy", {}).get("membership")
        if told is None:
            print(f"{run}: its card has no measured privacy; study it again", file=sys.stderr)
            return 2
        rows.append(row(card["name"], told))
    columns = (
        "model",
        "area under the curve",
        "told at 5 % false accusations",
        "learned from",
        "others",
        "compared with",
    )
    names = " ".join(run.name for run in options.runs)
    record_tables(
        ROOT / "docs" / "benchmarks" / "privacy.json",
        WHAT,
        f"python -m benchmarks.privacy {names}",
        [Table("Whom the model learned from", columns, tuple(rows), NOTE)],
    )
    write_page(ROOT)
    return 0


def row(name: str, told: Mapping[str, Any]) -> tuple[Cell, ...]:
    """One model's line."""
    numbers = [f"{n['value']:.3f} [{n['low']:.3f}, {n['high']:.3f}]" for n in (told["auc"], told["sensitivity"])]
    networks = f"{told['references']} networks"
    return (name, *numbers, f"{told['members']} subjects", f"{told['others']} subjects", networks)


if __name__ == "__main__":
    raise SystemExit(main())
