import numpy as np
import pytest

from vesale.trust import conform as c


@pytest.mark.parametrize(("alpha", "n"), [(0.1, 9), (0.05, 19), (0.2, 4)])
def test_needed_is_the_first_number_that_gives_a_quantile(alpha, n):
    assert c.needed(alpha) == n
    assert c.conformal_quantile(np.arange(n - 1), alpha) is None
    assert c.conformal_quantile(np.arange(n), alpha) == n - 1


def test_the_quantile_is_the_stated_rank():
    assert c.conformal_quantile(np.arange(1, 100), 0.1) == 90  # ceil(100 * 0.9)


def test_each_name_has_its_threshold_where_it_has_exams_enough():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], [60, 60])
    p1 = np.where(truth == 1, rng.uniform(0.4, 1, 120), rng.uniform(0, 0.2, 120))
    p = np.stack([1 - p1, p1], 1)
    found = c.fit_set_threshold(p, truth, 0.9)
    assert found.how == "class_conditional"
    assert found.thresholds[0] > 0.75 > 0.5 > found.thresholds[1]
    rare = c.fit_set_threshold(np.concatenate([p[:60], p[60:65]]), truth[:65], 0.9)
    assert rare.how == "marginal"
    assert rare.thresholds[0] == rare.thresholds[1]
    none = c.fit_set_threshold(p[:6], truth[:6], 0.9)
    assert (none.how, none.thresholds, none.n, none.needed) == ("too_few", None, 6, 9)


def test_a_name_that_never_occurs_makes_it_marginal():
    p = np.full((40, 3), 1 / 3)
    assert c.fit_set_threshold(p, np.arange(40) % 2, 0.9).how == "marginal"


def test_unknown_truth_is_dropped_and_subjects_count_once():
    p = np.tile([0.8, 0.2], (40, 1))
    found = c.fit_set_threshold(p, np.where(np.arange(40) < 20, 0, -1), 0.9, [f"s{i // 2}" for i in range(40)])
    assert found.n == 10


def test_a_subject_counts_by_its_worst_exam():
    values, truth = np.zeros(40), np.tile([0.0, 3.0], 20)
    assert c.fit_interval(values, truth, 0.5) == 3.0
    assert c.fit_interval(values, truth * 0, 0.9) == 0.0
    assert c.fit_interval(values, truth, 0.9, [f"s{i // 2}" for i in range(40)]) == 3.0
    assert c.fit_interval(values[:10], truth[:10], 0.9, [f"s{i // 2}" for i in range(10)]) is None


def test_the_set_always_holds_the_answer_and_the_edge():
    assert c.category_set([0.4, 0.35, 0.25], (0.9, 0.9, 0.9)) == (0,)
    assert c.category_set([0.4, 0.35, 0.25], (0.35, 0.35, 0.35)) == (0, 1)


def test_a_grade_has_no_gaps():
    assert c.ordinal_set([0.4, 0.05, 0.45, 0.1], (0.3,) * 4) == (0, 1, 2)


def test_an_interval_ignores_the_unknown():
    assert c.fit_interval([0.0] * 12, [1.0] * 10 + [np.nan] * 2, 0.9) == 1.0
    assert c.fit_interval([0.0] * 3, [1.0] * 3, 0.9) is None


def test_the_mask_threshold_is_the_highest_that_holds():
    bins, n = 10, 30
    positives = np.zeros((n, bins), dtype=int)
    positives[:, 7] = 90  # nine in ten of every structure lie at .7
    positives[:, 2] = 10
    assert c.control_false_negatives(positives, 0.2) == 0.7
    assert c.control_false_negatives(positives, 0.05) == 0.2
    assert c.control_false_negatives(positives, 0.01) is None  # thirty exams promise no such thing
    assert c.control_false_negatives(positives[:3], 0.2) is None


def test_exams_without_the_structure_say_nothing():
    positives = np.zeros((40, 10), dtype=int)
    assert c.control_false_negatives(positives, 0.2) is None
    positives[:12, 9] = 5
    assert c.control_false_negatives(positives, 0.1) == c.control_false_negatives(positives[:12], 0.1) == 0.9


def test_a_structure_lost_in_the_lowest_bin_cannot_be_promised():
    positives = np.zeros((40, 10), dtype=int)
    positives[:, 0] = 5
    assert c.control_false_negatives(positives, 0.1) is None
