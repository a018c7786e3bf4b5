import numpy as np
import pytest

from vesale.trust import difficulty as d


def made(n, seed=0, grows=0.9):
    rng = np.random.default_rng(seed)
    looks = rng.normal(size=(n, 6))
    values = rng.normal(size=n)
    return values, values + np.exp(grows * looks[:, 0]) * rng.normal(size=n), looks


def names(n):
    return [f"s{i}" for i in range(n)]


def test_intervals_adapt_where_that_helps():
    values, truth, looks = made(500)
    found = d.fit_number(values, truth, looks, 0.9, names(500))
    assert found.difficulty is not None
    assert found.comparison.adaptive < found.comparison.plain
    assert found.n == 350
    new_values, new_truth, new_looks = made(3000, 1)
    sigma = found.difficulty.expected(new_looks)
    error = np.abs(new_truth - new_values)
    assert np.mean(error <= found.half_width * sigma) == pytest.approx(0.9, abs=0.04)
    plain = d.fit_number(values, truth, looks * 0, 0.9, names(500))
    assert found.half_width * sigma.mean() < plain.half_width  # narrower on average, for the same coverage
    hard = new_looks[:, 0] > 1
    assert np.mean((error <= plain.half_width)[hard]) < 0.75 < np.mean((error <= found.half_width * sigma)[hard])


def test_where_it_does_not_help_there_is_one_width():
    kept = [d.fit_number(*made(200, seed, 0.0), 0.9, names(200)).difficulty is None for seed in range(20)]
    assert sum(kept) >= 16


def test_with_few_subjects_all_serve_the_one_width():
    found = d.fit_number(*made(60), 0.9, names(60))
    assert (found.difficulty, found.comparison, found.n) == (None, None, 60)
    values, truth, _ = made(60)
    assert found.half_width == np.sort(np.abs(truth - values))[int(np.ceil(61 * 0.9)) - 1]
    assert d.fit_number(*made(8), 0.9, names(8)).half_width is None


def test_quantiles_of_the_errors_rise_and_hold_what_they_say():
    values, truth, looks = made(90)
    found = d.fit_number(values, truth, looks, 0.9, names(90))
    assert len(found.quantiles) == len(d.LEVELS)
    assert list(found.quantiles) == sorted(found.quantiles)
    below = np.mean(truth - values <= found.quantiles[d.LEVELS.index(0.5)])
    assert below == pytest.approx(0.5, abs=0.02)


def test_a_subject_counts_once():
    values, truth, looks = made(120)
    once = d.fit_number(
        np.repeat(values, 3), np.repeat(truth, 3), np.repeat(looks, 3, 0), 0.9, np.repeat(names(120), 3)
    )
    alone = d.fit_number(values, truth, looks, 0.9, names(120))
    assert once.n == alone.n == 84


def test_unknown_truth_is_dropped():
    values, truth, looks = made(60)
    truth[:10] = np.nan
    assert d.fit_number(values, truth, looks, 0.9, names(60)).n == 50


def test_quantiles_of_a_network_are_widened_as_much_as_needed():
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.5, 2, 400)
    truth = spread * rng.normal(size=400)
    more = d.fit_quantiles(-spread, spread, truth, 0.9, names(400))  # a standard deviation is too narrow
    assert np.mean((truth >= -spread - more) & (truth <= spread + more)) == pytest.approx(0.9, abs=0.01)
    assert d.fit_quantiles(-3 * spread, 3 * spread, truth, 0.9, names(400)) < 0  # and three are too wide
    assert d.fit_quantiles([0.0] * 5, [1.0] * 5, [0.5] * 5, 0.9, names(5)) is None


def test_fold_by_fold_all_subjects_serve_the_width():
    values, truth, looks = made(80)
    found = d.fit_number(values, truth, looks, 0.9, names(80), crossed=True)
    assert found.n == found.comparison.n == 80
    assert found.difficulty is not None
    error, sigma = np.abs(truth - values), found.difficulty.expected(looks)
    assert np.mean(error <= found.half_width * sigma) > 0.87


def test_the_answered_value_alone_may_tell_of_the_error():
    rng = np.random.default_rng(5)
    values = rng.uniform(0, 4, 90)
    truth = values + np.exp(0.8 * values - 2) * rng.normal(size=90)
    looks = np.column_stack([values, values**2, rng.normal(size=(90, 30))])
    found = d.fit_number(values, truth, looks, 0.9, names(90), crossed=True)
    assert found.difficulty is not None
    assert not np.any(found.difficulty.weights[2:])  # thirty features of noise are let be
