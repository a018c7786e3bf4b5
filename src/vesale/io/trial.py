"""One trial as a source: its features are the channels of a 1 x 1 plane; where they come from is not said here."""

from functools import lru_cache

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.grid import Grid
from vesale.core.image import Array, Description, Held, Image, Provenance, Source

from .arrays import MOST_VALUES


def as_signal(values: Array, description: Description) -> Source:
    """Values of any shape as a source; what is no number among them is counted in a note."""
    flat = np.ascontiguousarray(values).reshape(-1)
    if not 1 <= flat.size <= MOST_VALUES:
        raise SourceError(f"a trial of {flat.size} values; 1 to {MOST_VALUES} are read", "choose fewer features")
    notes = list(description.notes)
    missing = int(np.count_nonzero(~np.isfinite(flat))) if flat.dtype.kind == "f" else 0
    if missing:
        notes.append(f"{missing} of {flat.size} values are no numbers: taken as 0")
    image = Image(flat[:, None, None], Grid((1, 1)), "signal", names(flat.size), Provenance(description.sha256))
    files = description.files
    return Held(image, Description(description.format, description.sha256, None, tuple(notes), files))


@lru_cache(maxsize=4)
def names(count: int) -> tuple[str, ...]:
    """feature 1, feature 2, ...; kept, as every trial of a cohort has the same."""
    return tuple(f"feature {i + 1}" for i in range(count))
