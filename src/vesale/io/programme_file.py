"""Whether a path holds a programme: a TOML of one, or its package. What it says is core/programme.py."""

import zipfile
from pathlib import Path

from .package import MANIFEST, PROGRAMME


def is_programme(path: Path) -> bool:
    """A TOML file, or a package (a folder, or the same zipped) that holds one."""
    if path.is_dir():
        return (path / PROGRAMME).is_file() and (path / MANIFEST).is_file()
    if not path.is_file():
        return False
    return path.suffix == ".toml" or (path.suffix == ".zip" and _zipped(path))


def _zipped(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return PROGRAMME in {Path(name).name for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError):
        return False
