"""Laws of the audit's comparisons."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vesale.trust.bias import Ratio, Sides, contrast, holm, newcombe

SEEDS = st.integers(0, 10_000)


def made(seed, binary):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(40, 120))
    values = (rng.random(n) < 0.6).astype(float) if binary else rng.normal(0, 1, n)
    side = rng.permutation(n) < n // 2
    subjects = [str(s) for s in (rng.integers(0, n // 2, n) if rng.random() < 0.5 else np.arange(n))]
    return Ratio(values, np.ones(n)), side, subjects


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans())
def test_the_other_way_round_is_the_same_difference_negated(seed, binary):
    statistic, side, subjects = made(seed, binary)
    one = contrast(statistic, Sides(side, ~side, subjects), 200)
    other = contrast(statistic, Sides(~side, side, subjects), 200)
    if one.difference is not None:
        assert other.difference == pytest.approx(-one.difference)
        assert (other.low, other.high) == pytest.approx((-one.high, -one.low))
        assert other.se == pytest.approx(one.se)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans())
def test_names_and_order_of_subjects_do_not_matter(seed, binary):
    statistic, side, subjects = made(seed, binary)
    order = np.random.default_rng(seed).permutation(len(side))
    moved = Ratio(statistic.top[order], statistic.bottom[order])
    one = contrast(statistic, Sides(side, ~side, subjects), 200)
    again = contrast(moved, Sides(side[order], ~side[order], [f"p{subjects[i]}" for i in order]), 200)
    assert (again.difference, again.low, again.n) == pytest.approx((one.difference, one.low, one.n))


@given(st.lists(st.floats(0, 1), max_size=30))
def test_a_corrected_p_is_never_smaller_and_keeps_the_order(p):
    adjusted = holm(p)
    assert all(a >= b for a, b in zip(adjusted, p, strict=True))
    assert all(0 <= a <= 1 for a in adjusted)
    order = np.argsort(p, kind="stable")
    assert all(adjusted[i] <= adjusted[j] for i, j in pairwise(order))


@given(st.integers(1, 80), st.integers(1, 80), st.floats(0, 1), st.floats(0, 1))
def test_an_interval_holds_its_difference(n1, n2, a, b):
    x1, x2 = round(a * n1), round(b * n2)
    low, high = newcombe(x1, n1, x2, n2)
    assert -1 - 1e-9 <= low <= x1 / n1 - x2 / n2 <= high <= 1 + 1e-9
