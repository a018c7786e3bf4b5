import numpy as np
import pytest
from scipy import stats

from vesale.trust.refer import curve_of, fit_refer, needed, without_threshold, would_do


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


# Prices ---------------------------------------------------------------------------------------------------------------


def drawn(seed, n, dear=0.2):
    rng = np.random.default_rng(seed)
    c = 0.5 + 0.5 * rng.beta(6, 1, n)
    wrong = rng.random(n) < 0.5 * (1 - c)
    return c, wrong, np.where(rng.random(n) < dear, 10.0, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_equal_prices_are_the_plain_rule(seed):
    c, wrong, _ = drawn(seed, 400)
    plain = fit_refer(c, wrong, exams(400), 0.05, 0.1)
    assert fit_refer(c, wrong * 1.0, exams(400), 0.05, 0.1, (1.0,)) == plain
    double = fit_refer(c, wrong * 2.0, exams(400), 0.1, 0.1, (2.0,))
    assert (double.threshold, double.reported, double.wrong) == (plain.threshold, plain.reported, plain.wrong)
    assert double.cost == (None if plain.threshold is None else 2 * plain.wrong)


def test_a_dear_error_is_answered_for_with_fewer_reports():
    c, wrong, dear = drawn(1, 3000)
    plain = fit_refer(c, wrong, exams(3000), 0.05, 0.1)
    priced = fit_refer(c, wrong * dear, exams(3000), 0.05, 0.1, (1.0, 10.0))
    assert 0 < priced.reported < plain.reported
    assert priced.cost / priced.reported < 0.05
    inside = c >= priced.threshold
    assert priced.cost == (wrong * dear)[inside].sum()
    assert priced.needed == needed(0.005, 0.1) == 460


def test_a_cost_that_was_not_said_before_is_refused():
    with pytest.raises(ValueError, match="costs must be 0 or one of"):
        fit_refer([0.9, 0.8], [0.0, 5.0], exams(2), 0.05, 0.1, (1.0, 10.0))


# How many would do ----------------------------------------------------------------------------------------------------


def named(c, cost, alpha=0.05, prices=(1.0,)):
    rule = fit_refer(c, cost, exams(len(c)), alpha, 0.1, prices)
    return rule, would_do(c, cost, exams(len(c)), rule, prices)


def test_without_an_error_it_is_what_any_promise_takes():
    rule, more = named(np.linspace(0.6, 1, 20), np.zeros(20))
    assert (rule.threshold, more) == (None, 45)
    said = "Too few calibration subjects for this promise: 20; at least 45 without error are needed."
    assert without_threshold(rule) == said


def test_where_some_are_reported_nothing_is_missing():
    rule, more = named(np.linspace(0.6, 1, 60), np.zeros(60))
    assert rule.threshold is not None
    assert more is None


def test_a_hopeless_model_is_not_told_to_collect_more():
    rng = np.random.default_rng(0)
    rule, more = named(rng.random(300), rng.random(300) < 0.3)
    assert (rule.threshold, more) == (None, None)
    assert "more like these would not change it" in without_threshold(rule)


@pytest.mark.parametrize(
    ("prices", "size", "least", "slope"),
    [((1.0,), 120, 0.02, 0.1), pytest.param((1.0, 10.0), 300, 0.004, 0.02, marks=pytest.mark.slow)],
)
def test_of_as_many_as_named_more_than_half_report(prices, size, least, slope):
    """Calibrations that report nothing, of a model that may be let report; fresh ones of the size that they name."""
    rng = np.random.default_rng(3)

    def draw(n):
        c = rng.random(n)
        wrong = rng.random(n) < least + slope * (1 - c)
        return c, wrong * np.where(rng.random(n) < 0.05, prices[-1], 1.0)

    told, shares = [], []
    while len(told) < 10:
        rule, more = named(*draw(size), prices=prices)
        if rule.threshold is None and more:
            told.append(more)
            shares.append(np.mean([named(*draw(more), prices=prices)[0].threshold is not None for _ in range(8)]))
    assert all(n > size for n in told)
    assert 0.4 < np.mean(shares) <= 1.0


# The curve ------------------------------------------------------------------------------------------------------------


def test_the_curve_passes_through_the_chosen_threshold_below_the_promise():
    c, wrong, _ = drawn(2, 800)
    rule = fit_refer(c, wrong, exams(800), 0.05, 0.1)
    curve = curve_of(c, wrong, exams(800), rule)
    here = [p for p in curve if p.threshold == rule.threshold]
    assert [(p.reported, p.wrong) for p in here] == [(rule.reported, rule.wrong)]
    assert here[0].ceiling <= 0.05
    for p in curve:
        assert p.reported == (c >= p.threshold).sum()
        assert p.wrong == wrong[c >= p.threshold].sum()
        assert p.wrong / p.reported <= p.ceiling
    assert [p.reported for p in curve] == sorted({p.reported for p in curve})
    assert curve[-1].reported == 800
    assert curve_of([], [], [], fit_refer([], [], [], 0.05, 0.1)) == ()
