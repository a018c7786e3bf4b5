"""Letters, planes and places: where things are said to be is where they are."""

import numpy as np
import pytest

from vesale.core.errors import NotRegistered, ShapeError, UnknownSpacing
from vesale.core.grid import Grid
from vesale.ops.orient import PLANES, is_sheared, letters, sides, upright

LPS = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
RAS = ((0.0, 0.0, 1.0), (0.0, -1.0, 0.0), (-1.0, 0.0, 0.0))


def grid(axes=LPS, spacing=(2.0, 1.0, 1.0), shape=(4, 5, 6), origin=(0.0, 0.0, 0.0)):
    return Grid(shape, spacing, origin, axes, "patient")


@pytest.mark.parametrize(
    ("direction", "said"),
    [
        ((1, 0, 0), "L"),
        ((-1, 0, 0), "R"),
        ((0, 1, 0), "P"),
        ((0, -1, 0), "A"),
        ((0, 0, 1), "H"),
        ((0, 0, -1), "F"),
        ((0.8, 0.6, 0), "LP"),
        ((0, -0.3, 0.954), "HA"),
        ((0.05, 0.02, -0.998), "F"),
    ],
)
def test_a_letter_is_where_a_direction_points(direction, said):
    assert letters(np.array(direction, float)) == said


def test_nothing_known_is_no_letter():
    assert letters(None) == ""
    unknown = upright(Grid((4, 5, 6), (2.0, 1.0, 1.0)))
    assert not unknown.known
    assert sides(PLANES["axial"], unknown) == ("", "", "", "")


def test_pictures_are_radiological():
    """The patient's right on the left of axial and coronal, the front on the left of sagittal, heads up."""
    for axes in (LPS, RAS):
        turned = upright(grid(axes))
        assert sides(PLANES["axial"], turned) == ("R", "L", "A", "P")
        assert sides(PLANES["coronal"], turned) == ("R", "L", "H", "F")
        assert sides(PLANES["sagittal"], turned) == ("A", "P", "H", "F")


def test_the_axis_of_the_array_names_the_plane_across_it():
    sagittal_scan = upright(grid(((1.0, 0, 0), (0, 0, -1.0), (0, 1.0, 0))))
    assert sagittal_scan.plane("z").name == "sagittal"
    assert sagittal_scan.plane("y").name == "axial"
    assert sagittal_scan.plane("x").name == "coronal"
    assert sagittal_scan.plane("coronal").name == "coronal"
    with pytest.raises(NotRegistered, match="axial"):
        sagittal_scan.plane("oblique")


def test_places_are_millimetres_of_the_world_and_come_back():
    turned = upright(grid(RAS, origin=(10.0, 20.0, -30.0)))
    assert turned.place(0, 0) == pytest.approx(-30)
    assert turned.place(0, 3) == pytest.approx(-24)
    assert turned.place(1, 0) == pytest.approx(16), "y grows to the back: the last stored row is the first"
    assert turned.index(1, 20.0) == pytest.approx(4)
    assert turned.stored(1, 4) == 0
    nowhere = upright(grid(spacing=None, origin=None))
    assert nowhere.place(0, 1) is None
    with pytest.raises(UnknownSpacing):
        nowhere.index(0, 1.0)


def test_a_picture_is_no_volume_and_a_tilt_is_seen():
    with pytest.raises(ShapeError):
        upright(Grid((4, 5), (1.0, 1.0)))
    assert not is_sheared(grid())
    assert is_sheared(grid(((0.0, 0.2, 0.98), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))))
