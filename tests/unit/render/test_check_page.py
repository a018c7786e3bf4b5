"""The page names every finding with its evidence in both languages, escapes what users wrote, and draws what agrees."""

import numpy as np
import pytest

from vesale.core.report import Finding, Measure
from vesale.render.check_page import EXAMS, Told, check_page
from vesale.render.side_by_side import GAP, HEIGHT, chequered, side_by_side, tile
from vesale.verbs.check import KINDS

MEASURE = Measure("shared_detail", 0.97, 0.9, 0.99, 20, "block")


def finding(kind="near_duplicate", severity="error", **more):
    base = {"message": "a <b> & c", "remedy": "look", "exams": ("e1", "e2")}
    return Finding(f"{kind}-1", kind, severity, **{**base, **more})


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_words(kind, language):
    text = check_page([finding(kind)], Told("c", 3, 2, False), language)
    assert f'lang="{language}"' in text
    assert "a &lt;b&gt; &amp; c" in text


def test_a_finding_shows_its_evidence():
    shown = finding(confidence=0.98, measure=MEASURE, picture="pictures/x.png", splits=("train", "test"))
    text = check_page(
        [shown, finding("unreadable", "note", exams=())], Told("c", 3, 2, False, ("bad_row",), (("e9", "gone"),))
    )
    for expected in (
        'src="./pictures/x.png"',
        "98",
        "0.97",
        "train, test",
        "e1, e2",
        "bad_row",
        "e9",
        "gone",
        "1\u00a0error",
    ):
        assert expected in text
    assert text.index("near_duplicate-1") < text.index("unreadable-1")


def test_many_exams_are_counted_not_listed():
    text = check_page([finding(exams=tuple(f"exam{i}" for i in range(50)))], Told("c", 50, 50, True))
    assert f"and {50 - EXAMS} more" in text
    assert "exam49" not in text


def test_no_finding_says_so():
    assert "Nothing was found" in check_page([], Told("c", 3, 3, True))


def test_tiles_stand_beside_each_other():
    rng = np.random.default_rng(0)
    a, b = tile(rng.integers(0, 255, (3, 40, 80), np.uint8)), tile(rng.normal(0, 1, (1, 5, 60, 30)))
    assert a.shape == (HEIGHT, 2 * HEIGHT, 3)
    assert b.shape == (HEIGHT, HEIGHT // 2, 3)
    both = side_by_side([a, b], ["one", "a name that is far too long for a picture so small" * 4])
    assert both.shape[1] == a.shape[1] + GAP + b.shape[1]
    assert np.array_equal(both[:HEIGHT, : a.shape[1]], a)


@pytest.mark.parametrize(
    ("change", "affine"),
    [
        (lambda p: p, (1, 0, 0, 0, 1, 0)),
        (lambda p: p[:, ::-1], (-1, 0, 0, 0, 1, 0)),
        (lambda p: p[::-1], (1, 0, 0, 0, -1, 0)),
        (lambda p: p.transpose(1, 0, 2), (0, 1, 0, 1, 0, 0)),
    ],
)
def test_a_chequer_of_the_same_picture_is_that_picture(change, affine):
    picture = np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)
    second = np.ascontiguousarray(change(picture))
    assert np.abs(chequered(picture, second, affine)[2:-2, 2:-2].astype(int) - second[2:-2, 2:-2]).max() <= 1
