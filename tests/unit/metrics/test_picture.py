"""Measures of pictures: perfect ones are perfect, chance is a half, and what is not defined is not a number."""

import numpy as np
import pytest

from vesale.metrics.picture import (
    SINGLE,
    agreement,
    correlation,
    identified,
    mean_measure,
    permutation_p,
    picture_cells,
    ssim,
)

RNG = np.random.default_rng(0)
PICTURES = RNG.uniform(0, 1, (12, 64))


def test_the_truth_itself_is_perfect():
    cells = picture_cells(PICTURES[0].reshape(1, 8, 8), PICTURES[0].reshape(1, 8, 8), 1.0)
    assert set(cells) == set(SINGLE)
    assert cells["mse"] == 0
    assert abs(cells["pcc"] - 1) < 1e-12
    assert abs(cells["ssim"] - 1) < 1e-12
    assert cells["psnr_db"] is None  # no number states no error


def test_the_range_scales_the_error_and_nothing_else():
    a, b = PICTURES[:2].reshape(2, 1, 8, 8)
    one, many = picture_cells(a, b, 1.0), picture_cells(255 * a, 255 * b, 255.0)
    assert all(abs(one[k] - many[k]) < 1e-9 for k in SINGLE)


def test_what_is_not_defined_is_none():
    flat = np.full((1, 8, 8), 0.3)
    assert correlation(flat, PICTURES[0]) is None
    assert ssim(np.zeros((6, 9)), np.zeros((6, 9))) is None
    assert picture_cells(flat, PICTURES[0].reshape(1, 8, 8), 1.0)["pcc"] is None


def test_identification():
    names = [str(i) for i in range(12)]
    table = agreement(PICTURES, PICTURES)
    np.testing.assert_allclose(np.diagonal(table), 1)
    assert identified(table, names).tolist() == [1.0] * 12
    assert identified(-table, names).tolist() == [0.0] * 12
    assert identified(np.zeros((12, 12)), names).tolist() == [0.5] * 12  # a tie is half


def test_a_picture_that_was_seen_twice_is_not_compared_with_itself():
    twice = np.concatenate([PICTURES[:3], PICTURES[:3]])
    told = identified(agreement(twice, twice), ["a", "b", "c", "a", "b", "c"])
    assert told.tolist() == [1.0] * 6


def test_within_a_class_only_its_own_are_the_others():
    base = np.array([[1.0, 0, 0, 0], [0, 0, 0, 1.0]])
    truths = np.repeat(base, 2, axis=0) + 0.01 * RNG.normal(size=(4, 4))
    told = np.repeat(base, 2, axis=0)  # the class, and nothing else
    names, classes = list("abcd"), ["x", "x", "y", "y"]
    table = agreement(told, truths)
    assert identified(table, names).mean() > 0.6
    assert identified(table, names, classes).mean() == 0.5
    assert np.isnan(identified(table, names, ["x", "y", "z", None])).all()


def test_p_is_small_for_the_truth_and_not_for_chance():
    subjects = [str(i) for i in range(12)]
    assert permutation_p(agreement(PICTURES, PICTURES), subjects) == (1 / 10_000, 9999)
    assert permutation_p(np.zeros((12, 12)), subjects)[0] == 1.0
    assert permutation_p(np.ones((3, 3)), ["a"] * 3) == (1.0, 0)
    ps = [permutation_p(np.random.default_rng(s).normal(size=(8, 8)), list("abcdefgh"))[0] for s in range(30)]
    assert 0.25 < np.mean(ps) < 0.75


def test_repeats_of_a_picture_change_places_together():
    """Two pictures in ten trials each can be dealt out in two ways only: p is never below a half or so."""
    truths = np.repeat(PICTURES[:2], 10, axis=0)
    p, _ = permutation_p(agreement(truths, truths), ["a"] * 10 + ["b"] * 10)
    assert 0.45 < p < 0.55


def test_a_mean_leaves_out_what_is_not_known():
    found = mean_measure("pcc", [0.2, np.nan, 0.4, 0.6, 0.8, 0.5, 0.5], list("abcdefg"))
    assert found.value == pytest.approx(0.5)
    assert found.n == 6
    assert found.low is not None
    assert found.low < 0.5 < found.high
