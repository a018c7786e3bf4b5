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
    assert (found.pooled, found.counts) == ((), (60, 60))
    rare = c.fit_set_threshold(np.concatenate([p[:60], p[60:65]]), truth[:65], 0.9)
    assert (rare.how, rare.pooled, rare.counts) == ("marginal", (0, 1), (60, 5))
    assert rare.thresholds[0] == rare.thresholds[1]
    none = c.fit_set_threshold(p[:6], truth[:6], 0.9)
    assert (none.how, none.thresholds, none.n, none.needed) == ("too_few", None, 6, 9)


def test_a_name_that_never_occurs_shares_with_the_rarest():
    p = np.full((40, 3), 1 / 3)
    found = c.fit_set_threshold(p, np.arange(40) % 2, 0.9)
    assert (found.how, found.pooled) == ("pooled", (0, 2))


def test_rare_names_share_a_threshold_and_the_others_keep_theirs():
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2, 3], [50, 40, 5, 12])
    p = rng.dirichlet(np.ones(4), len(truth))
    found = c.fit_set_threshold(p, truth, 0.9)
    assert (found.how, found.pooled) == ("pooled", (2, 3))  # five alone are too few: the next rarest joins them
    assert found.thresholds[2] == found.thresholds[3]
    both = np.isin(truth, (2, 3))
    together = c.conformal_quantile(1 - p[both, truth[both]], 0.1)
    assert found.thresholds[2] == 1 - together
    assert found.thresholds[0] == 1 - c.conformal_quantile(1 - p[:50, 0], 0.1)


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.2])
def test_the_number_that_would_do_does_and_one_less_does_not(alpha):
    rng = np.random.default_rng(0)
    n = c.needed(alpha)
    p, truth = rng.dirichlet(np.ones(2), 4 * n), np.arange(4 * n) % 2
    assert c.fit_set_threshold(p[: 2 * n], truth[: 2 * n], 1 - alpha).how == "class_conditional"  # n of each name
    assert c.fit_set_threshold(p[: 2 * n - 1], truth[: 2 * n - 1], 1 - alpha).how == "marginal"
    assert c.fit_set_threshold(p[:n], truth[:n], 1 - alpha).how == "marginal"
    assert c.fit_set_threshold(p[: n - 1], truth[: n - 1], 1 - alpha).how == "too_few"
    assert c.fit_interval(p[:n, 0], truth[:n], 1 - alpha) is not None
    assert c.fit_interval(p[: n - 1, 0], truth[: n - 1], 1 - alpha) is None


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


def test_a_grade_whose_steps_have_their_own_thresholds_has_no_gap_and_holds_the_answer():
    p = c.contiguous([0.5, 0.1, 0.2, 0.15, 0.05])
    np.testing.assert_allclose(p, [0.5, 0.2, 0.2, 0.15, 0.05])
    assert c.ordinal_set(p, (0.3, 0.3, 0.15, 0.3, 0.3)) == (0, 1, 2)
    assert c.ordinal_set(p, (0.3,) * 5, step=2) == (0, 1, 2)


@pytest.mark.parametrize("threshold", [0.05, 0.1, 0.15, 0.2, 0.3, 0.5])
def test_contiguous_probabilities_give_the_set_with_its_gaps_filled(threshold):
    for p in np.random.default_rng(0).dirichlet(np.full(5, 0.6), 50):
        assert c.category_set(c.contiguous(p), (threshold,) * 5) == c.ordinal_set(p, (threshold,) * 5)


def test_an_interval_ignores_the_unknown():
    assert c.fit_interval([0.0] * 12, [1.0] * 10 + [np.nan] * 2, 0.9) == 1.0
    assert c.fit_interval([0.0] * 3, [1.0] * 3, 0.9) is None
