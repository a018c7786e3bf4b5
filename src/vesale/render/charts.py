"""Curves as inline SVG whose colours are the page's variables; what is plotted is decided elsewhere."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from ..core.report import Bin
from .extras import Curve
from .words import say

_INK, _RULE = "#0000e0", "#0000e1"
_SERIES = tuple(f"#0000f{i}" for i in range(1, 7))
_VARIABLES = {_INK: "currentColor", _RULE: "var(--rule)"} | {c: f"var(--c{i})" for i, c in enumerate(_SERIES, start=1)}
"""Colours that stand for variables of the stylesheet until the SVG is written: light, dark and print from one file."""
_RELIABILITY = {
    "interval": ("calibration.level", "calibration.held"),
    "pixel": ("report.reliability.x", "calibration.pixels"),
}
"""What the axes are of, where it is not the answer."""
_DASHES = ("-", "--", ":", "-.", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 3)))
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 11,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "legend.frameon": False,
    "legend.fontsize": 10,
}


def curve_svg(curve: Curve, key: str, language: str = "en") -> Markup:
    """One chart; series differ by dash as well as by colour. `key` is unique on the page."""
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": key}):
        figure, axes = _axes(curve.x_label, curve.y_label)
        for i, series in enumerate(curve.series):
            axes.plot(
                series.x, series.y, color=_SERIES[i % 6], linestyle=_DASHES[i % 6], linewidth=2.0, label=series.name
            )
        if curve.diagonal:
            _diagonal(axes, say("report.chance", language))
        if curve.diagonal or len(curve.series) > 1 or any(s.name for s in curve.series):
            axes.legend(loc="best")
        return _svg(figure, curve.title, key)


def reliability_svg(bins: Sequence[Bin], title: str, key: str, language: str = "en", of: str = "answer") -> Markup:
    """Stated probability against the share that came true; the area of a dot grows with its exams, a bar is its
    interval. `of`: what the probabilities are of (core.report.Calibration)."""
    x_label, y_label = _RELIABILITY.get(of, ("report.reliability.x", "report.reliability.y"))
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": key}):
        figure, axes = _axes(say(x_label, language), say(y_label, language))
        most = max((b.n for b in bins), default=1) or 1
        held = [b for b in bins if b.n > 0]
        spans = [(b.p, b.low, b.high) for b in held if b.low is not None and b.high is not None]
        axes.vlines([s[0] for s in spans], [s[1] for s in spans], [s[2] for s in spans], color=_SERIES[0], alpha=0.6)
        axes.plot([b.p for b in held], [b.observed for b in held], color=_SERIES[0], linewidth=1.0)
        axes.scatter(
            [b.p for b in held],
            [b.observed for b in held],
            s=[20 + 180 * b.n / most for b in held],
            color=_SERIES[0],
            zorder=3,
            label=say("report.reliability.series", language),
        )
        _diagonal(axes, say("report.perfect", language))
        axes.legend(loc="upper left", markerscale=0.6)
        return _svg(figure, title, key)


def histogram_svg(scores: Sequence[float], threshold: float, title: str, labels: tuple[str, ...], key: str) -> Markup:
    """How many scores lie where, and a dashed line at the threshold; `labels`: of x, of y, of the line."""
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": key}):
        figure, axes = _axes(labels[0], labels[1])
        axes.hist(scores, bins=24, color=_SERIES[0], alpha=0.75)
        axes.axvline(threshold, color=_INK, linewidth=1.6, linestyle="--", label=labels[2])
        axes.legend(loc="best")
        return _svg(figure, title, key)


def _axes(x_label: str, y_label: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(True, linewidth=0.8)
    return figure, axes


def _diagonal(axes: Any, label: str) -> None:
    axes.plot([0, 1], [0, 1], color=_INK, linewidth=1.0, linestyle=(0, (2, 4)), label=label)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6))


def _svg(figure: Figure, title: str, key: str) -> Markup:
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    box = re.search(r'viewBox="([^"]*)"', text)
    inside = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
    inside = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", inside, flags=re.S)
    inside = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", inside)
    for stand_in, variable in _VARIABLES.items():
        inside = inside.replace(stand_in, variable)
    return Markup('<svg class="chart" role="img" viewBox="{}" aria-label="{}" xmlns:xlink="{}">{}</svg>').format(
        box[1] if box else "0 0 403 317", escape(title), "http://www.w3.org/1999/xlink", Markup(_unique(inside, key))
    )


def _unique(svg: str, key: str) -> str:
    """Ids that something refers to, made unique by the key; the others dropped: two charts share one page."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda m: f' id="{key}-{m[1]}"' if m[1] in used else "", svg)
    return re.sub(r'(href="#|url\(#)([^")]+)', rf"\g<1>{key}-\g<2>", svg)
