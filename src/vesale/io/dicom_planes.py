"""The frames of one DICOM file: where each lies, what its numbers mean, and what tells it from its neighbours.

Plain headers, functional groups (PS3.3 C.7.6.16), nuclear medicine's vectors (C.8.4) and RT dose's offsets (C.8.8.3).
Which frames make a volume is decided in `dicom_volumes.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from . import dicom_elements as element
from .dicom_kinds import DOSE, NUCLEAR

Key = float | str | tuple[str, ...] | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Plane:
    """One frame."""

    index: int
    position: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None
    """Six cosines: along a row (to the next column), along a column (to the next row)."""
    spacing: tuple[float, float] | None = None
    thickness: float | None = None
    between: float | None = None
    number: int | None = None
    slope: float = 1.0
    intercept: float = 0.0
    unit: str | None = None
    segment: int | None = None
    """Of a segmentation: the segment whose mask the frame holds."""
    keys: tuple[tuple[str, Key], ...] = field(default=(), repr=False)
    """What may tell the volumes of one series apart, by the standard's keywords; times in seconds."""

    @property
    def is_placed(self) -> bool:
        return self.position is not None and self.orientation is not None


def _gradient(data: Dataset, keyword: str) -> Key | None:
    found = element.vector(data, keyword, 3)
    return None if found is None else tuple(round(v, 3) for v in found)


def _rounded(data: Dataset, keyword: str) -> Key | None:
    """Scanners write one echo time as 2.3 and 2.30001."""
    found = element.number(data, keyword)
    return None if found is None else float(f"{found:.4g}")


def _first_rounded(data: Dataset, keyword: str) -> Key | None:
    found = element.numbers(data, keyword)
    return float(f"{found[0]:.4g}") if found else None


KEYS: Mapping[str, Callable[[Dataset, str], Key | None]] = {
    "ImageType": element.codes,
    "FrameType": element.codes,
    "ComplexImageComponent": element.code,
    "StackID": element.code,
    "EchoTime": _rounded,
    "EffectiveEchoTime": _rounded,
    "EchoNumbers": _first_rounded,
    "InversionTime": _rounded,
    "InversionTimes": _first_rounded,
    "FlipAngle": _rounded,
    "DiffusionBValue": _rounded,
    "DiffusionDirectionality": element.code,
    "DiffusionGradientOrientation": _gradient,
    "KVP": _rounded,
    "TemporalPositionIdentifier": element.number,
    "TemporalPositionIndex": element.number,
    "TemporalPositionTimeOffset": element.number,
    "NominalPercentageOfCardiacPhase": element.number,
    "NominalPercentageOfRespiratoryPhase": element.number,
    "NominalCardiacTriggerDelayTime": element.number,
    "TriggerTime": element.number,
    "FrameReferenceTime": element.number,
    "AcquisitionNumber": element.number,
    "FrameAcquisitionNumber": element.number,
    "LUTLabel": element.code,
    "QuantityDefinition": element.code,
    "AcquisitionTime": element.seconds,
    "FrameReferenceDateTime": element.stamp,
    "FrameAcquisitionDateTime": element.stamp,
    "ContentTime": element.seconds,
}
"""Keywords that may differ between volumes of one series, the telling ones first; how each is read."""
TIMES = frozenset(
    (
        *("TemporalPositionIdentifier", "TemporalPositionIndex", "TemporalPositionTimeOffset", "TriggerTime"),
        *("NominalPercentageOfCardiacPhase", "NominalPercentageOfRespiratoryPhase", "NominalCardiacTriggerDelayTime"),
        *("FrameReferenceTime", "AcquisitionNumber", "FrameAcquisitionNumber", "AcquisitionTime", "ContentTime"),
        *("FrameReferenceDateTime", "FrameAcquisitionDateTime", "TimeSlotVector", "TimeSliceVector", "PhaseVector"),
        *("RRIntervalVector", "FrameNumber"),
    )
)
"""Keys whose change from frame to frame is the passing of time, of a cycle or of the day."""
CLOCKS = frozenset({"AcquisitionTime", "ContentTime", "FrameReferenceDateTime", "FrameAcquisitionDateTime"})
"""Times of day: their values are never shown."""
_BVALUES = (
    (0x0019, "SIEMENS MR HEADER", 0x0C),
    (0x2001, "Philips Imaging DD 001", 0x03),
    (0x0043, "GEMS_PARM_01", 0x39),
)
"""Where makers wrote the b-value before the standard had a place for it."""
_VECTORS = {
    "EnergyWindowVector": "",
    "DetectorVector": "",
    "RRIntervalVector": "",
    "TimeSlotVector": "GATED",
    "TimeSliceVector": "DYNAMIC",
    "PhaseVector": "DYNAMIC",
    "RotationVector": "",
    "AngularViewVector": "TOMO",
}
"""Nuclear medicine's counters of frames -> the image types in which frames run along them (PS3.3 C.8.4.8)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The frames of one file, and how they follow each other when they are not placed."""

    planes: tuple[Plane, ...]
    run: str = ""
    """A sentence: in time, around the patient, or in no order that the file states."""
    notes: tuple[str, ...] = ()
    frame: str = "patient"
    """Where positions are: in the patient, in an ultrasound volume, or (none) only relative to each other."""
    fault: tuple[str, str] | None = None


def layout(data: Dataset, frames: int, modality: str | None, base: Plane) -> Layout:
    """`base`: what the whole file says; `frames`: how many the pixel data hold."""
    groups = list(element.items(data, "PerFrameFunctionalGroupsSequence"))
    shared = element.item(data, "SharedFunctionalGroupsSequence")
    if groups or len(shared):
        return _grouped(data, frames, groups, shared, base)
    if frames == 1:
        return Layout((replace(base, keys=(*base.keys, *_private_keys(data))),))
    sop_class = element.text(data, "SOPClassUID")
    if sop_class == DOSE or "GridFrameOffsetVector" in data:
        return _dose(data, frames, base)
    if sop_class == NUCLEAR or modality in ("NM", "PT"):
        return _nuclear(data, frames, base)
    unplaced = replace(base, position=None, orientation=None, keys=())
    return Layout(tuple(replace(unplaced, index=i) for i in range(frames)), _run(data))


def plain_keys(data: Dataset) -> tuple[tuple[str, Key], ...]:
    return tuple(_keys(data))


def _keys(data: Dataset) -> Iterator[tuple[str, Key]]:
    for keyword, read in KEYS.items():
        if keyword in data and (found := read(data, keyword)) not in (None, ()):
            yield keyword, found


def _private_keys(data: Dataset) -> Iterator[tuple[str, Key]]:
    if "DiffusionBValue" in data:
        return
    for group, creator, offset in _BVALUES:
        try:
            found = data.private_block(group, creator)[offset].value
            first = str(found if isinstance(found, (str, int, float)) else found[0]).split("\\")[0]
            yield "DiffusionBValue", float(first) % 1e9  # GE adds a thousand million to some
            return
        except (KeyError, ValueError, TypeError, IndexError, AttributeError):
            continue


def _run(data: Dataset) -> str:
    """How the frames of a cine follow each other (PS3.3 C.7.6.5)."""
    step = element.positive(data, "FrameTime")
    rate = element.positive(data, "CineRate") or element.positive(data, "RecommendedDisplayFrameRate")
    if step is not None:
        return f"frames follow each other in time, {step:g} ms apart"
    if "FrameTimeVector" in data:
        steps = [v for v in element.numbers(data, "FrameTimeVector")[1:] if v >= 0]
        uneven = f", {min(steps):g} to {max(steps):g} ms apart" if steps else ""
        return f"frames follow each other in time{uneven}"
    if rate is not None:
        return f"frames follow each other in time, meant for {rate:g} a second"
    return "nothing says how the frames follow each other: they are pages, in the order of the file"


# Functional groups ----------------------------------------------------------------------------------------------------


def _grouped(data: Dataset, frames: int, groups: list[Dataset], shared: Dataset, base: Plane) -> Layout:
    if groups and len(groups) != frames:
        found = f"functional groups for {len(groups)} frames, pixel data for {frames}"
        return Layout((base,), fault=(found, "export it again"))
    common: dict[str, Any] = {}
    for macro in _macros(shared):
        _collect(macro, common)
    pointers = _dimensions(data)
    volume = "VolumeFrameOfReferenceUID" in data and "FrameOfReferenceUID" not in data
    planes, notes = [], []
    for i in range(frames):
        own = dict(common)
        for macro in _macros(groups[i]) if groups else ():
            _collect(macro, own, pointers)
        planes.append(_plane(i, own, base))
        if own.get("bad orientation"):
            notes = ["the orientation of a frame is not two unit vectors at right angles: it counts as unplaced"]
    if volume:
        notes.append("positions are in the ultrasound volume's own frame of reference, not in the patient's")
    run = _run(data) if not all(p.is_placed for p in planes) else ""
    return Layout(tuple(planes), run, tuple(notes), "volume" if volume else "patient")


def _macros(group: Dataset) -> Iterator[Dataset]:
    """The items of a functional group, with those that lie one level deeper."""
    for entry in group:
        if entry.VR != "SQ":
            continue
        for inner in list(entry.value)[:1]:
            yield inner
            for deeper in inner:
                if deeper.VR == "SQ" and deeper.keyword in ("DiffusionGradientDirectionSequence",):
                    yield from list(deeper.value)[:1]


def _collect(macro: Dataset, into: dict[str, Any], pointers: tuple[str, ...] = ()) -> None:
    """What one macro says, under the name of what it is about."""
    for keyword, read in _PLACES.items():
        if keyword in macro:
            into[_PLACE_NAMES.get(keyword, keyword)] = read(macro, keyword)
    if isinstance(cosines := into.get("ImageOrientationPatient"), tuple) and cosines:
        exact = element.unit_vectors(cosines)
        into["ImageOrientationPatient"] = exact
        into["bad orientation"] = exact is None
    for keyword, found in _keys(macro):
        into.setdefault("keys", {})
        into["keys"] = {**into["keys"], keyword: found}
    if pointers and "DimensionIndexValues" in macro:
        indices = element.numbers(macro, "DimensionIndexValues")
        if len(indices) == len(pointers):
            named = {f"dimension {p}": v for p, v in zip(pointers, indices, strict=True) if p not in _PLACING}
            into["keys"] = {**into.get("keys", {}), **named}


_PLACES: Mapping[str, Callable[[Dataset, str], Any]] = {
    "PixelSpacing": element.pair,
    "SliceThickness": element.positive,
    "SpacingBetweenSlices": element.positive,
    "ImagePositionPatient": lambda d, k: element.vector(d, k, 3),
    "ImageOrientationPatient": lambda d, k: element.vector(d, k, 6),
    "ImagePositionVolume": lambda d, k: element.vector(d, k, 3),
    "ImageOrientationVolume": lambda d, k: element.vector(d, k, 6),
    "RescaleSlope": element.number,
    "RescaleIntercept": element.number,
    "RescaleType": element.code,
    "ReferencedSegmentNumber": element.whole,
}
_PLACE_NAMES = {
    "ImagePositionVolume": "ImagePositionPatient",
    "ImageOrientationVolume": "ImageOrientationPatient",
}
_PLACING = frozenset(
    (
        *("ImagePositionPatient", "ImagePositionVolume", "InStackPositionNumber", "ReferencedSegmentNumber"),
        *("ImageOrientationPatient", "ImageOrientationVolume", "PlanePositionSequence", "FrameAcquisitionDateTime"),
        *("ColumnPositionInTotalImagePixelMatrix", "RowPositionInTotalImagePixelMatrix", "SliceLocation"),
    )
)
"""Dimensions (PS3.3 C.7.6.17) that say where a frame lies and not which volume it belongs to."""


def _dimensions(data: Dataset) -> tuple[str, ...]:
    tags = [element.value(i, "DimensionIndexPointer", int) for i in element.items(data, "DimensionIndexSequence")]
    return tuple(f"{keyword_for_tag(t) or 'private'}" if t is not None else "unnamed" for t in tags)


def _plane(index: int, own: Mapping[str, Any], base: Plane) -> Plane:
    slope, intercept = own.get("RescaleSlope"), own.get("RescaleIntercept")
    return Plane(
        index=index,
        position=own.get("ImagePositionPatient") or base.position,
        orientation=own.get("ImageOrientationPatient") or base.orientation,
        spacing=own.get("PixelSpacing") or base.spacing,
        thickness=own.get("SliceThickness") or base.thickness,
        between=own.get("SpacingBetweenSlices") or base.between,
        number=index + 1,
        slope=base.slope if slope is None else slope,
        intercept=base.intercept if intercept is None else intercept,
        unit=own.get("RescaleType") or base.unit,
        segment=own.get("ReferencedSegmentNumber"),
        keys=tuple(own.get("keys", {}).items()),
    )


# Vectors --------------------------------------------------------------------------------------------------------------


def _dose(data: Dataset, frames: int, base: Plane) -> Layout:
    """RT dose: offsets of the planes along their normal, from the first or as coordinates (PS3.3 C.8.8.3.2)."""
    offsets = element.numbers(data, "GridFrameOffsetVector")
    if base.position is None or base.orientation is None or len(offsets) != frames:
        unplaced = replace(base, position=None, orientation=None)
        why = f"{len(offsets)} grid offsets for {frames} frames, or no position: the planes are in no known place"
        return Layout(tuple(replace(unplaced, index=i) for i in range(frames)), why)
    origin = np.array(base.position)
    normal = np.cross(base.orientation[:3], base.orientation[3:])
    axial = np.allclose(base.orientation, (1, 0, 0, 0, 1, 0), rtol=0, atol=1e-3)
    absolute = axial and offsets[0] != 0 and abs(offsets[0] - origin[2]) < 1e-2
    start = origin[2] if absolute else 0.0
    places = [tuple(float(v) for v in origin + normal * (o - start)) for o in offsets]
    planes = tuple(replace(base, index=i, position=p, number=i + 1, keys=()) for i, p in enumerate(places))
    return Layout(planes)


def _nuclear(data: Dataset, frames: int, base: Plane) -> Layout:
    """Frames counted by the vectors of their increment pointer; reconstructed ones placed (PS3.3 C.8.4.8, C.8.4.15)."""
    kind = next(iter(element.codes(data, "ImageType")[2:3]), "")
    vectors = {k: element.numbers(data, k) for k in (*_VECTORS, "SliceVector")}
    vectors = {k: v for k, v in vectors.items() if len(v) == frames}
    planes = []
    for i in range(frames):
        keys = tuple((k, v[i]) for k, v in vectors.items() if k != "SliceVector" and len(set(v)) > 1)
        planes.append(replace(base, index=i, position=None, orientation=None, number=i + 1, keys=keys))
    slices = vectors.get("SliceVector")
    if slices is not None and "RECON" in kind:
        return _reconstructed(data, base, planes, slices)
    run = {"GATED": "phases of a cycle", "DYNAMIC": "in time", "GATED TOMO": "projections and phases"}
    around = "projections from around the patient" if "TOMO" in kind else "in no order that the file states"
    return Layout(tuple(planes), f"frames follow each other: {run.get(kind, around)}")


def _reconstructed(data: Dataset, base: Plane, planes: list[Plane], slices: tuple[float, ...]) -> Layout:
    detector = element.item(data, "DetectorInformationSequence")
    position = element.vector(detector, "ImagePositionPatient", 3) or base.position
    cosines = element.vector(detector, "ImageOrientationPatient", 6)
    orientation = (element.unit_vectors(cosines) if cosines else None) or base.orientation
    step = element.number(data, "SpacingBetweenSlices")
    if not step:
        return Layout(tuple(planes), "slices of a volume whose distance the file does not say")
    notes: tuple[str, ...] = ()
    if position is None or orientation is None:
        notes = ("where the slices lie in the patient is not said: their distance is known, their place is not",)
        position, orientation = (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    # a positive step leads away along rows x columns (PS3.3 C.8.4.15.1.1)
    normal = np.cross(orientation[:3], orientation[3:]) * step
    placed = [
        replace(p, position=tuple(float(v) for v in np.array(position) + normal * (s - 1)), orientation=orientation)
        for p, s in zip(planes, slices, strict=True)
    ]
    return Layout(tuple(placed), notes=notes, frame="none" if notes else "patient")
