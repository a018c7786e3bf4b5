"""The commands of docs/how-to/screening.md as a user types them, on made patients with packages found by name."""

import json

import numpy as np
import pytest

import phantoms_programme as made
from vesale.cli.__main__ import main

pytestmark = [pytest.mark.train, pytest.mark.slow]
ALLOW = ["--allow", "near_duplicate", "--allow", "label_conflict"]  # made eyes are alike


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    made.packages(folder / "models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VESALE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def run(home):
    """`vesale study` of a programme; the last two patients are the test split."""
    folder = home / "labelled"
    made.patients(folder, np.random.default_rng(3), 26, 0.5)
    rows = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    split = ["split", *("test" if r.split(",")[1] in ("p024", "p025") else "calibration" for r in rows[1:])]
    text = "\n".join(f"{row},{s}" for row, s in zip(rows, split, strict=True)) + "\n"
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    words = ["study", str(folder), "--programme", "diabetic-retinopathy", "--alpha", ".4", "--delta", ".4", *ALLOW]
    assert main([*words, "--out", str(home / "run"), "--quiet"]) == 0
    return home / "run"


def test_a_study_of_a_programme_leaves_a_package_and_a_report_of_the_test_patients(run, capsys):
    assert {p.name for p in run.iterdir()} >= {
        "model",
        "out_of_fold",
        "test",
        "report.json",
        "report.html",
        "check.json",
    }
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert report["cohort"]["split"] == "test"
    assert report["cohort"]["subjects"] == 2
    assert len(list((run / "out_of_fold").glob("*/programme.json"))) == 24
    card = json.loads((run / "model" / "card.json").read_text(encoding="utf-8"))
    assert card["cohort"]["patients with known truth"] == 24
    assert json.loads((run / "model" / "trust.json").read_text(encoding="utf-8"))["refer"]["alpha"] == 0.4


def test_the_calibrated_programme_reads_and_is_judged(run, home, capsys):
    new = home / "new"
    made.patients(new, np.random.default_rng(4), 3, 0.5, "n")
    assert main(["read", str(new), "--model", str(run / "model"), "--out", str(home / "out"), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["counts"]["exams"] == 3
    assert summary["log"]["entries"] == 3 * (2 * 4 + 1)  # every step's answer is entered, and every decision
    assert main(["log", "verify", "--readings", str(home / "out")]) == 0
    path = home / "out" / "n000" / "programme.json"
    before = path.read_text(encoding="utf-8")
    path.write_text(json.dumps({**json.loads(before), "decision": None}), encoding="utf-8")
    assert main(["log", "verify", "--readings", str(home / "out")]) == 1
    assert "n000/programme.json differs" in capsys.readouterr().out
    path.write_text(before, encoding="utf-8")
    assert main(["evaluate", str(home / "out"), str(new), "--out", str(home / "report"), *ALLOW]) == 0
    told = capsys.readouterr().out
    assert "In 3\u00a0patients" in told
    assert "Sensitivity" in told
    assert main(["audit", str(home / "out"), str(new), "--by", "sex,site", "--out", str(home / "audit"), *ALLOW]) == 0
    audit = json.loads((home / "audit" / "audit.json").read_text(encoding="utf-8"))
    assert audit["by"] == ["sex", "site"]


def test_a_programme_is_found_by_name_and_listed(home, capsys):
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert "diabetic-retinopathy" in [p["name"] for p in listed["programmes"]]
    assert {m["name"] for m in listed["models"]} >= {"retinopathy-grade", "optic-disc"}


def test_a_programme_gives_its_reasons_without_being_asked(home, capsys):
    words = ["read", str(home), "--model", "diabetic-retinopathy", "--explain", "--out", str(home / "no")]
    assert main(words) == 2
    assert "gives its reasons on every page" in capsys.readouterr().err


def test_a_programme_that_there_is_not_is_told(home, capsys):
    words = ["study", str(home / "labelled"), "--programme", "diabetic-retinopathi", "--out", str(home / "no")]
    assert main(words) == 2
    assert "no programme at diabetic-retinopathi" in capsys.readouterr().err


def test_answers_want_a_step_and_a_run(home, capsys):
    words = ["study", str(home / "labelled"), "--programme", "diabetic-retinopathy", "--answers", "grade"]
    assert main([*words, "--out", str(home / "no")]) == 2
    assert "STEP=RUN" in capsys.readouterr().err
