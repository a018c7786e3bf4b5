"""`vesale list models`: the packages at hand: the zoo (`vesale-zoo`, when installed) and VESALE_HOME/models."""

import difflib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..core.errors import NotRegistered, PackageError
from ..io.package import MANIFEST, PROGRAMME, open_package
from ..io.programme_file import is_programme
from ..store.home import home


def list_models() -> dict[str, Any]:
    """The document of INTERFACES' `vesale list models`; packages that cannot be opened are left out and named."""
    models, broken = [], []
    for path in _packages():
        try:
            package = open_package(path)
            card = package.document("card.json")
        except PackageError as error:
            broken.append({"path": path.as_posix(), "message": error.message})
            continue
        models.append(
            {
                **{key: card.get(key) for key in ("name", "version")},
                "digest": package.digest,
                "outputs": _outputs(package.folder),
                "modalities": card.get("modalities", []),
                "bytes": sum(p.stat().st_size for p in package.folder.iterdir()),
                "path": path.as_posix(),
                **{key: card.get(key) for key in ("licence", "use", "data", "citation", "measures")},
            }
        )
    return {"schema": "vesale/models/1", "models": models, "broken": broken, "programmes": list_programmes()}


def find_model(named: Path | str) -> Path:
    """The path of a package: as given when it exists, else the model of that name (its folder's, its zip's or, as
    `list_models` shows it, its card's); NotRegistered lists near misses."""
    path = Path(named)
    if path.exists():
        return path
    known = {p.stem if p.suffix == ".zip" else p.name: p for p in _packages()}
    if str(named) not in known:
        known |= {str(m["name"]): Path(m["path"]) for m in reversed(list_models()["models"])}
    if str(named) in known:
        return known[str(named)]
    near = difflib.get_close_matches(str(named), known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
    raise NotRegistered(f"no model package at {named}, and no model of that name; {hint}", "see `vesale list models`")


def list_programmes() -> list[dict[str, Any]]:
    """Programmes at hand: those that come with vesale, those of VESALE_HOME/programmes, and calibrated packages."""
    found = []
    for path in _programmes():
        calibrated = path.suffix != ".toml"
        name = path.name if calibrated else path.stem
        found.append({"name": name, "path": path.as_posix(), "calibrated": calibrated})
    return found


def find_programme(named: Path | str) -> Path | None:
    """The path of a programme: as given when it is one, else the one of that name, a calibrated one before a plain
    one; None where it is no programme."""
    path = Path(named)
    if path.exists():
        return path if is_programme(path) else None
    return next((p for p in _programmes() if str(named) in (p.name, p.stem)), None)


def _programmes() -> Iterator[Path]:
    for folder in _shelves():
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_dir() and is_programme(path):
                yield path
    inside = Path(__file__).parents[1] / "programmes"
    for folder in (home() / "programmes", inside if inside.is_dir() else Path(__file__).parents[3] / "programmes"):
        yield from sorted(folder.glob("*.toml")) if folder.is_dir() else ()


def _outputs(folder: Path) -> dict[str, str]:
    import tomllib

    pipeline = tomllib.loads((folder / "pipeline.toml").read_text(encoding="utf-8"))
    return {name: output["kind"] for name, output in pipeline["task"]["outputs"].items()}


def _packages() -> Iterator[Path]:
    for folder in _shelves():
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if ((path / MANIFEST).is_file() or path.suffix == ".zip") and not (path / PROGRAMME).is_file():
                yield path


def _shelves() -> Iterator[Path]:
    yield home() / "models"
    zoo = find_spec("vesale_zoo")
    for place in (zoo.submodule_search_locations or []) if zoo else []:
        yield Path(place) / "models"
