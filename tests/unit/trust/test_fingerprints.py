"""Candidates: a changed picture's original is among them, whatever the change; flat pictures have none."""

import numpy as np
import pytest

from benchmarks.changes import CHANGES
from phantoms_copies import scene
from vesale.ops.thumbnail import thumbnail
from vesale.trust.fingerprints import SYMMETRIES, _fingerprints, _turned, candidates, inverse


def small(picture):
    return thumbnail(np.moveaxis(picture, -1, 0))


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(5)
    return [scene(rng) for _ in range(40)]


@pytest.mark.parametrize("change", CHANGES)
def test_the_original_of_a_changed_picture_is_a_candidate(scenes, change):
    rng = np.random.default_rng(6)
    changed = [small(CHANGES[change](picture, rng)) for picture in scenes[:12]]
    found = {(c.a, c.b) for c in candidates(changed, [small(s) for s in scenes])}
    assert {(i, i) for i in range(12)} <= found


def test_a_pair_is_found_whichever_comes_first(scenes):
    rng = np.random.default_rng(7)
    pictures = [small(s) for s in scenes[:10]]
    pictures += [small(CHANGES["cropped to 80 %"](s, rng)) for s in scenes[:10]]
    pairs = {(c.a, c.b) for c in candidates(pictures)}
    assert {(i, i + 10) for i in range(10)} <= pairs
    assert all(a < b for a, b in pairs)
    backwards = {(19 - c.b, 19 - c.a) for c in candidates(pictures[::-1])}
    assert {(i, i + 10) for i in range(10)} <= backwards


def test_the_map_of_a_candidate_leads_from_the_second_to_the_first(scenes):
    picture = small(scenes[0])
    found = candidates([picture, np.ascontiguousarray(picture[:, ::-1])])[0]
    assert np.allclose(found.affine, (-1, 0, 0, 0, 1, 0))
    found = max(candidates([picture], [np.ascontiguousarray(np.rot90(picture))]), key=lambda c: c.like)
    matrix = np.array(found.affine).reshape(2, 3)
    assert np.allclose(np.abs(matrix), [[0, 1, 0], [1, 0, 0]])


def test_flat_pictures_have_no_candidates():
    flat = [np.full((40, 40), level, np.uint8) for level in (0, 100, 100, 255)]
    assert candidates(flat) == []
    assert candidates([]) == candidates(flat, []) == []


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_a_turned_fingerprint_is_that_of_the_turned_picture(scenes, symmetry):
    swap, x, y = symmetry
    areas = np.random.default_rng(8).normal(0, 50, (32, 32)).astype(np.float32)
    turned = areas[::y, ::x]
    # q(x, y) = t(sx x, sy y), and with x and y in each other's place q(x, y) = t(sx y, sy x)
    turned = turned.T if swap else turned
    a, b = (_fingerprints(p.reshape(1, -1), [(1, 1)], 1)[0, 0] for p in (areas, np.ascontiguousarray(turned)))
    assert np.allclose(_turned(a, symmetry), b, atol=1e-5)


def test_the_way_back_of_a_map():
    affine = (1.1, 0.2, -0.3, -0.1, 0.8, 0.25)
    there, back = (np.vstack([np.reshape(a, (2, 3)), [0, 0, 1]]) for a in (affine, inverse(affine)))
    assert np.allclose(there @ back, np.eye(3))
