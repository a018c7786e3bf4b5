"""Plain DICOM series: many single-frame files that are one volume. Positions decide, not the headers' spacing."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.grid import Box, Grid, Vector
from vesale.core.image import Array, Description, Source

from . import pixels
from .dicom import Header, open_dicom, read_header, refuse, stored, value_notes, values
from .formats import kind_of
from .lazy import Deferred, digest, plural

REPEAT_MM = 1e-3
"""Slices closer than this have the same position."""
UNEVEN_MM, UNEVEN_SHARE = 0.1, 0.2
"""Positions may miss an even ladder by 0.1 mm (scanners round), but by no more than a fifth of a step."""
SAME = 1e-3
"""Cosines and millimetres of pixel spacing may differ by this between slices."""
TILT_DEGREES = 0.1
SPLIT = "give the slices of one volume only"


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices in order along the normal, and the vector from each to the next."""

    slices: tuple[Header, ...]
    step: Vector
    """Millimetres in LPS."""
    notes: tuple[str, ...]


def open_folder(folder: Path) -> Source:
    """The one DICOM series in a folder, not looking below it; an error that lists them when there are several."""
    series = by_series(read_header(p) for p in sorted(folder.iterdir()) if _is_dicom(p))
    groups = [[h for h in headers if h.has_pixels] for headers in series.values()]
    groups = [headers for headers in groups if headers]
    if not groups:
        raise SourceError(f"{folder}: a folder without a DICOM image", "give a file, or the folder of one DICOM series")
    if len(groups) > 1:
        listed = "; ".join(f"{h[0].modality} with {plural(len(h), 'file')} from {h[0].path.name}" for h in groups)
        raise SourceError(f"{folder}: {len(groups)} DICOM series: {listed}", "give each series a folder of its own")
    return open_series([h.path for h in groups[0]])


def by_series(headers: Iterable[Header]) -> dict[str, list[Header]]:
    """SeriesInstanceUID -> its files, in the order given; a file without one stands alone under its path."""
    groups: dict[str, list[Header]] = {}
    for header in headers:
        groups.setdefault(header.series or str(header.path), []).append(header)
    return groups


def open_series(files: Sequence[Path]) -> Source:
    """The slices of one series, in any order, as a volume (z, y, x) in LPS; one file is opened as it is.

    SourceError says what is wrong when they are no regular volume: positions missing, repeated or uneven, or slices
    that differ in shape, spacing or orientation. A tilted gantry is kept as sheared axes, with a note.
    """
    if len(files) == 1:
        return open_dicom(files[0])
    stack = _stack([read_header(p) for p in files])
    first = stack.slices[0]
    paths = tuple(h.path for h in stack.slices)
    whole = hashlib.sha256("".join(digest(p) for p in paths).encode()).hexdigest()
    notes = (*first.notes, *value_notes(first), *stack.notes)
    description = Description("dicom", whole, first.modality, notes, paths)
    return Deferred(description, ("grey",), (_grid(stack),), partial(_load, stack.slices))


def _is_dicom(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0 and not path.name.startswith(".") and kind_of(path) == "dicom"


def _stack(headers: list[Header]) -> Stack:
    for header in headers:
        refuse(header)
    _refuse_mixture(headers)
    orientation = np.array(headers[0].orientation)
    normal = np.cross(orientation[:3], orientation[3:])
    ordered = sorted(headers, key=lambda h: float(normal @ np.array(h.position)))
    positions = np.array([h.position for h in ordered])
    _refuse_uneven(ordered, positions @ normal)
    step = (positions[-1] - positions[0]) / (len(ordered) - 1)
    off = np.linalg.norm(positions - (positions[0] + np.arange(len(ordered))[:, None] * step), axis=1).max()
    if off > max(UNEVEN_MM, UNEVEN_SHARE * float(np.linalg.norm(step))):
        raise SourceError(f"{_place(ordered)}: slices are shifted sideways, by up to {off:.3g} mm", SPLIT)
    return Stack(tuple(ordered), step, (*_step_notes(ordered, step, normal), *_number_notes(ordered)))


def _refuse_mixture(headers: list[Header]) -> None:
    first, where = headers[0], _place(headers)
    lost = [h for h in headers if not h.is_placed]
    if lost:
        raise SourceError(
            f"{where}: {plural(len(lost), 'slice')} of {len(headers)} without a position", "open them singly"
        )
    checks: dict[str, Callable[[Header], bool]] = {
        "series": lambda h: h.series != first.series,
        "sizes": lambda h: h.shape != first.shape,
        "colour models": lambda h: h.photometric != first.photometric,
        "pixel spacings": lambda h: not _close(h.spacing, first.spacing),
        "orientations": lambda h: not _close(h.orientation, first.orientation),
    }
    for noun, differs in checks.items():
        others = [h for h in headers if differs(h)]
        if others:
            share = f"{len(others)} of {plural(len(headers), 'slice')} differ from {first.path.name}"
            raise SourceError(f"{where}: mixed {noun}: {share}", SPLIT)
    if first.is_colour:
        raise SourceError(f"{where}: a series of colour images is no volume", "open them singly")


def _close(a: tuple[float, ...] | None, b: tuple[float, ...] | None) -> bool:
    return a == b or (a is not None and b is not None and np.allclose(a, b, rtol=0, atol=SAME))


def _refuse_uneven(ordered: Sequence[Header], heights: Vector) -> None:
    """`heights`: places along the normal, in mm, ascending."""
    steps = np.diff(heights)
    repeated = int((steps < REPEAT_MM).sum())
    if repeated:
        raise SourceError(
            f"{_place(ordered)}: {plural(repeated, 'position')} repeated among {len(ordered)} slices: copies, or "
            "several volumes (phases, echoes, b-values) in one series",
            "remove the copies, or give each volume on its own",
        )
    usual = float(np.median(steps))
    ladder = heights[0] + np.arange(len(heights)) * (heights[-1] - heights[0]) / len(steps)
    limit = min(UNEVEN_MM, UNEVEN_SHARE * usual)
    if np.abs(steps - usual).max() > 2 * limit or np.abs(heights - ladder).max() > max(limit, 0.01 * usual):
        worst = int(np.abs(steps - usual).argmax())
        raise SourceError(
            f"{_place(ordered)}: uneven slices: {steps[worst]:.4g} mm between {ordered[worst].path.name} and "
            f"{ordered[worst + 1].path.name}, usually {usual:.4g} mm",
            "export the missing slices, or resample the series to an even grid",
        )


def _step_notes(ordered: Sequence[Header], step: Vector, normal: Vector) -> list[str]:
    length, notes = float(np.linalg.norm(step)), []
    headers = {"SliceThickness": ordered[0].thickness, "SpacingBetweenSlices": ordered[0].between}
    wrong = [f"{k} {v:g}" for k, v in headers.items() if v is not None and abs(v - length) > 0.01 * length]
    if wrong:
        notes.append(
            f"slices are {length:.4g} mm apart by their positions, which is used; headers say {', '.join(wrong)}"
        )
    tilt = float(np.degrees(np.arccos(np.clip(step @ normal / length, -1, 1))))
    if tilt > TILT_DEGREES:
        notes.append(
            f"tilted acquisition: slices are shifted, at {tilt:.1f} degrees from their normal; axes are sheared"
        )
    return notes


def _number_notes(ordered: Sequence[Header]) -> list[str]:
    numbers = sorted(h.number for h in ordered if h.number is not None)
    if len(numbers) < 2 or len(set(numbers)) < len(numbers):
        return []
    span = numbers[-1] - numbers[0] + 1
    skipped = f"instance numbers {numbers[0]} to {numbers[-1]} for {len(numbers)} slices: perhaps slices were left out"
    return [skipped] if span > len(numbers) else []


def _grid(stack: Stack) -> Grid:
    first, length = stack.slices[0], float(np.linalg.norm(stack.step))
    cosines = first.orientation or ()
    axes = (tuple(float(v) for v in stack.step / length), cosines[3:], cosines[:3])
    spacing = None if first.spacing is None else (length, *first.spacing)
    return Grid((len(stack.slices), *first.shape), spacing, first.position, axes, "patient")


def _load(slices: tuple[Header, ...], box: Box) -> Array:
    """(1, z, y, x): each slice with its own rescale; the types are joined where they differ."""
    wanted, inside = slices[box.slices[0]], box.slices[1:]
    volume: Array | None = None
    for z, header in enumerate(wanted):
        data, raw = stored(header)
        plane = values(header, data, raw)[inside]
        joint = plane.dtype if volume is None else np.result_type(volume, plane)
        if volume is None:
            volume = np.empty((len(wanted), *plane.shape), joint)
        volume = volume.astype(joint, copy=False)
        volume[z] = plane
    empty = np.empty(box.shape, np.int16)
    return pixels.channels_first((empty if volume is None else volume)[..., None])


def _place(headers: Sequence[Header]) -> str:
    """How the user knows the series: its folder, or its first file."""
    folders = {h.path.parent for h in headers}
    return str(headers[0].path.parent if len(folders) == 1 else headers[0].path)
