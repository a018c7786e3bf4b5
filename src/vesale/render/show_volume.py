"""Volume renderings: the presets for skin, airways and bone, a free threshold, and the turntable."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.errors import RecipeError
from ..core.grid import Grid
from ..core.image import Array
from ..ops.body import AIR, TISSUE, framed, without_couch, without_outside
from ..ops.orient import letters
from ..ops.raycast import VIEWS, Camera, fitted, on_black, render
from .annotate import Marks, annotated
from .presets import Preset, chosen
from .subject import Presentation, Shown, Subject, scaled
from .words import NO_BREAK, decimal, say

TURN_RATE = 24.0
"""Frames per second of a turntable."""


def show_rendering(subject: Subject, wish: Presentation, turning: bool) -> Shown:
    """One picture, or the frames of a full turn towards the patient's left."""
    has_scale = subject.turned.grid.spacing is not None
    subject = scaled(subject)
    notes = list(subject.notes)
    volume = subject.volume()
    preset = chosen(volume, subject.is_ct, wish.kind, wish.threshold, wish.transfer)
    if not subject.is_ct and wish.threshold is None and wish.transfer is None:
        notes.append(f"no Hounsfield units: the threshold {preset.threshold:.4g} was found in the samples")
    volume, grid = _ready(subject, volume, preset, wish, notes)
    camera = camera_of(wish.view)
    n = max(2, wish.frames) if turning else 1
    cameras = [replace(camera, azimuth=camera.azimuth + 360 * i / n) for i in range(n)]
    screen = fitted(grid, tuple(cameras), wish.size)
    words = _words(subject, wish, preset, has_scale)

    def frames() -> Iterator[Array]:
        for one in cameras:
            picture = on_black(render(volume, grid, preset.transfer, one, screen))
            marks = Marks(
                _sides(subject, one), (_from(one, wish.language), *words), screen.pixel if has_scale else None
            )
            yield picture if wish.plain else annotated(picture, marks, wish.language)

    sides = _sides(subject, camera)
    facts: dict[str, Any] = {
        "camera": {"azimuth": camera.azimuth, "elevation": camera.elevation, "projection": "parallel"},
        "threshold": preset.threshold,
        "transfer": [[value, opacity, list(colour)] for value, opacity, colour in preset.transfer.points],
        "spacing_mm": list(grid.spacing or ()) if has_scale else None,
        "pixel_mm": screen.pixel if has_scale else None,
        "orientation": {k: s or None for k, s in zip(("left", "right", "top", "bottom"), sides, strict=True)},
        "frames": n,
    }
    return Shown(frames(), facts, 1 / (wish.rate or TURN_RATE) if turning else None, tuple(notes))


def camera_of(view: str) -> Camera:
    """'left', or 'azimuth/elevation' in degrees."""
    if view in VIEWS:
        return VIEWS[view]
    try:
        azimuth, elevation = (float(part) for part in view.split("/"))
    except ValueError:
        known = ", ".join(VIEWS)
        raise RecipeError(f"no view called {view!r}; known: {known}, or azimuth/elevation", "e.g. 30/15") from None
    if not -90 <= elevation <= 90:
        raise RecipeError(f"an elevation of {elevation:g} degrees looks from nowhere", "give -90 to 90")
    return Camera(azimuth, elevation)


def _ready(subject: Subject, volume: Array, preset: Preset, wish: Presentation, notes: list[str]) -> tuple[Array, Grid]:
    """The volume as it is rendered: without padding, couch and, for what lies inside, the air around; with a rim."""
    grid = subject.turned.grid
    if not subject.is_ct:
        rim = float(np.nanmin(volume))
        rim = min(rim, preset.transfer.points[0][0]) if volume.dtype.kind == "f" else rim
        return framed(volume, grid, rim)
    if volume.dtype.kind in "if":
        volume = np.maximum(volume, np.asarray(AIR, volume.dtype))
    if not wish.keep_all:
        volume, left_out = without_couch(volume, grid)
        if left_out:
            notes.append("what lies apart from the body (couch, covers, cables) was left out; --keep-all shows it")
    if preset.inside:
        volume = without_outside(volume, grid)
        notes.append("the air around the patient was left out")
    return framed(volume, grid, TISSUE if preset.inside else AIR)


def _words(subject: Subject, wish: Presentation, preset: Preset, has_scale: bool) -> list[str]:
    if wish.kind in ("skin", "airways", "bone") and subject.is_ct and wish.threshold is None and wish.transfer is None:
        words = [say(f"present.{wish.kind}", wish.language)]
    else:
        unit = f"{NO_BREAK}HU" if subject.is_ct else ""
        words = [say("present.threshold", wish.language, value=decimal(preset.threshold, 4, wish.language), unit=unit)]
    words += [] if has_scale else [say("present.no_scale", wish.language)]
    return words + ([] if subject.turned.known else [say("present.no_orientation", wish.language)])


def _sides(subject: Subject, camera: Camera) -> tuple[str, str, str, str]:
    if not subject.turned.known:
        return "", "", "", ""
    return letters(-camera.right), letters(camera.right), letters(camera.up), letters(-camera.up)


def _from(camera: Camera, language: str) -> str:
    for name, known in VIEWS.items():
        if (camera.azimuth % 360, camera.elevation) == (known.azimuth, known.elevation):
            return say(f"present.from.{name}", language)
    angles = {"azimuth": camera.azimuth % 360, "elevation": camera.elevation}
    return say("present.from.free", language, **{k: decimal(round(v), 3, language) for k, v in angles.items()})
