import numpy as np
import pytest

from vesale.core.errors import RecipeError
from vesale.core.recipe import Trust
from vesale.core.task import Category, Partition, Picture, Quantity, Task
from vesale.trust.prices import (
    category_errors,
    check_prices,
    grade_errors,
    labels_errors,
    levels,
    mask_errors,
    number_errors,
    picture_wrong,
    positives,
    price,
)

XRAY = Category(("normal", "pneumonia"))
GRADE = Quantity(steps=("0", "1", "2", "3", "4"), action=2)


@pytest.mark.parametrize(
    ("said", "truth", "cost"),
    [("pneumonia", "pneumonia", 0), ("normal", "pneumonia", 10), ("pneumonia", "normal", 2)],
)
def test_a_missed_disease_and_a_false_alarm_have_their_own_price(said, truth, cost):
    prices = {"missed": 10.0, "false": 2.0}
    assert price(category_errors(said, truth, ("pneumonia",)), prices) == cost
    assert price(category_errors(said, truth, ("pneumonia",)), {}) == (said != truth)


def test_one_disease_for_another_is_a_plain_error_unless_the_pair_is_named():
    sick = ("adenoma", "carcinoma")
    confused = category_errors("adenoma", "carcinoma", sick)
    assert price(confused, {"missed": 10.0}) == 1
    assert price(confused, {"missed": 10.0, "carcinoma:adenoma": 4.0}) == 4
    assert price(category_errors("carcinoma", "adenoma", sick), {"carcinoma:adenoma": 4.0}) == 1
    missed = category_errors("normal", "carcinoma", sick)
    assert price(missed, {"missed": 10.0, "carcinoma:normal": 30.0}) == 30, "the pair is the more exact name"


def test_of_several_findings_the_dearest_error_counts():
    both = labels_errors({"a"}, {"b"}, ("a", "b"))
    assert price(both, {"missed": 5.0, "false": 2.0}) == 5
    assert price(labels_errors({"a"}, {"a", "b"}, ("a",)), {"missed": 5.0}) == 1, "b does not call for action"
    assert labels_errors({"a"}, {"a"}, ("a",)) == ()


@pytest.mark.parametrize(
    ("said", "truth", "action", "cost"),
    [(1, 2, 2, 10), (2, 1, 2, 3), (4, 2, 2, 0), (0, 1, 2, 0), (0, 2, None, 10), (3, 1, None, 3), (1, 2, None, 0)],
)
def test_a_grade_below_the_action_threshold_is_missed(said, truth, action, cost):
    assert price(grade_errors(said, truth, action), {"missed": 10.0, "false": 3.0}) == cost


def test_a_number_is_low_or_high_and_a_mask_misses_or_marks_too_much():
    assert price(number_errors(40, 50, 5), {"low": 4.0}) == 4
    assert price(number_errors(60, 50, 5), {"low": 4.0}) == 1
    assert number_errors(45, 50, 5) == ()
    assert price(mask_errors(0.5, 0.7, 90, 10), {"missed": 6.0}) == 6
    assert price(mask_errors(0.5, 0.7, 10, 90), {"missed": 6.0}) == 1
    assert mask_errors(0.7, 0.7, 10, 90) == ()


def test_a_picture_is_wrong_when_its_error_is_above_its_bound_too_often():
    truth = np.zeros(100)
    said = np.r_[np.full(10, 3.0), np.zeros(90)]
    assert not picture_wrong(said, truth, 2.0, 0.9)
    assert picture_wrong(said, truth, 2.0, 0.91)
    assert not picture_wrong(said, truth, np.r_[np.full(10, 3.0), np.ones(90)], 0.99), "a bound a sample"
    assert picture_wrong(np.r_[np.nan, said[1:]], np.r_[0.0, said[1:]], 2.0, 0.999), "no number is no answer"
    assert not picture_wrong(said, np.r_[np.full(10, np.nan), np.zeros(90)], 2.0, 1.0), "what is unknown is not judged"
    with pytest.raises(ValueError, match="finite"):
        picture_wrong(said, np.full(100, np.nan), 2.0, 0.9)


@pytest.mark.parametrize(
    ("names", "calls"),
    [
        (("normal", "pneumonia"), ("pneumonia",)),
        (("malignant", "normal_or_benign"), ("malignant",)),
        (("Bad", "Good"), ("Bad",)),
        (("0", "1"), ("1",)),
        (("No tumour", "Tumour"), ("Tumour",)),
        (("bénin", "malin"), ("malin",)),
        (("normal", "benign"), None),
        (("lung_aca", "lung_scc"), None),
        (("abnormal", "unclear"), None),
    ],
)
def test_what_calls_for_action_is_told_from_the_names_or_not_at_all(names, calls):
    assert positives("label", Category(names), ()) == calls
    assert positives("label", Category(names), names[:1]) == names[:1]


@pytest.mark.parametrize(
    ("output", "cost", "said"),
    [
        (Category(("lung_aca", "lung_scc")), {"missed": 10.0}, "cannot be told"),
        (XRAY, {"mised": 10.0}, "no such error"),
        (XRAY, {"normal:flu": 2.0}, "no such error"),
        (Quantity("years", tolerance=5), {"missed": 10.0}, "no such error"),
        (Picture(("grey",)), {"missed": 2.0}, "no such error"),
        (XRAY, {"missed": 0.01, "false": 0.02}, "promise would be empty"),
    ],
)
def test_a_price_that_means_nothing_is_refused_with_its_remedy(output, cost, said):
    with pytest.raises(RecipeError, match=said) as caught:
        check_prices(Task("t", {"label": output}), Trust(cost=cost))
    assert caught.value.remedy


def test_a_named_class_must_exist():
    with pytest.raises(RecipeError, match="'flu' is no name"):
        check_prices(Task("t", {"label": XRAY}), Trust(positive=("flu",)))
    check_prices(Task("t", {"label": Category(("a", "b"))}), Trust(positive=("b",), cost={"missed": 10.0}))


@pytest.mark.parametrize(("cost", "wrong"), [({"missed": -1.0}, "trust.cost.missed"), ({"x": float("nan")}, "cost.x")])
def test_a_price_is_a_number_of_zero_or_more(cost, wrong):
    with pytest.raises(RecipeError, match=wrong):
        Trust(cost=cost)


@pytest.mark.parametrize(
    ("output", "cost", "prices"),
    [
        (XRAY, {}, (1.0,)),
        (XRAY, {"missed": 1.0, "false": 1.0}, (1.0,)),
        (XRAY, {"missed": 10.0}, (1.0, 10.0)),
        (XRAY, {"missed": 10.0, "false": 0.0}, (10.0,)),
        (Category(("normal", "a", "b")), {"missed": 10.0, "a:b": 3.0}, (1.0, 3.0, 10.0)),
        (GRADE, {"missed": 5.0, "false": 2.0}, (2.0, 5.0)),
        (Partition(("background", "vessel"), dice_bound=0.7), {"missed": 5.0}, (1.0, 5.0)),
        (Quantity("years", tolerance=5), {"low": 2.0}, (1.0, 2.0)),
        (Category(("a", "b"), exclusive=False), {"missed": 3.0}, (1.0, 3.0)),
    ],
)
def test_every_price_that_an_exam_can_cost_is_known_before(output, cost, prices):
    assert levels(Task("t", {"label": output}), cost, ()) == prices
