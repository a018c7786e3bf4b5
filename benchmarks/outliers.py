"""How the fundus-quality model meets photographs that are no fundus at all: DRIMDB's class Outlier.

`python -m benchmarks.outliers MODEL OUT` reads them and writes docs/benchmarks/fundus-quality-outliers.csv. An outlier
is caught when the gate declines it, or when the answer is Bad.
"""

import argparse
import csv
import json
import os
import sys
from pathlib import Path

from vesale.metrics.intervals import clopper_pearson
from vesale.verbs.read import read

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks" / "fundus-quality-outliers.csv"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outliers", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    data = os.environ.get("VESALE_DATA")
    if not data:
        print("VESALE_DATA must name the folder of the real data sets", file=sys.stderr)
        return 2
    read([str(Path(data) / "retina" / "drimdb_quality" / "Outlier")], options.model, options.out)
    rows = [row(path) for path in sorted(options.out.glob("*/prediction.json"))]
    with RECORD.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["exam", "status", "code", "answer", "p_good", "caught"])
        writer.writerows(rows)
    caught = sum(int(r[-1]) for r in rows)
    low, high = clopper_pearson(caught, len(rows), 0.95)
    print(f"caught {caught} of {len(rows)}: {caught / len(rows):.3f} [{low:.3f}, {high:.3f}] -> {RECORD.name}")
    for status in ("declined", "referred", "reported", "failed"):
        print(f"{status}: {sum(r[1] == status for r in rows)}")
    return 0


def row(path: Path) -> list[str]:
    """exam, status, reason's code, answer, probability of Good, and whether it was caught (1 or 0)."""
    document = json.loads(path.read_text(encoding="utf-8"))
    said = document["outputs"].get("label")
    code = document["reasons"][0]["code"] if document["reasons"] else ""
    answer = said["answer"] if said else ""
    good = f"{said['probabilities']['Good']:.6g}" if said else ""
    caught = document["status"] == "declined" or answer == "Bad"
    return [document["exam"], document["status"], code, answer, good, str(int(caught))]


if __name__ == "__main__":
    raise SystemExit(main())
