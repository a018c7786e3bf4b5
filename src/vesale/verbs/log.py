"""`vesale log`: is the log of readings whole, what stands in it, its anchor for elsewhere, a reader's word."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ..core.errors import LogError
from ..engine.logbook import signature
from ..io.package import sha256
from ..store.entry import HEX, Entry, Happening
from ..store.home import default_log, home
from ..store.key import NAME, Key, read_key
from ..store.log import entries, open_log
from ..store.verify import Anchor, Verified, verify

What = Literal["verify", "show", "anchor", "confirm"]
DECISIONS = ("confirmed", "corrected", "rejected")
SHORTEST = 8
"""Hex digits by which an entry or an anchor may be named."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a log beside its name."""

    anchor: str | None = None
    """verify: `N:HASH` or a hash, as `vesale log anchor` printed it once."""
    readings: Path | None = None
    """verify: a folder of `vesale read`, whose answers must be those that were logged."""
    exam: str | None = None
    """show: only this exam's entries."""
    last: int = 20
    """show: only so many, the newest."""
    entry: str | None = None
    """confirm: the entry's hash (`evidence.log_entry` of a prediction.json), or its beginning."""
    decision: str | None = None
    reader: str | None = None


def log(what: What = "verify", path: Path | None = None, question: Question = Question()) -> dict[str, Any]:
    """The JSON of `vesale log WHAT [FILE]`; `path` None is the log of this installation. LogError says what to do."""
    return _DOORS[what](path or default_log(), question)


def _verify(path: Path, q: Question) -> dict[str, Any]:
    found = verify(path, _key(), None if q.anchor is None else _anchor(q.anchor))
    if found.ok and q.readings is not None:
        found = _against(found, path, q.readings)
    return {
        "schema": "vesale/log-verify/1",
        "entries": found.entries,
        "ok": found.ok,
        "first_bad": found.first_bad,
        "what": found.what,
        "log": found.log,
        "hash": found.hash,
        "notes": list(found.notes),
    }


def _show(path: Path, q: Question) -> dict[str, Any]:
    """The newest entries as they stand; an exam is found by its pseudonym, so only where the key is."""
    wanted = None
    if q.exam is not None:
        wanted = _own_key().pseudonym(f"exam {q.exam}")
    known = (e for e in _known(path) if wanted is None or e.document["exam"] == wanted)
    kept = deque(known, maxlen=q.last)
    return {"schema": "vesale/log-show/1", "entries": [{**e.document, "hash": e.hash} for e in kept]}


def _print_anchor(path: Path, q: Question) -> dict[str, Any]:
    """The newest hash, to be kept where who can change this disk cannot: paper, a colleague, a time stamp."""
    found = verify(path, _own_key())
    if not found.ok or found.hash is None:
        raise LogError(f"{path.name}: {found.what or 'no entry yet'}", "an anchor is taken of a log that is whole")
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = f"{found.entries}:{found.hash}"
    return {"schema": "vesale/log-anchor/1", "log": found.log, "entries": found.entries, "time": now, "anchor": text}


def _confirm(path: Path, q: Question) -> dict[str, Any]:
    """Add what a reader made of an answer; the answer's own entry stays as it is."""
    if q.decision not in DECISIONS or not q.entry or len(q.entry) < SHORTEST:
        expected = f"--entry with at least {SHORTEST} digits, and --as {', '.join(DECISIONS)}"
        raise LogError(f"a confirmation needs {expected}", "the entry is evidence.log_entry in prediction.json")
    found = [e for e in _known(path) if e.hash.startswith(q.entry) and e.document["event"] == "read"]
    if len(found) != 1:
        raise LogError(f"{len(found)} readings are logged as {q.entry}", "give the hash whole, and the right log")
    model = found[0].document["model"] or {}
    happening = Happening("confirm", model=model, decision=q.decision, about=found[0].hash, reader=q.reader)
    happening = replace(happening, status=found[0].document["status"], answer=found[0].document["answer"])
    return {"schema": "vesale/log-confirm/1", "about": found[0].hash, "entry": open_log(path).append(happening)}


_DOORS = {"verify": _verify, "show": _show, "anchor": _print_anchor, "confirm": _confirm}


def _key() -> Key | None:
    """The key, if this installation has one: asking a question makes none."""
    return read_key(home()) if (home() / NAME).is_file() else None


def _own_key() -> Key:
    key = _key()
    if key is None:
        raise LogError("the key of this installation is not here", "set VESALE_HOME to where it is")
    return key


def _anchor(text: str) -> Anchor:
    number, _, digest = text.rpartition(":")
    right = all(c in "0123456789abcdef" for c in digest) and SHORTEST <= len(digest) <= HEX
    if not right or not (number == "" or number.isdecimal()):
        raise LogError(f"--anchor {text}: expected NUMBER:HASH", "give what `vesale log anchor` printed")
    return Anchor(digest, int(number) if number else None)


def _known(path: Path) -> Iterator[Entry]:
    if not path.exists():
        raise LogError(f"{path}: no log there", "give the file that `vesale read` wrote to, or VESALE_HOME")
    return (e for e in entries(path) if e is not None)


def _against(found: Verified, path: Path, readings: Path) -> Verified:
    """Whether every answer in a folder is the one that its entry signs."""
    signed = {e.hash: e for e in _known(path) if e.document["event"] == "read"}
    patients = sorted(readings.glob("*/programme.json"))
    steps = [place for patient in patients for place in sorted(patient.parent.glob("*/*/prediction.json"))]
    for place in (*sorted(readings.glob("*/prediction.json")), *patients, *steps):
        name = place.parent.relative_to(readings).as_posix()
        try:
            document = json.loads(place.read_text(encoding="utf-8"))
            by, digest = signature(document)
            entry = signed.get(by or "")
        except (ValueError, KeyError, TypeError, AttributeError):
            return replace(found, ok=False, what=f"{name}/{place.name} is no answer that can be checked")
        if entry is None:
            return replace(found, ok=False, what=f"{name}/{place.name} names no entry of this log")
        if digest != entry.document["answer"]:
            return replace(found, ok=False, first_bad=None, what=f"{name}/{place.name} differs from entry {entry.n}")
        for file, wanted in entry.document["files"].items():
            if not (place.parent / file).is_file() or sha256(place.parent / file) != wanted:
                return replace(found, ok=False, what=f"{name}/{file} differs from entry {entry.n}")
    return found
