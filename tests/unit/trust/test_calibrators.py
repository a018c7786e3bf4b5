import numpy as np
import pytest
from scipy import special

from vesale.trust import calibrators as c


def stated(n, seed=0, slope=2.5, offset=1.0):
    """(probabilities, truth): true ones through the inverse of a sigmoid, so that Platt's has slope and offset."""
    rng = np.random.default_rng(seed)
    x = 1.5 * rng.normal(size=n)
    truth = (rng.random(n) < special.expit(x)).astype(float)
    return special.expit(slope * x + offset), truth


def test_the_sigmoid_finds_slope_and_offset():
    p, truth = stated(40_000)
    found = c.fit_binary("platt", p[None], truth[None], 1 - truth[None])
    assert found.slopes[0] == pytest.approx(1 / 2.5, rel=0.05)
    assert found.offsets[0] == pytest.approx(-1 / 2.5, abs=0.04)


def test_counts_are_as_good_as_exams():
    p, truth = stated(2000)
    p = (np.floor(p * 64) + 0.5) / 64
    yes, no = (np.bincount((p * 64).astype(int), weights=w, minlength=64) for w in (truth, 1 - truth))
    middles = (np.arange(64) + 0.5) / 64
    for kind in ("temperature", "platt", "isotonic"):
        one = c.fit_binary(kind, p[None], truth[None], 1 - truth[None])
        other = c.fit_binary(kind, middles[None], yes[None], no[None])
        grid = np.linspace(0.01, 0.99, 50)[None]
        np.testing.assert_allclose(
            c.apply_calibrator(one, grid, False), c.apply_calibrator(other, grid, False), atol=2e-3
        )


def test_the_isotonic_curve_follows_the_truth_and_rises_everywhere():
    p, truth = stated(20_000)
    found = c.fit_binary("isotonic", p[None], truth[None], 1 - truth[None])
    assert len(found.knots[0]) <= c.KNOTS
    grid = np.linspace(0.02, 0.98, 40)
    right = special.expit((special.logit(grid) - 1) / 2.5)
    got = c.apply_calibrator(found, grid[None], False)[0]
    np.testing.assert_allclose(got, right, atol=0.06)
    whole = c.apply_calibrator(found, np.linspace(0, 1, 500)[None], False)[0]
    assert (np.diff(whole) > 0).all()


@pytest.mark.parametrize("kind", ["temperature", "platt", "isotonic"])
def test_no_number_of_exams_without_an_error_makes_certain(kind):
    p = np.concatenate([np.full(30, 0.9), np.full(30, 0.1)])
    truth = np.repeat([1.0, 0.0], 30)
    found = c.fit_binary(kind, p[None], truth[None], 1 - truth[None])
    out = c.apply_calibrator(found, np.array([[1.0, 0.0, 0.9]]), False)
    assert out.min() > 0
    assert out.max() < 1
    assert 0.9 < out[0, 2] < 0.995


def test_a_name_that_nobody_bears_keeps_its_probabilities():
    p, truth = np.full((1, 20), 0.3), np.zeros((1, 20))
    found = c.fit_binary("platt", p, truth, 1 - truth)
    assert (found.slopes, found.offsets) == ((1.0,), (0.0,))
    nothing = c.fit_binary("isotonic", p, truth, truth)
    np.testing.assert_allclose(c.apply_calibrator(nothing, p, False), p)


def test_a_sigmoid_never_turns_the_order_around():
    p = np.linspace(0.05, 0.95, 60)[None]
    truth = (p < 0.5).astype(float)  # always wrong
    found = c.fit_binary("platt", p, truth, 1 - truth)
    assert found.slopes[0] == c.FLATTEST
    assert (np.diff(c.apply_calibrator(found, p, False)[0]) > 0).all()


def test_vector_scaling_finds_each_names_bias():
    rng = np.random.default_rng(0)
    true = special.softmax(1.5 * rng.normal(size=(20_000, 3)), axis=1)
    truth = (rng.random((20_000, 1)) > np.cumsum(true, axis=1)).sum(axis=1).clip(0, 2)
    said = special.softmax(2 * np.log(true) + [0, 1.0, -1.0], axis=1)
    found = c.fit_exclusive("vector", said, truth)
    np.testing.assert_allclose(found.slopes, 0.5, atol=0.05)
    np.testing.assert_allclose(found.offsets, [0, -0.5, 0.5], atol=0.06)
    np.testing.assert_allclose(c.apply_calibrator(found, said.T, True).T, true, atol=0.05)


@pytest.mark.parametrize("kind", ["temperature", "vector", "isotonic"])
def test_exclusive_names_add_up_to_one_on_maps_and_keep_their_precision(kind):
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(3), 200)
    found = c.fit_exclusive(kind, p, p.argmax(axis=1))
    maps = np.moveaxis(rng.dirichlet(np.ones(3), (5, 7)), -1, 0).astype(np.float32)  # (names, 5, 7)
    out = c.apply_calibrator(found, maps, True)
    assert (out.shape, out.dtype) == (maps.shape, np.float32)
    np.testing.assert_allclose(out.sum(axis=0), 1, atol=1e-5)
    flat = c.apply_calibrator(found, maps.reshape(3, -1), True)
    np.testing.assert_allclose(flat.reshape(maps.shape), out, atol=1e-6)


@pytest.mark.parametrize("kind", ["temperature", "platt", "isotonic"])
def test_of_two_exclusive_names_the_first_is_what_the_second_leaves(kind):
    p, truth = stated(300)
    found = c.fit_exclusive(kind, np.stack([1 - p, p], axis=1), truth.astype(np.int64))
    out = c.apply_calibrator(found, np.stack([1 - p, p]), True)
    np.testing.assert_allclose(out[0], 1 - out[1])
    np.testing.assert_allclose(out[1], c.apply_calibrator(found, p[None], False)[0])


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_the_sharpening_of_counts(sharpness):
    rng = np.random.default_rng(1)
    p = special.expit(2 * rng.normal(size=40_000))
    seen = np.floor(special.expit(special.logit(p) * sharpness) * 1024).clip(0, 1023).astype(int)
    truth = rng.random(40_000) < p
    yes, no = (np.bincount(seen, weights=side, minlength=1024)[None] for side in (truth, ~truth))
    found = c.fit_binary("temperature", (np.arange(1024)[None] + 0.5) / 1024, yes, no)
    assert 1 / found.slopes[0] == pytest.approx(sharpness, rel=0.1)
