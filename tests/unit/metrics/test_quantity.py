import numpy as np
import pytest

from vesale.metrics.quantity import quantity_measures

STEPS = ("none", "mild", "moderate", "severe")


def exams(n):
    return [f"s{i}" for i in range(n)]


def test_a_number_has_an_error_in_its_unit():
    found = quantity_measures([1.0, 2.0, 4.0], [2.0, 2.0, np.nan], exams(3), "mm", None, None)
    assert set(found) == {"mae"}
    assert found["mae"].value == 0.5
    assert (found["mae"].unit, found["mae"].n) == ("mm", 2)


def test_a_grade_is_rounded_and_judged_on_both_sides_of_the_action():
    values, truth = [0.4, 0.6, 1.8, 3.4, 1.4, 2.0], [0, 1, 2, 3, 2, 1]
    found = quantity_measures(values, truth, exams(6), "", STEPS, 2)
    assert found["accuracy"].value == pytest.approx(4 / 6)
    assert found["sensitivity"].value == pytest.approx(2 / 3)
    assert found["specificity"].value == pytest.approx(2 / 3)
    assert "moderate or above" in found["sensitivity"].method
    assert found["mae"].unit == "steps"


def test_without_an_action_there_are_no_sides():
    assert "sensitivity" not in quantity_measures([0, 1], [0, 1], exams(2), "", STEPS, None)


def test_nothing_known_is_unknown():
    found = quantity_measures([1.0], [np.nan], ["a"], "mm", None, None)["mae"]
    assert (found.value, found.n) == (None, 0)
