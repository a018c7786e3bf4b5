"""Comparisons of two sides: what is too few, what is paired, and that chance alone is called chance."""

import numpy as np
import pytest

from vesale.trust.bias import Ranking, Ratio, Sides, Weighted, contrast, detectable, holm


def made(n, subjects=None):
    a = np.arange(n) % 2 == 0
    return Sides(a, ~a, subjects or [str(i) for i in range(n)])


def mean(values):
    return Ratio(np.asarray(values, float), np.ones(len(values)))


def test_too_few_is_said_and_not_guessed():
    found = contrast(mean(np.arange(18)), made(18))
    assert (found.difference, found.p) == (None, None)
    assert found.how == "too few to say: 9 subjects on one side, 10 are needed"


def test_an_auc_needs_ten_with_and_ten_without_on_each_side():
    truth = (np.arange(60) % 6 == 0).astype(int)
    found = contrast(Ranking(np.arange(60.0), truth), made(60))
    assert found.p is None
    assert "with it" in found.how


def test_subjects_are_the_unit_not_exams():
    """The same values forty times over say no more than once."""
    values = np.random.default_rng(0).normal(0, 1, 24) + (np.arange(24) % 2) * 0.5
    once = contrast(mean(values), made(24), draws=4000)
    subjects = [str(i) for i in range(24)] * 40
    again = Sides(np.tile(np.arange(24) % 2 == 0, 40), np.tile(np.arange(24) % 2 == 1, 40), subjects)
    often = contrast(mean(np.tile(values, 40)), again, draws=4000)
    assert often.n == once.n == 24
    assert often.se == pytest.approx(once.se)
    assert often.p == pytest.approx(once.p, abs=0.03)


def test_what_is_paired_is_compared_within_subjects():
    rng = np.random.default_rng(1)
    level = np.repeat(rng.normal(0, 5, 20), 2)
    values = level + np.tile([0.0, 1.0], 20) + rng.normal(0, 0.2, 40)
    paired = contrast(mean(values), made(40, [str(i // 2) for i in range(40)]), draws=4000)
    loose = contrast(mean(values), made(40), draws=4000)
    assert paired.both_sides == 20
    assert paired.p < 0.001 < 0.2 < loose.p


def test_all_against_none_has_a_width():
    hits = np.array([1.0, 0.0] * 15)
    found = contrast(Ratio(hits, np.ones(30)), made(30))
    assert found.difference == 1.0
    assert 0.6 < found.low < 0.9
    assert found.p < 1e-6


def test_nothing_that_differs_is_no_difference():
    found = contrast(mean(np.ones(40) * 3), made(40))
    assert found.difference == 0.0
    assert found.p == 1.0


@pytest.mark.parametrize("kind", ["ratio", "ranking", "weighted"])
def test_p_is_uniform_under_chance(kind):
    """Of 150 cohorts without a difference about one in ten has p below .1, never many more."""
    low = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        truth, score = np.arange(60) % 2, rng.normal(0, 1, 60)
        statistic = {
            "ratio": mean(score),
            "ranking": Ranking(score + truth, truth),
            "weighted": Weighted(lambda w, s=score: (w @ s**2) / w.sum(axis=1), np.ones(60, bool)),
        }[kind]
        side = rng.permutation(60) < 30
        p = contrast(statistic, Sides(side, ~side, [str(i) for i in range(60)]), 400, seed, False).p
        low += p is not None and p < 0.1
    assert 4 <= low <= 27  # binomial(150, .1): outside in 1 of 1,000


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_a_gap_of_the_detectable_size_is_found_four_times_in_five():
    rng, n = np.random.default_rng(3), 200
    side = np.arange(n) < 80
    se = np.sqrt(1 / 80 + 1 / 120)
    size = detectable(se, 0.05, 1)
    found = sum(
        contrast(mean(rng.normal(0, 1, n) + size * side), Sides(side, ~side, [str(i) for i in range(n)]), 200).p < 0.05
        for _ in range(200)
    )
    assert 140 <= found <= 178
