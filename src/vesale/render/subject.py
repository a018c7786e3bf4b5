"""What is to be presented: a source, upright, with what its header says of showing it, and the record of the wish."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ..core.errors import RecipeError, ShapeError, UnknownSpacing
from ..core.grid import Box, Grid
from ..core.image import Array, Description, Held, Image, Provenance, Source, Step
from ..io.display import MOVING, Display, read_display
from ..ops.orient import Plane, Upright, is_sheared, upright
from ..ops.resample import resample, straight

CT_AIR = -1024
"""Hounsfield units below which a CT holds padding, not anatomy."""
Bits = Literal[8, 16]


@dataclass(frozen=True, slots=True)
class Presentation:
    """How an exam is to be shown; what is None is chosen by the exam, and the document says what was."""

    kind: str = "sheet"
    """sheet, slice, mip, minip, average, planes, skin, airways, bone, render, loop."""
    axis: str = "axial"
    """axial, coronal, sagittal; or x, y, z of the stored array."""
    slab: float | None = None
    """Thickness in mm; None: one slice, or all of the volume for a projection."""
    slices: int | None = None
    """Thickness in slices, where there is no scale."""
    at: str | None = None
    """Place of the middle: '-182.5' (mm along the axis), '40%', or 'n57' (the 57th slice); None: the middle."""
    window: str | None = None
    """A preset's name, 'centre/width', 'black..white', 'auto', 'file' or 'suv'."""
    colours: str | None = None
    """grey, inverse, hot, rainbow, inferno."""
    view: str = "anterior"
    """From where a rendering is seen: anterior, posterior, left, right, superior, inferior; or 'azimuth/elevation'."""
    threshold: float | None = None
    """Value from which a rendering is opaque."""
    transfer: str | None = None
    """A transfer function: 'value:opacity:#rrggbb,...', opacity being that of one millimetre."""
    keep_all: bool = False
    """Renderings of a CT keep the couch and what else lies apart from the body."""
    over_window: str | None = None
    """Of the image in colour, in its own values."""
    over_colours: str = "hot"
    alpha: float = 0.6
    same_frame: bool = False
    """You answer for both images lying in one frame of reference, where their files do not say."""
    channel: int = 0
    """Which of several volumes (contrasts, times)."""
    size: int = 1024
    """Pixels of the long side."""
    bits: Bits = 8
    plain: bool = False
    """Nothing is written on the picture."""
    frames: int = 72
    """Of a turntable."""
    rate: float | None = None
    """Frames per second of a video; None: as recorded, else 15."""
    language: str = "en"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What came of it: one picture or the frames of a video, and what was drawn."""

    frames: Iterator[Array]
    """(H, W, 3) uint8; or (H, W) uint16 of 16 bits."""
    facts: Mapping[str, Any]
    seconds: float | None = None
    """From one frame to the next; None for a picture."""
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A volume that is not yet read, upright."""

    source: Source
    display: Display
    turned: Upright
    channel: int
    notes: tuple[str, ...]

    @property
    def is_ct(self) -> bool:
        return self.source.description.modality == "CT"

    @property
    def is_suv(self) -> bool:
        """Whether the values are standardised uptake values: the channel says so, or the header's units are g/ml."""
        return self.source.channels == ("suv",) or self.display.units == "GML"

    def block(self, plane: Plane, span: tuple[int, int]) -> Array:
        """Samples (z, y, x), upright, of the slices `span` across a plane; only those are read."""
        ends = sorted((self.turned.stored(plane.normal, span[0]), self.turned.stored(plane.normal, span[1] - 1)))
        shape = self.source.levels[0].shape
        start, stop = [0, 0, 0], list(shape)
        axis = self.turned.order[plane.normal]
        start[axis], stop[axis] = ends[0], ends[1] + 1
        whole = stop[axis] - start[axis] == shape[axis]
        return self._one(self.source.read(None if whole else Box(tuple(start), tuple(stop))))

    def volume(self) -> Array:
        """All samples (z, y, x), upright."""
        return self._one(self.source.read())

    def _one(self, image: Image) -> Array:
        data = image.data
        if is_colour(image.channels):
            data = data[:3].mean(axis=0, keepdims=True).astype(data.dtype)
        elif len(data) > 1:
            data = data[self.channel : self.channel + 1]
        upright_data: Array = self.turned.turn(data)[0]
        return upright_data


def is_colour(channels: tuple[str, ...]) -> bool:
    return channels[:3] == ("red", "green", "blue")


def is_loop(source: Source, display: Display) -> bool:
    """Whether the first axis is time: there is no place, and the modality films or the header times its frames."""
    grid = source.levels[0]
    if len(grid.shape) != 3 or grid.axes is not None:
        return False
    films = source.description.modality in MOVING
    return grid.spacing is None and (films or display.frame_seconds is not None)


def subject_of(source: Source, wish: Presentation) -> Subject:
    """A volume made ready: sheared axes straightened, the channel chosen. ShapeError for what is no volume."""
    grid = source.levels[0]
    if len(grid.shape) != 3:
        raise ShapeError(f"{wish.kind} needs a volume, and this is a picture of {grid.shape[0]} x {grid.shape[1]}",
                         "use --as sheet or --as slice")  # fmt: skip
    colour = is_colour(source.channels)
    if not colour and not 0 <= wish.channel < len(source.channels):
        raise RecipeError(f"no channel {wish.channel} among {len(source.channels)}", "channels count from 0")
    notes = ["colours are shown as grey: the mean of red, green and blue"] if colour else []
    if not colour and len(source.channels) > 1:
        notes.append(f"channel {wish.channel} of {len(source.channels)} is shown")
    display = read_display(source.description)
    if is_sheared(grid) and grid.spacing is not None:
        source = _straightened(source)
        notes.append("the sheared axes were straightened: samples are interpolated between slices")
    turned = upright(source.levels[0])
    if not turned.known:
        notes.append("the file does not say how the patient lies: axes are shown as stored, without letters")
    elif _lean(turned) > 0.17:
        notes.append("the volume is oblique: it is shown along its own axes nearest to the anatomical ones")
    if grid.spacing is None:
        notes.append("the file gives no scale: samples are shown as square")
    return Subject(source, display, turned, wish.channel, tuple(notes))


def scaled(subject: Subject) -> Subject:
    """The same with a spacing of one arbitrary unit where none is known, for what only needs proportions."""
    if subject.turned.grid.spacing is not None:
        return subject
    grid = replace(subject.turned.grid, spacing=(1.0, 1.0, 1.0), origin=None, corner=None)
    return replace(subject, turned=replace(subject.turned, grid=grid))


def centre(subject: Subject, plane: Plane, at: str | None) -> float:
    """The index, along the axis across a plane, that a wish names; the middle when it names none."""
    count = subject.turned.grid.shape[plane.normal]
    if at is None:
        return (count - 1) / 2
    try:
        if at.endswith("%"):
            index = float(at[:-1]) / 100 * (count - 1)
        elif at.startswith("n"):
            index = float(subject.turned.stored(plane.normal, int(at[1:]) - 1))
        elif subject.turned.grid.spacing is None:
            raise UnknownSpacing("a place in mm was asked of an image that has no scale", "give 40% or n57 instead")
        else:
            index = subject.turned.index(plane.normal, float(at))
    except ValueError:
        raise RecipeError(f"{at!r} is no place", "give mm along the axis, 40%, or n57 for the 57th slice") from None
    if not -0.5 <= index <= count - 0.5:
        raise RecipeError(f"{at} lies outside the volume: {_range(subject, plane)}", "give a place within it")
    return index


def _range(subject: Subject, plane: Plane) -> str:
    count = subject.turned.grid.shape[plane.normal]
    first, last = (subject.turned.place(plane.normal, i) for i in (0, count - 1))
    return f"{count} slices" if first is None or last is None else f"{first:.1f} to {last:.1f} mm, {count} slices"


def _lean(turned: Upright) -> float:
    """The largest component of an axis away from its anatomical direction."""
    along = np.abs(turned.grid.directions[::-1])
    return float((along - np.diag(np.diag(along))).max())


def _straightened(source: Source) -> Source:
    image = source.read()
    target: Grid = straight(image.grid)
    low = float(np.nanmin(image.data)) if image.data.size else 0.0
    fill = max(low, CT_AIR) if source.description.modality == "CT" else low
    data = np.stack([resample(channel, image.grid, target, fill) for channel in image.data])
    data = np.rint(data).astype(image.data.dtype) if image.data.dtype.kind in "iu" else data
    done = image.with_data(data, Step("straighten"), target)
    return Held(done, source.description)


def held(data: Array, grid: Grid, modality: str | None = None) -> Source:
    """An array (channel, z, y, x) as a source, for pictures of what is already in memory."""
    channels = tuple(f"channel {i}" for i in range(len(data)))
    image = Image(data, grid, "intensity", channels, Provenance(""))
    return Held(image, Description("memory", "", modality))
