import json
import pickle
import shutil

import numpy as np
import pytest

import phantoms_slides as made
from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.io import open_mask, open_source
from vesale.io.cohort import read_cohort
from vesale.io.inputs import find_inputs, open_found


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def stack(rng):
    data = made.cells(rng, (1, 2, 6, 70, 90))
    return [data, np.ascontiguousarray(data[..., ::2, ::2])]


UM = (1, 1, 2.0, 0.5, 0.5)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("zipped", [False, True])
def test_levels_scale_and_names(tmp_path, rng, version, zipped):
    levels = stack(rng)
    path = tmp_path / ("a.ome.zarr" + ".zip" * zipped)
    made.write_ome_zarr(path, levels, "tczyx", UM, version=version, names=["DAPI", "GFP"], zipped=zipped)
    source = pickle.loads(pickle.dumps(open_source(path)))
    assert source.channels == ("DAPI", "GFP")
    assert [g.shape for g in source.levels] == [(6, 70, 90), (6, 35, 45)]
    assert source.levels[0].spacing == pytest.approx((0.002, 0.0005, 0.0005))
    assert source.levels[1].spacing == pytest.approx((0.002, 0.001, 0.001))
    for i, level in enumerate(levels):
        np.testing.assert_array_equal(source.read(level=i).data, level[0])
    box = Box((2, 30, 31), (5, 66, 90))
    np.testing.assert_array_equal(source.read(box).data, levels[0][0][(slice(None), *box.slices)])
    assert source.read().data.dtype == np.uint16


def test_the_translation_is_the_place(tmp_path, rng):
    levels = [made.cells(rng, (40, 50))]
    path = made.write_ome_zarr(tmp_path / "a.zarr", levels, "yx", (0.5, 0.5), translation=(3000.0, 1000.0))
    np.testing.assert_allclose(open_source(path).levels[0].to_world(np.zeros(2)), (1.0, 3.0))


@pytest.mark.parametrize(("unit", "wanted"), [("nanometer", 5e-7), ("millimeter", 0.5), (None, None), ("pixel", None)])
def test_units(tmp_path, rng, unit, wanted):
    path = made.write_ome_zarr(tmp_path / "a.zarr", [made.cells(rng, (40, 50))], "yx", (0.5, 0.5), unit=unit)
    source = open_source(path)
    assert source.levels[0].spacing == (None if wanted is None else pytest.approx((wanted, wanted)))
    assert ("no unit of length" in " ".join(source.description.notes)) == (wanted is None)
    assert source.channels == ("grey",)


def test_times_are_frames_and_times_of_stacks_are_refused(tmp_path, rng):
    data = made.cells(rng, (4, 2, 1, 40, 50))
    source = open_source(made.write_ome_zarr(tmp_path / "t.zarr", [data], "tczyx", UM))
    assert source.levels[0].shape == (4, 40, 50)
    assert source.levels[0].spacing is None
    np.testing.assert_array_equal(source.read().data, data[:, :, 0].swapaxes(0, 1))
    path = made.write_ome_zarr(tmp_path / "tz.zarr", [made.cells(rng, (3, 1, 4, 20, 20))], "tczyx", UM)
    with pytest.raises(SourceError, match="3 time points of 4 slices"):
        open_source(path)


def test_an_image_may_lie_in_a_group_and_a_plate_is_refused(tmp_path, rng):
    path = made.write_ome_zarr(tmp_path / "a.zarr", [made.cells(rng, (40, 50))], "yx", (0.5, 0.5), inside="0")
    assert open_source(path).read().data.shape == (1, 40, 50)
    made.write_ome_zarr(tmp_path / "p.zarr", [made.cells(rng, (40, 50))], "yx", (0.5, 0.5))
    attributes = tmp_path / "p.zarr" / ".zattrs"
    attributes.write_text(json.dumps({"plate": {"wells": []}}))
    with pytest.raises(SourceError, match="a plate of many wells"):
        open_source(tmp_path / "p.zarr")
    attributes.write_text("{}")
    with pytest.raises(SourceError, match="without `multiscales`"):
        open_source(tmp_path / "p.zarr")


def test_a_damaged_chunk_or_a_missing_level_is_refused(tmp_path, rng):
    path = made.write_ome_zarr(tmp_path / "a.zarr", stack(rng), "tczyx", UM)
    chunk = next(p for p in sorted((path / "0").rglob("*")) if p.is_file() and not p.name.startswith("."))
    chunk.write_bytes(b"nonsense")
    with pytest.raises(SourceError, match=r"a\.zarr: cannot be read as OME-Zarr"):
        open_source(path).read()
    shutil.rmtree(path / "1")
    with pytest.raises(SourceError, match="OME-Zarr"):
        open_source(path)


def test_it_is_one_exam_wherever_it_lies(tmp_path, rng):
    made.write_ome_zarr(tmp_path / "in" / "case 1.ome.zarr", stack(rng), "tczyx", UM)
    made.write_ome_zarr(tmp_path / "in" / "deep" / "case 2.zarr", stack(rng), "tczyx", UM, version="0.5")
    made.write_ome_zarr(tmp_path / "in" / "case 3.zarr.zip", stack(rng), "tczyx", UM, zipped=True)
    found = find_inputs([str(tmp_path / "in")], tmp_path / "scratch")
    assert sorted(f.exam for f in found) == ["case_1", "case_2", "case_3"]
    assert all(open_found(f).levels[0].shape == (6, 70, 90) for f in found)
    alone = find_inputs([str(tmp_path / "in" / "case 1.ome.zarr")], tmp_path / "scratch")
    assert [f.exam for f in alone] == ["case_1"]


def test_its_digest_covers_what_it_says_and_shows(tmp_path, rng):
    path = made.write_ome_zarr(tmp_path / "a.zarr", stack(rng), "tczyx", UM)
    (tmp_path / "labels.csv").write_text("image,label\na.zarr,x\n")
    before = read_cohort(tmp_path).cohort.contents["a.zarr"]
    assert before == open_source(path).description.sha256
    attributes = path / ".zattrs"
    attributes.write_text(attributes.read_text().replace("0.5", "0.6"))
    assert read_cohort(tmp_path).cohort.contents["a.zarr"] != before
    assert open_source(path).description.sha256 != before


def test_folders_of_classes_hold_hierarchies(tmp_path, rng):
    for label in ("round", "square"):
        for i in range(2):
            made.write_ome_zarr(tmp_path / label / f"{label}{i}.zarr", stack(rng), "tczyx", UM)
    read = read_cohort(tmp_path)
    assert sorted(e.id for e in read.cohort) == ["round0", "round1", "square0", "square1"]
    assert not any("no images" in f.message for f in read.findings)


def test_a_mask(tmp_path, rng):
    labels = rng.integers(0, 3, (5, 40, 50)).astype(np.uint8)
    path = made.write_ome_zarr(tmp_path / "m.zarr", [labels], "zyx", UM[2:])
    np.testing.assert_array_equal(open_mask(path).data[0], labels)
    two = made.write_ome_zarr(tmp_path / "two.zarr", stack(rng), "tczyx", UM)
    with pytest.raises(SourceError, match="2 channels"):
        open_mask(two)
