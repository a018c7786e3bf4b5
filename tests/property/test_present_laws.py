"""Laws of presenting: how a volume is stored never changes what is seen; a cut through it stays in the world."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import phantoms_present
from vesale.core.grid import Grid
from vesale.ops.orient import PLANES, upright
from vesale.ops.project import project, slab
from vesale.render.subject import Presentation
from vesale.verbs.present import present

ORDERS = list(itertools.permutations(range(3)))
FLIPS = list(itertools.product((False, True), repeat=3))


def stored(volume, order, flips):
    """The same body stored with its axes in another order and direction: one of 48."""
    spacing, axes = np.array([3.0, 2.0, 1.5]), np.eye(3)[::-1]
    data, origin = volume, np.array([10.0, -5.0, 3.0])
    for axis, flip in enumerate(flips):
        if flip:
            data = np.flip(data, axis)
            origin = origin + axes[axis] * spacing[axis] * (volume.shape[axis] - 1)
            axes[axis] = -axes[axis]
    data = np.ascontiguousarray(data.transpose(order))
    rows = tuple(tuple(float(v) for v in axes[a]) for a in order)
    options = {"origin": tuple(float(v) for v in origin)}
    return phantoms_present.held(data, tuple(float(spacing[a]) for a in order), "CT", rows, **options)


@pytest.mark.parametrize("plane", list(PLANES))
@pytest.mark.parametrize("kind", ["slice", "mip"])
def test_all_48_ways_of_storing_a_body_give_one_picture(plane, kind):
    volume = phantoms_present.body((10, 16, 18))
    volume[8:, 2:4, 14:] = 900  # nothing is symmetric
    wish = Presentation(kind, axis=plane, window="bone", slab=6, at=None, size=128)
    first = None
    for order, flips in itertools.product(ORDERS, FLIPS):
        done = present(stored(volume, order, flips), None, wish)
        place = done.document["position_mm"]
        if first is None:
            first = done, place
        assert done.document["orientation"] == first[0].document["orientation"]
        assert place == pytest.approx(first[1])
        difference = np.abs(done.frames[0].astype(int) - first[0].frames[0]).max()
        assert difference <= 1, (order, flips)


@given(
    st.permutations(range(3)), st.tuples(*[st.booleans()] * 3), st.integers(0, 9), st.integers(0, 8), st.integers(0, 7)
)
def test_turning_upright_keeps_the_world(order, flips, z, y, x):
    source = stored(np.arange(10 * 9 * 8, dtype=np.int32).reshape(10, 9, 8), order, flips)
    grid = source.image.grid
    turned = upright(grid)
    value = turned.turn(source.image.data)[0][z, y, x]
    where = turned.grid.to_world(np.array([z, y, x], float))
    index = np.rint(grid.to_index(where)).astype(int)
    assert source.image.data[0][tuple(index)] == value
    for axis, i in enumerate((z, y, x)):
        assert turned.index(axis, turned.place(axis, i)) == pytest.approx(i)
        assert turned.stored(axis, turned.stored(axis, i)) == i


@given(st.integers(1, 300), st.floats(0.1, 500), st.floats(0.1, 10), st.floats(0, 1))
def test_a_slab_lies_in_the_volume_and_is_never_empty(count, thickness, spacing, share):
    start, stop = slab(count, thickness, spacing, share * (count - 1))
    assert 0 <= start < stop <= count
    assert stop - start <= max(1, round(thickness / spacing))


@given(st.integers(0, 2), st.integers(0, 2**32 - 1))
def test_minimum_average_and_maximum_are_in_order_and_of_one_slice_the_slice(axis, seed):
    volume = np.random.default_rng(seed).integers(-3000, 3000, (5, 6, 7)).astype(np.int16)
    low, mean, high = (project(volume, axis, how) for how in ("minimum", "average", "maximum"))
    assert (low <= mean).all()
    assert (mean <= high).all()
    one = volume.take([2], axis)
    for how in ("minimum", "average", "maximum"):
        assert np.array_equal(project(one, axis, how), volume.take(2, axis))


def test_an_oblique_grid_is_not_resampled():
    turn = np.array([[0.96, -0.28, 0.0], [0.28, 0.96, 0.0], [0.0, 0.0, 1.0]])
    axes = tuple(tuple(float(v) for v in row) for row in (turn @ np.eye(3)[::-1].T).T)
    grid = Grid((4, 5, 6), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), axes, "patient")
    data = np.arange(120).reshape(1, 4, 5, 6)
    assert set(upright(grid).turn(data).ravel()) == set(data.ravel())
