"""The key of an installation: 32 random bytes in VESALE_HOME that seal its log and make its pseudonyms."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import LogError
from .lock import locked

NAME = "log.key"
BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """Who holds it can seal entries and find an exam's; it is never printed."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """16 hex digits that name the key and do not give it away."""
        return _mac(self.secret, "id", b"")[:16]

    def seal(self, text: bytes) -> str:
        """HMAC-SHA256 of what stands in the log (RFC 2104)."""
        return _mac(self.secret, "seal", text)

    def pseudonym(self, name: str) -> str:
        """32 hex digits for an exam or a reader: the same for the same name here, and nothing to anyone else."""
        return _mac(self.secret, "pseudonym", name.encode())[:32]


def read_key(folder: Path) -> Key:
    """The key of an installation, made at first use (mode 600). LogError when the file holds none; OSError as usual."""
    path = folder / NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with locked(path):
            if not path.exists():
                _make(path)
    text = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != BYTES:
        message = f"{NAME}: expected {2 * BYTES} hex digits, found {len(text)} characters that are none"
        raise LogError(message, "put the key of this installation back from a copy; without it no log can be sealed")
    return Key(secret)


def _make(path: Path) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_bytes(BYTES).hex() + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def _mac(secret: bytes, purpose: str, text: bytes) -> str:
    """One key a purpose, so that no pseudonym can be passed off as a seal."""
    own = hmac.digest(secret, b"vesale/log/1 " + purpose.encode(), hashlib.sha256)
    return hmac.digest(own, text, hashlib.sha256).hex()
