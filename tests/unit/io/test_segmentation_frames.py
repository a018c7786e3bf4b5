"""Segmentations of multi-frame images, written and read back, and those of other hands laid on an image's grid."""

import numpy as np
import pydicom
import pytest

import phantoms
import phantoms_dicom as made
from vesale.core.errors import SourceError
from vesale.core.grid import Grid
from vesale.io import open_mask, open_source
from vesale.io.dicom_series import source_of, volumes_of
from vesale.io.segmentation import Drawn, read_segmentation, write_segmentation

NAMES = ("background", "liver", "lesion")


@pytest.fixture
def rng():
    return np.random.default_rng(59)


def stored(rng, shape=(6, 12, 16)):
    return (phantoms.volume(rng, shape) + 1024).astype(np.uint16)


def drawn(source, exclusive=True):
    return Drawn(source.description.files, NAMES, exclusive, source.description.frames)


def oblique(rng):
    turn = phantoms.rotation(rng)
    return [round(float(v), 10) for v in (*turn[:, 0], *turn[:, 1])]


def enhanced(tmp_path, rng):
    path = made.write(tmp_path / "a.dcm", made.enhanced_ct(rng, stored(rng), [3, 0, 5, 1, 4, 2], oblique(rng)))
    return open_source(path)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("kind", ["enhanced", "dose", "cine", "second echo"])
def test_what_is_written_on_frames_is_read_back(tmp_path, rng, exclusive, kind):
    if kind == "enhanced":
        source = enhanced(tmp_path, rng)
    elif kind == "dose":
        source = open_source(made.write(tmp_path / "a.dcm", made.dose(rng, stored(rng), [0.0, 3, 6, 9, 12, 15])))
    elif kind == "cine":
        source = open_source(made.write(tmp_path / "a.dcm", made.cine(rng, stored(rng))))
    else:
        groups = [{"MREchoSequence": made.item(EffectiveEchoTime=t)} for t in (1.0, 2.0)]
        path = made.write(tmp_path / "a.dcm", made.enhanced_mr(rng, np.stack([stored(rng)] * 2), groups))
        source = source_of(volumes_of([path])[1])
    index = rng.integers(0, len(NAMES), source.levels[0].shape).astype(np.uint8)
    index[0], index[-1] = 0, 0  # the ends are counted, though nothing is drawn on them
    planes = index if exclusive else np.stack([index == i for i in range(len(NAMES))]).astype(np.uint8)
    path = write_segmentation(tmp_path / "out.seg.dcm", planes, drawn(source, exclusive))
    np.testing.assert_array_equal(read_segmentation(path, exclusive), planes)
    d = pydicom.dcmread(path)
    first = pydicom.dcmread(source.description.files[0], stop_before_pixels=True)
    frames = set()
    for group in d.PerFrameFunctionalGroupsSequence:
        item = group.DerivationImageSequence[0].SourceImageSequence[0]
        assert item.ReferencedSOPInstanceUID == first.SOPInstanceUID
        assert item.ReferencedSOPClassUID == first.SOPClassUID
        frames.add(int(item.ReferencedFrameNumber) - 1)
    assert frames == set(source.description.frames)
    references = d.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert [i.ReferencedSOPInstanceUID for i in references] == [first.SOPInstanceUID]
    assert ("FrameOfReferenceUID" in d) == (kind != "cine")


def test_a_segment_lies_at_the_same_world_coordinates(tmp_path, rng):
    source = enhanced(tmp_path, rng)
    grid = source.levels[0]
    index = np.zeros(grid.shape, np.uint8)
    index[2, 3, 4], index[4, 7, 9] = 1, 2
    path = write_segmentation(tmp_path / "out.seg.dcm", index, drawn(source))
    mask = open_mask(path)
    for value, place in ((1, (2, 3, 4)), (2, (4, 7, 9))):
        (found,) = np.argwhere(mask.data[0] == value)
        np.testing.assert_allclose(
            mask.grid.to_world(found.astype(float)), grid.to_world(np.array(place, float)), atol=1e-5
        )
    np.testing.assert_array_equal(open_mask(path, grid).data[0], index)


@pytest.mark.parametrize("tilt", [0.0, 0.2])
def test_of_a_series_empty_planes_are_left_out_and_come_back_on_its_grid(tmp_path, rng, tilt):
    phantoms.write_series(tmp_path / "s", rng, stored(rng).astype(np.int16), orientation=oblique(rng), tilt=tilt)
    source = open_source(tmp_path / "s")
    index = np.zeros(source.levels[0].shape, np.uint8)
    index[2:4, 3:5, 4:9], index[4, 6, 6] = 1, 2
    path = write_segmentation(tmp_path / "out.seg.dcm", index, drawn(source))
    mask = open_mask(path, source.levels[0])
    np.testing.assert_array_equal(mask.data[0], index)
    assert mask.grid == source.levels[0]
    if not tilt:
        assert open_mask(path).data.shape == (1, 3, 12, 16)  # on its own, from the first drawn plane to the last


def test_one_that_does_not_fit_is_refused(tmp_path, rng):
    source = enhanced(tmp_path, rng)
    index = rng.integers(0, 3, source.levels[0].shape).astype(np.uint8)
    path = write_segmentation(tmp_path / "out.seg.dcm", index, drawn(source))
    grid = source.levels[0]
    moved = Grid(grid.shape, grid.spacing, tuple(v + 0.3 for v in grid.origin), grid.axes, grid.frame)
    for other, words in (
        (moved, "between the samples"),
        (Grid((4, 12, 16), grid.spacing, grid.origin, grid.axes, grid.frame), "outside"),
        (Grid(grid.shape, (2.5, 0.8, 0.75), grid.origin, grid.axes, grid.frame), "between the samples"),
        (Grid(grid.shape), "no place"),
    ):
        with pytest.raises(SourceError, match=words):
            open_mask(path, other)


def test_segments_that_overlap_are_no_index(tmp_path, rng):
    source = enhanced(tmp_path, rng)
    planes = np.ones((3, *source.levels[0].shape), np.uint8)
    path = write_segmentation(tmp_path / "out.seg.dcm", planes, drawn(source, exclusive=False))
    with pytest.raises(SourceError, match="overlap"):
        open_mask(path)


def test_a_segmentation_is_passed_over_in_a_folder_and_refused_as_an_image(tmp_path, rng):
    from vesale.io.inputs import find_inputs

    source = enhanced(tmp_path / "in", rng)
    write_segmentation(tmp_path / "in" / "out.seg.dcm", np.ones(source.levels[0].shape, np.uint8), drawn(source))
    assert [len(f.files) for f in find_inputs([str(tmp_path / "in")], tmp_path / "scratch")] == [1]
    (named,) = find_inputs([str(tmp_path / "in" / "out.seg.dcm")], tmp_path / "scratch")
    assert "mask" in named.error.message
