"""Numbers of an operating point by patient, counted here by hand, and the decision curve by its definition."""

import numpy as np
import pytest

from vesale.metrics.operating import Screened, decision_curve, net_benefit, operating, per_thousand


def screened():
    """20 referable (2 set aside, 1 not imageable), 80 others (60 set aside, 5 not imageable)."""
    positive = np.arange(100) < 20
    aside = np.zeros(100, bool)
    aside[:2] = aside[20:80] = True
    imageable = np.ones(100, bool)
    imageable[19] = False
    imageable[95:] = False
    return Screened(positive, aside, imageable, np.where(positive, 0.8, 0.1))


def test_shares_are_counted_by_patient():
    found = operating(screened())
    values = {name: (m.value, m.n) for name, m in found.items()}
    assert values == {
        "sensitivity": (18 / 20, 20),
        "specificity": (60 / 80, 80),
        "sensitivity_imageable": (17 / 19, 19),
        "specificity_imageable": (60 / 75, 75),
        "imageability": (94 / 100, 100),
        "set_aside": (62 / 100, 100),
        "missed_aside": (2 / 62, 62),
    }
    assert all(m.low < m.value < m.high for m in found.values())


def test_the_workload_follows_from_the_rates():
    found = per_thousand(screened(), 0.1)
    assert found["missed_per_1000"].value == pytest.approx(1000 * 0.1 * 0.1)
    assert found["saved_per_1000"].value == pytest.approx(1000 * (0.1 * 0.1 + 0.9 * 0.75))
    assert found["missed_per_1000"].low < 10 < found["missed_per_1000"].high


def test_nobody_missed_is_not_stated_as_never():
    seen = screened()
    aside = seen.aside & ~seen.positive
    found = per_thousand(Screened(seen.positive, aside, seen.imageable, seen.risk), 0.1)["missed_per_1000"]
    assert found.value == 0
    assert found.high == pytest.approx(1000 * 0.1 * 0.1684, rel=1e-3)  # Clopper-Pearson, 0 of 20


def test_net_benefit_is_true_less_weighed_false_referrals():
    positive, referred = np.array([1, 1, 0, 0, 0]), np.array([1, 0, 1, 0, 0])
    assert net_benefit(positive, referred, 0.2) == pytest.approx(1 / 5 - 1 / 5 * 0.25)
    assert net_benefit(positive, np.zeros(5), 0.4) == 0


def test_referring_everyone_crosses_nothing_at_the_prevalence():
    curve = decision_curve(screened(), (0.1, 0.2, 0.3))
    assert curve.everyone[1] == pytest.approx(0, abs=1e-12)
    assert curve.everyone[0] > 0 > curve.everyone[2]
    assert curve.model == pytest.approx((0.2 - 0.8 / 9, 0.2, 0.2))  # at 0.1 the others' risk is not below it


def test_a_patient_without_a_risk_is_referred():
    seen = screened()
    risk = np.where(np.arange(100) == 50, np.nan, seen.risk)
    with_gap = decision_curve(Screened(seen.positive, seen.aside, seen.imageable, risk), (0.5,))
    assert with_gap.model[0] == pytest.approx(0.2 - 1 / 100)


def test_a_kind_of_patient_that_is_not_there_is_unknown():
    seen = screened()
    none = Screened(np.zeros(100, bool), seen.aside, seen.imageable, seen.risk)
    found = operating(none)["sensitivity"]
    assert found.value is None
    assert "no patient of that kind" in found.method
