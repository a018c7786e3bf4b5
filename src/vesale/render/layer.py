"""An image in colour over another: whether the two may be laid together, and its samples on the other's cut."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import RecipeError, SourceError, UnknownSpacing
from ..core.grid import Box, Grid
from ..core.image import Array
from ..io.display import Display
from ..ops.orient import Plane
from ..ops.project import Cut, How, project
from ..ops.resample import resample
from ..ops.window import Window, found, parse
from .colourmaps import with_bar
from .planes import Over
from .subject import Presentation, Subject
from .words import decimal

WORLDS = "give two images of one study, or --same-frame if you answer for it that they lie in one frame of reference"


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """An image in colour, to be laid over another."""

    subject: Subject
    window: Window
    colours: str
    alpha: float
    unit: str
    """As written at the colour bar; empty when the file does not say."""
    vouched: bool
    """The user answers for the frame of reference."""


def layer_of(base: Subject, over: Subject, wish: Presentation) -> Layer:
    """SourceError unless both lie in one frame of reference, by their headers or by the user's word."""
    if base.turned.grid.spacing is None or over.turned.grid.spacing is None:
        raise UnknownSpacing("an image without a scale cannot be laid over another", "give images that have one")
    vouched = _same_world(base.display, over.display, wish.same_frame)
    if not (base.turned.known and over.turned.known):
        raise SourceError("one of the two images does not say how it lies in the patient", "give images that do")
    return Layer(over, _window(over, wish), wish.over_colours, wish.alpha, _unit(over), vouched)


def layer_on(layer: Layer, base: Subject, cut: Cut) -> Over:
    """The layer's samples on a cut of the base, projected through the same slab: the maximum, or the average."""
    span = (cut.start, cut.stop)
    target = _slab_grid(base, cut.plane, span)
    source = layer.subject
    volume = resample(source.volume(), source.turned.grid, target, fill=0.0)
    how: How = "maximum" if cut.how == "maximum" else "average"
    flat = project(volume, cut.plane.normal, how)
    shown = np.asarray(flat[::-1] if cut.plane.rows_flipped else flat, np.float32)
    return Over(shown, layer.window, layer.colours, layer.alpha)


def barred(picture: Array, layer: Layer, language: str) -> Array:
    """The picture with the layer's colour bar at its right."""
    ends = decimal(layer.window.low, 3, language), decimal(layer.window.high, 3, language)
    return with_bar(picture, layer.colours, ends, layer.unit)


def over_facts(layer: Layer) -> dict[str, Any]:
    """What was laid over, for the document."""
    return {
        "modality": layer.subject.source.description.modality,
        "low": layer.window.low,
        "high": layer.window.high,
        "unit": layer.unit or None,
        "colours": layer.colours,
        "alpha": layer.alpha,
        "frame_of_reference": "user" if layer.vouched else "file",
    }


def _same_world(base: Display, over: Display, vouched: bool) -> bool:
    """Whether the user's word was needed."""
    one, other = base.frame_of_reference, over.frame_of_reference
    if one is not None and other is not None:
        if one != other:
            raise SourceError(
                "the two images lie in different frames of reference: nothing says how they fit",
                "give two images of one study",
            )
        return False
    if not vouched:
        which = "neither image says" if one is None and other is None else "one of the two images does not say"
        raise SourceError(f"{which} in which frame of reference it lies", WORLDS)
    return True


def _window(over: Subject, wish: Presentation) -> Window:
    if wish.over_window is not None:
        return parse(wish.over_window)
    if over.is_suv:
        return Window(3.5, 7.0, name="suv")
    window = found(over.volume())
    high = window.high
    if high <= 0:
        raise RecipeError("the image in colour holds nothing above zero", "give --over-window black..white")
    return Window(high / 2, high, name="auto")


def _unit(over: Subject) -> str:
    if over.is_suv:
        return "SUV"
    return {"BQML": "Bq/ml", "CNTS": "counts", "PROPCNTS": "counts"}.get(over.display.units or "", "")


def _slab_grid(base: Subject, plane: Plane, span: tuple[int, int]) -> Grid:
    start, stop = [0, 0, 0], list(base.turned.grid.shape)
    start[plane.normal], stop[plane.normal] = span
    return base.turned.grid.crop(Box(tuple(start), tuple(stop)))
