"""Many squares at once: the maps and the correlations are those of one pair alone, and a known map is recovered."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from vesale.trust.squares import agreeing, laid_over, moved_by


def square(rng, side=32):
    picture = gaussian_filter(rng.normal(0, 1, (side + 24, side + 24)), 2)[12:-12, 12:-12]
    return (picture / picture.std()).astype(np.float32)


def through(picture, affine):
    """What is seen through a map, by SciPy."""
    side = len(picture)
    place = (np.arange(side) + 0.5) / side * 2 - 1
    y, x = np.meshgrid(place, place, indexing="ij")
    spots = affine[:, :2] @ np.stack([x.ravel(), y.ravel()]) + affine[:, 2:]
    rows = (spots[::-1] + 1) / 2 * side - 0.5
    return map_coordinates(picture, rows, order=1, mode="nearest").reshape(side, side).astype(np.float32)


@pytest.mark.parametrize("side", [32, 64])
def test_a_known_map_is_recovered(side):
    rng = np.random.default_rng(0)
    wanted = np.eye(2, 3) + rng.normal(0, 0.04, (12, 2, 3))
    moved = np.stack([square(rng, side) for _ in wanted])
    fixed = np.stack([through(picture, affine) for picture, affine in zip(moved, wanted, strict=True)])
    found, like = laid_over(moved, fixed, np.repeat(np.eye(2, 3)[None], 12, axis=0), 12)
    assert np.abs(found - wanted).max() < 0.02
    assert like.min() > 0.97


def test_pairs_do_not_know_of_each_other():
    rng = np.random.default_rng(1)
    moved, fixed = (np.stack([square(rng) for _ in range(70)]) for _ in range(2))
    start = np.eye(2, 3) + rng.normal(0, 0.05, (70, 2, 3))
    together, like = laid_over(moved, fixed, start)
    for i in (0, 40, 69):
        alone, one = laid_over(moved[i : i + 1], fixed[i : i + 1], start[i : i + 1])
        assert np.allclose(alone[0], together[i], atol=1e-3)
        assert one[0] == pytest.approx(like[i], abs=1e-3)


def test_agreement_is_the_correlation_where_both_show_something():
    rng = np.random.default_rng(2)
    moved, fixed = square(rng), square(rng)
    shift = np.array([[1, 0, 0.5], [0, 1, 0.0]])
    seen, inside = through(moved, shift), (np.arange(32) + 0.5) / 32 * 2 - 1 + 0.5 <= 1
    wanted = np.corrcoef(seen[:, inside].ravel(), fixed[:, inside].ravel())[0, 1]
    assert agreeing(moved[None], fixed[None], shift[None])[0] == pytest.approx(wanted, abs=1e-4)
    assert agreeing(moved[None], moved[None], np.eye(2, 3)[None])[0] == pytest.approx(1, abs=1e-5)


def test_where_nothing_is_shared_there_is_no_agreement():
    away = np.array([[[1, 0, 3.0], [0, 1, 0]]])
    picture = square(np.random.default_rng(3))[None]
    assert agreeing(picture, picture, away)[0] == 0
    assert laid_over(picture[:0], picture[:0], away[:0])[1].shape == (0,)


def test_a_step_goes_the_inverse_way_and_is_held_within_bounds():
    affine = np.eye(2, 3)[None]
    step = np.array([[[0.0, 0, 0.1], [0, 0, -0.2]]])
    assert np.allclose(moved_by(affine, step)[0], [[1, 0, -0.1], [0, 1, 0.2]])
    assert np.allclose(moved_by(affine[0], step[0]), moved_by(affine, step)[0])
    assert np.abs(moved_by(affine, step * 100)[0, :, 2]).max() == pytest.approx(0.3)
