"""Windows: the table is sound, words are understood, and what cannot be meant is refused."""

import numpy as np
import pytest

from vesale.core.errors import NotRegistered, RecipeError
from vesale.ops.window import PRESETS, Lookup, Window, found, parse, preset


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_shows_its_own_centre_as_middle_grey(name):
    window = preset(name)
    assert window.shades(np.array([window.low, window.centre, window.high])) == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize(
    ("text", "centre", "width"),
    [("40/400", 40, 400), ("-600/1500", -600, 1500), ("0..7", 3.5, 7), ("-160..240", 40, 400), ("bone", 400, 1800)],
)
def test_words_become_windows(text, centre, width):
    window = parse(text)
    assert (window.centre, window.width) == (centre, width)


@pytest.mark.parametrize(("text", "error"), [("40/0", RecipeError), ("7..0", RecipeError), ("lungs", NotRegistered)])
def test_what_shows_nothing_is_refused(text, error):
    with pytest.raises(error, match=r"lung|nothing"):
        parse(text)


def test_a_found_window_leaves_padding_and_background_out():
    rng = np.random.default_rng(0)
    values = np.concatenate([np.full(50_000, -3024), rng.integers(0, 1000, 50_000)])
    window = found(values, floor=-1024)
    assert 0 <= window.low < 20
    assert 980 < window.high <= 1000
    sparse = np.concatenate([np.zeros(99_000), rng.uniform(50, 250, 1000)])
    assert found(sparse).low == 0
    assert found(sparse).high > 240
    two = found(np.array([200] * 90 + [9000] * 10))
    assert (two.low, two.high) == (200, 9000)
    assert found(np.zeros(9)).width > 0
    assert found(np.array([np.nan, np.nan])).width > 0


def test_what_is_no_number_is_black():
    assert Window(0, 2).shades(np.array([np.nan, np.inf, -np.inf, 0])) == pytest.approx([0, 1, 0, 0.5])


def test_a_table_ends_in_its_first_and_last_entries():
    table = Lookup(10, np.array([0.2, 0.5, 0.9], np.float32))
    assert table.shades(np.array([0, 10, 11, 12, 99])) == pytest.approx([0.2, 0.2, 0.5, 0.9, 0.9])


def test_a_narrow_linear_window_is_a_step():
    assert Window(10, 1, "linear").shades(np.array([9.0, 9.5, 10.0])) == pytest.approx([0, 0, 1])
