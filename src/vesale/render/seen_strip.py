"""Pictures side by side, each sample a square: what was seen, what was decoded, how far off it may be."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.prediction import AnsweredPicture
from .paint import png, write_on
from .words import say

SIDE, GAP, HEAD = 168, 8, 22
Floats = NDArray[np.float32]


def answered_strip(answer: AnsweredPicture, language: str = "en") -> bytes:
    """PNG of the first view's picture, and beside it its spread where there is one."""
    panels = [("seen.decoded", answer.pictures[0].data, limits(answer.low, answer.high, answer.pictures[0].data))]
    if answer.spreads:
        low, high = panels[0][2]
        panels.append(("seen.spread", answer.spreads[0].data, (0.0, high - low)))
    return strip([(say(key, language), data, span) for key, data, span in panels])


def limits(low: float | None, high: float | None, data: Floats) -> tuple[float, float]:
    """The stated range of samples, else that of these."""
    found = (float(data.min()) if low is None else low, float(data.max()) if high is None else high)
    return found if found[0] < found[1] else (found[0], found[0] + 1.0)


def strip(panels: Sequence[tuple[str, Floats | None, tuple[float, float]]]) -> bytes:
    """PNG of (title, (channel, height, width), what is black and what is white) from left to right; None: an empty one.

    Samples are repeated, never smoothed, so that nobody sees more than there is.
    """
    width = GAP + len(panels) * (SIDE + GAP)
    canvas = np.full((HEAD + SIDE + GAP, width, 3), 70, np.uint8)
    for i, (title, data, span) in enumerate(panels):
        left = GAP + i * (SIDE + GAP)
        if data is not None:
            canvas[HEAD : HEAD + SIDE, left : left + SIDE] = _panel(data, span)
        canvas = write_on(canvas, title, (3, left), 13)
    return png(canvas)


def _panel(data: Floats, span: tuple[float, float]) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3), the picture in its middle as large as whole repeats allow."""
    flat = data if data.ndim == 3 else data[:, data.shape[1] // 2]
    height, width = flat.shape[1:]
    grey = np.clip((flat - span[0]) / (span[1] - span[0]), 0, 1)
    colours = np.moveaxis(grey[:3] if len(grey) >= 3 else np.repeat(grey[:1], 3, axis=0), 0, -1)
    times, every = max(1, SIDE // max(height, width)), max(1, -(-max(height, width) // SIDE))
    shown = np.repeat(np.repeat(colours[::every, ::every], times, axis=0), times, axis=1)
    panel = np.full((SIDE, SIDE, 3), 70, np.uint8)
    top, left = (SIDE - shown.shape[0]) // 2, (SIDE - shown.shape[1]) // 2
    panel[top : top + shown.shape[0], left : left + shown.shape[1]] = (shown * 255 + 0.5).astype(np.uint8)
    return panel
