"""Which format a file has, by its first bytes and then by its name; nothing is decoded here."""

import gzip
import zlib
from pathlib import Path

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
    ".nii": "nifti",
    ".nii.gz": "nifti",
    ".dcm": "dicom",
    ".dicom": "dicom",
    ".ima": "dicom",
}
UNREAD = {
    ".mha": "MetaImage",
    ".mhd": "MetaImage",
    ".nrrd": "NRRD",
    ".hdr": "Analyze or NIfTI pair",
    ".img": "Analyze or NIfTI pair",
    ".mgz": "FreeSurfer",
    ".webp": "WebP",
    ".jp2": "JPEG 2000",
    ".heic": "HEIC",
    ".svs": "Aperio slide",
    ".ndpi": "Hamamatsu slide",
    ".mrxs": "3DHISTECH slide",
    ".czi": "Zeiss CZI",
    ".lif": "Leica LIF",
}
"""Suffixes that claim to be an image in a format that has no reader; what they claim."""
_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_HEAD = 352  # a NIfTI-1 header with its four bytes of extension flags


def suffix(name: str) -> str:
    """The known suffix at the end of a file name, in lower case ('.nii.gz' whole); '' when it has none we know."""
    lower = name.lower()
    return max((s for s in (*SUFFIXES, *UNREAD) if lower.endswith(s)), key=len, default="")


def sniff(path: Path) -> str | None:
    """The format that the first bytes show: a key of the readers' table, 'zip', or None. SourceError if unreadable."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened: {_cause(error)}", "check the path and its permissions") from None
    if not head:
        raise SourceError(f"{path}: the file is empty (0 bytes)", "copy it again from where it came from")
    if head.startswith(b"\x1f\x8b"):
        head = _unzipped_head(path)
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "bmp"
    found = next((name for name, offset, magic in MAGIC if head[offset : offset + len(magic)] == magic), None)
    return found or ("dicom" if _is_bare_dicom(head) else None)


def kind_of(path: Path) -> str | None:
    """`sniff`, else what the name claims among the formats we read."""
    return sniff(path) or SUFFIXES.get(suffix(path.name))


def unknown(path: Path, known: tuple[str, ...]) -> SourceError:
    """The error for a file that no reader knows: what was found, and what is known."""
    with path.open("rb") as file:
        head = file.read(8)
    claim = UNREAD.get(suffix(path.name))
    found = f"{claim}, for which there is no reader" if claim else f"a file that starts with {head.hex(' ')}"
    return SourceError(f"{path}: not an image we read: found {found}", f"convert it to one of: {', '.join(known)}")


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
