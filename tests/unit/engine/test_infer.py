"""Whatever way the pixels take through the network (tiles, mirrors, padding, slices), the answer is the same."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.pipeline import Pipeline
from vesale.core.recipe import Look
from vesale.core.task import Category, Partition, Task
from vesale.engine.infer import features, infer
from vesale.ops.look import prepare

LESIONS = Task("t", {"mask": Partition(("a", "b"), exclusive=False)})
BOTH = Task("t", {"mask": Partition(("background", "a")), "label": Category(("x", "y"))})
NAMES = Task("t", {"label": Category(("x", "y"))})


def planes(shape):
    data = np.random.default_rng(0).integers(0, 256, (1, *shape)).astype(np.uint8)
    return prepare([Image(data, Grid(shape), "intensity", ("grey",), Provenance("made"))], Look(channels=1))


def echo(batch):
    """A network that answers with its own input, and its complement."""
    return {"mask": np.concatenate([batch, 1 - batch], 1)}


def dark(batch):
    """Answers for the whole: how bright; and a map."""
    mean = batch.mean((1, 2, 3))
    return {"mask": np.concatenate([1 - batch, batch], 1), "label": np.stack([mean, 1 - mean], 1)}


def multiple_of(n, network):
    """A network that refuses what it could not halve."""

    def run(batch):
        assert batch.shape[2] % n == 0
        assert batch.shape[3] % n == 0
        return network(batch)

    return run


@given(
    st.tuples(st.integers(5, 70), st.integers(5, 70)),
    st.sampled_from([None, (16, 16), (24, 32)]),
    st.sampled_from([0.0, 0.25, 0.5]),
    st.sampled_from([(), ("horizontal",), ("vertical",), ("horizontal", "vertical")]),
    st.sampled_from([1, 8]),
)
def test_tiled_mirrored_and_padded_is_dense(shape, tile, overlap, mirror, multiple):
    seen = planes(shape)
    pipeline = Pipeline(LESIONS, Look(channels=1), tile, overlap, mirror, multiple)
    found = infer(multiple_of(multiple, echo), seen, pipeline)["mask"]
    assert found.shape == (2, *shape)
    assert np.allclose(found[0], seen.data[0, 0], atol=1e-5)
    assert np.allclose(found[1], 1 - seen.data[0, 0], atol=1e-5)


def test_mirrors_are_averaged_after_they_are_turned_back():
    def left(batch):
        """Sees only what is left of the middle."""
        keep = batch.copy()
        keep[:, :, :, batch.shape[3] // 2 :] = 0
        return {"mask": np.concatenate([keep, keep], 1)}

    seen = planes((16, 16))
    found = infer(left, seen, Pipeline(LESIONS, Look(channels=1), mirror=("horizontal",)))["mask"]
    assert np.allclose(found[0], seen.data[0, 0] / 2, atol=1e-6), "each half is seen by one of the two"


@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_a_volume_is_answered_slice_by_slice(tile):
    seen = planes((5, 24, 20))
    found = infer(echo, seen, Pipeline(LESIONS, Look(channels=1), tile))["mask"]
    assert found.shape == (2, 5, 24, 20)
    assert np.allclose(found[0], seen.data[:, 0], atol=1e-5)


def test_one_answer_for_the_whole_is_the_mean_over_slices():
    def brightness(batch):
        mean = batch.mean((1, 2, 3))
        return {"label": np.stack([mean, 1 - mean], 1)}

    seen = planes((11, 24, 20))
    found = infer(brightness, seen, Pipeline(NAMES, Look(channels=1)))["label"]
    assert found.shape == (2,)
    assert found[0] == pytest.approx(seen.data.mean(), abs=1e-5)
    assert found.sum() == pytest.approx(1)


def test_map_and_name_come_from_one_pass():
    seen = planes((20, 20))
    found = infer(dark, seen, Pipeline(BOTH, Look(channels=1)))
    assert found["mask"].shape == (2, 20, 20)
    assert found["label"][0] == pytest.approx(seen.data.mean(), abs=1e-5)


def test_what_the_look_cut_away_is_background():
    data = np.zeros((1, 40, 60), np.uint8)
    data[:, 10:30, 10:50] = 200
    look = Look(channels=1, crop="content")
    seen = prepare([Image(data, Grid((40, 60)), "intensity", ("grey",), Provenance("made"))], look)
    found = infer(dark, seen, replace(Pipeline(BOTH, look), tile=(16, 16)))["mask"]
    assert (found[0, :10] == 1).all()
    assert (found[1, :10] == 0).all()
    assert np.allclose(found[1, 10:30, 10:50], 200 / 255, atol=1e-5)


@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_what_the_network_sees_is_the_mean_over_tiles_and_planes_not_mirrored(tile):
    def sees(batch):
        left = batch[:, :, :, : batch.shape[3] // 2]
        return {"mask": np.concatenate([batch, 1 - batch], 1), "features": left.mean((2, 3))}

    seen = planes((3, 32, 32))
    pipeline = Pipeline(LESIONS, Look(channels=1), tile, 0.0, ("horizontal",))
    found = infer(sees, seen, pipeline)
    assert set(found) == {"mask", "features"}
    side = 32 if tile is None else 16
    columns = [x for x in range(32) if x % side < side // 2]
    assert found["features"].shape == (1,)
    assert found["features"][0] == pytest.approx(seen.data[..., columns].mean(), abs=1e-5)
    assert features(sees, seen.data, pipeline) == pytest.approx(found["features"])
    assert features(echo, seen.data, pipeline) is None
    assert set(infer(echo, seen, pipeline)) == {"mask"}, "a package that does not say is read as before"
