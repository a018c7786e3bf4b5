import numpy as np
import pytest

from vesale.trust import control as c


def test_the_mask_threshold_is_the_highest_that_holds():
    bins, n = 10, 30
    positives = np.zeros((n, bins), dtype=int)
    positives[:, 7] = 90  # nine in ten of every structure lie at .7
    positives[:, 2] = 10
    assert c.control_false_negatives(positives, 0.2) == 0.7
    assert c.control_false_negatives(positives, 0.05) == 0.2
    assert c.control_false_negatives(positives, 0.01) is None  # thirty exams promise no such thing
    assert c.control_false_negatives(positives[:3], 0.2) is None


def test_exams_without_the_structure_say_nothing():
    positives = np.zeros((40, 10), dtype=int)
    assert c.control_false_negatives(positives, 0.2) is None
    positives[:12, 9] = 5
    assert c.control_false_negatives(positives, 0.1) == c.control_false_negatives(positives[:12], 0.1) == 0.9


def test_a_structure_lost_in_the_lowest_bin_cannot_be_promised():
    positives = np.zeros((40, 10), dtype=int)
    positives[:, 0] = 5
    assert c.control_false_negatives(positives, 0.1) is None


# With confidence ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alpha", "delta"), [(0.05, 0.1), (0.1, 0.1), (0.1, 0.05), (0.2, 0.1), (0.1, None)])
def test_the_number_that_would_do_does_and_one_less_does_not(alpha, delta):
    n = c.needed(alpha, delta)
    assert c.control(np.zeros((n, 1)), alpha, delta) == 1
    assert c.control(np.zeros((n - 1, 1)), alpha, delta) is None


def test_confidence_costs_a_lower_threshold():
    rng = np.random.default_rng(0)
    positives = np.stack([np.bincount(row, minlength=64) for row in (rng.beta(5, 2, (120, 300)) * 63).astype(int)])
    on_average = c.control_false_negatives(positives, 0.1)
    sure = c.control_false_negatives(positives, 0.1, delta=0.1)
    surer = c.control_false_negatives(positives, 0.1, delta=0.01)
    assert 0 < surer <= sure < on_average


def test_what_is_promised_does_not_rest_on_the_order_of_thresholds_beyond_the_first_failure():
    losses = np.tile([0.0, 0.0, 1.0, 0.0], (60, 1))  # no rising loss: the test stops at the first that fails
    assert c.control(losses, 0.1, 0.1) == 2


@pytest.mark.parametrize("delta", [None, 0.1])
def test_what_a_mask_would_take_is_enough_and_little_more_than_is_needed(delta):
    positives = np.zeros((5, 20), dtype=int)
    positives[:, 10] = 96
    positives[:, 0] = 4  # four in a hundred are below every threshold
    n = c.would_do(positives, 0.1, [f"s{i}" for i in range(5)], delta)
    more = np.resize(positives, (n, 20))
    assert c.control_false_negatives(more, 0.1, delta=delta) is not None
    assert c.control_false_negatives(more[: int(0.88 * n)], 0.1, delta=delta) is None
    positives[:, 0] = 40
    assert c.would_do(positives, 0.1, [f"s{i}" for i in range(5)], delta) is None


def test_without_the_structure_what_would_do_is_the_least():
    assert c.would_do(np.zeros((3, 8)), 0.1, ["a", "b", "c"]) == 9
    assert c.bearers(np.array([[0, 0], [1, 0], [2, 2]]), ["a", "b", "b"]) == 1


def test_exams_of_a_subject_are_averaged():
    losses = c.by_subject(np.array([[0.0], [1.0], [0.5]]), np.array(["a", "a", "b"]))
    np.testing.assert_allclose(losses, [[0.5], [0.5]])


# Pictures ----------------------------------------------------------------------------------------------------------


def test_pixels_outside_are_counted_in_spreads_and_where_valid():
    answer, truth = np.zeros((1, 2, 3)), np.array([[[0.5, 1.5, 2.5], [3.5, np.nan, 99.0]]])
    valid = np.array([[[1, 1, 1], [1, 1, 0]]], bool)
    outside = c.pixels_outside(answer, truth, 2.0, valid)  # errors in spreads: .25 .75 1.25 1.75
    at = np.searchsorted(-c.SCALES, -1.0)
    assert outside[at] == 0.5
    assert outside[0] == 0 and outside[-1] == 1
    assert (np.diff(outside) >= 0).all()
    assert (c.pixels_outside(answer, truth * np.nan) == 0).all()


@pytest.mark.parametrize("delta", [None, 0.1])
def test_the_scale_of_a_picture_leaves_few_pixels_outside(delta):
    rng = np.random.default_rng(0)
    outside = np.stack([c.pixels_outside(np.zeros((40, 40)), rng.normal(size=(40, 40)) * 3, 3.0) for _ in range(60)])
    scale = c.fit_spread(outside, 0.1, delta=delta)
    assert 1.6 < scale < 2.1  # 1.64 holds nine in ten of a normal error; n is small
    assert c.fit_spread(outside[:5], 0.1) is None
