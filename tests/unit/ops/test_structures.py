"""Regions of a mask: how many, how large, where, and their share of a map."""

import numpy as np
import pytest

from vesale.core.grid import Grid
from vesale.ops.structures import largest_of, structure_of


def mask():
    made = np.zeros((30, 60), bool)
    made[2:6, 3:9] = True  # 24 samples, upper left
    made[6, 9] = True  # touches it at a corner
    made[20:22, 50:53] = True  # 6 samples
    return made


def test_regions_are_counted_with_their_corners_and_the_largest_is_described():
    found = structure_of("tumour", mask(), Grid((30, 60), (0.5, 2.0)), None)
    assert (found.count, found.samples, found.area_mm2) == (2, 25, 25.0)
    assert found.place == ("upper", "left")
    assert found.share is None
    assert found.volume_mm3 is None


def test_without_a_scale_there_are_no_square_millimetres():
    assert structure_of("tumour", mask(), Grid((30, 60)), None).area_mm2 is None


def test_the_share_of_a_map_counts_what_speaks_for_the_answer():
    attribution = np.zeros((30, 60), np.float32)
    attribution[2, 3], attribution[20, 50], attribution[29, 0], attribution[0, 0] = 3, 1, 4, -100
    assert structure_of("tumour", mask(), Grid((30, 60)), attribution).share == pytest.approx(0.5)
    assert structure_of("tumour", mask(), Grid((30, 60)), -np.abs(attribution)).share is None


def test_of_a_volume_the_slices_are_told():
    volume = np.zeros((9, 8, 8), bool)
    volume[3:6, 2:4, 2:4] = True
    found = structure_of("nodule", volume, Grid((9, 8, 8), (2.0, 0.5, 0.5)), None)
    assert (found.slices, found.place, found.volume_mm3, found.area_mm2) == ((4, 6), None, 6.0, None)


def test_nothing_outlined_is_said_so():
    found = structure_of("tumour", np.zeros((4, 4), bool), Grid((4, 4)), np.ones((4, 4), np.float32))
    assert (found.count, found.place, found.share) == (0, None, 0.0)


def test_the_largest_region_alone():
    assert int(largest_of(mask()).sum()) == 25
    assert not largest_of(np.zeros((4, 4), bool)).any()
