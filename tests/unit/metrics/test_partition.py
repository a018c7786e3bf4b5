import numpy as np
import pytest

from vesale.metrics import partition


def test_bins_are_floors_and_the_roi_rules():
    positives, negatives = partition.score_histogram(
        [0.0, 0.25, 0.2499, 1.0, 0.9], [1, 1, 0, 2, 1], [1, 1, 1, 1, 0], bins=4
    )
    assert positives.tolist() == [1, 1, 0, 1]
    assert negatives.tolist() == [1, 0, 0, 0]
    assert positives.dtype == negatives.dtype == np.int64


def test_an_empty_exam_is_perfect_when_nothing_is_marked():
    none, quiet, loud = np.zeros(4), np.array([9, 0, 0, 0]), np.array([8, 0, 0, 1])
    assert partition.histogram_dice(none, quiet, 0.5) == 1.0
    assert partition.histogram_dice(none, loud, 0.5) == 0.0
    assert np.isnan(partition.histogram_f1(none, quiet, 0.5))
    assert np.isnan(partition.histogram_dice(none, none, 0.5))


def test_dice_is_the_mean_of_exams_and_f1_is_pooled():
    positives = np.array([[0, 100], [1, 0]])
    negatives = np.array([[100, 0], [9, 0]])
    found = partition.partition_measures(positives, negatives, ["a", "b"], 0.5)
    assert found["dice"].value == 0.5
    assert found["f1"].value == pytest.approx(200 / 201)
    assert found["dice"].n == 2


def test_empty_masks_are_said():
    positives, negatives = np.array([[0, 3], [0, 0]]), np.array([[5, 0], [5, 0]])
    found = partition.partition_measures(positives, negatives, ["a", "b"], 0.5)["dice"]
    assert "1 empty masks" in found.method
    assert found.value == 1.0


def test_several_classes_are_averaged_and_a_class_not_judged_is_left_out():
    positives = np.array([[[0, 4], [2, 2]], [[2, 2], [0, 0]]])  # the second exam was not judged for the second class
    negatives = np.array([[[6, 0], [6, 0]], [[6, 0], [0, 0]]])
    each = partition.partition_per_class(positives, negatives, ("a", "b"), ["x", "y"], (0.5, 0.5))
    whole = partition.partition_measures(positives, negatives, ["x", "y"], (0.5, 0.5))
    assert each["b"]["dice"].value == pytest.approx(2 / 3)
    for metric, measure in whole.items():
        assert measure.value == pytest.approx(np.mean([each[n][metric].value for n in "ab"]))


def test_each_class_has_its_own_threshold():
    positives = np.array([[[0, 0, 1, 3], [0, 1, 0, 3]]])
    negatives = np.array([[[8, 0, 0, 0], [8, 0, 0, 0]]])
    found = partition.partition_per_class(positives, negatives, ("a", "b"), ["x"], (0.75, 0.25))
    assert found["a"]["sensitivity"].value == 0.75
    assert found["b"]["sensitivity"].value == 1.0
    assert "0.75" in found["a"]["sensitivity"].method


def test_the_best_threshold_stands_in_the_middle_of_a_gap():
    positives, negatives = np.zeros(100), np.zeros(100)
    negatives[:20], positives[80:] = 5, 5
    assert 0.4 < partition.best_f1_threshold(positives, negatives) < 0.6
    assert partition.best_f1_threshold(np.zeros(8), np.ones(8)) == 0.5
