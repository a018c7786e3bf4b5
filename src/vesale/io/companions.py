"""Which further files an image in a table needs: a detached header's data, a pair's image, a run's events and mask."""

from collections.abc import Callable, Mapping
from pathlib import Path

from vesale.core.errors import SourceError

from .address import address_of, split


def companions(path: Path) -> tuple[Path, ...]:
    """The files that hold what `path` (with or without a fragment) names, in order; itself alone if damaged."""
    try:
        address = address_of(path)
        if address is not None:
            if not address.file.name.endswith((".nii", ".nii.gz")):
                return (address.file,)
            from . import events

            return events.companions(address)
        return _BESIDE.get(path.suffix.casefold(), _alone)(path)
    except (SourceError, OSError):
        return (Path(split(path)[0]),)


def _alone(path: Path) -> tuple[Path, ...]:
    return (path,)


def _metaimage(path: Path) -> tuple[Path, ...]:
    from . import metaimage

    return (path, metaimage.data_file(path))


def _nrrd(path: Path) -> tuple[Path, ...]:
    from . import nrrd

    return (path, nrrd.data_file(path))


def _pair(path: Path) -> tuple[Path, ...]:
    from . import analyze

    return analyze.pair(path)


_BESIDE: Mapping[str, Callable[[Path], tuple[Path, ...]]] = {
    ".mhd": _metaimage,
    ".nhdr": _nrrd,
    ".hdr": _pair,
    ".img": _pair,
}
