"""The tables of the public data sets: complete, with the official splits, and readable as cohorts."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from benchmarks.cohorts import MAKERS, main
from vesale.io.cohort import Columns, read_cohort


def rows(folder: Path, name: str = "labels.csv") -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_without_the_data_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    monkeypatch.setenv("VESALE_DATA", str(tmp_path / folder) if folder else "")
    assert main(["drive", str(tmp_path / "out")]) == 2
    assert "VESALE_DATA must name" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_help_lists_every_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in MAKERS)
    with pytest.raises(SystemExit) as done:
        main(["nothing", "out"])
    assert done.value.code == 2


def test_an_archive_becomes_pictures_and_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        f"{s}_images": rng.integers(0, 256, (n, 28, 28), np.uint8) for s, n in (("train", 5), ("val", 2), ("test", 3))
    }
    labels = {f"{s}_labels": rng.integers(0, 2, (n, 1), np.uint8) for s, n in (("train", 5), ("val", 2), ("test", 3))}
    (tmp_path / "medmnist").mkdir()
    np.savez(tmp_path / "medmnist" / "pneumoniamnist_union.npz", **arrays, **labels)
    monkeypatch.setenv("VESALE_DATA", str(tmp_path))
    assert main(["pneumoniamnist", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.strip().endswith("10 rows")
    cohort = read_cohort(tmp_path / "out").cohort
    assert Counter(e.split for e in cohort) == {"train": 5, "validation": 2, "test": 3}
    for key, split in (("train", "train"), ("val", "validation"), ("test", "test")):
        for i, exam in enumerate(cohort.of_split(split)):  # type: ignore[arg-type]
            with Pillow.open(cohort.root / exam.views[0].inputs["image"]) as picture:
                assert np.array_equal(np.asarray(picture), arrays[f"{key}_images"][i])
            assert exam.truth["label"] == ("normal", "pneumonia")[labels[f"{key}_labels"][i, 0]]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "exams", "subjects", "labels"),
    [
        ("drive", 40, 40, ()),
        ("drimdb", 194, 194, ("label",)),
        ("breastmnist", 780, 780, ("label",)),
        ("pneumoniamnist", 5856, 5856, ("label",)),
        ("idrid-grading", 412, 412, ("grade", "edema")),
        ("idrid-grades", 402, 402, ("grade", "edema")),
        ("idrid-lesions", 54, 54, ()),
        ("idrid-lesions-kept", 51, 51, ()),
        ("lgg", 220, 110, ()),
        ("covid-xray", 58, 36, ("finding",)),
        ("oral", 826, 43, ("label",)),
        ("lung", 1088, 559, ("label",)),
        ("digit69", 100, 100, ("label",)),
        ("miyawaki", 119, 119, ("label",)),
    ],
)
def test_every_data_set_is_a_cohort(
    data: Path, tmp_path: Path, name: str, exams: int, subjects: int, labels: tuple[str, ...]
) -> None:
    assert MAKERS[name].write(data, tmp_path) == exams
    assert not any(Path(r["image"]).is_absolute() for r in rows(tmp_path))
    read = read_cohort(tmp_path, Columns(labels=labels))
    assert {f.kind for f in read.findings} <= {"no_subject"}
    assert (len(read.cohort), len(read.cohort.subjects)) == (exams, subjects)
    assert all(tuple(e.truth) == labels for e in read.cohort)


@pytest.mark.realdata
def test_what_each_table_must_say(data: Path, tmp_path: Path) -> None:
    for name in ("drive", "drimdb", "idrid-grading", "idrid-lesions", "lgg"):
        MAKERS[name].write(data, tmp_path / name)
    drive = read_cohort(tmp_path / "drive").cohort
    assert Counter(e.split for e in drive) == {"train": 20, "test": 20}
    assert all(v.masks[""].endswith("_manual1.gif") and v.roi for e in drive for v in e.views)
    assert Counter(r["label"] for r in rows(tmp_path / "drimdb")) == {"Good": 125, "Bad": 69}
    assert len(rows(tmp_path / "drimdb", "outliers.csv")) == 22
    assert not any("IDRiD_118" in r["image"] for r in rows(tmp_path / "idrid-grading"))
    lesions = Counter(k for r in rows(tmp_path / "idrid-lesions") for k, v in r.items() if v)
    assert lesions == {"image": 54, "mask_MA": 54, "mask_HE": 53, "mask_EX": 54, "mask_SE": 26, "mask_OD": 54}
    MAKERS["digit69"].write(data, tmp_path / "digit69")
    seen = Counter((r["label"], r["split"]) for r in rows(tmp_path / "digit69"))
    assert seen == {("six", "train"): 45, ("nine", "train"): 45, ("six", "test"): 5, ("nine", "test"): 5}
    MAKERS["miyawaki"].write(data, tmp_path / "miyawaki")
    assert len({r["label"] for r in rows(tmp_path / "miyawaki")}) == 20
    traits = read_cohort(tmp_path / "lgg").cohort.exams[0].traits
    assert set(traits) == {"institution", "gender", "age", "race", "tumour_grade"}
