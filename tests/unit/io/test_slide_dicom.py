import pickle

import numpy as np
import pytest

import phantoms_slides as made
from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.io.inputs import find_inputs
from vesale.io.slide_dicom import is_whole_slide, open_dicom_slide
from vesale.io.slide_frames import stream_colours


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def planes(source, level=0, box=None):
    return source.read(box, level).data.transpose(1, 2, 0)


def test_a_folder_is_one_slide_of_exact_levels(tmp_path, rng):
    levels = made.pyramid(made.tissue(rng))
    for i, level in enumerate(levels[::-1]):
        made.write_wsi(tmp_path / f"{i}.dcm", level, 0.0005 * 2 ** (2 - i))
    made.write_wsi(tmp_path / "label.dcm", made.tissue(rng, (40, 60)), None, "LABEL")
    made.write_wsi(tmp_path / "other.dcm", levels[0], 0.1, series="1.2.9")
    (tmp_path / "other.dcm").rename(tmp_path.parent / "other.dcm")
    source = open_dicom_slide(tmp_path)
    assert [g.shape for g in source.levels] == [a.shape[:2] for a in levels]
    assert [g.spacing for g in source.levels] == [(0.0005, 0.0005), (0.001, 0.001), (0.002, 0.002)]
    for i, wanted in enumerate(levels):
        np.testing.assert_array_equal(planes(source, i), wanted)
    assert "label (a label may show the patient's name)" in " ".join(source.description.notes)
    assert source.description.modality == "SM"
    again = open_dicom_slide(tmp_path / "1.dcm")  # any file of it is the whole slide
    assert again.description.sha256 == source.description.sha256
    assert again.levels == source.levels
    assert is_whole_slide(tmp_path / "1.dcm")


def test_its_place_on_the_slide(tmp_path, rng):
    """Rows run to -y, columns to -x, from (20, 40) on; PS3.3 C.8.12.4.1.4."""
    source = open_dicom_slide(made.write_wsi(tmp_path / "a.dcm", made.tissue(rng), 0.5))
    grid = source.levels[0]
    assert grid.frame == "slide"
    np.testing.assert_allclose(grid.to_world(np.array([[0.0, 0], [10, 0], [0, 10]])),
                               [[20, 40, 0], [15, 40, 0], [20, 35, 0]])  # fmt: skip
    np.testing.assert_allclose(grid.to_index(np.array([15.0, 40, 0])), [10, 0], atol=1e-9)


def test_boxes_are_crops_and_the_source_pickles(tmp_path, rng):
    path = made.write_wsi(tmp_path / "a.dcm", made.tissue(rng), 0.0005, jpeg=True)
    source = pickle.loads(pickle.dumps(open_dicom_slide(path)))
    whole = source.read().data
    for box in (Box((0, 0), (1, 1)), Box((63, 64), (129, 200)), Box((290, 400), (300, 421))):
        np.testing.assert_array_equal(source.read(box).data, whole[(slice(None), *box.slices)])


STREAMS = {
    "jfif ycbcr, said so": ({}, "YBR_FULL_422", None),
    "jfif ycbcr, header says RGB": ({}, "RGB", "decoded as what they are"),
    "adobe rgb, said so": ({"colorspace": "RGB", "outcolorspace": "RGB"}, "RGB", None),
}


@pytest.mark.parametrize("name", STREAMS)
def test_colours_are_those_of_the_stream(tmp_path, rng, name):
    stream, said, note = STREAMS[name]
    picture = made.tissue(rng)
    source = open_dicom_slide(made.write_wsi(tmp_path / "a.dcm", picture, 0.0005, jpeg=True, said=said, stream=stream))
    assert np.abs(planes(source).astype(int) - picture).mean() < 3
    assert (note in " ".join(source.description.notes)) if note else "RGB" not in " ".join(source.description.notes)


def test_what_a_stream_says_of_its_colours():
    head = b"\xff\xd8"
    jfif = b"\xff\xe0\x00\x10JFIF\x00" + b"\0" * 9
    adobe = lambda transform: b"\xff\xee\x00\x0eAdobe\x00\x64\0\0\0\0" + bytes([transform])  # noqa: E731
    frame = lambda ids, first: (  # noqa: E731
        b"\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03"
        + b"".join(bytes([i, s, 0]) for i, s in zip(ids, first, strict=True))
    )
    scan = b"\xff\xda\x00\x02"
    assert stream_colours(head + jfif + scan) == "YCBCR"
    assert stream_colours(head + adobe(0) + scan) == "RGB"
    assert stream_colours(head + adobe(1) + scan) == "YCBCR"
    assert stream_colours(head + frame(b"RGB", (0x11, 0x11, 0x11)) + scan) == "RGB"
    assert stream_colours(head + frame((1, 2, 3), (0x22, 0x11, 0x11)) + scan) == "YCBCR"
    assert stream_colours(head + frame((1, 2, 3), (0x11, 0x11, 0x11)) + scan) is None
    assert stream_colours(b"") is None


def test_frames_without_an_offset_table(tmp_path, rng):
    path = made.write_wsi(tmp_path / "a.dcm", made.tissue(rng), 0.0005, jpeg=True)
    wanted = open_dicom_slide(path).read().data
    made.strip_offset_table(path)
    np.testing.assert_array_equal(open_dicom_slide(path).read().data, wanted)


@pytest.mark.parametrize("by_column", [False, True])
def test_frames_whose_order_nobody_says_are_put_where_they_continue_each_other(tmp_path, rng, by_column):
    picture = made.tissue(rng)
    path = made.write_wsi(tmp_path / "a.dcm", picture, 0.0005, full=False, by_column=by_column)
    source = open_dicom_slide(path)
    np.testing.assert_array_equal(planes(source), picture)
    order = "column by column" if by_column else "row by row"
    assert f"does not say where its frames lie: {order}" in " ".join(source.description.notes)


def test_an_order_that_cannot_be_told_is_refused(tmp_path, rng):
    noise = rng.integers(0, 255, (300, 421, 3)).astype(np.uint8)
    path = made.write_wsi(tmp_path / "a.dcm", noise, 0.0005, full=False)
    with pytest.raises(SourceError, match="does not say where its 35 frames lie"):
        open_dicom_slide(path)


def test_sparse_frames_lie_where_they_say(tmp_path, rng):
    picture = made.tissue(rng)
    kept = [8, 0, 34, 20]
    source = open_dicom_slide(made.write_wsi(tmp_path / "a.dcm", picture, 0.0005, sparse=kept))
    found = planes(source)
    for i in kept:
        r, c = i // 7 * 64, i % 7 * 64
        np.testing.assert_array_equal(found[r : r + 64, c : c + 64], picture[r : r + 64, c : c + 64])
    assert not found[:64, 64:128].any()
    assert "31 frames not in the file: shown as 0" in source.description.notes


def test_optical_paths_are_channels(tmp_path, rng):
    data = made.cells(rng, (2, 100, 130), np.uint16)
    source = open_dicom_slide(made.write_wsi(tmp_path / "a.dcm", data, 0.0005, paths=("DAPI", "FITC")))
    assert source.channels == ("DAPI", "FITC")
    np.testing.assert_array_equal(source.read().data, data)


def test_what_is_no_exam_or_no_one_image_is_refused(tmp_path, rng):
    picture = made.tissue(rng, (70, 90))
    alone = tmp_path / "alone"
    alone.mkdir()
    label = made.write_wsi(alone / "label.dcm", picture, None, "LABEL")
    with pytest.raises(SourceError, match="only its label, which is not read as an exam"):
        open_dicom_slide(label)
    two = tmp_path / "two"
    two.mkdir()
    made.write_wsi(two / "a.dcm", picture, 0.0005, series="1.2.3")
    made.write_wsi(two / "b.dcm", picture, 0.0005, series="1.2.4")
    with pytest.raises(SourceError, match="2 whole slides in it"):
        open_dicom_slide(two)
    same = tmp_path / "same"
    same.mkdir()
    made.write_wsi(same / "a.dcm", picture, 0.0005)
    made.write_wsi(same / "b.dcm", picture, 0.0005)
    with pytest.raises(SourceError, match="levels of one size"):
        open_dicom_slide(same)


def test_a_cut_file_is_refused_without_a_name(tmp_path, rng):
    path = made.write_wsi(tmp_path / "a.dcm", made.tissue(rng), 0.0005)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(SourceError) as caught:
        open_dicom_slide(path).read()
    assert "Doe" not in str(caught.value)
    odd = made.write_wsi(tmp_path / "b.dcm", made.tissue(rng), 0.0005, said="PALETTE COLOR", series="1.2.8")
    with pytest.raises(SourceError, match="samples of the kind PALETTE COLOR"):
        open_dicom_slide(odd)


def test_a_series_of_levels_is_one_exam(tmp_path, rng):
    for i, level in enumerate(made.pyramid(made.tissue(rng))):
        made.write_wsi(tmp_path / f"{i}.dcm", level, 0.0005 * 2**i)
    made.write_wsi(tmp_path / "label.dcm", made.tissue(rng, (40, 60)), None, "LABEL")
    made.write_wsi(tmp_path / "other.dcm", made.tissue(rng, (70, 70)), 0.0005, series="1.2.9")
    found = find_inputs([str(tmp_path)], tmp_path / "scratch")
    assert len(found) == 2
    assert len({f.exam for f in found}) == 2
