"""Distances in a network's space: of new exams like the learned ones they are as far as left-out ones, foreign ones lie
beyond; nothing of a single exam is kept."""

import numpy as np
import pytest

from vesale.trust.space import DIRECTIONS, FEWEST, fit_space, standing

RNG = np.random.default_rng(0)
MIX = RNG.normal(size=(20, 90))


def exams(rng, n, shift=0.0):
    """What a network sees: 20 things that vary, in 90 features, and some noise."""
    return rng.normal(size=(n, 20)) @ MIX + 0.3 * rng.normal(size=(n, 90)) + shift


def people(n):
    return [f"p{i}" for i in range(n)]


@pytest.mark.parametrize("n", [12, 40, 200])
def test_new_exams_stand_where_left_out_ones_do(n):
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        space = fit_space(exams(rng, n), people(n), ("features", 0, 90))
        found.append(standing(space, exams(rng, 50)))
    found = np.concatenate(found)
    assert abs(found.mean()) < 0.35
    assert 0.6 < found.std() < 1.6


def test_foreign_exams_lie_beyond():
    rng = np.random.default_rng(1)
    space = fit_space(exams(rng, 100), people(100), ("features", 0, 90))
    foreign = rng.normal(size=(50, 90)) * np.abs(MIX).sum()
    assert standing(space, foreign).min() > standing(space, exams(rng, 200)).max()


def test_a_direction_that_never_varied_counts():
    rng = np.random.default_rng(2)
    space = fit_space(exams(rng, 100), people(100), ("features", 0, 90))
    null = np.linalg.svd(MIX)[2][-1]
    odd = exams(rng, 50) + 40 * null
    assert standing(space, odd).mean() > standing(space, exams(rng, 50)).mean() + 3


def test_only_its_own_features_are_looked_at():
    rng = np.random.default_rng(3)
    seen = exams(rng, 60)
    space = fit_space(seen, people(60), ("stages", 10, 50))
    assert (space.start, space.stop, space.name) == (10, 50, "stages")
    other = exams(rng, 5)
    changed = other.copy()
    changed[:, :10] = 1e3
    changed[:, 50:] = -1e3
    assert np.array_equal(standing(space, other), standing(space, changed))


def test_exams_of_one_subject_are_left_out_together():
    """Else twins of a left-out exam stay in, and the left-out lie nearer than any new one can."""
    rng = np.random.default_rng(4)
    twins = np.repeat(exams(rng, 20), 5, axis=0) + 0.01 * rng.normal(size=(100, 90))
    honest = fit_space(twins, [f"p{i // 5}" for i in range(100)], ("features", 0, 90))
    naive = fit_space(twins, people(100), ("features", 0, 90))
    assert honest.level[0] > naive.level[0] + 0.2
    assert abs(standing(honest, exams(rng, 100)).mean()) < abs(standing(naive, exams(rng, 100)).mean())


def test_too_few_exams_or_subjects_make_no_space():
    rng = np.random.default_rng(5)
    assert fit_space(exams(rng, FEWEST - 1), people(FEWEST - 1), ("features", 0, 90)) is None
    assert fit_space(exams(rng, 40), ["one"] * 40, ("features", 0, 90)) is None
    assert fit_space(np.zeros((40, 0)), people(40), ("features", 0, 0)) is None


def test_what_is_kept_are_few_directions_and_no_exam():
    rng = np.random.default_rng(6)
    seen = exams(rng, 200)
    space = fit_space(seen, people(200), ("features", 0, 90))
    assert len(space.directions) <= DIRECTIONS
    assert np.allclose(space.directions @ space.directions.T, np.eye(len(space.directions)), atol=1e-5)
    scaled = (seen - space.centre) / space.scale
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    assert np.abs(space.directions @ scaled.T).max() < 0.95, "no direction is one exam"


def test_constant_features_are_no_fault():
    seen = np.ones((30, 8))
    space = fit_space(seen, people(30), ("features", 0, 8))
    assert np.isfinite(standing(space, seen)).all()
    assert standing(space, seen + 1)[0] > standing(space, seen)[0]
