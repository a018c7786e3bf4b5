"""The fusion's weights against scikit-learn's penalised logistic regression, where no bound binds."""

import numpy as np
import pytest

from vesale.trust.fuse import SCORE, Kinds, fit_fusion

linear_model = pytest.importorskip("sklearn.linear_model")


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_the_same_weights(gaps):
    rng = np.random.default_rng(0)
    n = 300
    truth = rng.random(n) < 0.4
    score = np.clip(np.where(truth, rng.beta(3, 2, n), rng.beta(2, 3, n)), 0.01, 0.99)
    count = rng.poisson(np.where(truth, 9, 2)).astype(float)
    gone = rng.random(n) < gaps
    rows = [{SCORE: float(s), "count": None if g else float(c)} for s, c, g in zip(score, count, gone, strict=True)]
    fusion, _ = fit_fusion(rows, truth, Kinds(("count",)))
    assert fusion.kind == "images"
    logit = np.log(score / (1 - score))
    known = count[~gone]
    columns = [(logit - logit.mean()) / logit.std(), np.where(gone, 0, (count - known.mean()) / known.std()), gone]
    model = linear_model.LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000)
    model.fit(np.column_stack(columns), truth)
    ours = [fusion.inputs[0].weight, fusion.inputs[1].weight, fusion.inputs[1].absent]
    assert np.allclose(ours, model.coef_[0], atol=2e-4)
    assert fusion.intercept == pytest.approx(model.intercept_[0], abs=2e-4)
    risks = [fusion.risk(row) for row in rows]
    assert np.allclose(risks, model.predict_proba(np.column_stack(columns))[:, 1], atol=1e-4)
