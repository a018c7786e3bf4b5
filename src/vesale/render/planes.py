"""Cuts through a volume as pictures: brightness, true aspect, colour overlays and the words about them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ..core.image import Array
from ..ops.project import Cut
from ..ops.window import Lookup, Shades, Shading, Window
from .annotate import Marks, annotated
from .colourmaps import blended, coloured
from .words import decimal, say


@dataclass(frozen=True, slots=True)
class Style:
    """How cuts are shown."""

    shading: Shading
    colours: str = "grey"
    language: str = "en"
    plain: bool = False
    """Nothing is written on the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """A second image in colour over the cuts of the first, on its grid."""

    samples: Array
    """(down, right), as the cut below it."""
    window: Window
    colours: str
    alpha: float


def fitting(cut: Cut, box: tuple[int, int]) -> tuple[tuple[int, int], float | None]:
    """(height, width) of the largest picture of a cut at its true aspect within a box, and its pixel's millimetres.

    Without a scale the samples are taken as square, and there are no millimetres.
    """
    down, right = cut.spacing or (1.0, 1.0)
    extent = cut.samples.shape[0] * down, cut.samples.shape[1] * right
    pixel = max(extent[0] / box[0], extent[1] / box[1])
    size = max(1, min(box[0], round(extent[0] / pixel))), max(1, min(box[1], round(extent[1] / pixel)))
    return size, None if cut.spacing is None else pixel


def shades_of(samples: Array, shading: Shading, size: tuple[int, int]) -> Shades:
    """(down, right) samples -> brightness of 0 to 1 at another size; values are interpolated, not greys."""
    if isinstance(shading, Lookup):
        return np.clip(_resized(shading.shades(samples), size), 0, 1)
    calm = np.clip(np.nan_to_num(np.asarray(samples, np.float32)), *_reach(shading))
    return shading.shades(_resized(calm, size))


def drawn(cut: Cut, style: Style, size: tuple[int, int], over: Over | None = None) -> NDArray[np.uint8]:
    """(H, W, 3) of a cut, without marks."""
    picture = coloured(shades_of(cut.samples, style.shading, size), style.colours)
    if over is None:
        return picture
    return blended(picture, shades_of(over.samples, over.window, size), over.colours, over.alpha)


def marked(picture: Array, cut: Cut, style: Style, words: Sequence[str], pixel: float | None) -> NDArray[np.uint8]:
    """The picture of a cut with its letters, its scale bar and words."""
    if style.plain:
        return picture
    unknown = () if cut.spacing else (say("present.no_scale", style.language),)
    return annotated(picture, Marks(cut.sides, (*words, *unknown), pixel), style.language)


def slice_picture(cut: Cut, style: Style, longest: int, words: Sequence[str], over: Over | None = None) -> Array:
    """(H, W, 3) of one cut with its marks; the long side has `longest` pixels."""
    size, pixel = fitting(cut, (longest, longest))
    return marked(drawn(cut, style, size, over), cut, style, words, pixel)


def place_text(cut: Cut, language: str) -> str:
    """'axial, H 182.5 mm': the plane, and how far its middle lies from the origin of the world."""
    plane = say(f"present.{cut.plane.name}", language)
    if cut.position is None:
        return plane
    mm = decimal(abs(round(cut.position, 1)), 4, language)
    letter = _AWAY[cut.plane.name][int(cut.position < 0)]
    if not any(cut.sides):
        return say("present.place_at", language, plane=plane, mm=decimal(round(cut.position, 1), 4, language))
    return say("present.place", language, plane=plane, letter=letter, mm=mm)


def depth_text(cut: Cut, total: int, language: str, number: int | None = None) -> str:
    """What is shown between front and back: one slice, or a projection of a slab."""
    n = cut.stop - cut.start
    if n == 1:
        shown = cut.start + 1 if number is None else number
        if cut.thickness is None:
            return say("present.slice", language, number=shown, total=total)
        mm = decimal(cut.thickness, 3, language)
        return say("present.slice_mm", language, number=shown, total=total, mm=mm)
    how = say(f"present.{cut.how}", language)
    if cut.thickness is None:
        return say("present.slab", language, how=how, n=n)
    return say("present.slab_mm", language, how=how, mm=decimal(cut.thickness, 3, language))


def window_text(shading: Shading, language: str) -> str:
    """'lung: C -600  W 1500'."""
    if isinstance(shading, Lookup):
        return say("present.window_lut", language)
    centre, width = (decimal(v, 4, language) for v in (shading.centre, shading.width))
    if shading.name is None:
        return say("present.window", language, centre=centre, width=width)
    name = say(f"present.window.{shading.name}", language)
    return say("present.window_named", language, name=name, centre=centre, width=width)


_AWAY = {"axial": ("H", "F"), "coronal": ("P", "A"), "sagittal": ("L", "R")}
"""Letter of a position above and below zero along the plane's axis."""


def _reach(window: Window) -> tuple[float, float]:
    """Values that interpolation may see: far ones (padding, metal) would ring into their neighbours."""
    low, high = window.low - window.width, window.high + window.width
    return (low, high) if window.mirror is None else (window.mirror - high, window.mirror - low)


def _resized(samples: Array, size: tuple[int, int]) -> Shades:
    if samples.shape == size:
        return np.asarray(samples, np.float32)
    picture = Pillow.fromarray(np.ascontiguousarray(samples, np.float32))
    return np.asarray(picture.resize((size[1], size[0]), Pillow.Resampling.BICUBIC), np.float32)
