"""Our DICOM reader against SimpleITK (GDCM) and pydicom themselves."""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import phantoms
from vesale.io import open_source
from vesale.io.inputs import survey


def by_itk(folder):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def assert_same(source, theirs):
    grid = source.levels[0]
    np.testing.assert_array_equal(source.read().data[0], sitk.GetArrayFromImage(theirs))
    np.testing.assert_allclose(grid.spacing, theirs.GetSpacing()[::-1], rtol=1e-4)
    for index in ((0, 0, 0), tuple(n - 1 for n in grid.shape), tuple(n // 3 for n in grid.shape)):
        place = theirs.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]])
        np.testing.assert_allclose(grid.to_world(np.array(index, float)), place, atol=1e-2)


@pytest.fixture
def data():
    folder = os.environ.get("VESALE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("VESALE_DATA names no folder of real data")
    return Path(folder)


@pytest.mark.parametrize("seed", range(4))
def test_a_made_series(tmp_path, seed):
    rng = np.random.default_rng(seed)
    turn = phantoms.rotation(rng)
    cosines = [round(float(v), 10) for v in (*turn[:, 0], *turn[:, 1])]
    planted = (phantoms.volume(rng, (7, 12, 16)) + 1024).astype(np.int16)
    phantoms.write_series(tmp_path / "ct", rng, planted, orientation=cosines)
    assert_same(open_source(tmp_path / "ct"), by_itk(tmp_path / "ct"))


@pytest.mark.realdata
def test_the_chest_ct_is_told_by_its_positions(data):
    source = open_source(data / "radiology" / "ct_chest")
    assert_same(source, by_itk(data / "radiology" / "ct_chest"))
    notes = " ".join(source.description.notes)
    assert "2.5 mm apart by their positions" in notes
    assert "SliceThickness 1.25, SpacingBetweenSlices 1.25" in notes
    assert "left out" in notes
    assert "-3024" in notes


@pytest.mark.realdata
def test_real_series(data):
    folders = {p.parent for p in (data / "radiology" / "mr_dicom").rglob("*.dcm")}
    folders |= {p.parent for p in (data / "radiology" / "ct_rtstruct_phantom").rglob("*.dcm")}
    assert len(folders) >= 5
    for folder in sorted(folders):
        assert_same(open_source(folder), by_itk(folder))


@pytest.mark.realdata
def test_a_survey_of_many_makers_loses_no_file(data, tmp_path):
    """Each file is an exam, an exam's slice, an error with a remedy, or one of the objects that are passed over."""
    result = survey([str(data / "radiology" / "dicom_variety")], tmp_path)
    files = {path for found in result.found for path in found.files}
    assert len(files) + result.skipped == 73
    assert all(found.error is None or found.error.remedy for found in result.found)
    assert len({found.exam for found in result.found}) == len(result.found)
