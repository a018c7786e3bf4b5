"""Our DICOM reader against SimpleITK (GDCM) and pydicom themselves."""

import os
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.pixels import pixel_array

import phantoms
from vesale.core.errors import SourceError
from vesale.io import open_source
from vesale.io.inputs import open_found, survey


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
def test_real_variety_is_read_or_refused_with_a_reason(data, tmp_path):
    """Every file of many makers gives an image equal to pydicom's samples, or one line that says why not."""
    result = survey([str(data / "radiology" / "dicom_variety")], tmp_path)
    read = 0
    for found in result.found:
        try:
            source = open_found(found)
            image = source.read()
        except SourceError as error:
            assert error.remedy
            assert "\n" not in error.message
            continue
        read += 1
        if len(found.files) > 1:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            d = pydicom.dcmread(found.files[0], force=True)
            if "TransferSyntaxUID" not in d.file_meta:
                continue
            raw = pixel_array(d)
        if d.PhotometricInterpretation in ("MONOCHROME2", "RGB") and "ModalityLUTSequence" not in d:
            wanted = np.moveaxis(np.atleast_3d(raw), -1, 0) * float(d.get("RescaleSlope", 1))
            np.testing.assert_allclose(image.data, wanted + float(d.get("RescaleIntercept", 0)), rtol=1e-6)
    assert read >= 18
