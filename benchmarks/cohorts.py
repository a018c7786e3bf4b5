"""The labels.csv of each public data set that we measure on; the images stay where `VESALE_DATA` has them.

`python -m benchmarks.cohorts NAME OUT` writes OUT/labels.csv, with paths relative to OUT.
"""

import argparse
import csv
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from scipy.io import loadmat

from . import seen_cohorts

Cell = str | int | None
TWICE = tuple(f"IDRiD_{n}" for n in ("021", "391", "028", "327", "045", "333", "013", "397", "375", "279"))
"""IDRiD B: both copies of four photographs that were graded differently, and the second of two that were graded alike.

Five pairs are the same bytes; that 013 and 397 are one photograph was found by `vesale check`.
"""


@dataclass(frozen=True, slots=True)
class Maker:
    help: str
    write: Callable[[Path, Path], int]
    """(data folder, OUT) -> number of rows."""


def drive(data: Path, out: Path) -> int:
    """Vessels of the retina, Staal 2004: the official split, the first reader's tracing, the field of view."""
    rows: list[dict[str, Cell]] = []
    for split, folder in (("train", "training"), ("test", "test")):
        root = data / "retina" / "drive" / folder
        for image in sorted((root / "images").glob("*.tif")):
            number = image.stem.partition("_")[0]
            rows.append(
                {
                    "exam": image.stem,
                    "subject": number,
                    "image": _path(image, out),
                    "mask": _path(root / "1st_manual" / f"{number}_manual1.gif", out),
                    "roi": _path(root / "mask" / f"{image.stem}_mask.gif", out),
                    "split": split,
                }
            )
    return _write(out / "labels.csv", rows)


def drimdb(data: Path, out: Path) -> int:
    """Quality of retinal photographs: Good or Bad. The Outliers (no retinas) go to outliers.csv, without a label."""
    root = data / "retina" / "drimdb_quality"
    rows: list[dict[str, Cell]] = [
        {"image": _path(image, out), "label": name} for name in ("Good", "Bad") for image in _images(root / name)
    ]
    _write(out / "outliers.csv", [{"image": _path(image, out)} for image in _images(root / "Outlier")])
    return _write(out / "labels.csv", rows)


def breastmnist(data: Path, out: Path) -> int:
    """Breast ultrasound, 28x28: malignant, or normal or benign; the official split."""
    return _medmnist(data / "medmnist" / "BreastMNIST.npz", ("malignant", "normal_or_benign"), out)


def pneumoniamnist(data: Path, out: Path) -> int:
    """Chest X-rays of children, 28x28: normal or pneumonia; the official split."""
    return _medmnist(data / "medmnist" / "pneumoniamnist_union.npz", ("normal", "pneumonia"), out)


def idrid_grading(data: Path, out: Path) -> int:
    """Severity of diabetic retinopathy 0-4 and risk of macular oedema 0-2, Porwal 2018.

    Training image 118 is left out: it is also one of the official test images, on which a model will be measured.
    """
    root = data / "retina" / "idrid_grading"
    rows: list[dict[str, Cell]] = []
    for row in _read(root / "a. IDRiD_Disease Grading_Training Labels.csv"):
        name = row["Image name"]
        if name == "IDRiD_118":
            continue
        image = _path(root / "train" / f"{name}.jpg", out)
        rows.append({"image": image, "grade": row["Retinopathy grade"], "edema": row["Risk of macular edema"]})
    return _write(out / "labels.csv", rows)


def idrid_grades(data: Path, out: Path) -> int:
    """The same to learn from: of six photographs that the set holds twice, those whose copies agree are kept once (073,
    079), and both copies are left out where their grades differ."""
    rows = idrid_grading(data, out)
    path = out / "labels.csv"
    kept = [row for row in _read(path) if Path(row["image"]).stem not in TWICE]
    assert rows - len(kept) == len(TWICE)
    return _write(path, kept)


def idrid_lesions(data: Path, out: Path) -> int:
    """Microaneurysms, haemorrhages, hard and soft exudates and the disc; a lesion without a mask is absent."""
    return _idrid_outlines(data, out, ())


def idrid_lesions_kept(data: Path, out: Path) -> int:
    """The same without three photographs, which stand among the official test images of IDRiD B as well: models of the
    grade are measured on those, and may see what is outlined here."""
    never = data / "retina" / "idrid_segmentation" / "never_for_grade_models.txt"
    return _idrid_outlines(data, out, never.read_text(encoding="utf-8").split())


def _idrid_outlines(data: Path, out: Path, never: Sequence[str]) -> int:
    root = data / "retina" / "idrid_segmentation" / "train"
    rows: list[dict[str, Cell]] = []
    for image in (i for i in _images(root / "images") if i.name not in never):
        row: dict[str, Cell] = {"image": _path(image, out)}
        for name in ("MA", "HE", "EX", "SE", "OD"):
            mask = root / f"masks_{name}" / f"{image.stem}_{name}.png"
            row[f"mask_{name}"] = _path(mask, out) if mask.is_file() else None
        rows.append(row)
    return _write(out / "labels.csv", rows)


def lgg(data: Path, out: Path) -> int:
    """Low-grade glioma on MR slices, Buda 2019, by patient; gender and race are codes without a key."""
    root = data / "radiology" / "lgg_brain_mri"
    rows: list[dict[str, Cell]] = [
        {
            "subject": row["patient"],
            "image": _path(root / row["image"], out),
            "mask": _path(root / row["mask"], out),
            **{trait: row[trait] for trait in ("institution", "gender", "age", "race")},
            "tumour_grade": row["grade"],
        }
        for row in _read(root / "cohort.csv")
    ]
    return _write(out / "labels.csv", rows)


def covid_xray(data: Path, out: Path) -> int:
    """Chest X-rays with findings, by patient; a finding that nobody wrote down yet (`todo`) is left empty."""
    root = data / "radiology" / "covid_chestxray"
    rows: list[dict[str, Cell]] = [
        {
            "subject": row["patientid"],
            "image": _path(root / "images" / row["filename"], out),
            "finding": "" if row["finding"] == "todo" else row["finding"].replace(", ", ";"),
            **{trait: row[trait] for trait in ("sex", "age", "view", "location")},
        }
        for row in _read(root / "metadata.csv")
    ]
    return _write(out / "labels.csv", rows)


def oral(data: Path, out: Path) -> int:
    """Oral mucosa, normal or carcinoma; files of one slide have neighbouring numbers, so a block of 20 is a subject."""
    root = data / "histology" / "oral_tumour"
    rows: list[dict[str, Cell]] = [
        {
            "subject": row["number_block20"],
            "image": _path(root / row["image"], out),
            "label": row["label"],
            "magnification": row["magnification"],
        }
        for row in _read(root / "cohort.csv")
    ]
    return _write(out / "labels.csv", rows)


def lung(data: Path, out: Path) -> int:
    """Lung tissue, benign or one of two tumours; the turned and flipped copies of one photograph are one subject."""
    root = data / "histology" / "lung_tumour"
    rows: list[dict[str, Cell]] = [
        {"subject": row["source_tile_group"], "image": _path(root / row["image"], out), "label": row["class"]}
        for row in _read(root / "cohort.csv")
    ]
    return _write(out / "labels.csv", rows)


def digit69(data: Path, out: Path) -> int:
    """Which digit one person saw, from 3,092 voxels (Donders Institute): 90 trials to learn from and 10, as given."""
    file = data / "fmri" / "digit69" / "digit69_28x28.mat"
    arrays = loadmat(file, variable_names=["labelTrn", "labelTest"])
    rows: list[dict[str, Cell]] = []
    for part, split in (("Trn", "train"), ("Test", "test")):
        for i, label in enumerate(arrays[f"label{part}"].ravel()):
            image = f"{_path(file, out)}#fmri{part}[{i + 1}]"
            rows.append({"image": image, "label": {1: "six", 2: "nine"}[int(label)], "split": split})
    return _write(out / "labels.csv", rows)


def miyawaki(data: Path, out: Path) -> int:
    """Which of 20 patterns one person saw, from 967 voxels of V1, Miyawaki 2008; a pattern's name is its number in the
    order of its pixels, and no split is given, as the file's test patterns all stand in its training part, too."""
    file = data / "fmri" / "miyawaki_structured" / "miyawaki_conditions_2to5_combined_sharp.mat"
    parts = ("Trn", "Test")
    arrays = loadmat(file, variable_names=[f"{what}{part}" for what in ("stim", "label") for part in parts])
    seen = np.concatenate([arrays[f"stim{part}"] for part in parts])
    _, patterns = np.unique(seen, axis=0, return_inverse=True)
    conditions = np.concatenate([arrays[f"label{part}"].ravel() for part in parts])
    places = [f"fmri{part}[{i + 1}]" for part in parts for i in range(len(arrays[f"stim{part}"]))]
    rows: list[dict[str, Cell]] = [
        {"image": f"{_path(file, out)}#{place}", "label": f"pattern{int(pattern) + 1:02d}", "condition": int(condition)}
        for place, pattern, condition in zip(places, patterns.ravel(), conditions, strict=True)
    ]
    return _write(out / "labels.csv", rows)


MAKERS: Mapping[str, Maker] = {
    "drive": Maker("DRIVE: vessels of the retina, official split", drive),
    "drimdb": Maker("DRIMDB: quality of retinal photographs, Good or Bad; outliers.csv beside it", drimdb),
    "breastmnist": Maker("BreastMNIST: ultrasound, malignant or not", breastmnist),
    "pneumoniamnist": Maker("PneumoniaMNIST: chest X-ray, pneumonia or not", pneumoniamnist),
    "idrid-grading": Maker("IDRiD B: retinopathy grade and edema risk (labels grade, edema)", idrid_grading),
    "idrid-grades": Maker("IDRiD B without the photographs that it holds twice (labels grade, edema)", idrid_grades),
    "idrid-lesions": Maker("IDRiD A: lesions of the retina and the disc", idrid_lesions),
    "idrid-lesions-kept": Maker("IDRiD A without the three photographs that test grade models", idrid_lesions_kept),
    "lgg": Maker("LGG: tumour on MR slices, by patient", lgg),
    "covid-xray": Maker("COVID-19 chest X-rays with findings, by patient", covid_xray),
    "oral": Maker("oral mucosa: tumour tissue or not, by blocks of 20", oral),
    "lung": Maker("lung tissue: kind of tumour, by source photograph", lung),
    "digit69": Maker("brain activity: a six or a nine was seen; given split", digit69),
    "miyawaki": Maker("brain activity: which of 20 patterns was seen", miyawaki),
    "seen-digits": Maker("brain activity: the handwritten digit that was seen; given split", seen_cohorts.digit69),
    "seen-digits-folds": Maker("the same trials without the split", seen_cohorts.digit69_all),
    "seen-patterns": Maker("brain activity: the pattern that was seen, a fold a pattern", seen_cohorts.miyawaki),
    "seen-combined": Maker("the same in the file's own, leaking split", seen_cohorts.miyawaki_combined),
    "seen-figures": Maker("brain activity: which of 10 figures was seen, a fold a figure", seen_cohorts.vbcca),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 2 when `VESALE_DATA` does not name the data folder."""
    names = "\n".join(f"  {name:20}{maker.help}" for name, maker in MAKERS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cohorts",
        description=f"Write the labels.csv of a public data set.\n\nnames:\n{names}",
        epilog="VESALE_DATA names the folder that holds the data sets.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=list(MAKERS), metavar="NAME")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write labels.csv into")
    options = parser.parse_args(arguments)
    data = os.environ.get("VESALE_DATA", "")
    if not data or not Path(data).is_dir():
        found = f"{data} is no folder" if data else "it is not set"
        print(f"benchmarks.cohorts: VESALE_DATA must name the folder of the data sets; {found}", file=sys.stderr)
        return 2
    rows = MAKERS[options.name].write(Path(data).resolve(), options.out.resolve())
    print(f"{options.out / 'labels.csv'}: {rows} rows")
    return 0


def _medmnist(archive: Path, names: Sequence[str], out: Path) -> int:
    """Every picture of the archive as PNG in OUT/images, and its row."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Cell]] = []
    with np.load(archive, allow_pickle=False) as arrays:
        for key, split in (("train", "train"), ("val", "validation"), ("test", "test")):
            labels = arrays[f"{key}_labels"].ravel()
            for i, (picture, label) in enumerate(zip(arrays[f"{key}_images"], labels, strict=True)):
                path = out / "images" / f"{split}_{i:05d}.png"
                Pillow.fromarray(picture).save(path)
                rows.append({"image": _path(path, out), "label": names[int(label)], "split": split})
    return _write(out / "labels.csv", rows)


def _images(folder: Path) -> list[Path]:
    """In the order of the numbers in their names."""
    return sorted(folder.glob("*.jpg"), key=lambda p: [int(n) for n in re.findall(r"\d+", p.name)])


def _path(path: Path, out: Path) -> str:
    return Path(os.path.relpath(path, out)).as_posix()


def _read(path: Path) -> list[dict[str, str]]:
    """Rows by stripped header; columns without a name are left out."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{k.strip(): v.strip() for k, v in row.items() if k and k.strip()} for row in csv.DictReader(file)]


def _write(path: Path, rows: Sequence[Mapping[str, Cell]]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


if __name__ == "__main__":
    raise SystemExit(main())
