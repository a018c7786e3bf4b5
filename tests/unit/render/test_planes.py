"""Pictures of cuts: aspect, window, colour over grey, and the words about them."""

import numpy as np
import pytest

from vesale.core.grid import Grid
from vesale.ops.orient import PLANES, upright
from vesale.ops.project import cut
from vesale.ops.window import Window, preset
from vesale.render.planes import Over, Style, depth_text, drawn, fitting, place_text, window_text
from vesale.render.three_planes import COLOURS, three_planes

AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


def cuts(spacing=(3.0, 1.0, 0.5), axes=AXES):
    volume = np.zeros((20, 30, 40), np.int16)
    volume[5:15, 10:20, 10:30] = 100
    frame = "patient" if axes else "unknown"
    turned = upright(Grid(volume.shape, spacing, (1.0, -2.0, -50.0) if spacing else None, axes, frame))
    return [cut(volume, turned, p, "average", (8, 9)) for p in PLANES.values()]


def test_a_picture_has_the_aspect_of_the_body():
    for one, extent in zip(cuts(), ((30, 20), (60, 20), (60, 30)), strict=True):
        size, pixel = fitting(one, (600, 600))
        assert max(size) == 600
        assert size[0] / size[1] == pytest.approx(extent[0] / extent[1], rel=0.01)
        assert size[0] * pixel == pytest.approx(extent[0], rel=0.01)


def test_without_a_scale_samples_are_square_and_there_are_no_millimetres():
    size, pixel = fitting(cuts(None)[0], (600, 600))
    assert pixel is None
    assert size == (450, 600)


def test_brightness_is_the_windows():
    axial = cuts()[0]
    picture = drawn(axial, Style(Window(50, 200)), (300, 200))
    assert picture[0, 0, 0] == round(0.25 * 255)
    assert picture[150, 100, 0] == round(0.75 * 255)


def test_values_far_from_the_window_do_not_ring():
    axial = cuts()[0]
    axial.samples[axial.samples > 0] = 30000
    picture = drawn(axial, Style(Window(0, 100)), (300, 200)).astype(int)
    assert picture[20, 20, 0] == pytest.approx(128, abs=1)
    assert np.unique(picture[:, :30]).tolist() == [picture[20, 20, 0]]


def test_colour_lies_where_the_second_image_is_bright_and_nowhere_else():
    axial = cuts()[0]
    hot = np.zeros(axial.samples.shape, np.float32)
    hot[:10] = 10
    plain = drawn(axial, Style(Window(50, 200)), (300, 200))
    fused = drawn(axial, Style(Window(50, 200)), (300, 200), Over(hot, Window(5, 10), "hot", 0.6))
    assert np.array_equal(fused[150:], plain[150:])
    assert (fused[20, 20] > plain[20, 20]).all()


def test_words_say_the_place():
    axial, coronal, sagittal = cuts()
    assert place_text(axial, "en") == "axial, F 26 mm"
    assert place_text(coronal, "en") == "coronal, P 6 mm"
    assert place_text(sagittal, "fr") == "sagittal, L 5 mm"
    assert place_text(cuts(None)[0], "en") == "axial"
    assert place_text(cuts(axes=None)[0], "fr") == "axial, \u221226 mm"
    assert depth_text(axial, 20, "en") == "slice 9 of 20, 3 mm"
    assert window_text(preset("lung"), "en") == "lung: C \u2212600  W 1500"
    assert window_text(preset("lung"), "fr") == "poumon : C \u2212600  L 1500"
    assert window_text(Window(40, 400), "en") == "C 40  W 400"


def test_three_planes_share_one_scale_and_their_lines_cross_at_the_point():
    seen = three_planes(cuts(), (8, 8, 8), Style(Window(50, 200)), 700)
    assert max(seen.shape) <= 720
    pixel = (60 + 30) / 696
    blue = (seen == COLOURS[0]).all(axis=-1)
    rows = np.flatnonzero(blue.sum(axis=1) > 100)
    from_top = (rows.mean() - (30 / pixel + 4)) * pixel
    assert from_top == pytest.approx((20 - 8.5) * 3, abs=1.0), "the axial plane in the coronal picture, heads up"
    plain = three_planes(cuts(), (8, 8, 8), Style(Window(50, 200), plain=True), 700)
    assert not (plain == COLOURS[0]).all(axis=-1).any()
