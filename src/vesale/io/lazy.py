"""What every reader shares: a source whose pixels wait, a file's digest, and the guard around foreign decoders."""

import hashlib
import logging
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vesale.core.errors import ShapeError, SourceError, VesaleError
from vesale.core.grid import Box, Grid
from vesale.core.image import Array, Description, Image, Provenance, Step

_LONGEST = 200
AGAIN = "open it in another viewer; if that fails too, export or copy it again"
_TALKERS = ("tifffile", "pydicom", "nibabel.global", "highdicom")
_ALONE = threading.RLock()


@dataclass(frozen=True, slots=True)
class Deferred:
    """A Source with one level whose samples are decoded at `read`; it survives pickling if `load` does."""

    description: Description
    channels: tuple[str, ...]
    levels: tuple[Grid, ...]
    load: Callable[[Box], Array]
    """Samples (channel, *box.shape) of a box of level 0."""

    def read(self, box: Box | None = None, level: int = 0) -> Image:
        """Samples of `box`, decoded now and not kept. SourceError when the file is damaged."""
        if level != 0:
            raise ShapeError(f"this source has one level, not level {level}")
        grid, provenance = self.levels[0], Provenance(self.description.sha256)
        if box is None:
            data = self._loaded(Box((0,) * len(grid.shape), grid.shape))
            return Image(data, grid, "intensity", self.channels, provenance)
        cropped = grid.crop(box)
        step = Step("crop", (("start", str(box.start)), ("stop", str(box.stop))))
        return Image(self._loaded(box), cropped, "intensity", self.channels, provenance.then(step))

    def _loaded(self, box: Box) -> Array:
        """Samples of a box, after a look at whether there are as many as the header promised."""
        about = self.description
        path = about.files[0] if about.files else Path("the image")
        with reading(path, about.format.upper(), quote=about.format != "dicom"):
            data = self.load(box)
        if data.shape != (len(self.channels), *box.shape):
            found = f"samples of shape {data.shape} where {(len(self.channels), *box.shape)} were promised"
            raise SourceError(f"{path}: {found}", AGAIN)
        return data


def digest(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    with reading(path, "a file"), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_files(paths: Sequence[Path]) -> str:
    """sha256 of one file's bytes; of several, over their digests in order."""
    if len(paths) == 1:
        return digest(paths[0])
    return hashlib.sha256("".join(digest(p) for p in paths).encode()).hexdigest()


@contextmanager
def reading(path: Path, what: str, remedy: str = AGAIN, quote: bool = True) -> Iterator[None]:
    """Turn whatever a decoder raises into a SourceError that names the file; `quote=False` hides the decoder's words,
    which may hold values of the header."""
    try:
        yield
    except VesaleError:
        raise
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror}", "check the path and its permissions") from None
    except MemoryError:
        raise SourceError(f"{path}: too large for this machine's memory", "read it on a larger machine") from None
    except Exception as error:  # decoders raise anything on damaged bytes, and one bad file must not stop a batch
        words = " ".join(str(error).split()) if quote else ""
        cause = f"{type(error).__name__}: {words[:_LONGEST]}" if words else type(error).__name__
        raise SourceError(f"{path}: cannot be read as {what} ({cause})", remedy) from None


@contextmanager
def quiet() -> Iterator[None]:
    """No warning or log line of a decoder leaves this block; both belong to the process, so one thread at a time."""
    with _ALONE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        levels = {name: logging.getLogger(name).level for name in _TALKERS}
        try:
            for name in levels:
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)


def plural(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
