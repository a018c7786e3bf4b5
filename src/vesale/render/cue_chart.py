"""A cue against the label that it predicts: a dot an exam, or the share of each value, class by class, as a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .words import say

INCHES, DPI = (6.4, 3.2), 100
MOST_VALUES = 8
"""Values of a cue that are drawn by name; the rarer ones are one."""
MOST_DOTS = 400
"""Dots a class, drawn at random from the rest with a fixed seed."""
COLOURS = ("#0b6e99", "#c2571a", "#5a7d2a", "#8a4fa3", "#a8851a", "#444444", "#1b9e9e", "#b8336a", "#888888")
Groups = Mapping[str, Sequence[str | float]]
"""Class, as it is named -> the cue's value of each of its exams."""


def cue_chart(groups: Groups, cue: str, language: str = "en") -> NDArray[np.uint8]:
    """(H, W, 3): classes below each other; numbers as dots, other values as shares of the class."""
    with matplotlib.rc_context({"font.size": 10, "text.parse_math": False}):
        figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
        canvas: Any = FigureCanvasAgg(figure)
        axes: Any = figure.add_subplot()
        numbers = all(isinstance(v, float) for values in groups.values() for v in values)
        (_dots if numbers else _shares)(axes, groups, language)
        axes.set_yticks(range(len(groups)), [f"{name} (n = {len(values)})" for name, values in groups.items()])
        axes.set_ylim(len(groups) - 0.4, -0.6)
        axes.set_xlabel(cue if numbers else f"{cue}: {say('check.share', language)}")
        axes.spines[["top", "right"]].set_visible(False)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _dots(axes: Any, groups: Groups, _: str) -> None:
    rng = np.random.default_rng(0)
    for i, values in enumerate(groups.values()):
        x = np.array(values, float)
        x = x if len(x) <= MOST_DOTS else rng.choice(x, MOST_DOTS, replace=False)
        axes.plot(
            x, i + rng.uniform(-0.25, 0.25, len(x)), "o", color=COLOURS[i % len(COLOURS)], alpha=0.45, ms=4, mew=0
        )
        if len(x):
            axes.plot([float(np.median(x))] * 2, [i - 0.32, i + 0.32], color="black", lw=2)


def _shares(axes: Any, groups: Groups, language: str) -> None:
    texts = {name: [_text(v) for v in values] for name, values in groups.items()}
    every = [t for values in texts.values() for t in values]
    common = sorted(set(every), key=lambda t: (-every.count(t), t))
    named = common if len(common) <= MOST_VALUES else common[: MOST_VALUES - 1]
    left = np.zeros(len(groups))
    for k, value in enumerate(named):
        share = np.array([values.count(value) / max(len(values), 1) for values in texts.values()])
        axes.barh(range(len(groups)), share, left=left, height=0.6, color=COLOURS[k], label=value)
        left += share
    if len(named) < len(common):
        rest = np.where([len(v) > 0 for v in texts.values()], 1 - left, 0)
        axes.barh(range(len(groups)), rest, left=left, height=0.6, color="#cccccc", label=say("check.others", language))
    axes.set_xlim(0, 1)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=4, frameon=False, fontsize=9)


def _text(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else value
