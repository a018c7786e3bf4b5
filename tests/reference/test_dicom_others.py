"""Our readers of frames, palettes and segmentations against SimpleITK (GDCM), pydicom and highdicom."""

import os
import warnings
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.pixels.processing import apply_color_lut

import phantoms
import phantoms_dicom as made
from vesale.io import open_mask, open_source
from vesale.io.dicom_kinds import DECODERS
from vesale.io.segmentation import Drawn, write_segmentation


@pytest.fixture
def rng():
    return np.random.default_rng(67)


def assert_same_place(grid, theirs):
    for index in ((0, 0, 0), tuple(n - 1 for n in grid.shape)):
        place = theirs.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]])
        np.testing.assert_allclose(grid.to_world(np.array(index, float)), place, atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_an_enhanced_ct_is_gdcms(tmp_path, seed):
    rng = np.random.default_rng(seed)
    turn = phantoms.rotation(rng)
    cosines = [round(float(v), 10) for v in (*turn[:, 0], *turn[:, 1])]
    planted = (phantoms.volume(rng, (6, 12, 16)) + 1024).astype(np.int16)
    path = made.write(tmp_path / "a.dcm", made.enhanced_ct(rng, planted, None, cosines))
    source, theirs = open_source(path), sitk.ReadImage(str(path))
    np.testing.assert_array_equal(source.read().data[0], sitk.GetArrayFromImage(theirs))
    assert_same_place(source.levels[0], theirs)


def test_dose_is_gdcms(tmp_path, rng):
    planted = rng.integers(0, 2**20, (4, 6, 7)).astype(np.uint32)
    path = made.write(tmp_path / "a.dcm", made.dose(rng, planted, [0.0, 5.0, 10.0, 15.0]))
    source, theirs = open_source(path), sitk.ReadImage(str(path))
    stored = sitk.GetArrayFromImage(theirs)  # GDCM leaves DoseGridScaling to its caller
    np.testing.assert_allclose(source.read().data[0], stored * 0.001, rtol=1e-5)
    assert_same_place(source.levels[0], theirs)


def test_a_segmented_palette_is_pydicoms(tmp_path, rng):
    index = np.arange(256, dtype=np.uint8).reshape(16, 16)
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name in ("Red", "Green", "Blue"):
        stops = np.sort(rng.integers(0, 65536, 3))
        segments = [0, 2, 0, stops[0], 1, 100, stops[1], 1, 154, stops[2]]
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"Segmented{name}PaletteColorLookupTableData"] = np.array(segments, "<u2").tobytes()
    d = phantoms.write_dicom(tmp_path / "a.dcm", rng, index, tags)
    wanted = apply_color_lut(index, d) >> 8
    np.testing.assert_array_equal(open_source(tmp_path / "a.dcm").read().data, np.moveaxis(wanted, -1, 0))


def test_a_segmentation_lies_where_highdicom_says(tmp_path, rng):
    planted = (phantoms.volume(rng, (6, 12, 16)) + 1024).astype(np.uint16)
    source = open_source(made.write(tmp_path / "a.dcm", made.enhanced_ct(rng, planted)))
    index = rng.integers(0, 3, planted.shape).astype(np.uint8)
    drawn = Drawn(source.description.files, ("background", "liver", "lesion"), True, source.description.frames)
    path = write_segmentation(tmp_path / "a.seg.dcm", index, drawn)
    assert_same_volume(path)


def assert_same_volume(path):
    """Segment by segment at the same places in the patient."""
    ours = open_mask(path)
    theirs = hd.seg.segread(path).get_volume(combine_segments=True)
    found = np.argwhere(ours.data[0] > 0)
    wanted = np.argwhere(theirs.array > 0)
    mine = ours.grid.to_world(found.astype(float))
    other = theirs.map_indices_to_reference(wanted)
    assert len(mine) == len(other) > 0
    order, same = np.lexsort(np.round(mine, 3).T), np.lexsort(np.round(other, 3).T)
    np.testing.assert_allclose(mine[order], other[same], atol=1e-2)
    np.testing.assert_array_equal(
        ours.data[0][tuple(found[order].T)], theirs.array[tuple(wanted[same].T)].astype(np.uint16)
    )


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["dcmqi/seg.dcm", "highdicom/seg_image_ct_binary.dcm", "pydicom_data/liver.dcm"])
def test_segmentations_of_other_hands(name):
    folder = Path(os.environ.get("VESALE_DATA", "")) / "radiology" / "dicom_variety"
    if "VESALE_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("VESALE_DATA names no folder of real data")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same_volume(folder / name)


def test_the_table_of_decoders_is_pydicoms():
    from pydicom.pixels.decoders.base import _PIXEL_DATA_DECODERS

    assert set(DECODERS) == {str(uid) for uid in _PIXEL_DATA_DECODERS}
    assert all(pydicom.uid.UID(uid).is_transfer_syntax for uid in DECODERS)
