"""Laws of programmes: a risk never falls with a sign of disease; an order of photographs changes nothing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vesale.trust.fuse import SCORE, Kinds, fit_fusion


def fitted():
    rng = np.random.default_rng(0)
    truth = rng.random(160) < 0.4
    rows = [
        {
            SCORE: float(rng.beta(4, 2) if t else rng.beta(2, 4)),
            "count": float(rng.poisson(8 if t else 2)),
            "odd": float(rng.normal(-1.0 * t)),
        }
        for t in truth
    ]
    return fit_fusion(rows, truth, Kinds(("count", "odd"), (), frozenset({"count", "odd"})))[0]


FUSION = fitted()


@given(
    st.floats(0.001, 0.999),
    st.floats(0, 40),
    st.floats(-3, 3),
    st.floats(0, 20),
    st.sampled_from([SCORE, "count", "odd"]),
)
def test_a_risk_never_falls_with_a_sign_of_disease(score, count, odd, more, name):
    values = {SCORE: score, "count": count, "odd": odd}
    raised = {**values, name: min(values[name] + more, 0.999) if name == SCORE else values[name] + more}
    raised[name] = max(raised[name], values[name])
    assert FUSION.risk(raised) >= FUSION.risk(values) - 1e-12


@given(st.dictionaries(st.sampled_from([SCORE, "count", "odd"]), st.none() | st.floats(0, 1), max_size=3))
def test_a_risk_is_a_probability_whatever_is_missing(values):
    assert 0 <= FUSION.risk(values) <= 1
    assert set(FUSION.missing(values)) == {i.name for i in FUSION.inputs if values.get(i.name) is None}
