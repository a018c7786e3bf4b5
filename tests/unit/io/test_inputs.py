import stat
import zipfile

import numpy as np
import pydicom
import pytest

import phantoms
import vesale.io.unzip
from vesale.core.errors import SourceError
from vesale.io.inputs import exam_id, find_inputs, natural, open_found, series_id, survey


@pytest.fixture
def rng():
    return np.random.default_rng(17)


@pytest.fixture
def folder(tmp_path, rng, monkeypatch):
    """NEW/ with pictures, a table, hidden files and a broken picture; the tests run beside it."""
    monkeypatch.chdir(tmp_path)
    new = tmp_path / "NEW"
    for name in ("img10.png", "img2.png", "deep/img2.png", ".hidden.png"):
        phantoms.write_raster(new / name, phantoms.grey(rng))
    (new / "labels.csv").write_text("exam,subject\n")
    (new / "broken.png").write_text("no picture")
    return new


def exams(found):
    return [f.exam for f in found]


def test_a_folder_in_natural_order_with_unique_names(folder, tmp_path):
    result = survey(["NEW"], tmp_path / "scratch")
    assert exams(result.found) == ["broken", "img2", "img10", "img2-2"]
    assert [f.shown for f in result.found] == ["NEW/broken.png", "NEW/img2.png", "NEW/img10.png", "NEW/deep/img2.png"]
    assert result.skipped == 2
    assert [f.shown for f in result.found if f.error] == ["NEW/broken.png"]
    with pytest.raises(SourceError, match=r"broken\.png"):
        open_found(result.found[0])
    for found in result.found[1:]:
        assert open_found(found).read().data.shape == (1, 40, 56)


def test_absolute_paths_are_not_shown(folder, tmp_path):
    found = find_inputs([str(folder), str(folder / "img2.png")], tmp_path / "scratch")
    assert found[1].shown == "NEW/img2.png"
    assert not any(str(tmp_path) in f.shown for f in found)
    assert len(found) == 4  # named twice, found once


def test_globs_that_no_shell_expanded(folder, tmp_path):
    found = find_inputs(["NEW/img*.png", "NEW/**/img2.png"], tmp_path / "scratch")
    assert [f.shown for f in found] == ["NEW/img2.png", "NEW/img10.png", "NEW/deep/img2.png"]
    (nothing,) = find_inputs(["NEW/*.jpg"], tmp_path / "scratch")
    assert "no file matches" in nothing.error.message


def test_one_bad_item_never_stops_the_others(folder, tmp_path):
    (folder / "note.txt").write_text("hello")
    (folder / "empty.dcm").touch()
    arguments = ["NEW/img3.png", "absent/x.png", "NEW/note.txt", "NEW/empty.dcm", "NEW/img2.png"]
    found = find_inputs(arguments, tmp_path / "scratch")
    assert [f.error is None for f in found] == [False, False, False, False, True]
    assert "img2.png" in found[0].error.remedy
    assert all(f.error.remedy for f in found[:-1])
    assert "empty" in found[3].error.message
    with pytest.raises(SourceError, match="no such file"):
        open_found(found[0])


def test_a_folder_without_images_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bare").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("x")
    bare, texts = find_inputs(["bare", "texts"], tmp_path / "scratch")
    assert "no file" in bare.error.message
    assert "no image" in texts.error.message
    assert "png" in texts.error.remedy


def test_dicom_series_are_exams_wherever_their_slices_lie(tmp_path, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = phantoms.write_series(tmp_path / "in" / "one", rng, phantoms.volume(rng, (5, 8, 9)))
    second = phantoms.write_series(tmp_path / "in" / "two", rng, phantoms.volume(rng, (4, 8, 9)))
    third = phantoms.write_series(tmp_path / "in" / "two", rng, phantoms.volume(rng, (3, 8, 9)), origin=(0, 0, 0))
    assert len(set(second) & set(third)) == 3  # the third overwrote part of the second
    d = phantoms.write_dicom(tmp_path / "in" / "report.dcm", rng, phantoms.grey(rng), {"PixelData": None})
    found = find_inputs(["in"], tmp_path / "scratch")
    uid = pydicom.dcmread(first[0]).SeriesInstanceUID
    assert [len(f.files) for f in found] == [5, 3, 1]
    assert found[0].exam == series_id(uid)
    assert len(found[0].exam) == 12
    assert found[0].shown == "in/one"
    assert found[1].shown.startswith("in/two/")
    assert open_found(found[0]).levels[0].shape == (5, 8, 9)
    assert len(find_inputs(["in/one", *[str(p) for p in first]], tmp_path / "scratch")) == 1
    (named,) = find_inputs(["in/report.dcm"], tmp_path / "scratch")
    assert "holds no image" in named.error.message
    assert d.SeriesInstanceUID not in named.exam


def test_images_without_a_place_are_exams_of_their_own(tmp_path, rng):
    uid = phantoms.uid(rng)
    for name in ("a.dcm", "b.dcm"):
        tags = {"SeriesInstanceUID": uid, "Modality": "CR"}
        phantoms.write_dicom(tmp_path / "cr" / name, rng, phantoms.grey(rng), tags)
    found = find_inputs([str(tmp_path / "cr")], tmp_path / "scratch")
    assert exams(found) == [series_id(uid), f"{series_id(uid)}-2"]


def packed(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_a_zip_is_a_folder(tmp_path, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture = phantoms.write_raster(tmp_path / "a.png", phantoms.grey(rng)).read_bytes()
    packed(tmp_path / "in.zip", [("site/a.png", picture), ("site/readme.txt", "x"), ("__MACOSX/a.png", "x")])
    result = survey(["in.zip"], tmp_path / "scratch")
    (found,) = result.found
    assert (found.exam, found.shown) == ("a", "in.zip/site/a.png")
    assert open_found(found).read().data.shape == (1, 40, 56)
    assert found.files[0].is_relative_to(tmp_path / "scratch")


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "C:/evil.png", "..\\evil.png", link("l.png")]
)
def test_a_zip_that_leads_outside_is_refused_whole(tmp_path, rng, name):
    path = packed(tmp_path / "in.zip", [("ok.png", "x"), (name, "/etc/passwd")])
    (found,) = find_inputs([str(path)], tmp_path / "scratch")
    assert "the archive holds" in found.error.message
    assert not (tmp_path / "scratch").exists() or not any((tmp_path / "scratch").iterdir())
    assert not list(tmp_path.parent.glob("evil.png"))


def test_a_zip_bomb_is_refused(tmp_path, monkeypatch):
    path = packed(tmp_path / "in.zip", [("zeros.png", bytes(3_000_000))])
    monkeypatch.setattr(vesale.io.unzip, "RATIO_FROM", 1_000_000)
    (found,) = find_inputs([str(path)], tmp_path / "scratch")
    assert "bomb" in found.error.message
    monkeypatch.setattr(vesale.io.unzip, "MOST_BYTES", 1_000_000)
    (found,) = find_inputs([str(path)], tmp_path / "scratch")
    assert "GiB" in found.error.message


def test_a_damaged_zip_leaves_nothing_behind(tmp_path, rng):
    path = packed(tmp_path / "in.zip", [("a.bin", rng.bytes(50_000)), ("b.bin", rng.bytes(50_000))])
    raw = bytearray(path.read_bytes())
    raw[70_000] ^= 255
    path.write_bytes(raw)
    (found,) = find_inputs([str(path)], tmp_path / "scratch")
    assert "zip archive" in found.error.message
    assert not list((tmp_path / "scratch").glob("*/*"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", "a"),
        ("a.nii.gz", "a"),
        ("A b (1).JPG", "A_b__1_"),
        ("scan.v2.tif", "scan.v2"),
        ("IM0001", "IM0001"),
        ("é.dcm", "_"),
        ("...png", "__"),
        (".png", ".png"),
    ],
)
def test_exam_ids(name, expected):
    assert exam_id(name) == expected


def test_names_that_differ_by_case_only_clash(tmp_path, rng):
    phantoms.write_raster(tmp_path / "in" / "a" / "Eye.png", phantoms.grey(rng))
    phantoms.write_raster(tmp_path / "in" / "b" / "eye.png", phantoms.grey(rng))
    assert exams(find_inputs([str(tmp_path / "in")], tmp_path / "scratch")) == ["Eye", "eye-2"]


def test_natural_order():
    assert sorted(["b1", "a10", "a2", "A1", "a²"], key=natural) == ["A1", "a2", "a10", "a²", "b1"]


def test_hidden_files_beside_an_image_are_no_error(tmp_path):
    rng = np.random.default_rng(0)
    phantoms.write_raster(tmp_path / "in" / "a.png", phantoms.grey(rng))
    for name in (".DS_Store", "._a.png", "Thumbs.db"):
        (tmp_path / "in" / name).write_bytes(b"x")
    found = find_inputs([str(tmp_path / "in")], tmp_path / "scratch")
    assert [(f.exam, f.error) for f in found] == [("a", None)]
