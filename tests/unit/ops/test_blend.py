"""A structure takes on the light of its new place, and nothing else of the picture changes."""

import numpy as np
import pytest

from vesale.ops.blend import components, cut, lay, surroundings, turned

SIDE = 60


def spot(level: float, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """A flat picture (3, y, x) of a level with a disc that is `factor` times as bright, and its mask (1, y, x)."""
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = np.hypot(y - 25, x - 34) < 6
    picture = np.full((3, SIDE, SIDE), level)
    picture[:, mask] *= factor
    return picture.astype(np.uint8), mask[None]


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.5])
def test_a_structure_keeps_its_contrast_and_not_its_colour(factor):
    picture, masks = spot(100.0, factor)
    cutting = cut(picture, masks, components(masks)[0])
    host, drawn = np.full((3, SIDE, SIDE), 40.0, np.float32), np.zeros((1, SIDE, SIDE), bool)
    assert lay(host, drawn, cutting, (30, 30))
    assert host[1, 30, 30] == pytest.approx(40 * factor, rel=0.06)
    assert np.all(host[:, :5] == 40)
    assert np.median(host[1][drawn[0]]) == pytest.approx(40 * factor, rel=0.06)


def test_its_middle_comes_to_the_place_and_its_mask_with_it():
    picture, masks = spot(100.0, 0.5)
    cutting = cut(picture, masks, components(masks)[0])
    assert cutting.centre == pytest.approx((25, 34), abs=0.5)
    host, drawn = np.full((3, SIDE, SIDE), 100.0, np.float32), np.zeros((1, SIDE, SIDE), bool)
    assert lay(host, drawn, cutting, (20, 22))
    rows, columns = np.nonzero(drawn[0])
    assert (rows.mean(), columns.mean()) == pytest.approx((20, 22), abs=1)
    assert drawn.sum() == pytest.approx(masks.sum(), rel=0.05)


@pytest.mark.parametrize("scale", [0.2, 0.5, 2.0])
def test_at_another_scale_its_area_goes_with_the_square(scale):
    picture, masks = spot(100.0, 0.5)
    cutting = turned(cut(picture, masks, components(masks)[0]), scale, (False, True))
    host, drawn = np.full((3, 120, 120), 100.0, np.float32), np.zeros((1, 120, 120), bool)
    assert lay(host, drawn, cutting, (60, 60))
    assert drawn.sum() == pytest.approx(masks.sum() * scale**2, rel=0.35)
    assert drawn.any(), "the smallest structure keeps a sample"


def test_what_would_reach_over_the_edge_is_not_laid():
    picture, masks = spot(100.0, 0.5)
    cutting = cut(picture, masks, components(masks)[0])
    host, drawn = np.full((3, SIDE, SIDE), 100.0, np.float32), np.zeros((1, SIDE, SIDE), bool)
    assert not lay(host, drawn, cutting, (1, 30))
    assert np.all(host == 100)
    assert not drawn.any()


def test_a_neighbour_is_neither_the_structure_nor_its_surroundings():
    picture, masks = spot(100.0, 0.5)
    beside = np.zeros_like(masks)
    beside[:, 20:30, 43:48] = True
    picture[:, beside[0]] = 255
    both = masks | beside
    box = next(b for b in components(both) if masks[0][b].any())
    cutting = cut(picture, both, box)
    assert cutting.masks.sum() == masks.sum()
    inside = cutting.masks[0] > 0
    assert float(np.median(cutting.relief[1][inside])) == pytest.approx(0.5, abs=0.05)


def test_the_largest_comes_first_and_names_stay_apart():
    masks = np.zeros((2, 20, 20), bool)
    masks[0, 2:4, 2:4] = True
    masks[1, 10:16, 10:16] = True
    boxes = components(masks)
    assert [masks[(slice(None), *b)].sum() for b in boxes] == [36, 4]
    cutting = cut(np.full((1, 20, 20), 50, np.uint8), masks, boxes[1])
    assert (cutting.masks[0].sum(), cutting.masks[1].sum()) == (4, 0)


def test_far_from_all_surroundings_their_mean_stands():
    samples = np.full((1, 50, 50), 10.0, np.float32)
    counts = np.zeros((50, 50), bool)
    counts[:2] = True
    samples[:, ~counts] = 99
    assert float(surroundings(samples, counts, 2.0)[0, 45, 25]) == pytest.approx(10, abs=0.1)
    none = surroundings(samples, np.zeros((50, 50), bool), 2.0)
    assert float(none[0, 0, 0]) == pytest.approx(float(samples.mean()), rel=1e-4)
