"""Every sentence of a finding is French on a French page, and names, numbers and settings stay as they are."""

import re

import pytest

from vesale.render.check_french import in_french

ENGLISH = re.compile(r"\b(the|with|and|of|is|are|that|under|by|look|which|exams)\b")
SAID = (
    "2 exams show nearly the same picture: a-1, b-2 (mirrored, turned by 163 degrees, cropped to 73% of its area), "
    "under 2 subjects, in train and in test; removed from the lower split: a-1",
    "3 exams in train show the same picture: a, b, c, under 2 subjects; they go on as one subject, on one side of "
    "every fold",
    "the same picture stands in test (a) and in train (b); removed from train: b",
    "label differs between exams that show the same picture: a 'x', b 'y'; the copy that disagrees was removed",
    "one subject has exams in two splits: test (1) and train (2): a, b, c",
    "file.bytes_per_pixel alone (as do file.quality) tells label = Good: how well the file compresses predicts the "
    "label, AUC 0.99 [0.97, 1.00] where chance is 0.5, 194 subjects",
    "site = A holds 2 subjects with label = ill and 40 of the other side: there the two cannot be told apart",
    "the top right of the picture alone tells label = Good (AUC 0.91) better than any place in the middle, by 0.20 "
    "[0.10, 0.30]; with it erased the edge tells it with 0.55",
    "the mark at the top right: what is written there predicts the label, AUC 0.75 [0.66, 0.83] where chance is 0.5, "
    "194 subjects; the places opposite do not: label = Good",
    "a mark that reads as digits stands at the top right of 99% of the pictures (boxes of its size elsewhere: 1%); "
    "what it says is not kept",
    "letters stand in 3 of 40 pictures looked at (2% to 20% of all), for instance at the top left, bottom right; "
    "longest line 9 signs, which are not kept",
    "look whether they name anybody and take them out of the pictures; look.erase=[[0, 0, 1, 1]] covers those that "
    "were found",
    "7 exams with label = a look like b by colour, texture and layout, the surest first: x, y and 3 more",
    "the mask of a (vessel) fits its image badly, and that of b fits it well: swapped? (agreement 0.10, then 0.60)",
    "the mask of a fits its image better when it is moved by 3 samples up, 4 left: shifted? (agreement 0.1, then 0.6)",
    "mask.png is 5 x 6, its image 7 x 8; exam a is left out",
    "no column says who was imaged: each of the 12 exams counts as its own subject",
    "line 3: no split is called 'tset'; did you mean test?",
    "no such file: images/a.png; did you mean images/b.png?",
    "column label 'Ill' is read as 'ill': they differ in case or blanks only",
)


@pytest.mark.parametrize("text", SAID)
def test_nothing_of_a_finding_stays_english(text: str) -> None:
    french, known = in_french(text)
    assert known
    assert not ENGLISH.search(re.sub(r"look\.\w+", "", french)), french
    assert sorted(re.findall(r"[\d.]*\d", french)) == sorted(re.findall(r"[\d.]*\d", text))


def test_settings_and_names_stay() -> None:
    assert in_french("set look.erase=[[0, 0.729, 0.0521, 0.906]]")[0] == "poser look.erase=[[0, 0.729, 0.0521, 0.906]]"
    assert in_french("exam top left-7: two of its views show the same picture")[0].startswith("examen ")


def test_what_has_no_phrase_is_said_to_be_english() -> None:
    assert in_french("a reader's own message") == ("a reader's own message", False)
