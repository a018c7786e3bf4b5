"""The corruptions of `benchmarks.gate` do what their names say, more so with each strength."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.corruption_kinds import KINDS, STRENGTHS, corrupted


def picture(channels=3, size=64):
    rng = np.random.default_rng(0)
    soft = ndimage.gaussian_filter(rng.random((channels, size, size)), (0, 3, 3))
    soft = (soft - soft.min()) / np.ptp(soft)
    return (40 + 160 * soft).astype(np.uint8)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"crop", "rotation"}))
def test_stronger_is_farther_from_the_picture(kind):
    clean = picture().astype(float)
    off = [np.abs(corrupted(picture(), kind, s, np.random.default_rng(0)) - clean).mean() for s in STRENGTHS]
    assert off[1] > 0
    assert off[-1] > off[0]
    assert all(b >= 0.9 * a for a, b in itertools.pairwise(off)), off


def test_a_quarter_turn_is_a_quarter_turn():
    turned = corrupted(picture(), "rotation", 5, np.random.default_rng(0))
    assert min(np.abs(turned.astype(int) - np.rot90(picture(), k, (1, 2))).max() for k in (1, 3)) <= 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_it_stays_a_picture_of_eight_bits(kind, channels):
    for strength in STRENGTHS:
        out = corrupted(picture(channels), kind, strength, np.random.default_rng(1))
        assert out.dtype == np.uint8
        assert out.ndim == 3
        assert len(out) == (3 if kind == "colour cast" else channels)
        assert kind == "crop" or out.shape[1:] == (64, 64)


def test_a_crop_is_a_smaller_part_of_the_picture():
    sides = [corrupted(picture(), "crop", s, np.random.default_rng(0)).shape[1] for s in STRENGTHS]
    assert sides == sorted(sides, reverse=True)
    assert sides[-1] == round(0.3 * 64)


def test_sixteen_bits_and_floats_are_scaled_by_their_range():
    deep = (picture().astype(np.uint16) * 257, picture() / 255)
    for image in deep:
        out = corrupted(image, "occlusion", 1, np.random.default_rng(0))
        assert 0.9 < (np.abs(out.astype(int) - picture()) <= 1).mean() < 1
