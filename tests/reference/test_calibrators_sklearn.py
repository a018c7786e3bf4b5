"""Ours against scikit-learn: Platt's sigmoid, isotonic regression, vector scaling and the log loss."""

import numpy as np
import pytest
from scipy import special

from vesale.trust import calibrators as c
from vesale.trust import choose as ch

sklearn = pytest.importorskip("sklearn")


def made(n=800, seed=0):
    rng = np.random.default_rng(seed)
    x = 1.5 * rng.normal(size=n)
    return special.expit(2 * x + 1), (rng.random(n) < special.expit(x)).astype(float)


def smoothed(p, truth):
    """The smoothed truth as weighted exams: each once as it is, once as it is not."""
    slack = 1 / (len(p) + 2)
    weights = np.concatenate([np.where(truth == 1, 1 - slack, slack), np.where(truth == 1, slack, 1 - slack)])
    return special.logit(np.tile(p, 2))[:, None], np.repeat([1, 0], len(p)), weights


def test_the_sigmoid_is_a_logistic_regression_of_the_logit():
    from sklearn.linear_model import LogisticRegression

    p, truth = made()
    ours = c.fit_binary("platt", p[None], truth[None], 1 - truth[None])
    x, y, weights = smoothed(p, truth)
    theirs = LogisticRegression(C=np.inf, tol=1e-8).fit(x, y, weights)
    assert ours.slopes[0] == pytest.approx(theirs.coef_[0, 0], rel=1e-3)
    assert ours.offsets[0] == pytest.approx(theirs.intercept_[0], abs=1e-3)


def test_the_isotonic_blocks_are_scikit_learns():
    from sklearn.isotonic import IsotonicRegression

    p, truth = made()
    knots, values = c.isotonic(p, truth, 1 - truth)
    theirs = IsotonicRegression(y_min=0, y_max=1).fit(p, truth)
    slack = 1 / (len(p) + 2)
    inside = np.array(knots[1:-1])
    back = (np.array(values[1:-1]) - c.TILT * inside) / (1 - c.TILT)  # our curve without its tilt
    levels = np.unique(theirs.predict(p).round(12)).clip(slack, 1 - slack)
    np.testing.assert_allclose(np.unique(back.round(9)), np.unique(levels.round(9)), atol=1e-8)


def test_the_score_of_a_candidate_is_scikit_learns_log_loss():
    from sklearn.metrics import log_loss

    p, truth = made(300)
    named = ch.Named(np.stack([1 - p, p], axis=1), truth.astype(np.int64))
    found = ch.choose(named, [f"s{i}" for i in range(300)])
    assert found.candidates[0].log_loss == pytest.approx(log_loss(truth, p))
    left_out = named.losses(found.calibrator).mean()
    out = c.apply_calibrator(found.calibrator, named.p.T, True).T
    assert left_out == pytest.approx(log_loss(truth, out))
