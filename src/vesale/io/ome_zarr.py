"""OME-Zarr (NGFF 0.4 and 0.5, Zarr 2 and 3), a folder or a zip of it: levels, scale, channel names; and masks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.storage import LocalStore, ZipStore

from vesale.core.errors import SourceError
from vesale.core.grid import Box, Grid
from vesale.core.image import Array, Description, Image, Provenance, Source

from . import pixels
from .channel_names import channel_names
from .formats import zarr_root
from .lazy import plural, quiet, reading
from .lengths import millimetres
from .pyramid import Pyramid, digest_of

_EXPORT = "export one image as OME-Zarr 0.4 or 0.5, or as OME-TIFF"


@dataclass(frozen=True, slots=True)
class Place:
    """One image in a hierarchy: where its levels lie and what their axes are."""

    root: Path
    inside: str
    """Of the group that holds the image, below the root; '' is the root."""
    levels: tuple[str, ...]
    """Paths of the arrays, finest first, below `inside`."""
    axes: str
    """One letter an axis of the arrays, in order: t, c, z, y, x."""
    shown: str
    """The axes of the grid: yx, zyx or tyx."""


def open_ome_zarr(path: Path) -> Source:
    """The first image in a folder or zip: its resolution levels, finest first, with the spacing that each declares.

    SourceError for a plate of many wells, an axis that no image has, several time points of a stack, or damage.
    """
    with reading(path, "OME-Zarr"), quiet():
        found, image, notes = _find(path)
        with _group(found) as group:
            arrays = [_array(group, found, name) for name in found.levels]
        place = _placed(found, arrays[0].shape)
        grids, remarks = _grids(place, image, arrays)
        count = arrays[0].shape[place.axes.index("c")] if "c" in place.axes else 1
    notes = [f"OME-Zarr, {plural(len(grids), 'level')}", *notes, *remarks]
    description = Description("zarr", digest_of(files_of(path)), notes=tuple(notes), files=(path,))
    return Pyramid(description, _names(image, count), grids, partial(_load, place))


def read_mask(path: Path) -> Image:
    """The finest level's numbers as they are stored; of one channel only."""
    with reading(path, "OME-Zarr"), quiet():
        found, _, _ = _find(path)
        with _group(found) as group:
            shape = _array(group, found, found.levels[0]).shape
            place = _placed(found, shape)
            grid = Grid(tuple(shape[place.axes.index(a)] for a in place.shown))
            pixels.guard_size(path, prod(grid.shape[:-1]), grid.shape[-1])
            data = _read(group, place, 0, Box((0,) * len(grid.shape), grid.shape))
    if len(data) != 1:
        raise SourceError(f"{path}: a mask holds one number a pixel, and this has {len(data)} channels",
                          "save one channel, each value of it a class")  # fmt: skip
    whole = pixels.whole_numbers(path, data)
    return Image(whole, grid, "labels", ("label",), Provenance(digest_of(files_of(path))))


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that one image is: the zip, or everything in the folder but what a file browser leaves there."""
    if not path.is_dir():
        return (path,)
    return tuple(sorted(p for p in path.rglob("*") if p.is_file() and p.name not in (".DS_Store", "Thumbs.db")))


def _find(path: Path) -> tuple[Place, Mapping[str, Any], list[str]]:
    """The image, what its `multiscales` and `omero` say, and notes."""
    root = Place(path, zarr_root(path) or "", (), "", "")
    notes: list[str] = []
    with _group(root) as group:
        said = _attributes(group)
        inside = root.inside
        if "plate" in said or "well" in said:
            raise SourceError(f"{path}: a plate of many wells, not one image", "give the folder of one field of a well")
        if "multiscales" not in said:
            names = sorted((n for n, m in group.members() if isinstance(m, zarr.Group) and n != "OME"), key=_natural)
            images = [n for n in names if "multiscales" in _attributes(_subgroup(group, n))]
            if not images:
                raise SourceError(f"{path}: a Zarr without `multiscales`: no OME-Zarr image", _EXPORT)
            if len(images) > 1:
                notes.append(f"{len(images)} images in it: only the first is read")
            inside = f"{inside}/{images[0]}".strip("/")
            said = _attributes(_subgroup(group, images[0]))
    scales = said["multiscales"]
    if len(scales) > 1:
        notes.append(f"{len(scales)} pyramids of it: only the first is read")
    levels = tuple(str(d["path"]) for d in scales[0]["datasets"])
    return Place(path, inside, levels, _axes(path, scales[0]), ""), {**said, "scale": scales[0]}, notes


def _axes(path: Path, scale: Mapping[str, Any]) -> str:
    """The arrays' axes (NGFF: named t, c, z, y, x, in this order)."""
    listed = scale.get("axes") or [{"name": a} for a in "tczyx"]  # NGFF 0.1 and 0.2 have these five, unnamed
    names = [str(a if isinstance(a, str) else a.get("name")).lower() for a in listed]
    if any(n not in "tczyx" or len(n) != 1 for n in names) or names[-2:] != ["y", "x"] or len(set(names)) < len(names):
        raise SourceError(f"{path}: an OME-Zarr with the axes {', '.join(names)[:60]}", _EXPORT)
    return "".join(names)


def _placed(place: Place, shape: tuple[int, ...]) -> Place:
    """With the axes of its grid: a single slice or time point is none. SourceError when there are several of both."""
    lengths = dict(zip(place.axes, shape, strict=True))
    along = [a for a in "tz" if lengths.get(a, 1) > 1]
    if len(along) > 1:
        raise SourceError(
            f"{place.root}: {lengths['t']} time points of {lengths['z']} slices: an image has one or the other",
            "export one time point",
        )
    return replace(place, shown="".join([*along, "y", "x"]))


def _grids(place: Place, said: Mapping[str, Any], arrays: Sequence[Any]) -> tuple[tuple[Grid, ...], list[str]]:
    scale, notes = said["scale"], []
    if place.shown[0] == "t":
        notes.append("the first axis is time")
    units = {str(a.get("name")).lower(): a.get("unit") for a in scale.get("axes", ()) if isinstance(a, dict)}
    grids = []
    for dataset, array in zip(scale["datasets"], arrays, strict=True):
        shape = tuple(array.shape[place.axes.index(a)] for a in place.shown)
        steps, shifts = _transform(scale, dataset, place.axes)
        spacing = [millimetres(steps[a], units.get(a)) if a in steps else None for a in place.shown]
        if None in spacing or place.shown[0] == "t":
            grids.append(Grid(shape))
            continue
        per_unit = [millimetres(1.0, units.get(a)) or 0.0 for a in place.shown]
        origin = tuple(shifts.get(a, 0.0) * mm for a, mm in zip(place.shown, per_unit, strict=True))[::-1]
        grids.append(Grid(shape, tuple(s for s in spacing if s), origin if any(origin) else None))
    if grids[0].spacing is None and place.shown[0] != "t":
        notes.append("its axes have no unit of length: the scale is left unknown")
    return tuple(grids), notes


def _transform(
    scale: Mapping[str, Any], dataset: Mapping[str, Any], axes: str
) -> tuple[dict[str, float], dict[str, float]]:
    """Axis -> scale and translation of a level: its own, then those of the whole (NGFF 0.4, section 3.4)."""
    steps: dict[str, float] = {}
    shifts = dict.fromkeys(axes, 0.0)
    for step in [*dataset.get("coordinateTransformations", ()), *scale.get("coordinateTransformations", ())]:
        values = dict(zip(axes, step.get(step.get("type"), ()) or (), strict=False))
        if step.get("type") == "scale":
            steps = {a: float(v) * steps.get(a, 1.0) for a, v in values.items()}
            shifts = {a: shifts[a] * float(values.get(a, 1.0)) for a in axes}
        elif step.get("type") == "translation":
            shifts = {a: shifts[a] + float(values.get(a, 0.0)) for a in axes}
    return steps, shifts


def _names(said: Mapping[str, Any], count: int) -> tuple[str, ...]:
    omero = said.get("omero")
    listed = omero.get("channels", ()) if isinstance(omero, dict) else ()
    return channel_names([str(c["label"]) if isinstance(c, dict) and c.get("label") else None for c in listed], count)


def _load(place: Place, level: int, box: Box) -> Array:
    with reading(place.root, "OME-Zarr"), quiet(), _group(place) as group:
        return _read(group, place, level, box)


def _read(group: zarr.Group, place: Place, level: int, box: Box) -> Array:
    """(channel, *box.shape); only the chunks that the box touches are decoded."""
    array = _array(group, place, place.levels[level])
    where = dict(zip(place.shown, box.slices, strict=True))
    index = tuple(where.get(a, slice(None) if a == "c" else 0) for a in place.axes)
    data: Array = np.asarray(array[index])
    left = [a for a in place.axes if a in where or a == "c"]
    data = np.moveaxis(data, left.index("c"), 0) if "c" in left else data[None]
    narrow = data.astype(np.float32) if data.dtype in (np.float16, np.float64) else data
    return np.ascontiguousarray(pixels.native(narrow))


def _array(group: zarr.Group, place: Place, name: str) -> Any:
    array = group[name]
    if not isinstance(array, zarr.Array) or array.ndim != len(place.axes) or array.dtype.kind not in "uifb":
        raise SourceError(f"{place.root}: the level {name!r} is no array of numbers on its axes", _EXPORT)
    if prod(array.chunks) > pixels.MOST_PIXELS:
        raise SourceError(f"{place.root}: a chunk of {prod(array.chunks)} samples", "save it in smaller chunks")
    return array


@contextmanager
def _group(place: Place) -> Iterator[zarr.Group]:
    store = LocalStore(place.root, read_only=True) if place.root.is_dir() else ZipStore(place.root, read_only=True)
    try:
        yield zarr.open_group(store, path=place.inside or None, mode="r")
    finally:
        store.close()


def _subgroup(group: zarr.Group, name: str) -> zarr.Group:
    found = group[name]
    assert isinstance(found, zarr.Group)
    return found


def _attributes(group: zarr.Group) -> dict[str, Any]:
    """NGFF 0.5 has them under `ome`."""
    said = dict(group.attrs)
    within = said.get("ome")
    return dict(within) if isinstance(within, dict) else said


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (2**62, name)
