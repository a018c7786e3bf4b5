"""`vesale present`: an exam as radiologists like to see it: slices, projections, renderings, loops, a sheet of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from ..core.errors import NotRegistered, RecipeError
from ..core.image import Array, Source
from ..io import open_source
from ..io.display import read_display
from ..render.layer import layer_of
from ..render.sheet import show_sheet
from ..render.show_flat import show_frames, show_loop, show_picture, show_views
from ..render.show_planes import show_cut, show_planes, show_sliding
from ..render.show_volume import show_rendering
from ..render.subject import Presentation, Shown, is_loop, subject_of
from ..render.video import write_video

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
VIDEOS = (".mp4", ".gif")
KINDS = ("sheet", "slice", "mip", "minip", "average", "planes", "skin", "airways", "bone", "render", "loop")
RENDERED = frozenset({"skin", "airways", "bone", "render"})
OVERLAID = frozenset({"slice", "mip", "average", "planes"})
JPEG_QUALITY = 92
Input = Path | str | Source


@dataclass(frozen=True, slots=True, eq=False)
class Presented:
    """What was drawn."""

    document: Mapping[str, Any]
    """`vesale/present/1`: presentation, axis, position, slab, window, spacing, letters, notes."""
    frames: tuple[Array, ...]
    """(H, W, 3) uint8, or (H, W) uint16 of 16 bits; empty for a video that was written."""


def present(
    exam: Input | Sequence[Input],
    out: Path | str | None = None,
    wish: Presentation | None = None,
    over: Input | None = None,
) -> Presented:
    """Draw an exam (a file, the folder of one DICOM series, or an opened source) and write it to `out` if given.

    The suffix of `out` decides: .png, .jpg, .tif a picture (.png and .tif also of 16 bits); .mp4, .gif a video: a
    turntable of a rendering, a slab sliding through a volume, a loop. Several exams are the views of one sheet. `over`:
    an image of the same frame of reference, laid over in colour.
    """
    wish = wish or Presentation()
    target = None if out is None else Path(out)
    _refuse(wish, target, over)
    opened = [_opened(e) for e in exam] if isinstance(exam, Sequence) and not isinstance(exam, str) else [_opened(exam)]
    moving = target is not None and target.suffix.lower() in VIDEOS
    shown = _shown(opened, wish, moving, None if over is None else _opened(over))
    frames, written = _write(target, shown)
    return Presented(_document(opened, wish, shown, target, written), frames)


def _shown(sources: Sequence[Source], wish: Presentation, moving: bool, over: Source | None) -> Shown:
    source = sources[0]
    if len(sources) > 1:
        if wish.kind != "sheet" or moving or over is not None:
            raise RecipeError("several exams are shown on one sheet only", "use --as sheet with a picture's suffix")
        return show_views(sources, wish)
    if wish.kind == "loop" or is_loop(source, read_display(source.description)):
        return _loop(source, wish, moving)
    if len(source.levels[0].shape) == 2 and wish.kind in ("sheet", "slice") and not moving and over is None:
        return show_picture(source, wish)
    subject = subject_of(source, wish)
    layer = None
    if over is not None:
        layer = layer_of(subject, subject_of(over, replace(wish, channel=0)), wish)
    if wish.kind in RENDERED:
        return show_rendering(subject, wish, moving)
    if moving:
        if wish.kind in ("sheet", "planes"):
            raise RecipeError(f"{wish.kind} is one picture", "slide a slab: --as mip --slab 10, or turn: --as bone")
        return show_sliding(subject, wish)
    if wish.kind == "planes":
        return show_planes(subject, wish, layer)
    return show_sheet(subject, wish) if wish.kind == "sheet" else show_cut(subject, wish, layer)


def _loop(source: Source, wish: Presentation, moving: bool) -> Shown:
    if moving:
        return show_loop(source, wish)
    if wish.kind not in ("sheet", "loop"):
        raise RecipeError(f"frames in time have no {wish.kind}", "give --out x.mp4 for the loop, or --as sheet")
    return show_frames(source, wish)


def _refuse(wish: Presentation, target: Path | None, over: Input | None) -> None:
    """What cannot be meant."""
    if wish.kind not in KINDS:
        raise NotRegistered(f"no presentation called {wish.kind!r}; known: {', '.join(KINDS)}")
    suffix = None if target is None else target.suffix.lower()
    if suffix is not None and suffix not in (*PICTURES, *VIDEOS):
        raise RecipeError(
            f"{target}: cannot write {suffix or 'a file without a suffix'}", "give .png, .jpg, .tif, .mp4 or .gif"
        )
    if wish.bits == 16 and (wish.kind not in ("slice", "mip", "minip", "average") or over is not None):
        raise RecipeError("16 bits are for one slice or projection in grey", "use --as slice, mip, minip or average")
    if wish.bits == 16 and suffix is not None and suffix not in (".png", ".tif", ".tiff"):
        raise RecipeError(f"{suffix} holds no 16 bits", "give .png or .tif")
    if over is not None and (wish.kind not in OVERLAID or suffix in VIDEOS):
        raise RecipeError(
            f"nothing can be laid over {wish.kind} here", f"use --as {', '.join(sorted(OVERLAID))} and a picture"
        )
    if wish.slab is not None and wish.slices is not None:
        raise RecipeError("a slab is either millimetres or slices", "give --slab or --slices")
    if not 64 <= wish.size <= 8192:
        raise RecipeError(f"a picture of {wish.size} pixels", "give --size from 64 to 8192")


def _opened(given: Input) -> Source:
    return open_source(given) if isinstance(given, str | Path) else given


def _write(target: Path | None, shown: Shown) -> tuple[tuple[Array, ...], int]:
    """(the frames that are still in memory, how many were drawn)."""
    if target is not None and target.suffix.lower() in VIDEOS:
        if shown.seconds is None:
            raise RecipeError(f"{target}: one picture is no video", "give a picture's suffix")
        return (), write_video(target, shown.frames, shown.seconds)
    frames = tuple(shown.frames)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        picture = Pillow.fromarray(np.ascontiguousarray(frames[0]))
        if target.suffix.lower() in (".jpg", ".jpeg"):
            picture.save(target, quality=JPEG_QUALITY, subsampling=0)
        else:
            picture.save(target)
    return frames, len(frames)


def _document(
    sources: Sequence[Source], wish: Presentation, shown: Shown, target: Path | None, written: int
) -> dict[str, Any]:
    """`vesale/present/1`; nothing in it names a patient."""
    notes = [note for source in sources for note in source.description.notes]
    return {
        "schema": "vesale/present/1",
        "presentation": wish.kind,
        "file": None if target is None else target.as_posix(),
        "inputs": [{"sha256": s.description.sha256, "modality": s.description.modality} for s in sources],
        "pictures": written,
        "seconds_per_frame": shown.seconds,
        **shown.facts,
        "notes": list(dict.fromkeys([*notes, *shown.notes])),
    }
