"""The page of a run of `vesale read`: one row an exam, its picture the largest thing; images are linked, not held."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from ..core.prediction import GateVerdict, Reason, Status
from .documents import Summary, timestamp
from .gate_section import exam_view
from .gate_words import translated
from .page import page
from .text import reason_line
from .words import NO_BREAK, clock, counted, integer, say


@dataclass(frozen=True, slots=True)
class MapShown:
    """A map beside an answer, and whether it passed its checks: only then it is offered as a reason."""

    picture: str
    """Relative to the page."""
    passed: bool
    verdict: str
    """In words."""


@dataclass(frozen=True, slots=True)
class ExamRow:
    """What the page shows of one exam; paths are POSIX, relative to the page."""

    exam: str
    status: Status
    reasons: tuple[Reason, ...] = ()
    answers: tuple[str, ...] = ()
    """One line an output, with its uncertainty: `text.answer_lines`."""
    overlay: str | None = None
    """overlay.png, or a thumbnail where nothing is outlined."""
    prediction: str | None = None
    files: tuple[str, ...] = ()
    reasons_map: MapShown | None = None
    """Where the model looked, when that was asked."""
    gate: GateVerdict | None = None
    news: tuple[str, ...] = ()
    """What no training exam had."""


def index_page(summary: Summary, rows: Sequence[ExamRow], language: str = "en") -> str:
    """Failures with cause and remedy first, then every exam as given, then the model and the run."""
    return page(
        "index.html.j2",
        language,
        title=say("reading.title", language, model=summary.model.get("name") or say("unknown", language)),
        counts=_counts(summary, language),
        failures=summary.failures,
        unlogged=_unlogged(summary, language),
        rows=[_row(row, language) for row in rows],
        facts=_facts(summary, language),
    )


def _unlogged(summary: Summary, language: str) -> str:
    """What is said, loudly, when readings are missing from the log; empty when none is."""
    if summary.log is None or summary.log["status"] != "failed":
        return ""
    return say("log.unlogged.text", language, missed=summary.log["missed"], why=summary.log["message"])


def linked(path: str) -> str:
    """A relative path as the address of a link; a ValueError when it leaves the page's folder or names a host."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not path:
        raise ValueError(f"{path!r} is not a path below the page")
    return f"./{quote(parts.as_posix())}"


def _row(row: ExamRow, language: str) -> dict[str, object]:
    return {
        "exam": row.exam,
        "status": row.status,
        "status_name": say(f"status.{row.status}", language),
        "status_help": say(f"status.{row.status}.help", language),
        "reasons": [reason_line(r, language) for r in row.reasons],
        "gate": exam_view(row.gate, language) if row.gate else None,
        "news": [translated(line, language) for line in row.news],
        "answers": row.answers,
        "overlay": linked(row.overlay) if row.overlay else None,
        "map": row.reasons_map,
        "map_picture": linked(row.reasons_map.picture) if row.reasons_map else None,
        "prediction": linked(row.prediction) if row.prediction else None,
        "files": [(PurePosixPath(f).name, linked(f)) for f in row.files],
    }


def _counts(summary: Summary, language: str) -> str:
    counts = {key: integer(n, language) for key, n in summary.counts.items() if key != "exams"}
    exams = counted(summary.counts["exams"], "exam", language)
    return say("reading.counts", language, exams=exams, **counts)


def _facts(summary: Summary, language: str) -> list[tuple[str, str]]:
    not_known = say("unknown", language)
    peak = not_known if summary.peak_rss_mb is None else f"{integer(round(summary.peak_rss_mb), language)}{NO_BREAK}MB"
    model = [(say(f"label.{k}", language), summary.model.get(key) or not_known) for k, key in _MODEL]
    return [
        *model,
        (say("label.started", language), timestamp(summary.started)),
        (say("label.duration", language), clock(summary.seconds, language)),
        (say("label.peak", language), peak),
        ("Vesale", summary.vesale),
    ]


_MODEL = (("model", "name"), ("version", "version"), ("digest", "digest"))
