"""A study of trials whose truth is the picture that was seen, from the table to a package that reads a new trial."""

import json
import subprocess
import sys

import numpy as np
import pytest

import phantoms_seen as made
from vesale.core.errors import CohortError
from vesale.io.cohort import read_cohort
from vesale.verbs.evaluate import evaluate
from vesale.verbs.plan import plan
from vesale.verbs.read import How, read
from vesale.verbs.study import Wish, study

pytestmark = pytest.mark.train
pytest.importorskip("onnx")
pytest.importorskip("safetensors")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    pictures = made.made_pictures(48)
    signals = made.answers_to(pictures, 60, 0.1)
    more = [{"label": "odd" if i % 2 else "even", "split": "test" if i >= 38 else "train"} for i in range(48)]
    cohort = made.write_seen(folder / "cohort", signals, pictures, more)
    changes = ("validate.folds=4", "decode.penalties=[10.0]", "decode.voxels=[30]", "decode.inner=3")
    wish = Wish(overrides=(*changes, "trust.false_alarms=0.0"))
    return folder, cohort, study(cohort, folder / "run", wish)


def test_the_report_begins_with_what_must_be_known(run):
    folder, _, done = run
    assert done.report is not None
    found = done.report.measures["picture"]
    without = done.report.baselines["no signal: the mean picture"]["picture"]
    assert found["mse"].value < 0.8 * without["mse"].value
    assert found["permutation_p"].value < 0.01
    assert found["pcc"].n == 10
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    answer = page[page.index("<dl>") : page.index("</dl>")]
    assert "correlate with the true ones" in answer
    assert "p = " in answer
    assert "the mean picture" in answer
    assert page.count("seen, decoded, without the signal, spread") >= 10
    assert "none of 10 held-out pictures" in page
    document = json.loads((folder / "run" / "report.json").read_text(encoding="utf-8"))
    assert document["guarantees"]["picture"]["of"] == "picture"


def test_the_package_reads_a_new_trial_without_torch(run):
    folder, cohort, _ = run
    lines = (
        "import sys; from pathlib import Path; from vesale.verbs.read import read, How; "
        f"read([{str(cohort / 'signals.npz')!r}], {str(folder / 'run' / 'model')!r}, Path({str(folder / 'out')!r}), "
        "how=How(log=None)); assert not {'torch', 'onnx', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", lines], check=True)
    summary = json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["counts"]["exams"] == 48
    assert summary["counts"]["failed"] == 0
    exam = folder / "out" / summary["exams"][0]["exam"]
    assert {"picture.tiff", "picture.spread.tiff", "overlay.png"} <= {p.name for p in exam.iterdir()}


def test_a_signal_of_another_length_is_declined(run, tmp_path):
    folder, _, _ = run
    np.save(tmp_path / "other.npy", np.zeros(7, np.float32))
    summary = read([tmp_path / "other.npy"], folder / "run" / "model", tmp_path / "out", how=How(log=None))
    assert [e.status for e in summary.exams] == ["declined"]


def test_others_can_judge_its_readings(run, tmp_path):
    folder, cohort, done = run
    report = evaluate(folder / "run" / "test", cohort, tmp_path / "e", split="test")
    assert report.measures["picture"]["pcc"].value == pytest.approx(done.report.measures["picture"]["pcc"].value)
    (without,) = report.baselines.values()
    assert without["picture"]["pcc"].value < report.measures["picture"]["pcc"].value
    assert "the mean of the other pictures" in (tmp_path / "e" / "report.html").read_text(encoding="utf-8")


def test_started_again_it_takes_its_decoders_up(run):
    folder, cohort, done = run
    kept = {p: p.stat().st_mtime_ns for p in (folder / "run" / "fit").rglob("model-*.onnx")}
    again = study(cohort, folder / "run")
    assert {p: p.stat().st_mtime_ns for p in (folder / "run" / "fit").rglob("model-*.onnx")} == kept
    assert again.report.measures["picture"]["mse"].value == done.report.measures["picture"]["mse"].value


def test_pictures_from_images_are_not_planned_yet(tmp_path):
    pictures = made.made_pictures(4)
    folder = made.write_seen(tmp_path, made.answers_to(pictures, 10, 0.1), pictures)
    table = (folder / "labels.csv").read_text().splitlines()
    rows = [table[0], *(f"t{i},s{i},pictures/p{i:03d}.png,pictures/p{i:03d}.png" for i in range(4))]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(CohortError, match="pictures from signals, not from images"):
        plan(read_cohort(folder).cohort)
