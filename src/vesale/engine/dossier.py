"""The dossier of a run: its files read, its user's answers taken up, pages written in both languages."""

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import CohortError, RecipeError
from ..io.package import sha256
from ..render.documents import dumps
from ..render.dossier import CHECKLISTS, Answers, answers_text, dossier_document, gathered
from ..render.dossier_facts import FACTS
from ..render.dossier_page import dossier_page
from ..render.dossier_pdf import can_write_pdf, write_pdf
from ..render.words import LANGUAGES
from .events import Fitted

FOLDER, ANSWERS = "dossier", "answers.toml"
GROWING = (".jsonl", ".head")
"""Files that go on after the dossier is written: a digest of theirs would be wrong the next moment."""
MISSING_PDF = "no PDF: ReportLab is not installed (pip install 'vesale[pdf]')"


@dataclass(frozen=True, slots=True)
class Written:
    """What `write_dossier` left behind."""

    folder: Path
    document: Mapping[str, Any]
    lines: tuple[str, ...]
    """What a terminal says of it."""


def write_dossier(run: Path) -> Written:
    """Write RUN/dossier. CohortError when RUN is no study's; RecipeError when the answers cannot be read."""
    if not (run / "report.json").is_file() and not (run / "model" / "card.json").is_file():
        raise CohortError(f"{run}: no report.json and no model/ there", "give the folder that `vesale study` made")
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    answers = read_answers(run)
    if not (folder / ANSWERS).exists():
        (folder / ANSWERS).write_text(answers_text(), encoding="utf-8")
    documents, wanted = _documents(run), sorted({fact.file for fact in FACTS.values()})
    still = [name for name in wanted if name in documents and Path(name).suffix not in GROWING]
    files = {name: sha256(run / name) for name in still}
    absent = tuple(name for name in wanted if name not in documents)
    made = {language: gathered(documents, answers, files, absent, language) for language in LANGUAGES}
    pdf = can_write_pdf()
    for language, dossier in made.items():
        other = next(f"dossier.{o}.html" for o in LANGUAGES if o != language)
        name = f"dossier.{language}.pdf"
        (folder / f"dossier.{language}.html").write_text(
            dossier_page(dossier, name if pdf else None, other), encoding="utf-8"
        )
        if pdf:
            write_pdf(dossier, folder / name)
    document = dossier_document(made["en"])
    (folder / "dossier.json").write_text(dumps(document), encoding="utf-8")
    return Written(folder, document, _lines(document, folder, pdf))


def read_answers(run: Path) -> Answers:
    """What the user wrote in RUN/dossier/answers.toml; nothing when it is not there. RecipeError says where it errs."""
    path = run / FOLDER / ANSWERS
    if not path.is_file():
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{FOLDER}/{ANSWERS}: {error}", "an answer is text between quotes") from None
    known = {c.name: [i.number for i in c.items] for c in CHECKLISTS}
    for table, own in document.items():
        if table not in known or not isinstance(own, dict):
            raise RecipeError(f"{FOLDER}/{ANSWERS}: {table}: no such list", f"the lists are {', '.join(known)}")
        for number, text in own.items():
            _must_be_an_answer(table, number, text, known[table])
    return document


def _must_be_an_answer(table: str, number: str, text: Any, known: list[str]) -> None:
    where = f'{FOLDER}/{ANSWERS}: {table}."{number}"'
    if number not in known:
        near = difflib.get_close_matches(number, known, n=1)
        raise RecipeError(
            f"{where}: no such item", f"did you mean {near[0]}?" if near else "see the page of the dossier"
        )
    if not isinstance(text, str):
        raise RecipeError(f"{where}: expected text, found {type(text).__name__}", "write it between quotes")


def _documents(run: Path) -> dict[str, Any]:
    """Every file that a fact may rest on and that is there, as data."""
    found: dict[str, Any] = {}
    for name in {fact.file for fact in FACTS.values()}:
        path = run / name
        if path.is_file():
            found[name] = _OPENERS.get(path.suffix, _json)(path)
    return found


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _toml(path: Path) -> Any:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _events(path: Path) -> Any:
    """part -> the last fit of it that the events tell of."""
    fitted: dict[str, Any] = {}
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            event = json.loads(line)
            if event["event"] == Fitted.__name__:
                fitted[event["part"]] = event
    return {"fitted": fitted}


_OPENERS = {".toml": _toml, ".jsonl": _events}


def _lines(document: Mapping[str, Any], folder: Path, pdf: bool) -> tuple[str, ...]:
    total = {s: sum(c[s] for c in document["counts"].values()) for s in ("measured", "user", "part", "open")}
    said = (
        f"{total['measured']} items answered by measurement, {total['user']} by you, {total['part']} measured in part, "
        f"{total['open']} unanswered"
    )
    kind = "pdf" if pdf else "html"
    paths = [f"dossier  {folder / f'dossier.{language}.{kind}'}" for language in LANGUAGES]
    return (said, *paths, f"answers  {folder / ANSWERS}", *(() if pdf else (MISSING_PDF,)))
