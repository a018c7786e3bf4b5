"""Masks as DICOM segmentation objects (PS3.3 A.51), through highdicom, written and read back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pydicom
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from highdicom.sr.coding import CodedConcept
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID, SecondaryCaptureImageStorage, generate_uid
from pydicom.valuerep import DA, TM

from vesale.core.errors import SourceError
from vesale.core.image import Array

from .lazy import quiet, reading
from .segmentation_read import read_by_frames, referenced
from .segmentation_sources import frame_sources, restore

TISSUE = CodedConcept("85756007", "SCT", "Tissue")
ALGORITHM_FAMILY = CodedConcept("123109", "DCM", "Artificial Intelligence")
"""Context group 7162."""
_MAY_BE_EMPTY = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("AccessionNumber", "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
"""Type 2 in their modules: an empty value is valid where the source left them out."""
_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_CONVERSIONS: Mapping[str, Callable[[str], object]] = {"DA": DA, "TM": TM}


@dataclass(frozen=True, slots=True)
class Drawn:
    """Where a mask was drawn, and what its classes are called."""

    files: tuple[Path, ...]
    """One file, or the slices of a series in the order of the planes."""
    names: tuple[str, ...]
    exclusive: bool
    """Planes hold indices, of which names[0] is background; else the class is their first axis."""
    frames: tuple[int, ...] = ()
    """Of one file with several frames: which of them, from 0, in the order of the planes."""


def write_segmentation(path: Path, planes: Array, drawn: Drawn, algorithm: str = "vesale") -> Path:
    """One BINARY segmentation object with a segment a class, referencing every source instance or frame.

    `planes`: (z, y, x) or (y, x) of indices when exclusive, else (class, ...). SourceError when the sources lack what
    the standard demands.
    """
    files = drawn.files
    with reading(files[0], "the source of a DICOM segmentation", quote=False), quiet():
        sources: list[Dataset] = [pydicom.dcmread(p, stop_before_pixels=True, force=True) for p in files]
        _refuse_nameless(files[0], sources)
        whole, made = sources[0], frame_sources(files[0], drawn.frames) if drawn.frames else None
        sources = sources if made is None else made.sources
        classes = {str(s.SOPInstanceUID): s.SOPClassUID for s in sources}
        _complete(sources)
        segments = drawn.names[1:] if drawn.exclusive else drawn.names
        segmentation = Segmentation(
            source_images=sources,
            pixel_array=_frames(planes, drawn.exclusive),
            segmentation_type=SegmentationTypeValues.BINARY,
            segment_descriptions=[_segment(i + 1, name, algorithm) for i, name in enumerate(segments)],
            series_instance_uid=generate_uid(),
            series_number=(int(sources[0].get("SeriesNumber") or 0) % 9000) + 900,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="Vesale",
            manufacturer_model_name=algorithm,
            software_versions=version("vesale"),
            device_serial_number="0",
            content_label="SEGMENTATION",
            omit_empty_frames=made is None,  # a reader can then count the frames of the source
        )
        _restore_classes(segmentation, classes)
        if made is not None:
            restore(segmentation, whole, made)
        path.parent.mkdir(parents=True, exist_ok=True)
        segmentation.save_as(path, enforce_file_format=True)
    return path


def _refuse_nameless(path: Path, sources: Sequence[Dataset]) -> None:
    for keyword in _NEEDED:
        if not all(source.get(keyword) for source in sources):
            raise SourceError(
                f"{path}: without {keyword} a segmentation has nothing to refer to", "export it again from its archive"
            )


def _complete(sources: Sequence[Dataset]) -> None:
    """Make headers that highdicom takes: empty where they left out or garbled what may be empty."""
    frame = generate_uid()
    for source in sources:
        for keyword in _MAY_BE_EMPTY:
            if not _is_sound(source, keyword):
                setattr(source, keyword, "")
        placed = all(source.get(k) for k in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"))
        if not placed and "FrameOfReferenceUID" in source:
            del source.FrameOfReferenceUID  # a frame of reference without a place in it promises what is not there
        elif placed and "FrameOfReferenceUID" not in source:
            source.FrameOfReferenceUID = frame
        if placed and "SliceThickness" not in source:
            source.SliceThickness = None
        source.SOPClassUID = SecondaryCaptureImageStorage  # highdicom asks the class, not the file, for its frames


def _is_sound(source: Dataset, keyword: str) -> bool:
    """Whether an element is there and has a value of its own kind."""
    if keyword not in source:
        return False
    try:
        value = str(source[keyword].value or "")
        for kind, conversion in _CONVERSIONS.items():
            if kind == source[keyword].VR and value:
                conversion(value)
    except (ValueError, TypeError):
        return False
    return True


def _restore_classes(segmentation: Dataset, classes: Mapping[str, UID]) -> None:
    """Let references name the classes that the sources really have."""

    def restore(item: Dataset, element: DataElement) -> None:
        if element.keyword == "ReferencedSOPInstanceUID" and str(element.value) in classes:
            item.ReferencedSOPClassUID = classes[str(element.value)]

    segmentation.walk(restore)


def _segment(number: int, name: str, algorithm: str) -> SegmentDescription:
    return SegmentDescription(
        segment_number=number,
        segment_label=name[:64],
        segmented_property_category=TISSUE,
        segmented_property_type=TISSUE,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence(algorithm, ALGORITHM_FAMILY, version("vesale")),
    )


def _frames(planes: Array, exclusive: bool) -> Array:
    """(frame, y, x) of segment numbers, or (frame, y, x, segment) of 0 and 1, as highdicom takes them."""
    if exclusive:
        return (planes if planes.ndim == 3 else planes[None]).astype(np.uint8 if planes.max() < 256 else np.uint16)
    stacked = (planes if planes.ndim == 4 else planes[:, None]) != 0
    return np.ascontiguousarray(np.moveaxis(stacked, 0, -1)).astype(np.uint8)


def read_segmentation(path: Path, exclusive: bool | None = None) -> Array:
    """The inverse of `write_segmentation`: (z, y, x) or (y, x) of indices, or (class, ...) of 0 and 1, uint8.

    Planes are in the order of the instances or frames that the object refers to, which is our series reader's when we
    wrote it; a plane without a frame is empty. `exclusive` None: by the file, indices unless its segments overlap.
    SourceError when it is no segmentation, or when its segments overlap and indices are wanted.
    """
    with reading(path, "a DICOM segmentation", quote=False), quiet():
        whole = pydicom.dcmread(path)
        if whole.get("Modality") != "SEG":
            raise SourceError(f"{path}: no DICOM segmentation", "give the .seg.dcm of a reading")
        overlaps = whole.get("SegmentsOverlap") != "NO"
        if exclusive and overlaps:
            raise SourceError(f"{path}: its segments overlap, so no index can stand for a sample", "read the segments")
        combine = not overlaps if exclusive is None else exclusive
        if all(number for _, number in referenced(whole)) and referenced(whole):
            return read_by_frames(path, combine)
        series = list(whole.get("ReferencedSeriesSequence", ()))
        instances = [str(i.ReferencedSOPInstanceUID) for s in series for i in s.ReferencedInstanceSequence]
        planes = Segmentation.from_dataset(whole, copy=False).get_pixels_by_source_instance(
            instances,
            combine_segments=combine,
            assert_missing_frames_are_empty=True,
            ignore_spatial_locations=True,
            skip_overlap_checks=combine and not overlaps,
            dtype=np.uint8,
        )
    stacked = planes if combine else np.moveaxis(planes, -1, 0)  # highdicom puts the segments last
    single = stacked[0] if combine else stacked[:, 0]
    return np.ascontiguousarray(single if len(instances) == 1 else stacked)
