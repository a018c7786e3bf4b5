"""Overlays: size, anatomy kept visible, and every class where it lies."""

import io

import numpy as np
import pytest
from PIL import Image

from vesale.core.errors import ShapeError
from vesale.render import paint
from vesale.render.overlay import FALSE_ALARM, FOUND, MISSED, confusion_overlay, overlay, thumbnail


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def disc(shape, centre, radius):
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def test_an_outline_lies_on_the_edge_and_leaves_the_inside_alone():
    image = np.full((3, 800, 700), 100, np.uint8)
    mask = disc((800, 700), (400, 350), 100)
    picture = opened(overlay(image, mask[None].astype(np.uint8), ("background", "tumour"), True))
    assert (picture[400, 350] == 100).all(), "the inside keeps its anatomy"
    assert (picture[10, 10] == 100).all()
    edge = (picture[:800] == paint.PALETTE[0]).all(axis=-1)
    distance = np.hypot(*(np.argwhere(edge) - (400, 350)).T)
    assert edge.sum() > 400
    assert 97 < distance.min() < distance.max() <= 100.5


def test_a_thin_structure_is_tinted_not_outlined():
    image = np.full((1, 700, 700), 100, np.uint8)
    mask = np.zeros((700, 700), bool)
    mask[:, 350:354] = True
    picture = opened(overlay(image, mask[None].astype(np.uint8), ("background", "vessel"), True))
    expected = np.round(0.4 * 100 + 0.6 * np.asarray(paint.PALETTE[0]))
    assert np.abs(picture[300, 351] - expected).max() <= 1


def test_small_round_lesions_are_outlined():
    mask = disc((100, 100), (30, 30), 3) | disc((100, 100), (70, 60), 3)
    assert not paint.is_thin(mask)
    assert paint.is_thin(np.eye(100, dtype=bool))
    assert not paint.is_thin(np.zeros((9, 9), bool))


@pytest.mark.parametrize("shape", [(3000, 1000), (1000, 3000), (2048, 2048), (28, 28), (5000, 4000)])
def test_the_long_side_with_its_legend_is_at_most_2048(shape):
    names = tuple(f"a class with a rather long name {i}" for i in range(6))
    picture = opened(overlay(np.zeros((1, *shape), np.uint16), np.zeros((6, *shape), bool), names, False))
    assert max(picture.shape) <= 2048
    assert min(picture.shape[:2]) >= min(shape[0], 400)


def test_overlapping_classes_are_each_drawn_and_numbered():
    image = np.full((1, 700, 700), 60, np.uint8)
    masks = np.stack([disc((700, 700), (300, 300), 80), disc((700, 700), (300, 340), 80)])
    picture = opened(overlay(image, masks, ("bleed", "exudate"), False))
    for colour in paint.PALETTE[:2]:
        assert (picture[:700] == colour).all(axis=-1).sum() > 100
    assert (picture[:700] == 255).all(axis=-1).any(), "the numbers are white"


def test_outside_the_scored_region_is_dimmed():
    roi = np.zeros((700, 700), np.uint8)
    roi[:, :350] = 1
    image, labels = np.full((1, 700, 700), 90, np.uint8), np.zeros((1, 700, 700), np.uint8)
    picture = opened(overlay(image, labels, ("background", "x"), True, roi))
    assert picture[350, 100, 0] == 90
    assert picture[350, 600, 0] == 30


def test_found_missed_and_false_alarm_are_told_apart():
    truth = np.zeros((700, 700), bool)
    truth[100:300, 100:300] = True
    predicted = np.roll(truth, 100, axis=1)
    picture = opened(confusion_overlay(np.zeros((1, 700, 700), np.uint8), predicted, truth))
    right = picture[:700, -700:].astype(float)

    def direction(row, column):
        return right[row, column] / np.linalg.norm(right[row, column])

    for (row, column), colour in {(200, 250): FOUND, (200, 150): MISSED, (200, 350): FALSE_ALARM}.items():
        assert direction(row, column) @ (np.asarray(colour) / np.linalg.norm(colour)) > 0.999
    assert len(np.unique(right[200, 110:190, 0])) > 1, "missed is striped, so that it is known without its colour"
    assert len(np.unique(right[200, 210:290, 1])) == 1


def test_what_is_outside_the_region_is_neither_found_nor_missed():
    truth = np.ones((700, 700), bool)
    roi = np.zeros((700, 700), bool)
    picture = opened(confusion_overlay(np.zeros((1, 700, 700), np.uint8), truth, truth, roi))
    assert picture[:700].max() <= 24


def test_a_thumbnail_has_the_side_that_was_asked():
    assert max(opened(thumbnail(np.zeros((3, 1000, 500), np.uint8))).shape[:2]) == 320
    assert opened(thumbnail(np.zeros((1, 7, 28, 28)), 64)).shape == (64, 64, 3)


def test_any_type_of_sample_becomes_a_picture_with_contrast():
    ramp = np.linspace(0, 1, 256).reshape(1, 16, 16)
    for samples in (ramp, ramp * 65535, (ramp * 4000 - 1000).astype(np.int16), (ramp * 255).astype(np.uint8)):
        out = paint.rgb(samples)
        assert out.dtype == np.uint8
        assert out.max() - out.min() > 240
    assert paint.rgb(np.full((1, 4, 4), np.nan)).shape == (4, 4, 3)
    assert paint.rgb(np.full((1, 4, 4), 1000, np.uint16)).shape == (4, 4, 3)


def test_what_does_not_share_a_grid_is_refused():
    image = np.zeros((1, 8, 8))
    with pytest.raises(ShapeError, match="one grid"):
        overlay(image, np.zeros((1, 8, 9)), ("background", "x"), True)
    with pytest.raises(ShapeError, match="2 masks for 3 names"):
        overlay(image, np.zeros((2, 8, 8)), ("a", "b", "c"), False)
    with pytest.raises(ShapeError, match="truth"):
        confusion_overlay(image, np.zeros((8, 8)), np.zeros((9, 9)))
