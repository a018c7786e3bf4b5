"""A model package: a folder (or the same zipped) whose MANIFEST.json names the sha256 of every other file.

What the files mean is known to the engine; here they are bytes that must not have changed.
"""

import hashlib
import json
import shutil
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import PackageError

MANIFEST = "MANIFEST.json"
SCHEMA = "vesale/manifest/1"
FILES = (
    "model.onnx",
    "pipeline.toml",
    "recipe.toml",
    "card.json",
    "card.md",
    "trust.json",
    "trust.npz",
    "selftest.npz",
    "weights.safetensors",
)
IDENTITY = ("model.onnx", "pipeline.toml", "trust.json", "trust.npz")
"""The files whose bytes make a model what it is; its digest covers these."""
PROGRAMME = "programme.toml"
"""What a package holds that is a calibrated programme and no model."""
PROGRAMME_FILES = (PROGRAMME, "fusion.json", "trust.json", "card.json", "card.md")
PROGRAMME_IDENTITY = (PROGRAMME, "fusion.json", "trust.json")
LARGEST = 8 << 30


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package: every file was there and had the bytes that the manifest says."""

    folder: Path
    digest: str
    files: Mapping[str, str]
    """Name -> sha256."""
    keep: Any = None
    """What holds a temporary folder alive, for a zipped package."""

    def document(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except ValueError as error:
            raise PackageError(f"{name}: not valid JSON ({error})", "get the package again") from None
        if not isinstance(value, dict):
            raise PackageError(f"{name}: expected a table", "get the package again")
        return value


def model_digest(files: Mapping[str, str]) -> str:
    """The digest that predictions name: 16 hex digits over the files that decide what a model (a programme) answers."""
    decisive = PROGRAMME_IDENTITY if PROGRAMME in files else IDENTITY
    return hashlib.sha256("".join(files[name] for name in decisive).encode()).hexdigest()[:16]


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """Close a package: the sha256 of every file that lies in it."""
    files = {p.name: sha256(p) for p in sorted(folder.iterdir()) if p.name != MANIFEST}
    text = json.dumps({"schema": SCHEMA, "files": files}, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def open_package(path: Path) -> Package:
    """Check every byte of a package; PackageError says which file is missing, changed or not listed."""
    if path.is_file() and zipfile.is_zipfile(path):
        keep = _Scratch()
        _unzip(path, keep.folder)
        return _checked(keep.folder, path.name, keep)
    if not path.is_dir():
        raise PackageError(
            f"{path}: no model package there", "give the folder that `vesale study` calls model/, or its zip"
        )
    return _checked(path, path.name or str(path), None)


class _Scratch:
    """A temporary folder that goes when nobody holds it any more, without a warning that it went."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vesale-model-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


def _checked(folder: Path, name: str, keep: Any) -> Package:
    if not (folder / MANIFEST).is_file():
        raise PackageError(f"{name}: no {MANIFEST}, so this is no model package", "give the folder called model/")
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {str(k): str(v) for k, v in manifest["files"].items()}
    except (ValueError, KeyError, AttributeError, TypeError):
        raise PackageError(f"{name}: {MANIFEST} cannot be read", "get the package again") from None
    if manifest.get("schema") != SCHEMA:
        found = manifest.get("schema")
        raise PackageError(f"{name}: expected schema {SCHEMA}, found {found!r}", "use the version that wrote it")
    wanted = dict.fromkeys((*(PROGRAMME_FILES if PROGRAMME in files else FILES), *files))
    faults = [f"{f} is missing" for f in wanted if f not in files or not (folder / f).is_file()]
    faults += [f"{f} is changed" for f, digest in files.items() if _differs(folder, f, digest)]
    faults += [f"{p.name} is not listed" for p in folder.iterdir() if _unlisted(p, files)]
    if faults:
        raise PackageError(
            f"{name}: {'; '.join(faults)}", "do not use it: get the package again from where it was made"
        )
    return Package(folder, model_digest(files), files, keep)


def _differs(folder: Path, name: str, digest: str) -> bool:
    path = folder / name
    plain = "/" not in name and "\\" not in name and name not in ("", ".", "..")
    return not plain or (path.is_file() and sha256(path) != digest)


def _unlisted(path: Path, files: Mapping[str, str]) -> bool:
    return path.name != MANIFEST and path.name not in files and not path.name.startswith(".")


def _unzip(path: Path, folder: Path) -> None:
    """Extract flat names only; a package holds no folders but its own."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [i for i in archive.infolist() if not i.is_dir()]
            if sum(i.file_size for i in infos) > LARGEST or len(infos) > 100:
                raise PackageError(f"{path.name}: too large for a model package", "check what was zipped")
            for info in infos:
                (folder / Path(info.filename).name).write_bytes(archive.read(info))
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError, ValueError) as error:
        raise PackageError(f"{path.name}: cannot be unzipped ({error})", "get the package again") from None
