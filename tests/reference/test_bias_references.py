"""The audit's statistics against SciPy, statsmodels, scikit-learn and fairlearn."""

import numpy as np
import pytest
from scipy import stats

from vesale.trust.bias import Ranking, Ratio, Sides, contrast, holm, newcombe
from vesale.trust.gaps import demographic_parity, equalised_odds

RNG = np.random.default_rng(5)


def sides(n, share=0.4, rng=RNG):
    a = rng.random(n) < share
    return Sides(a, ~a, [f"s{i}" for i in range(n)])


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_statsmodels(seed):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(seed).random(30) ** 3
    p[3] = p[4]
    assert holm(p.tolist()) == pytest.approx(multitest.multipletests(p, method="holm")[1])


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (0, 10, 0, 10), (5, 56, 0, 29)])
def test_the_interval_of_a_difference_is_statsmodels_newcombe(counts):
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    x1, n1, x2, n2 = counts
    expected = proportion.confint_proportions_2indep(x1, n1, x2, n2, method="newcomb", compare="diff")
    assert newcombe(*counts) == pytest.approx(expected, abs=1e-6)


def test_a_share_is_tested_as_fisher_does():
    hits = RNG.random(90) < 0.6
    where = sides(90)
    table = [[int((hits & s).sum()), int((~hits & s).sum())] for s in (where.a, where.b)]
    found = contrast(Ratio(hits * 1.0, np.ones(90)), where)
    assert found.p == pytest.approx(stats.fisher_exact(table).pvalue)
    assert found.difference == pytest.approx(hits[where.a].mean() - hits[where.b].mean())


def test_a_mean_difference_has_welchs_error_and_about_its_p():
    values = RNG.normal(0, 1, 200) + 0.35 * (np.arange(200) < 80)
    a = np.arange(200) < 80
    found = contrast(Ratio(values, np.ones(200)), Sides(a, ~a, [str(i) for i in range(200)]), draws=20_000)
    welch = stats.ttest_ind(values[a], values[~a], equal_var=False)
    assert found.se == pytest.approx(abs(found.difference / welch.statistic))
    assert found.p == pytest.approx(welch.pvalue, abs=0.02)


def test_a_paired_difference_has_the_paired_ts_error_and_about_its_p():
    subjects = [f"s{i // 2}" for i in range(60)]
    values = np.repeat(RNG.normal(0, 3, 30), 2) + RNG.normal(0, 0.5, 60)
    values[::2] += 0.3
    a = np.arange(60) % 2 == 0
    found = contrast(Ratio(values, np.ones(60)), Sides(a, ~a, subjects), draws=20_000)
    paired = stats.ttest_rel(values[a], values[~a])
    assert found.both_sides == 30
    assert found.difference == pytest.approx((values[a] - values[~a]).mean())
    assert found.se == pytest.approx(abs(found.difference / paired.statistic))
    assert found.p == pytest.approx(paired.pvalue, abs=0.03)


def test_the_error_of_an_auc_difference_is_delongs():
    score, truth = RNG.normal(0, 1, 150), (RNG.random(150) < 0.5).astype(int)
    score = np.round(score + truth, 1)
    where = sides(150)
    found = contrast(Ranking(score, truth), where)
    metrics = pytest.importorskip("sklearn.metrics")
    parts = [metrics.roc_auc_score(truth[s], score[s]) for s in (where.a, where.b)]
    assert found.difference == pytest.approx(parts[0] - parts[1])
    assert found.se**2 == pytest.approx(sum(_delong(score[s], truth[s] == 1) for s in (where.a, where.b)))


def _delong(score, truth):
    """DeLong's variance of one AUC, from its definition, with loops."""
    ill, well = score[truth], score[~truth]
    psi = [[1.0 if x > y else 0.5 if x == y else 0.0 for y in well] for x in ill]
    v10 = [float(np.mean(row)) for row in psi]
    v01 = [float(np.mean([row[j] for row in psi])) for j in range(len(well))]
    return np.var(v10, ddof=1) / len(v10) + np.var(v01, ddof=1) / len(v01)


@pytest.mark.parametrize("groups", [2, 4])
def test_gaps_are_fairlearns(groups):
    fair = pytest.importorskip("fairlearn.metrics")
    rng = np.random.default_rng(groups)
    truth, member = rng.integers(2, size=400), rng.integers(groups, size=400)
    said = (rng.random(400) < 0.3 + 0.4 * truth - 0.1 * (member == 0)).astype(int)
    subjects = [str(i) for i in range(400)]
    odds = equalised_odds(said, truth, member, subjects)
    parity = demographic_parity(said, truth, member, subjects)
    assert odds.measure.value == pytest.approx(fair.equalized_odds_difference(truth, said, sensitive_features=member))
    assert parity.measure.value == pytest.approx(
        fair.demographic_parity_difference(truth, said, sensitive_features=member)
    )
    assert parity.measure.low <= parity.measure.value <= parity.measure.high
