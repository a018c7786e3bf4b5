"""One entry of the log and its head, as bytes: how they are written, sealed and read back; files are elsewhere.

An entry is one line: a JSON object whose last two members are `hash`, the SHA-256 of everything before them, and
`seal`, the HMAC-SHA256 of that hash under the installation's key. `previous` holds the hash of the entry before. So
anybody can follow the chain, and only who holds the key can make one.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from .key import Key

SCHEMA = "vesale/log/1"
HEAD_SCHEMA = "vesale/log-head/1"
NOTHING = "0" * 64
"""What comes before the first entry."""
HEX = 64
HEAD_BYTES = 480
"""More than any head needs, and less than a sector of a disk."""
_TAIL = ',"hash":"{}","seal":"{}"}}\n'
_TAIL_BYTES = len(_TAIL.format(NOTHING, NOTHING))

Event = Literal["read", "study", "commission", "confirm", "recovered"]
Found = Literal["cut_off", "head_missing", "shortened", "foreign_lines"]
"""What an append found amiss before it: an append that a crash cut off; or what no crash of ours leaves behind."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What is to be logged. `exam` and `reader` are known by their pseudonyms only, once they are written."""

    event: Event
    exam: str | None = None
    inputs: tuple[str, ...] = ()
    """sha256 of every image that went in."""
    model: Mapping[str, str] = field(default_factory=dict)
    """name, version, digest"""
    status: str | None = None
    reasons: tuple[str, ...] = ()
    """Codes of why it was not reported."""
    decision: str | None = None
    """Of a reader: confirmed, corrected, rejected."""
    answer: str | None = None
    """sha256 of prediction.json, canonical; of report.json for a study."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Name -> sha256 of what was written beside it."""
    about: str | None = None
    """Hash of the entry that a reader confirms, corrects or rejects."""
    reader: str | None = None
    found: Found | None = None
    """Of event recovered."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a log has come."""

    log: str
    """16 hex digits that this log bears from its first entry on."""
    entries: int = 0
    hash: str = NOTHING
    """Of the last entry."""
    size: int = 0
    """Bytes of the file up to there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it stands in the file."""

    document: Mapping[str, Any]
    body: bytes
    hash: str
    seal: str

    @property
    def n(self) -> int:
        return int(self.document["n"])

    @property
    def whole(self) -> bool:
        """Whether the hash is that of what stands there."""
        return hashlib.sha256(self.body).hexdigest() == self.hash

    def sealed(self, key: Key) -> bool:
        return hmac.compare_digest(key.seal(self.hash.encode()), self.seal)


def written(happening: Happening, after: Place, key: Key, now: datetime) -> tuple[bytes, Place]:
    """The line of the next entry, and the place after it."""
    h = happening
    document = {
        "schema": SCHEMA,
        "log": after.log,
        "n": after.entries + 1,
        "time": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "event": h.event,
        "exam": None if h.exam is None else key.pseudonym(f"exam {h.exam}"),
        "inputs": list(h.inputs),
        "model": {name: h.model.get(name) for name in ("name", "version", "digest")} if h.model else None,
        "status": h.status,
        "reasons": list(h.reasons),
        "decision": h.decision,
        "answer": h.answer,
        "files": dict(h.files),
        "about": h.about,
        "reader": None if h.reader is None else key.pseudonym(f"reader {h.reader}"),
        "found": h.found,
        "key": key.id,
        "previous": after.hash,
    }
    body = _dumped(document)
    digest = hashlib.sha256(body).hexdigest()
    line = body[:-1] + _TAIL.format(digest, key.seal(digest.encode())).encode()
    return line, Place(after.log, after.entries + 1, digest, after.size + len(line))


def parsed(line: bytes) -> Entry | None:
    """The entry of a line (with its end of line); None when it is none."""
    body, tail = line[:-_TAIL_BYTES] + b"}", line[-_TAIL_BYTES:]
    try:
        document = json.loads(body)
        digest, seal = tail[9 : 9 + HEX].decode("ascii"), tail[83 : 83 + HEX].decode("ascii")
    except (ValueError, RecursionError):
        return None
    if tail != _TAIL.format(digest, seal).encode() or not _is_entry(document):
        return None
    return Entry(document, body, digest, seal)


def head_text(place: Place, key: Key) -> str:
    """The head of a log: how many entries there are and the hash of the last, sealed; always of the same length."""
    stated = _stated(place, key.id)
    return json.dumps({**stated, "seal": key.seal(_dumped(stated))}).ljust(HEAD_BYTES - 1) + "\n"


def head_parsed(text: str) -> tuple[Place, str, str] | None:
    """(place, id of the key, seal) of a head; None when it is none."""
    try:
        document = json.loads(text)
        place = Place(str(document["log"]), int(document["entries"]), str(document["hash"]), int(document["bytes"]))
        known = document["schema"] == HEAD_SCHEMA and len(place.hash) == HEX
        return (place, str(document["key"]), str(document["seal"])) if known else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def head_sealed(place: Place, key: Key, seal: str) -> bool:
    return hmac.compare_digest(key.seal(_dumped(_stated(place, key.id))).encode(), seal.encode())


def canonical_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document whatever the order of its keys and its indentation."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _stated(place: Place, key: str) -> dict[str, Any]:
    return {
        "schema": HEAD_SCHEMA,
        "log": place.log,
        "entries": place.entries,
        "hash": place.hash,
        "bytes": place.size,
        "key": key,
    }


def _dumped(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def _is_entry(document: Any) -> bool:
    """Whether the members that the chain stands on are there and are of their kind."""
    if not isinstance(document, dict) or type(document.get("n")) is not int:
        return False
    return all(isinstance(document.get(name), str) for name in ("log", "key", "previous", "event"))
