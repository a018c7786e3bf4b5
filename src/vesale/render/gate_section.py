"""The gate as a picture and a sentence: for a report the calibration exams with the threshold, for an exam its place
among them. What is declined is decided by trust/gate.py."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from ..core.prediction import GateVerdict
from .charts import histogram_svg
from .extras import Accepts
from .words import counted, decimal, integer, listed, percent, say, short_percent

BARS = 24
"""Of a histogram."""
WIDTH, HEIGHT, MARGIN = 240, 46, 4


def gate_view(accepts: Accepts | None, language: str) -> dict[str, Any] | None:
    """Picture, sentences and facts for the page; None where there is no gate."""
    if accepts is None:
        return None
    key = "gate.rule.tail" if accepts.approximate else "gate.rule.counted"
    rate, n = short_percent(accepts.false_alarm_rate, language), integer(accepts.n, language)
    lines = [say(key, language, rate=rate, n=n)]
    if accepts.declined is not None:
        k, of = accepts.declined
        shown, exams = integer(k, language), counted(of, "exam", language)
        lines.append(say("gate.declined", language, exams=exams, declined=shown))
    labels = tuple(say(f"gate.{name}", language) for name in ("x", "y", "threshold"))
    title = say("gate.title", language)
    svg = histogram_svg(accepts.scores, accepts.threshold, title, labels, "gate") if accepts.scores else ""
    return {"svg": svg, "lines": lines, "facts": _facts(accepts, language)}


def _facts(accepts: Accepts, language: str) -> list[tuple[str, str]]:
    unstated = say("gate.unstated", language)
    rows = [
        ("gate.devices", listed(accepts.devices) or unstated),
        ("gate.parts", listed(accepts.body_parts) or unstated),
        ("gate.sizes", _range(accepts.side, "", language) or unstated),
        ("gate.pixels", _range(accepts.pixel_mm, "\u00a0mm", language) or unstated),
    ]
    return [(say(key, language), value) for key, value in rows]


def _range(ends: tuple[float, float] | None, unit: str, language: str) -> str:
    if ends is None:
        return ""
    low, high = (decimal(end, 3, language) for end in ends)
    return f"{low}{unit}" if low == high else f"{low}\u2013{high}{unit}"


def exam_view(verdict: GateVerdict, language: str) -> dict[str, Any] | None:
    """An exam's place among the calibration exams, as a strip and a sentence; None without a gate that keeps them."""
    if verdict.score is None or verdict.threshold is None or not verdict.scores:
        return None
    nearer = float(np.mean(np.asarray(verdict.scores) < verdict.score))
    score, limit = decimal(verdict.score, 3, language), decimal(verdict.threshold, 3, language)
    line = say("gate.where", language, score=score, threshold=limit, share=percent(nearer, 0, language))
    return {"svg": strip(verdict.scores, verdict.threshold, verdict.score, line), "line": line}


def strip(scores: Sequence[float], threshold: float, score: float, label: str) -> Markup:
    """Bars of the calibration scores, a dashed line at the threshold, a triangle where the exam lies."""
    low = min(*scores, score)
    high = max(*scores, threshold, min(score, 3 * max(threshold, 1.0)))
    counts, edges = np.histogram(scores, BARS, (low, max(high, low + 1e-6)))
    ends = (low, high)
    bars = [
        _bar(_place(a, ends), _place(b, ends), count / max(int(counts.max()), 1))
        for a, b, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
        if count
    ]
    x, at = _place(threshold, ends), _place(score, ends)
    line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="2" y2="{HEIGHT - 10}" stroke="currentColor" stroke-dasharray="3 2"/>'
    base = f'<line x1="0" x2="{WIDTH}" y1="{HEIGHT - 12}" y2="{HEIGHT - 12}" stroke="var(--rule)"/>'
    mark = f'<path d="M{at:.1f} {HEIGHT - 11} l-5 9 h10 z" fill="currentColor"/>'
    return Markup('<svg class="gate" role="img" viewBox="0 0 {} {}" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, escape(label), Markup(base + "".join(bars) + line + mark)
    )


def _place(value: float, ends: tuple[float, float]) -> float:
    """Where a score lies on the strip; what is beyond its end is at its end."""
    low, high = ends
    return MARGIN + (WIDTH - 2 * MARGIN) * (min(value, high) - low) / max(high - low, 1e-6)


def _bar(left: float, right: float, share: float) -> str:
    """A bar that is `share` of the highest one."""
    height = 24 * share
    return (
        f'<rect x="{left:.1f}" y="{HEIGHT - 12 - height:.1f}" width="{max(right - left - 1, 1):.1f}" '
        f'height="{height:.1f}" fill="var(--c1)"/>'
    )
