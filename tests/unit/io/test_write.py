from dataclasses import replace

import highdicom
import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image as Pillow

import phantoms
import phantoms_slides
from vesale.core.errors import ShapeError, SourceError
from vesale.core.image import Image, Provenance
from vesale.core.prediction import AnsweredPartition
from vesale.io import open_mask, open_source
from vesale.io.write import write_partition

NAMES = ("background", "vessel", "disc")


@pytest.fixture
def rng():
    return np.random.default_rng(19)


def answered(rng, sources, exclusive=True, names=NAMES):
    """A made answer: blobs of every class, confidence that grows along the image."""
    labels, confidence = [], []
    for source in sources:
        grid = source.levels[0]
        index = rng.integers(0, len(names), grid.shape).astype(np.uint8)
        data = index[None] if exclusive else np.stack([index != i for i in range(len(names))]).astype(np.uint8)
        channels = ("label",) if exclusive else names
        labels.append(Image(data, grid, "labels", channels, Provenance("made")))
        sure = rng.random(data.shape).astype(np.float32)
        confidence.append(Image(sure, grid, "intensity", channels, Provenance("made")))
    return AnsweredPartition(exclusive, names, tuple(labels), tuple(confidence), ())


@pytest.fixture
def picture(tmp_path, rng):
    return open_source(phantoms.write_raster(tmp_path / "p.png", phantoms.grey(rng)))


@pytest.fixture
def oblique(tmp_path, rng):
    turn = phantoms.rotation(rng)
    return open_source(phantoms.write_nifti(tmp_path / "v.nii.gz", phantoms.volume(rng), phantoms.affine(turn=turn)))


@pytest.fixture
def series(tmp_path, rng):
    turn = phantoms.rotation(rng)
    cosines = [round(float(v), 10) for v in (*turn[:, 0], *turn[:, 1])]
    phantoms.write_series(tmp_path / "ct", rng, phantoms.volume(rng, (6, 12, 16)), orientation=cosines)
    return open_source(tmp_path / "ct")


def test_a_raster_gets_png(tmp_path, rng, picture):
    answer = answered(rng, [picture])
    written = write_partition(tmp_path / "out", "mask", answer, [picture])
    assert written.files == ("mask.mask.png",)
    assert written.confidence_files == ("mask.confidence.png",)
    mask = open_mask(tmp_path / "out" / "mask.mask.png").data
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, answer.labels[0].data)
    sure = np.asarray(Pillow.open(tmp_path / "out" / "mask.confidence.png"))
    assert sure.dtype == np.uint16
    assert np.abs(sure / 65535 - answer.confidence[0].data[0]).max() <= 0.5 / 65535 + 1e-7
    assert replace(written, files=(), confidence_files=()) == answer


def test_overlapping_classes_and_several_views(tmp_path, rng, picture):
    answer = answered(rng, [picture, picture], exclusive=False, names=("MA", "hard exudate"))
    written = write_partition(tmp_path / "out", "mask", answer, [picture, picture])
    assert written.files == (
        "mask.MA.mask.png",
        "mask.hard_exudate.mask.png",
        "mask.2.MA.mask.png",
        "mask.2.hard_exudate.mask.png",
    )
    assert written.confidence_files[2] == "mask.2.MA.confidence.png"
    for name, plane in zip(written.files, [*answer.labels[0].data, *answer.labels[1].data], strict=True):
        np.testing.assert_array_equal(open_mask(tmp_path / "out" / name).data[0], plane * 255)


def test_nifti_keeps_the_source_affine_exactly(tmp_path, rng, oblique):
    answer = answered(rng, [oblique])
    written = write_partition(tmp_path / "out", "mask", answer, [oblique])
    assert written.files == ("mask.mask.nii.gz",)
    source = oblique.description.files[0]
    again = nib.load(tmp_path / "out" / written.files[0])
    np.testing.assert_array_equal(again.affine, nib.load(source).affine)
    np.testing.assert_array_equal(np.asarray(again.dataobj).T, answer.labels[0].data[0])
    theirs, ours = sitk.ReadImage(source), sitk.ReadImage(tmp_path / "out" / written.files[0])
    assert ours.TransformIndexToPhysicalPoint((3, 4, 5)) == theirs.TransformIndexToPhysicalPoint((3, 4, 5))
    sure = open_source(tmp_path / "out" / written.confidence_files[0])
    assert sure.read().data.dtype == np.float32
    np.testing.assert_array_equal(sure.read().data, answer.confidence[0].data)
    assert sure.levels[0] == oblique.levels[0]


def segment_planes(path):
    """Segment number -> {rounded position of a frame: its mask}."""
    d = pydicom.dcmread(path)
    frames = d.pixel_array.reshape(-1, d.Rows, d.Columns)
    planes = {}
    for frame, groups in zip(frames, d.PerFrameFunctionalGroupsSequence, strict=True):
        shared = d.SharedFunctionalGroupsSequence[0]
        identity = (groups if "SegmentIdentificationSequence" in groups else shared).SegmentIdentificationSequence[0]
        place = groups.PlanePositionSequence[0].ImagePositionPatient
        key = tuple(round(float(v), 3) for v in place)
        planes.setdefault(identity.ReferencedSegmentNumber, {})[key] = frame
    return d, planes


def expected_planes(mask, grid):
    """The same, from our grid: only slices that are not empty."""
    return {
        tuple(round(float(v), 3) for v in grid.to_world(np.array([z, 0, 0], float))): plane
        for z, plane in enumerate(mask)
        if plane.any()
    }


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_series_gets_a_segmentation_at_the_same_place(tmp_path, rng, series, exclusive):
    answer = answered(rng, [series], exclusive)
    written = write_partition(tmp_path / "out", "mask", answer, [series])
    assert written.files == ("mask.seg.dcm",)
    d, planes = segment_planes(tmp_path / "out" / "mask.seg.dcm")
    data = answer.labels[0].data
    names = NAMES[1:] if exclusive else NAMES
    masks = [data[0] == i + 1 for i in range(2)] if exclusive else list(data != 0)
    assert [s.SegmentLabel for s in d.SegmentSequence] == list(names)
    for number, mask in enumerate(masks, start=1):
        wanted = expected_planes(mask, series.levels[0])
        assert planes[number].keys() == wanted.keys()
        for key, plane in wanted.items():
            np.testing.assert_array_equal(planes[number][key], plane)
    source = pydicom.dcmread(series.description.files[0])
    assert d.StudyInstanceUID == source.StudyInstanceUID
    assert d.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert d.SeriesInstanceUID != source.SeriesInstanceUID
    referenced = {i.ReferencedSOPInstanceUID for i in d.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    assert referenced == {pydicom.dcmread(p).SOPInstanceUID for p in series.description.files}


def test_highdicom_puts_the_segmentation_back_on_the_volume(tmp_path, rng, series):
    answer = answered(rng, [series])
    write_partition(tmp_path / "out", "mask", answer, [series])
    read = highdicom.seg.segread(tmp_path / "out" / "mask.seg.dcm")
    volume = read.get_volume(combine_segments=True)
    index = np.argwhere(answer.labels[0].data[0] == 2)[:5]
    there = volume.map_reference_to_indices(series.levels[0].to_world(index.astype(float)), round_output=True)
    np.testing.assert_array_equal(volume.array[tuple(there.T)], 2)


def test_single_dicom_files_and_empty_masks(tmp_path, rng):
    tags = {"Modality": "DX", "ImagerPixelSpacing": [0.2, 0.1], "PatientSex": None}
    phantoms.write_dicom(tmp_path / "a.dcm", rng, phantoms.grey(rng), tags)
    source = open_source(tmp_path / "a.dcm")
    for empty in (False, True):
        answer = answered(rng, [source])
        if empty:
            labels = answer.labels[0]
            answer = replace(answer, labels=(replace(labels, data=np.zeros_like(labels.data)),))
        written = write_partition(tmp_path / "out", "mask", answer, [source])
        d = pydicom.dcmread(tmp_path / "out" / written.files[0])
        planes = d.pixel_array.reshape(-1, d.Rows, d.Columns)
        for number in (1, 2):
            mask = answer.labels[0].data[0] == number
            assert len(planes) == 2
            np.testing.assert_array_equal(planes[number - 1], mask)
        sure = open_source(tmp_path / "out" / written.confidence_files[0])
        np.testing.assert_array_equal(sure.read().data, answer.confidence[0].data)
        assert sure.levels[0].spacing == pytest.approx((0.2, 0.1))


def test_sources_of_a_multi_frame_class_and_garbled_headers(tmp_path, rng):
    """Retinal cameras write one frame in a class that may hold several; old devices write times with colons."""
    ophthalmic = "1.2.840.10008.5.1.4.1.1.77.1.5.1"
    tags = {"SOPClassUID": ophthalmic, "Modality": "OP", "NumberOfFrames": 1, "PatientBirthDate": None}
    phantoms.write_dicom(tmp_path / "a.dcm", rng, phantoms.colour(rng), tags)
    raw = (tmp_path / "a.dcm").read_bytes().replace(b"TM\x06\x00120000", b"TM\x06\x0012:00:")
    assert b"12:00:" in raw
    (tmp_path / "a.dcm").write_bytes(raw)
    source = open_source(tmp_path / "a.dcm")
    written = write_partition(tmp_path / "out", "mask", answered(rng, [source]), [source])
    d = pydicom.dcmread(tmp_path / "out" / written.files[0])
    (reference,) = d.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert reference.ReferencedSOPClassUID == ophthalmic
    assert d.SourceImageSequence[0].ReferencedSOPClassUID == ophthalmic
    assert not d.StudyTime


def test_a_source_without_identity_is_refused_without_its_words(tmp_path, rng):
    phantoms.write_dicom(tmp_path / "a.dcm", rng, phantoms.grey(rng), {"StudyInstanceUID": None})
    source = open_source(tmp_path / "a.dcm")
    with pytest.raises(SourceError, match="StudyInstanceUID") as caught:
        write_partition(tmp_path / "out", "mask", answered(rng, [source]), [source])
    assert caught.value.remedy


def test_a_placed_slice_and_a_tilted_series(tmp_path, rng):
    phantoms.write_series(tmp_path / "tilt", rng, phantoms.volume(rng, (4, 12, 16)), tilt=0.2)
    single = sorted((tmp_path / "tilt").iterdir())[1]
    for source in (open_source(tmp_path / "tilt"), open_source(single)):
        answer = answered(rng, [source])
        written = write_partition(tmp_path / "out", "mask", answer, [source])
        _, planes = segment_planes(tmp_path / "out" / written.files[0])
        data, grid = answer.labels[0].data[0], source.levels[0]
        if data.ndim == 3:
            assert planes[1].keys() == expected_planes(data == 1, grid).keys()
        else:
            place = tuple(round(float(v), 3) for v in grid.to_world(np.zeros(2)))
            np.testing.assert_array_equal(planes[1][place], data == 1)


def test_confidence_of_a_series_lies_where_the_series_lies(tmp_path, rng, series):
    written = write_partition(tmp_path / "out", "mask", answered(rng, [series]), [series])
    grid = open_source(tmp_path / "out" / written.confidence_files[0]).levels[0]
    corners = np.array([[0, 0, 0], [5, 11, 15], [2, 0, 7]], float)
    np.testing.assert_allclose(grid.to_world(corners), series.levels[0].to_world(corners), atol=1e-4)


def test_what_does_not_fit_is_refused(tmp_path, rng, picture, oblique):
    answer = answered(rng, [picture])
    with pytest.raises(ShapeError, match="sources"):
        write_partition(tmp_path / "out", "mask", answer, [picture, picture])
    with pytest.raises(ShapeError, match="shape"):
        write_partition(tmp_path / "out", "mask", answer, [oblique])
    with pytest.raises(ShapeError, match="names"):
        write_partition(tmp_path / "out", "mask", replace(answer, names=("background", "vessel")), [picture])


def test_a_stack_that_is_no_dicom_gets_nifti(tmp_path, rng):
    source = open_source(
        phantoms_slides.write_imagej(
            tmp_path / "h.tif", phantoms_slides.cells(rng, (5, 2, 20, 30)), "ZCYX", spacing=2.0
        )
    )
    answer = answered(rng, [source])
    written = write_partition(tmp_path / "out", "mask", answer, [source])
    assert written.files == ("mask.mask.nii.gz",)
    assert written.confidence_files == ("mask.confidence.nii.gz",)
    back = nib.load(tmp_path / "out" / "mask.mask.nii.gz")
    np.testing.assert_array_equal(np.asarray(back.dataobj).T, answer.labels[0].data[0])
    np.testing.assert_allclose(back.header.get_zooms(), (0.0005, 0.0005, 0.002), rtol=1e-6)
