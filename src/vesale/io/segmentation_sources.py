"""The frames of a multi-frame source as the single-frame data sets that highdicom takes, and, when the segmentation is
made, its references put right; what the frames are is in `dicom_planes.py`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import generate_uid

from .dicom_header import Header, read_header
from .dicom_planes import Plane

_LEFT_OUT = frozenset(
    (
        *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "NumberOfFrames"),
        *("DimensionOrganizationSequence", "DimensionIndexSequence", "FrameIncrementPointer", "GridFrameOffsetVector"),
        *("SliceThickness", "SpacingBetweenSlices", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
        *("DetectorInformationSequence", "ConcatenationUID"),
    )
)
_FRAME_NUMBER, _DERIVATION = Tag("ReferencedFrameNumber"), Tag("DerivationImageSequence")


def frame_sources(path: Path, frames: Sequence[int]) -> tuple[list[Dataset], dict[str, int]]:
    """A data set for each of these frames, and its made-up instance UID -> the frame's number from 1.

    Frames without a place get one that `restore` takes away again, for highdicom knows no other order.
    """
    header = read_header(path)
    whole = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    base = Dataset()
    base.update({e.tag: e for e in whole if e.keyword not in _LEFT_OUT and not 0x6000 <= e.tag.group < 0x6020})
    step = _step([header.planes[i] for i in frames])
    sources, numbers = [], {}
    for order, i in enumerate(frames):
        source = Dataset(base)
        source.SOPInstanceUID = generate_uid()
        source.Rows, source.Columns = header.shape
        _place(source, header, header.planes[i], order)
        source.SpacingBetweenSlices = step
        numbers[str(source.SOPInstanceUID)] = i + 1
        sources.append(source)
    if not is_placed(header) or "FrameOfReferenceUID" not in base:
        frame = generate_uid()
        for source in sources:
            source.FrameOfReferenceUID = frame
    return sources, numbers


def is_placed(header: Header) -> bool:
    return header.frame == "patient" and all(p.is_placed and p.spacing is not None for p in header.planes)


def _place(source: Dataset, header: Header, plane: Plane, order: int) -> None:
    if is_placed(header) and plane.position and plane.orientation and plane.spacing:
        source.ImagePositionPatient = [float(f"{v:.10g}") for v in plane.position]
        source.ImageOrientationPatient = [float(f"{v:.10g}") for v in plane.orientation]
        source.PixelSpacing, source.SliceThickness = list(plane.spacing), plane.thickness
        return
    source.ImagePositionPatient, source.ImageOrientationPatient = [0.0, 0.0, float(order)], [1, 0, 0, 0, 1, 0]
    source.PixelSpacing, source.SliceThickness = [1.0, 1.0], None


def _step(planes: Sequence[Plane]) -> float | None:
    """Distance of neighbours, in mm."""
    first, second = (p.position for p in (planes[0], planes[min(1, len(planes) - 1)]))
    if first is None or second is None or first == second:
        return None
    return float(f"{sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5:.10g}")


def restore(segmentation: Dataset, source: Dataset, numbers: Mapping[str, int], placed: bool) -> None:
    """Let the segmentation refer to the one real instance and its frames; forget a made-up place."""
    for group in segmentation.PerFrameFunctionalGroupsSequence:
        for derivation in group.get("DerivationImageSequence", ()):
            for item in derivation.SourceImageSequence:
                number = numbers.get(str(item.ReferencedSOPInstanceUID))
                if number is not None:
                    item.ReferencedFrameNumber = number
                    _refer(item, source)
        if not placed:
            group.pop("PlanePositionSequence", None)
    for series in segmentation.get("ReferencedSeriesSequence", ()):
        only = series.ReferencedInstanceSequence[:1]
        _refer(only[0], source)
        series.ReferencedInstanceSequence = pydicom.Sequence(only)
    if not placed:
        _forget_place(segmentation)


def _refer(item: Dataset, source: Dataset) -> None:
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID


def _forget_place(segmentation: Dataset) -> None:
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    for keyword in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        shared.pop(keyword, None)
    for keyword in ("FrameOfReferenceUID", "PositionReferenceIndicator"):
        segmentation.pop(keyword, None)
    for dimension in segmentation.DimensionIndexSequence:
        if dimension.DimensionIndexPointer == Tag("ImagePositionPatient"):
            dimension.DimensionIndexPointer, dimension.FunctionalGroupPointer = _FRAME_NUMBER, _DERIVATION
            dimension.DimensionDescriptionLabel = "Referenced Frame Number"
