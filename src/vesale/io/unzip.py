"""Archives that a stranger may have made, unpacked where they can do no harm; nothing is read as an image here."""

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from vesale.core.errors import SourceError

from .lazy import reading

MOST_BYTES = 20 * 2**30
MOST_MEMBERS = 500_000
MOST_RATIO, RATIO_FROM = 200, 100 * 2**20
"""An archive that grows more than 200 times, to more than 100 MiB, is a bomb."""
_CHUNK = 2**20


def unzip(archive: Path, into: Path) -> Path:
    """Unpack every file of `archive` below `into` (which must not exist yet) and return it.

    SourceError, and nothing left behind, when a member is encrypted, a link, or would lie outside, or when there is
    too much of it: 20 GiB, 500,000 files, 200 times the archive's size, more than the disk has.
    """
    with reading(archive, "a zip archive"), zipfile.ZipFile(archive) as opened:
        members = [m for m in opened.infolist() if not m.is_dir()]
        _refuse(archive, members, into)
        into.mkdir(parents=True)
        try:
            for member in members:
                _extract(archive, opened, member, into)
        except BaseException:
            shutil.rmtree(into, ignore_errors=True)
            raise
    return into


def _refuse(archive: Path, members: list[zipfile.ZipInfo], into: Path) -> None:
    total = sum(m.file_size for m in members)
    for member in members:
        reason = _harm(member)
        if reason:
            raise SourceError(f"{archive}: the archive holds {reason}: {member.filename!r}", "pack plain files only")
    if total > MOST_BYTES or len(members) > MOST_MEMBERS:
        size = f"{total / 2**30:.1f} GiB in {len(members)} files"
        raise SourceError(f"{archive}: unpacks to {size}, more than {MOST_BYTES // 2**30} GiB", "unpack it by hand")
    if total > RATIO_FROM and total > MOST_RATIO * max(1, archive.stat().st_size):
        raise SourceError(f"{archive}: grows more than {MOST_RATIO} times: a decompression bomb", "unpack it by hand")
    room = shutil.disk_usage(_existing(into)).free
    if total > room:
        raise SourceError(f"{archive}: needs {total / 2**30:.1f} GiB, the disk has {room / 2**30:.1f}", "make room")


def _harm(member: zipfile.ZipInfo) -> str | None:
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or ":" in name.split("/")[0] or ".." in PurePosixPath(name).parts or "\0" in name:
        return "a path that leads outside"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a link"
    return "an encrypted file" if member.flag_bits & 1 else None


def _extract(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, into: Path) -> None:
    target = into.joinpath(*PurePosixPath(member.filename.replace("\\", "/")).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(member) as source, target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > member.file_size:
                raise SourceError(f"{archive}: {member.filename!r} is larger than the archive says", "pack it again")
            file.write(chunk)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
