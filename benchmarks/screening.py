"""The screening programme on photographs of three cameras: what is answered, referred and declined, and how well.

`python -m benchmarks.screening DATA OUT` (DATA: the folder of real data; packages by name, as `vesale list models`
finds them). It is calibrated and judged on IDRiD B, whose patients have one photograph each, so sides are not
asked for, and there are no clinical facts. `--answers STEP=RUN` gives the out-of-fold answers of a package's study,
without which packages that learned from IDRiD B are judged on what they have seen: the record says which it was. DRIVE
and DRIMDB are other cameras: only what happened to them is counted. Writes docs/benchmarks/screening.json.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cohorts import idrid_grading
from vesale.verbs.read import How, read
from vesale.verbs.study import Wish, study

RECORD = Path("docs/benchmarks/screening.json")
PROGRAMME = "diabetic-retinopathy"
SINGLE = ("sides.incomplete=go_on",)
CAMERAS = {
    "DRIVE": ("retina/drive", "*.tif"),
    "DRIMDB good": ("retina/drimdb_quality", "**/Good/*"),
    "DRIMDB bad": ("retina/drimdb_quality", "**/Bad/*"),
    "DRIMDB outlier": ("retina/drimdb_quality", "**/Outlier/*"),
}
"""What the folder is called -> where its photographs lie."""
PICTURES = {".tif", ".tiff", ".jpg", ".jpeg", ".png", ".bmp"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything that is not there yet, then write the record."""
    parser = argparse.ArgumentParser(prog="benchmarks.screening")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--answers", action="append", default=[], metavar="STEP=RUN")
    parser.add_argument("--cameras", nargs="*", default=list(CAMERAS), choices=list(CAMERAS))
    given = parser.parse_args(arguments)
    answers = {word.partition("=")[0]: Path(word.partition("=")[2]) for word in given.answers}
    run = calibrated(given.data, given.out, answers)
    cameras = {name: camera(name, given.data, run, given.out) for name in given.cameras}
    record = document(run, cameras, answers)
    RECORD.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(RECORD)
    return 0


def calibrated(data: Path, out: Path, answers: dict[str, Path]) -> Path:
    """The run of the programme's calibration on IDRiD B; taken up when it is there."""
    run = out / "idrid"
    if (run / "report.json").is_file():
        return run
    cohort = out / "cohort"
    cohort.mkdir(parents=True, exist_ok=True)
    idrid_grading(data, cohort)
    allowed = ("exact_duplicate", "near_duplicate", "label_conflict")  # they are in the public set; the record says so
    wish = Wish(programme=PROGRAMME, answers=answers, overrides=SINGLE, allow=allowed)
    done = study(cohort, run, wish, lambda event: print(event))
    if done.report is None:
        raise SystemExit("the check of IDRiD B found what is not allowed: see check.json")
    return run


def camera(name: str, data: Path, run: Path, out: Path) -> dict[str, int]:
    """What the calibrated programme did with photographs of another camera, each a patient of its own."""
    folder, pattern = CAMERAS[name]
    files = sorted(p for p in (data / folder).rglob(pattern) if p.suffix.lower() in PICTURES and _is_photograph(p))
    there = out / name.replace(" ", "-").lower()
    if not (there / "worklist.csv").is_file():
        read(files, run / "model", there, how=How(log=None))
    return counted(there)


def counted(folder: Path) -> dict[str, int]:
    """Patients by status, by decision, and by the reason that kept them from being set aside."""
    found: Counter[str] = Counter()
    for path in sorted(folder.glob("*/programme.json")):
        said = json.loads(path.read_text(encoding="utf-8"))
        found["patients"] += 1
        found[f"status {said['status']}"] += 1
        found[f"decision {said['decision']}"] += 1
        found.update(f"reason {code}" for code in {r["code"] for r in said["reasons"]})
        for exam in said["exams"]:
            found.update(f"{s['name']} {s['status']}" for s in exam["steps"] if s["status"])
    return dict(sorted(found.items()))


def document(run: Path, cameras: dict[str, dict[str, int]], answers: dict[str, Path]) -> dict[str, Any]:
    """The record: the report of IDRiD B and the counts of every set."""
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    card = json.loads((run / "model" / "card.json").read_text(encoding="utf-8"))
    kept = ("measures", "operating", "refer", "cohort", "warnings", "model")
    return {
        "schema": "vesale/screening/1",
        "command": "python -m benchmarks.screening DATA OUT" + "".join(f" --answers {step}=RUN" for step in answers),
        "answers": card["cohort"]["answers of the steps"],
        "promise": card["promise"],
        "packages": card["steps"],
        "idrid": {key: report[key] for key in kept} | {"counts": counted(run / "out_of_fold")},
        "cameras": cameras,
        "notes": [
            "IDRiD: one photograph a patient, no clinical facts, sides not asked for (sides.incomplete=go_on).",
            "Known duplicates of IDRiD B with conflicting grades are in the cohort as published, less image 118.",
        ],
    }


def _is_photograph(path: Path) -> bool:
    """Not a mask or a drawing beside it."""
    return not any(part in ("mask", "1st_manual", "2nd_manual", "masks") for part in path.parts)


if __name__ == "__main__":
    raise SystemExit(main())
