"""Structures of some exams painted on pictures of others that have none, with their masks: more pictures to learn from.

What is painted comes from one exam and keeps its arrangement. How a structure takes on the light of its new place is in
`ops/blend.py`; the table of what was made is written by `verbs/synthesise.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..core.errors import CohortError, ShapeError
from ..core.exam import Cohort, Exam, View
from ..core.image import Array, Image
from ..io import open_mask_on, open_source
from ..ops.blend import Cutting, components, cut, lay, turned
from ..ops.look import DARK

FEWEST = 0.3
"""Of a donor's structures at least this share is painted; how many is drawn."""
JITTER = 0.02
"""How far each structure is moved from its place in the arrangement, at most, as a share of the field's width."""
UNLIKE = 0.6
"""A structure is left out where the picture is lighter or darker than its middle by more than this share: the disc,
and the rim of the field, are not what it lay in."""
PLAIN = "mask"
"""What a structure is called whose column has no name of its own."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Outlined:
    """A picture with the masks of its structures."""

    image: Image
    masks: Mask
    """(name, y, x)"""


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    picture: NDArray[np.generic]
    """(channel, y, x), of the host's type"""
    masks: Mask
    """(name, y, x)"""
    structures: int
    """How many were laid in."""
    left_out: int
    """How many found no fitting place."""


def outlined(cohort: Cohort, view: View, names: Sequence[str]) -> Outlined:
    """A flat picture and its masks of `names`; ShapeError for a volume, or a mask of another size."""
    image = open_source(cohort.root / next(iter(view.inputs.values()))).read()
    shape = image.grid.shape
    if len(shape) != 2:
        raise ShapeError(f"{next(iter(view.inputs.values()))}: a volume cannot be painted on", "give flat pictures")
    masks = np.zeros((len(names), *shape), bool)
    for i, name in enumerate(names):
        mask = _mask(cohort, view, name)
        if mask is not None and mask.shape != shape:
            raise ShapeError(
                f"{path_of(view, name)}: the mask is {mask.shape}, its image {shape}", "export it at the same size"
            )
        masks[i] = False if mask is None else mask
    return Outlined(image, masks)


def path_of(view: View, name: str) -> str | None:
    """Of the mask of a structure; None: it has none."""
    return view.masks.get("" if name == PLAIN else name)


def _mask(cohort: Cohort, view: View, name: str) -> Mask | None:
    path = path_of(view, name)
    if path is None:
        return None
    labels = open_mask_on(cohort.root / path, [cohort.root / p for p in view.inputs.values()]).data[0]
    if len(np.unique(labels[labels > 0])) > 1:
        raise CohortError(f"{path}: one mask of several structures", "give each a column: mask_<name>")
    return np.asarray(labels > 0)


def names_of(cohort: Cohort, wanted: Sequence[str]) -> tuple[str, ...]:
    """The structures of a cohort that are to be painted; CohortError when it has not those that are wanted."""
    found = dict.fromkeys(name or PLAIN for exam in cohort for view in exam.views for name in view.masks)
    missing = [name for name in wanted if name not in found]
    if missing or not found:
        said = ", ".join(missing) or "any mask"
        raise CohortError(f"{cohort.name}: no masks of {said}", f"its masks: {', '.join(found) or 'none'}")
    return tuple(wanted) or tuple(found)


def bearing(cohort: Cohort, exam: Exam, names: Sequence[str]) -> bool | None:
    """Whether any of the structures is outlined on an exam; None: nobody said."""
    said = [view for view in exam.views if view.masks]
    if not said:
        return None
    masks = (_mask(cohort, view, name) for view in said for name in names)
    return any(mask is not None and mask.any() for mask in masks)


def paint(host: Image, donor: Outlined, rng: np.random.Generator) -> Painted:
    """Some of a donor's structures on a host, in the donor's arrangement, mirrored or not, each moved a little."""
    picture = np.asarray(host.data, np.float32).copy()
    if len(picture) != len(donor.image.data):
        raise ShapeError(
            f"a host of {len(picture)} channels, a donor of {len(donor.image.data)}", "give one kind of picture"
        )
    field, source = _field(host.data), _field(donor.image.data)
    scale = _scale(host, donor.image, (field, source))
    masks = np.zeros((len(donor.masks), *host.grid.shape), bool)
    flips = (bool(rng.random() < 0.5), bool(rng.random() < 0.5))
    boxes = components(donor.masks)
    share = rng.uniform(FEWEST, 1)
    chosen = [box for box in boxes if rng.random() < share] or boxes[:1]
    light = _light(picture, field)
    laid = 0
    for box in chosen:
        cutting = cut(donor.image.data, donor.masks, box)
        place = _place(cutting, (field, source), flips, rng)
        if _fits(place, cutting, scale, (field, light)) and lay(picture, masks, turned(cutting, scale, flips), place):
            laid += 1
    top = _top(host.data)
    rounded = np.rint(picture) if np.issubdtype(host.data.dtype, np.integer) else picture
    return Painted(rounded.clip(0, top).astype(host.data.dtype), masks, laid, len(chosen) - laid)


def _top(data: Array) -> float:
    """The largest value that its type holds; 1 of floats."""
    return float(np.iinfo(str(data.dtype)).max) if np.issubdtype(data.dtype, np.integer) else 1.0


def _field(data: Array) -> Mask:
    """(y, x): where a picture shows something, its dark frame left out."""
    bright = np.asarray(data, np.float32).max(0) > DARK * _top(data)
    return np.asarray(ndimage.binary_erosion(ndimage.binary_opening(bright, iterations=2), iterations=2))


def _extent(field: Mask) -> tuple[float, float, float, float]:
    """Middle (y, x), height and width of a field; of an empty one those of the picture."""
    rows, columns = np.flatnonzero(field.any(1)), np.flatnonzero(field.any(0))
    if not rows.size:
        rows, columns = np.arange(field.shape[0]), np.arange(field.shape[1])
    return (
        float(rows[0] + rows[-1]) / 2,
        float(columns[0] + columns[-1]) / 2,
        float(rows[-1] - rows[0] + 1),
        float(columns[-1] - columns[0] + 1),
    )


def _scale(host: Image, donor: Image, fields: tuple[Mask, Mask]) -> float:
    """Samples of the host for one of the donor: by the spacings where both are known, else by the fields' widths."""
    spacings = host.grid.spacing, donor.grid.spacing
    if spacings[0] is not None and spacings[1] is not None:
        return spacings[1][-1] / spacings[0][-1]
    return _extent(fields[0])[3] / _extent(fields[1])[3]


def _place(
    cutting: Cutting, fields: tuple[Mask, Mask], flips: tuple[bool, bool], rng: np.random.Generator
) -> tuple[int, int]:
    """Where the middle of a structure comes to lie, relative to the fields' widths as it was."""
    to, of = (_extent(field) for field in fields)
    away = [(c - middle) / of[3] for c, middle in zip(cutting.centre, of[:2], strict=True)]
    moved = [(-a if flip else a) + rng.uniform(-JITTER, JITTER) for a, flip in zip(away, flips, strict=True)]
    return round(to[0] + moved[0] * to[3]), round(to[1] + moved[1] * to[3])


def _light(picture: NDArray[np.float32], field: Mask) -> NDArray[np.float32]:
    """(y, x): the light around each sample over that of the middle of the field; 1 is like it."""
    channel = picture[min(1, len(picture) - 1)]  # green, where a retina shows most
    sigma = _extent(field)[3] / 40
    around = ndimage.gaussian_filter(channel * field, sigma) / np.maximum(
        ndimage.gaussian_filter(field * 1.0, sigma), 1e-3
    )
    middle = float(np.median(channel[field])) if field.any() else 1.0
    return np.asarray(around / max(middle, 1e-6), np.float32)


def _fits(place: tuple[int, int], cutting: Cutting, scale: float, where: tuple[Mask, NDArray[np.float32]]) -> bool:
    """Whether the whole structure would lie in the field, in light like that of its middle."""
    field, light = where
    reach = [max(1, round(scale * n / 4)) for n in cutting.cover.shape]
    ends = [(p - r, p + r) for p, r in zip(place, reach, strict=True)]
    if any(low < 0 or high >= n for (low, high), n in zip(ends, field.shape, strict=True)):
        return False
    corners = [field[y, x] for y in ends[0] for x in ends[1]]
    return all(corners) and abs(float(light[place]) - 1) <= UNLIKE
