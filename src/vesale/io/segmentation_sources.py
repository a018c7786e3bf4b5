"""The frames of a multi-frame source as the single-frame data sets that highdicom takes, and, when the segmentation is
made, its references put right; what the frames are is in `dicom_planes.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import generate_uid

from .dicom_header import Header, read_header
from .dicom_planes import Plane

_LEFT_OUT = frozenset(  # and set anew for each frame: the others' elements are shared
    (
        *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "NumberOfFrames"),
        *("DimensionOrganizationSequence", "DimensionIndexSequence", "FrameIncrementPointer", "GridFrameOffsetVector"),
        *("SliceThickness", "SpacingBetweenSlices", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
        *("DetectorInformationSequence", "ConcatenationUID", "SOPInstanceUID", "Rows", "Columns"),
    )
)
_FRAME_NUMBER, _DERIVATION = Tag("ReferencedFrameNumber"), Tag("DerivationImageSequence")


@dataclass(frozen=True, slots=True)
class FrameSources:
    """A data set for each chosen frame of one file."""

    sources: list[Dataset]
    numbers: dict[str, int]
    """Made-up instance UID -> the frame's number from 1, in the order of the planes."""
    placed: bool
    """False when the frames have no place each of their own: the one they got is taken away again by `restore`."""


def frame_sources(path: Path, frames: Sequence[int]) -> FrameSources:
    """The data sets of these frames; highdicom knows no order but places."""
    header = read_header(path)
    chosen = [header.planes[i] for i in frames]
    placed = _are_placed(header, chosen)
    whole = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    base = Dataset()
    base.update({e.tag: e for e in whole if e.keyword not in _LEFT_OUT and not 0x6000 <= e.tag.group < 0x6020})
    step = _step(chosen)
    sources, numbers = [], {}
    for order, plane in enumerate(chosen):
        source = Dataset()
        source.update(base)
        source.SOPInstanceUID = generate_uid()
        source.Rows, source.Columns = header.shape
        _place(source, plane if placed else None, order)
        source.SpacingBetweenSlices = step
        numbers[str(source.SOPInstanceUID)] = plane.index + 1
        sources.append(source)
    if not placed or "FrameOfReferenceUID" not in base:
        frame = generate_uid()
        for source in sources:
            source.FrameOfReferenceUID = frame
    return FrameSources(sources, numbers, placed)


def _are_placed(header: Header, planes: Sequence[Plane]) -> bool:
    known = header.frame == "patient" and all(p.is_placed and p.spacing is not None for p in planes)
    return known and len({p.position for p in planes}) == len(planes)


def _place(source: Dataset, plane: Plane | None, order: int) -> None:
    if plane is not None and plane.position and plane.orientation and plane.spacing:
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


def restore(segmentation: Dataset, source: Dataset, made: FrameSources) -> None:
    """Let the segmentation refer to the one real instance and its frames; forget a made-up place."""
    orders = {number: order + 1 for order, number in enumerate(made.numbers.values())}
    for group in segmentation.PerFrameFunctionalGroupsSequence:
        for derivation in group.get("DerivationImageSequence", ()):
            for item in derivation.SourceImageSequence:
                # segments share the items of their frames: a later one finds its item restored
                number = made.numbers.get(str(item.ReferencedSOPInstanceUID)) or item.get("ReferencedFrameNumber")
                if number is not None:
                    item.ReferencedFrameNumber = number
                    _refer(item, source)
                    if not made.placed:
                        _renumber(group, orders[number])
    for series in segmentation.get("ReferencedSeriesSequence", ()):
        only = series.ReferencedInstanceSequence[:1]
        _refer(only[0], source)
        series.ReferencedInstanceSequence = pydicom.Sequence(only)
    if not made.placed:
        _forget_place(segmentation)


def _renumber(group: Dataset, order: int) -> None:
    """A frame without a place has its order among the planes as its dimension index."""
    content = group.FrameContentSequence[0]
    content.DimensionIndexValues = [*content.DimensionIndexValues[:-1], order]
    group.pop("PlanePositionSequence", None)


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
