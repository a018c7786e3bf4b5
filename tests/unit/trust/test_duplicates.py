"""The same picture is told whatever was done to it, another one is not, and confidence grows with the evidence."""

import numpy as np
import pytest

from benchmarks.changes import CHANGES
from phantoms_copies import disc_of, scene
from vesale.ops.thumbnail import thumbnail
from vesale.trust.alignment import Overlay, coarse, frame_of, prepared
from vesale.trust.duplicates import LIKELY, SURE, confidence, same_pictures
from vesale.trust.squares import laid_over


def small(picture):
    return thumbnail(np.moveaxis(picture, -1, 0))


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(1)
    return [scene(rng) for _ in range(30)]


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_is_told(scenes, change, framed):
    rng = np.random.default_rng(2)
    pictures = [disc_of(s) if framed else s for s in scenes]
    changed = [small(CHANGES[change](picture, rng)) for picture in pictures[:8]]
    found = same_pictures(changed, [small(p) for p in pictures])
    right = {s.a: s for s in found if s.a == s.b}
    assert len(right) >= 7, "at most one of eight is missed"
    assert [s for s in found if s.a != s.b] == []
    assert sum(s.sure for s in right.values()) >= 6


def test_different_pictures_in_one_frame_are_not_the_same(scenes):
    assert same_pictures([small(disc_of(s)) for s in scenes]) == []


def test_discs_that_can_be_moved_over_each_other_are_not_the_same():
    """Six numbers of a map make any two discs agree; that is no evidence."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:64, :64]
    discs = []
    for _ in range(20):
        centre, radius = rng.uniform(22, 42, 2), rng.uniform(11, 18)
        disc = np.hypot(y - centre[0], x - centre[1]) < radius
        discs.append(np.clip(60 + 110 * disc + rng.normal(0, 8, (64, 64)), 0, 255).astype(np.uint8))
    assert same_pictures(discs) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p[:, ::-1], "mirrored"),
        (lambda p: np.rot90(p), "turned by 90 degrees"),
        (lambda p: p[::-1, ::-1], "turned by 180 degrees"),
        (lambda p: p[16:144, 20:180], "cropped to 64% of its area"),
        (lambda p: p, ""),
    ],
)
def test_what_was_done_is_said(scenes, change, said):
    changed = change(scenes[0]).astype(np.int16) + 3
    (same,) = same_pictures([small(scenes[0])], [small(np.clip(changed, 0, 255).astype(np.uint8))])
    assert same.change == said
    assert same.sure


def test_progress_is_heard(scenes):
    heard = []
    same_pictures(
        [small(s) for s in (scenes[0], scenes[0][::-1], scenes[1], scenes[1][:, ::-1])],
        None,
        lambda *n: heard.append(n),
    )
    done = [n for n, _ in heard]
    assert done == sorted(done)
    assert {of for _, of in heard} == {done[-1]}
    assert done[0] < done[-1]


def test_confidence_grows_with_the_agreement_and_asks_more_of_small_pictures():
    def laid(detail, places=20.0, shared=1.0, affine=(1, 0, 0, 0, 1, 0)):
        return Overlay(affine, shared, detail, detail, places)

    values = [confidence(laid(d), 128) for d in (0.2, 0.6, 0.8, 0.9, 0.99)]
    assert values == sorted(values)
    assert values[0] < 0.01
    assert values[1] < LIKELY < values[2] < SURE < values[4]
    assert confidence(laid(0.9), 28) < LIKELY < confidence(laid(0.99), 28)
    assert confidence(laid(0.99, places=1), 128) == confidence(laid(0.99, shared=0.3), 128) == 0
    moved = (1.1, 0, 0.1, 0, 1.1, 0)
    assert confidence(laid(0.99, places=5, affine=moved), 128) == 0 < confidence(laid(0.99, places=5), 128)
    assert confidence(laid(0.99, places=9, affine=moved), 128) > SURE


def test_the_measure_has_its_interval_and_its_n(scenes):
    noisy = np.clip(scenes[0] + np.random.default_rng(4).normal(0, 12, scenes[0].shape), 0, 255).astype(np.uint8)
    (same,) = same_pictures([small(scenes[0])], [small(noisy)])
    measure = same.measure
    assert measure.low < measure.value < measure.high <= 1
    assert measure.n == int(same.overlay.places) > 3


def test_a_frame_is_seen_whether_black_grey_or_white(scenes):
    inside = small(disc_of(scenes[0]))
    wanted = frame_of(inside)
    assert 0.3 < wanted.mean() < 0.8
    for offset in (30, 60):
        lifted = np.clip(inside.astype(int) * 0.7 + offset, 0, 255).astype(np.uint8)
        assert (frame_of(lifted) != wanted).mean() < 0.03
    assert frame_of(small(scenes[0])).mean() < 0.15


def test_registration_recovers_a_known_shift(scenes):
    """A window of the scene moved by 6 of 128 samples: the map is known."""
    grey = scenes[0].mean(axis=2)
    first, second = (np.rint(grey[y : y + 128, x : x + 128]).astype(np.uint8) for y, x in ((10, 10), (16, 13)))
    ready = [coarse(prepared(p))[None] for p in (first, second)]
    affines, like = laid_over(ready[0], ready[1], np.eye(2, 3)[None])
    assert np.allclose(affines[0], [[1, 0, 2 * 3 / 128], [0, 1, 2 * 6 / 128]], atol=0.012)
    assert like[0] > 0.9
