"""Strokes that stand at one place of many pictures are a mark; strokes everywhere, and rings, are none."""

import numpy as np
import pytest

import phantoms_shortcuts as made
from vesale.trust.marks import erase, find_marks, joined_boxes, opposite, said
from vesale.trust.traces import FINE, stroke_map, strokes_of, traces_of, unpacked


def picture(seed: int, stamp: bool = False) -> np.ndarray:
    rng = np.random.default_rng(seed)
    array = made.clouds(rng)
    if stamp:
        array = made.stamped(array, True, np.random.default_rng(0))[0]  # whose first number is below .9
    return np.moveaxis(array, -1, 0)


def test_a_stamp_in_a_third_of_the_pictures_is_found() -> None:
    traces = [traces_of(picture(i, stamp=i % 3 == 0)) for i in range(30)]
    (mark,) = find_marks([t.strokes for t in traces if t is not None])
    assert said(mark.box) == "top right"
    assert mark.share == pytest.approx(1 / 3, abs=0.1)


def test_clouds_have_no_mark() -> None:
    traces = [traces_of(picture(i)) for i in range(30)]
    assert find_marks([t.strokes for t in traces if t is not None]) == []


def test_a_ring_is_anatomy() -> None:
    y, x = np.mgrid[-1:1:200j, -1:1:200j]
    ring = (abs(np.hypot(y, x) - 0.85) < 0.01) * 255
    maps = [np.packbits(stroke_map(np.repeat(ring[None].astype(np.uint8), 3, axis=0))) for _ in range(10)]
    assert unpacked(maps[0]).sum() > 50
    assert find_marks(maps) == []


def test_an_edge_is_no_stroke_and_a_line_is_one() -> None:
    edge = np.zeros((3, 80, 80), np.uint8)
    edge[:, :, 40:] = 255
    assert not strokes_of(edge).any()
    line = np.zeros((3, 80, 80), np.uint8)
    line[1, :, 40:42] = 255  # green
    assert (strokes_of(line)[:, 40] == 1).all()
    assert (strokes_of(255 - line)[:, 40] == -1).all()


def test_small_pictures_have_no_strokes() -> None:
    assert not stroke_map(np.random.default_rng(0).integers(0, 255, (3, 28, 28)).astype(np.uint8)).any()
    assert traces_of(np.zeros((1, 8, 8), np.uint8)) is None


def test_borders_are_measured() -> None:
    array = np.moveaxis(made.clouds(np.random.default_rng(0)), -1, 0).copy()
    array[:, :12] = 0
    array[:, :, -6:] = 0
    traces = traces_of(array)
    assert traces is not None
    top, right, bottom, left = traces.border
    assert top == pytest.approx(12 / 96)
    assert right == pytest.approx(6 / 96)
    assert bottom == left == 0
    assert traces.cells.shape == (16, 16, 6)
    assert len(np.unpackbits(traces.strokes)) >= FINE * FINE


def test_boxes() -> None:
    assert joined_boxes([(0, 0, 0.2, 0.2), (0.5, 0.5, 0.6, 0.6), (0.1, 0.1, 0.3, 0.3)]) == [
        (0.5, 0.5, 0.6, 0.6),
        (0.0, 0.0, 0.3, 0.3),
    ]
    assert erase([(0, 0.25, 0.05, 1)]) == "look.erase=[[0, 0.25, 0.05, 1]]"
    assert len(opposite((0, 0.7, 0.05, 0.9))) == 3
