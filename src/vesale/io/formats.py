"""Which format a file has, by its first bytes and then by its name; nothing is decoded here."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vesale.core.errors import SourceError

MAGIC: tuple[tuple[str, int, bytes], ...] = (
    ("dicom", 128, b"DICM"),  # first: a DICOM preamble may look like a TIFF (PS3.10 section 7.1)
    ("png", 0, b"\x89PNG\r\n\x1a\n"),
    ("jpeg", 0, b"\xff\xd8\xff"),
    ("gif", 0, b"GIF87a"),
    ("gif", 0, b"GIF89a"),
    ("tiff", 0, b"II*\x00"),
    ("tiff", 0, b"MM\x00*"),
    ("tiff", 0, b"II+\x00"),
    ("tiff", 0, b"MM\x00+"),
    ("nifti", 344, b"n+1\x00"),
    ("nifti", 4, b"n+2\x00"),
    ("slide", 0, b"ZISRAWFILE"),
    ("slide", 0, b"[Virtual Microscope Specimen]"),
    ("slide", 0, b"[Uncompressed Virtual Microscope Specimen]"),
    ("analyze", 344, b"ni1\x00"),
    ("analyze", 4, b"ni2\x00"),
    ("nrrd", 0, b"NRRD000"),
    ("mat", 0, b"MATLAB 5.0 MAT-file"),
    ("mat73", 0, b"MATLAB 7.3 MAT-file"),
    ("hdf5", 0, b"\x89HDF\r\n\x1a\n"),
    ("npy", 0, b"\x93NUMPY"),
    ("zip", 0, b"PK\x03\x04"),
    ("zip", 0, b"PK\x05\x06"),
)
SUFFIXES = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".jpe": "jpeg",
    ".bmp": "bmp",
    ".dib": "bmp",
    ".gif": "gif",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".ome.tif": "tiff",
    ".ome.tiff": "tiff",
    ".btf": "tiff",
    ".tf8": "tiff",
    ".qptiff": "tiff",
    ".svs": "tiff",
    ".ndpi": "tiff",
    ".scn": "tiff",
    ".bif": "tiff",
    ".lsm": "tiff",
    ".mrxs": "slide",
    ".vms": "slide",
    ".vmu": "slide",
    ".svslide": "slide",
    ".czi": "slide",
    ".zarr": "zarr",
    ".ome.zarr": "zarr",
    ".zarr.zip": "zarr",
    ".ome.zarr.zip": "zarr",
    ".nii": "nifti",
    ".nii.gz": "nifti",
    ".dcm": "dicom",
    ".dicom": "dicom",
    ".ima": "dicom",
    ".mha": "metaimage",
    ".mhd": "metaimage",
    ".nrrd": "nrrd",
    ".nhdr": "nrrd",
    ".hdr": "analyze",
    ".img": "analyze",
    ".mat": "mat",
    ".npy": "npy",
    ".npz": "npz",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
}
UNREAD = {
    ".mgz": "FreeSurfer",
    ".webp": "WebP",
    ".jp2": "JPEG 2000",
    ".heic": "HEIC",
    ".lif": "Leica LIF",
    ".nd2": "Nikon ND2",
    ".oib": "Olympus OIB",
    ".oif": "Olympus OIF",
    ".oir": "Olympus OIR",
    ".vsi": "Olympus VSI",
    ".ims": "Imaris IMS",
    ".stk": "MetaMorph STK",
    ".dv": "DeltaVision DV",
    ".isyntax": "Philips iSyntax slide",
}
"""Suffixes that claim to be an image in a format that has no reader; what they claim."""
MICROSCOPES = frozenset({".lif", ".nd2", ".oib", ".oif", ".oir", ".vsi", ".ims", ".stk", ".dv", ".isyntax"})
"""Of those, the ones whose own program exports OME-TIFF."""
BY_NAME = {".mrxs": b"\xff\xd8\xff", ".svslide": b"SQLite format 3\x00"}
"""Slides that begin like another kind of file: the name decides, where the first bytes are these."""
ZARR_MARKS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
"""What a Zarr hierarchy has at its root: version 3, then version 2."""
NUMBERS = {".csv": "csv", ".tsv": "csv"}
"""Tables of numbers: signals when a user names one, else the tables that lie beside images."""
SIGNALS = frozenset(("mat", "mat73", "npy", "npz", "hdf5", "csv", "events"))
"""Formats whose samples are signals: features of a trial, not pixels."""
MUTE = frozenset(("dicom", "metaimage", "analyze", "npz", "csv"))
"""Formats whose first bytes may say nothing, or the same as another's: the name decides then."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a format is read, and what is refused, in words for the pages."""

    title: str
    suffixes: tuple[str, ...]
    read: str
    refused: tuple[str, ...]
    """Each with its reason."""


SCOPES: Mapping[str, Scope] = {
    "metaimage": Scope(
        "MetaImage",
        (".mha", ".mhd"),
        "2 or 3 axes, a fourth as volumes; every number type, both byte orders, plain, zlib or text; several values a "
        "sample as channels; TransformMatrix, Offset and ElementSpacing (LPS); DistanceUnits",
        (
            "slices in files of their own (LIST, patterns): one of them missing would not show",
            "a data file that does not lie beside its header",
            "a header whose sizes do not fit its file's bytes",
        ),
    ),
    "nrrd": Scope(
        "NRRD",
        (".nrrd", ".nhdr"),
        "2 or 3 axes of space and one that is none (by its direction `none`, or its kind) as channels; raw, gzip, "
        "bzip2, text; LPS, RAS and LAS, and scanner-xyz with a note; spacings alone as a scale without orientation",
        (
            "data in several files (LIST, patterns), hex, blocks: rare, and not tested here",
            "four axes of which none is said to be no space: nobody can know which",
            "a data file that does not lie beside its header",
            "a header whose sizes do not fit its file's bytes",
        ),
    ),
    "analyze": Scope(
        "Analyze 7.5 and NIfTI pairs",
        (".hdr", ".img"),
        "both files together, given either; a NIfTI pair as NIfTI; Analyze with SPM's scale factor and its .mat, where "
        "there is one, else with an unknown orientation: left and right cannot be known",
        ("one file of the two alone", "an image packed with gzip", "complex samples"),
    ),
    "mat": Scope(
        "MAT 5 and 7.3",
        (".mat",),
        "arrays of real numbers by name, rows as trials (`responses.mat#fmriTrn[12]`)",
        (
            "MAT 4, cells, structures, characters, sparse and complex arrays: save a plain array",
            "MAT 5 arrays above 512 MiB, which are read whole: save as 7.3",
        ),
    ),
    "npy": Scope("NumPy", (".npy", ".npz"), "arrays of real numbers", ("pickled objects: they can run code",)),
    "hdf5": Scope(
        "HDF5",
        (".h5", ".hdf5"),
        "data sets of real numbers by path, a row at a time",
        ("external and virtual data sets: they lead to other files", "compound types"),
    ),
    "csv": Scope(
        "tables of numbers",
        (".csv", ".tsv"),
        "rows as trials, columns as features, when a user names the file; empty cells are unknown",
        ("words among numbers, rows of different lengths",),
    ),
    "events": Scope(
        "4-D NIfTI with events",
        (".nii", ".nii.gz"),
        "`run_bold.nii.gz#run_events.tsv[3]&mask=mask.nii.gz&lag=4`: one vector an event, z-scored in its run",
        ("a run whose time between volumes is not stated", "an event whose answer lies outside the run"),
    ),
}
_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_HEAD = 352  # a NIfTI-1 header with its four bytes of extension flags


def suffix(name: str) -> str:
    """The known suffix at the end of a file name, in lower case ('.nii.gz' whole); '' when it has none we know."""
    lower = name.lower()
    return max((s for s in (*SUFFIXES, *UNREAD) if lower.endswith(s)), key=len, default="")


def sniff(path: Path) -> str | None:
    """The format that the first bytes show: a key of the readers' table, 'zip', or None. SourceError if unreadable."""
    if zarr_root(path) is not None:
        return "zarr"
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened: {_cause(error)}", "check the path and its permissions") from None
    if head.startswith(BY_NAME.get(suffix(path.name), b"\0\0no name")):
        return "slide"
    if not head:
        raise SourceError(f"{path}: the file is empty (0 bytes)", "copy it again from where it came from")
    if head.startswith(b"\x1f\x8b"):
        head = _unzipped_head(path)
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "bmp"
    found = next((name for name, offset, magic in MAGIC if head[offset : offset + len(magic)] == magic), None)
    return found or next((name for name, test in TESTS.items() if test(head)), None)


def kind_of(path: Path) -> str | None:
    """`sniff`, else what the name claims among the formats we read; an .npz is a zip by content."""
    found, claimed = sniff(path), claim(path)
    return claimed if found is None or (found, claimed) == ("zip", "npz") else found


def claim(path: Path) -> str | None:
    """What the name claims among the formats we read."""
    return SUFFIXES.get(suffix(path.name)) or NUMBERS.get(path.suffix.casefold())


def header_of(path: Path) -> Path | None:
    """The header beside the image of a pair, which stands for both; None when the file is no such image."""
    if path.suffix.casefold() != ".img":
        return None
    return next((h for e in (".hdr", ".HDR") if (h := path.with_suffix(e)).is_file()), None)


def zarr_root(path: Path) -> str | None:
    """Where in a folder or a zip a Zarr hierarchy begins: '' at its top, or in its only folder; None: there is none."""
    if path.is_dir():
        return "" if any((path / mark).is_file() for mark in ZARR_MARKS) else None
    if not path.name.lower().endswith(".zip"):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(n) for n in archive.namelist() if not n.startswith("__MACOSX")]
    except (OSError, zipfile.BadZipFile):
        return None
    tops = {n.parts[0] for n in names if n.parts}
    roots = ["", *tops] if len(tops) == 1 else [""]
    marked = {n.as_posix() for n in names if n.name in ZARR_MARKS}
    return next((r for r in roots if any(f"{r}/{mark}".strip("/") in marked for mark in ZARR_MARKS)), None)


def unknown(path: Path, known: tuple[str, ...]) -> SourceError:
    """The error for a file that no reader knows: what was found, and what is known."""
    with path.open("rb") as file:
        head = file.read(8)
    unread = UNREAD.get(suffix(path.name))
    found = f"{unread}, for which there is no reader" if unread else f"a file that starts with {head.hex(' ')}"
    remedy = f"convert it to one of: {', '.join(known)}"
    if suffix(path.name) in MICROSCOPES:
        remedy = "export it as OME-TIFF with the microscope's program (or with Bio-Formats), which keeps its scale"
    return SourceError(f"{path}: not an image we read: found {found}", remedy)


def _cause(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _unzipped_head(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""


def _is_bare_dicom(head: bytes) -> bool:
    """DICOM as some archives write it, without preamble: a first element of group 2 or 8 with a plausible length."""
    if len(head) < 16 or head[:2] not in (b"\x02\x00", b"\x08\x00", b"\x00\x08") or max(head[2:4]) > 0x18:
        return False
    explicit = head[4:6] in (b"UL", b"UI", b"CS", b"DA", b"TM", b"OB", b"SH", b"LO")
    return explicit or (head[:2] != b"\x00\x08" and int.from_bytes(head[4:8], "little") <= 64)


def _is_metaimage(head: bytes) -> bool:
    """A text header's first tag, which is one of these two (MetaIO)."""
    return head.lstrip().startswith((b"ObjectType", b"NDims")) and b"=" in head


def _is_analyze(head: bytes) -> bool:
    """The size of the header, and the `r` of regular, where Analyze 7.5 has them; NIfTI's own magic is seen before."""
    size = (int.from_bytes(head[:4], "little"), int.from_bytes(head[:4], "big"))
    return 348 in size and head[38:39] in (b"r", b"\x00") and len(head) >= 348


TESTS: Mapping[str, Callable[[bytes], bool]] = {
    "dicom": _is_bare_dicom,
    "metaimage": _is_metaimage,
    "analyze": _is_analyze,
}
"""Formats without magic bytes, by what their first bytes must be."""
