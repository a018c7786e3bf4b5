"""Laws of explanations: maps that know nothing rarely pass, and nothing is lost on the way back to the image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from vesale.core.grid import Box, Grid
from vesale.core.image import Image, Provenance
from vesale.core.pipeline import Pipeline
from vesale.core.recipe import Look
from vesale.core.task import Category, Task
from vesale.engine.sight import Sight, faded, on_the_image
from vesale.ops.look import prepare
from vesale.trust.faithful import cells, curves, judged, order_of, random_orders, spread, visible


def simulated(rng):
    """A model that sums a smooth field of weights over what detail is left, and a picture for it."""
    planes = rng.random((1, 1, 48, 48)).astype(np.float32)
    weight = ndimage.gaussian_filter(rng.normal(size=(48, 48)), 5)
    weight += rng.uniform(0.5, 1.5) * np.abs(weight).mean()
    blurred = faded(planes)

    def scores(versions):
        detail = np.abs(versions - blurred)[:, 0, 0]
        return np.tanh((detail * weight).sum(axis=(1, 2)) / np.abs(weight).sum() * 4)

    return scores, (planes, blurred), weight


def share_that_passes(make, trials):
    """Of `trials` simulated models, how many let a map made by `make(rng, weight)` pass deletion and insertion."""
    passed = 0
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        scores, pair, weight = simulated(rng)
        seen = visible(*pair)
        random = np.stack([curves(scores, pair, o, int(seen.sum())) for o in random_orders(seen, rng)])
        own = curves(scores, pair, order_of(cells(make(rng, weight)[None]), seen, rng), int(seen.sum()))
        passed += judged(own, random, [0.0]).passed
    return passed / trials


def blind(rng, weight):
    return ndimage.gaussian_filter(rng.normal(size=weight.shape), 3)


def test_a_map_that_knows_nothing_rarely_passes_and_the_truth_nearly_always():
    assert share_that_passes(blind, 60) <= 0.1
    assert share_that_passes(lambda rng, weight: weight, 20) >= 0.9


@pytest.mark.slow
def test_a_map_that_knows_nothing_passes_no_more_often_than_is_said():
    share = share_that_passes(blind, 600)
    assert share <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 600)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**16))
def test_a_choice_of_cells_comes_back_from_its_samples(height, width, seed):
    grid = cells(np.zeros((1, height, width))).shape
    chosen = np.random.default_rng(seed).random(grid) < 0.5
    assert np.array_equal(cells(spread(chosen, (height, width)) * 1.0) > 0.5, chosen)


@given(st.integers(20, 60), st.integers(20, 60), st.sampled_from(["none", "content"]), st.integers(0, 2**16))
def test_a_map_lies_where_the_network_looked(height, width, crop, seed):
    """A blob in the plane comes back to the samples that made it; what was cut off or erased is zero."""
    rng = np.random.default_rng(seed)
    data = np.zeros((1, height, width), np.uint8)
    data[:, 4:-4, 6:-6] = rng.integers(100, 255, (1, height - 8, width - 12))
    cy, cx = rng.integers(8, height - 8), rng.integers(9, width - 9)
    data[:, cy - 2 : cy + 3, cx - 2 : cx + 3] = 255
    image = Image(data, Grid((height, width)), "intensity", ("grey",), Provenance("made"))
    look = Look(channels=1, size=(64, 64), crop=crop, erase=((0.0, 0.0, 0.1, 0.3),))
    pipeline = Pipeline(Task("made", {"label": Category(("a", "b"))}), look)
    prepared = prepare([image], look)
    marked = np.zeros_like(data)
    marked[:, cy - 2 : cy + 3, cx - 2 : cx + 3] = 255
    # The same way in, for a picture that is black but for the blob; its frame is what the real one has.
    p = prepared.placement
    top, left, bottom, right = p.window
    blob = Image(marked[:, top:bottom, left:right], Grid((bottom - top, right - left)), "intensity", ("grey",),
                 Provenance("made"))  # fmt: skip
    plane = prepare([blob], Look(channels=1, size=(64, 64))).data
    box = Box((0, 0), (64, 64))
    sight = Sight(plane, plane, None, np.ones(1), (box,), box, p, None, 1)
    back = on_the_image(plane[:, 0], sight, image, pipeline, "made")
    assert back.data.shape == (1, height, width)
    assert back.grid == image.grid
    found = ndimage.center_of_mass(back.data[0])
    erased = np.zeros((height, width), bool)
    erased[: round(0.1 * height), : round(0.3 * width)] = True
    assert not back.data[0][erased].any()
    if not (erased & (marked[0] > 0)).any():
        assert found == pytest.approx((cy, cx), abs=1.0)
    outside = np.ones((height, width), bool)
    outside[top:bottom, left:right] = False
    assert not back.data[0][outside].any()
