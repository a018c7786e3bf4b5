"""Plain series: what tells several volumes in one series apart, and what no volume can be made of."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

import phantoms
from vesale.core.errors import SourceError
from vesale.io import open_source
from vesale.io.dicom_series import source_of, volumes_of
from vesale.io.inputs import find_inputs, open_found, series_id


@pytest.fixture
def rng():
    return np.random.default_rng(47)


def ct(rng, shape=(4, 12, 16)):
    return (phantoms.volume(rng, shape) + 1024).astype(np.int16)


def notes(source):
    return " ".join(source.description.notes)


def one_series(folder, rng, parts, **options):
    """Several ladders in one series: a part is (planted, tags)."""
    uid, paths = phantoms.uid(rng), []
    for i, (planted, tags) in enumerate(parts):
        tags = {"SeriesInstanceUID": uid, **tags}
        for path in phantoms.write_series(folder / f"p{i}", rng, planted, tags=tags, **options):
            paths.append(path.rename(folder / f"{i}-{path.name}"))
    return uid, paths


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("EchoTime", [4.6, 9.2]),
        ("TemporalPositionIdentifier", [1, 2, 3]),
        ("AcquisitionNumber", [1, 2]),
        ("TriggerTime", [0.0, 30.5, 61.0]),
        ("ContentTime", ["120000", "120130.5"]),
        ("DiffusionBValue", [0.0, 800.0]),
        ("ImageType", [["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]]),
        ("InversionTime", [100.0, 400.0]),
    ],
)
def test_volumes_of_one_series_are_told_apart(tmp_path, rng, keyword, values):
    planted = [ct(rng) for _ in values]
    folder = tmp_path / "in"
    uid, paths = one_series(folder, rng, [(p, {keyword: v}) for p, v in zip(planted, values, strict=True)])
    found = find_inputs([str(folder)], tmp_path / "scratch")
    name = series_id(uid)
    assert [f.exam for f in found] == [name, *(f"{name}-{i + 2}" for i in range(len(values) - 1))]
    for f, wanted in zip(found, planted, strict=True):
        source = open_found(f)
        np.testing.assert_array_equal(source.read().data[0], wanted - 1024)
        assert f"told apart by {keyword}" in notes(source)
        assert "1200" not in notes(source)
    with pytest.raises(SourceError, match=rf"{len(values)} volumes in one: 4 slices .*\({keyword}"):
        open_source(folder)
    assert len(paths) == 4 * len(values)


def test_two_keywords_at_once(tmp_path, rng):
    parts = [(ct(rng), {"EchoTime": e, "TemporalPositionIdentifier": t}) for e in (1.0, 2.0) for t in (1, 2)]
    _, paths = one_series(tmp_path, rng, parts)
    found = volumes_of(paths)
    assert [len(v.slices) for v in found] == [4] * 4
    np.testing.assert_array_equal(source_of(found[2]).read().data[0], parts[2][0] - 1024)
    assert "EchoTime 2, 2 of 2; TemporalPositionIdentifier 1, 1 of 2" in notes(source_of(found[2]))


def test_the_b_value_of_makers_without_the_standards_place(tmp_path, rng):
    _, paths = one_series(tmp_path, rng, [(ct(rng), {}), (ct(rng), {})])
    for path in paths:
        d = pydicom.dcmread(path)
        block = d.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        block.add_new(0x0C, "IS", "0" if path.name.startswith("0") else "1000")
        d.save_as(path)
    found = volumes_of(paths)
    assert [len(v.slices) for v in found] == [4, 4]
    assert "DiffusionBValue 1000" in notes(source_of(found[1]))


def test_a_localiser_of_three_planes(tmp_path, rng):
    uid = phantoms.uid(rng)
    for i, cosines in enumerate([(1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)]):
        for path in phantoms.write_series(
            tmp_path / "x", rng, ct(rng, (3, 12, 16)), tags={"SeriesInstanceUID": uid}, orientation=cosines
        ):
            (tmp_path / "in").mkdir(exist_ok=True)
            path.rename(tmp_path / "in" / f"{i}-{path.name}")
    found = find_inputs([str(tmp_path / "in")], tmp_path / "scratch")
    assert [f.part for f in found] == [0, 1, 2]
    opened = [open_found(f) for f in found]
    assert [s.levels[0].shape for s in opened] == [(3, 12, 16)] * 3
    assert all("3 sets of slices that differ in orientation" in notes(s) for s in opened)


def test_a_part_with_a_gap_fails_alone(tmp_path, rng):
    _, paths = one_series(tmp_path / "in", rng, [(ct(rng, (6, 12, 16)), {"EchoTime": e}) for e in (1.0, 2.0)])
    places = {p: round(float(pydicom.dcmread(p).ImagePositionPatient[2]), 3) for p in paths}
    gone = next(p for p in paths if p.name.startswith("1-") and places[p] == 105.0)
    gone.unlink()
    found = find_inputs([str(tmp_path / "in")], tmp_path / "scratch")
    assert [f.error is None for f in found] == [True, False]
    assert "1 slice missing" in found[1].error.message
    np.testing.assert_array_equal(open_found(found[0]).levels[0].shape, (6, 12, 16))


def test_slices_that_differ_without_forming_volumes_stay_one_and_it_is_said(tmp_path, rng):
    phantoms.write_series(tmp_path / "s", rng, ct(rng, (6, 12, 16)), per_slice=lambda n: {"EchoTime": 1.0 + n % 2})
    found = volumes_of(sorted((tmp_path / "s").iterdir()))
    assert [len(v.slices) for v in found] == [3, 3]  # every other slice: two ladders of twice the step
    phantoms.write_series(tmp_path / "t", rng, ct(rng, (5, 12, 16)), per_slice=lambda n: {"EchoTime": 1.0 + (n == 1)})
    source = open_source(tmp_path / "t")
    assert source.levels[0].shape == (5, 12, 16)
    assert "slices differ in EchoTime" in notes(source)


def test_copies_are_named(tmp_path, rng):
    paths = phantoms.write_series(tmp_path / "s", rng, ct(rng))
    copy = tmp_path / "s" / "copy.dcm"
    copy.write_bytes(paths[1].read_bytes())
    with pytest.raises(SourceError, match=r"1 position repeated.*copies of one file") as caught:
        open_source(tmp_path / "s")
    assert "copy.dcm" in caught.value.message


def test_what_nothing_tells_apart_is_refused(tmp_path, rng):
    _, paths = one_series(tmp_path, rng, [(ct(rng), {}), (ct(rng), {})])
    with pytest.raises(SourceError, match="nothing in the headers tells apart"):
        source_of(volumes_of(paths)[0])


def test_one_slice_at_many_times_is_a_run(tmp_path, rng):
    uid, planted = phantoms.uid(rng), ct(rng, (5, 12, 16))
    for n in range(5):
        tags = {
            "SeriesInstanceUID": uid,
            "ImagePositionPatient": [0.0, 0.0, 0.0],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "PixelSpacing": [0.8, 0.7],
            "TriggerTime": 100.0 - 20 * n,
            "Modality": "MR",
        }
        phantoms.write_dicom(tmp_path / f"{n}.dcm", rng, planted[n], tags)
    source = open_source(tmp_path)
    assert source.levels[0].spacing is None
    np.testing.assert_array_equal(source.read().data[0], planted[::-1])
    assert "in time, by TriggerTime" in notes(source)


def test_a_file_without_a_suffix_that_is_damaged_is_not_passed_over(tmp_path, rng):
    paths = phantoms.write_series(tmp_path / "in", rng, ct(rng))
    paths[0].rename(tmp_path / "in" / "IM0001")
    (tmp_path / "in" / "IM0002").write_bytes((tmp_path / "in" / "IM0001").read_bytes()[:200])
    found = find_inputs([str(tmp_path / "in")], tmp_path / "scratch")
    assert sorted(f.error is None for f in found) == [False, True]


def test_each_header_is_parsed_once(tmp_path, rng, monkeypatch):
    from vesale.io import dicom_header

    paths = phantoms.write_series(tmp_path / "in", rng, ct(rng))
    parsed: list[Path] = []
    plain = dicom_header._parsed
    monkeypatch.setattr(dicom_header, "_parsed", lambda path: parsed.append(path) or plain(path))
    (found,) = find_inputs([str(tmp_path / "in")], tmp_path / "scratch")
    open_found(found).read()
    assert sorted(parsed) == sorted(paths)
