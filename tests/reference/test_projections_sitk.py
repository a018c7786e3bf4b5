"""Our projections, cuts and resampling against SimpleITK's."""

import numpy as np
import pytest
import SimpleITK as sitk

import phantoms
from vesale.core.grid import Grid
from vesale.ops.orient import PLANES, upright
from vesale.ops.project import cut, project, slab
from vesale.ops.resample import resample, straight

THEIRS = {
    "maximum": sitk.MaximumProjectionImageFilter,
    "minimum": sitk.MinimumProjectionImageFilter,
    "average": sitk.MeanProjectionImageFilter,
}


def theirs(volume, axis, how):
    """The same projection; SimpleITK counts its dimensions x, y, z."""
    work = THEIRS[how]()
    work.SetProjectionDimension(2 - axis)
    return sitk.GetArrayFromImage(work.Execute(sitk.GetImageFromArray(volume))).squeeze(axis)


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.uint16, np.float32, np.int32])
@pytest.mark.parametrize("how", list(THEIRS))
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_projection_is_simpleitks(kind, how, axis):
    rng = np.random.default_rng(axis)
    top = 200 if np.dtype(kind).itemsize == 1 else 3000
    volume = rng.integers(0 if np.dtype(kind).kind == "u" else -top, top, (21, 34, 29)).astype(kind)
    ours = project(volume, axis, how)
    expected = theirs(volume, axis, how)
    if how == "average":
        np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-9 if np.dtype(kind).kind != "f" else 1e-3)
    else:
        assert ours.dtype == volume.dtype
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("plane", list(PLANES.values()), ids=list(PLANES))
@pytest.mark.parametrize(("thickness", "centre"), [(2.0, 7), (9.0, 10), (30.0, 3)])
def test_a_slab_is_simpleitks_extraction_and_projection(plane, thickness, centre):
    volume = phantoms.volume(np.random.default_rng(0), (18, 24, 28))
    grid = Grid(volume.shape, (2.5, 0.8, 0.7), (-10.0, 4.0, 9.0), ((0, 0, 1), (0, 1, 0), (1, 0, 0)), "patient")
    turned = upright(grid)
    axis = plane.normal
    span = slab(volume.shape[axis], thickness, grid.spacing[axis], centre)
    ours = cut(volume, turned, plane, "maximum", span)
    image = sitk.GetImageFromArray(volume)
    size, start = list(image.GetSize()), [0, 0, 0]
    size[2 - axis], start[2 - axis] = span[1] - span[0], span[0]
    part = sitk.GetArrayFromImage(sitk.Extract(image, size, start))
    expected = theirs(part, axis, "maximum")
    np.testing.assert_array_equal(ours.samples, expected[::-1] if plane.rows_flipped else expected)
    assert span[1] - span[0] <= max(1, round(thickness / grid.spacing[axis]))


def as_itk(volume, grid):
    image = sitk.GetImageFromArray(volume)
    matrix, offset = grid.affine
    lengths = np.linalg.norm(matrix, axis=0)
    image.SetSpacing([float(v) for v in lengths[::-1]])
    image.SetOrigin([float(v) for v in offset])
    image.SetDirection([float(v) for v in (matrix / lengths)[:, ::-1].ravel()])
    return image


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("nearest", [False, True])
def test_resampling_is_simpleitks(seed, nearest):
    rng = np.random.default_rng(seed)
    volume = rng.normal(size=(12, 15, 13)).astype(np.float32) * 100
    volume = np.rint(volume).astype(np.int16) if nearest else volume
    turns = [phantoms.rotation(rng), phantoms.rotation(rng)]
    grids = [
        Grid(shape, tuple(rng.uniform(0.8, 2.5, 3)), tuple(rng.uniform(-4, 4, 3)), tuple(map(tuple, turn.T)), "patient")
        for shape, turn in zip(((12, 15, 13), (10, 11, 14)), turns, strict=True)
    ]
    middle = grids[0].to_world(np.array([6.0, 7.0, 6.0])) - grids[1].to_world(np.array([5.0, 5.0, 7.0]))
    grids[1] = Grid(
        grids[1].shape, grids[1].spacing, tuple(np.array(grids[1].origin) + middle), grids[1].axes, "patient"
    )
    ours = resample(volume, grids[0], grids[1], fill=-7.0, nearest=nearest)
    how = sitk.sitkNearestNeighbor if nearest else sitk.sitkLinear
    target = as_itk(np.zeros(grids[1].shape, np.float32), grids[1])
    expected = sitk.GetArrayFromImage(sitk.Resample(as_itk(volume, grids[0]), target, sitk.Transform(), how, -7.0))
    assert (expected != -7).mean() > 0.2
    assert (expected == -7).any() or seed == 4, "some of it lies outside"
    if nearest:
        assert ours.dtype == volume.dtype
        assert (ours == expected).mean() > 0.999, "a tie may fall to either side"
    else:
        np.testing.assert_allclose(ours, expected, atol=2e-3)


def test_a_tilted_volume_is_straightened_as_simpleitk_resamples_it():
    rng = np.random.default_rng(3)
    volume = rng.normal(size=(9, 20, 16)).astype(np.float32)
    step = np.array([0.0, np.sin(0.3), np.cos(0.3)])
    grid = Grid(volume.shape, (3.0, 1.0, 1.2), (5.0, -3.0, 2.0), (tuple(step), (0, 1, 0), (1, 0, 0)), "patient")
    target = straight(grid)
    assert np.allclose(target.directions.T @ target.directions, np.eye(3), atol=1e-12)
    assert target.shape[0] == 9
    assert target.shape[1] > 20, "the shift of the slices makes the picture higher"
    ours = resample(volume, grid, target, 0.0)
    # SimpleITK refuses sheared directions, so it gets a plain image, and the map to indices as a transform.
    matrix, offset = grid.affine
    plain = sitk.GetImageFromArray(volume)
    to_index = np.linalg.inv(matrix)
    move = sitk.AffineTransform(3)
    move.SetMatrix((to_index[::-1]).ravel().tolist())
    move.SetTranslation((-(to_index @ offset))[::-1].tolist())
    expected = sitk.GetArrayFromImage(
        sitk.Resample(plain, as_itk(np.zeros(target.shape, np.float32), target), move, sitk.sitkLinear, 0.0)
    )
    np.testing.assert_allclose(ours, expected, atol=1e-4)
