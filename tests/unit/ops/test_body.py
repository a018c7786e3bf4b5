"""What a rendering leaves out is the couch and the air around, never the patient."""

import numpy as np

import phantoms_present
from vesale.core.grid import Grid
from vesale.ops.body import AIR, TISSUE, framed, without_couch, without_outside

AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


def made():
    volume = np.maximum(phantoms_present.body(), AIR)
    return volume, Grid(volume.shape, (3.0, 3.0, 3.0), (0.0, 0.0, 0.0), AXES, "patient")


def test_the_couch_goes_and_the_body_stays():
    volume, grid = made()
    cleaned, some = without_couch(volume, grid)
    assert some
    couch = round(0.84 * volume.shape[1])
    assert (volume[:, couch] == 100).any()
    assert not (cleaned[:, couch + 1 :] > -400).any()
    front = volume[:, : round(0.72 * volume.shape[1])]
    assert np.array_equal(cleaned[:, : front.shape[1]] > -400, front > -400), "no sample of the body is touched"


def test_without_a_couch_nothing_changes():
    volume, grid = made()
    volume[:, round(0.8 * volume.shape[1]) :] = AIR
    cleaned, some = without_couch(volume, grid)
    assert not some
    assert cleaned is volume
    empty, some = without_couch(np.full((9, 9, 9), AIR, np.int16), Grid((9, 9, 9), (3.0,) * 3, (0.0,) * 3, AXES))
    assert not some
    assert (empty == AIR).all()


def test_only_the_air_inside_is_left():
    volume, grid = made()
    inside = without_outside(without_couch(volume, grid)[0], grid)
    assert (inside[:, 0] == TISSUE).all()
    lungs = volume == -850
    assert (inside[lungs] == -850).all(), "lungs stay whole"
    windpipe = volume[:, round(0.42 * volume.shape[1]), volume.shape[2] // 2] == -1000
    assert (inside[:, round(0.42 * volume.shape[1]), volume.shape[2] // 2][windpipe] == -1000).all(), "up to the top"


def test_a_rim_keeps_the_world():
    volume, grid = made()
    wide, around = framed(volume, grid, AIR)
    assert wide.shape == tuple(n + 2 for n in volume.shape)
    assert np.allclose(around.to_world(np.array([1.0, 1, 1])), grid.to_world(np.zeros(3)))
    assert (wide[0] == AIR).all()
    assert np.array_equal(wide[1:-1, 1:-1, 1:-1], volume)
