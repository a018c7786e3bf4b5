import numpy as np
import pytest
from scipy import special

from vesale.trust import calibrate as c


def population(n, k=4, seed=0, sharpness=1.0):
    """Probabilities whose truth is drawn from them, then sharpened: the right temperature is `sharpness`."""
    rng = np.random.default_rng(seed)
    p = special.softmax(2 * rng.normal(size=(n, k)), axis=1)
    truth = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(0, k - 1)
    return special.softmax(np.log(p) * sharpness, axis=1), truth


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_the_sharpening(sharpness):
    p, truth = population(4000, sharpness=sharpness)
    assert c.fit_temperature(p, truth) == pytest.approx(sharpness, rel=0.08)


def test_unknown_truth_changes_nothing():
    p, truth = population(500)
    more = np.concatenate([p, p]), np.concatenate([truth, np.full(500, -1)])
    assert c.fit_temperature(*more) == c.fit_temperature(p, truth)
    assert c.fit_temperature(p, np.full(500, -1)) == 1.0


def test_an_error_free_set_does_not_make_the_model_certain():
    p = np.tile([0.9, 0.1], (30, 1))
    at = c.apply_temperature(p, c.fit_temperature(p, np.zeros(30)))
    assert 0.93 < at[0, 0] < 0.98
    assert at[0, 0] == pytest.approx(1 - 1 / 32, abs=1e-3)


def test_an_always_wrong_model_is_doused_within_the_bounds():
    p = np.tile([0.999, 0.001], (200, 1))
    assert c.fit_temperature(p, np.ones(200)) == pytest.approx(c.HIGHEST, rel=0.01)


def test_zero_and_one_stay_finite():
    p = c.apply_temperature([[1.0, 0.0]], 2.0)
    assert np.isfinite(p).all()
    assert p.sum() == pytest.approx(1)
    assert np.isfinite(c.apply_temperature_binary(np.array([0.0, 1.0], np.float32), 0.05)).all()


def test_maps_keep_their_shape_and_precision():
    p = np.random.default_rng(0).random((2, 5, 7)).astype(np.float32)
    out = c.apply_temperature_binary(p, 1.7)
    assert (out.shape, out.dtype) == (p.shape, np.float32)
    np.testing.assert_allclose(c.apply_temperature_binary(p, 1.0), p, atol=1e-6)
