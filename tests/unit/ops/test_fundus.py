"""Eye, fovea, field and margin, from drawn discs whose place and blur are known."""

import numpy as np
import pytest
from scipy import ndimage

from vesale.ops.fundus import (
    RISE,
    Disc,
    Field,
    centred_on,
    disc_of,
    disc_window,
    field_of,
    fovea_of,
    laterality_of,
    margin_of,
)

RADIUS = 60.0


def drawn(blur: float, side: int = 300, height: float = 0.3, noise: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """A bright disc of radius 60 whose margin is blurred by a Gaussian of `blur` samples, and its mask."""
    y, x = np.mgrid[:side, :side]
    mask = (y - side / 2) ** 2 + (x - side / 2) ** 2 <= RADIUS**2
    green = 0.3 + height * ndimage.gaussian_filter(mask.astype(float), blur)
    return green + noise * np.random.default_rng(0).standard_normal(green.shape), mask


def test_a_disc_is_the_largest_region() -> None:
    mask = np.zeros((100, 200), bool)
    mask[40:60, 120:140] = mask[0, 0] = True
    disc = disc_of(mask)
    assert disc is not None
    assert disc.centre == (49.5, 129.5)
    assert disc.diameter == pytest.approx(2 * 20 / np.sqrt(np.pi))
    assert disc_of(np.zeros((5, 5), bool)) is None


def test_the_field_is_what_is_lit() -> None:
    picture = np.zeros((3, 100, 200))
    picture[0, :, 50:171] = 0.3
    assert field_of(picture) == Field((49.5, 110.0), 121.0)
    assert field_of(np.zeros((3, 10, 20))) == Field((4.5, 9.5), 20.0)


@pytest.mark.parametrize(("column", "side", "fovea"), [(400.0, "right", 150.0), (100.0, "left", 350.0)])
def test_the_disc_lies_on_the_side_of_the_nose(column: float, side: str, fovea: float) -> None:
    disc, field = Disc((240.0, column), 100.0), Field((250.0, 250.0), 500.0)
    assert laterality_of(disc, field) == side
    assert fovea_of(disc, side) == (240.0, fovea)  # type: ignore[arg-type]


def test_what_a_field_is_centred_on() -> None:
    field = Field((250.0, 250.0), 500.0)
    assert centred_on(Disc((250.0, 260.0), 80.0), field) == "disc"
    assert laterality_of(Disc((250.0, 260.0), 80.0), field) is None
    assert centred_on(Disc((240.0, 440.0), 80.0), field) == "macula"
    assert centred_on(Disc((120.0, 400.0), 80.0), field) is None


@pytest.mark.parametrize("blur", [2.0, 5.0, 10.0])
def test_the_width_of_a_margin_is_the_blur_that_was_drawn(blur: float) -> None:
    margin = margin_of(*drawn(blur))
    assert margin is not None
    assert margin.width is not None
    assert margin.step is not None
    assert margin.width == pytest.approx(RISE * blur / (2 * RADIUS), rel=0.15)
    assert margin.step == pytest.approx(0.3, abs=0.03)
    assert margin.used == 1.0
    assert all(s == pytest.approx(margin.width, rel=0.2) for s in margin.sectors)


def test_one_blurred_side_shows_in_its_sector_alone() -> None:
    sharp, mask = drawn(2.0)
    soft, _ = drawn(12.0)
    right = np.arange(300)[None, :] > 150 + 30
    margin = margin_of(np.where(right, soft, sharp), mask)
    assert margin is not None
    widths = margin.sectors
    assert widths[0] is not None
    assert widths[2] is not None
    assert widths[0] > 3 * widths[2]


def test_a_size_is_in_disc_diameters_whatever_the_resolution() -> None:
    green, mask = drawn(5.0)
    twice = margin_of(ndimage.zoom(green, 2, order=1), ndimage.zoom(mask.astype(float), 2, order=1) > 0.5)
    once = margin_of(green, mask)
    assert once is not None
    assert twice is not None
    assert twice.width == pytest.approx(once.width, rel=0.1)


def test_a_mask_a_little_too_wide_or_no_step_at_all() -> None:
    green, mask = drawn(5.0)
    wide = margin_of(green, ndimage.binary_dilation(mask, iterations=6))
    right = margin_of(green, mask)
    assert wide is not None
    assert right is not None
    assert right.width is not None
    assert wide.width == pytest.approx(right.width, rel=0.15)
    nothing = margin_of(*drawn(5.0, height=0.0))
    assert nothing is not None
    assert nothing.width is None
    assert nothing.sectors == (None, None, None, None)
    assert margin_of(green, np.zeros_like(mask)) is None


def test_the_window_around_a_disc_stays_in_the_picture() -> None:
    inside = disc_window(Disc((100.0, 100.0), 40.0), (200, 300))
    assert inside.slices == (slice(50, 150), slice(50, 150))
    at_the_edge = disc_window(Disc((10.0, 290.0), 40.0), (200, 300), 2.0)
    assert at_the_edge.slices == (slice(0, 50), slice(250, 300))
