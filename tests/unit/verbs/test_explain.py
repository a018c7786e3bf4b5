"""Each exam gets its maps on its own grid, with checks; what cannot be explained is said, and failed maps are none."""

import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as Pillow

import phantoms
import tiny
import vesale
from vesale.cli.__main__ import main
from vesale.core.errors import MissingExtra, NotRegistered, RecipeError
from vesale.verbs.explain import Asked, explain
from vesale.verbs.read import How, read

pytestmark = [pytest.mark.train, pytest.mark.slow]
DOCUMENT = {"schema", "method", "target", "files", "faithfulness", "passed", "neighbours"}
NUMBER = {"value", "low", "high", "level", "n", "n_of", "unit", "method"}


def disc(tmp_path, seed=0, size=48):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    data = rng.normal(60, 8, (size, size)) + 110 * (np.hypot(y - size / 3, x - size / 2) < size / 5)
    return phantoms.write_raster(tmp_path / f"disc{seed}.png", data.clip(0, 255).astype(np.uint8))


def line(tmp_path, size=96):
    y = np.mgrid[:size, :size][0]
    data = 60 + np.random.default_rng(0).normal(0, 8, (size, size)) + 90 * (np.abs(y - size / 2) < 3)
    return phantoms.write_raster(tmp_path / "line.png", data.clip(0, 255).astype(np.uint8))


def document(out, exam):
    return json.loads((out / exam / "explanation.json").read_text(encoding="utf-8"))


def longest(path):
    with Pillow.open(path) as picture:
        assert picture.format == "PNG"
        return max(picture.size)


def checked(said):
    """What holds for every explanation."""
    assert set(said) >= DOCUMENT
    assert said["schema"] == "vesale/explanation/1"
    for one in said["methods"]:
        assert set(one["faithfulness"]) == {"deletion", "insertion", "randomised_weights"}
        assert all(set(n) == NUMBER for n in one["faithfulness"].values())
        assert one["passed"] == (one["failed"] == [])
        assert one["files"]
    if said["methods"]:
        lead = {k: said[k] for k in ("method", "files", "faithfulness", "passed")}
        assert lead == {k: said["methods"][0][k] for k in lead}
    return said


@pytest.fixture
def without_gate(tiny_package, tmp_path):
    """The package with its gate taken out, so that made pictures of any kind are answered."""
    import shutil

    from vesale.io.package import write_manifest

    def make(name):
        folder = tmp_path / f"model-{name}"
        shutil.copytree(tiny_package[name].model, folder)
        trust = json.loads((folder / "trust.json").read_text(encoding="utf-8"))
        (folder / "trust.json").write_text(json.dumps(trust | {"gate": None, "by_answer": {}}), encoding="utf-8")
        write_manifest(folder)
        return folder

    return make


def test_all_methods_of_a_category_on_the_command_line(without_gate, tmp_path, capsys):
    pytest.importorskip("captum")
    out = tmp_path / "out"
    words = [
        "explain",
        str(disc(tmp_path)),
        "--model",
        str(without_gate("discs")),
        "--out",
        str(out),
        "--method",
        "all",
    ]
    assert main([*words, "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "vesale/explanations/1"
    said = checked(document(out, "disc0"))
    assert told["exams"] == [said]
    assert {m["method"] for m in said["methods"]} == {"grad_cam", "occlusion", "integrated_gradients"}
    assert said["target"]["name"] in ("disc", "ring")
    summary = json.loads((out / "explanations.json").read_text(encoding="utf-8"))
    assert summary["exams"] == 1
    assert summary["methods"] == {m["method"]: {"explained": 1, "passed": int(m["passed"])} for m in said["methods"]}
    passed = [m["passed"] for m in said["methods"]]
    assert passed == sorted(passed, reverse=True), "what passed leads"
    for one in said["methods"]:
        picture, numbers = one["files"]
        assert longest(out / "disc0" / picture) <= 2048
        with np.load(out / "disc0" / numbers) as file:
            assert file["attribution"].shape == (48, 48)
            assert file["attribution"].dtype == np.float32
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count('class="verdict failed" role="alert"') == passed.count(False)
    assert str(tmp_path) not in page


def test_french_and_the_other_class(without_gate, tmp_path, capsys):
    words = ["explain", str(disc(tmp_path)), "--model", str(without_gate("discs")), "--out", str(tmp_path / "o")]
    assert main([*words, "--target", "ring", "--language", "fr", "--quiet"]) == 0
    assert "disc0" in capsys.readouterr().out
    assert document(tmp_path / "o", "disc0")["target"]["name"] == "ring"
    page = (tmp_path / "o" / "index.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in page
    assert "retrait" in page


@pytest.mark.parametrize("asked", [Asked(region=(30, 10, 66, 80)), Asked(target="line", region=(0, 0, 20, 20))])
def test_a_region_of_an_outline(without_gate, tmp_path, asked):
    done = explain([line(tmp_path)], without_gate("lines"), tmp_path / "out", asked)
    assert not done.failures
    said = checked(document(tmp_path / "out", "line"))
    top, left, bottom, right = asked.region
    assert said["target"]["region"] == "box"
    assert said["target"]["samples"] == (bottom - top) * (right - left)
    with np.load(tmp_path / "out" / "line" / "occlusion.npz") as file:
        found = np.abs(file["attribution"])
    assert found.shape == (96, 96)
    y = np.unravel_index(found.argmax(), found.shape)[0]
    assert top - 40 <= y <= bottom + 40, "a network does not look far beyond what it outlines"
    assert [s["name"] for s in said["methods"][0]["structures"]] == ["line"]


def test_a_mask_of_an_outline_and_its_gradients(without_gate, tmp_path):
    pytest.importorskip("captum")
    mask = np.zeros((96, 96), np.uint8)
    mask[44:52, 20:70] = 255
    path = phantoms.write_raster(tmp_path / "m.png", mask)
    explain([line(tmp_path)], without_gate("lines"), tmp_path / "out", Asked(mask=path, method="all"))
    said = checked(document(tmp_path / "out", "line"))
    assert said["target"]["region"] == "mask"
    assert said["target"]["samples"] == 8 * 50
    assert len(said["methods"]) == 3


def test_nothing_outlined_is_no_failure_but_is_said(without_gate, tmp_path):
    blank = phantoms.write_raster(tmp_path / "blank.png", np.zeros((96, 96), np.uint8))
    model = without_gate("lines")
    done = explain([blank], model, tmp_path / "out")
    said = checked(document(tmp_path / "out", "blank"))
    assert not done.failures
    if said["method"] is None:
        assert any("outlined" in note for note in said["notes"])
        assert "outlined" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_a_volume_gets_a_nifti_map_on_its_own_grid(without_gate, tmp_path):
    rng = np.random.default_rng(0)
    data = rng.integers(20, 220, (30, 40, 44)).astype(np.uint8)
    affine = np.array([[0.0, -0.8, 0, 10], [0.9, 0, 0, -20], [0, 0, 2.5, 5], [0, 0, 0, 1]])
    path = phantoms.write_nifti(tmp_path / "scan.nii.gz", data, affine)
    done = explain([path], without_gate("discs"), tmp_path / "out")
    assert not done.failures
    said = checked(document(tmp_path / "out", "scan"))
    shown = [z - 1 for z in said["methods"][0]["slices"][0]]
    assert len(shown) == 16
    found = nib.load(tmp_path / "out" / "scan" / "occlusion.nii.gz")
    assert found.shape == (44, 40, 30)
    assert found.affine == pytest.approx(affine)
    values = np.asarray(found.dataobj)
    others = [z for z in range(30) if z not in shown]
    assert not values[..., others].any()
    assert values[..., shown].any()
    assert longest(tmp_path / "out" / "scan" / "occlusion.png") <= 2048


def test_a_declined_exam_is_not_explained_and_says_why(tiny_package, tmp_path):
    white = phantoms.write_raster(tmp_path / "white.png", np.full((48, 48), 255, np.uint8))
    done = explain([white], tiny_package["discs"].model, tmp_path / "out")
    said = checked(document(tmp_path / "out", "white"))
    assert said["status"] == "declined"
    assert said["method"] is None
    assert said["passed"] is False
    assert said["reasons"]
    assert not done.failures


def test_one_bad_file_fails_alone(without_gate, tmp_path, capsys):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    words = ["explain", str(disc(tmp_path)), str(broken), "--model", str(without_gate("discs"))]
    assert main([*words, "--out", str(tmp_path / "out"), "--quiet"]) == 3
    checked(document(tmp_path / "out", "disc0"))
    assert "broken.png" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_without_the_extra_occlusion_is_had_and_the_rest_is_named(without_gate, tmp_path, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *a: None if n in ("torch", "captum") else real(n, *a))
    model, exam = without_gate("discs"), disc(tmp_path)
    done = explain([exam], model, tmp_path / "out", Asked(method="all"))
    said = checked(document(tmp_path / "out", "disc0"))
    assert [m["method"] for m in said["methods"]] == ["occlusion"]
    assert said["faithfulness"]["randomised_weights"]["value"] is not None
    assert any("vesale[explain]" in note for note in done.notes)
    with pytest.raises(MissingExtra, match="captum"):
        explain([exam], model, tmp_path / "again", Asked(method="grad_cam"))


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (Asked(method="magic"), NotRegistered),
        (Asked(output="other"), NotRegistered),
        (Asked(target="square"), NotRegistered),
        (Asked(region=(0, 0, 4, 4)), RecipeError),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(tiny_package, tmp_path, asked, error):
    with pytest.raises(error):
        explain([disc(tmp_path)], tiny_package["discs"].model, tmp_path / "out", asked)


@pytest.mark.parametrize("region", ["1,2,3", "a,b,c,d", "1,2,3,-4", "1.5,2,3,4"])
def test_a_region_that_is_none_is_a_bad_command(tiny_package, tmp_path, region, capsys):
    words = ["explain", str(line(tmp_path)), "--model", str(tiny_package["lines"].model), "--out", str(tmp_path / "o")]
    assert main([*words, "--region", region]) == 2
    assert "top,left,bottom,right" in capsys.readouterr().err


def test_a_region_outside_the_picture_fails_that_exam(without_gate, tmp_path):
    done = explain([line(tmp_path)], without_gate("lines"), tmp_path / "out", Asked(region=(0, 0, 500, 500)))
    assert [f.code for f in done.failures] == ["shape"]


def test_another_models_outlines_are_put_into_words(without_gate, tmp_path):
    exam = line(tmp_path)
    explain([exam], without_gate("discs"), tmp_path / "out", Asked(outlines=without_gate("lines")))
    said = checked(document(tmp_path / "out", "line"))
    found = said["methods"][0]["structures"]
    assert [s["name"] for s in found] == ["line"]
    assert found[0]["share"] is None or 0 <= found[0]["share"] <= 1


def test_read_explains_when_asked_and_only_then(without_gate, tmp_path):
    model, exam = without_gate("discs"), disc(tmp_path)
    read([exam], model, tmp_path / "plain")
    plain = json.loads((tmp_path / "plain" / "disc0" / "prediction.json").read_text(encoding="utf-8"))
    assert plain["evidence"]["explanation"] is None
    read([exam], model, tmp_path / "why", how=How(explain="occlusion"))
    said = json.loads((tmp_path / "why" / "disc0" / "prediction.json").read_text(encoding="utf-8"))
    why = said["evidence"]["explanation"]
    assert {"method", "file", "faithfulness", "passed"} <= set(why)
    assert set(why["faithfulness"]) == NUMBER
    assert (tmp_path / "why" / "disc0" / why["file"]).is_file()
    assert said["outputs"] == plain["outputs"]
    page = (tmp_path / "why" / "index.html").read_text(encoding="utf-8")
    offered = f'<img src="./disc0/{why["file"]}"' in page
    assert offered == why["passed"], "a map that failed is linked, and never shown as a reason"
    assert ("must not be taken as a reason" in page) == (not why["passed"])


def test_the_verb_explains_like_the_reading(without_gate, tmp_path):
    model, exam = without_gate("discs"), disc(tmp_path)
    read([exam], model, tmp_path / "why", how=How(explain="occlusion"))
    why = json.loads((tmp_path / "why" / "disc0" / "prediction.json").read_text(encoding="utf-8"))
    explain([exam], model, tmp_path / "out")
    said = checked(document(tmp_path / "out", "disc0"))
    assert said["passed"] == why["evidence"]["explanation"]["passed"]
    assert said["faithfulness"]["deletion"] == why["evidence"]["explanation"]["deletion"]


@pytest.mark.parametrize("kept", ["none", "hashed", "ids", "thumbnails"])
def test_a_package_names_training_exams_only_as_far_as_it_was_asked(tmp_path, kept):
    made = tiny.recipe(tiny.DISCS, steps=2)
    made = replace(made, trust=replace(made.trust, neighbours=kept, false_alarms=0.0))
    studied = tiny.study_tiny(tmp_path, made, 12)
    there = (studied.model / "neighbours.npz").exists()
    assert there == (kept != "none")
    card = json.loads((studied.model / "card.json").read_text(encoding="utf-8"))
    assert any("training exams" in limit and "carries" in limit for limit in card["limits"]) == there
    exam = studied.cohort / "images" / "e003.png"
    explain([exam], studied.model, tmp_path / "out")
    said = checked(document(tmp_path / "out", "e003"))
    if kept == "none":
        assert said["neighbours"] == []
        return
    first = said["neighbours"][0]
    assert first["distance"] < 0.05, "the exam itself was learned from"
    assert (first["exam"] == "e003") == (kept != "hashed")
    assert len(said["neighbours"]) == 5
    assert (tmp_path / "out" / "e003" / "like-1.png").exists() == (kept == "thumbnails")


def test_the_verb_is_where_verbs_are():
    assert vesale.explain is explain
    assert vesale.Asked is Asked
