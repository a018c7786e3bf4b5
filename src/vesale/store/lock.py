"""One process at a time: a lock on a file beside the file that is written. The only calls of one system or another."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import LogError

PATIENCE = 60.0
"""Seconds for which another process may hold the lock before it is said to be stuck."""
PAUSE = 0.002

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _give(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _give(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of `path` (the file `path.lock`); freed by the system when a process dies.

    LogError when another process holds it longer than `patience` seconds; OSError when it cannot be made.
    """
    handle = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        began = time.monotonic()
        while not _take(handle):
            if time.monotonic() - began > patience:
                message = f"{path.name}: another process has held its lock for {patience:.0f} s"
                raise LogError(message, "look whether a `vesale` hangs; the lock goes with it")
            time.sleep(PAUSE)
        try:
            yield
        finally:
            _give(handle)
    finally:
        os.close(handle)
