"""What is wrong, and how dear, said of an answer and of its row in exams.csv: the same of both."""

import numpy as np
import pytest

from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.pipeline import Pipeline
from vesale.core.prediction import AnsweredCategory, AnsweredPartition, AnsweredQuantity
from vesale.core.recipe import Look
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine.row_errors import row_cost
from vesale.engine.wrong import Overlap, error_in_words, errors_of, is_wrong, overlap_of
from vesale.trust.prices import positives, price

PRICES = {"missed": 10.0, "false": 2.0, "low": 4.0}
XRAY = Category(("normal", "pneumonia"))
FINDINGS = Category(("a", "b"), exclusive=False)
GRADE = Quantity(steps=("0", "1", "2"), action=1)
YEARS = Quantity("years", tolerance=5)
VESSEL = Partition(("background", "vessel"), dice_bound=0.7)


def named(answer):
    return AnsweredCategory(isinstance(answer, str), answer, {}, True)


def outlined(*labels):
    planes = [np.asarray(x, np.uint8)[None] for x in labels]
    images = tuple(Image(p, Grid(p.shape[1:]), "labels", ("index",), Provenance("made")) for p in planes)
    return AnsweredPartition(True, VESSEL.names, images, images, ())


@pytest.mark.parametrize(
    ("output", "answer", "truth", "row", "cost"),
    [
        (XRAY, named("normal"), "pneumonia", ("normal", "pneumonia"), 10),
        (XRAY, named("pneumonia"), "normal", ("pneumonia", "normal"), 2),
        (XRAY, named("normal"), "normal", ("normal", "normal"), 0),
        (XRAY, named("normal"), None, ("normal", None), None),
        (Category(("0", "1")), named("0"), 1.0, ("0", 1.0), 10),
        (FINDINGS, named(("a",)), "b", ("a", "b"), 10),
        (FINDINGS, named(("a", "b")), "b", ("a;b", "b"), 2),
        (FINDINGS, named(()), "", ("", ""), 0),
        (GRADE, AnsweredQuantity(0.2, "", steps=GRADE.steps, step=0), "2", (0.0, 2.0), 10),
        (GRADE, AnsweredQuantity(1.8, "", steps=GRADE.steps, step=2), "1", (2.0, 1.0), 0),
        (YEARS, AnsweredQuantity(40.0, "years"), 50.0, (40.0, 50.0), 4),
        (YEARS, AnsweredQuantity(60.0, "years"), 50.0, (60.0, 50.0), 1),
        (Quantity("years"), AnsweredQuantity(60.0, "years"), 50.0, (60.0, 50.0), None),
    ],
)
def test_an_answer_and_its_row_cost_the_same(output, answer, truth, row, cost):
    errors = errors_of(output, answer, truth, Overlap(), positives("x", output, ()) or ())
    assert (None if errors is None else price(errors, PRICES)) == cost
    assert is_wrong(output, answer, truth, Overlap()) == (None if cost is None else cost > 0)
    cells = {"x.prediction": row[0], "x.truth": row[1]}
    assert row_cost(cells, Task("t", {"x": output}), PRICES) == cost


def test_an_outline_that_leaves_out_more_than_it_adds_is_missed():
    truth = np.array([[[1, 1, 1, 1], [0, 0, 0, 0]]], np.uint8)
    short, wide = outlined([[1, 0, 0, 0], [0, 0, 0, 0]]), outlined([[1, 1, 1, 1], [1, 1, 1, 1]])
    left = overlap_of(short, [truth], VESSEL)
    assert (left.left_out, left.added) == (3, 0)
    assert left.dices == pytest.approx((2 * 1 / 5,))
    assert price(errors_of(VESSEL, short, None, left), PRICES) == 10
    over = overlap_of(wide, [truth], VESSEL)
    assert (over.left_out, over.added) == (0, 4)
    assert price(errors_of(VESSEL, wide, None, over), PRICES) == 2
    for overlap in (left, over):
        cells = {"x.dice": overlap.dices[0], "x.left_out": overlap.left_out, "x.added": overlap.added}
        whole = errors_of(VESSEL, short, None, overlap)
        assert row_cost(cells, Task("t", {"x": VESSEL}), PRICES) == price(whole, PRICES)


def test_samples_that_do_not_count_are_neither_left_out_nor_added():
    truth = np.array([[[1, 255, 255, 0]]], np.uint8)
    from vesale.engine.samples import IGNORED

    truth[truth == 255] = IGNORED
    found = overlap_of(outlined([[0, 1, 1, 1]]), [truth], VESSEL)
    assert (found.left_out, found.added) == (1, 1)
    assert overlap_of(outlined([[1, 1]]), [np.full((1, 1, 2), IGNORED, np.uint8)], VESSEL).dices == ()


def test_an_exam_costs_what_its_dearest_output_costs():
    task = Task("t", {"x": XRAY, "g": GRADE})
    row = {"x.prediction": "pneumonia", "x.truth": "normal", "g.prediction": 0.0, "g.truth": 2.0}
    assert row_cost(row, task, PRICES) == 10
    assert row_cost(row, task) == 1
    assert row_cost(row | {"g.truth": None}, task, PRICES) is None, "it cannot be said of every output"


def test_what_is_wrong_is_said_in_words_and_with_prices_what_is_missed():
    pipeline = Pipeline(Task("t", {"label": XRAY, "grade": GRADE}), Look(channels=1))
    assert error_in_words(pipeline) == "label: the answer is not the truth; grade: on the wrong side of '1'"
    words = error_in_words(pipeline, {"missed": 10.0})
    assert "missed: pneumonia not named where it is" in words
    assert "missed: the answer is too low" in words
