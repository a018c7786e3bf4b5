import gzip
import itertools
import struct

import nibabel as nib
import numpy as np
import pytest

import phantoms
from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.io import open_mask, open_source
from vesale.io.nifti import write_nifti

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def assert_law(path, grid):
    """Our world of an index is nibabel's, in LPS, of the index read backwards."""
    affine = LPS @ nib.load(path).affine
    for index in itertools.product(*[(0, 1, n - 1) for n in grid.shape]):
        ours = grid.to_world(np.array(index, float))
        backwards = [*index[::-1], 0][:3]
        np.testing.assert_allclose(ours, (affine @ [*backwards, 1])[:3], atol=1e-4)


def orientations():
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            yield np.eye(3)[list(order)] * signs


def test_there_are_48_orientations():
    assert len({m.tobytes() for m in orientations()}) == 48


@pytest.mark.parametrize("turn", list(orientations()), ids=lambda m: "".join(nib.aff2axcodes(np.pad(m, (0, 1)))))
def test_the_world_of_every_orientation(tmp_path, rng, turn):
    planted = phantoms.volume(rng)
    for codes in ({"qform": 0}, {"sform": 0} if np.linalg.det(turn) > 0 else {}):
        path = phantoms.write_nifti(tmp_path / "v.nii.gz", planted, phantoms.affine(turn=turn), **codes)
        source = open_source(path)
        assert_law(path, source.levels[0])
        assert source.levels[0].frame == "patient"
        assert source.description.notes == ()
        np.testing.assert_array_equal(source.read().data[0], planted)


def test_the_world_of_oblique_volumes(tmp_path, rng):
    for _ in range(20):
        matrix = phantoms.affine(rng.uniform(0.3, 4, 3), rng.uniform(-200, 200, 3), phantoms.rotation(rng))
        path = phantoms.write_nifti(tmp_path / "v.nii", phantoms.volume(rng), matrix, qform=int(rng.integers(2)))
        grid = open_source(path).levels[0]
        assert_law(path, grid)
        np.testing.assert_allclose(grid.spacing, np.linalg.norm(matrix[:3, :3], axis=0)[::-1], rtol=1e-6)
        box = Box((1, 2, 3), (4, 6, 8))
        cropped = open_source(path).read(box).grid
        np.testing.assert_allclose(cropped.to_world(np.zeros(3)), grid.to_world(np.array([1.0, 2, 3])))


def test_sheared_axes_are_kept_and_said(tmp_path, rng):
    matrix = phantoms.affine()
    matrix[1, 2] = 0.7
    path = phantoms.write_nifti(tmp_path / "v.nii", phantoms.volume(rng), matrix, qform=0)
    source = open_source(path)
    assert "sheared" in source.description.notes[0]
    assert_law(path, source.levels[0])


def test_the_sform_wins_and_a_disagreement_is_said(tmp_path, rng):
    path = phantoms.write_nifti(tmp_path / "v.nii", phantoms.volume(rng), phantoms.affine())
    image = nib.load(path)
    image.set_qform(phantoms.affine(origin=(50, 50, 50)), 1)
    nib.save(image, tmp_path / "w.nii")
    source = open_source(tmp_path / "w.nii")
    assert "disagree" in source.description.notes[0]
    np.testing.assert_allclose(source.levels[0].origin, (20, -15, 7))


def test_without_orientation_only_the_sizes_count(tmp_path, rng):
    path = phantoms.write_nifti(tmp_path / "v.nii", phantoms.volume(rng), phantoms.affine(), sform=0, qform=0)
    source = open_source(path)
    grid = source.levels[0]
    assert "orientation unknown" in source.description.notes[0]
    assert grid.frame == "unknown"
    assert grid.axes is None
    np.testing.assert_allclose(grid.spacing, (2.5, 1.1, 0.8), rtol=1e-6)


@pytest.mark.parametrize("size", [0.0, -1.5, float("nan")])
def test_a_size_that_nobody_measured_is_none(tmp_path, rng, size):
    path = phantoms.write_nifti(tmp_path / "v.nii", phantoms.volume(rng), phantoms.affine(), sform=0, qform=0)
    raw = bytearray(path.read_bytes())
    raw[80:84] = struct.pack("<f", size)  # pixdim[1]
    path.write_bytes(raw)
    source = open_source(path)
    assert source.levels[0].spacing is None
    assert "no scale" in source.description.notes[0]


@pytest.mark.parametrize(("unit", "scale"), [("mm", 1.0), ("meter", 1000.0), ("micron", 0.001), ("unknown", 1.0)])
def test_units_become_millimetres(tmp_path, rng, unit, scale):
    path = phantoms.write_nifti(tmp_path / "v.nii", phantoms.volume(rng), phantoms.affine(), unit=unit)
    source = open_source(path)
    np.testing.assert_allclose(source.levels[0].spacing, np.array((2.5, 1.1, 0.8)) * scale, rtol=1e-6)
    np.testing.assert_allclose(source.levels[0].origin, np.array((20, -15, 7)) * scale, rtol=1e-6)
    assert len(source.description.notes) == (unit == "unknown")


def test_slope_and_intercept(tmp_path, rng):
    planted = phantoms.volume(rng)
    path = phantoms.write_nifti(tmp_path / "v.nii.gz", planted, phantoms.affine(), slope=0.5, inter=-7.0)
    data = open_source(path).read().data
    assert data.dtype == np.float32
    np.testing.assert_array_equal(data[0], planted * 0.5 - 7)
    plain = open_source(phantoms.write_nifti(tmp_path / "w.nii", planted, phantoms.affine())).read().data
    assert plain.dtype == np.int16


def test_two_four_and_five_dimensions(tmp_path, rng):
    flat = phantoms.volume(rng, (12, 15))
    source = open_source(phantoms.write_nifti(tmp_path / "a.nii", flat, phantoms.affine(turn=phantoms.rotation(rng))))
    assert source.levels[0].shape == (12, 15)
    assert_law(tmp_path / "a.nii", source.levels[0])
    np.testing.assert_array_equal(source.read().data[0], flat)
    thin = phantoms.volume(rng, (1, 12, 15))
    source = open_source(phantoms.write_nifti(tmp_path / "b.nii", thin, phantoms.affine()))
    assert source.read().data.shape == (1, 1, 12, 15)
    film = rng.integers(0, 99, (3, 4, 5, 6)).astype(np.int16)
    source = open_source(phantoms.write_nifti(tmp_path / "c.nii.gz", film, phantoms.affine()))
    assert source.channels == ("volume 0", "volume 1", "volume 2")
    np.testing.assert_array_equal(source.read().data, film)
    np.testing.assert_array_equal(source.read(Box((1, 1, 1), (3, 4, 5))).data, film[:, 1:3, 1:4, 1:5])
    vectors = film[:, None]
    source = open_source(phantoms.write_nifti(tmp_path / "d.nii.gz", vectors, phantoms.affine()))
    np.testing.assert_array_equal(source.read().data, film)
    with pytest.raises(SourceError, match="dimension"):
        open_source(phantoms.write_nifti(tmp_path / "e.nii", np.stack([film, film]), phantoms.affine()))


def test_colours_and_complex_numbers(tmp_path, rng):
    planted = rng.integers(0, 255, (4, 5, 6, 3)).astype(np.uint8)
    structured = np.zeros(planted.shape[:3], [("R", "u1"), ("G", "u1"), ("B", "u1")])
    for i, name in enumerate("RGB"):
        structured[name] = planted[..., i]
    nib.save(nib.Nifti1Image(structured.T, phantoms.affine()), tmp_path / "rgb.nii")
    source = open_source(tmp_path / "rgb.nii")
    assert source.channels == ("red", "green", "blue")
    np.testing.assert_array_equal(source.read().data, np.moveaxis(planted, -1, 0))
    nib.save(nib.Nifti1Image(np.ones((3, 4, 5), np.complex64), phantoms.affine()), tmp_path / "k.nii")
    with pytest.raises(SourceError, match="complex"):
        open_source(tmp_path / "k.nii")


def test_nifti_2_and_big_endian(tmp_path, rng):
    planted = phantoms.volume(rng)
    nib.save(nib.Nifti2Image(planted.T, phantoms.affine()), tmp_path / "two.nii")
    np.testing.assert_array_equal(open_source(tmp_path / "two.nii").read().data[0], planted)
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(np.dtype(">i2"))
    nib.save(nib.Nifti1Image(planted.T, phantoms.affine(), header), tmp_path / "big.nii.gz")
    data = open_source(tmp_path / "big.nii.gz").read().data
    assert data.dtype.isnative
    np.testing.assert_array_equal(data[0], planted)


def test_the_name_does_not_matter(tmp_path, rng):
    planted = phantoms.volume(rng)
    path = phantoms.write_nifti(tmp_path / "v.nii.gz", planted, phantoms.affine()).rename(tmp_path / "export_17")
    np.testing.assert_array_equal(open_source(path).read().data[0], planted)


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_a_truncated_volume_is_unreadable(tmp_path, rng, name):
    path = phantoms.write_nifti(tmp_path / name, phantoms.volume(rng), phantoms.affine())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SourceError, match=name):
        open_source(path).read()


def test_a_wrong_checksum_is_unreadable(tmp_path, rng):
    path = phantoms.write_nifti(tmp_path / "v.nii.gz", phantoms.volume(rng), phantoms.affine())
    raw = path.read_bytes()
    path.write_bytes(raw[:-8] + bytes(4) + raw[-4:])
    with pytest.raises(SourceError, match="CRC"):
        open_source(path).read()


def test_masks(tmp_path, rng):
    planted = (phantoms.volume(rng) > 500).astype(np.uint8) * 3
    for dtype in (np.uint8, np.int16, np.float32):
        mask = open_mask(phantoms.write_nifti(tmp_path / "m.nii.gz", planted.astype(dtype), phantoms.affine()))
        assert mask.kind == "labels"
        assert mask.data.dtype.kind in "ui"
        np.testing.assert_array_equal(mask.data[0], planted)
    with pytest.raises(SourceError, match="fractions"):
        open_mask(phantoms.write_nifti(tmp_path / "f.nii", planted / np.float32(2), phantoms.affine()))
    with pytest.raises(SourceError, match="one volume"):
        open_mask(phantoms.write_nifti(tmp_path / "t.nii", np.stack([planted] * 2), phantoms.affine()))


def test_what_is_written_has_the_source_geometry_and_none_of_its_words(tmp_path, rng):
    matrix = phantoms.affine(turn=phantoms.rotation(rng))
    path = phantoms.write_nifti(tmp_path / "v.nii", phantoms.volume(rng), matrix, slope=3.0, sform=2, qform=1)
    raw = bytearray(path.read_bytes())
    raw[148:154] = b"secret"  # descrip
    path.write_bytes(raw)
    source = open_source(path)
    header = nib.load(path).header
    mask = (source.read().data[0] > 500).astype(np.uint8)
    written = write_nifti(tmp_path / "m.nii.gz", mask, source.levels[0], header)
    assert b"secret" not in gzip.decompress(written.read_bytes())
    again = nib.load(written)
    np.testing.assert_array_equal(again.affine, nib.load(path).affine)
    assert (int(again.header["sform_code"]), int(again.header["qform_code"])) == (2, 1)
    np.testing.assert_array_equal(open_mask(written).data[0], mask)
    assert open_mask(written).grid == source.levels[0]


def test_a_grid_written_is_the_grid_read(tmp_path, rng):
    for shape in ((4, 5, 6), (5, 6)):
        source = open_source(
            phantoms.write_nifti(
                tmp_path / "v.nii", phantoms.volume(rng, shape), phantoms.affine(turn=phantoms.rotation(rng))
            )
        )
        grid = source.levels[0]
        again = open_source(write_nifti(tmp_path / "w.nii.gz", source.read().data[0], grid)).levels[0]
        corners = np.array(list(itertools.product(*[(0, n - 1) for n in shape])), float)
        np.testing.assert_allclose(again.to_world(corners), grid.to_world(corners), atol=1e-4)


def test_an_unknown_spacing_is_not_written_as_one(tmp_path, rng):
    path = phantoms.write_raster(tmp_path / "a.png", phantoms.grey(rng))
    written = write_nifti(tmp_path / "w.nii.gz", phantoms.grey(rng), open_source(path).levels[0])
    assert open_source(written).levels[0].spacing is None
