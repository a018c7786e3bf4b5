"""The page of a run of `vesale explain`: each exam, its maps the largest thing, failed ones in red words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..core.explanation import Explanation, Neighbour
from ..core.prediction import Prediction
from .documents import Failure
from .explanation import aim_line, checks_help, in_words, neighbour_line
from .index_page import linked
from .page import page
from .text import answer_lines, reason_line
from .words import say


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """What the page shows of one exam; paths are POSIX, relative to the page."""

    prediction: Prediction
    explanations: tuple[Explanation, ...] = ()
    pictures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Method -> its pictures, one a view."""
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Method -> its maps as numbers."""
    neighbours: tuple[Neighbour, ...] = ()
    thumbnails: tuple[str, ...] = ()
    """Of the neighbours, where the package carries them."""
    notes: tuple[str, ...] = ()


def explain_page(
    model: Mapping[str, str], rows: Sequence[ExplainedRow], failures: Sequence[Failure], language: str = "en"
) -> str:
    """Failures first, then every exam as given."""
    return page(
        "explain.html.j2",
        language,
        title=say("explain.title", language, model=model.get("name") or say("unknown", language)),
        failures=failures,
        help=checks_help(language),
        rows=[_row(row, language) for row in rows],
        facts=[(say(f"label.{k}", language), model.get(key) or say("unknown", language)) for k, key in _MODEL],
    )


_MODEL = (("model", "name"), ("version", "version"), ("digest", "digest"))


def _row(row: ExplainedRow, language: str) -> dict[str, object]:
    p = row.prediction
    reasons = [reason_line(r, language) for r in p.reasons]
    return {
        "exam": p.exam,
        "status": p.status,
        "status_name": say(f"status.{p.status}", language),
        "answers": answer_lines(p, language),
        "reasons": reasons,
        "aim": aim_line(row.explanations[0].aim, language) if row.explanations else None,
        "nothing": None
        if row.explanations
        else say("explain.no_answer", language, why="; ".join((*reasons, *row.notes))),
        "methods": [_method(row, e, language) for e in row.explanations],
        "neighbours": _neighbours(row, language),
        "notes": row.notes if row.explanations else (),
        "document": linked(f"{p.exam}/explanation.json"),
    }


def _method(row: ExplainedRow, explanation: Explanation, language: str) -> dict[str, object]:
    slices = [s for s in explanation.slices if s is not None]
    total = explanation.maps[0].grid.shape[0]
    return {
        **in_words(explanation, language),
        "pictures": [linked(p) for p in row.pictures.get(explanation.method, ())],
        "files": [(p.rpartition("/")[2], linked(p)) for p in row.files.get(explanation.method, ())],
        "slices": say("explain.slices", language, n=len(slices[0]), total=total) if slices else None,
    }


def _neighbours(row: ExplainedRow, language: str) -> list[tuple[str, str | None]]:
    lines = [neighbour_line(n, language) for n in row.neighbours]
    pictures: list[str | None] = [linked(t) for t in row.thumbnails] or [None] * len(lines)
    return list(zip(lines, pictures, strict=True))
