"""Answers drawn on the picture they are about: outlines, found / missed / false alarm, thumbnails.

Volumes are drawn in `sheet.py`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import ndimage

from ..core.errors import ShapeError
from ..core.image import Array
from .paint import (
    PALETTE,
    Colour,
    Entry,
    is_thin,
    legend_height,
    outline,
    png,
    resize,
    resize_mask,
    rgb,
    shape_within,
    stripes,
    tint,
    window_of,
    with_legend,
    write_on,
)
from .words import counted, say

LONGEST = 2048
FOUND: Colour = (0, 158, 115)
MISSED: Colour = (255, 70, 35)
FALSE_ALARM: Colour = (86, 180, 233)
CONFUSED: Colour = (240, 228, 66)

_PARTS: dict[str, tuple[Colour, bool, float]] = {
    "found": (FOUND, False, 0.55),
    "missed": (MISSED, True, 0.8),
    "false_alarm": (FALSE_ALARM, False, 0.85),
    "confused": (CONFUSED, True, 0.7),
}
"""What a sample can be -> its colour, whether it is striped, how strong the tint is."""


def overlay(
    image: Array,
    labels: Array,
    names: Sequence[str],
    exclusive: bool,
    roi: Array | None = None,
    language: str = "en",
) -> bytes:
    """PNG of the picture with every class outlined (thin structures tinted) and a legend below; long side <= 2048.

    image (C, H, W) of any type; labels (1, H, W) of indices when exclusive (names[0] is background), else (K, H, W) of
    0 / 1, one channel a name; roi (H, W) or (1, H, W), nonzero where the answer counts: the rest is dimmed.
    A ShapeError when they do not lie on one grid.
    """
    masks = _masks(image, labels, names, exclusive)
    entries = [Entry(PALETTE[i % len(PALETTE)], _numbered(i, name, len(masks))) for i, (name, _) in enumerate(masks)]
    absent = [not mask.any() for _, mask in masks]
    entries = [
        replace(e, text=f"{e.text} ({say('picture.none', language)})") if gone else e
        for e, gone in zip(entries, absent, strict=True)
    ]
    if roi is not None:
        entries.append(Entry((70, 70, 70), say("picture.not_scored", language)))
    shape = _shape_with_legend((image.shape[1], image.shape[2]), entries)
    return png(with_legend(outlined(resize(rgb(image), shape), masks, roi), entries))


def thumbnail(image: Array, side: int = 320) -> bytes:
    """PNG of (C, H, W), or of the middle slice of (C, Z, Y, X), whose long side is `side`."""
    flat = image if image.ndim == 3 else image[:, image.shape[1] // 2]
    height, width = flat.shape[1:]
    factor = side / max(height, width)
    return png(resize(rgb(flat), (max(1, round(height * factor)), max(1, round(width * factor)))))


def confusion_overlay(
    image: Array, predicted: Array, truth: Array, roi: Array | None = None, language: str = "en"
) -> bytes:
    """PNG of the picture beside the same in grey, where the structure is found, missed or a false alarm.

    image (C, H, W) or (C, Z, Y, X): of a volume the slice that holds most; predicted and truth on the same grid, with
    or without a leading channel: booleans, indices (a wrong index is shown as another name), or (K, ...) of 0 / 1.
    """
    picture, parts, inside, note = _compared(image, predicted, truth, roi)
    count = {name: int((mask & inside).sum()) for name, mask in parts.items()}
    entries = [
        Entry(colour, f"{say(f'picture.{name}', language)}: {counted(count[name], 'pixel', language)}", striped)
        for name, (colour, striped, _) in _PARTS.items()
        if count[name] or name != "confused"
    ]
    entries += [Entry((70, 70, 70), say("picture.not_scored", language))] if not inside.all() else []
    entries += [Entry((24, 26, 30), say("picture.slice", language, number=note[0], total=note[1]))] if note else []
    left = resize(picture, shape_within((picture.shape[0], picture.shape[1]), 880, 640))
    size = (left.shape[0], left.shape[1])
    right = (left.mean(axis=-1, keepdims=True) * 0.75).astype(np.uint8).repeat(3, axis=-1)
    for name, (colour, striped, strength) in _PARTS.items():
        tint(right, resize_mask(parts[name] & inside, size), colour, stripes(size) if striped else strength)
    right[~resize_mask(inside, size)] //= 3
    gap = np.full((left.shape[0], 8, 3), 24, np.uint8)
    return png(with_legend(np.concatenate([left, gap, right], axis=1), entries))


def outlined(picture: Array, masks: Sequence[tuple[str, Array]], roi: Array | None, numbers: bool = True) -> Array:
    """(H, W, 3) with the masks (name, (y, x)) outlined, thin ones tinted, and what is outside the roi dimmed."""
    size = (picture.shape[0], picture.shape[1])
    out = picture.copy()
    if roi is not None:
        out[~resize_mask(roi.reshape(roi.shape[-2:]) != 0, size)] //= 3
    width = max(1, round(max(size) / 700))
    small = [resize_mask(mask, size) for _, mask in masks]
    for i, mask in enumerate(small):
        colour = PALETTE[i % len(PALETTE)]
        if is_thin(mask):
            tint(out, mask, colour)
        else:
            outline(out, mask, colour, width)
    if numbers and len(masks) > 1:
        for i, mask in enumerate(small):
            out = _number(out, mask, str(i + 1))
    return out


def _masks(image: Array, labels: Array, names: Sequence[str], exclusive: bool) -> list[tuple[str, Array]]:
    if labels.ndim != 3 or image.ndim != 3 or labels.shape[1:] != image.shape[1:]:
        raise ShapeError(f"image {image.shape} and labels {labels.shape} are not (channel, y, x) on one grid")
    if exclusive:
        return [(name, labels[0] == i) for i, name in enumerate(names) if i > 0]
    if len(labels) != len(names):
        raise ShapeError(f"{len(labels)} masks for {len(names)} names ({', '.join(names)})")
    return [(name, mask != 0) for name, mask in zip(names, labels, strict=True)]


def _numbered(i: int, name: str, total: int) -> str:
    return f"{i + 1}  {name}" if total > 1 else name


def _shape_with_legend(shape: tuple[int, int], entries: Sequence[Entry]) -> tuple[int, int]:
    """The picture's size so that picture and legend together stay within LONGEST."""
    limit = LONGEST
    while True:
        height, width = shape_within(shape, limit, 640)
        if height + legend_height(width, entries) <= LONGEST or limit <= LONGEST // 2:
            return height, width
        limit -= 32


def _number(picture: Array, mask: Array, text: str) -> Array:
    """The class's number beside its largest region, so that colour does not carry the name alone."""
    regions, n = ndimage.label(mask)
    if n == 0:
        return picture
    largest = int(np.bincount(regions.ravel())[1:].argmax()) + 1
    rows, columns = ndimage.find_objects(regions, max_label=largest)[largest - 1]
    size = max(12, max(picture.shape) // 60)
    row = int(np.clip(rows.start - size, 0, picture.shape[0] - 2 * size))
    column = int(np.clip(columns.stop, 0, picture.shape[1] - 2 * size))
    return write_on(picture, text, (row, column), size)


def _compared(
    image: Array, predicted: Array, truth: Array, roi: Array | None
) -> tuple[Array, dict[str, Array], Array, tuple[int, int] | None]:
    """The picture, what each of its samples is, where it counts, and (slice, slices) of a volume."""
    grid = image.shape[1:]
    found, wanted = (_channels(x, grid, what) for x, what in ((predicted, "predicted"), (truth, "truth")))
    if len(found) != len(wanted):
        raise ShapeError(f"predicted has {len(found)} channels, truth has {len(wanted)}")
    here, there = found.any(axis=0), wanted.any(axis=0)
    same = ((found == wanted) & (wanted != 0)).any(axis=0)
    parts = {
        "found": same,
        "missed": there & ~here,
        "false_alarm": here & ~there,
        "confused": here & there & ~same,
    }
    inside = np.ones(grid, bool) if roi is None else _channels(roi, grid, "roi")[0] != 0
    if len(grid) == 2:
        return rgb(image), parts, inside, None
    z = int((here | there).sum(axis=(1, 2)).argmax()) if (here | there).any() else grid[0] // 2
    sliced = {name: mask[z] for name, mask in parts.items()}
    window = None if image.dtype == np.uint8 else window_of(image)
    return rgb(image[:, z], window), sliced, inside[z], (z + 1, grid[0])


def _channels(samples: Array, grid: tuple[int, ...], what: str) -> Array:
    """(channel, *grid), whatever was given."""
    out = samples[None] if samples.shape == grid else samples
    if out.shape[1:] != grid:
        raise ShapeError(f"{what} {samples.shape} does not lie on the image's grid {grid}")
    return out
