import numpy as np
import pytest

from vesale.metrics import classification as c

NAMES = ("no", "yes")


def exams(n):
    return [f"s{i}" for i in range(n)]


def test_unknown_truth_is_dropped():
    p1 = np.array([0.1, 0.9, 0.8, 0.3, 0.2, 0.7])
    truth = np.array([0, 1, 1, 0, -1, -1])
    found = c.category_measures(np.stack([1 - p1, p1], 1), truth, p1 >= 0.5, NAMES, exams(6))
    assert found["accuracy"].value == 1.0
    assert found["accuracy"].n == found["auc"].n == 4


def test_one_class_alone_has_no_auc_and_says_so():
    p1 = np.linspace(0, 1, 8)
    found = c.category_measures(np.stack([1 - p1, p1], 1), np.ones(8), p1 >= 0.5, NAMES, exams(8))
    assert found["auc"].value is None
    assert "undefined" in found["auc"].method
    assert found["specificity"].value is None
    assert found["sensitivity"].value == 0.5


def test_a_perfect_auc_still_has_doubt():
    p1 = np.array([0.1] * 30 + [0.9] * 10)
    found = c.category_measures(np.stack([1 - p1, p1], 1), p1 > 0.5, p1 > 0.5, NAMES, exams(40))["auc"]
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025**0.1)  # ten disjoint pairs
    assert "10 disjoint pairs" in found.method


def test_the_threshold_is_stated_as_the_answers_show_it():
    p1 = np.array([0.1, 0.4, 0.45, 0.6, 0.7, 0.9])
    truth = np.array([0, 1, 0, 1, 0, 1])
    low = c.category_measures(np.stack([1 - p1, p1], 1), truth, p1 >= 0.42, NAMES, exams(6))
    assert "between 0.4 and 0.45" in low["sensitivity"].method
    odd = c.category_measures(np.stack([1 - p1, p1], 1), truth, truth, NAMES, exams(6))
    assert "threshold" not in odd["sensitivity"].method


def test_a_name_that_does_not_occur_is_left_out_of_the_mean():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 60)
    p = rng.dirichlet(np.ones(3), 60)
    found = c.category_measures(p, truth, p.argmax(1), ("a", "b", "c"), exams(60))
    expected = np.mean([c.auc(p[:, i], truth == i) for i in (0, 1)])
    assert found["auc"].value == pytest.approx(expected)
    assert "1 of 3 do not occur" in found["auc"].method
    assert c.category_per_class(p, truth, p.argmax(1), ("a", "b", "c"), exams(60))["c"]["auc"].value is None


def test_thresholds_count_the_edge_as_positive():
    assert c.sensitivity([0.5, 0.4], [1, 1], 0.5) == 0.5
    assert c.specificity([0.5, 0.4], [0, 0], 0.5) == 0.5
    assert np.isnan(c.sensitivity([0.5], [0], 0.5))


def test_a_roc_curve_needs_both_classes():
    with pytest.raises(ValueError, match="both classes"):
        c.roc_curve([0.2, 0.4], [1, 1])


def test_labels_with_an_unknown_name_leave_the_whole_but_not_their_own_class():
    truth = np.array([[1, 0], [0, 1], [1, -1], [0, 0], [1, 1], [0, 1]])
    p = np.where(truth == 1, 0.8, 0.3)
    names = ("a", "b")
    whole = c.labels_measures(p, truth, p >= 0.5, names, exams(6))
    assert whole["accuracy"].n == 5
    assert whole["sensitivity"].value == whole["specificity"].value == 1.0
    per_class = c.labels_per_class(p, truth, p >= 0.5, names, exams(6))
    assert (per_class["a"]["accuracy"].n, per_class["b"]["accuracy"].n) == (6, 5)


def test_clustered_exams_widen_the_interval():
    rng = np.random.default_rng(1)
    truth, hit = rng.integers(0, 2, 40), rng.random(40) < 0.7
    truth, hit = np.repeat(truth, 10), np.repeat(hit, 10)
    answers = np.where(hit, truth, 1 - truth)
    p = np.eye(2)[answers] * 0.6 + 0.2
    alone = c.category_measures(p, truth, answers, NAMES, exams(400))["accuracy"]
    together = c.category_measures(p, truth, answers, NAMES, [f"s{i // 10}" for i in range(400)])["accuracy"]
    assert together.high - together.low > 2 * (alone.high - alone.low)
    assert together.n == 40
