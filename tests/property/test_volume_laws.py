"""Laws of volumes: all 48 orientations, whichever format, lie in the world as SimpleITK has them; a crop keeps it."""

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

import phantoms_volumes as made
from vesale.core.grid import Box
from vesale.io import open_source
from vesale.io.events import Event, standardised, window

TURNS = [
    np.eye(3)[list(order)] * signs
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def test_there_are_48_orientations():
    assert len({t.tobytes() for t in TURNS}) == 48


@pytest.mark.parametrize("suffix", ["mha", "mhd", "nrrd", "nhdr"])
def test_the_world_of_every_orientation(tmp_path, suffix):
    """A bright sample stands at the same place of the world in each of the 48 files as in SimpleITK."""
    rng = np.random.default_rng(8)
    for i, turn in enumerate(TURNS):
        data = made.samples(rng)
        path = made.write_itk(tmp_path / f"{i}.{suffix}", made.itk(data, turn))
        source, theirs = open_source(path), sitk.ReadImage(str(path))
        grid, found = source.levels[0], source.read().data[0]
        for index in itertools.product(*[(0, n // 2, n - 1) for n in grid.shape]):
            place = theirs.TransformIndexToPhysicalPoint([int(v) for v in index[::-1]])
            np.testing.assert_allclose(grid.to_world(np.array(index, float)), place, atol=1e-6)
            assert found[index] == theirs.GetPixel([int(v) for v in index[::-1]])
        assert source.description.notes == ()


@settings(max_examples=25)
@given(
    st.sampled_from(["mha", "nrrd"]),
    st.booleans(),
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    st.tuples(*[st.floats(0.05, 20)] * 3),
    st.integers(0, 10_000),
    st.data(),
)
def test_a_crop_keeps_the_world_and_the_samples(suffix, packed, shape, spacing, seed, draw):
    rng = np.random.default_rng(seed)
    image = made.itk(made.samples(rng, shape), np.linalg.qr(rng.normal(size=(3, 3)))[0])
    image.SetSpacing(spacing)
    start = tuple(draw.draw(st.integers(0, n - 1)) for n in shape)
    stop = tuple(draw.draw(st.integers(a + 1, n)) for a, n in zip(start, shape, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = made.write_itk(Path(folder) / f"v.{suffix}", image, packed)
        source = open_source(path)
        whole, part = source.read(), source.read(Box(start, stop))
    np.testing.assert_array_equal(part.data, whole.data[(slice(None), *Box(start, stop).slices)])
    np.testing.assert_allclose(part.grid.to_world(np.zeros(3)), whole.grid.to_world(np.array(start, float)), atol=1e-6)


@given(st.integers(4, 60), st.integers(1, 5), st.floats(-50, 50), st.floats(-5, 5), st.integers(0, 999))
def test_a_trend_and_a_scale_change_nothing(count, voxels, level, slope, seed):
    """Standardising takes away what a scanner's drift and gain add; what is left has mean 0 and spread 1."""
    run = np.random.default_rng(seed).normal(size=(count, voxels)).astype(np.float32)
    drift = level + slope * np.arange(count, dtype=np.float32)[:, None]
    plain = standardised(run)
    np.testing.assert_allclose(standardised(3 * run + drift), plain, atol=2e-3)
    np.testing.assert_allclose(plain.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(plain.std(0), 1, atol=1e-4)


@given(st.floats(0, 100), st.floats(0, 30), st.floats(0.3, 5), st.floats(0, 10))
def test_a_window_holds_the_volumes_of_its_seconds_and_at_least_one(onset, duration, step, lag):
    first, last, notes = window(Event(onset, duration), step, 1000, lag)
    assert 0 <= first <= last
    inside = [i for i in range(1000) if onset + lag - 1e-6 <= i * step <= onset + duration + lag + 1e-6]
    assert [*range(first, last + 1)] == inside or (not inside and first == last and not notes)
