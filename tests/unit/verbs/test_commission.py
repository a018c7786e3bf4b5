"""A model at a new site: the package of origin stays as it is, the local one names it, and the report can be signed."""

import json
from pathlib import Path

import numpy as np
import pytest

import phantoms
from vesale.cli.__main__ import main
from vesale.engine.opened import open_model
from vesale.verbs.commission import CommissionWish, commission

EXAMS = 56


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tiny_package) -> tuple[Path, Path]:
    """(cohort of the site, what was commissioned)"""
    folder = tmp_path_factory.mktemp("site")
    cohort = phantoms.category_cohort(folder / "west-wing", np.random.default_rng(5), EXAMS, 48)
    before = bytes_of(tiny_package["discs"].model)
    commission(tiny_package["discs"].model, cohort, folder / "out", CommissionWish(allow=("exact_duplicate",)))
    assert bytes_of(tiny_package["discs"].model) == before
    return cohort, folder / "out"


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_the_local_package_names_its_origin_and_answers_with_the_same_network(site, tiny_package):
    origin, local = open_model(tiny_package["discs"].model), open_model(site[1] / "model")
    assert local.card.origin == dict(origin.identity)
    assert local.card.digest != origin.card.digest
    assert local.card.name == "tiny-discs-west-wing"
    assert local.card.cohort == origin.card.cohort and local.card.commissioned["exams"] == EXAMS
    assert (site[1] / "model" / "model.onnx").read_bytes() == (origin.package.folder / "model.onnx").read_bytes()
    assert local.trust.n_calibration == local.card.commissioned["subjects"] and not local.trust.approximate
    assert local.card.measures["label"]["auc"]["n"] <= EXAMS


def test_the_report_says_everything_side_by_side(site):
    found = json.loads((site[1] / "acceptance.json").read_text(encoding="utf-8"))
    assert found["schema"] == "vesale/acceptance/1"
    assert found["model"]["digest"] == open_model(site[1] / "model").card.digest
    assert set(found["signature"].values()) == {None}
    for side in ("delivered", "commissioned"):
        assert found[side]["rates"]["declined"]["n"] == EXAMS
        assert found[side]["measures"]["label"]["auc"]["low"] is not None
        read = list((site[1] / "readings" / side).glob("*/prediction.json"))
        assert len(read) == EXAMS
    assert {c["metric"] for c in found["compared"]} >= {"auc", "accuracy"}
    assert found["pictures"] and all(isinstance(p["shift"], float) for p in found["pictures"])
    page = (site[1] / "acceptance.html").read_text(encoding="utf-8")
    assert "Date and signature" in page and "tiny-discs-west-wing" in page


def test_the_commissioning_is_in_its_log(site):
    (entry,) = [json.loads(line) for line in (site[1] / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert entry["event"] == "commission"
    assert entry["model"]["digest"] == open_model(site[1] / "model").card.digest
    assert set(entry["files"]) == {"check.json", "acceptance.json", "model/MANIFEST.json"}


def test_a_local_package_reads(site, tmp_path, capsys):
    picture = next(site[0].rglob("*.png"))
    assert main(["predict", str(picture), "--model", str(site[1] / "model"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["evidence"]["model"]["name"] == "tiny-discs-west-wing"


def test_run_again_nothing_is_asked_twice(site, tmp_path, tiny_package, monkeypatch):
    def never(*_):
        raise AssertionError("the network was asked again")

    monkeypatch.setattr("vesale.engine.commission.look_at", never)
    wish = CommissionWish(allow=("exact_duplicate",), language="fr", name="ici")
    found = commission(tiny_package["discs"].model, site[0], site[1], wish)
    assert found.model["name"] == "ici"
    assert "Rapport de réception" in (site[1] / "acceptance.html").read_text(encoding="utf-8")


def test_too_few_exams_say_how_many_more(tmp_path, tiny_package, capsys):
    cohort = phantoms.category_cohort(tmp_path / "few", np.random.default_rng(1), 12, 48)
    code = main(["commission", str(tiny_package["discs"].model), str(cohort), "--out", str(tmp_path / "out"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0 and found["advice"] == "too_few"
    assert found["wanted_exams"] == 50 - found["cohort"]["subjects"]


def test_outlines_are_commissioned_too(tmp_path, tiny_package):
    cohort = phantoms.partition_cohort(tmp_path / "lines", np.random.default_rng(2), 12, 48)
    found = commission(tiny_package["lines"].model, cohort, tmp_path / "out")
    assert {c.metric for c in found.compared} >= {"dice"}
    assert open_model(tmp_path / "out" / "model").trust.outputs["mask"].n >= 1


def test_a_cohort_that_cannot_be_read_is_said(tmp_path, tiny_package, capsys):
    (tmp_path / "labels.csv").write_text("image,label\ngone.png,disc\n", encoding="utf-8")
    code = main(["commission", str(tiny_package["discs"].model), str(tmp_path), "--out", str(tmp_path / "out")])
    assert code == 2 and "missing_file" in capsys.readouterr().err
