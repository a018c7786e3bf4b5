"""Every exam gets its folder and its answer, with the promised keys; a bad one fails alone, with cause and remedy."""

import json
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image as Pillow

import phantoms
from vesale.cli.__main__ import main
from vesale.core.errors import NotRegistered

pytestmark = [pytest.mark.train, pytest.mark.slow]
SUMMARY = {"schema", "model", "started", "seconds", "peak_rss_mb", "vesale", "counts", "exams", "failures"}
PREDICTION = {"schema", "exam", "subject", "status", "reasons", "promise", "outputs", "gate", "evidence"}
EVIDENCE = {
    "model",
    "recipe",
    "inputs",
    "runtime",
    "precision",
    "vesale",
    "seed",
    "seconds",
    "log_entry",
    "explanation",
}
CATEGORY = {"kind", "exclusive", "answer", "probabilities", "calibrated", "set", "level"}
PARTITION = {"kind", "exclusive", "files", "confidence_files", "names", "shape", "spacing_mm", "regions", "risk"}
CODES = {"unreadable", "wrong_modality", "low_quality", "unlike_training", "no_scale", "not_calibrated",
         "too_few_calibration", "uncertain"}  # fmt: skip


def read_all(studied, inputs, out):
    from vesale.verbs.read import read

    summary = read(inputs, studied.model, out)
    document = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary, document


def prediction(out, exam):
    return json.loads((out / exam / "prediction.json").read_text(encoding="utf-8"))


def checked(said):
    """What holds for every prediction."""
    assert set(said) >= PREDICTION
    assert said["schema"] == "vesale/prediction/1"
    assert set(said["evidence"]) >= EVIDENCE
    assert (said["reasons"] == []) == (said["status"] == "reported")
    assert {r["code"] for r in said["reasons"]} <= CODES
    assert all(set(r) == {"code", "message", "value", "threshold"} for r in said["reasons"])
    assert (said["promise"] is not None) == (said["status"] == "reported")
    assert set(said["gate"]) == {"verdict", "score", "threshold", "false_alarm_rate", "checks"}
    if said["status"] in ("declined", "failed"):
        assert said["outputs"] == {}
    else:
        assert said["outputs"]
        seen = said["evidence"]["inputs"]
        assert seen
        assert all(set(i) == {"sha256", "modality", "shape", "spacing_mm"} and len(i["sha256"]) == 64 for i in seen)
    return said


@pytest.fixture(scope="module")
def both(tiny_package, tmp_path_factory):
    """Readings of both cohorts by their own models."""
    out = tmp_path_factory.mktemp("read")
    for name, studied in tiny_package.items():
        read_all(studied, [studied.cohort], out / name)
    return out


def test_a_summary_counts_what_lies_there(tiny_package, both):
    for name, exams in (("discs", 24), ("lines", 16)):
        document = json.loads((both / name / "summary.json").read_text(encoding="utf-8"))
        assert set(document) >= SUMMARY
        counts = document["counts"]
        assert counts["exams"] == exams == len(document["exams"])
        assert exams == sum(counts[k] for k in ("reported", "referred", "declined", "failed"))
        assert counts["failed"] == 0
        assert document["failures"] == []
        assert document["peak_rss_mb"] > 10
        assert document["started"].endswith("Z")
        card = tiny_package[name].document("model/card.json")
        assert document["model"] == {k: card[k] for k in ("name", "version", "digest")}
        for one in document["exams"]:
            said = checked(prediction(both / name, one["exam"]))
            assert one["path"] == f"{one['exam']}/prediction.json"
            assert said["status"] == one["status"]
            assert said["exam"] == one["exam"]
            assert said["subject"] is not None, "the table names the subjects"
            assert (both / name / one["exam"] / "overlay.png").is_file()
        page = (both / name / "index.html").read_text(encoding="utf-8")
        assert all(one["exam"] in page for one in document["exams"])


def answered(out):
    document = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    found = [e["exam"] for e in document["exams"] if e["status"] in ("reported", "referred")]
    assert len(found) > len(document["exams"]) / 2, "most exams of the model's own cohort are answered"
    return found


def test_a_category_has_its_keys_and_adds_up(both):
    for exam in answered(both / "discs"):
        said = prediction(both / "discs", exam)["outputs"]["label"]
        assert set(said) >= CATEGORY
        assert sum(said["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert said["answer"] == max(said["probabilities"], key=said["probabilities"].get)
        assert said["calibrated"] is True
        assert (said["set"] is None) == (said["level"] is None)


def test_a_partition_has_its_keys_and_files(both):
    for exam in answered(both / "lines"):
        said = prediction(both / "lines", exam)["outputs"]["mask"]
        assert set(said) >= PARTITION
        assert said["names"] == {"0": "background", "1": "line"}
        assert said["files"] == ["mask.mask.png"]
        assert said["confidence_files"] == ["mask.confidence.png"]
        mask = np.asarray(Pillow.open(both / "lines" / exam / "mask.mask.png"))
        sure = np.asarray(Pillow.open(both / "lines" / exam / "mask.confidence.png"))
        assert mask.shape == sure.shape == tuple(said["shape"][-2:]) == (48, 48)
        assert set(np.unique(mask)) <= {0, 1}
        assert sure.max() > 255, "sixteen bits"
        assert said["regions"][0] == {"name": "line", "samples": int((mask == 1).sum()), "area_mm2": None,
                                      "volume_mm3": None, "count": None}  # fmt: skip


def test_a_volume_is_outlined_on_its_own_grid(tiny_package, tmp_path):
    import nibabel

    rng = np.random.default_rng(0)
    data = (255 * rng.random((4, 48, 52))).astype(np.uint8)
    matrix = phantoms.affine((0.5, 0.5, 2.0))
    phantoms.write_nifti(tmp_path / "v.nii.gz", data, matrix)
    _, document = read_all(tiny_package["lines"], [tmp_path / "v.nii.gz"], tmp_path / "out")
    said = checked(prediction(tmp_path / "out", document["exams"][0]["exam"]))
    assert said["evidence"]["inputs"][0]["shape"] == [1, 4, 48, 52]
    assert said["evidence"]["inputs"][0]["spacing_mm"] == pytest.approx([2.0, 0.5, 0.5])
    if said["status"] in ("reported", "referred"):
        mask = said["outputs"]["mask"]
        assert mask["files"] == ["mask.mask.nii.gz"]
        assert mask["confidence_files"] == ["mask.confidence.nii.gz"]
        written = nibabel.load(tmp_path / "out" / said["exam"] / "mask.mask.nii.gz")
        assert written.shape == (52, 48, 4)
        assert np.allclose(written.affine, matrix, atol=1e-4)
        region = mask["regions"][0]
        assert region["volume_mm3"] == pytest.approx(region["samples"] * 0.5)
        assert region["area_mm2"] is None


def test_a_dicom_image_gets_a_dicom_segmentation(tiny_package, tmp_path):
    import pydicom

    rng = np.random.default_rng(0)
    source = sorted((tiny_package["lines"].cohort / "images").iterdir())[0]
    pixels = np.asarray(Pillow.open(source))
    phantoms.write_dicom(tmp_path / "in" / "a.dcm", rng, pixels, {"PixelSpacing": [0.2, 0.2], "Modality": "OP"})
    _, document = read_all(tiny_package["lines"], [tmp_path / "in"], tmp_path / "out")
    exam = document["exams"][0]["exam"]
    said = checked(prediction(tmp_path / "out", exam))
    assert len(exam) == 12
    assert set(exam) <= set("0123456789abcdef"), "named by its series, not by its patient"
    assert said["evidence"]["inputs"][0]["modality"] == "OP"
    everything = "".join(p.read_text("latin-1") for p in (tmp_path / "out").rglob("*.json"))
    assert "Made" not in everything
    assert "MADE-UP" not in everything
    assert said["status"] in ("reported", "referred"), said["reasons"]
    assert said["outputs"]["mask"]["files"] == ["mask.seg.dcm"]
    segmentation = pydicom.dcmread(tmp_path / "out" / exam / "mask.seg.dcm")
    assert segmentation.Modality == "SEG"
    assert (segmentation.Rows, segmentation.Columns) == pixels.shape
    region = said["outputs"]["mask"]["regions"][0]
    assert region["area_mm2"] == pytest.approx(region["samples"] * 0.04)


def test_a_bad_exam_fails_alone_with_cause_and_remedy(tiny_package, tmp_path, capsys):
    studied = tiny_package["discs"]
    folder = tmp_path / "in"
    folder.mkdir()
    for image in sorted((studied.cohort / "images").iterdir())[:2]:
        shutil.copy(image, folder)
    whole = (folder / "e000.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "fake.tif").write_bytes(b"no picture at all")
    words = [str(folder), str(tmp_path / "absent.png"), "--model", str(studied.model), "--out", str(tmp_path / "out")]
    assert main(["read", *words, "--json"]) == 3
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document == json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert "Traceback" not in said.err
    assert document["counts"]["exams"] == 5
    assert document["counts"]["failed"] == len(document["failures"]) == 3
    for failure in document["failures"]:
        assert set(failure) == {"input", "code", "message", "remedy"}
        assert failure["code"] == "unreadable"
        assert failure["message"]
        assert failure["remedy"]
    for one in document["exams"]:
        assert checked(prediction(tmp_path / "out", one["exam"]))["status"] == one["status"]


def test_a_table_is_an_input_and_a_missing_image_of_it_fails_alone(tiny_package, tmp_path):
    studied = tiny_package["discs"]
    folder = shutil.copytree(studied.cohort, tmp_path / "cohort")
    (folder / "images" / "e005.png").unlink()
    summary, document = read_all(studied, [folder / "labels.csv"], tmp_path / "out")
    assert document["counts"]["exams"] == 24
    assert [e["exam"] for e in document["exams"] if e["status"] == "failed"] == ["e005"]
    assert len(summary.failures) == 1
    assert "e005" in summary.failures[0].message
    assert prediction(tmp_path / "out", "e001")["subject"] == "s000"


def test_two_tables_with_the_same_exams_do_not_overwrite_each_other(tiny_package, tmp_path):
    studied = tiny_package["discs"]
    other = shutil.copytree(studied.cohort, tmp_path / "other")
    image = studied.cohort / "images" / "e000.png"
    _, document = read_all(studied, [studied.cohort, other / "labels.csv", image], tmp_path / "out")
    names = [e["exam"] for e in document["exams"]]
    assert len(names) == len(set(names)) == 49
    assert {"e000", "e000-2", "e000-3"} <= set(names)


def test_a_zip_is_read_like_its_folder(tiny_package, tmp_path):
    studied = tiny_package["discs"]
    images = sorted((studied.cohort / "images").iterdir())[:3]
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for image in images:
            archive.write(image, f"deep/{image.name}")
    read_all(studied, [tmp_path / "in.zip"], tmp_path / "zip")
    read_all(studied, images, tmp_path / "plain")
    for image in images:
        there, here = prediction(tmp_path / "zip", image.stem), prediction(tmp_path / "plain", image.stem)
        assert there["outputs"] == here["outputs"]
        assert there["evidence"]["inputs"] == here["evidence"]["inputs"]


def test_strangers_files_are_read_confined_and_say_the_same(tiny_package, tmp_path):
    model, images = tiny_package["discs"].model, tiny_package["discs"].cohort / "images"
    some = sorted(images.iterdir())[:2]
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(some[0].read_bytes()[:60])
    inputs = [str(p) for p in (*some, damaged)]
    assert main(["read", *inputs, "--model", str(model), "--out", str(tmp_path / "free"), "--quiet"]) == 3
    confined = ["read", *inputs, "--model", str(model), "--out", str(tmp_path / "confined"), "--quiet", "--confined"]
    assert main(confined) == 3
    for name in (some[0].stem, some[1].stem, "damaged"):
        free, tight = (
            json.loads((tmp_path / k / name / "prediction.json").read_text(encoding="utf-8"))
            for k in ("free", "confined")
        )
        for document in (free, tight):
            document["evidence"]["seconds"] = None
            assert document["evidence"].pop("log_entry")  # each reading has an entry of its own
        assert tight == free


def test_reading_twice_says_the_same(tiny_package, both, tmp_path):
    studied = tiny_package["lines"]
    read_all(studied, [studied.cohort], tmp_path / "again")
    for exam in answered(both / "lines"):
        one, two = prediction(both / "lines", exam), prediction(tmp_path / "again", exam)
        one["evidence"]["seconds"] = two["evidence"]["seconds"] = 0
        assert one["evidence"].pop("log_entry") != two["evidence"].pop("log_entry")
        assert one == two
        masks = [(folder / exam / "mask.mask.png").read_bytes() for folder in (both / "lines", tmp_path / "again")]
        assert masks[0] == masks[1]


def test_a_picture_of_another_kind_is_declined(tiny_package, tmp_path):
    studied = tiny_package["discs"]
    stripes = np.zeros((400, 300), np.uint8)
    stripes[::2] = 255
    phantoms.write_raster(tmp_path / "stripes.png", stripes)
    phantoms.write_raster(tmp_path / "black.png", np.zeros((64, 64), np.uint8))
    _, document = read_all(studied, [tmp_path / "stripes.png", tmp_path / "black.png"], tmp_path / "out")
    for one in document["exams"]:
        said = checked(prediction(tmp_path / "out", one["exam"]))
        assert said["status"] == "declined", one["exam"]
        assert said["gate"]["verdict"] == "fail"
        assert said["reasons"][0]["code"] in ("low_quality", "unlike_training")


def test_an_unknown_model_gets_its_near_miss(tiny_package, tmp_path, monkeypatch):
    from vesale.verbs.read import read

    monkeypatch.setenv("VESALE_HOME", str(tmp_path))
    shutil.copytree(tiny_package["discs"].model, tmp_path / "models" / "round-things")
    with pytest.raises(NotRegistered, match="did you mean round-things"):
        read(["x.png"], "round-thing", tmp_path / "out")
    assert not (tmp_path / "out").exists()
