"""What makes a map faithful: curves against random order, and the likeness to maps of shuffled weights."""

import numpy as np
import pytest
from scipy import stats

from vesale.core.explanation import ALIKE
from vesale.trust.faithful import (
    ORDERS,
    STEPS,
    cells,
    curves,
    judged,
    likeness,
    order_of,
    random_orders,
    spread,
    visible,
)

SHAPE = (48, 64)


def view(rng):
    planes = rng.random((1, 1, *SHAPE)).astype(np.float32)
    return planes, np.full_like(planes, planes.mean())


def decided_by(where, faded):
    """The answer of a model that looks at the samples `where` alone: how much of their detail is there."""

    def scores(versions):
        return np.abs(versions - faded)[:, 0, 0][:, where].mean(axis=1).astype(float)

    return scores


def measured(scores, pair, attribution, similarity=(0.0, 0.1, -0.1)):
    seen = visible(*pair)
    rng = np.random.default_rng(3)
    own = curves(scores, pair, order_of(cells(attribution), seen, rng), int(seen.sum()))
    random = [curves(scores, pair, o, int(seen.sum())) for o in random_orders(seen, np.random.default_rng(0))]
    return judged(own, np.stack(random), similarity)


@pytest.fixture
def planted():
    rng = np.random.default_rng(0)
    where = np.zeros(SHAPE, bool)
    where[6:18, 40:56] = True
    pair = view(rng)
    return decided_by(where, pair[1]), pair, where


def test_a_map_of_what_decides_passes(planted):
    scores, pair, where = planted
    found = measured(scores, pair, where[None].astype(float))
    assert found.passed
    assert found.deletion.low > 0
    assert found.insertion.low > 0
    assert found.deletion.n == ORDERS
    assert found.deletion.n_of == "trial"


def test_a_map_of_anything_else_fails_and_says_which_check(planted):
    scores, pair, where = planted
    found = measured(scores, pair, ~where[None] * 1.0)
    assert set(found.failed) == {"deletion", "insertion"}
    assert found.deletion.value < 0


def test_a_flat_map_gets_nothing_from_the_order_of_its_cells(planted):
    scores, pair, _ = planted
    assert not measured(scores, pair, np.zeros((1, *SHAPE))).passed


def test_a_good_map_that_shuffled_weights_give_too_fails(planted):
    scores, pair, where = planted
    found = measured(scores, pair, where[None].astype(float), similarity=(0.9, 0.8, ALIKE))
    assert found.failed == ("randomised_weights",)


def test_weights_that_could_not_be_shuffled_are_a_failed_check_that_says_why(planted):
    scores, pair, where = planted
    own = curves(scores, pair, order_of(cells(where[None] * 1.0), visible(*pair), np.random.default_rng(0)), 256)
    found = judged(own, np.stack([own[::-1]] * 3), None, "no weights inside")
    assert "randomised_weights" in found.failed
    assert found.randomised_weights.value is None
    assert found.randomised_weights.method == "no weights inside"


def test_a_model_that_never_moves_is_explained_by_nothing(planted):
    _, pair, where = planted
    found = measured(lambda versions: np.ones(len(versions)), pair, where[None] * 1.0)
    assert found.deletion.value is None
    assert found.insertion.value is None
    assert {"deletion", "insertion"} <= set(found.failed)
    assert found.weaker.value is None


def test_curves_begin_and_end_where_all_is_there_or_gone(planted):
    scores, pair, _ = planted
    seen = visible(*pair)
    for order in random_orders(seen, np.random.default_rng(5), 3):
        deletion, insertion = curves(scores, pair, order, int(seen.sum()))
        whole, nothing = scores(np.stack(pair))
        assert deletion[[0, -1]] == pytest.approx([whole, nothing])
        assert insertion[[0, -1]] == pytest.approx([nothing, whole])
        assert len(deletion) == STEPS + 1
        assert (np.diff(deletion) <= 1e-9).all(), "this model's answer only falls as detail goes"


def test_what_is_flat_anyway_goes_last():
    planes = np.zeros((1, 1, *SHAPE), np.float32)
    planes[..., :24, :] = np.random.default_rng(0).random((24, 64))
    seen = visible(planes, np.where(planes > 0, 0.5, 0.0))
    assert seen[:, :8].all()
    assert not seen[:, 8:].any()
    order = order_of(-cells(np.indices(SHAPE)[0][None] * 1.0), seen, np.random.default_rng(0))
    assert set(order[: int(seen.sum())]) == set(np.flatnonzero(seen))


@pytest.mark.parametrize("shape", [(48, 64), (33, 50), (7, 20), (16, 16)])
def test_cells_and_samples_agree(shape):
    rng = np.random.default_rng(1)
    grid = cells(np.zeros((2, *shape))).shape
    chosen = rng.random(grid) < 0.4
    assert spread(chosen, shape).shape == (2, *shape)
    assert cells(spread(chosen, shape) * 1.0) == pytest.approx(chosen * 1.0)
    whole = rng.random((1, *shape))
    assert cells(np.full((1, *shape), 3.0)) == pytest.approx(np.full((1, *grid[1:]), 3.0))
    assert cells(whole).min() >= whole.min()


def test_likeness_is_spearmans_of_strengths():
    rng = np.random.default_rng(2)
    a, b, where = rng.normal(size=(9, 11)), rng.normal(size=(9, 11)), rng.random((9, 11)) < 0.7
    expected = stats.spearmanr(np.abs(a[where]), np.abs(b[where])).statistic
    assert likeness(a, b, where) == pytest.approx(expected)
    assert likeness(a, -3 * a, where) == pytest.approx(1.0)
    assert likeness(a, np.zeros_like(a), where) == 0.0
