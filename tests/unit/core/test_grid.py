import numpy as np
import pytest

from vesale.core.errors import ShapeError, UnknownSpacing
from vesale.core.grid import Box, Grid

CORONAL = ((0.0, 0.0, -1.0), (1.0, 0.0, 0.0))
"""Rows run to the feet, columns to the patient's left: a coronal view."""


def test_without_axes_columns_run_along_x_and_rows_along_y():
    grid = Grid((4, 6), spacing=(2.0, 3.0))
    assert grid.to_world(np.array([1.0, 0.0])).tolist() == [0.0, 2.0]
    assert grid.to_world(np.array([0.0, 1.0])).tolist() == [3.0, 0.0]


def test_world_axes_are_left_posterior_superior():
    grid = Grid((5, 4, 6), spacing=(5.0, 2.0, 1.0), origin=(-10.0, -20.0, 30.0), frame="patient")
    assert grid.to_world(np.zeros(3)).tolist() == [-10.0, -20.0, 30.0]
    assert grid.to_world(np.array([1.0, 0.0, 0.0])).tolist() == [-10.0, -20.0, 35.0]
    assert grid.to_world(np.array([0.0, 0.0, 1.0])).tolist() == [-9.0, -20.0, 30.0]


def test_a_plane_in_space_goes_there_and_back():
    plane = Grid((8, 8), (0.5, 0.25), (10.0, 20.0, 30.0), CORONAL, "patient")
    assert plane.to_world(np.array([2.0, 4.0])).tolist() == [11.0, 20.0, 29.0]
    assert np.allclose(plane.to_index(np.array([11.0, 20.0, 29.0])), [2, 4])
    assert np.allclose(plane.to_index(np.array([11.0, 99.0, 29.0])), [2, 4]), "the foot of the perpendicular"


def test_many_indices_at_once():
    grid = Grid((4, 6), spacing=(2.0, 3.0))
    assert grid.to_world(np.zeros((7, 5, 2))).shape == (7, 5, 2)


def test_a_corner_outlives_an_unknown_spacing():
    small = Grid((10, 10)).crop(Box((2, 3), (9, 9))).crop(Box((1, 1), (4, 4)))
    assert small.corner == (3, 4)
    assert small.shape == (3, 3)
    assert small.with_spacing((2.0, 1.0)).to_world(np.zeros(2)).tolist() == [4.0, 6.0]


def test_unknown_spacing_is_never_one():
    with pytest.raises(UnknownSpacing) as error:
        Grid((4, 4)).to_world(np.zeros(2))
    assert error.value.remedy is not None
    with pytest.raises(UnknownSpacing):
        Grid((4, 4)).to_index(np.zeros(2))


@pytest.mark.parametrize(
    "parts",
    [
        {"shape": (4, 4), "spacing": (1.0,)},
        {"shape": (4, 4), "spacing": (1.0, 0.0)},
        {"shape": (4, 4), "spacing": (1.0, -2.0)},
        {"shape": (4, 4), "spacing": (1.0, float("nan"))},
        {"shape": (4, 4), "spacing": (1.0, float("inf"))},
        {"shape": (4, 4), "origin": (0.0, 0.0, 0.0)},
        {"shape": (4, 4), "origin": (0.0, 0.0), "axes": CORONAL},
        {"shape": (4, 4), "axes": ((1.0, 0.0), (0.0, 1.0, 0.0))},
        {"shape": (4, 4), "corner": (1,)},
    ],
)
def test_a_grid_that_contradicts_itself_is_refused(parts):
    with pytest.raises(ShapeError):
        Grid(**parts)


@pytest.mark.parametrize(("start", "stop"), [((2, 2), (1, 3)), ((0,), (1, 1))])
def test_a_box_needs_start_before_stop(start, stop):
    with pytest.raises(ShapeError):
        Box(start, stop)


@pytest.mark.parametrize("box", [Box((-1, 0), (2, 2)), Box((0, 0), (5, 4)), Box((0,), (2,))])
def test_a_crop_stays_inside(box):
    with pytest.raises(ShapeError):
        Grid((4, 4)).crop(box)


def test_a_box_selects_its_shape():
    box = Box((1, 2), (4, 2 + 3))
    assert np.zeros((9, 9))[box.slices].shape == box.shape == (3, 3)
