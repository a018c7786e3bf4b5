"""What a DICOM header says of showing its pixels: windows, VOI tables, frame of reference, time of a frame.

Pixels and geometry are the readers'. Nothing here keeps a value that could name a patient: the frame of reference is
hashed.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from vesale.core.image import Description

from .dicom_header import Header, read_header
from .lazy import quiet, reading

FUNCTIONS = {"LINEAR": "linear", "LINEAR_EXACT": "linear_exact", "SIGMOID": "sigmoid"}
"""VOI LUT Function (0028,1056), PS3.3 C.11.2.1.3."""
MOVING = frozenset({"US", "IVUS", "XA", "RF", "ES", "GM", "XC", "OP"})
"""Modalities whose frames without a place are moments, not slices."""


@dataclass(frozen=True, slots=True)
class Voi:
    """One window of the header."""

    centre: float
    width: float
    function: str = "linear"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One VOI LUT of the header: entries of 0 to 1 from the value `first` on."""

    first: int
    entries: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Display:
    """What is said of showing an image; of anything but DICOM, nothing is."""

    windows: tuple[Voi, ...] = ()
    table: Table | None = None
    mirror: float | None = None
    """The reader turned the values over, as `mirror - stored value`: windows and tables are for those before."""
    white_is_low: bool = False
    """MONOCHROME1 whose values the reader kept: to be shown with low values bright."""
    frame_of_reference: str | None = None
    """Twelve hex digits of the sha256 of its UID; equal means that two images lie in one world."""
    frame_seconds: float | None = None
    """Of a loop, from one frame to the next; the mean where they differ."""
    uneven: bool = False
    """The times between frames differ."""
    units: str | None = None
    """Of PET (0054,1001): 'BQML', 'GML', ..."""


def read_display(description: Description) -> Display:
    """The display facts of the first file of a source; an empty Display for what is not DICOM.

    SourceError when the header cannot be read again.
    """
    if description.format != "dicom" or not description.files:
        return Display()
    path = Path(description.files[0])
    header = read_header(path)
    with reading(path, "DICOM", quote=False), quiet():
        data = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        shared = _shared(data)
        seconds, uneven = _frame_seconds(data)
        monochrome1 = header.photometric == "MONOCHROME1"
        return Display(
            windows=_windows(data) or _windows(shared),
            table=_table(data),
            mirror=_mirror(header) if header.inverted else None,
            white_is_low=monochrome1 and not header.inverted,
            frame_of_reference=_hashed(data.get("FrameOfReferenceUID")),
            frame_seconds=seconds,
            uneven=uneven,
            units=str(data.get("Units") or "") or None,
        )


def _mirror(header: Header) -> float:
    """Sum of a value before and after the reader turned it over (see `dicom_values.transformed`)."""
    low, high = (0, 0) if header.pixels is None else header.pixels.stored_range
    first = header.planes[0]
    return (low + high) * first.slope + 2 * first.intercept


def _shared(data: Dataset) -> Dataset:
    """The frame VOI LUT of an enhanced object: of all frames, else of the first."""
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        groups = data.get(keyword)
        voi = groups[0].get("FrameVOILUTSequence") if groups else None
        if voi:
            return voi[0]  # type: ignore[no-any-return]
    return Dataset()


def _windows(data: Dataset) -> tuple[Voi, ...]:
    centres, widths = _numbers(data.get("WindowCenter")), _numbers(data.get("WindowWidth"))
    function = FUNCTIONS.get(str(data.get("VOILUTFunction") or "LINEAR").strip(), "linear")
    least = 1.0 if function == "linear" else 0.0
    pairs = zip(centres, widths, strict=False)
    return tuple(Voi(c, w, function) for c, w in pairs if w >= least and w > 0 and np.isfinite([c, w]).all())


def _table(data: Dataset) -> Table | None:
    """The first VOI LUT (PS3.3 C.11.2.1.1); None when it is absent or its descriptor does not fit its data."""
    sequence = data.get("VOILUTSequence")
    if not sequence:
        return None
    item = sequence[0]
    descriptor, raw = _numbers(item.get("LUTDescriptor")), item.get("LUTData")
    if len(descriptor) != 3 or raw is None:
        return None
    count, first, bits = (int(v) for v in descriptor)
    count = count or 2**16
    signed = data.get("PixelRepresentation") == 1 and not data.get("ModalityLUTSequence")
    if signed and first >= 2**15:
        first -= 2**16
    entries = _words(raw, count, "<u2" if data.original_encoding[1] is not False else ">u2")
    if entries is None or not 8 <= bits <= 16:
        return None
    return Table(first, (entries / (2**bits - 1)).astype(np.float32).clip(0, 1))


def _words(raw: Any, count: int, order: str) -> NDArray[np.float64] | None:
    """LUT Data as numbers: US values; or OW bytes, a word an entry, which some writers pack two entries in."""
    if isinstance(raw, bytes):
        packed = len(raw) in (count, count + 1)
        values = np.frombuffer(raw if packed else raw[: len(raw) // 2 * 2], np.uint8 if packed else np.dtype(order))
    else:
        values = np.atleast_1d(np.asarray(raw))
    return values[:count].astype(np.float64) if len(values) >= count else None


def _frame_seconds(data: Dataset) -> tuple[float | None, bool]:
    """Frame Time, Frame Time Vector (PS3.3 C.7.6.5), else the rates that are recommended for showing it."""
    if (vector := _numbers(data.get("FrameTimeVector"))) and len(vector) > 1:
        steps = np.array(vector[1:])  # the first is zero
        if (steps > 0).all():
            return float(steps.mean()) / 1000, bool(np.ptp(steps) > 0.01 * steps.mean())
    time = _numbers(data.get("FrameTime"))
    if time and time[0] > 0:
        return time[0] / 1000, False
    for keyword in ("CineRate", "RecommendedDisplayFrameRate"):
        rate = _numbers(data.get(keyword))
        if rate and rate[0] > 0:
            return 1 / rate[0], False
    return None, False


def _hashed(uid: Any) -> str | None:
    return hashlib.sha256(str(uid).strip().encode()).hexdigest()[:12] if uid else None


def _numbers(value: Any) -> tuple[float, ...]:
    """What can be read as numbers; empty when it cannot."""
    several = value if isinstance(value, MultiValue | list | tuple) else [value]
    try:
        return tuple(float(v) for v in several if v is not None and str(v) != "")
    except (TypeError, ValueError):
        return ()
