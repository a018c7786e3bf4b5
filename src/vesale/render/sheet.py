"""A whole volume at a glance: the three central planes, a maximum projection and slices evenly spread."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core.errors import ShapeError, SourceError
from ..core.image import Array, Description, Held, Image
from ..io.display import Display, read_display
from ..ops.orient import PLANES, Plane, is_sheared
from ..ops.project import Cut, How, placed, project
from ..ops.resample import resample, straight
from ..ops.window import found
from .annotate import Marks, annotated
from .overlay import outlined
from .paint import PALETTE, Entry, legend_height, png, with_legend
from .planes import Style, drawn, fitting, window_text
from .shading import colours_of, shading_of
from .show_planes import window_facts
from .subject import CT_AIR, Presentation, Shown, Subject, subject_of
from .words import decimal, say

LONGEST = 2048
COLUMNS, MOST_SLICES = 4, 12
GAP = 4


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """What is outlined on a sheet, upright as the volume is."""

    labels: Array
    """(1, z, y, x) of indices when exclusive, else (K, z, y, x) of 0 / 1."""
    names: tuple[str, ...]
    exclusive: bool

    def masks(self, plane: Plane, span: tuple[int, int]) -> list[tuple[str, Array]]:
        """Each class on the picture of a slab, as it is shown."""
        taken: list[slice] = [slice(None)] * 3
        taken[plane.normal] = slice(*span)
        part = self.labels[(slice(None), *taken)]
        masks = []
        for i, name in enumerate(self.names):
            if self.exclusive and i == 0:
                continue
            flat = ((part[0] == i) if self.exclusive else (part[i] != 0)).any(axis=plane.normal)
            masks.append((name, flat[::-1] if plane.rows_flipped else flat))
        return masks

    def held(self, axis: int) -> Array:
        """Indices along an axis of the slices that hold something."""
        others = tuple(i + 1 for i in range(3) if i != axis)
        return np.flatnonzero(self.labels.any(axis=(0, *others)))


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """What every tile of a sheet needs."""

    subject: Subject
    volume: Array
    style: Style
    outlines: Outlines | None
    side: int
    """Pixels that a tile may have at most each way."""


def show_sheet(subject: Subject, wish: Presentation) -> Shown:
    """The contact sheet of a volume."""
    notes = list(subject.notes)
    picture, facts = contact_sheet(subject, replace(wish, size=min(LONGEST, 2 * wish.size)), None, notes)
    return Shown(iter([picture]), facts, notes=tuple(notes))


def volume_overlay(
    image: Image,
    labels: Array | None = None,
    names: Sequence[str] = (),
    exclusive: bool = True,
    about: Description | None = None,
    language: str = "en",
) -> bytes:
    """PNG of the contact sheet of an image (C, Z, Y, X) with the outlines of labels (1 or K, Z, Y, X) on every tile.

    With outlines the slices are taken among those that hold something, and the planes run through their middle. `about`
    is the description of the image's source: its header's window is then used. Long side <= 2048.
    """
    if image.data.ndim != 4 or (labels is not None and (labels.ndim != 4 or image.data.shape[1:] != labels.shape[1:])):
        found_shape = None if labels is None else labels.shape
        raise ShapeError(f"image {image.data.shape} and labels {found_shape} are not (channel, z, y, x) on one grid")
    wish = Presentation(size=LONGEST, language=language)
    subject = subject_of_image(image, about, wish)
    outlines = None
    if labels is not None and (labels.any() or len(names)):
        if is_sheared(image.grid) and image.grid.spacing is not None:
            target = straight(image.grid)
            labels = np.stack([resample(c, image.grid, target, 0, nearest=True) for c in labels])
        known = tuple(names) or _names_for(labels, exclusive)
        outlines = Outlines(subject.turned.turn(labels), known, exclusive)
    return png(contact_sheet(subject, wish, outlines, [])[0])


def contact_sheet(
    subject: Subject, wish: Presentation, outlines: Outlines | None, notes: list[str]
) -> tuple[Array, dict[str, Any]]:
    """(H, W, 3) and the facts of it: first the central planes and the maximum projection, then slices."""
    volume = subject.volume()
    entries = _entries(outlines)
    side = (wish.size - legend_height(wish.size, entries) - 5 * GAP) // COLUMNS
    middle = _middle(subject, outlines)
    shading = shading_of(subject, wish, volume, notes)
    style = Style(shading, colours_of(subject, wish), wish.language, wish.plain)
    board = Board(subject, volume, style, outlines, side)
    acquired = next(p for p in PLANES.values() if p.normal == subject.turned.order.index(0))
    first = [_plane_tile(board, p, middle[p.normal]) for p in PLANES.values()] + [_maximum_tile(board, acquired)]
    chosen = _chosen(subject, acquired, outlines)
    slices = [_slice_tile(board, acquired, index) for index in chosen]
    rows = [_row(first, side)] + [_row(slices[i : i + COLUMNS], side) for i in range(0, len(slices), COLUMNS)]
    numbers = [subject.turned.stored(acquired.normal, i) + 1 for i in chosen]
    facts = {"window": window_facts(shading), "plane": acquired.name, "slices_shown": numbers}
    return with_legend(np.concatenate(rows), entries), facts


def subject_of_image(image: Image, about: Description | None, wish: Presentation) -> Subject:
    """The image as a subject; a header that can no longer be read says nothing of its window."""
    plain = Held(image, replace(about or Description("memory", ""), files=()))
    subject = subject_of(plain, replace(wish, channel=0))
    try:
        display = read_display(about) if about is not None else Display()
    except SourceError:
        display = Display()
    return replace(subject, display=display)


def _plane_tile(board: Board, plane: Plane, index: int) -> Array:
    cut = _cut(board, plane, "average", (index, index + 1))
    words = [say(f"present.{plane.name}", board.style.language)]
    if plane.name == "axial":
        words.append(window_text(board.style.shading, board.style.language))
    return _tile(board, cut, board.style, words)


def _maximum_tile(board: Board, acquired: Plane) -> Array:
    """The maximum through the whole volume, seen from the front, or along the slices where those are coronal."""
    plane = PLANES["sagittal" if acquired.name == "coronal" else "coronal"]
    count = board.subject.turned.grid.shape[plane.normal]
    cut = _cut(board, plane, "maximum", (0, count))
    style = replace(board.style, shading=found(cut.samples, CT_AIR if board.subject.is_ct else None))
    words = [f"{say('present.mip', style.language)}, {say(f'present.{plane.name}', style.language)}"]
    return _tile(board, cut, style, [*words, window_text(style.shading, style.language)])


def _slice_tile(board: Board, plane: Plane, index: int) -> Array:
    cut = _cut(board, plane, "average", (index, index + 1))
    total = board.subject.turned.grid.shape[plane.normal]
    number = board.subject.turned.stored(plane.normal, index) + 1
    words = [say("present.slice", board.style.language, number=number, total=total)]
    if cut.position is not None:
        words[0] += f", {decimal(round(cut.position, 1), 4, board.style.language)} mm"
    return _tile(board, cut, board.style, words)


def _cut(board: Board, plane: Plane, how: How, span: tuple[int, int]) -> Cut:
    taken: list[slice] = [slice(None)] * 3
    taken[plane.normal] = slice(*span)
    samples = project(board.volume[tuple(taken)], plane.normal, how)
    return placed(samples, board.subject.turned, plane, how, span)


def _tile(board: Board, cut: Cut, style: Style, words: Sequence[str]) -> Array:
    size, pixel = fitting(cut, (board.side, board.side))
    picture = drawn(cut, style, size)
    if board.outlines is not None:
        picture = outlined(picture, board.outlines.masks(cut.plane, (cut.start, cut.stop)), None, numbers=False)
    return picture if style.plain else annotated(picture, Marks(cut.sides, tuple(words), pixel), style.language)


def _row(tiles: Sequence[Array], side: int) -> Array:
    """Tiles side by side in columns of one width, as high as the highest."""
    height = max(t.shape[0] for t in tiles)
    row = np.zeros((height + GAP, COLUMNS * (side + GAP), 3), np.uint8)
    for i, tile in enumerate(tiles):
        top, left = (height - tile.shape[0]) // 2, i * (side + GAP) + (side - tile.shape[1]) // 2
        row[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return row


def _chosen(subject: Subject, acquired: Plane, outlines: Outlines | None) -> list[int]:
    """Upright indices of the slices shown, in stored order."""
    count = subject.turned.grid.shape[acquired.normal]
    held = outlines.held(acquired.normal) if outlines is not None else np.arange(0)
    if held.size:
        picked = held[np.unique(np.linspace(0, len(held) - 1, min(MOST_SLICES, len(held))).round().astype(int))]
    else:
        n = min(MOST_SLICES, count)
        picked = np.array([int((i + 0.5) * count / n) for i in range(n)])
    return sorted((int(i) for i in picked), key=lambda i: subject.turned.stored(acquired.normal, i))


def _middle(subject: Subject, outlines: Outlines | None) -> tuple[int, ...]:
    """Where the central planes run: the middle of the volume, or of what is outlined."""
    held = [outlines.held(axis) for axis in range(3)] if outlines is not None else []
    if held and held[0].size:
        return tuple(int(np.median(h)) for h in held)
    return tuple((n - 1) // 2 for n in subject.turned.grid.shape)


def _entries(outlines: Outlines | None) -> list[Entry]:
    if outlines is None:
        return []
    names = outlines.names[1:] if outlines.exclusive else outlines.names
    return [Entry(PALETTE[i % len(PALETTE)], name) for i, name in enumerate(names)]


def _names_for(labels: Array, exclusive: bool) -> tuple[str, ...]:
    return tuple(str(i) for i in range(int(labels.max()) + 1 if exclusive else len(labels)))
