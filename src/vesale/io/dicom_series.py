"""Volumes of DICOM slices as sources, and the series of a folder; which slices make one is in `dicom_volumes.py`."""

import hashlib
import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.grid import Box, Frame, Grid
from vesale.core.image import Array, Description, Source

from . import pixels as raster
from .dicom_header import Header, by_series, read_header, refuse
from .dicom_pet import suv_factor
from .dicom_values import value_notes, values
from .dicom_volumes import Slice, Volume, place, volumes
from .formats import kind_of
from .lazy import Deferred, digest, plural


def open_folder(folder: Path) -> Source:
    """The one DICOM volume in a folder, not looking below it; an error that lists them when there are several."""
    series = by_series([read_header(p) for p in sorted(folder.iterdir()) if _is_dicom(p)])
    groups = [[h for h in headers if h.has_pixels and not h.is_mask] for headers in series.values()]
    groups = [headers for headers in groups if headers]
    if not groups:
        raise SourceError(f"{folder}: a folder without a DICOM image", "give a file, or the folder of one DICOM series")
    if len(groups) > 1:
        listed = "; ".join(f"{h[0].modality} with {plural(len(h), 'file')} from {h[0].path.name}" for h in groups)
        raise SourceError(f"{folder}: {len(groups)} DICOM series: {listed}", "give each series a folder of its own")
    if groups[0][0].is_slide:
        from .slide_dicom import open_dicom_slide

        return open_dicom_slide(folder)
    return open_series([h.path for h in groups[0]])


def open_series(files: Sequence[Path], part: int | None = None) -> Source:
    """The files of one series, in any order, as the volume (z, y, x) in LPS or the image that they are.

    `part`: which of several volumes, from 0, in `volumes_of`'s order; None: there must be one. SourceError says what
    is wrong when the slices are no regular volume: positions missing, repeated or uneven. A tilted gantry is kept as
    sheared axes, with a note.
    """
    found = volumes_of(files)
    if part is None and len(found) > 1:
        listed = "; ".join(_named(v) for v in found[:6]) + ("; ..." if len(found) > 6 else "")
        raise SourceError(
            f"{place(found[0].slices)}: {len(found)} volumes in one: {listed}",
            "give it to `vesale read`, which reads each, or export them apart",
        )
    return source_of(found[part or 0])


def volumes_of(files: Sequence[Path]) -> tuple[Volume, ...]:
    """What the files of one series hold, without their pixels; SourceError when one of them cannot be read at all."""
    headers = [read_header(p) for p in files]
    for header in headers:
        refuse(header)
    return volumes([Slice(h, p) for h in headers for p in h.planes])


def source_of(volume: Volume) -> Source:
    """The volume as a source whose frames are decoded when a box of them is read; raises its error."""
    if volume.error is not None:
        raise volume.error
    first, run = volume.slices[0].header, volume.run
    paths = tuple(dict.fromkeys(s.header.path for s in volume.slices))
    digests = [digest(p) for p in paths]
    whole = digests[0] if len(paths) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    factor, suv = _suv(volume)
    notes = [*value_notes(first), *volume.notes, *([suv] if suv else []), *_run_notes(volume)]
    frames = tuple(s.plane.index for s in volume.slices) if len(first.planes) > 1 else ()
    description = Description("dicom", whole, first.modality, tuple(dict.fromkeys(notes)), paths, frames, first.device)
    channels = raster.COLOURS if first.is_colour else ("grey",) if factor is None else ("suv",)
    flat = len(volume.slices) == 1 and not run
    grid = _image_grid(volume.slices[0]) if flat else _stack_grid(volume)
    return Deferred(description, channels, (grid,), partial(_load, volume.slices, flat, factor))


def _named(volume: Volume) -> str:
    told = next((n.partition("told apart by ")[2] for n in volume.notes if "told apart by " in n), "")
    frames = plural(len(volume.slices), "frame" if len(volume.slices[0].header.planes) > 1 else "slice")
    return f"{frames} from {volume.slices[0].shown}" + (f" ({told})" if told else "")


def _is_dicom(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0 and not path.name.startswith(".") and kind_of(path) == "dicom"


def _suv(volume: Volume) -> tuple[float | None, str]:
    said = [s.header.uptake for s in volume.slices]
    known = [u for u in said if u is not None]
    return suv_factor(known) if known and len(known) == len(said) else (None, "")


def _run_notes(volume: Volume) -> list[str]:
    """How the frames of a run follow each other, and the scale within a frame, which its grid cannot hold."""
    if not volume.run:
        return []
    spacing = volume.slices[0].plane.spacing
    scale = "" if spacing is None else f"; within a frame, pixels are {spacing[0]:.4g} x {spacing[1]:.4g} mm (y, x)"
    return [f"{volume.run}: axis 0 is no direction in space{scale}"]


# Grids ----------------------------------------------------------------------------------------------------------------


def _image_grid(s: Slice) -> Grid:
    """LPS when the file places its pixels in the patient; else a scale at most."""
    plane, shape = s.plane, s.header.shape
    if plane.position is None or plane.orientation is None or s.header.frame == "none":
        return Grid(shape, plane.spacing)
    frame: Frame = "patient" if s.header.frame == "patient" else "unknown"
    return Grid(shape, plane.spacing, plane.position, (plane.orientation[3:], plane.orientation[:3]), frame)


def _stack_grid(volume: Volume) -> Grid:
    first, plane = volume.slices[0].header, volume.slices[0].plane
    shape = (len(volume.slices), *first.shape)
    if volume.step is None:
        return Grid(shape)
    length, cosines = float(np.linalg.norm(volume.step)), plane.orientation or ()
    spacing = None if plane.spacing is None else (length, *plane.spacing)
    if first.frame == "none":
        return Grid(shape, spacing)
    axes = (tuple(float(v) for v in volume.step / length), cosines[3:], cosines[:3])
    return Grid(shape, spacing, plane.position, axes, "patient" if first.frame == "patient" else "unknown")


# Pixels ---------------------------------------------------------------------------------------------------------------


def _load(slices: tuple[Slice, ...], flat: bool, factor: float | None, box: Box) -> Array:
    """(channel, *box.shape): each slice with its own rescale; the types are joined where they differ."""
    if flat:
        plane = next(values(slices[0].header, [slices[0].plane], factor))
        return raster.channels_first(plane[box.slices])
    wanted, inside = slices[box.slices[0]], box.slices[1:]
    colours = (3,) if slices[0].header.is_colour else ()
    volume: Array | None = None
    z = 0
    for _, group in itertools.groupby(wanted, key=lambda s: s.header.path):
        frames = list(group)
        for plane in values(frames[0].header, [s.plane for s in frames], factor):
            part = plane[inside]
            joint = part.dtype if volume is None else np.result_type(volume, part)
            if volume is None:
                volume = np.empty((len(wanted), *box.shape[1:], *colours), joint)
            volume = volume.astype(joint, copy=False)
            volume[z] = part
            z += 1
    if volume is None:
        volume = np.empty((*box.shape, *colours), np.int16)
    return raster.channels_first(volume if colours else volume[..., None])


def series_of(headers: Sequence[Header]) -> dict[str, list[Header]]:
    """What belongs together: the slices of a series, the parts of a concatenation, else each file alone."""
    groups: dict[str, list[Header]] = {}
    for header in headers:
        groups.setdefault(group_of(header), []).append(header)
    return groups


def group_of(header: Header) -> str:
    return header.series if header.is_slice and header.series is not None else header.whole
