"""What no training file said is news; another part of the body is declined; nothing is said of what nobody stated."""

from dataclasses import replace

import pytest

from vesale.trust.known import FEWEST, Facts, known_of, news, same_part, wrong_part

USUAL = Facts("Maker One", "CT", "CHEST", kvp=120.0, pixel_mm=0.7, side=512.0)
KNOWN = known_of([replace(USUAL, kvp=110.0 + i % 3 * 10) for i in range(20)])


def test_what_the_training_said_is_no_news():
    assert news(KNOWN, [USUAL]) == ()
    assert wrong_part(KNOWN, [USUAL]) is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"device": "Maker Two"}, "device"),
        ({"device": None}, "names no device"),
        ({"kvp": 80.0}, "80 kV"),
        ({"pixel_mm": 1.2}, "1.2 mm"),
        ({"side": 1024.0}, "1024 pixels"),
    ],
)
def test_what_it_did_not_is(change, word):
    found = news(KNOWN, [replace(USUAL, **change)])
    assert len(found) == 1
    assert word in found[0]
    assert "Maker" not in found[0], "no header's free text"


def test_a_little_more_is_no_news():
    assert news(KNOWN, [replace(USUAL, kvp=140.0, side=600.0, pixel_mm=0.6)]) == ()


def test_nothing_is_news_to_a_training_that_said_nothing():
    silent = known_of([Facts()] * 30)
    assert news(silent, [USUAL]) == ()
    assert wrong_part(silent, [USUAL]) is None
    few = known_of([USUAL] * (FEWEST - 1) + [Facts()] * 30)
    assert news(few, [replace(USUAL, device="Maker Two", kvp=70.0)]) == ()


def test_another_part_of_the_body_is_declined_by_its_header():
    why = wrong_part(KNOWN, [replace(USUAL, body_part="KNEE")])
    assert why.code == "unlike_training"
    assert "KNEE" in why.message
    assert "CHEST" in why.message
    assert wrong_part(KNOWN, [replace(USUAL, body_part=None)]) is None
    half = known_of([USUAL] * 10 + [replace(USUAL, body_part=None)] * 10)
    assert wrong_part(half, [replace(USUAL, body_part="KNEE")]) is None, "half of the training may show anything"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("CHEST", "CHEST", True),
        ("CHEST", "THORAX", True),
        ("CHESTABDPELVIS", "CHEST", True),
        ("HEAD", "BRAIN", True),
        ("WHOLEBODY", "KNEE", True),
        ("CHEST", "KNEE", False),
        ("HEAD", "ABDOMEN", False),
        ("EYE", "HAND", False),
    ],
)
def test_one_part_has_several_names(a, b, same):
    assert same_part(a, b) is same
    assert same_part(b, a) is same


def test_no_file_is_known_to_be_nothing():
    assert known_of([]) is None
