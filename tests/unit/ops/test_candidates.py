"""Spots and patches by morphology: on a drawn retina with a vessel, a spot, a patch and uneven light."""

import numpy as np
import pytest

from vesale.ops.candidates import bright_patches, dark_spots, lines

SIDE = 300


def retina(factor: float = 1.0) -> np.ndarray:
    """A field of 300 samples (times `factor`): vessel across row 150, spot at (80, 100), patch at (220, 200)."""
    side = round(SIDE * factor)
    y, x = np.mgrid[:side, :side] / factor
    green = 0.4 + 0.1 * x / SIDE + 0.01 * np.random.default_rng(0).standard_normal((side, side))
    green[np.abs(y - 150) < 2.5] -= 0.15
    green[(y - 80) ** 2 + (x - 100) ** 2 < 1.8**2] -= 0.15
    green[(abs(y - 220) < 4) & (abs(x - 200) < 4)] += 0.2
    green[(y - SIDE / 2) ** 2 + (x - SIDE / 2) ** 2 > 148**2] = 0.0
    return np.clip(green, 0, 1).astype(np.float32)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_spot_stands_out_and_a_vessel_does_not(factor: float) -> None:
    score = dark_spots(retina(factor))
    spot = score[round(80 * factor), round(100 * factor)]
    vessel = score[round(147 * factor) : round(153 * factor), round(60 * factor) : round(240 * factor)]
    assert np.unravel_index(score.argmax(), score.shape) == pytest.approx((80 * factor, 100 * factor), abs=2 * factor)
    assert spot > 3 * np.quantile(vessel, 0.95)


def test_a_patch_stands_out_and_neither_light_nor_frame_does() -> None:
    score = bright_patches(retina())
    assert 216 <= score.argmax() // SIDE <= 224
    assert 196 <= score.argmax() % SIDE <= 204
    quiet = score.copy()
    quiet[205:236, 185:216] = 0
    assert score.max() > 2 * quiet.max()
    assert dark_spots(retina())[0:5].max() == 0


def test_a_line_goes_through_its_middle_in_every_direction() -> None:
    found = lines(9, 8)
    assert len(found) == 8
    assert all(f[4, 4] and f.sum() >= 7 and np.array_equal(f, f[::-1, ::-1]) for f in found)
    assert found[0][4].all() and found[4][:, 4].all()
