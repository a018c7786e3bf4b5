"""The dossier as one self-contained HTML page; the layout is in the template."""

from typing import Any

from .checklist import STATUSES, Answered, Checklist, Statement
from .dossier import Dossier, asked, count_rows, shortened, subject
from .page import page
from .words import LANGUAGES, listed, say


def dossier_page(dossier: Dossier, pdf: str | None, other: str) -> str:
    """`pdf`, `other`: the names of its PDF (None: there is none) and of the page in the other language."""
    language = dossier.language
    return page(
        "dossier.html.j2",
        language,
        title=say("dossier.title", language, model=dossier.model),
        pdf=pdf,
        other=other,
        statuses=[(s, say(f"dossier.status.{s}", language)) for s in STATUSES],
        count_rows=count_rows(dossier),
        card=[_told(s) for s in dossier.card],
        numbers=[_told(s) for s in dossier.numbers],
        lists=[_list(c, answered, language) for c, answered in dossier.lists],
        files=dossier.files,
        absent=listed(dossier.absent),
    )


def _told(statement: Statement) -> dict[str, str]:
    return {"name": statement.name, "text": statement.text, "file": statement.file, "key": statement.key}


def _list(checklist: Checklist, answered: tuple[Answered, ...], language: str) -> dict[str, Any]:
    left = checklist.left_out
    return {
        "name": checklist.name,
        "title": checklist.title,
        "source": checklist.source,
        "left_out": left[LANGUAGES.index(language)] if left else "",
        "items": [_item(checklist, a, language) for a in answered],
    }


def _item(checklist: Checklist, answered: Answered, language: str) -> dict[str, Any]:
    told, more = shortened(answered.statements, language)
    open_ = answered.status in ("open", "part")
    return {
        "number": answered.item.number,
        "subject": subject(answered, language),
        "status": answered.status,
        "status_name": say(f"dossier.status.{answered.status}", language),
        "told": [_told(s) for s in told],
        "more": more,
        "answer": answered.answer,
        "ask": asked(answered, language) if open_ else "",
        "key": f'{checklist.name}."{answered.item.number}"',
    }
