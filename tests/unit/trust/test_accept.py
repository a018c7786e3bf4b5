"""Differences of two sites: the interval covers, the verdict follows from it, and the worst decides."""

import numpy as np
import pytest

from vesale.core.acceptance import FEW, Compared
from vesale.core.report import Measure
from vesale.metrics.intervals import clopper_pearson
from vesale.trust.accept import advice, compare, difference, picture_changes


def share(name, k, n):
    return Measure(name, k / n, *clopper_pearson(k, n, 0.95), n)


def test_the_interval_of_a_difference_covers_it():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        a, b = rng.binomial(400, 0.9), rng.binomial(100, 0.8)
        gap = difference(share("accuracy", a, 400), share("accuracy", b, 100))
        held += gap.low <= -0.1 <= gap.high
    assert held >= 935  # 95 % or more, as each interval is conservative


@pytest.mark.parametrize(
    ("metric", "stated", "here", "verdict"),
    [
        ("accuracy", (900, 1000), (940, 1000), "as_stated"),
        ("accuracy", (900, 1000), (60, 70), "not_shown_worse"),
        ("accuracy", (900, 1000), (60, 100), "worse"),
    ],
)
def test_a_verdict_follows_from_the_interval(metric, stated, here, verdict):
    assert compare("label", share(metric, *stated), share(metric, *here), 0.05).verdict == verdict


def test_of_an_error_more_is_worse_and_no_margin_is_applied():
    stated, here = Measure("mae", 1.0, 0.9, 1.1, 100), Measure("mae", 2.0, 1.8, 2.2, 100)
    assert compare("size", stated, here, 0.05).verdict == "worse"
    assert compare("size", here, stated, 0.05).verdict == "not_shown_worse"


@pytest.mark.parametrize("low", [None, 0.5])
def test_what_is_not_known_is_not_judged(low):
    stated = Measure("auc", 0.9 if low else None, None, None, 10)
    one = compare("label", stated, share("auc", 9, 10), 0.05)
    assert one.verdict == "unknown" and one.difference.low is None and one.difference.method


def made(*verdicts):
    known = share("auc", 9, 10)
    return [Compared("label", "auc", known, known, known, verdict) for verdict in verdicts]


@pytest.mark.parametrize(
    ("subjects", "verdicts", "promised", "moved", "expected"),
    [
        (FEW - 1, ("as_stated",), True, False, "too_few"),
        (FEW, ("as_stated", "unknown"), True, False, "accept"),
        (FEW, ("as_stated",), False, False, "accept_with_conditions"),
        (FEW, ("as_stated",), True, True, "accept_with_conditions"),
        (FEW, ("as_stated", "not_shown_worse"), True, False, "accept_with_conditions"),
        (FEW, ("unknown",), True, False, "accept_with_conditions"),
        (FEW, ("as_stated", "worse"), True, False, "do_not_accept"),
    ],
)
def test_the_worst_decides(subjects, verdicts, promised, moved, expected):
    assert advice(subjects, made(*verdicts), promised, moved) == expected


def test_pictures_that_moved_come_first():
    here = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([-9.0, -9.0]), "c": np.array([])}
    found = picture_changes(dict.fromkeys("abc", 0.0), {"a": 1.0, "b": 3.0, "c": 1.0}, here)
    assert [(m.what, m.shift) for m in found] == [("b", -3.0), ("a", 2.0)]
