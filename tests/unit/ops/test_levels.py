import pytest

from vesale.core.errors import UnknownSpacing
from vesale.core.grid import Grid
from vesale.core.recipe import Look
from vesale.ops.levels import level_for, level_for_size, level_for_spacing

LEVELS = [Grid((4000, 6000), (0.00025, 0.00025)), Grid((1000, 1500), (0.001, 0.001)), Grid((250, 375), (0.004, 0.004))]


@pytest.mark.parametrize(
    ("wanted", "level"),
    [(0.0001, 0), (0.00025, 0), (0.0009, 0), (0.00096, 1), (0.001, 1), (0.0035, 1), (0.0039, 2), (0.02, 2)],
)
def test_the_coarsest_that_is_not_coarser_within_five_percent(wanted, level):
    assert level_for_spacing(LEVELS, (wanted, wanted)) == level


def test_both_axes_count():
    levels = [Grid((100, 100), (1.0, 1.0)), Grid((50, 25), (2.0, 4.0))]
    assert level_for_spacing(levels, (4.0, 4.0)) == 1
    assert level_for_spacing(levels, (4.0, 3.0)) == 0


def test_an_unknown_scale_is_an_error_where_there_is_a_choice():
    with pytest.raises(UnknownSpacing):
        level_for_spacing([Grid((9, 9)), Grid((4, 4))], (1.0, 1.0))
    assert level_for_spacing([Grid((9, 9))], (1.0, 1.0)) == 0


@pytest.mark.parametrize(("size", "level"), [((224, 224), 2), ((300, 300), 2), ((400, 400), 1), ((9000, 9000), 0)])
def test_by_size_nothing_is_enlarged(size, level):
    assert level_for_size(LEVELS, size) == level
    assert level_for(LEVELS, Look(size=size)) == level


def test_a_look_asks_by_spacing_first_and_needs_the_finest_to_cut_the_frame_away():
    assert level_for(LEVELS, Look(spacing=(0.001, 0.001), size=(64, 64))) == 1
    assert level_for(LEVELS, Look(size=(64, 64), crop="content")) == 0
    assert level_for(LEVELS, Look()) == 0
