"""Pictures without depth and loops: one view, several views side by side, and frames in time."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..core.errors import RecipeError
from ..core.grid import Grid
from ..core.image import Array, Source
from ..io.display import Display, read_display
from ..ops.look import evenly
from ..ops.orient import letters
from ..ops.window import Shading, Window, found, parse
from .annotate import Marks, annotated
from .colourmaps import coloured
from .paint import resize
from .planes import shades_of, window_text
from .shading import DARK_ON_WHITE, has_own, of_file
from .show_planes import RATE, window_facts
from .subject import Presentation, Shown, is_colour
from .words import say

MOST_FRAMES = 16
"""On the sheet of a loop."""


def show_picture(source: Source, wish: Presentation) -> Shown:
    """One 2-D image at its own brightness, its own window, or the one that is wished."""
    picture, facts, notes = _view(source, wish, wish.size)
    return Shown(iter([picture]), facts, notes=tuple(notes))


def show_views(sources: Sequence[Source], wish: Presentation) -> Shown:
    """All views of an exam side by side, numbered."""
    columns = int(np.ceil(np.sqrt(len(sources))))
    side = wish.size // columns
    tiles, views, notes = [], [], []
    for i, source in enumerate(sources):
        tile, facts, said = _view(source, wish, side, (say("present.view", wish.language, number=i + 1),))
        canvas = np.zeros((side, side, 3), np.uint8)
        top, left = (side - tile.shape[0]) // 2, (side - tile.shape[1]) // 2
        canvas[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
        tiles.append(canvas)
        views.append(facts)
        notes += [f"view {i + 1}: {note}" for note in said]
    tiles += [np.zeros((side, side, 3), np.uint8)] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
    return Shown(iter([np.concatenate(rows)]), {"views": views}, notes=tuple(notes))


def show_loop(source: Source, wish: Presentation) -> Shown:
    """The frames of a source (frame, y, x) in time, at the recorded rate where there is one."""
    display, grid, notes = read_display(source.description), source.levels[0], list[str]()
    if len(grid.shape) != 3:
        raise RecipeError("one picture is no loop", "give a multi-frame image, or --as sheet")
    seconds = 1 / wish.rate if wish.rate else display.frame_seconds
    if seconds is None:
        seconds = 1 / RATE
        notes.append(f"the file does not say how fast its frames follow each other: shown at {RATE:g} per second")
    elif display.uneven and not wish.rate:
        notes.append("the frames were not recorded at even times: shown at their mean distance")
    data = source.read().data  # (channel, frame, y, x)
    flat = Grid(grid.shape[1:], None if grid.spacing is None else grid.spacing[1:])
    shading = None if is_colour(source.channels) else _shading(source, display, data[_channel(source, wish)], wish)
    total = grid.shape[0]

    def frames() -> Iterator[Array]:
        for i in range(total):
            words = (say("present.frame", wish.language, number=i + 1, total=total),)
            yield _drawn(data[:, i], flat, source, shading, wish, (wish.size, words))

    facts: dict[str, Any] = {"frames": total, "window": None if shading is None else window_facts(shading)}
    return Shown(frames(), facts, seconds, tuple(notes))


def show_frames(source: Source, wish: Presentation) -> Shown:
    """Frames of a loop, evenly spread, side by side."""
    display, grid = read_display(source.description), source.levels[0]
    data = source.read().data  # (channel, frame, y, x)
    flat = Grid(grid.shape[1:], None if grid.spacing is None else grid.spacing[1:])
    shading = None if is_colour(source.channels) else _shading(source, display, data[_channel(source, wish)], wish)
    chosen = evenly(grid.shape[0], MOST_FRAMES)
    columns = int(np.ceil(np.sqrt(len(chosen))))
    tiles = []
    for i in chosen:
        words = (say("present.frame", wish.language, number=i + 1, total=grid.shape[0]),)
        tiles.append(_drawn(data[:, i], flat, source, shading, wish, (wish.size // columns, words)))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
    facts = {"frames_shown": [i + 1 for i in chosen], "window": None if shading is None else window_facts(shading)}
    return Shown(iter([np.concatenate(rows)]), facts)


def _view(
    source: Source, wish: Presentation, longest: int, words: tuple[str, ...] = ()
) -> tuple[Array, dict[str, Any], list[str]]:
    """(picture, facts, notes) of a 2-D image; of a slide the level that is just large enough."""
    level = _level(source, longest)
    grid, display = source.levels[level], read_display(source.description)
    if len(grid.shape) != 2:
        raise RecipeError("views are 2-D images, and one of these is a volume", "present it on its own")
    data = source.read(None, level).data
    shading = None if is_colour(source.channels) else _shading(source, display, data[_channel(source, wish)], wish)
    facts = {
        "spacing_mm": None if grid.spacing is None else list(grid.spacing),
        "window": None if shading is None else window_facts(shading),
        "level": level,
    }
    notes = [] if grid.spacing else ["the file gives no scale: there is no scale bar"]
    return _drawn(data, grid, source, shading, wish, (longest, words)), facts, notes


def _drawn(
    data: Array,
    grid: Grid,
    source: Source,
    shading: Shading | None,
    wish: Presentation,
    about: tuple[int, tuple[str, ...]],
) -> Array:
    """(H, W, 3) of (channel, y, x) with its marks; `about`: the long side, and words."""
    longest, words = about
    down, right = grid.spacing or (1.0, 1.0)
    pixel = max(data.shape[1] * down, data.shape[2] * right) / longest
    size = max(1, round(data.shape[1] * down / pixel)), max(1, round(data.shape[2] * right / pixel))
    if shading is None:
        picture = resize(_bytes(data[:3]), size)
    else:
        picture = coloured(shades_of(data[_channel(source, wish)], shading, size), _colours(source, wish))
        words = (*words, window_text(shading, wish.language))
    if wish.plain:
        return picture
    known = grid.frame == "patient" and grid.axes is not None and len(grid.axes[0]) == 3
    sides = ("", "", "", "")
    if known:
        to_bottom, to_right = grid.directions[:, 0], grid.directions[:, 1]
        sides = letters(-to_right), letters(to_right), letters(-to_bottom), letters(to_bottom)
    words = words if grid.spacing else (*words, say("present.no_scale", wish.language))
    return annotated(picture, Marks(sides, words, pixel if grid.spacing else None), wish.language)


def _shading(source: Source, display: Display, samples: Array, wish: Presentation) -> Shading:
    word = wish.window or ("file" if has_own(display) else "auto")
    if word == "file":
        return of_file(display)
    if word == "auto" and wish.window is None and samples.dtype == np.uint8:
        return Window(127.5, 255, name="auto")  # a picture of bytes is shown as it is
    return found(samples) if word == "auto" else parse(word)


def _colours(source: Source, wish: Presentation) -> str:
    return wish.colours or ("inverse" if source.description.modality in DARK_ON_WHITE else "grey")


def _channel(source: Source, wish: Presentation) -> int:
    if not 0 <= wish.channel < len(source.channels):
        raise RecipeError(f"no channel {wish.channel} among {len(source.channels)}", "channels count from 0")
    return wish.channel


def _level(source: Source, longest: int) -> int:
    """The coarsest level that is no smaller than what is drawn."""
    enough = [i for i, grid in enumerate(source.levels) if max(grid.shape) >= longest]
    return enough[-1] if enough else 0


def _bytes(colours: Array) -> Array:
    """(3, y, x) of any type -> (y, x, 3) uint8: whole numbers by their type's range, others by [0, 1]."""
    if colours.dtype == np.uint8:
        out = colours
    elif colours.dtype.kind == "u":
        out = (colours >> (8 * (colours.dtype.itemsize - 1))).astype(np.uint8)
    else:
        out = (np.clip(np.nan_to_num(colours), 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(out, 0, -1))
