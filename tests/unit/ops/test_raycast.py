"""The ray-caster: right sides, right sizes, empty space skipped without a trace; VTK is the reference elsewhere."""

import numpy as np
import pytest

import phantoms_present
from vesale.core.errors import MissingExtra, ShapeError
from vesale.core.grid import Grid
from vesale.ops import raycast
from vesale.ops.raycast import VIEWS, Camera, Transfer, compact, fitted, on_black, render

AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
SOLID = Transfer(((0, 0, (1, 1, 1)), (400, 0, (1, 1, 1)), (600, 0.95, (1, 1, 1)), (1000, 0.95, (1, 1, 1))))
numba = pytest.importorskip("numba", reason="rendering needs the extra `present`")


def grid(shape, spacing=(1.0, 1.0, 1.0), axes=AXES):
    return Grid(shape, spacing, (0.0, 0.0, 0.0), axes, "patient")


def test_named_views_look_the_right_way():
    looks = {
        "anterior": (0, 1, 0),
        "posterior": (0, -1, 0),
        "left": (-1, 0, 0),
        "right": (1, 0, 0),
        "superior": (0, 0, -1),
    }
    for name, look in looks.items():
        assert np.allclose(VIEWS[name].look, look, atol=1e-12)
    assert np.allclose(VIEWS["anterior"].right, (1, 0, 0)), "the patient's left is on the right"
    assert np.allclose(VIEWS["left"].right, (0, 1, 0), atol=1e-12)
    assert np.allclose(VIEWS["superior"].up, (0, -1, 0), atol=1e-12), "seen from above, the front is up"
    assert np.allclose(VIEWS["inferior"].right, (1, 0, 0), atol=1e-12)


@pytest.mark.parametrize(
    ("view", "corner"), [("anterior", (0, -1)), ("posterior", (0, 0)), ("left", (0, 0)), ("right", (0, -1))]
)
def test_a_bright_corner_is_seen_where_it_is(view, corner):
    """A cube at the head, the front and the left."""
    volume = np.zeros((40, 40, 40), np.int16)
    volume[28:38, 2:12, 28:38] = 1000
    picture = on_black(
        render(volume, grid(volume.shape), SOLID, VIEWS[view], fitted(grid(volume.shape), (VIEWS[view],), 80))
    )
    quarters = {(r, c): picture[r * 40 : r * 40 + 40, c * 40 : c * 40 + 40].sum() for r in (0, 1) for c in (0, 1)}
    assert max(quarters, key=quarters.get) == (corner[0], corner[1] % 2)


def test_a_ball_has_its_size_in_millimetres_whatever_the_spacing():
    for spacing in ((1.0, 1.0, 1.0), (2.5, 1.0, 0.7)):
        shape = tuple(round(60 / s) for s in spacing)
        ball = phantoms_present.ball(shape, [(n - 1) / 2 for n in shape], 20, spacing)
        volume = np.where(ball, 1000, 0).astype(np.int16)
        for camera in (VIEWS["anterior"], VIEWS["left"], Camera(33, 21)):
            screen = fitted(grid(shape, spacing), (camera,), 120)
            seen = render(volume, grid(shape, spacing), SOLID, camera, screen)[..., 3] > 0.5
            assert seen.sum() * screen.pixel**2 == pytest.approx(np.pi * 400, rel=0.06)


def test_a_sheared_volume_is_drawn_where_its_samples_lie():
    """A gantry tilt shifts the slices: a column of the array leans in the world."""
    volume = np.zeros((40, 40, 40), np.int16)
    volume[:, 18:22, 18:22] = 1000
    leaning = grid(volume.shape, axes=((0.0, 0.6, 0.8), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)))
    seen = render(volume, leaning, SOLID, VIEWS["left"], fitted(leaning, (VIEWS["left"],), 100))[..., 3] > 0.5
    columns = [np.flatnonzero(row).mean() for row in seen if row.any()]
    assert columns[0] - columns[-1] > 20, "the head end lies further back"


def test_skipping_empty_space_changes_nothing(monkeypatch):
    volume = phantoms_present.surfaces()
    g = grid(volume.shape, (1.6, 0.8, 0.9))
    camera = Camera(30, 25)
    screen = fitted(g, (camera,), 90)
    tf = Transfer(((-1000, 0, (1, 0, 0)), (-400, 0, (1, 0, 0)), (-100, 0.2, (0, 1, 0)), (900, 0.5, (0, 0, 1))))
    quick = render(volume, g, tf, camera, screen)
    monkeypatch.setattr(raycast, "_active", lambda extremes, *_: np.ones(extremes.shape[1:], bool))
    slow = render(volume, g, tf, camera, screen)
    assert quick[..., 3].max() > 0.9
    np.testing.assert_allclose(quick, slow, atol=2e-3)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_every_type_gives_the_same_picture(kind):
    volume = (phantoms_present.surfaces() + 1000) // 10  # 0 to 190
    g = grid(volume.shape)
    tf = Transfer(((0, 0, (1, 1, 1)), (60, 0, (1, 1, 1)), (120, 0.8, (1, 1, 1))))
    screen = fitted(g, (VIEWS["left"],), 60)
    expected = render(volume, g, tf, VIEWS["left"], screen)
    np.testing.assert_allclose(render(volume.astype(kind), g, tf, VIEWS["left"], screen), expected, atol=2e-3)
    assert compact(volume.astype(kind)).dtype in (np.int16, np.float32)


def test_the_same_rendering_twice_is_the_same_bytes():
    volume = phantoms_present.surfaces()
    g = grid(volume.shape)
    screen = fitted(g, (VIEWS["left"],), 60)
    one, two = (render(volume, g, SOLID, VIEWS["left"], screen) for _ in range(2))
    assert np.array_equal(one, two)


def test_what_cannot_be_rendered_is_said(monkeypatch):
    volume = np.zeros((8, 8, 8), np.int16)
    g = grid(volume.shape)
    screen = fitted(g, (VIEWS["left"],), 20)
    with pytest.raises(ShapeError, match="grid"):
        render(volume[1:], g, SOLID, VIEWS["left"], screen)
    with pytest.raises(ShapeError, match="ascending"):
        render(volume, g, Transfer(((5, 0, (1, 1, 1)), (5, 1, (1, 1, 1)))), VIEWS["left"], screen)
    monkeypatch.setattr(raycast, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra) as caught:
        render(volume, g, SOLID, VIEWS["left"], screen)
    assert "vesale[present]" in caught.value.remedy
