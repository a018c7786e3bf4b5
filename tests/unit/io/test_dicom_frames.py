"""Files of many frames: enhanced objects, nuclear medicine, dose, cine. Every truth is planted."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, RLELossless

import phantoms
import phantoms_dicom as made
from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.io import dicom_frames, open_source
from vesale.io.dicom_series import source_of, volumes_of
from vesale.io.inputs import find_inputs, open_found


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(31)


def stored(rng, shape=(6, 12, 16), dtype=np.int16):
    return (phantoms.volume(rng, shape) + 1024).astype(dtype)


def sources(path):
    return [source_of(v) for v in volumes_of([path])]


def notes(source):
    return " ".join(source.description.notes)


# Enhanced


@pytest.mark.parametrize("syntax", [None, RLELossless, JPEG2000Lossless])
def test_an_enhanced_ct_is_a_volume_whatever_the_order_of_its_frames(tmp_path, rng, syntax):
    planted = stored(rng, (6, 36, 40), np.uint16)
    order = [3, 0, 5, 1, 4, 2]
    path = made.write(tmp_path / "a.dcm", made.enhanced_ct(rng, planted, order), syntax)
    source = open_source(path)
    grid = source.levels[0]
    np.testing.assert_array_equal(source.read().data[0], planted.astype(int) - 1024)
    assert grid.spacing == pytest.approx(made.SPACING)
    assert grid.frame == "patient"
    np.testing.assert_allclose(grid.to_world(np.array([2.0, 0, 0])), made.position(2), atol=1e-9)
    assert source.description.frames == (1, 3, 5, 0, 4, 2)
    box = Box((1, 2, 3), (4, 9, 12))
    np.testing.assert_array_equal(source.read(box).data[0], planted[box.slices].astype(int) - 1024)


def test_an_oblique_enhanced_ct_lies_where_its_frames_say(tmp_path, rng):
    turn = phantoms.rotation(rng)
    cosines = [round(float(v), 10) for v in (*turn[:, 0], *turn[:, 1])]
    path = made.write(tmp_path / "a.dcm", made.enhanced_ct(rng, stored(rng), [5, 4, 3, 2, 1, 0], cosines))
    grid = open_source(path).levels[0]
    place = np.array(made.ORIGIN) + turn @ np.array([5 * 0.7, 4 * 0.8, 3 * 2.5])
    np.testing.assert_allclose(grid.to_world(np.array([3.0, 4.0, 5.0])), place, atol=1e-6)


def test_reading_a_box_decodes_its_frames_only(tmp_path, rng, monkeypatch):
    path = made.write(tmp_path / "a.dcm", made.enhanced_ct(rng, stored(rng)), RLELossless)
    source, decoded = open_source(path), []
    plain = dicom_frames._frame
    monkeypatch.setattr(dicom_frames, "_frame", lambda f, p, index: decoded.append(index) or plain(f, p, index))
    source.read(Box((2, 0, 0), (4, 3, 3)))
    assert decoded == [2, 3]


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("EffectiveEchoTime", [{"MREchoSequence": made.item(EffectiveEchoTime=t)} for t in (4.6, 9.2)]),
        (
            "DiffusionBValue",
            [{"MRDiffusionSequence": made.item(DiffusionBValue=float(b))} for b in (0, 500, 1000)],
        ),
        (
            "FrameType",
            [{"MRImageFrameTypeSequence": made.item(FrameType=["ORIGINAL", "PRIMARY", k, "NONE"])} for k in ("M", "P")],
        ),
        (
            "NominalCardiacTriggerDelayTime",
            [
                {"CardiacSynchronizationSequence": made.item(NominalCardiacTriggerDelayTime=float(t))}
                for t in (0, 50, 100)
            ],
        ),
        (
            "TemporalPositionTimeOffset",
            [{"TemporalPositionSequence": made.item(TemporalPositionTimeOffset=float(t))} for t in (0, 3)],
        ),
    ],
)
def test_several_volumes_in_one_object_are_split_and_said(tmp_path, rng, name, groups):
    planted = np.stack([stored(rng) for _ in groups])
    path = made.write(tmp_path / "in" / "a.dcm", made.enhanced_mr(rng, planted, groups))
    found = sources(path)
    assert len(found) == len(groups)
    for i, source in enumerate(found):
        np.testing.assert_array_equal(source.read().data[0], planted[i])
        assert f"told apart by {name}" in notes(source)
        assert f"{i + 1} of {len(groups)}" in notes(source)
    with pytest.raises(SourceError, match=f"{len(groups)} volumes in one.*{name}"):
        open_source(path)
    exams = find_inputs([str(tmp_path / "in")], tmp_path / "scratch")
    assert [f.exam.partition("-")[2] for f in exams] == ["", *(str(i + 2) for i in range(len(groups) - 1))]
    np.testing.assert_array_equal(open_found(exams[-1]).read().data[0], planted[-1])


def test_echoes_and_phases_at_once(tmp_path, rng):
    groups = [
        {
            "MREchoSequence": made.item(EffectiveEchoTime=echo),
            "CardiacSynchronizationSequence": made.item(NominalCardiacTriggerDelayTime=delay),
        }
        for echo in (2.0, 4.0)
        for delay in (0.0, 30.0)
    ]
    planted = np.stack([stored(rng) for _ in groups])
    found = sources(made.write(tmp_path / "a.dcm", made.enhanced_mr(rng, planted, groups)))
    for i, source in enumerate(found):
        np.testing.assert_array_equal(source.read().data[0], planted[i])
    assert len(found) == 4


def test_two_stacks_that_follow_each_other_are_two(tmp_path, rng):
    planted = stored(rng, (8, 12, 16))
    groups = [made.place(n) for n in range(8)]
    for n, group in enumerate(groups):
        group.FrameContentSequence[0].StackID = "1" if n < 4 else "2"
    path = made.write(tmp_path / "a.dcm", made.enhanced(rng, planted, groups, made.shared()))
    found = sources(path)
    assert [s.levels[0].shape[0] for s in found] == [4, 4]
    assert "StackID 2, 2 of 2" in notes(found[1])
    np.testing.assert_array_equal(found[1].read().data[0], planted[4:])


def test_three_planes_of_a_localiser_are_three_images(tmp_path, rng):
    planes = [(1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)]
    groups = []
    for cosines in planes:
        groups.append(made.place(0, cosines))
        groups[-1].PlaneOrientationSequence = [made.item(ImageOrientationPatient=[float(v) for v in cosines])]
    common = made.shared()
    del common.PlaneOrientationSequence
    path = made.write(tmp_path / "a.dcm", made.enhanced(rng, stored(rng, (3, 12, 16)), groups, common))
    found = sources(path)
    assert [s.levels[0].shape for s in found] == [(12, 16)] * 3
    assert all("orientation" in notes(s) for s in found)
    assert len({s.levels[0].axes for s in found}) == 3


def test_each_frame_has_its_own_rescale(tmp_path, rng):
    planted = stored(rng)
    groups = [made.place(n, PixelValueTransformationSequence=made.rescale(0.5 + n, 3)) for n in range(6)]
    path = made.write(tmp_path / "a.dcm", made.enhanced(rng, planted, groups, made.shared()))
    data = open_source(path).read().data[0]
    wanted = planted * (0.5 + np.arange(6))[:, None, None] + 3
    np.testing.assert_allclose(data, wanted, rtol=1e-6)


def test_gaps_and_repeats_inside_one_object_are_refused(tmp_path, rng):
    for numbers, words in (((0, 1, 2, 4, 5, 6), "1 slice missing"), ((0, 1, 2, 2, 3, 4), "repeated")):
        groups = [made.place(n) for n in numbers]
        path = made.write(tmp_path / f"{words[0]}.dcm", made.enhanced(rng, stored(rng), groups, made.shared()))
        with pytest.raises(SourceError, match=rf"{words}|frame 3 of .* and frame 4"):
            open_source(path)


def test_groups_for_another_number_of_frames_are_refused(tmp_path, rng):
    groups = [made.place(n) for n in range(5)]
    path = made.write(tmp_path / "a.dcm", made.enhanced(rng, stored(rng), groups, made.shared()))
    with pytest.raises(SourceError, match="functional groups for 5 frames, pixel data for 6"):
        open_source(path)


def test_one_slice_at_many_times_is_a_run(tmp_path, rng):
    groups = [
        made.place(0, CardiacSynchronizationSequence=made.item(NominalCardiacTriggerDelayTime=30.0 * t))
        for t in (2, 0, 1)
    ]
    planted = stored(rng, (3, 12, 16))
    path = made.write(tmp_path / "a.dcm", made.enhanced(rng, planted, groups, made.shared(), Modality="MR"))
    source = open_source(path)
    assert source.levels[0].spacing is None
    np.testing.assert_array_equal(source.read().data[0], planted[[1, 2, 0]])
    assert "in time, by NominalCardiacTriggerDelayTime" in notes(source)
    assert "0.8 x 0.7 mm" in notes(source)


def test_an_ultrasound_volume_keeps_its_own_frame_of_reference(tmp_path, rng):
    groups = [
        made.item(PlanePositionVolumeSequence=[made.item(ImagePositionVolume=made.position(n))]) for n in range(4)
    ]
    common = made.item(
        PixelMeasuresSequence=[made.item(PixelSpacing=[0.8, 0.7])],
        PlaneOrientationVolumeSequence=[made.item(ImageOrientationVolume=list(made.AXIAL))],
    )
    planted = stored(rng, (4, 12, 16))
    tags = {"SOPClassUID": made.ENHANCED_US, "Modality": "US", "VolumeFrameOfReferenceUID": phantoms.uid(rng)}
    path = made.write(tmp_path / "a.dcm", made.enhanced(rng, planted, groups, common, FrameOfReferenceUID=None, **tags))
    source = open_source(path)
    assert source.levels[0].spacing == pytest.approx(made.SPACING)
    assert source.levels[0].frame == "unknown"
    assert "own frame of reference" in notes(source)


def test_parts_of_a_concatenation_are_one_volume(tmp_path, rng):
    planted, uid, series = stored(rng), phantoms.uid(rng), phantoms.uid(rng)
    for part in range(2):
        numbers = range(3 * part, 3 * part + 3)
        groups = [made.place(n) for n in numbers]
        tags = {"ConcatenationUID": uid, "SeriesInstanceUID": series}
        d = made.enhanced(rng, planted[list(numbers)], groups, made.shared(), **tags)
        made.write(tmp_path / "in" / f"{part}.dcm", d)
    (found,) = find_inputs([str(tmp_path / "in")], tmp_path / "scratch")
    np.testing.assert_array_equal(open_found(found).read().data[0], planted)


# Nuclear medicine and dose


def test_reconstructed_slices_are_placed_against_the_normal(tmp_path, rng):
    planted = stored(rng, (5, 12, 16), np.uint16)
    d = made.nuclear(rng, planted, "RECON TOMO", SliceVector=[1, 2, 3, 4, 5])
    source = open_source(made.write(tmp_path / "a.dcm", d))
    grid = source.levels[0]
    assert grid.spacing == pytest.approx((3.0, 4.0, 4.5))
    np.testing.assert_array_equal(source.read().data[0], planted[::-1])  # -3 mm: each slice lies before the last
    np.testing.assert_allclose(grid.to_world(np.array([4.0, 0, 0])), made.ORIGIN)
    np.testing.assert_allclose(grid.to_world(np.array([0.0, 0, 0])), np.array(made.ORIGIN) - (0, 0, 12))


def test_gates_of_a_reconstruction_are_volumes(tmp_path, rng):
    planted = stored(rng, (8, 12, 16), np.uint16)
    vectors = {"TimeSlotVector": [1] * 4 + [2] * 4, "SliceVector": [1, 2, 3, 4] * 2}
    found = sources(made.write(tmp_path / "a.dcm", made.nuclear(rng, planted, "RECON GATED TOMO", **vectors)))
    assert [s.levels[0].shape[0] for s in found] == [4, 4]
    assert "TimeSlotVector 2" in notes(found[1])
    np.testing.assert_array_equal(found[1].read().data[0], planted[4:][::-1])


def test_detectors_are_images_and_moments_are_runs(tmp_path, rng):
    planted = stored(rng, (6, 12, 16), np.uint16)
    static = made.nuclear(rng, planted[:2], "STATIC", EnergyWindowVector=[1, 1], DetectorVector=[1, 2])
    found = sources(made.write(tmp_path / "s.dcm", static))
    assert [s.levels[0].shape for s in found] == [(12, 16), (12, 16)]
    assert found[0].levels[0].spacing == (4.0, 4.5)
    moving = made.nuclear(rng, planted, "DYNAMIC", DetectorVector=[1, 2] * 3, TimeSliceVector=[1, 1, 2, 2, 3, 3])
    found = sources(made.write(tmp_path / "d.dcm", moving))
    assert [s.levels[0].shape for s in found] == [(3, 12, 16)] * 2
    np.testing.assert_array_equal(found[1].read().data[0], planted[1::2])
    assert "in time" in notes(found[0])


@pytest.mark.parametrize("offsets", [[0.0, 5.0, 10.0, 15.0], [100.0, 105.0, 110.0, 115.0], [0.0, -5.0, -10.0, -15.0]])
def test_dose_is_scaled_and_placed(tmp_path, rng, offsets):
    planted = rng.integers(0, 2**31, (4, 6, 7)).astype(np.uint32)
    source = open_source(made.write(tmp_path / "a.dcm", made.dose(rng, planted, offsets, 1e-6)))
    grid = source.levels[0]
    down = offsets[-1] < offsets[0]
    assert grid.spacing == pytest.approx((5.0, 0.8, 0.7))
    wanted = (planted[::-1] if down else planted) * 1e-6
    np.testing.assert_allclose(source.read().data[0], wanted, rtol=1e-6)
    first = np.array(made.ORIGIN) - (0, 0, 15 if down else 0)
    np.testing.assert_allclose(grid.to_world(np.zeros(3)), first)
    assert "GY" in notes(source)


# Cine


def test_a_cine_has_no_spacing_and_says_what_its_frames_are(tmp_path, rng):
    planted = stored(rng, (7, 12, 16), np.uint16)
    source = open_source(made.write(tmp_path / "a.dcm", made.cine(rng, planted), RLELossless))
    assert source.levels[0].shape == (7, 12, 16)
    assert source.levels[0].spacing is None
    assert "40 ms apart" in notes(source)
    assert "0.3 x 0.2 mm" in notes(source)
    box = Box((2, 1, 3), (5, 9, 11))
    np.testing.assert_array_equal(source.read(box).data[0], planted[box.slices])


def test_a_colour_cine(tmp_path, rng):
    planted = np.stack([phantoms.colour(rng) for _ in range(3)])
    d = made.cine(rng, planted, Modality="US", SOPClassUID=made.US_CINE, FrameTime=None, FrameTimeVector=[0, 30, 50])
    d.SequenceOfUltrasoundRegions = pydicom.Sequence([made.region()])
    d.pop("ImagerPixelSpacing")
    source = open_source(made.write(tmp_path / "a.dcm", d))
    assert source.channels == ("red", "green", "blue")
    np.testing.assert_array_equal(source.read().data, planted.transpose(3, 0, 1, 2))
    assert "30 to 50 ms apart" in notes(source)
    assert "0.4 x 0.5 mm" in notes(source)


def test_ultrasound_regions_give_the_scale_when_they_agree(tmp_path, rng):
    for regions, spacing in (
        ([made.region()], (0.4, 0.5)),
        ([made.region(), made.region()], (0.4, 0.5)),
        ([made.region(), made.region(0.1)], None),
        ([made.region(unit=4)], None),
    ):
        tags = {"Modality": "US", "SequenceOfUltrasoundRegions": regions}
        phantoms.write_dicom(tmp_path / "a.dcm", rng, phantoms.grey(rng), tags)
        found = open_source(tmp_path / "a.dcm").levels[0].spacing
        assert found == spacing if spacing is None else found == pytest.approx(spacing)


def test_frames_are_counted_by_the_stream(tmp_path, rng):
    planted = stored(rng, (4, 12, 16), np.uint16)
    for said in (2, 9, 0):
        d = made.cine(rng, planted)
        d.NumberOfFrames = said
        source = open_source(made.write(tmp_path / "n.dcm", d))
        assert source.levels[0].shape[0] == 4
        assert "the data are right" in notes(source)
    d = made.cine(rng, planted)
    d.compress(RLELossless)
    d.NumberOfFrames = 3
    source = open_source(made.write(tmp_path / "r.dcm", d))
    np.testing.assert_array_equal(source.read().data[0], planted)


def test_fragments_without_an_offset_table(tmp_path, rng):
    planted = stored(rng, (3, 36, 40), np.uint16)
    d = made.cine(rng, planted)
    d.compress(JPEG2000Lossless)
    streams = list(pydicom.encaps.generate_frames(d.PixelData, number_of_frames=3))
    d.PixelData = encapsulate(streams, fragments_per_frame=3, has_bot=False)
    source = open_source(made.write(tmp_path / "a.dcm", d))
    np.testing.assert_array_equal(source.read().data[0], planted)


def test_a_file_that_ends_among_its_frames_is_refused(tmp_path, rng):
    for syntax in (None, RLELossless):
        path = made.write(tmp_path / "a.dcm", made.cine(rng, stored(rng)), syntax)
        path.write_bytes(path.read_bytes()[:-500])
        with pytest.raises(SourceError, match=r"ends before|holds"):
            open_source(path)


def test_nothing_names_the_patient(tmp_path, rng):
    path = made.write(Path(tmp_path) / "a.dcm", made.enhanced_ct(rng, stored(rng)))
    source = open_source(path)
    text = notes(source) + repr(source)
    assert not any(secret in text for secret in ("Made", "MADE-UP", "1900"))


def test_more_frames_than_can_be_are_a_damaged_header(tmp_path, rng):
    d = made.cine(rng, stored(rng, (30, 120, 160), np.uint16))
    d.Rows = d.Columns = 1
    with pytest.raises(SourceError, match="576,000 frames"):
        open_source(made.write(tmp_path / "a.dcm", d))
