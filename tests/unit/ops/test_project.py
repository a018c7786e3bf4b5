"""Slabs and projections: which slices, in which order, of which type; SimpleITK is the reference elsewhere."""

import numpy as np
import pytest

from vesale.core.errors import NotRegistered, ShapeError, UnknownSpacing
from vesale.core.grid import Grid
from vesale.ops.orient import PLANES, upright
from vesale.ops.project import cut, project, slab, slices, sliding

LPS = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("count", "thickness", "spacing", "centre", "span"),
    [
        (100, 20, 2.5, 49.5, (46, 54)),
        (100, 20, 2.5, 50, (47, 55)),
        (100, 1, 2.5, 50, (50, 51)),
        (100, 7.5, 2.5, 50, (49, 52)),
        (100, 20, 2.5, 0, (0, 5)),
        (100, 20, 2.5, 99, (96, 100)),
        (10, 500, 2.5, 4.5, (0, 10)),
    ],
)
def test_a_slab_is_around_its_middle_and_inside(count, thickness, spacing, centre, span):
    assert slab(count, thickness, spacing, centre) == span


def test_a_slab_in_mm_needs_a_scale():
    with pytest.raises(UnknownSpacing) as caught:
        slab(10, 5.0, None, 4)
    assert "--slices" in caught.value.remedy
    assert slices(10, 3, 4) == (3, 6)


def test_types_are_kept_and_nothing_overflows():
    volume = np.full((300, 4, 5), 30000, np.int16)
    for axis in range(3):
        assert project(volume, axis, "maximum").dtype == np.int16
        assert (project(volume, axis, "average") == 30000).all()
    with pytest.raises(NotRegistered, match="minimum"):
        project(volume, 0, "median")
    with pytest.raises(ShapeError):
        project(volume[:0], 0, "maximum")


def test_a_cut_knows_its_place():
    volume = np.zeros((10, 6, 8), np.int16)
    volume[9, 0, 7] = 100  # highest, front, left
    turned = upright(Grid(volume.shape, (2.0, 1.0, 0.5), (0.0, 0.0, 100.0), LPS, "patient"))
    seen = cut(volume, turned, PLANES["coronal"], "maximum", (0, 6))
    assert seen.samples[0, -1] == 100, "the head is up, the left is on the right"
    assert seen.spacing == (2.0, 0.5)
    assert seen.position == pytest.approx(2.5)
    assert seen.thickness == pytest.approx(6.0)
    one = cut(volume, turned, PLANES["axial"], "average", (9, 10))
    assert one.position == pytest.approx(118)
    assert one.samples[0, -1] == 100


def test_sliding_slabs_cover_the_volume():
    assert list(sliding(10, 4, 2)) == [(0, 4), (2, 6), (4, 8), (6, 10)]
    assert list(sliding(3, 5, 1)) == [(0, 3)]
