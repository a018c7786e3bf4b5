"""What a network sees is the picture, and what it says goes back to where it was seen."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesale.core.errors import ShapeError, UnknownSpacing
from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.recipe import Look
from vesale.ops.look import evenly, prepare, prepare_labels, resize, restore


def image(data, spacing=None):
    data = np.asarray(data)
    names = tuple(f"c{i}" for i in range(len(data)))
    return Image(data, Grid(data.shape[1:], spacing), "intensity", names, Provenance("made"))


def noise(shape, dtype=np.uint8, top=255):
    return (np.random.default_rng(0).random(shape) * top).astype(dtype)


@st.composite
def looks(draw):
    size = draw(st.none() | st.tuples(st.integers(8, 40), st.integers(8, 40)))
    spacing = draw(st.none() | st.tuples(st.floats(0.5, 2), st.floats(0.5, 2)))
    return Look(channels=1, size=size, spacing=spacing, crop=draw(st.sampled_from(["none", "content"])))


shapes = st.tuples(st.integers(9, 40), st.integers(9, 40))


@given(looks(), shapes, st.floats(0.01, 1), st.booleans())
def test_a_constant_map_comes_back_constant_where_it_was_seen(look, shape, value, framed):
    data = np.full((1, *shape), 200, np.uint8)
    if framed:
        data[:, :, : shape[1] // 4] = 0
    planes = prepare([image(data, (1.0, 1.0))], look)
    maps = np.full((1, 2, *planes.data.shape[2:]), value, np.float32)
    back = restore(maps, planes.placement, (7.0, -3.0))
    assert back.shape == (2, *shape)
    top, left, bottom, right = planes.placement.window
    seen = np.zeros(shape, bool)
    seen[top:bottom, left:right] = True
    assert np.allclose(back[:, seen], value, atol=1e-5)
    assert (back[0][~seen] == 7).all()
    assert (back[1][~seen] == -3).all()
    if look.crop == "content" and framed and shape[1] - shape[1] // 4 >= 8:
        assert (~seen).any()


@given(shapes, st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_labels_that_are_not_resized_come_back_as_they_were(shape, more):
    labels = np.random.default_rng(1).integers(0, 5, (2, *shape)).astype(np.uint8)
    side = max(shape) + max(more)
    planes = prepare([image(noise((1, *shape)))], Look(channels=1))
    moved = prepare_labels(labels, planes.placement)
    assert np.array_equal(restore(moved.astype(np.float32), planes.placement, (0, 0)), labels)
    # padded into a larger frame at the same scale: the frame's side is that of the image's longer side
    if shape[0] == shape[1]:
        framed = prepare([image(noise((1, *shape)))], Look(channels=1, size=(shape[0], side)))
        moved = prepare_labels(labels, framed.placement)
        assert moved.shape == (1, 2, shape[0], side)
        assert np.array_equal(restore(moved.astype(np.float32), framed.placement, (0, 0)), labels)


@given(shapes, st.tuples(st.integers(8, 64), st.integers(8, 64)))
def test_fitting_into_a_size_keeps_the_aspect_and_fills_with_black(shape, size):
    planes = prepare([image(np.full((1, *shape), 255, np.uint8))], Look(channels=1, size=size))
    assert planes.data.shape == (1, 1, *size)
    inner, corner = planes.placement.inner, planes.placement.corner
    ratio = min(size[0] / shape[0], size[1] / shape[1])
    assert abs(inner[0] - shape[0] * ratio) <= 1
    assert abs(inner[1] - shape[1] * ratio) <= 1
    assert inner[0] == size[0] or inner[1] == size[1]
    inside = np.zeros(size, bool)
    inside[corner[0] : corner[0] + inner[0], corner[1] : corner[1] + inner[1]] = True
    assert np.allclose(planes.data[0, 0][inside], 1, atol=1e-5)
    assert (planes.data[0, 0][~inside] == 0).all()


@given(shapes, st.tuples(st.integers(4, 50), st.integers(4, 50)))
def test_resizing_keeps_the_mean(shape, size):
    planes = noise((1, 1, *shape), np.float32, 1.0)
    assert abs(resize(planes, size).mean() - planes.mean()) < 0.12
    assert resize(planes, size).min() >= planes.min() - 1e-6
    assert resize(planes, size).max() <= planes.max() + 1e-6


def test_a_shift_in_the_image_is_the_same_shift_of_the_map():
    data = np.zeros((1, 60, 80), np.uint8)
    data[0, 20:30, 50:60] = 255
    planes = prepare([image(data)], Look(channels=1, size=(30, 40)))
    back = restore(planes.data, planes.placement, (0,))
    y, x = np.argwhere(back[0] > 0.5).mean(0)
    assert abs(y - 24.5) < 1
    assert abs(x - 54.5) < 1


def test_a_spacing_makes_all_images_the_same_size_in_the_world():
    planes = prepare([image(noise((1, 40, 50)), (0.5, 1.0))], Look(channels=1, spacing=(1.0, 1.0)))
    assert planes.data.shape == (1, 1, 20, 50)
    with pytest.raises(UnknownSpacing):
        prepare([image(noise((1, 40, 50)))], Look(channels=1, spacing=(1.0, 1.0)))


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_the_whole_range_of_an_integer_type_is_the_unit_interval(dtype, top):
    data = np.array([[[0, top // 5, top]] * 3], dtype)
    planes = prepare([image(data)], Look(channels=1, range="dtype"))
    assert np.allclose(planes.data[0, 0, 0], [0, 0.2, 1], atol=1e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32])
def test_a_percentile_range_does_not_know_the_scale(dtype):
    base = noise((1, 30, 30), np.float64, 100).round()
    once = prepare([image(base.astype(dtype))], Look(channels=1, range="percentile"))
    twice = prepare([image((2 * base + 3).astype(dtype))], Look(channels=1, range="percentile"))
    assert np.allclose(once.data, twice.data, atol=1e-5)
    assert once.data.min() == 0
    assert once.data.max() == 1


def test_a_fixed_range_means_the_same_in_every_image():
    look = Look(channels=1, range="fixed", low=-100.0, high=300.0)
    data = np.array([[[-1000, -100, 100, 300, 3000]] * 2], np.int16)
    assert np.allclose(prepare([image(data)], look).data[0, 0, 0], [0, 0, 0.5, 1, 1])


def textured(shape=(96, 120)):
    """A photograph in a dark frame: fine texture on a flat ground."""
    rng = np.random.default_rng(0)
    picture = 100 + 30 * rng.standard_normal((3, *shape)).clip(-2, 2)
    picture[:, :10] = picture[:, -10:] = picture[:, :, :10] = picture[:, :, -10:] = 0
    return picture


def test_a_local_range_does_not_know_uneven_light_nor_tint():
    picture = textured()
    light = np.linspace(0.5, 1.4, picture.shape[2]) * np.array([1.0, 0.7, 0.5])[:, None, None]
    even = prepare([image(picture.astype(np.uint8))], Look(range="local")).data[0]
    uneven = prepare([image((picture * light).clip(0, 255).astype(np.uint8))], Look(range="local")).data[0]
    plain = prepare([image((picture * light).clip(0, 255).astype(np.uint8))], Look()).data[0]
    inside = (slice(None), slice(20, -20), slice(20, -20))
    assert np.corrcoef(even[inside].ravel(), uneven[inside].ravel())[0, 1] > 0.99
    assert np.abs(even[inside] - uneven[inside]).mean() < 0.015 < np.abs(even[inside] - plain[inside]).mean()
    assert abs(uneven[inside].mean() - 0.5) < 0.02


def test_a_local_range_leaves_the_dark_frame_dark():
    picture = textured()
    picture[0, 3, 3] = 60  # a speck of the sensor
    seen = prepare([image(picture.astype(np.uint8))], Look(range="local")).data[0]
    assert not seen[:, :8].any() and not seen[:, :, :8].any()
    assert seen.min() >= 0 and seen.max() <= 1


def test_what_is_not_a_number_is_black():
    data = np.array([[[0.0, np.nan, np.inf, 1.0]] * 3], np.float32)
    planes = prepare([image(data)], Look(channels=1, range="fixed", low=0.0, high=1.0))
    assert np.allclose(planes.data[0, 0, 0], [0, 0, 1, 1])


def test_grey_is_repeated_and_colour_is_averaged():
    grey, colour = noise((1, 12, 12)), noise((3, 12, 12))
    repeated = prepare([image(grey)], Look(channels=3)).data
    assert repeated.shape == (1, 3, 12, 12)
    assert np.array_equal(repeated[0, 0], repeated[0, 2])
    assert np.allclose(prepare([image(colour)], Look(channels=1)).data[0, 0], colour.mean(0) / 255, atol=1e-5)


def test_named_inputs_are_channels_in_their_order_and_share_a_grid():
    first, second = noise((1, 12, 12)), np.full((1, 12, 12), 255, np.uint8)
    planes = prepare([image(first), image(second)], Look(channels=3)).data
    assert planes.shape == (1, 2, 12, 12)
    assert np.allclose(planes[0, 0], first[0] / 255)
    assert (planes[0, 1] == 1).all()
    with pytest.raises(ShapeError):
        prepare([image(first), image(noise((1, 12, 13)))], Look(channels=3))


def test_erased_boxes_are_black_and_nothing_else_changes():
    data = np.full((1, 40, 60), 255, np.uint8)
    planes = prepare([image(data)], Look(channels=1, erase=((0.0, 0.5, 0.25, 1.0), (0.9, 0.0, 1.0, 0.1)))).data[0, 0]
    black = np.zeros((40, 60), bool)
    black[:10, 30:] = black[36:, :6] = True
    assert (planes[black] == 0).all()
    assert (planes[~black] == 1).all()
    assert (data == 255).all(), "the image itself is not changed"


def test_content_is_cut_out_of_its_dark_frame():
    data = np.zeros((3, 60, 80), np.uint8)
    data[:, 10:50, 20:70] = 150
    planes = prepare([image(data)], Look(channels=3, crop="content"))
    assert planes.placement.window == (10, 20, 50, 70)
    assert planes.data.shape == (1, 3, 40, 50)
    assert planes.data.min() > 0.5
    black = prepare([image(np.zeros((3, 60, 80), np.uint8))], Look(channels=3, crop="content"))
    assert black.data.shape == (1, 3, 60, 80)


def test_a_volume_is_seen_as_its_slices():
    data = noise((1, 5, 20, 24), np.int16, 1000)
    look = Look(channels=1, range="fixed", low=0.0, high=1000.0)
    planes = prepare([image(data)], look)
    assert planes.data.shape == (5, 1, 20, 24)
    assert np.allclose(planes.data[:, 0], data[0] / 1000)
    some = prepare([image(data)], look, [1, 3])
    assert np.array_equal(some.data, planes.data[[1, 3]])
    back = restore(planes.data, planes.placement, (0,))
    assert back.shape == (1, 5, 20, 24)
    assert np.allclose(back[0], data[0] / 1000)
    labels = (data > 500).astype(np.uint8)
    assert np.array_equal(prepare_labels(labels, planes.placement, [1, 3])[:, 0], labels[0, [1, 3]])


@given(st.integers(1, 300), st.integers(1, 40))
def test_chosen_slices_are_spread_evenly(count, wanted):
    chosen = evenly(count, wanted)
    assert len(chosen) == min(count, wanted) == len(set(chosen))
    assert chosen == sorted(chosen)
    assert chosen[0] >= 0
    assert chosen[-1] < count
    assert [count - 1 - c for c in reversed(chosen)] == pytest.approx(chosen, abs=1)


def test_labels_follow_their_image_through_crop_and_size():
    data = np.zeros((1, 64, 96), np.uint8)
    data[:, 8:56, 16:80] = 60
    data[:, 20:40, 30:60] = 220
    planes = prepare([image(data)], replace(Look(channels=1), size=(32, 32), crop="content"))
    labels = prepare_labels((data > 128).astype(np.uint8), planes.placement)
    agreed = (labels[:, 0] == 1) == (planes.data[:, 0] > 0.55)
    assert agreed.mean() > 0.97
    assert labels.sum() > 50
