"""What a user names on the command line (files, folders, globs, zips) to the exams it holds; pixels are not read."""

import difflib
import glob
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vesale.core.errors import SourceError
from vesale.core.image import Source

from . import READERS, open_source
from .address import Address, address_of, exam_name, split
from .formats import MUTE, NUMBERS, SIGNALS, claim, header_of, kind_of, sniff, suffix, unknown, zarr_root
from .lazy import plural
from .unzip import unzip

ALLOWED = re.compile(r"[^A-Za-z0-9._-]")
_LARGEST_INDEX = 2**20
"""SOP class of VL Whole Slide Microscopy Image Storage (PS3.4 B.5)."""
FORMATS = tuple(k for k in READERS if k != "folder")


@dataclass(frozen=True, slots=True)
class Found:
    """One exam to read, or the reason why there is none."""

    exam: str
    """By INTERFACES' rule; unique among what was found together."""
    shown: str
    """The input as the user would recognise it: a relative POSIX path."""
    files: tuple[Path, ...]
    """One file, or the slices of one DICOM series."""
    part: int | None = None
    """Which of the volumes that its files hold, from 0; None: all there is."""
    error: SourceError | None = None
    """Why it cannot be opened; found before any pixel is read."""
    fragment: str = ""
    """Of a file of several trials: which one it is (`#fmriTrn[12]`)."""


@dataclass(frozen=True, slots=True)
class Survey:
    found: tuple[Found, ...]
    skipped: int
    """Files in folders and zips that are no images: tables, documents, hidden files."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A file, and what the user calls it."""

    path: Path
    shown: str
    named: bool
    """True when the user named it: it is then never skipped."""
    error: SourceError | None = None
    fragment: str = ""


@dataclass(slots=True)
class _Tally:
    """What a walk comes across, while it runs."""

    scratch: Path
    signals: bool = False
    """True when files of signals in folders are exams, too; else they count as tables that lie beside images."""
    skipped: int = 0
    hidden: int = 0
    """Of those, the ones that are not even looked at."""
    seen: set[str] = field(default_factory=set)
    singles: list[tuple[_Place, str]] = field(default_factory=list)
    """Place, and the exam's name before clashes are resolved."""
    series: dict[str, list[_Place]] = field(default_factory=dict)
    """DICOM files that belong together, by what they share: a series, a concatenation, or the file itself."""
    slides: set[str] = field(default_factory=set)
    """Series that are whole slides: whichever file of one comes first opens all its levels."""


def find_inputs(arguments: Sequence[str], scratch: Path, signals: bool = False) -> tuple[Found, ...]:
    """Every exam that the arguments hold, in natural order; zips are unpacked below `scratch`.

    One bad item never stops the others: a missing path, an unknown format or an unreadable file is a Found with its
    error. DICOM files are grouped by series, wherever they lie. A file of signals gives an exam a trial; those in
    folders only where `signals` is true.
    """
    return survey(arguments, scratch, signals).found


def survey(arguments: Sequence[str], scratch: Path, signals: bool = False) -> Survey:
    """`find_inputs`, and how many files were passed over."""
    tally = _Tally(scratch, signals)
    for argument in arguments:
        before, passed = len(tally.seen), tally.skipped - tally.hidden
        for place in _places(argument, tally):
            _file(place, tally)
        added = len(tally.seen) - before
        if tally.skipped - tally.hidden - passed >= max(1, added):
            others = plural(tally.skipped - tally.hidden - passed, "other file")
            path, text = Path(argument), f"{argument}: no image in it ({others})"
            place = _Place(path, _shown(path), True, SourceError(text, f"images are: {', '.join(FORMATS)}"))
            tally.singles.append((place, exam_id(path.name)))
    return Survey(_named(tally), tally.skipped)


def open_found(found: Found) -> Source:
    """The source of what was found; raises its error, or SourceError when the file turns out to be damaged."""
    if found.error is not None:
        raise found.error
    if len(found.files) == 1 and found.part is None:
        return open_source(f"{found.files[0]}{found.fragment}" if found.fragment else found.files[0])
    from .dicom_series import open_series

    return open_series(found.files, found.part)


def exam_id(name: str) -> str:
    """An exam's name from a file's: without its image suffix, every character outside [A-Za-z0-9._-] made `_`."""
    ending = suffix(name) or next((e for e in NUMBERS if name.lower().endswith(e)), "")
    stem = name[: len(name) - len(ending)] if ending and len(name) > len(ending) else name
    clean = ALLOWED.sub("_", stem)
    return clean if clean.strip(".") else "_" * max(1, len(clean))  # '.' and '..' are folders


def name_of(image: Path | str) -> str:
    """An exam's name from the path of its image, or from the address of a trial: `responses-fmriTrn-0012`."""
    try:
        address = address_of(image)
    except SourceError:
        address = None
    if address is None:
        return exam_id(str(image).rpartition("/")[2])
    return exam_id(exam_name(exam_id(address.file.name), address))


def series_id(uid: str) -> str:
    """An exam's name from a SeriesInstanceUID: 12 hex digits of its sha256."""
    return hashlib.sha256(uid.encode()).hexdigest()[:12]


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sorting key by which 2 comes before 10."""
    parts = re.split(r"(\d+)", text)
    return tuple((0, int(p), p) if p.isdigit() and p.isascii() else (1, 0, p.casefold()) for p in parts if p)


# Arguments to files ---------------------------------------------------------------------------------------------------


def _places(argument: str, tally: _Tally) -> Iterator[_Place]:
    path = Path(argument)
    file, fragment = split(argument)
    if fragment is not None and _exists(Path(file)):
        yield _Place(Path(file), _shown(Path(file)), True, None, f"#{fragment}")
        return
    if not _exists(path) and glob.has_magic(argument):
        # Path.glob takes no absolute pattern
        matches = sorted(glob.glob(argument, recursive=True), key=natural)  # noqa: PTH207
        if not matches:
            error = SourceError(f"{argument}: no file matches", "check the pattern, and where it is run")
            error = error if fragment is None else _missing(Path(file))
            yield _Place(path, _shown(path), True, error)
        for match in matches:
            yield from _one(Path(match), tally)
        return
    yield from _one(path, tally)


def _one(path: Path, tally: _Tally) -> Iterator[_Place]:
    shown = _shown(path)
    if not _exists(path):
        yield _Place(path, shown, True, _missing(path))
    elif zarr_root(path) is not None:
        yield _Place(path, shown, True)
    elif path.is_dir():
        inside = list(_inside(path, shown, tally))
        if not inside:
            error = SourceError(f"{path}: the folder holds no file", "check the path")
            yield _Place(path, shown, True, error)
        yield from inside
    elif _is_zip(path):
        yield from _unpacked(path, shown, tally, named=True)
    else:
        yield _Place(path, shown, True)


def _inside(folder: Path, shown: str, tally: _Tally, unpack: bool = True) -> Iterator[_Place]:
    """Files below a folder, in natural order, hidden ones counted; zips are unpacked once, not zips in zips."""
    for top, folders, files in os.walk(folder):
        folders[:] = sorted((f for f in folders if not _hidden(f)), key=natural)
        here = Path(top)
        for name in [f for f in folders if zarr_root(here / f) is not None]:
            folders.remove(name)  # one image, not a folder of files
            yield _Place(here / name, f"{shown}/{(here / name).relative_to(folder).as_posix()}", False)
        parts = _parts_of_slides(here, files)
        for name in sorted(files, key=natural):
            path = here / name
            label = f"{shown}/{path.relative_to(folder).as_posix()}"
            if _hidden(name) or name in parts:
                tally.skipped += 1
                tally.hidden += 1
            elif unpack and suffix_is_zip(name) and _is_zip(path):
                yield from _unpacked(path, label, tally, named=False)
            else:
                yield _Place(path, label, False)


def _parts_of_slides(folder: Path, files: Sequence[str]) -> set[str]:
    """Files that a Hamamatsu VMS or VMU index in the same folder names: its tiles and macro, which are no exams."""
    named: set[str] = set()
    for name in files:
        if name.lower().endswith((".vms", ".vmu")):
            with (folder / name).open("rb") as file:
                lines = file.read(_LARGEST_INDEX).decode("latin-1").splitlines()
            named |= {line.partition("=")[2].strip() for line in lines}
    return named & set(files)


def _unpacked(path: Path, shown: str, tally: _Tally, named: bool) -> Iterator[_Place]:
    into = tally.scratch / hashlib.sha256(_real(path).encode()).hexdigest()[:12]
    try:
        if not into.exists():
            unzip(path, into)
    except SourceError as error:
        yield _Place(path, shown, True, error)
        return
    inside = list(_inside(into, shown, tally, unpack=False))
    if not inside and named:
        yield _Place(path, shown, True, SourceError(f"{path}: the archive holds no file", "check it"))
    yield from inside


def suffix_is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _is_zip(path: Path) -> bool:
    """By name and content: other formats are zips inside, too."""
    try:
        return suffix_is_zip(path.name) and sniff(path) == "zip"  # an OME-Zarr in a zip is one image
    except SourceError:
        return False


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _shown(path: Path) -> str:
    """Relative as it was given; of an absolute path only the last part."""
    return path.name if path.is_absolute() else path.as_posix()


def _missing(path: Path) -> SourceError:
    folder = path.parent
    try:
        names = [p.name for p in folder.iterdir()]
    except OSError:
        return SourceError(f"{path}: no such file, nor folder {folder}", "check the path")
    near = difflib.get_close_matches(path.name, names, n=1)
    return SourceError(f"{path}: no such file", f"did you mean {folder / near[0]}?" if near else "check the path")


# Files to exams -------------------------------------------------------------------------------------------------------


def _file(place: _Place, tally: _Tally) -> None:
    header = header_of(place.path) if place.error is None else None
    place = replace(place, path=header) if header else place
    real = f"{_real(place.path)}{place.fragment}"
    if place.error is None and real in tally.seen:
        return
    tally.seen.add(real)
    error, kind = place.error, None
    if error is None:
        try:
            kind = _kind(place.path)
            if kind == "dicom":
                _dicom(place, tally)
                return
            if place.fragment or kind in SIGNALS:
                _signals(place, tally, kind)
                return
        except SourceError as found:
            error = found
    named = suffix(place.path.name) != "" and (tally.signals or claim(place.path) not in SIGNALS)
    claims = named or kind == "dicom"
    if error is None and kind not in FORMATS:
        error = unknown(place.path, FORMATS)
    if error is not None and not (place.named or claims):
        tally.skipped += 1
        return
    tally.singles.append((replace(place, error=error), exam_id(place.path.name)))


def _real(path: Path) -> str:
    """Where a path leads; itself where links go in a circle."""
    try:
        return str(path.resolve())
    except (OSError, RuntimeError):
        return str(path.absolute())


def _kind(path: Path) -> str | None:
    """By content; by name where content says nothing."""
    kind, claimed = kind_of(path), claim(path)
    return kind if kind != claimed or claimed in MUTE or sniff(path) is not None else None


def _signals(place: _Place, tally: _Tally, kind: str | None) -> None:
    """An exam for each trial; in a folder only where signals are wanted, and never a table, which may be anything.
    SourceError when the trials cannot be told."""
    if not (place.named or (tally.signals and kind not in NUMBERS.values())):
        tally.skipped += 1
        return
    from .signals import trials

    named = address_of(f"{place.path}{place.fragment}") or Address(place.path)
    stem = exam_id(place.path.name)
    for trial in trials(named):
        name = exam_name(stem, replace(trial, variable=named.variable))
        one = replace(place, shown=f"{place.shown}{trial.fragment}", fragment=trial.fragment)
        tally.singles.append((one, exam_id(name)))


def _dicom(place: _Place, tally: _Tally) -> None:
    from .dicom_header import read_header, refuse
    from .dicom_series import group_of

    header = read_header(place.path)
    if header.is_directory:
        _directory(place, tally)
        return
    if not header.has_pixels or header.is_mask:
        if not place.named:
            tally.skipped += 1
            return
        refuse(header)
    name = exam_id(place.path.name) if header.series is None else series_id(header.series)
    if header.is_slide:
        if header.series is None or name not in tally.slides:
            tally.singles.append((place, name))
        tally.slides.add(name)
        return
    group = group_of(header)
    if group not in tally.series:
        tally.singles.append((place, name))
    tally.series.setdefault(group, []).append(place)


def _directory(place: _Place, tally: _Tally) -> None:
    """The files that a DICOMDIR lists, wherever they lie below it, and an error that names those that are missing."""
    from .dicom_directory import missing_error, read_directory

    directory = read_directory(place.path)
    folder = place.shown.rpartition("/")[0]
    for path in directory.files:
        inside = path.relative_to(place.path.parent).as_posix()
        _file(_Place(path, f"{folder}/{inside}" if folder else inside, False), tally)
    missing = missing_error(place.path, directory)
    if missing is not None:
        tally.singles.append((_Place(place.path, place.shown, place.named, missing), exam_id(place.path.name)))


def _named(tally: _Tally) -> tuple[Found, ...]:
    taken: set[str] = set()
    heads = {group[0].path: group for group in tally.series.values()}
    found = []
    for place, name in tally.singles:
        slices = heads.get(place.path, []) if place.error is None else []
        files = tuple(p.path for p in slices) or (place.path,)
        shown = _series_shown(slices, tally) if len(slices) > 1 else place.shown
        for part, error in _parts(files) if slices else [(None, place.error)]:
            found.append(Found(free_name(name, taken), shown, files, part, error, place.fragment))
    return tuple(found)


def _parts(files: tuple[Path, ...]) -> list[tuple[int | None, SourceError | None]]:
    """Number and error of each volume that DICOM files hold; one without a number when there is one, or none."""
    from .dicom_series import volumes_of

    try:
        volumes = volumes_of(files)
    except SourceError as error:
        return [(None, error)]
    if len(volumes) == 1:
        return [(None, volumes[0].error)]
    return [(i, volume.error) for i, volume in enumerate(volumes)]


def _series_shown(slices: Sequence[_Place], tally: _Tally) -> str:
    """The folder, when the series fills it alone; else its first file."""
    folder = slices[0].path.parent
    own = {p.path for p in slices}
    others = (place.path for place in _all(tally) if place.path.parent == folder)
    first = slices[0].shown
    alone = len(slices) > 1 and all(p.path.parent == folder for p in slices) and own.issuperset(others)
    return first.rpartition("/")[0] or first if alone else first


def _all(tally: _Tally) -> Iterable[_Place]:
    yield from (place for place, _ in tally.singles)
    for slices in tally.series.values():
        yield from slices


def free_name(name: str, taken: set[str]) -> str:
    """The name, or with -2, -3, ... when it is taken; a disk may not tell cases apart, so neither does this."""
    n, free = 1, name
    while free.casefold() in taken:
        n += 1
        free = f"{name}-{n}"
    taken.add(free.casefold())
    return free
