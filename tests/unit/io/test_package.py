"""A package opens only when every byte is what it was; nobody needs torch to open it."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from vesale.cli.__main__ import main
from vesale.core.errors import PackageError
from vesale.io.package import FILES, MANIFEST, model_digest, open_package, write_manifest

NAMES = [*FILES, MANIFEST]


def made(folder):
    """A package of bytes: what the files mean is not looked at here."""
    folder.mkdir()
    for i, name in enumerate(FILES):
        (folder / name).write_bytes(f"{name} {i}".encode() * 10)
    write_manifest(folder)
    return folder


def flip(path, place, bit=1):
    data = bytearray(path.read_bytes())
    data[place] ^= bit
    path.write_bytes(data)


def zipped(folder, path, within=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{within}{file.name}")
    return path


def test_an_untouched_package_opens_with_the_digest_of_what_decides_its_answers(tmp_path):
    folder = made(tmp_path / "model")
    package = open_package(folder)
    assert set(package.files) == set(FILES)
    assert package.digest == model_digest(package.files)
    (folder / "card.md").write_text("another card", encoding="utf-8")
    write_manifest(folder)
    assert open_package(folder).digest == package.digest
    flip(folder / "trust.npz", 0)
    write_manifest(folder)
    assert open_package(folder).digest != package.digest


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [0, "middle", -1])
def test_one_changed_bit_is_refused(tmp_path, name, place):
    folder = made(tmp_path / "model")
    size = (folder / name).stat().st_size
    flip(folder / name, size // 2 if place == "middle" else place)
    with pytest.raises(PackageError) as caught:
        open_package(folder)
    assert caught.value.exit_code == 4
    assert name in caught.value.message or name == MANIFEST
    assert caught.value.remedy


def test_any_changed_bit_of_the_manifest_is_refused(tmp_path):
    folder = made(tmp_path / "model")
    whole = (folder / MANIFEST).read_bytes()
    opened = []
    for place in range(len(whole)):
        flip(folder / MANIFEST, place)
        try:
            open_package(folder)
            opened.append(whole[max(0, place - 10) : place + 10])
        except PackageError:
            pass
        (folder / MANIFEST).write_bytes(whole)
    assert opened == []


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_refused_by_name(tmp_path, name):
    folder = made(tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(PackageError, match=name.replace(".", r"\.")):
        open_package(folder)


def test_a_listed_file_that_is_missing_is_refused_whatever_its_name(tmp_path):
    folder = made(tmp_path / "model")
    (folder / "notes.txt").write_text("more", encoding="utf-8")
    write_manifest(folder)
    assert "notes.txt" in open_package(folder).files
    (folder / "notes.txt").unlink()
    with pytest.raises(PackageError, match=r"notes\.txt is missing"):
        open_package(folder)


def test_a_file_too_many_is_refused(tmp_path):
    folder = made(tmp_path / "model")
    (folder / "extra.onnx").write_bytes(b"more")
    with pytest.raises(PackageError, match=r"extra\.onnx is not listed"):
        open_package(folder)


@pytest.mark.parametrize("name", ["../card.md", "/etc/hostname", "sub/card.md", ".."])
def test_a_manifest_cannot_name_what_lies_outside(tmp_path, name):
    folder = made(tmp_path / "model")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"][name] = hashlib.sha256(b"").hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(PackageError):
        open_package(folder)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": 3}', '{"files": {}, "schema": "vesale/manifest/9"}', "\xff"]
)
def test_a_manifest_that_says_nothing_is_refused(tmp_path, text):
    folder = made(tmp_path / "model")
    (folder / MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(PackageError):
        open_package(folder)


def test_what_is_no_package_says_what_to_give(tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(PackageError, match=r"model|package") as caught:
            open_package(path)
        assert "model/" in str(caught.value.remedy)


@pytest.mark.parametrize("within", ["", "model/"])
def test_a_zip_is_a_package(tmp_path, within):
    folder = made(tmp_path / "model")
    package = open_package(zipped(folder, tmp_path / "model.zip", within))
    assert package.digest == open_package(folder).digest


def test_a_zip_that_changed_anywhere_is_refused_or_holds_the_same(tmp_path):
    folder = made(tmp_path / "model")
    digest = open_package(folder).digest
    path = zipped(folder, tmp_path / "model.zip")
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 7):
        for bit in (1, 128):
            flip(path, place, bit)
            try:
                assert open_package(path).digest == digest
            except PackageError:
                refused += 1
            path.write_bytes(whole)
    assert refused > 20


def test_a_cut_zip_is_refused(tmp_path):
    path = zipped(made(tmp_path / "model"), tmp_path / "model.zip")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(PackageError):
        open_package(path)


# Studied packages -----------------------------------------------------------------------------------------------------


@pytest.fixture
def copied(tiny_package, tmp_path):
    return shutil.copytree(tiny_package["discs"].model, tmp_path / "model")


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.parametrize("name", NAMES)
def test_a_changed_model_reads_nothing_and_says_so_with_4(copied, tiny_package, tmp_path, capsys, name):
    flip(copied / name, (copied / name).stat().st_size // 2)
    image = next((tiny_package["discs"].cohort / "images").iterdir())
    assert main(["read", str(image), "--model", str(copied), "--out", str(tmp_path / "out")]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert name in said.err or name == MANIFEST
    assert "Traceback" not in said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.train
def test_contents_that_do_not_fit_are_refused_even_with_a_right_manifest(copied):
    from vesale.engine.opened import open_model

    open_model(copied)
    for name, content in {
        "trust.npz": b"PK\x03\x04 junk",
        "selftest.npz": b"",
        "trust.json": b"{}",
        "pipeline.toml": b"[task]\n",
        "recipe.toml": b"= 3",
        "card.json": b'{"name": 3}',
        "model.onnx": b"junk",
    }.items():
        before = (copied / name).read_bytes()
        (copied / name).write_bytes(content)
        write_manifest(copied)
        with pytest.raises(PackageError):
            open_model(copied)
        (copied / name).write_bytes(before)
    write_manifest(copied)
    open_model(copied)


@pytest.mark.slow
@pytest.mark.train
def test_a_self_test_that_gives_something_else_is_refused(copied):
    from vesale.engine.opened import open_model

    with np.load(copied / "selftest.npz", allow_pickle=False) as file:
        arrays = {n: file[n] for n in file.files}
    assert {"image", "planes", "statistics", "network/label", "answer/label"} <= set(arrays)
    for stage in ("planes", "network/label", "answer/label"):
        changed = {**arrays, stage: arrays[stage] + np.float32(0.1)}
        np.savez(copied / "selftest.npz", **changed)
        write_manifest(copied)
        with pytest.raises(PackageError, match=stage):
            open_model(copied)
    np.savez(copied / "selftest.npz", planes=arrays["planes"])
    write_manifest(copied)
    with pytest.raises(PackageError):
        open_model(copied)


@pytest.mark.slow
@pytest.mark.train
def test_a_zipped_model_answers_as_its_folder(tiny_package, tmp_path):
    from vesale.verbs.predict import predict

    studied = tiny_package["discs"]
    image = sorted((studied.cohort / "images").iterdir())[0]
    packed = zipped(studied.model, tmp_path / "m.zip", "model/")
    there, here = predict(image, packed), predict(image, studied.model)
    assert there.outputs == here.outputs
    assert there.evidence.model == here.evidence.model


WITHOUT_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "sklearn", "onnx", "safetensors"):
            raise ImportError(f"{name} was asked for")
sys.meta_path.insert(0, Refuse())
from vesale.cli.__main__ import main
raise SystemExit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.parametrize("name", ["discs", "lines"])
def test_reading_needs_no_torch(tiny_package, tmp_path, name):
    studied = tiny_package[name]
    image = sorted((studied.cohort / "images").iterdir())[0]
    words = ["read", str(image), "--model", str(studied.model), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *words], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["counts"]["exams"] == 1
    assert summary["counts"]["failed"] == 0


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.parametrize("name", ["discs", "lines"])
def test_a_package_holds_what_it_says_and_no_picture_of_the_cohort(tiny_package, name):
    model = tiny_package[name].model
    assert {p.name for p in model.iterdir()} == {*NAMES}
    for file in ("trust.npz", "selftest.npz"):
        with np.load(model / file, allow_pickle=False) as arrays:
            assert all(arrays[n].dtype != object for n in arrays.files)
    card = json.loads((model / "card.json").read_text(encoding="utf-8"))
    assert card["schema"] == "vesale/card/1"
    assert card["digest"] == open_package(model).digest
    assert card["cohort"]["split_by_subject"] is True
    assert card["measures"], "the card bears what was measured"
    for measures in card["measures"].values():
        for number in measures.values():
            assert {"value", "low", "high", "level", "n", "n_of", "unit", "method"} <= set(number)
