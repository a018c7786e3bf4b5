"""Templates to one self-contained HTML text: escaped always, no name left undefined, one stylesheet inside."""

import re
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .words import say

_FOLDER = Path(__file__).parent


def page(template: str, language: str, **content: Any) -> str:
    """The template's text; `say` speaks the language in it. Whatever comes from users is escaped."""
    return (
        _environment()
        .get_template(template)
        .render(language=language, say=partial(say, language=language), style=_style(), **content)
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = _sentence
    return environment


def _sentence(text: str) -> Markup:
    """Plain text, escaped, whose brackets (the interval of a number, its n) are not broken across lines."""
    pieces = re.split(r"(\[[^\[\]]{1,60}\])", text)
    wrapped = (Markup('<span class="interval">{}</span>').format(p) if p.startswith("[") else escape(p) for p in pieces)
    return Markup("").join(wrapped)


@cache
def _style() -> Markup:
    return Markup((_FOLDER / "style.css").read_text(encoding="utf-8"))
