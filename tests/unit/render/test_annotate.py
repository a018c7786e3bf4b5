"""Letters, bars and words: round lengths of the right size, in both languages, that never hide what does not fit."""

import numpy as np
import pytest

from vesale.render.annotate import Marks, annotated, bar_length, length_text


@pytest.mark.parametrize(
    ("room", "length"), [(107.2, 100), (100, 100), (99.9, 50), (7, 5), (0.3, 0.2), (0.019, 0.01), (2000, 2000)]
)
def test_a_bar_is_round_and_fits(room, length):
    assert bar_length(room) == pytest.approx(length)


def test_lengths_are_said_as_people_write_them():
    assert length_text(100).replace("\u00a0", " ") == "100 mm"
    assert length_text(0.5, "fr").replace("\u00a0", " ") == "0,5 mm"
    assert length_text(0.05).replace("\u00a0", " ") == "50 \u00b5m"


@pytest.mark.parametrize("pixel", [0.35, 0.8, 2.0])
def test_the_bar_is_as_long_as_it_says(pixel):
    black = np.zeros((600, 800, 3), np.uint8)
    drawn = annotated(black, Marks(pixel=pixel))
    row = drawn[600 - round(16 * 0.8)]
    white = np.flatnonzero((row == 255).all(axis=-1))
    assert (white[-1] - white[0]) * pixel == pytest.approx(bar_length(0.3 * 800 * pixel), abs=4 * pixel)


def test_letters_stand_on_their_sides():
    drawn = annotated(np.zeros((400, 500, 3), np.uint8), Marks(("R", "L", "A", "P")))
    lit = drawn.max(axis=-1) > 128
    assert lit[150:250, :40].any()
    assert lit[150:250, -40:].any()
    assert lit[:40, 200:300].any()
    assert lit[-40:, 200:300].any()
    assert not lit[100:140].any()


def test_what_has_no_room_is_left_out_and_the_rest_is_untouched():
    picture = np.full((64, 64, 3), 90, np.uint8)
    marks = Marks(words=("a very long sentence that a small picture can never hold",))
    assert np.array_equal(annotated(picture, marks), picture)
    assert (picture == 90).all(), "the picture that was given is not written on"
