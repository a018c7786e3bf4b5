"""Made DICOM of many kinds with a planted truth: enhanced objects, nuclear medicine, dose, cine, PET, media."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.fileset import FileSet
from pydicom.tag import Tag
from pydicom.uid import UID

import phantoms

Array = NDArray[Any]
ENHANCED_CT, ENHANCED_MR, ENHANCED_US = (
    UID("1.2.840.10008.5.1.4.1.1.2.1"),
    UID("1.2.840.10008.5.1.4.1.1.4.1"),
    UID("1.2.840.10008.5.1.4.1.1.6.2"),
)
NM, PET, DOSE = (
    UID("1.2.840.10008.5.1.4.1.1.20"),
    UID("1.2.840.10008.5.1.4.1.1.128"),
    UID("1.2.840.10008.5.1.4.1.1.481.2"),
)
XA, US_CINE, SLIDE = (
    UID("1.2.840.10008.5.1.4.1.1.12.1"),
    UID("1.2.840.10008.5.1.4.1.1.3.1"),
    UID("1.2.840.10008.5.1.4.1.1.77.1.6"),
)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SPACING = (2.5, 0.8, 0.7)
ORIGIN = (-30.0, -40.0, 100.0)


def item(**elements: Any) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def frames(rng: np.random.Generator, data: Array, tags: Mapping[str, Any] | None = None) -> FileDataset:
    """A data set of (frame, y, x) or (frame, y, x, 3) integers."""
    made = phantoms.dataset(rng, data[0], {"NumberOfFrames": len(data), **(tags or {})})
    raw = np.ascontiguousarray(data).astype(data.dtype.newbyteorder("<")).tobytes()
    made.PixelData = raw + b"\0" * (len(raw) % 2)
    return made


def write(path: Path, made: FileDataset, syntax: Any = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if syntax is not None:
        made.compress(syntax)
    pydicom.dcmwrite(path, made, enforce_file_format=True)
    return path


# Enhanced -------------------------------------------------------------------------------------------------------------


def position(n: float, orientation: Sequence[float] = AXIAL, tilt: float = 0.0) -> list[float]:
    """Of slice n of a ladder of SPACING from ORIGIN, shifted along y when tilted."""
    cosines = np.array(orientation, float)
    along = np.cross(cosines[:3], cosines[3:]) * SPACING[0] * n + cosines[3:] * tilt * SPACING[0] * n
    return [float(v) for v in np.array(ORIGIN) + along]


def place(n: float, orientation: Sequence[float] = AXIAL, **more: Any) -> Dataset:
    """The per-frame functional groups of a slice."""
    group = item(
        PlanePositionSequence=[item(ImagePositionPatient=position(n, orientation))],
        FrameContentSequence=[
            item(StackID="1", InStackPositionNumber=int(n) + 1, DimensionIndexValues=[1, int(n) + 1])
        ],
    )
    for keyword, value in more.items():
        setattr(group, keyword, [value])
    return group


def shared(orientation: Sequence[float] = AXIAL, **more: Any) -> Dataset:
    group = item(
        PixelMeasuresSequence=[item(PixelSpacing=list(SPACING[1:]), SliceThickness=SPACING[0])],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[float(v) for v in orientation])],
    )
    for keyword, value in more.items():
        setattr(group, keyword, [value])
    return group


def rescale(slope: float, intercept: float) -> Dataset:
    return item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="HU")


def enhanced(
    rng: np.random.Generator, data: Array, groups: Sequence[Dataset], common: Dataset, **tags: Any
) -> FileDataset:
    """An enhanced object: frame i of `data` has the functional groups groups[i]."""
    dimensions = [
        item(DimensionIndexPointer=Tag(keyword), FunctionalGroupPointer=Tag(sequence))
        for keyword, sequence in (
            ("StackID", "FrameContentSequence"),
            ("InStackPositionNumber", "FrameContentSequence"),
        )
    ]
    return frames(
        rng,
        data,
        {
            "SOPClassUID": ENHANCED_CT,
            "Modality": "CT",
            "PerFrameFunctionalGroupsSequence": list(groups),
            "SharedFunctionalGroupsSequence": [common],
            "DimensionIndexSequence": dimensions,
            **tags,
        },
    )


def enhanced_ct(
    rng: np.random.Generator, data: Array, order: Sequence[int] | None = None, orientation: Sequence[float] = AXIAL
) -> FileDataset:
    """(z, y, x) stored with slice order[i] as frame i, in HU by -1024."""
    order = list(range(len(data))) if order is None else list(order)
    common = shared(orientation, PixelValueTransformationSequence=rescale(1, -1024))
    return enhanced(rng, data[order], [place(n, orientation) for n in order], common)


def enhanced_mr(rng: np.random.Generator, data: Array, sequences: Sequence[Mapping[str, Dataset]]) -> FileDataset:
    """(volume, z, y, x): one ladder for each entry of `sequences`, whose groups tell it apart."""
    flat = data.reshape(-1, *data.shape[2:])
    groups = [place(n, **more) for more in sequences for n in range(data.shape[1])]
    return enhanced(rng, flat, groups, shared(), SOPClassUID=ENHANCED_MR, Modality="MR")


# Others ---------------------------------------------------------------------------------------------------------------


def nuclear(rng: np.random.Generator, data: Array, kind: str, **vectors: Sequence[int]) -> FileDataset:
    """Nuclear medicine of an image type (RECON TOMO, STATIC, DYNAMIC, ...) with these frame vectors."""
    tags: dict[str, Any] = {
        "SOPClassUID": NM,
        "Modality": "NM",
        "ImageType": ["ORIGINAL", "PRIMARY", kind, "EMISSION"],
        "PixelSpacing": [4.0, 4.5],
        "FrameIncrementPointer": [Tag(k) for k in vectors],
        **{k: list(v) for k, v in vectors.items()},
    }
    if "RECON" in kind:
        detector = item(ImagePositionPatient=list(ORIGIN), ImageOrientationPatient=list(AXIAL))
        tags |= {"SpacingBetweenSlices": -3.0, "SliceThickness": 3.0, "DetectorInformationSequence": [detector]}
    return frames(rng, data, tags)


def dose(rng: np.random.Generator, data: Array, offsets: Sequence[float], scaling: float = 0.001) -> FileDataset:
    tags = {
        "SOPClassUID": DOSE,
        "Modality": "RTDOSE",
        "DoseUnits": "GY",
        "DoseGridScaling": scaling,
        "GridFrameOffsetVector": list(offsets),
        "FrameIncrementPointer": Tag("GridFrameOffsetVector"),
        "ImagePositionPatient": list(ORIGIN),
        "ImageOrientationPatient": list(AXIAL),
        "PixelSpacing": list(SPACING[1:]),
    }
    return frames(rng, data, tags)


def cine(rng: np.random.Generator, data: Array, **tags: Any) -> FileDataset:
    """An angiography of (frame, y, x), 40 ms apart."""
    start = {"SOPClassUID": XA, "Modality": "XA", "FrameTime": 40.0, "FrameIncrementPointer": Tag("FrameTime")}
    return frames(rng, data, start | {"ImagerPixelSpacing": [0.3, 0.2]} | tags)


def region(delta_x: float = 0.05, delta_y: float = 0.04, unit: int = 3) -> Dataset:
    """A two-dimensional tissue region of ultrasound; deltas in cm."""
    return item(
        RegionSpatialFormat=1,
        RegionDataType=1,
        RegionLocationMinX0=0,
        RegionLocationMinY0=0,
        RegionLocationMaxX1=30,
        RegionLocationMaxY1=30,
        PhysicalUnitsXDirection=unit,
        PhysicalUnitsYDirection=unit,
        PhysicalDeltaX=delta_x,
        PhysicalDeltaY=delta_y,
    )


def pet_tags(**changes: Any) -> dict[str, Any]:
    """A PET header from which SUV can be computed: 70 kg, 350 MBq of F-18 an hour before the series."""
    tracer = {
        "RadionuclideTotalDose": 350e6,
        "RadionuclideHalfLife": 6586.2,
        "RadiopharmaceuticalStartTime": "110000",
        **{k: v for k, v in changes.items() if k.startswith("Radi")},
    }
    return {
        "SOPClassUID": PET,
        "Modality": "PT",
        "Units": "BQML",
        "CorrectedImage": ["DECY", "ATTN", "SCAT"],
        "DecayCorrection": "START",
        "PatientWeight": 70.0,
        "SeriesDate": "20200101",
        "SeriesTime": "120000",
        "AcquisitionDate": "20200101",
        "AcquisitionTime": "120000",
        "RadiopharmaceuticalInformationSequence": [item(**{k: v for k, v in tracer.items() if v is not None})],
        "RescaleSlope": 2.0,
        "RescaleIntercept": 0.0,
        **{k: v for k, v in changes.items() if not k.startswith("Radi")},
    }


def write_medium(folder: Path, files: Sequence[Path]) -> Path:
    """A medium with these files and a DICOMDIR of pydicom's; its path."""
    medium = FileSet()
    for path in files:
        medium.add(path)
    medium.write(folder)
    medium._stage["t"].cleanup()  # pydicom leaves it to the garbage collector, which warns
    return folder / "DICOMDIR"
