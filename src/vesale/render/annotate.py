"""What stands on a presentation beside its pixels: letters of orientation, a scale bar, words; never a patient's."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from ..core.image import Array
from .paint import font
from .words import NO_BREAK, decimal

SHARE = 0.3
"""Of the width, the most that a scale bar takes."""
Line = tuple[tuple[float, float], tuple[float, float], tuple[int, int, int]]
"""Two ends (row, column) and a colour."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is to be drawn on a picture."""

    sides: tuple[str, str, str, str] = ("", "", "", "")
    """Letters at the left, right, top and bottom."""
    words: tuple[str, ...] = ()
    """Lines at the lower left."""
    pixel: float | None = None
    """Millimetres of a pixel; None: no scale bar."""
    lines: tuple[Line, ...] = field(default=())
    """Where other planes cut this one."""


def annotated(picture: Array, marks: Marks, language: str = "en") -> NDArray[np.uint8]:
    """(H, W, 3) with its marks; a word that does not fit on a small picture is left out."""
    canvas = Pillow.fromarray(np.ascontiguousarray(picture))
    draw = ImageDraw.Draw(canvas)
    height, width = picture.shape[:2]
    size = text_size(picture)
    for (y0, x0), (y1, x1), colour in marks.lines:
        draw.line((x0, y0, x1, y1), fill=colour, width=max(1, size // 14))
    beside = [(size * 0.5, height / 2, "lm"), (width - size * 0.5, height / 2, "rm")]
    places = [*beside, (width / 2, size * 0.4, "ma"), (width / 2, height - size * 0.4, "md")]
    for letter, (x, y, anchor) in zip(marks.sides, places, strict=True):
        _text(draw, (x, y), letter, size, anchor)
    if marks.pixel is not None:
        _scale_bar(draw, (height, width), marks.pixel, size, language)
    y = height - size * 1.9  # the last row holds the letter and the scale bar
    for text in reversed(marks.words):
        if font(size).getlength(text) <= width - size and y > height / 2 + size:
            _text(draw, (size * 0.5, y), text, size, "ld")
            y -= size * 1.3
    return np.array(canvas)


def text_size(picture: Array) -> int:
    """Height in pixels of the letters on a picture (H, W, 3)."""
    return max(10, min(32, int(min(picture.shape[:2])) // 36))


def bar_length(millimetres: float) -> float:
    """The longest of 1, 2, 5, 10, 20, 50, ... (and of .1, .01, ...) that is no longer than that."""
    power = 10.0 ** np.floor(np.log10(millimetres))
    return float(max(m * power for m in (1, 2, 5) if m * power <= millimetres * (1 + 1e-9)))


def length_text(millimetres: float, language: str = "en") -> str:
    """'50 mm', '0.2 mm', '20 \u00b5m' below a tenth of a millimetre."""
    if millimetres < 0.1:
        return f"{decimal(millimetres * 1000, 3, language)}{NO_BREAK}\u00b5m"
    return f"{decimal(millimetres, 3, language)}{NO_BREAK}mm"


def _scale_bar(draw: ImageDraw.ImageDraw, shape: tuple[int, int], pixel: float, size: int, language: str) -> None:
    """At the lower right: a line of a round length with ends, its length above it."""
    height, width = shape
    length = bar_length(SHARE * width * pixel)
    right, y, tick = width - size * 0.6, height - size * 0.8, size * 0.3
    left, thick = right - length / pixel, max(1, size // 9)
    for grow, colour in ((1, "black"), (0, "white")):
        stroke = thick + 2 * grow
        draw.line((left - grow, y, right + grow, y), fill=colour, width=stroke)
        draw.line((left, y - tick - grow, left, y + tick + grow), fill=colour, width=stroke)
        draw.line((right, y - tick - grow, right, y + tick + grow), fill=colour, width=stroke)
    _text(draw, (right, y - size * 0.5), length_text(length, language), size, "rd")


def _text(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, anchor: str) -> None:
    """White, cased in black so that it stands on any anatomy."""
    if text:
        stroke = max(1, size // 9)
        draw.text(at, text, "white", font(size), anchor, stroke_width=stroke, stroke_fill="black")
