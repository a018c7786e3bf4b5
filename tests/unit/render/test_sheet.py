"""The contact sheet: everything outlined is seen, planes are central, sizes hold, sheared and unknown grids too."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

import phantoms_present
from vesale.core.errors import ShapeError
from vesale.core.grid import Grid
from vesale.core.image import Description, Image, Provenance
from vesale.render import paint
from vesale.render.sheet import Outlines, _chosen, _middle, show_sheet, volume_overlay
from vesale.render.subject import Presentation, subject_of

AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


def image(data, spacing=(2.0, 1.0, 1.0), axes=AXES):
    frame = "patient" if axes else "unknown"
    grid = Grid(data.shape[1:], spacing, (0.0, 0.0, 0.0) if spacing else None, axes, frame)
    return Image(data, grid, "intensity", tuple(f"c{i}" for i in range(len(data))), Provenance("made"))


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))


def noise(shape):
    return np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)


def test_every_tile_shows_what_is_outlined():
    labels = np.zeros((1, 40, 50, 60), np.uint8)
    labels[0, 5:30, 10:40, 10:40] = 1
    sheet = opened(volume_overlay(image(noise((40, 50, 60))), labels, ("background", "hippocampus")))
    assert max(sheet.shape) <= 2048
    blue = (sheet == paint.PALETTE[0]).all(axis=-1)
    width = sheet.shape[1] // 4
    assert all(blue[:, c * width : (c + 1) * width].any() for c in range(4))
    rows = np.flatnonzero(blue.any(axis=1))
    gaps = np.flatnonzero(np.diff(rows) > 40)
    assert len(gaps) >= 3, "four rows of tiles, and outlines in each"


def test_slices_are_taken_among_those_that_hold_something_and_planes_run_through_it():
    source = phantoms_present.held(np.zeros((40, 50, 60), np.int16))
    subject = subject_of(source, Presentation())
    labels = np.zeros((1, 40, 50, 60), np.uint8)
    labels[0, 20:26, 30:40, 10:20] = 1
    outlines = Outlines(labels, ("background", "x"), True)
    plane = subject.turned.plane("z")
    assert _chosen(subject, plane, outlines) == [20, 21, 22, 23, 24, 25]
    assert _middle(subject, outlines) == (22, 34, 14)
    assert _middle(subject, None) == (19, 24, 29)
    assert len(_chosen(subject, plane, None)) == 12


@pytest.mark.parametrize("shape", [(3, 20, 20), (1, 30, 40), (200, 20, 30), (12, 300, 20), (5, 20, 300)])
@pytest.mark.parametrize("spacing", [(2.0, 1.0, 1.0), None])
def test_any_volume_is_shown_within_2048(shape, spacing):
    sheet = opened(volume_overlay(image(noise(shape), spacing)))
    assert max(sheet.shape) <= 2048
    assert sheet.max() > 200


@pytest.mark.parametrize("names", [("a", "b", "c"), tuple(f"a class with a rather long name {i}" for i in range(9))])
def test_classes_that_overlap_are_each_outlined(names):
    labels = np.zeros((len(names), 10, 40, 40), np.uint8)
    for i in range(len(names)):
        labels[i, 2:8, 4 + i : 24 + i, 4 + i : 24 + i] = 1
    sheet = opened(volume_overlay(image(noise((10, 40, 40))), labels, names, False))
    assert max(sheet.shape) <= 2048
    for colour in paint.PALETTE[:3]:
        assert (sheet == colour).all(axis=-1).sum() > 50


def test_a_tilted_volume_and_its_outlines_are_straightened_together():
    lean = ((0.0, 0.3, 0.954), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    data = np.zeros((1, 20, 40, 40), np.int16)
    data[0, 4:16, 10:30, 10:30] = 1000
    labels = (data > 500).astype(np.uint8)
    sheet = opened(volume_overlay(image(data, axes=lean), labels, ("background", "block")))
    edge = (sheet == paint.PALETTE[0]).all(axis=-1)
    assert edge.sum() > 1000


def test_the_files_own_window_is_used_where_it_can_still_be_read(tmp_path):
    gone = Description("dicom", "", "CT", files=(tmp_path / "gone.dcm",))
    data = np.tile(np.linspace(-1000, 1000, 60, dtype=np.int16), (1, 10, 40, 1))
    assert opened(volume_overlay(image(data), about=gone)).max() == 255


def test_what_does_not_share_a_grid_is_refused():
    with pytest.raises(ShapeError, match="one grid"):
        volume_overlay(image(np.zeros((1, 2, 8, 8))), np.zeros((1, 3, 8, 8)))


def test_the_document_names_the_slices_as_they_are_stored():
    turned_over = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    source = phantoms_present.held(noise((24, 20, 20))[0], axes=turned_over, modality="MR")
    shown = show_sheet(subject_of(source, Presentation()), Presentation(size=256))
    assert shown.facts["slices_shown"] == [1 + 2 * i for i in range(12)]
