"""A source of several levels whose boxes are decoded when asked for, and the levels' grids; no format lives here."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, prod
from pathlib import Path

from vesale.core.errors import ShapeError, SourceError
from vesale.core.grid import Box, Frame, Grid
from vesale.core.image import Array, Description, Image, Provenance, Step

from . import pixels
from .lazy import digest

PRIVATE = "a label may show the patient's name"


@dataclass(frozen=True, slots=True)
class Pyramid:
    """A Source of one level or more, finest first; it survives pickling if `load` does."""

    description: Description
    channels: tuple[str, ...]
    levels: tuple[Grid, ...]
    load: Callable[[int, Box], Array]
    """Samples (channel, *box.shape) of a box of a level."""

    def read(self, box: Box | None = None, level: int = 0) -> Image:
        """Samples of `box`, in the index space of `level`, decoded now and not kept.

        SourceError when the file is damaged, or when more than `pixels.MOST_PIXELS` are asked for at once.
        """
        if not 0 <= level < len(self.levels):
            raise ShapeError(f"there is no level {level}: this source has {len(self.levels)}, from 0, the finest")
        grid, provenance = self.levels[level], Provenance(self.description.sha256)
        whole = Box((0,) * len(grid.shape), grid.shape)
        cropped = grid if box is None else grid.crop(box)
        self._guard(cropped, level)
        data = self.load(level, whole if box is None else box)
        if level:
            provenance = provenance.then(Step("level", (("level", str(level)),)))
        if box is not None:
            provenance = provenance.then(Step("crop", (("start", str(box.start)), ("stop", str(box.stop)))))
        return Image(data, cropped, "intensity", self.channels, provenance)

    def _guard(self, wanted: Grid, level: int) -> None:
        if prod(wanted.shape) <= pixels.MOST_PIXELS:
            return
        name = self.description.files[0] if self.description.files else "this image"
        shape = " x ".join(map(str, wanted.shape))
        raise SourceError(
            f"{name}: {shape} pixels of level {level} at once, more than {pixels.MOST_PIXELS // 10**6} million",
            f"give a box, or one of the {len(self.levels)} levels that is small enough",
        )


def level_grids(
    shapes: Sequence[tuple[int, ...]],
    spacing: tuple[float, ...] | None,
    frame: Frame,
    origin: tuple[float, ...] | None = None,
) -> tuple[Grid, ...]:
    """The grids of a pyramid whose levels cover the same field, from the shapes and the finest level's spacing in mm.

    A level of every k-th size, rounded up or down, is k times as coarse: rounding cuts the field, it does not stretch
    the pixels. The first sample of a coarser level is the mean of k by k, so its centre lies further in.
    """
    grids = []
    for shape in shapes:
        factors = _factors(shapes[0], shape)
        if spacing is None:
            grids.append(Grid(shape, frame=frame))
            continue
        own = tuple(s * f for s, f in zip(spacing, factors, strict=True))
        base = (0.0,) * len(shape) if origin is None else origin
        inset = tuple((a - b) / 2 for a, b in zip(own[::-1], spacing[::-1], strict=True))
        place = tuple(o + i for o, i in zip(base, inset, strict=True))
        grids.append(Grid(shape, own, place if origin is not None or any(inset) else None, frame=frame))
    return tuple(grids)


def _factors(finest: tuple[int, ...], shape: tuple[int, ...]) -> tuple[float, ...]:
    """How many times coarser each axis is; the last two share one whole number where their sizes allow it."""
    ratios = [a / b for a, b in zip(finest, shape, strict=True)]
    plane = list(zip(finest[-2:], shape[-2:], strict=True))
    middle = sum(ratios[-2:]) / 2
    near = range(max(1, floor(middle * 0.8)), ceil(middle * 1.2) + 1)
    for cut in (floor, ceil):
        fitting = [k for k in near if all(cut(a / k) == b for a, b in plane)]
        if fitting:  # of tiny levels several may: halving is what most programs do
            whole = min(fitting, key=lambda k: (k & (k - 1) != 0, abs(k - middle)))
            ratios[-2:] = [float(whole), float(whole)]
            break
    return tuple(ratios)


def digest_once(path: Path) -> str:
    """sha256 of a file, taken again only when its size or time changes: slides are opened often, and are large."""
    state = path.stat()
    return _digest(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1024)
def _digest(path: Path, _size: int, _changed: int) -> str:
    return digest(path)


def digest_of(files: Sequence[Path]) -> str:
    """One file's own; of several, over their digests in order, as of a DICOM series."""
    if len(files) == 1:
        return digest_once(files[0])
    return hashlib.sha256("".join(digest_once(p) for p in files).encode()).hexdigest()
