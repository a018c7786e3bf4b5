"""Our readers of MetaImage, NRRD, Analyze and pairs against SimpleITK and nibabel: samples, place and scale."""

import itertools

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

import phantoms
import phantoms_volumes as made
from vesale.io import open_source

TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")


def assert_same(path):
    """Samples, type, and the world of every corner, as SimpleITK has them."""
    source, theirs = open_source(path), sitk.ReadImage(str(path))
    grid = source.levels[0]
    np.testing.assert_allclose(grid.spacing, theirs.GetSpacing()[::-1], rtol=1e-9)
    for index in itertools.product(*[(0, n - 1) for n in grid.shape]):
        place = theirs.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]])
        np.testing.assert_allclose(grid.to_world(np.array(index, float)), place, atol=1e-6)
    expected = sitk.GetArrayFromImage(theirs)
    expected = np.moveaxis(expected, -1, 0) if theirs.GetNumberOfComponentsPerPixel() > 1 else expected[None]
    found = source.read().data
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("suffix", ["mha", "mhd", "nrrd", "nhdr"])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_every_type(tmp_path, suffix, dtype, packed):
    rng = np.random.default_rng(TYPES.index(dtype))
    image = made.itk(made.samples(rng, dtype=np.dtype(dtype)), phantoms.rotation(rng))
    assert_same(made.write_itk(tmp_path / f"v.{suffix}", image, packed))


@pytest.mark.parametrize("suffix", ["mha", "mhd", "nrrd", "nhdr"])
@pytest.mark.parametrize("channels", [2, 3, 6])
def test_several_values_a_sample(tmp_path, suffix, channels):
    rng = np.random.default_rng(channels)
    image = made.itk(made.samples(rng, (4, 5, 6, channels), np.float32), phantoms.rotation(rng), channels=True)
    assert_same(made.write_itk(tmp_path / f"v.{suffix}", image, packed=True))


@pytest.mark.parametrize("suffix", ["mha", "nrrd"])
def test_pictures_of_two_axes(tmp_path, suffix):
    assert_same(made.write_itk(tmp_path / f"v.{suffix}", made.itk(made.samples(np.random.default_rng(2), (6, 7)))))


def test_metaimage_tags_as_metaio_understands_them(tmp_path):
    rng = np.random.default_rng(3)
    data = made.samples(rng)
    turn = " ".join(f"{v:.17g}" for v in phantoms.rotation(rng).ravel())
    for i, tags in enumerate(
        [
            {"ElementSpacing": "0.5 0.6 0.7", "Rotation": turn, "Position": "1 2 3"},
            {"ElementSpacing": "0.5 0.6 0.7", "Orientation": turn, "Origin": "1 2 3"},
            {"ElementSpacing": "0.5 0.6 0.7", "TransformMatrix": turn, "Offset": "1 2 3", "CenterOfRotation": "9 9 9"},
            {"ElementSize": "0.5 0.6 0.7", "TransformMatrix": turn},
        ]
    ):
        assert_same(made.write_metaimage(tmp_path / f"{i}.mha", data, tags))


@pytest.mark.parametrize("space", ["left-posterior-superior", "right-anterior-superior", "left-anterior-superior"])
def test_nrrd_spaces_as_itk_converts_them(tmp_path, space):
    rng = np.random.default_rng(4)
    data = made.samples(rng)
    rows = phantoms.rotation(rng) * [[0.5], [0.6], [0.7]]
    directions = " ".join(f"({','.join(f'{v:.17g}' for v in row)})" for row in rows)
    fields = made.nrrd_fields(data, space=space, space_directions=directions, space_origin="(4,-5,6)")
    assert_same(made.write_nrrd(tmp_path / "v.nrrd", fields, data.tobytes()))


@pytest.mark.parametrize("order", ["<", ">"])
def test_analyze_as_nibabel_reads_it(tmp_path, order):
    rng = np.random.default_rng(5)
    for dtype in (np.uint8, np.int16, np.int32, np.float32, np.float64):
        data = made.samples(rng, (2, 4, 5, 6), dtype)
        header = nib.AnalyzeHeader(endianness=order)
        header.set_data_dtype(dtype)
        image = nib.AnalyzeImage(data.T, None, header)
        image.header.set_zooms((0.7, 0.8, 2.5, 1.0))
        nib.save(image, tmp_path / "v.img")
        source, theirs = open_source(tmp_path / "v.hdr"), nib.load(tmp_path / "v.img")
        np.testing.assert_array_equal(source.read().data, np.asarray(theirs.dataobj).T)
        np.testing.assert_allclose(source.levels[0].spacing, theirs.header.get_zooms()[2::-1])
        assert source.channels == ("volume 0", "volume 1")


@pytest.mark.parametrize("seed", range(4))
def test_pairs_as_nibabel_reads_them(tmp_path, seed):
    rng = np.random.default_rng(seed)
    matrix = phantoms.affine(rng.uniform(0.4, 3, 3), rng.uniform(-100, 100, 3), phantoms.rotation(rng))
    path = made.write_pair(tmp_path / "v", made.samples(rng, (3, 4, 5, 6), np.float64), matrix)
    source, theirs = open_source(path), nib.load(path)
    assert source.description.format == "nifti-pair"
    np.testing.assert_allclose(source.read().data, np.asarray(theirs.dataobj).T, rtol=1e-6)
    for index in itertools.product((0, 3), (0, 4), (0, 5)):
        place = (np.diag([-1.0, -1, 1, 1]) @ theirs.affine @ [*index[::-1], 1])[:3]
        np.testing.assert_allclose(source.levels[0].to_world(np.array(index, float)), place, atol=1e-3)


@pytest.mark.parametrize("units", ["mm", "micron", "meter"])
@pytest.mark.parametrize("slope", [None, 0.37])
def test_nifti_of_four_axes_with_units_and_slope(tmp_path, units, slope):
    rng = np.random.default_rng(6)
    data = made.samples(rng, (3, 4, 5, 6))
    image = nib.Nifti1Image(data.T, np.diag([2.0, 3.0, 4.0, 1.0]))
    image.header.set_xyzt_units(units, "sec")
    if slope is not None:
        image.header.set_slope_inter(slope, 4.5)
    raw = bytearray(image.to_bytes())
    (tmp_path / "v.nii").write_bytes(raw)
    source, theirs = open_source(tmp_path / "v.nii"), nib.load(tmp_path / "v.nii")
    np.testing.assert_allclose(source.read().data, theirs.get_fdata().T, rtol=1e-6)
    scale = {"mm": 1.0, "micron": 1e-3, "meter": 1e3}[units]
    np.testing.assert_allclose(source.levels[0].spacing, np.array([4.0, 3.0, 2.0]) * scale)
    assert source.channels == ("volume 0", "volume 1", "volume 2")
