"""Which window, and which colours, an exam is shown with: what the user says, what its header says, else a habit."""

import numpy as np

from ..core.errors import SourceError
from ..core.image import Array
from ..io.display import Display
from ..ops.window import SUV, Lookup, Shading, Window, found, parse, preset
from .subject import Presentation, Subject

DARK_ON_WHITE = frozenset({"PT", "NM"})
"""Modalities whose habit is dark uptake on white."""


def shading_of(subject: Subject, wish: Presentation, samples: Array, notes: list[str]) -> Shading:
    """The window of a volume's pictures. `samples`: what is shown, for `auto`.

    Without a wish: the file's own for a single slice or a maximum of a CT, soft tissue for a CT without one, SUV 0 to 7
    for PET in SUV, the samples' percentiles for the rest and for averages, whose values are other ones.
    """
    word = wish.window or _habit(subject, wish)
    if word == "auto":
        return found(np.maximum(samples, -1024) if subject.is_ct else samples, -1024 if subject.is_ct else None)
    if word == "file":
        return of_file(subject.display)
    if word == "suv":
        if not subject.is_suv:
            raise SourceError("the values of this image are not known to be SUV", "give black..white in its own unit")
        return Window(*SUV, name="suv")
    window = parse(word)
    if window.name is not None and not subject.is_ct:
        notes.append(f"the window {window.name} is in Hounsfield units, and the file does not say that it is a CT")
    return window


def of_file(display: Display) -> Shading:
    """The window of the header, else its table; SourceError when it has neither."""
    if display.windows:
        first = display.windows[0]
        return Window(first.centre, first.width, first.function, "file", display.mirror)  # type: ignore[arg-type]
    if display.table is not None:
        return Lookup(display.table.first, display.table.entries, display.mirror)
    raise SourceError("the file names no window of its own", "give --window auto, a preset or centre/width")


def has_own(display: Display) -> bool:
    return bool(display.windows) or display.table is not None


def colours_of(subject: Subject, wish: Presentation) -> str:
    """Grey, or dark on white for nuclear medicine and where the file says that low is white."""
    if wish.colours is not None:
        return wish.colours
    dark = subject.source.description.modality in DARK_ON_WHITE
    own = wish.window == "file" and subject.display.white_is_low
    return "inverse" if dark or own else "grey"


def _habit(subject: Subject, wish: Presentation) -> str:
    if wish.kind == "average":
        return "auto"
    if subject.is_ct:
        return "file" if has_own(subject.display) else "soft"
    if subject.is_suv:
        return "suv"
    modality = subject.source.description.modality
    return "file" if has_own(subject.display) and modality not in DARK_ON_WHITE else "auto"


def soft_tissue() -> Window:
    return preset("soft")
