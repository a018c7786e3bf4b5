"""Before anything is laid over finely, originals are still there and most of the others are not."""

import numpy as np
import pytest

from benchmarks.changes import CHANGES
from phantoms_copies import disc_of, scene
from vesale.ops.thumbnail import thumbnail
from vesale.trust.fingerprints import candidates
from vesale.trust.promising import _rank, promising


def small(picture, side=128):
    return thumbnail(np.moveaxis(picture, -1, 0), side)


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(21)
    return [disc_of(scene(rng)) for _ in range(40)]


def test_originals_stay_and_others_go(scenes):
    rng = np.random.default_rng(22)
    changed = [small(change(picture, rng)) for change in CHANGES.values() for picture in scenes[:5]]
    originals = [small(s) for s in scenes]
    pairs = candidates(changed, originals)
    left = {(a, b) for a, b, _ in promising(changed, originals, pairs)}
    right = {(n, n % 5) for n in range(len(changed))}
    assert len(right - left) <= 2
    assert len(left - right) <= 0.05 * len({(c.a, c.b) for c in pairs})


def test_one_cohort_is_as_two(scenes):
    pictures = [small(s) for s in scenes[:12]] + [small(s[:, ::-1]) for s in scenes[:6]]
    pairs = candidates(pictures)
    once, twice = promising(pictures, pictures, pairs), promising(pictures, list(pictures), pairs)
    assert [(a, b) for a, b, _ in once] == [(a, b) for a, b, _ in twice] == [(i, i + 12) for i in range(6)]
    assert all(np.allclose(x, y) for (_, _, x), (_, _, y) in zip(once, twice, strict=True))


def test_no_candidates_are_no_pairs():
    assert promising([], [], []) == []


def test_small_pictures_are_compared_at_the_coarse_side(scenes):
    pictures = [small(s, 28) for s in scenes] + [small(scenes[0][::-1], 28)]
    found = {(a, b) for a, b, _ in promising(pictures, pictures, candidates(pictures))}
    assert (0, 40) in found


def test_rank_is_the_place_in_its_group():
    groups = np.array([[1, 2], [1, 2], [0, 5], [1, 2], [0, 5]])
    assert _rank(groups, np.array([0.1, 0.9, 0.3, 0.5, 0.2])).tolist() == [2, 0, 0, 1, 1]
    assert _rank(groups[:0], np.zeros(0)).tolist() == []
