"""Forest plots as inline SVG whose colours are the page's variables: one row a group, everyone's value dashed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from ..core.audit import ENOUGH
from ..core.report import Measure
from .words import counted, form, interval_text, metric_name, percent, say, value_text
from .words import decimal as decimal_text

WIDTH, LEFT, RIGHT, ROW, TOP = 760, 210, 250, 26, 22
"""Places in the SVG's own units: the plot lies between LEFT and WIDTH - RIGHT."""
TICKS = 4


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One group."""

    label: str
    measure: Measure
    marked: bool = False
    """True where its gap matters beyond chance."""


def forest_svg(rows: Sequence[ForestRow], everyone: Measure, language: str = "en") -> Markup:
    """Value and interval of each group on one scale; what is unknown says so in its row."""
    low, high = _scale([*(r.measure for r in rows), everyone])
    height = TOP + ROW * len(rows) + 26
    parts = [_ticks((low, high), height, everyone.name, language)]
    if everyone.value is not None:
        x = _place(everyone.value, low, high)
        parts.append(_line((x, TOP - 6, x, height - 24), 'stroke="currentColor" stroke-dasharray="4 4" opacity=".7"'))
    parts += [_row(row, TOP + ROW * i + ROW / 2, (low, high), language) for i, row in enumerate(rows)]
    said = "; ".join(f"{r.label}: {_value(r.measure, language)}" for r in rows)
    return Markup('<svg class="chart forest" role="img" viewBox="0 0 {} {}" aria-label="{}">{}</svg>').format(
        WIDTH, height, f"{metric_name(everyone.name, language)}. {said}", Markup("").join(parts)
    )


def _row(row: ForestRow, y: float, ends: tuple[float, float], language: str) -> Markup:
    m = row.measure
    weight = ' font-weight="650"' if row.marked else ""
    parts = [_text(LEFT - 12, y + 4, row.label, f'text-anchor="end"{weight}')]
    parts.append(_text(WIDTH - RIGHT + 14, y + 4, _value(m, language), f"{weight}"))
    if m.value is None:
        return Markup("").join(parts)
    if m.low is not None and m.high is not None:
        a, b = (_place(v, *ends) for v in (m.low, m.high))
        parts.append(_line((a, y, b, y), 'stroke="var(--c1)" stroke-width="5" opacity=".55"'))
    x = _place(m.value, *ends)
    if row.marked:
        shape = Markup('<path d="M{} {}l7 7l-7 7l-7 -7z" fill="var(--alarm)"/>').format(round(x, 1), round(y - 7, 1))
    else:
        shape = Markup('<circle cx="{}" cy="{}" r="4" fill="currentColor"/>').format(round(x, 1), round(y, 1))
    return Markup("").join([*parts, shape])


def _value(m: Measure, language: str) -> str:
    if m.value is None:
        few = 0 < m.n < ENOUGH
        return say("audit.few", language, n=counted(m.n, m.n_of, language)) if few else say("unknown", language)
    return f"{value_text(m, language)} {interval_text(m, language)} n = {counted(m.n, m.n_of, language)}"


def _scale(measures: Sequence[Measure]) -> tuple[float, float]:
    """From the lowest to the highest end, with round bounds; shares and indices stay within what they can be."""
    ends = [v for m in measures for v in (m.value, m.low, m.high) if v is not None and math.isfinite(v)]
    if not ends:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-6)))
    step = step / 2 if (high - low) / step < 3 else step
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return (low, high) if high > low else (low - step, high + step)


def _ticks(ends: tuple[float, float], height: int, metric: str, language: str) -> Markup:
    parts = []
    for i in range(TICKS + 1):
        value = ends[0] + (ends[1] - ends[0]) * i / TICKS
        x = _place(value, *ends)
        parts.append(_line((x, TOP - 6, x, height - 24), 'stroke="var(--rule)"'))
        text = percent(value, 0 if ends[1] - ends[0] >= 0.08 else 1, language)
        text = text if form(metric) == "share" else decimal_text(round(value, 6), 2, language)
        parts.append(_text(x, height - 8, text, 'text-anchor="middle" fill="var(--quiet)"'))
    return Markup("").join(parts)


def _place(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low)
    return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, share))


def _line(ends: tuple[float, float, float, float], look: str) -> Markup:
    x1, y1, x2, y2 = (round(v, 1) for v in ends)
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" {}/>').format(x1, y1, x2, y2, Markup(look))


def _text(x: float, y: float, text: str, look: str) -> Markup:
    return Markup('<text x="{}" y="{}" font-size="13" {}>{}</text>').format(
        round(x, 1), round(y, 1), Markup(look), escape(text)
    )
