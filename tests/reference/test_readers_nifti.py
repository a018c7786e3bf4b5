"""Our NIfTI reader against SimpleITK, which works in LPS as we do."""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import phantoms
from vesale.io import open_source


def assert_same_world(source, theirs):
    grid = source.levels[0]
    np.testing.assert_allclose(grid.spacing, theirs.GetSpacing()[::-1], rtol=1e-5)
    for index in (tuple(0 for _ in grid.shape), tuple(n - 1 for n in grid.shape), tuple(n // 3 for n in grid.shape)):
        place = theirs.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]])
        np.testing.assert_allclose(grid.to_world(np.array(index, float)), place, atol=2e-3)


@pytest.mark.parametrize("seed", range(8))
def test_same_world_and_samples(tmp_path, seed):
    rng = np.random.default_rng(seed)
    matrix = phantoms.affine(rng.uniform(0.4, 3, 3), rng.uniform(-100, 100, 3), phantoms.rotation(rng))
    codes = [{}, {"qform": 0}, {"sform": 0}][seed % 3]
    path = phantoms.write_nifti(tmp_path / "v.nii.gz", phantoms.volume(rng), matrix, **codes)
    source, theirs = open_source(path), sitk.ReadImage(path)
    assert_same_world(source, theirs)
    np.testing.assert_array_equal(source.read().data[0], sitk.GetArrayFromImage(theirs))


def test_same_rescaled_samples(tmp_path):
    rng = np.random.default_rng(1)
    path = phantoms.write_nifti(tmp_path / "v.nii", phantoms.volume(rng), phantoms.affine(), slope=0.37, inter=4.5)
    np.testing.assert_allclose(
        open_source(path).read().data[0], sitk.GetArrayFromImage(sitk.ReadImage(path)), rtol=1e-6
    )


@pytest.mark.realdata
def test_real_volumes():
    folder = os.environ.get("VESALE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("VESALE_DATA names no folder of real data")
    paths = [
        p for name in ("nifti_volumes", "nuclear") for p in sorted(Path(folder, "radiology", name).rglob("*.nii*"))
    ]
    assert len(paths) >= 5
    for path in paths:
        source, theirs = open_source(path), sitk.ReadImage(path)
        assert_same_world(source, theirs)
        np.testing.assert_allclose(source.read().data[0], sitk.GetArrayFromImage(theirs), rtol=1e-5, atol=1e-6)
