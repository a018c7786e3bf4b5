"""DICOMDIR (PS3.10 section 8): the files that a medium's directory lists; they are read elsewhere."""

from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from vesale.core.errors import SourceError
from vesale.core.image import Source

from . import dicom_elements as element
from .dicom_header import read_header
from .dicom_series import open_series, series_of
from .lazy import plural, quiet, reading

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Directory:
    """What a DICOMDIR lists, below its own folder."""

    files: tuple[Path, ...]
    """Those that are there, each once, in the directory's order."""
    missing: tuple[str, ...]
    """File IDs that name nothing, as they are written, with / between their parts."""


def read_directory(path: Path) -> Directory:
    """The files that the records reference. SourceError when it is damaged or lists none."""
    with reading(path, "a DICOMDIR", quote=False), quiet():
        data = pydicom.dcmread(path, force=True)
        names = [n for record in element.items(data, "DirectoryRecordSequence") if (n := _file_id(record))]
        names = list(dict.fromkeys(names))
    if not names:
        raise SourceError(f"{path}: a DICOMDIR that lists no file", "give the folder of the images")
    found = {name: _below(path.parent, name) for name in names}
    files = tuple(dict.fromkeys(p for p in found.values() if p is not None))
    return Directory(files, tuple("/".join(name) for name, p in found.items() if p is None))


def missing_error(path: Path, directory: Directory) -> SourceError | None:
    """The error that names what a DICOMDIR lists and is not there."""
    absent = directory.missing
    if not absent:
        return None
    listed = ", ".join(absent[:_SHOWN]) + (", ..." if len(absent) > _SHOWN else "")
    total = len(directory.files) + len(absent)
    return SourceError(
        f"{path}: {len(absent)} of {plural(total, 'file')} that the DICOMDIR lists are missing: {listed}",
        "copy the whole medium again",
    )


def open_directory(path: Path) -> Source:
    """The one image or volume that a DICOMDIR lists; an error that counts them when there are several."""
    directory = read_directory(path)
    missing = missing_error(path, directory)
    if missing is not None:
        raise missing
    headers = [h for h in map(read_header, directory.files) if h.has_pixels and not h.is_mask]
    groups = series_of(headers)
    if len(groups) != 1:
        found = f"{plural(len(groups), 'series or image')} in {plural(len(directory.files), 'file')}"
        raise SourceError(f"{path}: a DICOMDIR of {found}", "give it to `vesale read`, or name one of its files")
    return open_series([h.path for h in next(iter(groups.values()))])


def _file_id(record: Dataset) -> tuple[str, ...]:
    """ReferencedFileID, whose parts are the folders and the name; () when it leads elsewhere or is none."""

    def parts(value: object) -> tuple[str, ...]:
        every = (value,) if isinstance(value, str) else tuple(value)  # type: ignore[arg-type]
        return tuple(piece for part in every for piece in str(part).strip().replace("\\", "/").split("/") if piece)

    found = element.value(record, "ReferencedFileID", parts) or ()
    return () if any(p == ".." or ":" in p or "\0" in p for p in found) else found


def _below(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file of these names; media are written in capitals, and disks keep what they please."""
    here = folder
    for part in parts:
        exact = here / part
        if not exact.exists():
            try:
                others = {p.name.casefold().removesuffix(";1").rstrip("."): p for p in here.iterdir()}
            except OSError:
                return None
            exact = others.get(part.casefold().rstrip("."), exact)
        here = exact
    return here if here.is_file() else None
