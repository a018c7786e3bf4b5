"""What a header says of showing its image: windows, times, worlds; and that nothing else of it gets out."""

from dataclasses import astuple

import numpy as np
import pytest
from pydicom.dataset import Dataset

import phantoms
from vesale.core.image import Description
from vesale.io import open_source
from vesale.io.display import Display, read_display


def display_of(tmp_path, tags, pixels=None):
    rng = np.random.default_rng(0)
    pixels = np.zeros((8, 9), np.uint16) if pixels is None else pixels
    phantoms.write_dicom(tmp_path / "d.dcm", rng, pixels, tags)
    return read_display(Description("dicom", "", files=(tmp_path / "d.dcm",)))


def test_windows_in_their_order_and_with_their_function(tmp_path):
    found = display_of(tmp_path, {"WindowCenter": [40, 450], "WindowWidth": [350, 1500], "VOILUTFunction": "SIGMOID"})
    assert [(w.centre, w.width, w.function) for w in found.windows] == [(40, 350, "sigmoid"), (450, 1500, "sigmoid")]


@pytest.mark.parametrize(("centre", "width"), [(40, 0), ("", ""), (None, 400), (40, -5)])
def test_a_window_that_shows_nothing_is_none(tmp_path, centre, width):
    assert display_of(tmp_path, {"WindowCenter": centre, "WindowWidth": width}).windows == ()


def test_a_window_of_an_enhanced_object_is_found_in_its_groups(tmp_path):
    voi, group = Dataset(), Dataset()
    voi.WindowCenter, voi.WindowWidth = 300, 700
    group.FrameVOILUTSequence = [voi]
    found = display_of(tmp_path, {"SharedFunctionalGroupsSequence": [group]})
    assert (found.windows[0].centre, found.windows[0].width) == (300, 700)


@pytest.mark.parametrize(
    ("tags", "seconds", "uneven"),
    [
        ({"FrameTime": 40}, 0.04, False),
        ({"FrameTimeVector": [0, 30, 30, 30]}, 0.03, False),
        ({"FrameTimeVector": [0, 20, 60]}, 0.04, True),
        ({"CineRate": 25}, 0.04, False),
        ({"RecommendedDisplayFrameRate": 20}, 0.05, False),
        ({"FrameTime": 50, "CineRate": 99}, 0.05, False),
        ({"FrameTime": 0}, None, False),
        ({}, None, False),
    ],
)
def test_the_time_of_a_frame(tmp_path, tags, seconds, uneven):
    found = display_of(tmp_path, tags)
    assert found.frame_seconds == (None if seconds is None else pytest.approx(seconds))
    assert found.uneven is uneven


def test_a_world_is_known_by_a_hash_only(tmp_path):
    uid = phantoms.uid(np.random.default_rng(1))
    found = display_of(tmp_path, {"FrameOfReferenceUID": uid})
    again = display_of(tmp_path, {"FrameOfReferenceUID": uid, "PatientName": "Other^Made^Up"})
    assert found.frame_of_reference == again.frame_of_reference
    assert len(found.frame_of_reference) == 12
    assert str(uid) not in repr(found)
    assert "Made" not in repr(again)
    assert display_of(tmp_path, {"FrameOfReferenceUID": None}).frame_of_reference is None


def test_a_table_of_the_wrong_length_is_none(tmp_path):
    item = Dataset()
    item.LUTDescriptor = [200, 0, 12]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = [1, 2, 3]
    item["LUTData"].VR = "US"
    assert display_of(tmp_path, {"VOILUTSequence": [item]}).table is None


def test_other_files_say_nothing(tmp_path):
    path = phantoms.write_raster(tmp_path / "p.png", phantoms.grey(np.random.default_rng(0)))
    assert astuple(read_display(open_source(path).description)) == astuple(Display())
