import numpy as np
import pytest
from scipy import stats

from vesale.trust.bounded import ceiling, fewest, tail


def test_one_price_is_the_binomial_tail():
    for k, n in ((0, 45), (3, 100), (20, 300)):
        assert tail([k], n, [1.0], 0.05) == pytest.approx(stats.binom.cdf(k, n, 0.05), rel=1e-12)
        assert tail([k], n, [4.0], 0.2) == pytest.approx(stats.binom.cdf(k, n, 0.05), rel=1e-12)


@pytest.mark.parametrize(("prices", "alpha"), [((1.0,), 0.05), ((1.0, 10.0), 0.05), ((1.0, 2.0, 5.0), 0.1)])
def test_fewest_is_the_first_error_free_number_that_passes(prices, alpha):
    n = fewest(prices, alpha, 0.1)
    none = [0] * len(prices)
    assert tail(none, n, prices, alpha) <= 0.1 < tail(none, n - 1, prices, alpha)


def test_what_cannot_break_the_promise_passes():
    assert tail([7, 9], 20, [0.01, 0.02], 0.05) == 0.0
    assert tail([], 20, [], 0.05) == 0.0


def test_more_errors_are_never_a_better_proof():
    n = 400
    grid = np.array([[tail([i, j], n, (1.0, 5.0), 0.1) for j in range(6)] for i in range(0, 40, 3)])
    assert (np.diff(grid, axis=0) >= -1e-9).all()
    assert (np.diff(grid, axis=1) >= -1e-9).all()


def worst_world(counts, n, prices, alpha):
    """The chance of a capital at least as high, by drawing from worlds of mean cost alpha."""
    from vesale.trust.bounded import _capital

    rng, held, worst = np.random.default_rng(0), _capital(np.array([counts], float), n, prices, alpha)[0] - 1e-9, 0.0
    for dear in np.linspace(0, alpha / prices[1], 13):
        cheap = (alpha - prices[1] * dear) / prices[0]
        drawn = rng.multinomial(n, [cheap, dear, 1 - cheap - dear], 20_000)[:, :2].astype(float)
        worst = max(worst, float((_capital(drawn, n, prices, alpha) >= held).mean()))
    return worst


@pytest.mark.parametrize(("counts", "n"), [((0, 0), 460), ((10, 0), 500), ((20, 1), 900), ((5, 3), 1500)])
def test_two_prices_are_tested_in_the_worst_world(counts, n):
    prices, alpha = (1.0, 10.0), 0.05
    said = tail(counts, n, prices, alpha)
    drawn = worst_world(counts, n, prices, alpha)
    assert said == pytest.approx(1.0 if said == 1 else drawn, abs=0.012)


@pytest.mark.parametrize("prices", [(1.0,), (1.0, 10.0), (1.0, 3.0, 10.0)])
def test_the_ceiling_is_where_the_tail_gets_down(prices):
    counts, n = [4, 1, 1][: len(prices)], 600
    top = ceiling(counts, n, prices, 0.9)
    assert tail(counts, n, prices, top) <= 0.1 + 1e-6
    assert tail(counts, n, prices, top * 0.98) > 0.1
    assert top > float(np.dot(counts, prices)) / n


def test_of_one_price_the_ceiling_is_that_of_clopper_and_pearson():
    assert ceiling([3], 100, [1.0], 0.9) == pytest.approx(stats.beta.ppf(0.9, 4, 97), rel=1e-9)
    assert ceiling([100], 100, [1.0], 0.9) == 1.0


@pytest.mark.parametrize("prices", [(1.0, 10.0), (1.0, 3.0, 10.0)])
@pytest.mark.parametrize("mix", [(0.2, 0.6, 0.2), (0.9, 0.05, 0.05), (0.0, 0.0, 1.0)])
def test_a_tail_below_delta_is_as_rare_as_delta_on_the_border(prices, mix):
    """Worlds whose mean cost is alpha: rejecting them is the error that delta bounds."""
    alpha, delta, n, runs = 0.05, 0.1, 700, 2000
    share = np.array(mix[-len(prices) :]) / sum(mix[-len(prices) :])
    chances = share * alpha / float(share @ prices)
    drawn = np.random.default_rng(1).multinomial(n, [*chances, 1 - chances.sum()], runs)[:, : len(prices)]
    seen, times = np.unique(drawn, axis=0, return_counts=True)
    passed = sum(t for k, t in zip(seen, times, strict=True) if tail(k.tolist(), n, prices, alpha) <= delta)
    assert passed / runs <= delta + 4 * np.sqrt(delta * (1 - delta) / runs)
