import numpy as np
import pytest

from vesale.metrics.quantity import action_measures, joint_measures, quantity_measures

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


def test_of_an_action_the_ranking_and_the_sensitivity_at_a_specificity_are_told():
    above = [0.1, 0.2, 0.3, 0.8, 0.25, 0.7, 0.9, np.nan]
    truth = [0, 0, 0, 0, 1, 1, 1, 1]
    found = action_measures(above, truth, exams(8), "moderate")
    assert found["auc"].value == pytest.approx(9 / 12)
    # no healthy exam may be called, of four: the threshold lies above .8
    assert found["sensitivity_at_specificity_90"].value == pytest.approx(1 / 3)
    assert found["auc"].n == 7
    assert "moderate or above" in found["auc"].method


def test_without_both_sides_an_action_cannot_be_ranked():
    found = action_measures([0.1, 0.9], [1, 1], exams(2), "moderate")
    assert all(m.value is None for m in found.values())


def test_answers_count_together_when_all_are_right():
    found = joint_measures([[True, True], [True, False], [False, False], [True, True]], exams(4), ("grade", "edema"))
    assert found["accuracy"].value == 0.5
    assert "grade and edema" in found["accuracy"].method
