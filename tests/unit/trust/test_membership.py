"""The likelihood-ratio attack on made answers: it finds what was planted, and nothing where nothing was."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from vesale.trust.membership import Attacked, likelihood_ratio, membership

SUBJECTS = 400


def made(gain: float, seed: int = 0, references: int = 4, subjects: int = SUBJECTS) -> Attacked:
    """Exams of very different difficulty; a network answers those that it learned from better, by `gain`."""
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(0, 3, subjects)
    member = rng.permutation(subjects) < subjects // 2
    seen = difficulty + gain * member + rng.normal(0, 1, subjects)
    others = difficulty[:, None] + rng.normal(0, 1, (subjects, references))
    return Attacked(seen, others, member, tuple(f"s{i}" for i in range(subjects)))


def test_a_planted_gain_is_told_as_well_as_the_theory_says():
    references = 4
    found = membership([made(2.0, references=references)])
    assert found is not None
    expected = stats.norm.cdf(2.0 / np.sqrt(2 * (1 + 1 / references)))
    assert found.auc.low < expected < found.auc.high
    assert (found.members, found.others, found.references) == (200, 200, references)


def test_without_references_difficulty_hides_the_members():
    with_, without = (membership([made(2.0, references=m)]) for m in (4, 0))
    assert with_.auc.low > without.auc.high
    assert without.references == 0
    assert "own likelihood" in without.auc.method


def test_where_nothing_is_betrayed_the_interval_holds_a_half():
    found = [membership([made(0.0, seed)]) for seed in range(20)]
    held = sum(f.auc.low <= 0.5 <= f.auc.high for f in found)
    assert held >= 17  # of 20 at 95 %: fewer than 17 happen once in a hundred
    assert np.mean([f.caught.value for f in found]) == pytest.approx(0.05, abs=0.02)


def test_it_is_the_area_of_scikit_learn():
    one = made(1.0)
    assert membership([one]).auc.value == pytest.approx(roc_auc_score(one.member, likelihood_ratio(one)))


def test_networks_on_other_scales_are_pooled():
    one = made(1.5)
    other = replace(made(1.5, 1), seen=100 + 50 * made(1.5, 1).seen, references=100 + 50 * made(1.5, 1).references)
    pooled = membership([one, other]).auc.value
    alone = [membership([network]).auc.value for network in (one, other)]
    assert min(alone) - 0.02 < pooled < max(alone) + 0.02


def test_of_the_others_at_most_a_twentieth_is_accused():
    found = membership([made(2.0)])
    told = [t for a, t in found.curve if a <= 0.05]
    assert found.caught.value >= max(told)
    assert found.curve[0] == (0.0, 0.0) and found.curve[-1] == (1.0, 1.0)


@pytest.mark.parametrize("subjects", [0, 12])
def test_too_few_say_nothing(subjects):
    assert membership([made(1.0, subjects=subjects)] if subjects else []) is None
