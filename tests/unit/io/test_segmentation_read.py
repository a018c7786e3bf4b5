"""DICOM segmentations read back, and readings of DICOM judged against masks of other formats."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

import phantoms
from vesale.core.errors import SourceError
from vesale.core.exam import Cohort, Exam, View
from vesale.core.image import Image, Provenance, Source
from vesale.core.prediction import AnsweredPartition, Evidence, GateVerdict, Prediction, Reason
from vesale.core.task import Partition, Task
from vesale.engine.publish import publish
from vesale.engine.results import read_results
from vesale.io import open_source
from vesale.io.nifti import write_nifti
from vesale.io.segmentation import Drawn, read_segmentation, write_segmentation

NAMES = ("background", "liver", "lesion")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(23)


def opened(folder: Path, rng: np.random.Generator, kind: str) -> Source:
    """One slice, or a tilted series whose file names say nothing of its order."""
    if kind == "single":
        phantoms.write_dicom(folder / "a.dcm", rng, phantoms.grey(rng))
        return open_source(folder / "a.dcm")
    phantoms.write_series(folder / "ct", rng, phantoms.volume(rng, (6, 12, 16)), tilt=0.1)
    return open_source(folder / "ct")


@pytest.mark.parametrize("kind", ["single", "series"])
@pytest.mark.parametrize("exclusive", [True, False])
def test_what_is_written_is_read_back(tmp_path: Path, rng: np.random.Generator, kind: str, exclusive: bool) -> None:
    source = opened(tmp_path, rng, kind)
    shape = source.levels[0].shape
    index = rng.integers(0, len(NAMES), shape).astype(np.uint8)
    if kind == "series":
        index[2] = 0  # a plane without a frame
    planes = index if exclusive else np.stack([index == i for i in range(len(NAMES))]).astype(np.uint8)
    if not exclusive:
        planes[1] |= planes[2]  # a lesion lies in the liver
    path = write_segmentation(tmp_path / "out.seg.dcm", planes, Drawn(source.description.files, NAMES, exclusive))
    for asked in (None, exclusive):
        again = read_segmentation(path, asked)
        assert again.dtype == np.uint8
        np.testing.assert_array_equal(again, planes)
    if not exclusive:
        with pytest.raises(SourceError, match="overlap"):
            read_segmentation(path, exclusive=True)


@pytest.mark.parametrize("kind", ["single", "series"])
def test_an_empty_segmentation_is_empty(tmp_path: Path, rng: np.random.Generator, kind: str) -> None:
    source = opened(tmp_path, rng, kind)
    planes = np.zeros(source.levels[0].shape, np.uint8)
    path = write_segmentation(tmp_path / "out.seg.dcm", planes, Drawn(source.description.files, NAMES, True))
    np.testing.assert_array_equal(read_segmentation(path, exclusive=True), planes)


def test_segments_that_happen_not_to_overlap_are_still_read_as_segments(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    source = opened(tmp_path, rng, "series")
    planes = np.zeros((2, *source.levels[0].shape), np.uint8)
    planes[0, 1], planes[1, 4] = 1, 1
    path = write_segmentation(tmp_path / "out.seg.dcm", planes, Drawn(source.description.files, NAMES[1:], False))
    np.testing.assert_array_equal(read_segmentation(path, exclusive=False), planes)


def test_other_files_are_refused_without_their_words(tmp_path: Path, rng: np.random.Generator) -> None:
    phantoms.write_dicom(tmp_path / "a.dcm", rng, phantoms.grey(rng), {"PatientName": "Roe^Jane"})
    (tmp_path / "b.dcm").write_bytes(b"not a DICOM file")
    for name in ("a.dcm", "b.dcm", "none.dcm"):
        with pytest.raises(SourceError) as error:
            read_segmentation(tmp_path / name)
        assert name in str(error.value)
        assert "Roe" not in str(error.value)


def test_a_file_of_another_hand_is_read_in_the_order_of_its_references(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    source = opened(tmp_path, rng, "series")
    index = rng.integers(0, len(NAMES), source.levels[0].shape).astype(np.uint8)
    path = write_segmentation(tmp_path / "out.seg.dcm", index, Drawn(source.description.files, NAMES, True))
    d = pydicom.dcmread(path)
    instances = d.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    d.ReferencedSeriesSequence[0].ReferencedInstanceSequence = pydicom.Sequence(list(instances)[::-1])
    d.save_as(path)
    np.testing.assert_array_equal(read_segmentation(path), index[::-1])


def test_readings_of_a_series_are_judged_by_masks_of_another_format(tmp_path: Path, rng: np.random.Generator) -> None:
    """DICOM in, DICOM SEG and NIfTI confidence out, NIfTI truth: the Dice is what was planted."""
    source = opened(tmp_path, rng, "series")
    grid = source.levels[0]
    truth = np.zeros(grid.shape, np.uint8)
    truth[1:4, 3:9, 4:12] = 1
    answer = np.zeros(grid.shape, np.uint8)
    answer[1:4, 3:9, 6:14] = 1
    write_nifti(tmp_path / "truth.nii.gz", truth, grid, None)
    sure = np.full((1, *grid.shape), 0.9, np.float32)
    said = AnsweredPartition(
        True,
        NAMES[:2],
        (Image(answer[None], grid, "labels", ("label",), Provenance("made")),),
        (Image(sure, grid, "intensity", ("label",), Provenance("made")),),
        (),
    )
    evidence = Evidence({"name": "m", "version": "1", "digest": "0"}, "0", (), "made", "float32", "0", 0, 0.0)
    reasons = (Reason("not_calibrated", "made"),)
    made = Prediction("e1", "p1", "referred", reasons, {"mask": said}, GateVerdict("not_fitted"), evidence)
    publish(tmp_path / "readings" / "e1", made, None, [source])
    exam = Exam("e1", "p1", (View({"image": "ct"}, {"": "truth.nii.gz"}),), {})
    cohort = Cohort("made", tmp_path, (exam,))
    results = read_results(tmp_path / "readings", cohort, Task("made", {"mask": Partition(NAMES[:2])}))
    common, both = 3 * 6 * 6, 2 * 3 * 6 * 8
    assert results.rows[0]["mask.dice"] == pytest.approx(2 * common / both)
    positives, negatives = results.histograms["mask"]
    assert positives.sum() == truth.sum()
    assert positives.sum() + negatives.sum() == truth.size
    high = positives.shape[-1] // 2
    assert positives[0, 0, high:].sum() == common
    assert negatives[0, 0, high:].sum() == answer.sum() - common
