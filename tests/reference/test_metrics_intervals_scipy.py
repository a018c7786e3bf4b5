"""Our intervals against SciPy's."""

import numpy as np
import pytest
from scipy import stats

from vesale.metrics import classification, intervals


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 17), (10, 10), (45, 60)])
def test_clopper_pearson(k, n):
    theirs = stats.binomtest(k, n).proportion_ci(0.9, "exact")
    assert intervals.clopper_pearson(k, n, 0.9) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_bootstrap_of_a_mean():
    values = np.random.default_rng(3).normal(size=80)
    names = [str(i) for i in range(80)]
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1))
    low, high = intervals.bootstrap(lambda index: float(values[index].mean()), names, draws=4000)
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.02)
    weighted = intervals.bootstrap_weighted(lambda w: w @ values / w.sum(axis=1), names, draws=4000)
    assert weighted == pytest.approx((low, high), abs=0.02)


def test_the_weighted_auc_has_the_same_interval_as_the_plain_one():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 120)
    score = np.round(truth * 0.4 + rng.random(120), 1)
    p = np.clip(score / 1.5, 0, 1)
    who = [f"s{i // 2}" for i in range(120)]
    plain = intervals.bootstrap(lambda i: classification.auc(score[i], truth[i]), who, draws=1000)
    measured = classification.category_measures(np.stack([1 - p, p], 1), truth, (p >= 0.5).astype(int), ("a", "b"), who)
    assert (measured["auc"].low, measured["auc"].high) == pytest.approx(plain, abs=0.02)
    assert measured["auc"].n == 60
