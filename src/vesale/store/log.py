"""The append-only log of readings: one file, its head beside it; whether it is still whole is asked in `verify`.

An append holds the lock, goes on from the head, waits for the disk, and only then moves the head. A crash in between
leaves a sealed entry that the head does not name yet, or the beginning of a line; both are told apart from what no
crash leaves, and an entry `recovered` says what was found.
"""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..core.errors import LogError
from .entry import NOTHING, Entry, Found, Happening, Place, head_parsed, head_sealed, head_text, parsed, written
from .home import home
from .key import Key, read_key
from .lock import locked

_SHUNNED: dict[Found, str] = {
    "head_missing": "its head was missing",
    "shortened": "entries that its head names were gone",
    "foreign_lines": "lines stood at its end that this installation did not seal",
}


@dataclass(frozen=True, slots=True)
class Log:
    """A log that can be written to."""

    path: Path
    key: Key
    durable: bool = True
    """Whether every append waits for the disk; else the system decides when (`settle` waits)."""

    def append(self, happening: Happening) -> str:
        """Add an entry and return its hash. LogError or OSError when it could not be added; nothing is added then."""
        with locked(self.path):
            place, found, glue = self._place()
            lines = bytearray(glue)
            for h in ([Happening("recovered", found=found)] if found else []) + [happening]:
                line, place = written(h, place, self.key, datetime.now(UTC))
                lines += line
            place = replace(place, size=_size(self.path) + len(lines))
            _add(self.path, bytes(lines), self.durable)
            _put_head(self.path, head_text(place, self.key))
        return place.hash

    def settle(self) -> None:
        """Wait until what was appended has reached the disk."""
        if self.path.exists():
            for path in (self.path, head_path(self.path)):
                with path.open("rb+") as stream:
                    os.fsync(stream.fileno())

    def _place(self) -> tuple[Place, Found | None, bytes]:
        """Where to go on from; what was amiss; and what must be written first to stand on a line of one's own."""
        size, head = _size(self.path), read_head(self.path)
        if head is None:
            if size == 0:
                return Place(secrets.token_hex(8)), None, b""
            return self._after_last(), "head_missing", _glue(self.path, size)
        place, key, seal = head
        if key != self.key.id:
            raise LogError(*_other_key(self.path, key, self.key))
        if not head_sealed(place, self.key, seal):
            return self._after_last(), "head_missing", _glue(self.path, size)
        if size == place.size:
            return place, None, b""
        if size < place.size:
            return place, "shortened", _glue(self.path, size)
        return self._beyond(place, size)

    def _beyond(self, place: Place, size: int) -> tuple[Place, Found | None, bytes]:
        """What stands after the place that the head names: entries of ours that a crash kept it from naming, or not."""
        with self.path.open("rb") as stream:
            stream.seek(place.size)
            for line in stream:
                if not line.endswith(b"\n"):
                    os.truncate(self.path, place.size)
                    return place, "cut_off", b""
                entry = parsed(line)
                if entry is None or not follows(entry, place) or not (entry.whole and entry.sealed(self.key)):
                    return place, "foreign_lines", _glue(self.path, size)
                place = Place(place.log, entry.n, entry.hash, place.size + len(line))
        return place, None, b""

    def _after_last(self) -> Place:
        """The place after the last whole line, when there is no head to say it."""
        last: Entry | None = None
        for entry in entries(self.path):
            last = entry
        if last is None or not (last.whole and last.sealed(self.key)):
            message = f"{self.path.name}: its head is gone and its last entry is not sealed with the key of this place"
            raise LogError(message, "set the file aside, keep it, and let a new log begin")
        return Place(str(last.document["log"]), last.n, last.hash, 0)


def open_log(path: Path, durable: bool = True, folder: Path | None = None) -> Log:
    """The log of that path under the key of this installation (`folder`: VESALE_HOME); made when it is not there."""
    key = read_key(folder or home())
    path.parent.mkdir(parents=True, exist_ok=True)
    return Log(path, key, durable)


def head_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.head")


def read_head(path: Path) -> tuple[Place, str, str] | None:
    """(place, id of the key, seal) that the head of a log states; None when there is no such head."""
    try:
        return head_parsed(head_path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def entries(path: Path) -> Iterator[Entry | None]:
    """Every whole line as an entry, None for one that is none; one line in memory."""
    if path.exists():
        with path.open("rb") as stream:
            for line in stream:
                if line.endswith(b"\n"):
                    yield parsed(line)


def follows(entry: Entry, place: Place) -> bool:
    """Whether an entry is the one that comes next."""
    same = entry.document["log"] == place.log or place.hash == NOTHING
    return same and entry.n == place.entries + 1 and entry.document["previous"] == place.hash


def said_of(found: Found) -> str:
    """What an append found amiss, in words; empty for what a crash explains."""
    return _SHUNNED.get(found, "")


def _other_key(path: Path, theirs: str, ours: Key) -> tuple[str, str]:
    message = f"{path.name}: sealed with the key {theirs}, and the key here is {ours.id}"
    return message, "add to it where it was begun, or give this installation a log of its own (--log FILE)"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _glue(path: Path, size: int) -> bytes:
    """An end of line when the last line has none."""
    if size == 0:
        return b""
    with path.open("rb") as stream:
        stream.seek(size - 1)
        return b"" if stream.read(1) == b"\n" else b"\n"


def _add(path: Path, lines: bytes, durable: bool) -> None:
    """Write at the end, whole or not at all as far as the system allows: what a full disk left is taken back."""
    size = _size(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
    try:
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if durable:
            os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)
        raise
    finally:
        os.close(handle)


def _put_head(path: Path, text: str) -> None:
    """Written over in place, of one length and less than a sector, so that a crash leaves the old or the new one.

    It need not reach the disk at once: a head that is behind is no fault, as the entries after it bear their seals.
    """
    handle = os.open(head_path(path), os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)
