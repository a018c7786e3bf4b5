"""The gate from a study to a reading: features in the package, a new device noted, a wrong body part declined."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

import phantoms
import tiny
from vesale.core.pipeline import FEATURES
from vesale.engine.opened import open_model
from vesale.engine.raw import load_raw, save_raw
from vesale.io import open_source
from vesale.verbs.read import read
from vesale.verbs.study import Wish, study

pytestmark = [pytest.mark.slow, pytest.mark.train]
TAGS = {
    "Modality": "DX",
    "Manufacturer": "Maker",
    "ManufacturerModelName": "One",
    "BodyPartExamined": "CHEST",
    "KVP": "110",
    "BitsStored": 12,
    "HighBit": 11,
}


def film(path, seed, **tags):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:40j, -1:1:40j]
    light = 0.5 - 0.2 * np.hypot(y, x) + 0.03 * rng.normal(size=(40, 40)) + 0.3 * (seed % 2) * (np.hypot(y, x) < 0.3)
    phantoms.write_dicom(path, rng, (4095 * light.clip(0, 1)).astype(np.uint16), TAGS | tags)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["subject", "image", "label"])
        for i in range(24):
            film(folder / f"f{i:02d}.dcm", i)
            writer.writerow([f"s{i:02d}", f"f{i:02d}.dcm", ("disc", "ring")[i % 2]])
    recipe = tiny.write_recipe(folder / "r.toml", tiny.recipe())
    out = tmp_path_factory.mktemp("run")
    assert study(folder, out, Wish(recipe=recipe, baseline=False)).report is not None
    return out


def read_one(run, path, out, language="en"):
    summary = read([path], run / "model", out, language=language)
    return summary, json.loads((out / summary.exams[0].path).read_text(encoding="utf-8"))


def test_the_package_says_what_its_network_sees(run):
    model = open_model(run / "model")
    found = model.run(np.zeros((2, 1, 32, 32), np.float32))
    assert found[FEATURES].shape[0] == 2
    stages = model.trust.gate.spaces
    assert [s.name for s in stages] == ["stages", "features"]
    assert stages[0].start == 0
    assert stages[0].stop == stages[1].start
    assert stages[1].stop == found[FEATURES].shape[1]
    with np.load(run / "model" / "selftest.npz") as kept:
        assert f"network/{FEATURES}" in kept.files
        assert f"answer/{FEATURES}" in kept.files


def test_good_films_are_answered_and_each_check_has_its_value(run, tmp_path):
    _, document = read_one(run, film(tmp_path / "new.dcm", 100), tmp_path / "out")
    assert document["status"] in ("reported", "referred")
    checks = {c["name"]: c for c in document["gate"]["checks"]}
    assert {
        "brightness",
        "sharpness",
        "size",
        "overall",
        "stages",
        "features",
        "together",
        "modality",
        "body_part",
    } <= {*checks}
    assert checks["body_part"]["pass"]
    assert document["news"] == []


def test_a_new_device_is_noted_and_answered(run, tmp_path):
    path = film(tmp_path / "new.dcm", 101, ManufacturerModelName="Two", KVP="60")
    summary, document = read_one(run, path, tmp_path / "out", "fr")
    assert document["status"] in ("reported", "referred")
    assert len(document["news"]) == 2
    assert set(document["news"]) <= set(document["notes"])
    assert summary.exams[0].news == tuple(document["news"])
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "appareil qu&#39;aucun" in page
    assert "60 kV" in page
    assert "Two" not in page


def test_another_part_of_the_body_is_declined_in_both_languages(run, tmp_path):
    path = film(tmp_path / "new.dcm", 102, BodyPartExamined="KNEE")
    _, document = read_one(run, path, tmp_path / "out", "fr")
    assert document["status"] == "declined"
    assert document["gate"]["verdict"] == "fail"
    assert "KNEE" in document["reasons"][0]["message"]
    assert document["outputs"] == {}
    assert "Le fichier dit montrer KNEE" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_a_foreign_picture_is_declined_in_a_sentence_with_a_picture(run, tmp_path):
    noise = np.random.default_rng(0).integers(0, 4096, (40, 40)).astype(np.uint16)
    phantoms.write_dicom(tmp_path / "n.dcm", np.random.default_rng(0), noise, TAGS)
    _, document = read_one(run, tmp_path / "n.dcm", tmp_path / "out")
    assert document["status"] == "declined"
    assert document["reasons"][0]["message"].endswith(".")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert '<svg class="gate"' in page
    assert "calibration exams lie nearer" in page


def test_the_report_shows_the_gate(run):
    page = (run / "report.html").read_text(encoding="utf-8")
    assert '<section id="gate">' in page
    assert "Maker One" in page
    assert "CHEST" in page


def test_answers_kept_before_there_were_features_are_taken_up(run, tmp_path):
    model = open_model(run / "model")
    views = [[open_source(film(tmp_path / "new.dcm", 103))]]
    raw = model.predict_sources(("e", "s"), views)[1]
    assert raw.features.dtype == np.float32
    assert raw.features.size
    save_raw(raw, tmp_path / "raw.npz")
    assert np.array_equal(load_raw(tmp_path / "raw.npz", ("e", "s"), views, model.pipeline).features, raw.features)
    with np.load(tmp_path / "raw.npz") as file:
        np.savez(tmp_path / "old.npz", **{n: file[n] for n in file.files if n != "features"})
    old = load_raw(tmp_path / "old.npz", ("e", "s"), views, model.pipeline)
    assert old.features.size == 0
    bare = replace(model.trust, gate=replace(model.trust.gate, spaces=()), by_answer={}, answer_decides=False)
    assert replace(model, trust=bare).judge(old, 0.0).status in ("reported", "referred")


def test_out_of_fold_answers_are_judged_in_the_space_of_their_own_network(run):
    """The features of a fold's network mean nothing to the one that answers: in its space nearly all would be odd."""
    statuses = [
        json.loads(path.read_text(encoding="utf-8"))["status"]
        for path in (run / "out_of_fold").glob("*/prediction.json")
    ]
    assert len(statuses) == 24
    assert statuses.count("declined") <= 3
