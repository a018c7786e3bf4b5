"""What happens, into the log of the installation: a reading goes on when its log cannot be written, and says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..core.errors import LogError
from ..core.prediction import Prediction
from ..io.package import sha256
from ..render.documents import prediction_document
from ..store.entry import Happening, canonical_digest
from ..store.log import Log, open_log

UNSIGNED = ("log_entry", "explanation")
"""Of the evidence in a prediction.json: what comes after its entry is made, so no part of what the entry signs."""


@dataclass(slots=True)
class Logbook:
    """The log of one command. After a first failure nothing more is tried, so that nobody waits for a dead disk."""

    log: Log | None
    failure: str | None = None
    written: int = 0
    missed: int = 0
    head: str | None = None
    """Hash of the last entry that was added here."""

    def add(self, happening: Happening) -> str | None:
        """The hash of the new entry; None when there is no log, or it cannot be written."""
        if self.log is None or self.failure is not None:
            self.missed += self.failure is not None
            return None
        try:
            self.head = self.log.append(happening)
        except (LogError, OSError) as error:
            self.failure, self.missed = _said(self.log.path, error), self.missed + 1
            return None
        self.written += 1
        return self.head

    def settle(self) -> None:
        """Wait for the disk, where appends did not."""
        if self.log is not None and self.failure is None:
            try:
                self.log.settle()
            except OSError as error:
                self.failure = _said(self.log.path, error)

    @property
    def document(self) -> dict[str, Any]:
        """How the log fared, for a summary."""
        status = "off" if self.log is None and not self.failure else "failed" if self.failure else "written"
        return {
            "status": status,
            "entries": self.written,
            "missed": self.missed,
            "head": self.head,
            "message": self.failure,
        }


def open_logbook(path: Path | None, durable: bool = True) -> Logbook:
    """The book of that log; `path` None keeps none. A log that cannot be opened is told in `failure`."""
    if path is None:
        return Logbook(None)
    try:
        return Logbook(open_log(path, durable))
    except (LogError, OSError) as error:
        return Logbook(None, _said(path, error))


def sign(prediction: Prediction, folder: Path, files: Sequence[str], book: Logbook) -> Prediction:
    """The prediction with the hash of its entry; `files`: names in `folder` that were written with it."""
    p = prediction
    entry = book.add(
        Happening(
            "read",
            exam=p.exam,
            inputs=tuple(seen.sha256 for seen in p.evidence.inputs),
            model=p.evidence.model,
            status=p.status,
            reasons=tuple(reason.code for reason in p.reasons),
            answer=answer_digest(prediction_document(p)),
            files={name: sha256(folder / name) for name in files},
        )
    )
    return replace(p, evidence=replace(p.evidence, log_entry=entry))


STUDIED = ("recipe.toml", "check.json", "report.json", "model/MANIFEST.json")


def study_entry(run: Path, model: Mapping[str, str]) -> Happening:
    """A study as its log names it: the digests of what it left behind."""
    files = {name: sha256(run / name) for name in STUDIED if (run / name).is_file()}
    return Happening("study", model=model, answer=files.get("report.json"), files=files)


COMMISSIONED = ("check.json", "acceptance.json", "model/MANIFEST.json")


def commission_entry(out: Path, model: Mapping[str, str]) -> Happening:
    """A commissioning as its log names it: the site's package, and the digests of what was written beside it."""
    files = {name: sha256(out / name) for name in COMMISSIONED if (out / name).is_file()}
    return Happening("commission", model=model, answer=files.get("acceptance.json"), files=files)


def answer_digest(document: dict[str, Any]) -> str:
    """What an entry signs of a prediction.json (parsed): everything but what is added to its evidence later."""
    evidence = {k: v for k, v in document["evidence"].items() if k not in UNSIGNED}
    return canonical_digest({**document, "evidence": evidence})


def sign_patient(document: Mapping[str, Any], inputs: Sequence[str], book: Logbook) -> dict[str, Any]:
    """programme.json with the hash of its entry as `log_entry`; `inputs`: sha256 of every photograph that was read."""
    entry = book.add(
        Happening(
            "read",
            exam=document["subject"],
            inputs=tuple(inputs),
            model=document["programme"],
            status=document["status"],
            reasons=tuple(dict.fromkeys(reason["code"] for reason in document["reasons"])),
            answer=canonical_digest(document),
        )
    )
    return {**document, "log_entry": entry}


def signature(document: dict[str, Any]) -> tuple[str | None, str]:
    """(hash of its entry, digest that the entry signs) of a prediction.json or a programme.json, parsed."""
    if "programme" in document:
        return document["log_entry"], canonical_digest({k: v for k, v in document.items() if k != "log_entry"})
    return document["evidence"]["log_entry"], answer_digest(document)


def _said(path: Path, error: Exception) -> str:
    """One line that names the file and not its folder, which may bear somebody's name."""
    if isinstance(error, LogError):
        return error.message + (f" ({error.remedy})" if error.remedy else "")
    reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return f"{path.name}: {reason}"
