"""Training exams like a new one."""

import numpy as np
import pytest

from vesale.trust.neighbours import nearest, shelf_of


@pytest.fixture
def made():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 6)) * [1, 100, 0.01, 1, 1, 0] + [0, 5, 0, 0, 0, 7]
    return features, shelf_of(features, [f"e{i}" for i in range(40)], [f"s{i // 2}" for i in range(40)])


def test_an_exam_is_nearest_to_itself_and_very_near(made):
    features, shelf = made
    for i in (0, 17, 39):
        first = nearest(shelf, features[i])[0]
        assert first.exam == f"e{i}"
        assert first.distance < 0.01
        assert first.nearer == 1.0


def test_distances_are_the_root_mean_square_of_standard_deviations(made):
    features, shelf = made
    new = features[3] + [1, 0, 0, 0, 0, 0]
    scale = features.std(axis=0)
    scale[5] = 1
    wanted = np.sqrt(np.square((features - new) / scale).mean(axis=1))
    found = nearest(shelf, new, 40)
    assert [n.exam for n in found[:5]] == [f"e{i}" for i in np.argsort(wanted)[:5]]
    assert [n.distance for n in found] == pytest.approx(np.sort(wanted), abs=5e-3)


def test_a_subjects_other_exam_is_no_neighbour_of_its_own(made):
    twice = np.repeat(np.random.default_rng(1).normal(size=(5, 4)), 2, axis=0)
    shelf = shelf_of(twice, list("abcdefghij"), [str(i // 2) for i in range(10)])
    assert (shelf.own > 0.1).all()


def test_one_subject_alone_has_none():
    shelf = shelf_of(np.eye(3), list("abc"), ["s"] * 3)
    assert shelf.own.size == 0
    assert nearest(shelf, np.eye(3)[0])[0].nearer == 0.0


def test_features_of_another_network_have_no_neighbours(made):
    assert nearest(made[1], np.zeros(5)) == ()
