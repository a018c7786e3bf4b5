"""Who may be set aside: nobody who is referred anyway, nobody without a promise; the promise holds in simulations."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from vesale.core.errors import PackageError
from vesale.trust.fuse import Fusion, Input
from vesale.trust.refer import needed
from vesale.trust.set_aside import ProgrammeTrust, fit_set_aside, from_documents, to_document


def drawn(rng, n, ill=0.3):
    truth = rng.random(n) < ill
    sure = np.where(truth, rng.beta(2, 5, n), rng.beta(6, 2, n))
    return sure, truth, [str(i) for i in range(n)]


def test_a_patient_who_is_referred_anyway_is_never_set_aside():
    sure, names = np.linspace(0.5, 1, 200), [str(i) for i in range(200)]
    sure[:50] = 0.0
    rule = fit_set_aside(sure, np.zeros(200, bool), names, (0.05, 0.1), "set_aside")
    assert rule.threshold is not None
    assert rule.reports(0.5)
    assert not rule.reports(0.0)


def test_too_few_patients_give_no_promise_and_how_many_would():
    sure, truth, names = drawn(np.random.default_rng(0), 30)
    for kind in ("set_aside", "missed"):
        rule = fit_set_aside(sure, truth, names, (0.05, 0.1), kind)
        assert rule.threshold is None
        assert rule.needed == needed(0.05, 0.1) == 45


def test_no_miss_among_the_fewest_that_can_show_it():
    n = needed(0.1, 0.1)  # 22 referable patients
    truth = np.arange(2 * n) < n
    sure = np.where(truth, 0.2, 0.9)
    rule = fit_set_aside(sure, truth, [str(i) for i in range(2 * n)], (0.1, 0.1), "missed")
    assert (rule.n, rule.reported, rule.wrong) == (n, n, 0)
    fewer = fit_set_aside(sure[1:], truth[1:], [str(i) for i in range(2 * n - 1)], (0.1, 0.1), "missed")
    assert fewer.threshold is None


@pytest.mark.parametrize("kind", ["set_aside", "missed"])
def test_the_promise_is_broken_no_more_often_than_stated(kind):
    """400 calibrations; each one's true rate is taken on a large population. More than delta of them may not exceed
    alpha: 0.1 and three standard errors."""
    rng, alpha, delta, runs = np.random.default_rng(1), 0.1, 0.1, 400
    many, ill, _ = drawn(rng, 100_000)
    broken, fitted = 0, 0
    for _ in range(runs):
        rule = fit_set_aside(*drawn(rng, 250), (alpha, delta), kind)
        if rule.threshold is None:
            continue
        fitted += 1
        aside = many >= rule.threshold
        rate = ill[aside].mean() if kind == "set_aside" and aside.any() else aside[ill].mean()
        broken += rate > alpha
    assert fitted > runs / 2
    assert broken / runs <= delta + 3 * np.sqrt(delta * (1 - delta) / runs)


def test_it_is_kept_in_files_and_read_back():
    fusion = Fusion("worst", -1.0, (Input("score", 0.1, 1.2, 2.0, 0.0, 50),), 50, 20, left_out={"age": "none"})
    rule = fit_set_aside(*drawn(np.random.default_rng(2), 300), (0.2, 0.1), "missed")
    trust = ProgrammeTrust(fusion, rule, "missed", "wrong", 300, 90, 295, {"grade": "abc"}, "out_of_fold")
    document = json.loads(json.dumps(to_document(trust)))
    assert from_documents(document, json.loads(json.dumps({"fusion": asdict(fusion)}))) == trust
    with pytest.raises(PackageError, match="expected schema"):
        from_documents({**document, "schema": "vesale/programme-trust/9"}, {"fusion": None})
