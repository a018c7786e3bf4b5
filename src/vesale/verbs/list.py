"""`vesale list models`: the packages at hand: the zoo (`vesale-zoo`, when installed) and VESALE_HOME/models."""

import difflib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..core.errors import NotRegistered, PackageError
from ..io.package import MANIFEST, open_package
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
    return {"schema": "vesale/models/1", "models": models, "broken": broken}


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


def _outputs(folder: Path) -> dict[str, str]:
    import tomllib

    pipeline = tomllib.loads((folder / "pipeline.toml").read_text(encoding="utf-8"))
    return {name: output["kind"] for name, output in pipeline["task"]["outputs"].items()}


def _packages() -> Iterator[Path]:
    for folder in _shelves():
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if (path / MANIFEST).is_file() or path.suffix == ".zip":
                yield path


def _shelves() -> Iterator[Path]:
    yield home() / "models"
    zoo = find_spec("vesale_zoo")
    for place in (zoo.submodule_search_locations or []) if zoo else []:
        yield Path(place) / "models"
