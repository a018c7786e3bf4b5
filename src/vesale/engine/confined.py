"""Files of strangers parsed in a child process that has little memory and little time; whatever a decoder does there,
the batch goes on. What is parsed is the readers' business.
"""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from ..core.errors import SourceError, VesaleError
from ..core.grid import Box, Grid
from ..core.image import Description, Image, Source
from ..io import READERS, open_source
from ..ops.machine import limit_memory

T = TypeVar("T")
MEMORY = 2 * 2**30
"""Bytes that a file may take beyond what the readers themselves need."""
SECONDS = 120.0
"""How long one file may take to open, or one box to decode."""
START = 300.0
"""Seconds that a child may need until it listens."""
REMEDY = "the file is damaged or hostile: get it again from where it came from"


class Confinement:
    """One child process for as many calls as wanted, begun anew when it died; use it in a `with` block.

    A limit of memory is set where the system has one for a process (Linux, macOS); the limit of time holds everywhere.
    """

    def __init__(self, memory: int = MEMORY, seconds: float = SECONDS) -> None:
        self.memory, self.seconds = memory, seconds
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def call(self, what: str, function: Callable[..., T], *arguments: Any) -> T:
        """`function(*arguments)`, found by its module and name, there; `what` is the file as the user knows it.

        VesaleErrors come back as they are; SourceError when the child crashes, takes too long or too much memory.
        """
        pipe = self._listening()
        try:
            pipe.send((function, arguments))
            if not pipe.poll(self.seconds):
                self._end()
                raise SourceError(f"{what}: not read after {self.seconds:g} s", REMEDY)
            good, answer = pipe.recv()
        except (EOFError, OSError):
            code = self._end()
            raise SourceError(f"{what}: the reader was stopped by the system ({_died(code)})", REMEDY) from None
        if good:
            return answer  # type: ignore[no-any-return]
        raise answer

    def open_source(self, path: Path | str) -> Source:
        """`vesale.io.open_source` there; every later read of it is done there, too."""
        source = self.call(str(path), open_source, Path(path))
        return ConfinedSource(source, self)

    def _listening(self) -> "Connection[Any, Any]":
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self._end()
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(far, self.memory), daemon=True)
        self._process.start()
        far.close()
        try:
            if not self._pipe.poll(START):
                raise EOFError
            self._pipe.recv()
        except (EOFError, OSError):
            code = self._end()
            raise SourceError(f"no process to read in could be started ({_died(code)})", "close programs") from None
        return self._pipe

    def _end(self) -> int | None:
        """Kill the child, and say how it ended."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is None:
            return None
        process.join(0.5)
        if process.is_alive():
            process.kill()
            process.join()
        return process.exitcode


@dataclass(frozen=True, slots=True)
class ConfinedSource:
    """A source whose pixels are decoded in the child."""

    source: Source
    confinement: Confinement

    @property
    def description(self) -> Description:
        return self.source.description

    @property
    def channels(self) -> tuple[str, ...]:
        return self.source.channels

    @property
    def levels(self) -> tuple[Grid, ...]:
        return self.source.levels

    def read(self, box: Box | None = None, level: int = 0) -> Image:
        files = self.description.files
        return self.confinement.call(str(files[0]) if files else "the file", _read, self.source, box, level)


def _read(source: Source, box: Box | None, level: int) -> Image:
    return source.read(box, level)


def _died(code: int | None) -> str:
    if code is None:
        return "it never started"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _serve(pipe: "Connection[Any, Any]", memory: int) -> None:
    """The child: answer calls until the pipe closes."""
    for name in READERS:  # their libraries are loaded first, so that the limit is left to the files
        READERS[name]
    limit_memory(memory)
    pipe.send("ready")
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, function(*arguments)))
        except VesaleError as error:
            pipe.send((False, error))
        except MemoryError:
            pipe.send((False, SourceError("it takes more memory than it may", REMEDY)))
        except Exception as error:  # a decoder's own exceptions may not survive the pipe: their words do
            words = " ".join(str(error).split())[:200]
            pipe.send((False, SourceError(f"cannot be read ({type(error).__name__}: {words})", REMEDY)))
