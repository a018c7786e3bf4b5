"""An array that knows where it lies and what was done to it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from numpy.typing import NDArray

from .errors import ShapeError
from .grid import Box, Grid

Kind = Literal["intensity", "labels", "signal"]
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done to an image: enough to do it again, or to undo it."""

    name: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an image came from (a content digest, never a patient's name) and every step since."""

    source: str
    steps: tuple[Step, ...] = ()

    def then(self, step: Step) -> Self:
        return replace(self, steps=(*self.steps, step))


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    data: Array
    """(channel, *grid.shape)"""
    grid: Grid
    kind: Kind
    channels: tuple[str, ...]
    provenance: Provenance

    def __post_init__(self) -> None:
        if self.data.shape != (len(self.channels), *self.grid.shape):
            raise ShapeError(f"data {self.data.shape} does not fit {len(self.channels)} channels on {self.grid.shape}")

    def with_data(self, data: Array, step: Step, grid: Grid | None = None) -> Self:
        """The only way to change an image: new samples, and the step that made them."""
        return replace(self, data=data, grid=grid or self.grid, provenance=self.provenance.then(step))

    def crop(self, box: Box) -> Self:
        step = Step("crop", (("start", str(box.start)), ("stop", str(box.stop))))
        return self.with_data(self.data[(slice(None), *box.slices)], step, self.grid.crop(box))


@dataclass(frozen=True, slots=True)
class Description:
    """What a file says of itself, read without its pixels; nothing in it names a patient."""

    format: str
    """png, jpeg, bmp, tiff, nifti, dicom, ..."""
    sha256: str
    """Of the file's bytes; of a series, of its files' digests in order."""
    modality: str | None = None
    """DICOM's code (CT, MR, PT, NM, US, CR, DX, OP, SM, ...); None where the file does not say."""
    notes: tuple[str, ...] = ()
    """What was odd or had to be decided (spacing taken from positions, alpha dropped), in plain sentences."""
    files: tuple[Path, ...] = ()
    """Where the bytes lie (the slices of a series in order); never written into a document."""
    frames: tuple[int, ...] = ()
    """Of a file with several frames: which of them, from 0, in the order of the first axis; () is all there is."""
    device: tuple[tuple[str, str], ...] = ()
    """What the header says of the machine: (manufacturer | model | body_part | kvp | field_tesla, value)."""


class Source(Protocol):
    """Pixels not yet read. A PNG, a CT series and a gigapixel slide are all one of these."""

    @property
    def description(self) -> Description: ...

    @property
    def channels(self) -> tuple[str, ...]: ...

    @property
    def levels(self) -> tuple[Grid, ...]:
        """Finest first; most sources have one."""
        ...

    def read(self, box: Box | None = None, level: int = 0) -> Image:
        """Samples of `box`, which is in the index space of that very level."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """An image already in memory, as a Source."""

    image: Image
    description: Description

    @property
    def channels(self) -> tuple[str, ...]:
        return self.image.channels

    @property
    def levels(self) -> tuple[Grid, ...]:
        return (self.image.grid,)

    def read(self, box: Box | None = None, level: int = 0) -> Image:
        if level != 0:
            raise ShapeError(f"this source has one level, not level {level}")
        return self.image if box is None else self.image.crop(box)
