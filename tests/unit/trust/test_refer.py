import numpy as np
import pytest
from scipy import stats

from vesale.trust.refer import fit_refer, needed


def exams(n):
    return [f"s{i}" for i in range(n)]


@pytest.mark.parametrize(("alpha", "delta", "n"), [(0.05, 0.1, 45), (0.1, 0.1, 22), (0.01, 0.05, 299)])
def test_needed_is_the_first_error_free_number_that_suffices(alpha, delta, n):
    assert needed(alpha, delta) == n
    assert fit_refer(np.linspace(0.6, 1, n), np.zeros(n), exams(n), alpha, delta).threshold == 0.0
    short = fit_refer(np.linspace(0.6, 1, n - 1), np.zeros(n - 1), exams(n - 1), alpha, delta)
    assert (short.threshold, short.n, short.reported, short.needed) == (None, n - 1, 0, n)


def test_nothing_is_reported_by_a_model_that_errs_too_often():
    rng = np.random.default_rng(0)
    rule = fit_refer(rng.random(500), rng.random(500) < 0.3, exams(500), 0.05, 0.1)
    assert rule.threshold is None
    assert not rule.reports(1.0)


def test_the_sure_are_reported_and_the_unsure_referred():
    confidence = np.linspace(0.5, 1, 400)
    wrong = (confidence < 0.7) & (np.arange(400) % 2 == 0)
    rule = fit_refer(confidence, wrong, exams(400), 0.05, 0.1)
    assert 0.6 < rule.threshold < 0.75
    assert rule.reports(0.9)
    assert not rule.reports(0.55)
    assert rule.reported == (confidence >= rule.threshold).sum()
    assert rule.wrong == wrong[confidence >= rule.threshold].sum()
    assert stats.binom.cdf(rule.wrong, rule.reported, 0.05) <= 0.1


def test_equal_confidences_are_reported_together_or_not_at_all():
    confidence = np.array([0.9] * 50 + [0.6] * 50)
    wrong = np.array([False] * 50 + [True] * 25 + [False] * 25)
    rule = fit_refer(confidence, wrong, exams(100), 0.05, 0.1)
    assert rule.reported in (0, 50)
    tied = fit_refer(np.full(100, 0.8), np.zeros(100), exams(100), 0.05, 0.1)
    assert (tied.threshold, tied.reported) == (0.0, 100)


def test_many_exams_of_few_subjects_promise_nothing():
    rule = fit_refer(np.full(400, 0.9), np.zeros(400), [f"s{i % 40}" for i in range(400)], 0.05, 0.1)
    assert (rule.n, rule.threshold) == (40, None)


def test_a_confidence_is_a_share():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        fit_refer([1.2], [False], ["a"], 0.05, 0.1)


def test_no_exam_at_all():
    assert fit_refer([], [], [], 0.05, 0.1).n == 0
