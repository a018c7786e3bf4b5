"""The dossier as a PDF, by ReportLab (extra `pdf`); the words and their order are those of the HTML page."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .checklist import STATUSES, Answered, Checklist, Statement
from .dossier import Dossier, asked, count_rows, shortened, subject
from .words import DASH, LANGUAGES, listed, say

INK, QUIET, RULE, PANEL = "#16202a", "#55626f", "#d5dce3", "#f4f7f9"
COLOURS = {"measured": "#0b5d45", "user": "#0b5d45", "part": "#9a4308", "open": "#8a1c0f"}
MARKS = {"measured": "●", "user": "✎", "part": "◐", "open": "○"}
"""Said by shape and by word as well, so that the colour carries no meaning alone."""
MARGIN, WIDTH, HEIGHT = 48.0, 595.28, 841.89
"""Points; A4."""
LONG = 5000
"""Characters of a cell from which it might not stand on one page."""
USABLE = WIDTH - 2 * MARGIN - 12
"""Between the paddings of ReportLab's frame."""


def can_write_pdf() -> bool:
    return find_spec("reportlab") is not None


def write_pdf(dossier: Dossier, path: Path) -> None:
    """Write it. The same dossier gives the same bytes. ImportError without ReportLab: ask `can_write_pdf` first."""
    from reportlab.platypus import SimpleDocTemplate

    _register_fonts()
    language, title = dossier.language, say("dossier.title", dossier.language, model=dossier.model)
    document = SimpleDocTemplate(
        str(path),
        pagesize=(WIDTH, HEIGHT),
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author="vesale",
        subject=say("dossier.worksheet", language),
        lang=language,
        invariant=True,
    )

    def foot(canvas: Any, _: Any) -> None:
        canvas.saveState()
        canvas.setFont("Vesale", 7.5)
        canvas.setFillColor(QUIET)
        canvas.drawString(MARGIN, 28, title)
        canvas.drawRightString(WIDTH - MARGIN, 28, say("dossier.page", language, page=canvas.getPageNumber()))
        canvas.restoreState()

    document.build(list(_story(dossier, title)), onFirstPage=foot, onLaterPages=foot)


def _story(dossier: Dossier, title: str) -> Iterator[Any]:
    from reportlab.platypus import CondPageBreak

    language = dossier.language
    yield _text(escape(title), "title")
    yield _boxed(say("dossier.worksheet", language))
    yield _heading(say("dossier.counts", language))
    yield _counts(dossier)
    yield _text(escape(say("dossier.open_help", language)), "body")
    yield CondPageBreak(HEIGHT / 6)
    yield _heading(say("dossier.card", language))
    yield _statements(dossier.card)
    yield CondPageBreak(HEIGHT / 6)
    yield _heading(say("dossier.numbers", language))
    yield _text(escape(say("dossier.numbers_help", language)), "quiet")
    yield _statements(dossier.numbers)
    for checklist, answered in dossier.lists:
        yield CondPageBreak(HEIGHT / 3)
        yield from _checklist(checklist, answered, language)
    yield CondPageBreak(HEIGHT / 6)
    yield _heading(say("dossier.files", language))
    yield _text(escape(say("dossier.files_help", language)), "quiet")
    yield _table([[_text(escape(n), "cell"), _text(_code(d), "cell")] for n, d in dossier.files], [150, None])
    if dossier.absent:
        yield _text(escape(say("dossier.absent", language, files=listed(dossier.absent))), "quiet")


def _counts(dossier: Dossier) -> Any:
    language = dossier.language
    head = [_text(escape(say(key, language)), "head") for key in ("dossier.list", "dossier.items")]
    head += [_text(_mark(s, language), "head") for s in STATUSES]
    rows = [[_text(escape(cell), "cell") for cell in row] for row in count_rows(dossier)]
    return _table([head, *rows], [110, 45, 86, 86, 86, None], heads=1)


def _checklist(checklist: Checklist, answered: Sequence[Answered], language: str) -> Iterator[Any]:
    yield _heading(checklist.title)
    yield _text(escape(f"{checklist.source}. {say('dossier.paraphrase', language)}"), "quiet")
    if checklist.left_out:
        text = checklist.left_out[LANGUAGES.index(language)]
        yield _text(escape(say("dossier.left_out", language, text=text)), "quiet")
    keys = ("dossier.item", "dossier.subject", "dossier.found")
    head = [_text(escape(say(key, language)), "head") for key in keys]
    rows = [_row(checklist, a, language) for a in answered]
    yield _table([head, *rows], [74, 124, None], heads=1)


def _row(checklist: Checklist, answered: Answered, language: str) -> list[Any]:
    told, more = shortened(answered.statements, language)
    cell = []
    if answered.answer:
        cell.append(_text(escape(say("dossier.answer", language, text=answered.answer)), "yours"))
    for s in told:
        cell.append(_text(f"{escape(s.name + say('colon', language) + s.text)} {_pointer(s)}", "cell"))
    if more:
        cell.append(_text(escape(more), "cell"))
    if answered.status in ("open", "part"):
        ask = escape(say("dossier.write", language, ask=asked(answered, language)))
        key = say("dossier.key", language, place=f'{checklist.name}."{answered.item.number}"')
        cell.append(_text(f"{ask}<br/>{_code(key)}", "ask"))
    about = f"{escape(subject(answered, language))}<br/>{_mark(answered.status, language)}"
    return [_text(f"<b>{escape(answered.item.number)}</b>", "cell"), _text(about, "cell"), cell]


def _statements(told: Sequence[Statement]) -> Any:
    rows = [[_text(escape(s.name), "cell"), _text(escape(s.text), "cell"), _text(_pointer(s), "cell")] for s in told]
    return _table(rows or [[_text(DASH, "cell"), "", ""]], [140, None, 150])


def _pointer(statement: Statement) -> str:
    return _code(f"{statement.file} {statement.key}")


def _code(text: str) -> str:
    return f'<font name="VesaleMono" size="6.5" color="{QUIET}">{escape(text)}</font>'


def _mark(status: str, language: str) -> str:
    name = escape(say(f"dossier.status.{status}", language))
    return f'<font color="{COLOURS[status]}">{MARKS[status]} {name}</font>'


def _heading(text: str) -> Any:
    return _text(escape(text), "heading")


def _text(markup: str, style: str) -> Any:
    from reportlab.platypus import Paragraph

    return Paragraph(markup.replace("\n", "<br/>"), _styles()[style])


def _styles() -> dict[str, Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, size: float, **more: Any) -> Any:
        fixed = {"fontName": "Vesale", "leading": 1.35 * size, "textColor": HexColor(INK), "splitLongWords": 1}
        return ParagraphStyle(name, fontSize=size, **{**fixed, **more})

    bar = {"leftIndent": 6, "borderPadding": 2, "spaceBefore": 3, "spaceAfter": 2}
    return {
        "title": style("title", 19, fontName="Vesale-Bold", spaceAfter=10),
        "heading": style("heading", 13, fontName="Vesale-Bold", spaceBefore=16, spaceAfter=6),
        "body": style("body", 9.5, spaceBefore=6, spaceAfter=6),
        "quiet": style("quiet", 8, textColor=HexColor(QUIET), spaceAfter=5),
        "cell": style("cell", 8),
        "head": style("head", 8, fontName="Vesale-Bold", textColor=HexColor(QUIET)),
        "ask": style("ask", 8, textColor=HexColor(COLOURS["open"]), **bar),
        "yours": style("yours", 8, textColor=HexColor(COLOURS["user"]), **bar),
    }


def _boxed(text: str) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table

    box = [("BOX", (0, 0), (-1, -1), 0.8, HexColor(COLOURS["open"])), ("LEFTPADDING", (0, 0), (-1, -1), 10)]
    box += [("TOPPADDING", (0, 0), (-1, -1), 8), ("BOTTOMPADDING", (0, 0), (-1, -1), 8)]
    return Table([[_text(escape(text), "body")]], colWidths=[USABLE], style=box)


def _table(rows: list[list[Any]], widths: Sequence[float | None], heads: int = 0) -> Any:
    """Rules between rows, heads again on every page; the column without a width takes what is left."""
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table

    rest = USABLE - sum(w or 0 for w in widths)
    ruled: list[Any] = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(RULE)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 8),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
    ruled += [("BACKGROUND", (0, 0), (-1, heads - 1), HexColor(PANEL))] if heads else []
    table = Table(rows, colWidths=[rest if w is None else w for w in widths], style=ruled, repeatRows=heads)
    table.splitInRow = any(_length(cell) > LONG for row in rows for cell in row)
    return table


def _length(cell: Any) -> int:
    """Characters of a cell: one that may be taller than a page must be split within."""
    texts = cell if isinstance(cell, list) else [cell]
    return sum(len(t) if isinstance(t, str) else len(t.text) for t in texts)


def _register_fonts() -> None:
    """DejaVu, which Matplotlib brings along: every accent and every mark of both languages."""
    from matplotlib import get_data_path
    from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(get_data_path()) / "fonts" / "ttf"
    files = {"Vesale": "DejaVuSans", "Vesale-Bold": "DejaVuSans-Bold", "VesaleMono": "DejaVuSansMono"}
    for name, file in files.items():
        registerFont(TTFont(name, str(folder / f"{file}.ttf")))
    registerFontFamily("Vesale", normal="Vesale", bold="Vesale-Bold", italic="Vesale", boldItalic="Vesale-Bold")
