"""A programme ready to be run: its data, the packages of its steps, and what was calibrated, if it was.

A programme is a TOML file, or a package that `vesale study ... --programme` wrote of one. It is run by programme.py.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import NotRegistered, PackageError, RecipeError
from ..core.programme import Programme, load_programme
from ..core.screened import Why
from ..io.package import PROGRAMME, model_digest, open_package, sha256, write_manifest
from ..ops.measurements import MEASUREMENTS
from ..render.documents import dumps, plain
from ..render.programme_card import ProgrammeCard, card_markdown
from ..trust.set_aside import ProgrammeTrust, from_documents, to_document
from .opened import OpenedModel, open_model

Finder = Callable[[Path | str], Path]
"""Name or path of a package -> its path; NotRegistered when there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenedProgramme:
    programme: Programme
    models: Mapping[str, OpenedModel]
    """Step -> its package; a step whose package is not at hand is not in it."""
    absent: Mapping[str, Why]
    """Step -> why it has no package."""
    trust: ProgrammeTrust | None
    """None: read from a plain TOML, so nothing is promised."""
    identity: Mapping[str, str]
    """name, version, digest"""
    source: Path
    """The TOML that it was read from."""
    keep: Any = field(default=None, repr=False)

    @property
    def changed(self) -> tuple[str, ...]:
        """Steps that another package answers than the one that the promise was calibrated with."""
        wanted = self.trust.packages if self.trust else {}
        here = {name: model.identity["digest"] for name, model in self.models.items()}
        return tuple(name for name in sorted({*wanted, *here}) if wanted.get(name) != here.get(name))


def open_programme(path: Path, find: Finder, overrides: tuple[str, ...] = ()) -> OpenedProgramme:
    """Open a programme and the packages of its steps.

    PackageError when a needed step has no package here, or when anything of a package was changed; RecipeError when the
    TOML is no programme.
    """
    if path.is_file() and path.suffix == ".toml":
        programme, trust = load_programme(path, overrides), None
        identity = {"name": programme.name, "version": programme.version, "digest": sha256(path)[:16]}
        source, keep = path, None
    else:
        package = open_package(path)
        source, keep = package.folder / PROGRAMME, package.keep
        if not source.is_file():
            raise PackageError(f"{path.name}: a model, and no programme", "give a programme's TOML or package")
        programme = load_programme(source)
        trust = from_documents(package.document("trust.json"), package.document("fusion.json"))
        identity = {"name": programme.name, "version": programme.version, "digest": package.digest}
    for step in programme.steps:
        if step.measure is not None:
            _ = MEASUREMENTS[step.measure]  # one that there is not is told before anything is read
    models, absent = _packages(programme, source, find)
    return OpenedProgramme(programme, models, absent, trust, identity, source, keep)


def _packages(programme: Programme, source: Path, find: Finder) -> tuple[dict[str, OpenedModel], dict[str, Why]]:
    models: dict[str, OpenedModel] = {}
    absent: dict[str, Why] = {}
    for step in programme.steps:
        if step.model is None:
            continue
        try:
            beside = source.parent / step.model
            models[step.name] = open_model(beside if beside.exists() else find(step.model))
        except (NotRegistered, PackageError) as error:
            if step.needed:
                message = f"{programme.name}: the step {step.name} needs the package {step.model}: {error.message}"
                raise PackageError(message, "put the package into VESALE_HOME/models, or name its path") from None
            if isinstance(error, PackageError):
                raise
            absent[step.name] = Why("programme.why.no_package", {"model": step.model})
    return models, absent


def write_programme(folder: Path, programme: str, trust: ProgrammeTrust, card: ProgrammeCard) -> str:
    """Write a programme's package from its TOML text; returns its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    (folder / PROGRAMME).write_text(programme, encoding="utf-8")
    fusion = {"schema": "vesale/fusion/1", "fusion": None if trust.fusion is None else asdict(trust.fusion)}
    (folder / "fusion.json").write_text(dumps(plain(fusion)) + "\n", encoding="utf-8")
    (folder / "trust.json").write_text(dumps(plain(to_document(trust))) + "\n", encoding="utf-8")
    digest = model_digest({p.name: sha256(p) for p in folder.iterdir()})
    document = {"schema": "vesale/programme-card/1", "digest": digest, **plain(asdict(card))}
    (folder / "card.json").write_text(dumps(document) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card_markdown(card, digest), encoding="utf-8")
    write_manifest(folder)
    return digest


def digests_of(answers: Mapping[str, Path], models: Mapping[str, OpenedModel]) -> dict[str, str]:
    """Step -> digest of the package that will answer; where out-of-fold answers were given, of that study's package.

    RecipeError when a study's answers were given for a step that another package than the study's will answer.
    """
    found = {name: str(model.identity["digest"]) for name, model in models.items()}
    for step, run in answers.items():
        card = run / "model" / "card.json"
        if step not in found:
            raise RecipeError(f"--answers {step}: no step of that name has a package", f"steps: {', '.join(found)}")
        if card.is_file() and json.loads(card.read_text(encoding="utf-8"))["digest"] != found[step]:
            message = f"--answers {step}: {run.name} made another package than the one that will answer"
            raise RecipeError(message, "give the run of the package that the programme names")
    return found
