"""What commissioning finds and mends at a new site: `python -m benchmarks.commission RUN COHORT OUT`.

RUN is a study of images with one answer each, COHORT the table that it was made from; its test split stands for the
site, as it is and as another device would have taken it. Nothing is learned.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from vesale.core.acceptance import Acceptance, Side
from vesale.core.report import Measure
from vesale.verbs.commission import CommissionWish, commission

from .page import write_page
from .tables import Cell, Table, record_tables

ROOT = Path(__file__).parents[1]
SIZES = (50, 100, 300)
"""Local exams."""
Picture = NDArray[np.uint8]
WHAT = (
    "Commissioning: a model at a site that it was not made for, which is played by its test images, as they are and as "
    "another device would have taken them. See `docs/explain/commission.md`."
)


def _gamma(picture: Picture) -> Picture:
    return np.asarray(255 * (picture / 255.0) ** 0.6, np.uint8)


def _flat(picture: Picture) -> Picture:
    return np.asarray(np.clip(0.55 * picture.astype(float) + 70, 0, 255), np.uint8)


def _same(picture: Picture) -> Picture:
    return picture


DEVICES: Mapping[str, Callable[[Picture], Picture]] = {
    "the same device": _same,
    "brighter (gamma 0.6)": _gamma,
    "flatter (contrast 0.55, raised)": _flat,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.commission", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="a folder of `vesale study`")
    parser.add_argument("cohort", type=Path, metavar="COHORT", help="the folder of its labels.csv")
    parser.add_argument("out", type=Path, metavar="OUT", help="scratch folder")
    options = parser.parse_args(arguments)
    with (options.cohort / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == "test"]
    order = np.random.default_rng(0).permutation(len(rows))
    table = []
    for device, taken in DEVICES.items():
        for size in SIZES:
            folder = options.out / f"{list(DEVICES).index(device)}-{size}"
            _site(folder, options.cohort, [rows[i] for i in order[:size]], taken)
            print(f"{device}, {size} exams", file=sys.stderr)
            wish = CommissionWish(allow=("exact_duplicate",), name="site")
            found = commission(options.run / "model", folder, folder / "out", wish)
            table.append((device, f"{size}", *_line(found)))
    columns = (
        *("site", "exams", "AUC as stated", "AUC delivered", "calibration error delivered / commissioned"),
        *("declined by the gate of origin / of the site", "wrong of those answered alone, delivered / commissioned"),
        *("promise renewed", "advice"),
    )
    command = f"python -m benchmarks.commission {options.run.name} {options.cohort.name} OUT"
    note = "Commissioned: each exam by what was fitted on the others of the site. Intervals at 95 %."
    title = f"{options.run.name} at made sites"
    path = ROOT / "docs" / "benchmarks" / "commission.json"
    record_tables(path, WHAT, command, [Table(title, columns, tuple(table), note)])
    write_page(ROOT)
    return 0


def _site(folder: Path, source: Path, rows: Sequence[Mapping[str, str]], taken: Callable[[Picture], Picture]) -> None:
    """A cohort of these rows, as the device takes them."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "label"])
        for row in rows:
            name = Path(row["image"]).name
            picture = np.asarray(Pillow.open(source / row["image"]).convert("L"))
            Pillow.fromarray(taken(picture)).save(folder / "images" / name)
            writer.writerow([f"images/{name}", row["label"]])


def _line(found: Acceptance) -> tuple[Cell, ...]:
    output = next(iter(found.delivered.measures))
    sides = (found.delivered, found.commissioned)
    return (
        _text(found.stated[output]["auc"]),
        _text(found.delivered.measures[output]["auc"]),
        " / ".join(_text(side.calibration[output].ece) if output in side.calibration else "unknown" for side in sides),
        " / ".join(_text(side.rates["declined"]) for side in sides),
        " / ".join(_wrong(side) for side in sides),
        "yes" if found.promise and found.promise.threshold is not None else "no",
        found.advice.replace("_", " "),
    )


def _wrong(side: Side) -> str:
    return _text(side.refer.error_reported) if side.refer else "no promise"


def _text(measure: Measure) -> str:
    if measure.value is None:
        return "none" if measure.n == 0 else "unknown"
    if measure.low is None or measure.high is None:
        return f"{measure.value:.3f} (n {measure.n})"
    return f"{measure.value:.3f} [{measure.low:.3f}, {measure.high:.3f}]"


if __name__ == "__main__":
    raise SystemExit(main())
