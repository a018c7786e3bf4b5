"""Samples to brightness: window presets, DICOM's VOI functions and tables, and windows found in the samples."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..core.errors import NotRegistered, RecipeError
from ..core.image import Array

Shades = NDArray[np.float32]
Function = Literal["linear", "linear_exact", "sigmoid"]


@dataclass(frozen=True, slots=True)
class Window:
    """Centre and width, and the function between black and white (DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3)."""

    centre: float
    width: float
    function: Function = "linear_exact"
    name: str | None = None
    mirror: float | None = None
    """The values were turned over as `mirror - stored value`, and the window is for those before: MONOCHROME1."""

    @property
    def low(self) -> float:
        return self.centre - self.width / 2

    @property
    def high(self) -> float:
        return self.centre + self.width / 2

    def shades(self, samples: Array) -> Shades:
        """0 (black) to 1 (white) of samples of any shape; what is not a number is black."""
        x = np.nan_to_num(np.asarray(samples, np.float32), nan=-np.inf)
        if self.mirror is not None:
            return np.asarray(1 - replace(self, mirror=None).shades(np.float32(self.mirror) - x), np.float32)
        return np.asarray(_FUNCTIONS[self.function](self, x), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A VOI look-up table (DICOM PS3.3 C.11.2.1.1)."""

    first: int
    """The value that maps to the first entry; what is below maps to it too, what is above the table to the last."""
    entries: Shades
    """0 to 1."""
    mirror: float | None = None

    @property
    def name(self) -> str:
        return "lut"

    def shades(self, samples: Array) -> Shades:
        """0 (black) to 1 (white)."""
        x = np.nan_to_num(np.asarray(samples, np.float64))
        if self.mirror is not None:
            return np.asarray(1 - replace(self, mirror=None).shades(self.mirror - x), np.float32)
        at = np.clip(np.rint(x) - self.first, 0, len(self.entries) - 1).astype(np.intp)
        return np.asarray(self.entries[at], np.float32)


Shading = Window | Lookup
PRESETS: Mapping[str, tuple[float, float]] = {
    "lung": (-600, 1500),
    "mediastinum": (50, 350),
    "soft": (40, 400),
    "abdomen": (50, 400),
    "liver": (90, 150),
    "spine": (50, 250),
    "angio": (300, 600),
    "bone": (400, 1800),
    "temporal": (600, 2800),
    "brain": (40, 80),
    "stroke": (40, 40),
    "subdural": (75, 215),
}
"""Name -> (centre, width) in Hounsfield units: habits of CT reading, not measurements; readers differ by some tens."""
SUV = (3.5, 7.0)
"""Centre and width of 0 to 7 g/ml, the habit for FDG of the body."""
AUTO = (0.5, 99.5)
"""Percentiles that become black and white."""
WORDS = ("auto", "file", "suv")
_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_CENTRE_WIDTH = re.compile(rf"({_NUMBER})[/,]({_NUMBER})")
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})")


def preset(name: str) -> Window:
    """A window of the table by its name."""
    if name not in PRESETS:
        raise NotRegistered(f"no window called {name!r}; known: {', '.join((*WORDS, *PRESETS))}, or centre/width")
    centre, width = PRESETS[name]
    return Window(centre, width, name=name)


def parse(text: str) -> Window:
    """'40/400' (centre/width), '0..7' (black..white) or the name of a preset."""
    if pair := _CENTRE_WIDTH.fullmatch(text):
        centre, width = float(pair[1]), float(pair[2])
    elif pair := _RANGE.fullmatch(text):
        low, high = float(pair[1]), float(pair[2])
        centre, width = (low + high) / 2, high - low
    else:
        return preset(text)
    if width <= 0:
        raise RecipeError(f"window {text}: a width of {width:g} shows nothing", "give centre/width, or black..white")
    return Window(centre, width)


def found(samples: Array, floor: float | None = None) -> Window:
    """A window from black at the 0.5th percentile to white at the 99.5th; samples at or below `floor` are left out. An
    empty background (the lowest value, where more than half of the samples have it) is black, and not counted."""
    flat = samples.reshape(-1)[:: max(1, samples.size // 500_000)]
    flat = flat[np.isfinite(flat)]
    if floor is not None and (above := flat[flat > floor]).size:
        flat = above
    if not flat.size:
        return Window(0.5, 1.0, name="auto")
    lowest = flat.min()
    if 0.5 < np.mean(flat == lowest) < 1:
        low, high = float(lowest), float(np.percentile(flat[flat > lowest].astype(np.float64), AUTO[1]))
    else:
        low, high = (float(v) for v in np.percentile(flat.astype(np.float64), AUTO))
    if high <= low:
        low, high = float(flat.min()), float(flat.max())
    return Window((low + high) / 2, max(high - low, 1e-6), name="auto")


def _linear(window: Window, x: Shades) -> Shades:
    if window.width <= 1:
        return np.asarray(x > window.centre - 0.5, np.float32)
    return np.asarray(np.clip((x - (window.centre - 0.5)) / (window.width - 1) + 0.5, 0, 1), np.float32)


def _linear_exact(window: Window, x: Shades) -> Shades:
    return np.asarray(np.clip((x - window.centre) / window.width + 0.5, 0, 1), np.float32)


def _sigmoid(window: Window, x: Shades) -> Shades:
    return np.asarray(1 / (1 + np.exp(np.clip(-4 * (x - window.centre) / window.width, -80, 80))), np.float32)


_FUNCTIONS = {"linear": _linear, "linear_exact": _linear_exact, "sigmoid": _sigmoid}
