"""What is told on stderr while a command runs: stages, a live line for training, a bar for reading."""

import sys
import time
from types import TracebackType
from typing import Self

from ..engine.events import Event, Fitted, Progress, Staged, Started, Validated
from ..engine.programme_run import ReadPatient
from ..verbs.read import ReadOne

PLAIN_EVERY = 15.0
"""Seconds between lines of progress where stderr is no terminal."""
PATIENCE = 2.0
"""Seconds before a bar is shown."""


class Story:
    """Listens to events; on a terminal the last line is rewritten, else a line is written now and then."""

    def __init__(self, quiet: bool) -> None:
        self.quiet, self.live = quiet, sys.stderr.isatty()
        self.metric, self.told, self.open = "", 0.0, False
        self.began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def hear(self, event: Event) -> None:
        match event:
            case Staged():
                self.line(f"{event.stage}: {event.message}")
            case Started():
                again = f", going on at step {event.resumed_at}" if event.resumed_at else ""
                self.metric = ""
                self.line(
                    f"{event.part}: {event.exams} images, {event.parameters:,} weights, {event.steps} steps{again}"
                )
            case Validated():
                self.metric = f"  {event.metric} {event.value:.3f} (held out)"
            case Progress():
                left = f"{int(event.seconds_left // 60)}:{int(event.seconds_left % 60):02d}"
                self.rewrite(
                    f"{event.part}  step {event.step}/{event.steps}  epoch {event.epoch:.1f}  loss {event.loss:.3f}"
                    f"{self.metric}  {left} left",
                    last=event.step == event.steps,
                )
            case Fitted():
                self.line(f"{event.part}: done in {event.seconds:.0f} s")

    def read(self, done: ReadOne | ReadPatient) -> None:
        name = done.prediction.exam if isinstance(done, ReadOne) else done.patient.subject
        self.explained(done.number, done.of, name)

    def explained(self, number: int, of: int, exam: str) -> None:
        self.rewrite(_bar(number, of, exam), last=number == of)

    def bar(self, what: str, number: int, of: int) -> None:
        """Files looked at, pairs compared; silent until `PATIENCE` has passed."""
        if number <= 1:
            self.began = time.monotonic()
        if time.monotonic() - self.began > PATIENCE:
            self.rewrite(_bar(number, of, what), last=False)

    def line(self, text: str) -> None:
        if not self.quiet:
            self._end()
            print(text, file=sys.stderr, flush=True)

    def rewrite(self, text: str, last: bool) -> None:
        if self.quiet:
            return
        if self.live:
            print(f"\r\x1b[K{text[:118]}", end="", file=sys.stderr, flush=True)
            self.open = True
        elif last or time.monotonic() - self.told > PLAIN_EVERY:
            self.told = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    def _end(self) -> None:
        if self.open:
            print(file=sys.stderr, flush=True)
            self.open = False


def _bar(number: int, of: int, what: str) -> str:
    whole = 24
    filled = round(whole * number / of)
    return f"[{'#' * filled}{'.' * (whole - filled)}] {number}/{of}  {what}"
