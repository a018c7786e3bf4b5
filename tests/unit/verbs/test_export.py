"""A package as a BioImage.IO model: the official validator runs it and gets the same answers; the bytes repeat."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from vesale.cli.__main__ import main
from vesale.verbs.export import export

ZOO = sorted(p for p in (Path(__file__).parents[3] / "zoo").rglob("MANIFEST.json"))


def test_the_same_package_gives_the_same_bytes(tiny_package, tmp_path, capsys):
    model = tiny_package["discs"].model
    assert main(["export", str(model), "--out", str(tmp_path / "one" / "a.zip"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["form"] == "bioimage"
    export(model, tmp_path / "b.zip")
    assert (tmp_path / "one" / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        names = set(archive.namelist())
        assert {"rdf.yaml", "model.onnx", "README.md", "cover.png", "image.npy", "label.npy", "trust.json"} <= names
        assert archive.read("model.onnx") == (model / "model.onnx").read_bytes()
        described = json.loads(archive.read("rdf.yaml"))
    assert described["outputs"][0]["axes"][1]["channel_names"] == ["disc", "ring"]


def test_another_form_and_a_missing_model_are_said(tiny_package, tmp_path, capsys):
    assert main(["export", str(tmp_path / "none"), "--out", str(tmp_path / "a.zip")]) == 2
    with pytest.raises(Exception, match="no such form"):
        export(tiny_package["discs"].model, tmp_path / "a.zip", "other")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["discs", "lines"])
def test_the_official_validator_passes_it(tiny_package, tmp_path, name):
    validated(tiny_package[name].model, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("manifest", ZOO, ids=lambda p: p.parent.name)
def test_the_official_validator_passes_the_zoo(manifest, tmp_path):
    validated(manifest.parent, tmp_path)


def validated(model: Path, folder: Path) -> None:
    core = pytest.importorskip("bioimageio.core")
    import bioimageio.spec

    path = export(model, folder / "model.zip")
    described = bioimageio.spec.load_description(str(path))
    assert described.type == "model" and described.validation_summary.status == "valid-format"
    summary = core.test_description(described, weight_format="onnx")
    failed = [detail for detail in summary.details if detail.status == "failed"]
    assert summary.status == "passed", [(d.name, [e.msg for e in d.errors]) for d in failed]
    with zipfile.ZipFile(path) as archive:
        for inside in archive.namelist():
            if inside.endswith(".npy"):
                with archive.open(inside) as stream:
                    assert np.isfinite(np.load(stream, allow_pickle=False)).all()
