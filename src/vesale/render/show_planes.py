"""Slices, projections over slabs, and the three planes of a volume, another image in colour over them if wished."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.errors import RecipeError
from ..core.image import Array
from ..ops.orient import PLANES, Plane
from ..ops.project import Cut, How, placed, project, slab, slices, sliding
from ..ops.window import Lookup, Shading
from .layer import Layer, barred, layer_on, over_facts
from .planes import Over, Style, depth_text, fitting, place_text, shades_of, slice_picture, window_text
from .shading import colours_of, shading_of
from .subject import CT_AIR, Presentation, Shown, Subject, centre
from .three_planes import three_planes

HOW: Mapping[str, How] = {"slice": "average", "mip": "maximum", "minip": "minimum", "average": "average"}
"""Kind -> what happens to the samples of a slab; a slab shown as a slice is their average."""
RATE = 15.0
"""Frames per second where nothing is recorded."""


def show_cut(subject: Subject, wish: Presentation, over: Layer | None = None) -> Shown:
    """One slice or one projection."""
    plane = subject.turned.plane(wish.axis)
    span = span_of(subject, wish, plane)
    notes = list(subject.notes)
    cut = cut_of(subject, wish, plane, span, notes)
    shading = shading_of(subject, wish, cut.samples, notes)
    facts = {**cut_facts(subject, cut), "window": window_facts(shading)}
    style = Style(shading, colours_of(subject, wish), wish.language, wish.plain)
    if wish.bits == 16:
        size, pixel = fitting(cut, (wish.size, wish.size))
        deep = (shades_of(cut.samples, shading, size) * 65535 + 0.5).astype(np.uint16)
        facts["pixel_mm"] = pixel
        return Shown(iter([deep]), facts, notes=tuple(notes))
    laid = None if over is None else layer_on(over, subject, cut)
    picture = _picture(subject, cut, style, wish, laid)
    if over is not None:
        facts["over"] = over_facts(over)
        picture = picture if wish.plain else barred(picture, over, wish.language)
    facts["pixel_mm"] = fitting(cut, (wish.size, wish.size))[1]
    return Shown(iter([picture]), facts, notes=tuple(notes))


def show_sliding(subject: Subject, wish: Presentation) -> Shown:
    """A slice or a slab that slides from one end of the volume to the other, as a video; one window for all."""
    plane = subject.turned.plane(wish.axis)
    count = subject.turned.grid.shape[plane.normal]
    first = span_of(subject, wish, plane)
    wanted = first[1] - first[0]
    if wanted >= count:
        raise RecipeError("a slab as thick as the volume has nowhere to slide", "give --slab MM or --slices N")
    volume, notes = subject.volume(), list(subject.notes)
    middle = _cut(subject, volume, wish, plane, first)
    shading = shading_of(subject, wish, middle.samples, notes)
    style = Style(shading, colours_of(subject, wish), wish.language, wish.plain)
    spans = list(sliding(count, wanted, max(1, wanted // 4)))

    def frames() -> Iterator[Array]:
        for span in spans:
            yield _picture(subject, _cut(subject, volume, wish, plane, span), style, wish, None)

    facts = {**cut_facts(subject, middle), "window": window_facts(shading), "frames": len(spans)}
    return Shown(frames(), facts, 1 / (wish.rate or RATE), tuple(notes))


def show_planes(subject: Subject, wish: Presentation, over: Layer | None = None) -> Shown:
    """Axial, coronal and sagittal through one point: the middle, or a share of each axis (`--at 40%`)."""
    if wish.at is not None and not wish.at.endswith("%"):
        raise RecipeError(f"three planes share no place like {wish.at}", "give a share of each axis, such as 40%")
    notes = list(subject.notes)
    cuts = []
    for plane in PLANES.values():
        span = span_of(subject, replace(wish, kind="slice"), plane)
        cuts.append(cut_of(subject, replace(wish, kind="slice"), plane, span, notes))
    notes = list(dict.fromkeys(notes))
    shading = shading_of(subject, wish, np.concatenate([c.samples.ravel() for c in cuts]), notes)
    style = Style(shading, colours_of(subject, wish), wish.language, wish.plain)
    at = tuple((c.start + c.stop - 1) / 2 for c in cuts)
    laid = [None if over is None else layer_on(over, subject, c) for c in cuts]
    picture = three_planes(cuts, (at[0], at[1], at[2]), style, wish.size, laid)
    facts: dict[str, Any] = {"planes": [cut_facts(subject, c) for c in cuts], "window": window_facts(shading)}
    if over is not None:
        facts["over"] = over_facts(over)
        picture = picture if wish.plain else barred(picture, over, wish.language)
    return Shown(iter([picture]), facts, notes=tuple(notes))


def span_of(subject: Subject, wish: Presentation, plane: Plane) -> tuple[int, int]:
    """(start, stop) of the slices that are shown, upright."""
    count = subject.turned.grid.shape[plane.normal]
    middle = centre(subject, plane, wish.at)
    if wish.slab is not None:
        if wish.slab <= 0:
            raise RecipeError(f"a slab of {wish.slab:g} mm shows nothing", "give millimetres")
        spacing = subject.turned.grid.spacing
        return slab(count, wish.slab, None if spacing is None else spacing[plane.normal], middle)
    if wish.slices is not None:
        if wish.slices < 1:
            raise RecipeError(f"{wish.slices} slices show nothing", "give 1 or more")
        return slices(count, wish.slices, middle)
    return slices(count, 1, middle) if wish.kind == "slice" or wish.at is not None else (0, count)


def cut_of(subject: Subject, wish: Presentation, plane: Plane, span: tuple[int, int], notes: list[str]) -> Cut:
    """A cut of which only the slices that are shown are read."""
    block = subject.block(plane, span)
    if subject.is_ct and HOW[wish.kind] != "maximum" and block.dtype.kind in "if" and block.min() < CT_AIR:
        block = np.maximum(block, np.asarray(CT_AIR, block.dtype))
        notes.append(f"samples below {CT_AIR} HU (padding outside the scan) are shown as air")
    return placed(project(block, plane.normal, HOW[wish.kind]), subject.turned, plane, HOW[wish.kind], span)


def cut_facts(subject: Subject, cut: Cut) -> dict[str, Any]:
    """What was drawn of a cut, for the document."""
    ends = sorted(
        (subject.turned.stored(cut.plane.normal, cut.start), subject.turned.stored(cut.plane.normal, cut.stop - 1))
    )
    left, right, top, bottom = (s or None for s in cut.sides)
    return {
        "plane": cut.plane.name,
        "axis": "zyx"[subject.turned.order[cut.plane.normal]],
        "projection": cut.how if cut.stop - cut.start > 1 else None,
        "slices": [ends[0] + 1, ends[1] + 1],
        "position_mm": cut.position,
        "slab_mm": cut.thickness,
        "spacing_mm": None if cut.spacing is None else list(cut.spacing),
        "orientation": {"left": left, "right": right, "top": top, "bottom": bottom},
    }


def window_facts(shading: Shading) -> dict[str, Any]:
    """The window, for the document."""
    if isinstance(shading, Lookup):
        return {"name": "file", "function": "table", "centre": None, "width": None, "low": None, "high": None}
    low, high = (shading.low, shading.high)
    return {
        "name": shading.name,
        "function": shading.function,
        "centre": shading.centre,
        "width": shading.width,
        "low": low,
        "high": high,
    }


def _cut(subject: Subject, volume: Array, wish: Presentation, plane: Plane, span: tuple[int, int]) -> Cut:
    """A cut of a volume that is already read."""
    taken: list[slice] = [slice(None)] * 3
    taken[plane.normal] = slice(*span)
    block = volume[tuple(taken)]
    if subject.is_ct and block.dtype.kind in "if":
        block = np.maximum(block, np.asarray(CT_AIR, block.dtype))
    return placed(project(block, plane.normal, HOW[wish.kind]), subject.turned, plane, HOW[wish.kind], span)


def _picture(subject: Subject, cut: Cut, style: Style, wish: Presentation, over: Over | None) -> Array:
    count = subject.turned.grid.shape[cut.plane.normal]
    number = subject.turned.stored(cut.plane.normal, cut.start) + 1
    words = [
        place_text(cut, wish.language),
        depth_text(cut, count, wish.language, number),
        window_text(style.shading, wish.language),
    ]
    return slice_picture(cut, style, wish.size, words, over)
