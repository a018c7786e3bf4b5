"""Slices of one series or object to the volumes that they are: split where they differ, refused where they are no
regular ladder. Positions decide, not the headers' spacing; nothing is read here."""

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.grid import Vector

from .dicom_header import Header
from .dicom_planes import CLOCKS, TIMES, Key, Plane
from .lazy import plural

REPEAT_MM = 1e-3
"""Slices closer than this have the same position."""
UNEVEN_MM, UNEVEN_SHARE = 0.1, 0.2
"""Positions may miss an even ladder by 0.1 mm (scanners round), but by no more than a fifth of a step."""
SAME = 1e-3
"""Cosines and millimetres of pixel spacing may differ by this between slices."""
TILT_DEGREES = 0.1
MOST_KEYS = 3
"""So many keywords at once may tell volumes apart: echo, phase and component, say."""
SPLIT = "give the slices of one volume only"
_SLABS = frozenset({"StackID", "AcquisitionNumber", "EchoTime", "EffectiveEchoTime", "DiffusionBValue", "FrameType"})
"""Keys that may tell apart slabs of which no position is repeated."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One frame of one file."""

    header: Header
    plane: Plane

    @property
    def shown(self) -> str:
        """How the user finds it: the file, and of several frames the number from 1."""
        many = len(self.header.planes) > 1
        return f"frame {self.plane.index + 1} of {self.header.path.name}" if many else self.header.path.name


@dataclass(frozen=True, slots=True)
class Volume:
    """Slices in order: a stack along `step`, one image, or a run of frames whose places say nothing."""

    slices: tuple[Slice, ...]
    step: Vector | None = None
    """Millimetres in LPS from each slice of a stack to the next; None for one image and for a run."""
    run: str = ""
    notes: tuple[str, ...] = ()
    error: SourceError | None = None
    """Why these slices are no volume; the others of the series may still be."""


def volumes(slices: Sequence[Slice]) -> tuple[Volume, ...]:
    """Every volume that the slices of one series or object are, in the order of what tells them apart.

    A part that is no regular volume carries its error. SourceError when nothing can be made of the whole.
    """
    placed = [s for s in slices if s.plane.is_placed]
    if len(placed) not in (0, len(slices)):
        lost = len(slices) - len(placed)
        raise SourceError(
            f"{place(slices)}: {plural(lost, 'slice')} of {len(slices)} without a position", "open them singly"
        )
    if len(slices) == 1:
        return (Volume(tuple(slices)),)
    if not placed:
        return tuple(_runs(slices))
    kinds = _kinds(slices)
    found: list[Volume] = []
    for differing, group in kinds:
        parts = _parts(group) if len(group) > 1 else [Volume(tuple(group))]
        found += [replace(p, notes=(*_mixed(differing, len(kinds)), *p.notes)) for p in parts]
    return tuple(found)


def place(slices: Sequence[Slice]) -> str:
    """How the user knows the series: its folder, or its first file."""
    paths = list(dict.fromkeys(s.header.path for s in slices))
    return str(paths[0].parent if len(paths) > 1 and len({p.parent for p in paths}) == 1 else paths[0])


def _mixed(differing: str, groups: int) -> tuple[str, ...]:
    return (
        (f"the series holds {groups} sets of slices that differ in {differing}: this is one of them",)
        if differing
        else ()
    )


# Unplaced -------------------------------------------------------------------------------------------------------------


def _runs(slices: Sequence[Slice]) -> Iterator[Volume]:
    """Frames without a place, split by what is not time; of one frame, an image."""
    if len({s.header.path for s in slices}) > 1:
        raise SourceError(
            f"{place(slices)}: {len(slices)} slices of {len(slices)} without a position", "open them singly"
        )
    _refuse_mixture(slices)
    keys = [k for k in _varying(slices) if k not in TIMES and k not in _WALKS and not k.startswith("dimension")]
    for values, group in _grouped(slices, keys):
        notes = (_told(keys, values, slices),) if keys else ()
        yield Volume(tuple(group), run=slices[0].header.run if len(group) > 1 else "", notes=notes)


_WALKS = frozenset({"RotationVector", "AngularViewVector"})
"""Counters of projections around the patient."""


# Placed ---------------------------------------------------------------------------------------------------------------


def _kinds(slices: Sequence[Slice]) -> list[tuple[str, list[Slice]]]:
    """Slices of one orientation, size, pixel spacing and colour model each; what differs between the groups."""
    representatives: list[Slice] = []
    groups: list[list[Slice]] = []
    for s in slices:
        at = next((i for i, r in enumerate(representatives) if not _differing(s, r)), None)
        if at is None:
            representatives.append(s)
            groups.append([])
            at = len(groups) - 1
        groups[at].append(s)
    if len(groups) == 1:
        return [("", groups[0])]
    nouns = {n for a, b in itertools.combinations(representatives[:20], 2) for n in _differing(a, b)}
    differing = " and ".join(n for n in _TRAITS if n in nouns)
    return [(differing, group) for group in groups]


_TRAITS: dict[str, Callable[[Slice], Any]] = {
    "orientation": lambda s: s.plane.orientation,
    "size": lambda s: s.header.shape,
    "pixel spacing": lambda s: s.plane.spacing,
    "colour model": lambda s: (s.header.photometric,),
    "series": lambda s: (s.header.series,),
}


def _differing(a: Slice, b: Slice) -> list[str]:
    return [noun for noun, trait in _TRAITS.items() if not _close(trait(a), trait(b))]


def _close(a: tuple[Any, ...] | None, b: tuple[Any, ...] | None) -> bool:
    if a == b or a is None or b is None:
        return a == b
    numbers = all(isinstance(v, (int, float)) for v in (*a, *b))
    return numbers and len(a) == len(b) and max(abs(x - y) for x, y in zip(a, b, strict=True)) <= SAME


def _refuse_mixture(slices: Sequence[Slice]) -> None:
    kinds = _kinds(slices)
    if len(kinds) > 1:
        raise SourceError(f"{place(slices)}: mixed frames: they differ in {kinds[0][0]}", SPLIT)


def _parts(slices: list[Slice]) -> list[Volume]:
    """One ladder, or several told apart by as few keywords as will do."""
    if slices[0].header.is_colour and len({s.header.path for s in slices}) > 1:
        error = SourceError(f"{place(slices)}: a series of colour images is no volume", "open them singly")
        return [Volume(tuple(slices), error=error)]
    whole = _stack(slices)
    keys = _varying(slices)
    if whole.error is None:
        telling = [k for k in keys if k in _SLABS and k != "AcquisitionNumber"]
        parts = _split(slices, telling[:1], ladders=True) if telling else []
        return parts or [replace(whole, notes=(*whole.notes, *(_varies(k) for k in telling)))]
    repeated = _repeats(slices)
    usable = keys if repeated else [k for k in keys if k in _SLABS]
    if repeated and _is_one_place(slices):
        return _one_place(slices, keys) or [whole]
    for n in range(1, MOST_KEYS + 1):
        for chosen in itertools.combinations(usable, n):
            parts = _split(slices, chosen, ladders=True)
            if parts:
                return parts
    for chosen in ((k,) for k in usable if repeated):
        parts = _split(slices, chosen, ladders=False)
        if parts:
            return parts
    return [whole]


def _varies(keyword: str) -> str:
    return f"slices differ in {keyword} without forming volumes by it: they are kept as one"


def _split(slices: Sequence[Slice], keys: Sequence[str], ladders: bool) -> list[Volume]:
    """A volume for each value of the keys; [] unless all have several slices and no position twice (`ladders`: and
    even steps)."""
    groups = list(_grouped(slices, keys))
    if len(groups) < 2 or min(len(group) for _, group in groups) < 2:
        return []
    if any(_repeats(group) for _, group in groups):
        return []
    parts = [_stack(group) for _, group in groups]
    if ladders and any(p.error is not None for p in parts):
        return []
    return [
        replace(part, notes=(_told(keys, values, slices), *part.notes))
        for part, (values, _) in zip(parts, groups, strict=True)
    ]


def _is_one_place(slices: Sequence[Slice]) -> bool:
    positions = np.array([s.plane.position for s in slices])
    return bool(np.ptp(positions, axis=0).max() < REPEAT_MM)


def _one_place(slices: Sequence[Slice], keys: Sequence[str]) -> list[Volume]:
    """Many images of one slice: runs in time, told apart by what is not time."""
    times = [k for k in keys if k in TIMES]
    others = [k for k in keys if k not in TIMES and not k.startswith("dimension")]
    found = []
    for values, group in _grouped(slices, others):
        moments = next((k for k in times if len({_key(s, k) for s in group}) == len(group)), None)
        if len(group) > 1 and moments is None:
            return []
        ordered = sorted(group, key=lambda s: _sortable(_key(s, moments))) if moments else group
        told = (_told(others, values, slices),) if others else ()
        run = f"frames of one slice follow each other in time, by {moments}" if len(group) > 1 else ""
        found.append(Volume(tuple(ordered), run=run, notes=told))
    return found


# Keys -----------------------------------------------------------------------------------------------------------------


def _key(s: Slice, keyword: str | None) -> Key | None:
    return next((v for k, v in s.plane.keys if k == keyword), None)


def _varying(slices: Sequence[Slice]) -> list[str]:
    """Keywords with several values among the slices, in the order of the planes' own table."""
    names = dict.fromkeys(k for s in slices for k, _ in s.plane.keys)
    return [k for k in names if len({_key(s, k) for s in slices}) > 1]


def _grouped(slices: Sequence[Slice], keys: Sequence[str]) -> Iterator[tuple[tuple[Key | None, ...], list[Slice]]]:
    groups: dict[tuple[Key | None, ...], list[Slice]] = {}
    for s in slices:
        groups.setdefault(tuple(_key(s, k) for k in keys), []).append(s)
    yield from sorted(groups.items(), key=lambda entry: tuple(_sortable(v) for v in entry[0]))


def _sortable(value: Hashable) -> tuple[int, float, str]:
    return (0, float(value), "") if isinstance(value, (int, float)) else (1, 0.0, str(value))


def _told(keys: Sequence[str], values: Sequence[Key | None], slices: Iterable[Slice]) -> str:
    """Which of several volumes this is; a time of day is never shown, only its place in the order."""
    every = list(slices)
    parts = []
    for keyword, value in zip(keys, values, strict=True):
        order = sorted({_key(s, keyword) for s in every}, key=_sortable)
        nth = f"{order.index(value) + 1} of {len(order)}"
        shown = keyword in CLOCKS or value is None
        parts.append(f"{keyword}, {nth}" if shown else f"{keyword} {_shown(value)}, {nth}")
    return f"one of several volumes in the series, told apart by {'; '.join(parts)}"


def _shown(value: Key | None) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "/".join(f"{v}" for v in value) if isinstance(value, tuple) else str(value)


# Ladders --------------------------------------------------------------------------------------------------------------


def _heights(slices: Sequence[Slice]) -> Vector:
    orientation = np.array(slices[0].plane.orientation)
    normal = np.cross(orientation[:3], orientation[3:])
    heights: Vector = np.array([s.plane.position for s in slices]) @ normal
    return heights


def _repeats(slices: Sequence[Slice]) -> bool:
    return bool((np.diff(np.sort(_heights(slices))) < REPEAT_MM).any())


def _stack(slices: Sequence[Slice]) -> Volume:
    """The slices in order along their normal; with the error when they are no even ladder."""
    if len(slices) == 1:
        return Volume(tuple(slices))
    heights = _heights(slices)
    order = np.argsort(heights, kind="stable")
    ordered = [slices[i] for i in order]
    error = _unevenness(ordered, heights[order])
    if error is not None:
        return Volume(tuple(ordered), error=error)
    positions = np.array([s.plane.position for s in ordered])
    step = (positions[-1] - positions[0]) / (len(ordered) - 1)
    off = np.linalg.norm(positions - (positions[0] + np.arange(len(ordered))[:, None] * step), axis=1).max()
    if off > max(UNEVEN_MM, UNEVEN_SHARE * float(np.linalg.norm(step))):
        error = SourceError(f"{place(ordered)}: slices are shifted sideways, by up to {off:.3g} mm", SPLIT)
        return Volume(tuple(ordered), error=error)
    return Volume(tuple(ordered), step, notes=(*_step_notes(ordered, step), *_number_notes(ordered)))


def _unevenness(ordered: Sequence[Slice], heights: Vector) -> SourceError | None:
    """`heights`: places along the normal, in mm, ascending."""
    steps = np.diff(heights)
    repeated = np.flatnonzero(steps < REPEAT_MM)
    if len(repeated):
        return _repetition(ordered, repeated)
    usual = float(np.median(steps))
    ladder = heights[0] + np.arange(len(heights)) * (heights[-1] - heights[0]) / len(steps)
    limit = min(UNEVEN_MM, UNEVEN_SHARE * usual)
    if np.abs(steps - usual).max() > 2 * limit or np.abs(heights - ladder).max() > max(limit, 0.01 * usual):
        worst = int(np.abs(steps - usual).argmax())
        between = f"{ordered[worst].shown} and {ordered[worst + 1].shown}"
        missing = round(float(steps[worst]) / usual) - 1
        gap = f", {plural(missing, 'slice')} missing" if missing > 0 else ""
        return SourceError(
            f"{place(ordered)}: uneven slices: {steps[worst]:.4g} mm between {between}, usually {usual:.4g} mm{gap}",
            "export the missing slices, or resample the series to an even grid",
        )
    return None


def _repetition(ordered: Sequence[Slice], repeated: Any) -> SourceError:
    first, second = ordered[repeated[0]], ordered[repeated[0] + 1]
    same = first.header.instance is not None and first.header.instance == second.header.instance
    copies = same and first.header.path != second.header.path
    what = "copies of one file" if copies else "copies, or volumes that nothing in the headers tells apart"
    return SourceError(
        f"{place(ordered)}: {plural(len(repeated), 'position')} repeated among {len(ordered)} slices "
        f"({first.shown} and {second.shown}): {what}",
        "remove the copies, or give each volume on its own",
    )


def _step_notes(ordered: Sequence[Slice], step: Vector) -> list[str]:
    length, notes, first = float(np.linalg.norm(step)), [], ordered[0].plane
    headers = {"SliceThickness": first.thickness, "SpacingBetweenSlices": first.between}
    wrong = [f"{k} {v:g}" for k, v in headers.items() if v is not None and abs(v - length) > 0.01 * length]
    if wrong:
        notes.append(
            f"slices are {length:.4g} mm apart by their positions, which is used; headers say {', '.join(wrong)}"
        )
    orientation = np.array(first.orientation)
    normal = np.cross(orientation[:3], orientation[3:])
    tilt = float(np.degrees(np.arccos(np.clip(step @ normal / length, -1, 1))))
    if tilt > TILT_DEGREES:
        notes.append(
            f"tilted acquisition: slices are shifted, at {tilt:.1f} degrees from their normal; axes are sheared"
        )
    return notes


def _number_notes(ordered: Sequence[Slice]) -> list[str]:
    numbers = sorted(s.plane.number for s in ordered if s.plane.number is not None)
    if len(numbers) < 2 or len(set(numbers)) < len(numbers) or len({s.header.path for s in ordered}) == 1:
        return []
    span = numbers[-1] - numbers[0] + 1
    skipped = f"instance numbers {numbers[0]} to {numbers[-1]} for {len(numbers)} slices: perhaps slices were left out"
    return [skipped] if span > len(numbers) else []
