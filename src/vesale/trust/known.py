"""Which devices, parts of the body and sizes a model learned from, as the files' headers said: a reading of another one
is said to be so, and another part of the body is declined. Nothing here looks at pixels; nothing names a patient.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..core.prediction import Reason

FEWEST = 8
"""Training exams that must state a fact before its absence from them is news."""
MARGIN = 1.25
"""A pixel size, a picture's size or a tube voltage may lie this factor outside of the training's range unnoticed."""
PARTS: tuple[frozenset[str], ...] = (
    frozenset({"CHEST", "THORAX", "LUNG", "LUNGS", "RIB", "RIBS"}),
    frozenset({"HEAD", "BRAIN", "SKULL", "NEURO"}),
    frozenset({"EYE", "EYES", "RETINA", "FUNDUS"}),
    frozenset({"ABDOMEN", "ABDOM", "LIVER"}),
    frozenset({"HEART", "CARDIAC"}),
)
"""Words of BodyPartExamined (DICOM PS3.16 Annex L, and what machines write) that are taken for one part."""
WHOLE = frozenset({"WHOLEBODY", "BODY"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file says of how it was made."""

    device: str | None = None
    """Manufacturer and model."""
    modality: str | None = None
    body_part: str | None = None
    kvp: float | None = None
    field_tesla: float | None = None
    pixel_mm: float | None = None
    """The finer of the spacings in the plane."""
    side: float | None = None
    """Root of the number of samples in a plane."""


@dataclass(frozen=True, slots=True)
class Known:
    """The facts of all exams that were learned from or calibrated on."""

    n: int
    """Files."""
    devices: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """kvp, field_tesla, pixel_mm, side -> (lowest, highest)."""
    stated: Mapping[str, int] = field(default_factory=dict)
    """Fact -> how many files state it."""


NUMBERS: Mapping[str, Callable[[Facts], float | None]] = {
    "kvp": lambda f: f.kvp,
    "field_tesla": lambda f: f.field_tesla,
    "pixel_mm": lambda f: f.pixel_mm,
    "side": lambda f: f.side,
}
NEWS: Mapping[str, str] = {
    "device": "It was made with a device that no training exam names.",
    "unnamed": "Its file names no device; those of the training do.",
    "kvp": "Its tube voltage of {value:g} kV is outside of the training's, {low:g} to {high:g} kV.",
    "field_tesla": "Its field of {value:g} T is outside of the training's, {low:g} to {high:g} T.",
    "pixel_mm": "Its pixels of {value:.3g} mm are outside of the training's, {low:.3g} to {high:.3g} mm.",
    "side": "It has {value:.0f} pixels a side (root of their number); the training's have {low:.0f} to {high:.0f}.",
}
WRONG_PART = "The file says that it shows {found}; the training exams show {wanted}."


def known_of(facts: Iterable[Facts]) -> Known | None:
    """None when there is no file."""
    every = list(facts)
    if not every:
        return None
    numbers = {name: [v for f in every if (v := of(f)) is not None] for name, of in NUMBERS.items()}
    devices, parts = [f.device for f in every if f.device], [f.body_part for f in every if f.body_part]
    stated = {"device": len(devices), "body_part": len(parts)} | {n: len(v) for n, v in numbers.items()}
    ranges = {n: (min(v), max(v)) for n, v in numbers.items() if v}
    return Known(len(every), tuple(sorted(set(devices))), tuple(sorted(set(parts))), ranges, stated)


def news(known: Known, facts: Sequence[Facts]) -> tuple[str, ...]:
    """What no training exam said: a sentence each, for the notes of a reading."""
    found: dict[str, None] = {}
    for one in facts:
        if known.stated.get("device", 0) >= FEWEST and one.device not in known.devices:
            found[NEWS["device" if one.device else "unnamed"]] = None
        for name, of in NUMBERS.items():
            value = of(one)
            if value is None or known.stated.get(name, 0) < FEWEST:
                continue
            low, high = known.ranges[name]
            if not low / MARGIN <= value <= high * MARGIN:
                found[NEWS[name].format(value=value, low=low, high=high)] = None
    return tuple(found)


def wrong_part(known: Known, facts: Sequence[Facts]) -> Reason | None:
    """A part of the body that is none of the training's, when nearly all of them state theirs."""
    if known.stated.get("body_part", 0) < max(FEWEST, 0.9 * known.n):
        return None
    for one in facts:
        if one.body_part and not any(same_part(one.body_part, part) for part in known.body_parts):
            wanted = " or ".join(known.body_parts[:3])
            return Reason("unlike_training", WRONG_PART.format(found=one.body_part, wanted=wanted))
    return None


def same_part(a: str, b: str) -> bool:
    """Whether two codes may mean one part: one holds the other, or both hold words of one row of PARTS."""
    a, b = ("".join(c for c in code if c.isalpha()) for code in (a, b))
    if not a or not b or a in b or b in a or a in WHOLE or b in WHOLE:
        return True
    return any(any(w in a for w in row) and any(w in b for w in row) for row in PARTS)
