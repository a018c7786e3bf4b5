"""A DICOM segmentation (PS3.3 A.51) of any maker as a mask: its segments' numbers on the grid that its frames form, or
on the grid of the image that it was drawn on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from vesale.core.errors import SourceError
from vesale.core.grid import Grid, Vector
from vesale.core.image import Array, Image, Provenance

from . import dicom_elements as element
from .dicom_frames import frames
from .dicom_header import Header, read_header, refuse_samples
from .dicom_planes import Plane
from .lazy import digest, plural, quiet, reading

NEAR = 0.05
"""A frame may miss its place on a grid by this share of a sample."""
OTHER = "give the segmentation that was drawn on this image"


def read_segmentation_mask(path: Path, grid: Grid | None = None) -> Image:
    """Segment numbers (0 where there is none) as labels, on `grid` or on the ladder that the frames form.

    SourceError when it holds fractions, segments a whole slide, its segments overlap, or it does not fit.
    """
    header = read_header(path)
    refuse_samples(header)
    kind = _refuse_kind(path)
    if all(p.is_placed for p in header.planes) and header.planes:
        own = own_grid(header)
        target = own if grid is None else grid
        at = [_place(path, target, header, plane) for plane in header.planes]
    else:
        at, target = _by_reference(path, header, grid)
    return Image(_drawn(header, at, target.shape, kind)[None], target, "labels", ("label",), Provenance(digest(path)))


def own_grid(header: Header) -> Grid:
    """The regular ladder on which all frames lie, from the first to the last; (y, x) of one plane."""
    first = header.planes[0]
    cosines = first.orientation or ()
    if any(p.orientation is None or not np.allclose(p.orientation, cosines, atol=1e-3) for p in header.planes):
        raise SourceError(f"{header.path}: a segmentation whose frames lie in several orientations", OTHER)
    normal = np.cross(cosines[:3], cosines[3:])
    heights = np.array([p.position for p in header.planes]) @ normal
    levels = _distinct(heights)
    if len(levels) == 1:
        return Grid(header.shape, first.spacing, first.position, (cosines[3:], cosines[:3]), "patient")
    step = _step(levels, first.between)
    if step is None:
        raise SourceError(f"{header.path}: the frames of the segmentation lie on no even ladder", OTHER)
    lowest = header.planes[int(heights.argmin())].position
    shape = (round(float(levels[-1] - levels[0]) / step) + 1, *header.shape)
    spacing = None if first.spacing is None else (step, *first.spacing)
    return Grid(shape, spacing, lowest, (tuple(float(v) for v in normal), cosines[3:], cosines[:3]), "patient")


def referenced(data: Dataset) -> list[tuple[str, int]]:
    """Instance UID and frame number (0: the instance has one) that each frame of a segmentation was drawn on."""
    found = []
    for group in element.items(data, "PerFrameFunctionalGroupsSequence"):
        source = element.item(element.item(group, "DerivationImageSequence"), "SourceImageSequence")
        number = element.numbers(source, "ReferencedFrameNumber")
        found.append((element.text(source, "ReferencedSOPInstanceUID") or "", int(number[0]) if number else 0))
    return found


def _refuse_kind(path: Path) -> str:
    with reading(path, "a DICOM segmentation", quote=False), quiet():
        data = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        kind = element.code(data, "SegmentationType") or ""
        tiled = "TotalPixelMatrixRows" in data
    if tiled:
        raise SourceError(f"{path}: a segmentation of a whole slide is not read as a mask", "export it as a picture")
    if kind not in ("BINARY", "LABELMAP"):
        raise SourceError(
            f"{path}: a {kind.lower() or 'nameless'} segmentation: a mask holds class numbers", "export it as BINARY"
        )
    return kind


def _distinct(heights: Vector) -> Vector:
    ordered: Vector = np.sort(heights)
    fresh: Vector = ordered[np.concatenate([[True], np.diff(ordered) > 1e-3])]
    return fresh


def _step(levels: Vector, between: float | None) -> float | None:
    """The largest step of which every distance is a whole number, near what the header says or the smallest gap."""
    gaps = np.diff(levels)
    for step in (between, float(gaps.min())):
        if step is None or step <= 0:
            continue
        counts = (levels - levels[0]) / step
        if (
            np.abs(counts - np.rint(counts)).max() < NEAR * max(1.0, counts[-1] / 100)
            and np.rint(gaps / step).min() > 0
        ):
            return float((levels[-1] - levels[0]) / round(float(counts[-1])))
    return None


def _place(path: Path, grid: Grid, header: Header, plane: Plane) -> tuple[int, ...]:
    """Index on `grid` of a frame's first sample; SourceError unless the frame's samples lie on the grid's."""
    position, cosines, spacing = np.array(plane.position), np.array(plane.orientation), plane.spacing
    if grid.spacing is None or grid.origin is None or spacing is None:
        raise SourceError(f"{path}: its image has no place or no scale to lay a segmentation on", OTHER)
    rows, columns = header.shape
    corners = [position, position + cosines[3:] * spacing[0] * (rows - 1) + cosines[:3] * spacing[1] * (columns - 1)]
    first, last = (grid.to_index(c) for c in corners)
    flat = len(grid.shape) == 2
    off = _off_plane(grid, position) if flat else 0.0
    start = np.rint(first).astype(int)
    extent = np.array([rows - 1, columns - 1] if flat else [0, rows - 1, columns - 1])
    missed = max(float(np.abs(first - start).max()), float(np.abs(last - start - extent).max()), off)
    inside = (start >= 0).all() and (start + extent < np.array(grid.shape)).all()
    if missed > NEAR or not inside:
        where = "outside its image" if missed <= NEAR else "between the samples of its image"
        raise SourceError(f"{path}: frame {plane.index + 1} of the segmentation lies {where}", OTHER)
    return tuple(int(v) for v in start)


def _off_plane(grid: Grid, position: Vector) -> float:
    """Distance in mm from the plane of a two-dimensional grid."""
    return float(np.linalg.norm(grid.to_world(grid.to_index(position)) - position))


def _by_reference(path: Path, header: Header, grid: Grid | None) -> tuple[list[tuple[int, ...]], Grid]:
    """Frames without a place: in the order of what they refer to; on a grid only when it has as many planes."""
    with reading(path, "a DICOM segmentation", quote=False), quiet():
        sources = referenced(pydicom.dcmread(path, stop_before_pixels=True, force=True))
    said = [v for p in header.planes for k, v in p.keys if k == "dimension ReferencedFrameNumber"]
    ranks = [v for v in said if isinstance(v, float)]
    if len(ranks) != len(sources):
        ranks = [float(number) for _, number in sources]
    ranked = [source for _, source in sorted(zip(ranks, sources, strict=True))]
    order = {source: i for i, source in enumerate(dict.fromkeys(ranked))}
    if len(sources) != len(header.planes) or len({uid for uid, _ in order}) > 1:
        raise SourceError(f"{path}: neither places nor sources say where the segmentation's frames lie", OTHER)
    shape = header.shape if len(order) == 1 else (len(order), *header.shape)
    if grid is not None and grid.shape != shape:
        raise SourceError(f"{path}: the segmentation is {shape}, its image {grid.shape}", OTHER)
    at: list[tuple[int, ...]] = [(0, 0) if len(order) == 1 else (order[s], 0, 0) for s in sources]
    return at, grid or Grid(shape)


def _drawn(header: Header, at: Sequence[tuple[int, ...]], shape: tuple[int, ...], kind: str) -> NDArray[np.uint16]:
    labels = np.zeros(shape, np.uint16)
    if header.pixels is None:
        return labels
    rows, columns = header.shape
    shown = frames(header.path, header.pixels, [p.index for p in header.planes])
    for plane, start, frame in zip(header.planes, at, shown, strict=True):
        y, x = start[-2:]
        here: tuple[Any, ...] = (*start[:-2], slice(y, y + rows), slice(x, x + columns))
        drawn: Array = frame if kind == "LABELMAP" else (frame != 0) * np.uint16(plane.segment or 1)
        before = labels[here]
        if ((before != 0) & (drawn != 0) & (before != drawn)).any():
            found = plural(len({p.segment for p in header.planes}), "segment")
            raise SourceError(
                f"{header.path}: some of its {found} overlap, so no index can stand for a sample",
                "give each class a mask column and a file of its own",
            )
        labels[here] = np.maximum(before, drawn)
    return labels


def read_by_frames(path: Path, combine: bool) -> Array:
    """Of a segmentation of one multi-frame image: (z, y, x) of indices, or (class, z, y, x) of 0 and 1, uint8; frames
    in the order in which they lie along their normal, or of the source where they have no place."""
    header = read_header(path)
    refuse_samples(header)
    if all(p.is_placed for p in header.planes):
        grid = own_grid(header)
        at = [_place(path, grid, header, plane) for plane in header.planes]
    else:
        at, grid = _by_reference(path, header, None)
    if combine:
        return _drawn(header, at, grid.shape, "BINARY").astype(np.uint8)
    classes = np.zeros((max(p.segment or 1 for p in header.planes), *grid.shape), np.uint8)
    if header.pixels is not None:
        shown = frames(path, header.pixels, [p.index for p in header.planes])
        for plane, start, frame in zip(header.planes, at, shown, strict=True):
            classes[((plane.segment or 1) - 1, *start[:-2])] = frame
    return classes
