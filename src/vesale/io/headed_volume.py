"""A volume behind a text header (MetaImage, NRRD) as source and as mask; the headers are read in files of their own."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vesale.core.errors import SourceError
from vesale.core.grid import Grid
from vesale.core.image import Description, Image, Provenance, Source

from .lazy import Deferred, digest_files
from .pixels import whole_numbers
from .volume_bytes import Stored, load


@dataclass(frozen=True, slots=True)
class Opened:
    """What a header says: where the samples lie, on which grid, and what had to be decided."""

    stored: Stored
    grid: Grid
    channels: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.stored.header, self.stored.file)))


def source_of(opened: Opened, kind: str) -> Source:
    """A source of the format `kind`, its samples unread."""
    description = Description(kind, digest_files(opened.files), notes=opened.notes, files=opened.files)
    return Deferred(description, opened.channels, (opened.grid,), partial(load, opened.stored))


def mask_of(path: Path, opened: Opened, kind: str) -> Image:
    """Class numbers, as integers; SourceError where a sample has several values."""
    if len(opened.channels) != 1:
        raise SourceError(f"{path}: a mask holds one number a voxel, not {len(opened.channels)}", "save one channel")
    source = source_of(opened, kind)
    data = whole_numbers(path, source.read().data)
    return Image(data, opened.grid, "labels", ("label",), Provenance(source.description.sha256))
