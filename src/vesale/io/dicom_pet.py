"""Standardised uptake values by body weight (SUVbw) of PET, from the header where it allows.

The rule is QIBA's vendor-neutral pseudo-code for SUV (FDG-PET/CT profile, appendix G), with injection as a further
reference time of the decay correction (PS3.3 C.8.9.1: DecayCorrection ADMIN). Of the patient only the dose per gram is
kept, of the clock only differences.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from . import dicom_elements as element

DAY = 86400.0
MOST_HALF_LIVES = 10
"""Scans later than this after the injection show nothing any more: a wrong clock."""
_PHILIPS, _GE = (0x7053, "Philips PET Private Group"), (0x0009, "GEMS_PETD_01")
_HALF_LIFE = "RadionuclideHalfLife"
_REQUIRED = frozenset({"ATTN", "DECY"})


@dataclass(frozen=True, slots=True)
class Uptake:
    """What one file of a PET series says that bears on its SUV."""

    unit: str | None
    corrected: frozenset[str]
    decay: str | None
    """START, ADMIN or NONE: to which moment the values are corrected."""
    dose_per_gram: float | None
    """Injected Bq per gram of body weight."""
    half_life: float | None
    series_after: float | None
    """Seconds from injection to the series' time."""
    acquired_after: float | None
    """Seconds from injection to the start of this file's acquisition."""
    maker_after: float | None
    """Seconds from injection to GE's private scan time."""
    maker_factor: float | None
    """Philips' own factor from stored unit to SUV."""
    maker_activity: float | None
    """Philips' own factor from stored unit to Bq/ml."""


def uptake(data: Dataset) -> Uptake:
    tracer = element.item(data, "RadiopharmaceuticalInformationSequence")
    dose, weight = element.positive(tracer, "RadionuclideTotalDose"), element.positive(data, "PatientWeight")
    series = element.moment(data, "SeriesDate", "SeriesTime")
    acquired = element.moment(data, "AcquisitionDate", "AcquisitionTime")
    injected = _injected(data, tracer, series if series is not None else acquired)
    return Uptake(
        unit=element.code(data, "Units"),
        corrected=frozenset(element.codes(data, "CorrectedImage")),
        decay=element.code(data, "DecayCorrection"),
        dose_per_gram=None if dose is None or weight is None else dose / (1000 * weight),
        half_life=element.positive(tracer, _HALF_LIFE),
        series_after=_since(injected, series),
        acquired_after=_since(injected, acquired),
        maker_after=_since(injected, _maker_time(data)),
        maker_factor=_private(data, *_PHILIPS, 0x00),
        maker_activity=_private(data, *_PHILIPS, 0x09),
    )


def suv_factor(slices: Sequence[Uptake]) -> tuple[float | None, str]:
    """What values after the rescale are multiplied by to be SUVbw in g/ml, or None; and a sentence that says so.

    One factor for all slices of a series: they are corrected to one moment.
    """
    first = slices[0]
    if any((u.unit, u.decay) != (first.unit, first.decay) for u in slices):
        return None, _without("its slices differ in unit or decay correction", first)
    if first.unit == "GML":
        return 1.0, "values are SUV (g/ml) as stored; taken to be by body weight"
    if not first.corrected >= _REQUIRED:
        return None, _without("CorrectedImage does not name ATTN and DECY", first)
    if first.unit == "CNTS" and first.maker_factor is not None:
        return first.maker_factor, "values are SUV by body weight (g/ml), by the maker's own factor (7053,1000)"
    activity = {"BQML": 1.0, "CNTS": first.maker_activity}.get(first.unit or "")
    if activity is None:
        return None, _without("its unit is not Bq/ml", first)
    missing = {"RadionuclideTotalDose or PatientWeight": first.dose_per_gram, "RadionuclideHalfLife": first.half_life}
    absent = next((name for name, found in missing.items() if found is None), None)
    if absent is not None or first.dose_per_gram is None or first.half_life is None:
        return None, _without(f"{absent} is missing", first)
    waited, how = _waited(slices, first.half_life)
    if waited is None:
        return None, _without(how, first)
    factor = activity * 2 ** (waited / first.half_life) / first.dose_per_gram
    return factor, f"values are SUV by body weight (g/ml): Bq/ml times {factor:.4g}, {how}"


def _without(why: str, first: Uptake) -> str:
    return f"values are in {first.unit or 'an unknown unit'}, not SUV: {why}"


def _waited(slices: Sequence[Uptake], half_life: float) -> tuple[float | None, str]:
    """Seconds by which the dose has decayed at the moment the values are corrected to, and how that was found."""
    first = slices[0]
    if first.decay == "ADMIN":
        return 0.0, "decay corrected to the injection"
    if first.decay != "START":
        return None, "DecayCorrection is neither START nor ADMIN"
    acquired = [u.acquired_after for u in slices if u.acquired_after is not None]
    series = first.series_after
    if series is not None and acquired and series <= min(acquired):
        waited, how = series, "decay corrected to the series' time"
    elif first.maker_after is not None:
        waited, how = first.maker_after, "decay corrected to the maker's scan time (0009,100d)"
    elif len(acquired) == len(slices):
        waited, how = min(acquired), "decay corrected to the earliest acquisition, for the series is dated later"
    else:
        return None, "the times of injection and of the scan are not both known"
    if 0 <= waited <= MOST_HALF_LIVES * half_life:
        return waited, how
    return None, "the injection is dated after the scan, or too long before it"


def _since(injected: float | None, later: float | None) -> float | None:
    return None if injected is None or later is None else later - injected


def _injected(data: Dataset, tracer: Dataset, reference: float | None) -> float | None:
    """The injection's moment; without a date, and for a short-lived tracer, the last such time before the scan."""
    exact = element.stamp(tracer, "RadiopharmaceuticalStartDateTime")
    clock, half_life = element.seconds(tracer, "RadiopharmaceuticalStartTime"), element.positive(tracer, _HALF_LIFE)
    if reference is None or half_life is None:
        return exact
    if exact is not None and 0 <= reference - exact <= MOST_HALF_LIVES * half_life:
        return exact
    if clock is None or half_life > DAY / 2:
        return exact
    same_day = reference - reference % DAY + clock
    return same_day - DAY if same_day > reference + DAY / 2 else same_day


def _maker_time(data: Dataset) -> float | None:
    group, creator = _GE
    found = element.value(data, "Manufacturer", lambda _: data.private_block(group, creator)[0x0D].value)
    if found is None:
        return None
    parts = Dataset()
    parts.FrameReferenceDateTime = str(found)
    return element.stamp(parts, "FrameReferenceDateTime")


def _private(data: Dataset, group: int, creator: str, offset: int) -> float | None:
    try:
        found = data.private_block(group, creator)[offset].value
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    parts = Dataset()
    # an implicit file leaves private values as bytes
    parts.RescaleSlope = found.decode("ascii", "replace").strip(" \0") if isinstance(found, bytes) else str(found)
    return element.positive(parts, "RescaleSlope")
