"""Whether a log is still what was written: every entry in turn, and where the first fault lies; it changes nothing."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import LogError
from .entry import NOTHING, Entry, Place, head_sealed, parsed
from .key import Key
from .lock import locked
from .log import follows, head_path, read_head, said_of


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found."""

    entries: int
    """Entries that hold, counted from the first."""
    ok: bool
    first_bad: int | None
    """Number of the first entry that is changed, missing, out of place or not ours, counted from 1."""
    what: str | None
    log: str | None
    hash: str | None
    """Of the last entry that holds."""
    notes: tuple[str, ...] = ()
    """What is odd and no fault: a crash, a head that is behind."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the owner wrote down elsewhere: the hash of the entry of that number (None: of any)."""

    hash: str
    n: int | None = None


@dataclass(slots=True)
class _Walk:
    """The chain so far."""

    place: Place = field(default_factory=lambda: Place(""))
    at_head: str = NOTHING
    """Hash of the entry that the head names."""
    anchored: int | None = None
    """Number of the entry that the anchor names."""
    torn: int = 0
    """Bytes after the last whole line."""


def verify(path: Path, key: Key | None, anchor: Anchor | None = None) -> Verified:
    """Follow the chain from the first entry to the head; one line in memory, whatever the size.

    `key` None: the hashes are followed, but nobody can say whose they are, unless `anchor` names the last of them.
    LogError when there is no log.
    """
    if not path.exists() and not head_path(path).exists():
        raise LogError(f"{path}: no log there", "give the file that `vesale read` wrote to, or VESALE_HOME")
    head, size = _snapshot(path)
    walk = _Walk()
    bad = _entries(path, size, (key, head, anchor), walk)
    bad = bad or _head(head, key, walk) or _anchor(anchor, walk) or _unsealed(path, key, anchor, walk)
    first, what = bad or (None, None)
    end = walk.place
    return Verified(end.entries, bad is None, first, what, end.log or None, _known(end.hash), _notes(walk, head))


Fault = tuple[int | None, str]
Head = tuple[Place, str, str]


def _snapshot(path: Path) -> tuple[Head | None, int]:
    """Head and size of one moment; a disk that cannot be written to has nobody who writes."""
    try:
        with locked(path):
            return read_head(path), path.stat().st_size if path.exists() else 0
    except OSError:
        with nullcontext():
            return read_head(path), path.stat().st_size if path.exists() else 0


def _lines(path: Path, size: int) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as stream:
            while (at := stream.tell()) < size:
                yield stream.readline(size - at)


def _entries(path: Path, size: int, known: tuple[Key | None, Head | None, Anchor | None], walk: _Walk) -> Fault | None:
    """The first fault of the entries, in their order; `walk` is left where it holds."""
    key, head, anchor = known
    lines = _lines(path, size)
    for line in lines:
        if not line.endswith(b"\n"):
            walk.torn = len(line)
            break
        n, entry = walk.place.entries + 1, parsed(line)
        if entry is None:
            return n, f"entry {n} is no entry: its line was changed"
        fault = _fault(entry, key, walk.place) or _out_of_place(entry, walk.place, lines)
        if fault:
            return fault
        walk.place = Place(str(entry.document["log"]), n, entry.hash, walk.place.size + len(line))
        if head and n == head[0].entries:
            walk.at_head = entry.hash
        if anchor and entry.hash.startswith(anchor.hash):
            walk.anchored = n
        if entry.document.get("found") and (said := said_of(entry.document["found"])):
            return n, f"before entry {n} was added to the log, {said}"
    return None


def _fault(entry: Entry, key: Key | None, place: Place) -> Fault | None:
    """What is wrong with an entry by itself. The number is that of the line where it stands."""
    n = place.entries + 1
    if not entry.whole:
        return n, f"entry {n} was changed: its hash is not that of its text"
    if key is not None and entry.document["key"] != key.id:
        return n, f"entry {n} is sealed with the key {entry.document['key']}, and the key here is {key.id}"
    if key is not None and not entry.sealed(key):
        return n, f"entry {n} was made by someone without the key: its seal is wrong"
    if place.log and entry.document["log"] != place.log:
        return n, f"entry {n} comes from another log ({entry.document['log']})"
    return None


def _out_of_place(entry: Entry, place: Place, rest: Iterator[bytes]) -> Fault | None:
    """Entries that are dropped, repeated or moved, told apart by whether the one that belongs here comes later."""
    n, found = place.entries + 1, entry.n
    if follows(entry, place):
        return None
    if found < n:
        return n, f"where entry {n} belongs entry {found} stands a second time"
    if found == n:
        return n, f"entry {n} does not follow the entry before it"
    later = any((e := parsed(line)) is not None and e.n == n for line in rest)
    if later:
        return n, f"entry {n} is not in its place: entry {found} stands there, and it comes later"
    span = f"entry {n} is" if found == n + 1 else f"entries {n} to {found - 1} are"
    return n, f"{span} missing: entry {found} stands there"


def _head(head: Head | None, key: Key | None, walk: _Walk) -> Fault | None:
    """What the head says against the entries: that some are gone from the end, or that it is not ours."""
    n = walk.place.entries + 1
    if head is None:
        return n, f"the head is missing or unreadable: whether entries are missing from {n} on cannot be said"
    place, name, seal = head
    if key is not None and (name != key.id or not head_sealed(place, key, seal)):
        return n, f"the head is not sealed with the key here: whether entries are missing from {n} on cannot be said"
    if place.entries > walk.place.entries:
        span = f"entry {n} is" if place.entries == n else f"entries {n} to {place.entries} are"
        return n, f"{span} missing from the end: the head counts {place.entries}"
    if place.entries and (walk.at_head != place.hash or place.log != walk.place.log):
        return place.entries, f"the head names another entry {place.entries} than the one that stands there"
    return None


def _anchor(anchor: Anchor | None, walk: _Walk) -> Fault | None:
    if anchor is None or (walk.anchored is not None and anchor.n in (None, walk.anchored)):
        return None
    n = min(anchor.n or walk.place.entries + 1, walk.place.entries + 1)
    return n, f"no entry bears the anchor {anchor.hash[:16]}: an older or another log stands here"


def _unsealed(path: Path, key: Key | None, anchor: Anchor | None, walk: _Walk) -> Fault | None:
    if key is not None or (anchor is not None and walk.anchored == walk.place.entries):
        return None
    return None, f"{path.name}: the hashes follow each other to the end, but the key is not here to say whose they are"


def _notes(walk: _Walk, head: Head | None) -> tuple[str, ...]:
    notes: list[str] = []
    if walk.torn:
        end = walk.place.entries
        notes.append(f"after entry {end} an append was cut off ({walk.torn} bytes); the next one sets it right")
    if head and (behind := walk.place.entries - head[0].entries) > 0:
        notes.append(f"the head is {behind} behind: the last append was cut off before it moved; its entry is sealed")
    return tuple(notes)


def _known(digest: str) -> str | None:
    return None if digest == NOTHING else digest
