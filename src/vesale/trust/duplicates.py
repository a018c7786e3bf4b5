"""Pairs of pictures that show the same, and how sure that is; what follows for a cohort stands in `near_copies.py`.

Candidates of equal fingerprints are laid over each other; what counts is whether the fine detail then agrees, with the
frame and everything broader than a thirtieth of the picture taken out: two retinas, two chests or two slices of a
volume agree in their outlines, not in that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import atan2, degrees, sqrt

import numpy as np

from ..core.report import Measure
from .alignment import Floats, Overlay, levelled, overlay, places_of, prepared
from .fingerprints import Grey, Singles, candidates
from .promising import promising

SURE, LIKELY = 0.95, 0.5
"""Confidence from which two pictures are the same, and from which they may be."""
MIDDLE, STEEP = (0.955, 0.78), 7.0
"""Correlation of fine detail at which confidence is one half, of small pictures and of others; how fast it grows in
Fisher's z. Between the hardest pairs of different pictures and the hardest copies of `benchmarks/detective.py`."""
SMALL, WHOLE = 32, 96
"""Long side up to which a picture counts as small, and from which it does not."""
SHARED = 0.5
"""Least share of the smaller picture that both must show for a judgement."""
PLACES, FITTED, STILL = 2.5, 8.0, 0.06
"""Least number of places with detail; and where one picture had to be turned or moved by more than `STILL` to fit the
other, quarter turns apart: six numbers of a map make any two discs agree."""
KEPT = 64
"""Prepared pictures in memory."""


@dataclass(frozen=True, slots=True)
class Same:
    """Pictures `a` and `b` (their places in the sequences given) show the same."""

    a: int
    b: int
    confidence: float
    overlay: Overlay
    change: str
    """What was done to one of them, in words; empty when nothing but its size, light or compression."""

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE

    @property
    def measure(self) -> Measure:
        """Correlation of fine detail, with Fisher's interval over the places that are independent."""
        n, r = int(self.overlay.places), min(self.overlay.detail, 1 - 1e-9)
        half = 1.96 / sqrt(n - 3) if n > 3 else None
        low, high = (None, None) if half is None else np.tanh(np.arctanh(r) + np.array([-half, half])).tolist()
        method = "correlation of fine detail where both pictures show the same; Fisher's z over independent places"
        return Measure("shared_detail", self.overlay.detail, low, high, n, "block", method=method)


def same_pictures(
    pictures: Sequence[Grey],
    others: Sequence[Grey] | None = None,
    watch: Callable[[int, int], None] = lambda _, __: None,
) -> list[Same]:
    """Pairs of `pictures`, or of `pictures` (a) with `others` (b), that show the same with a confidence of `LIKELY`.

    Pictures are grey thumbnails of any shape (height, width). `watch` hears how far it is, counted in pictures that go
    through three stages each.
    """
    theirs = pictures if others is None else others
    count = len(pictures) + (len(others) if others is not None else 0)
    near = candidates(pictures, others, lambda done: watch(done, 3 * count))
    pairs = promising(pictures, theirs, near, lambda share: watch(count + round(share * count), 3 * count))
    scales = [lru_cache(KEPT)(partial(_at_scale, side)) for side in (pictures, theirs)]
    found = []
    for n, (a, b, affine) in enumerate(pairs):
        both = (pictures[a], theirs[b])
        ready = (partial(scales[0], a), partial(scales[1], b))
        laid = None if _hopeless(both[1].shape, affine) else overlay(both, ready, affine)
        sure = confidence(laid, max(max(p.shape) for p in both)) if laid else 0.0
        if laid and sure >= LIKELY:
            found.append(Same(a, b, sure, laid, _change(laid.affine, both[0].shape, both[1].shape)))
        watch(2 * count + (n + 1) * count // len(pairs), 3 * count)
    return found


def _at_scale(pictures: Sequence[Grey], number: int, side: int) -> Singles:
    return levelled(prepared(pictures[number]), side)


def confidence(laid: Overlay, side: int) -> float:
    """That two pictures with a long side of `side` that agree so far are the same one."""
    if laid.shared < SHARED or laid.places < (FITTED if _fitted(laid.affine) else PLACES):
        return 0.0
    middle = float(np.interp(side, [SMALL, WHOLE], MIDDLE))
    detail = np.clip(min(laid.detail, laid.local + 0.05), -0.999, 0.9999)
    return float(1 / (1 + np.exp(-STEEP * (np.arctanh(detail) - np.arctanh(middle)))))


def _hopeless(shape: tuple[int, ...], affine: Floats) -> bool:
    """Whether a picture has too few places for a map that is far from a symmetry, whatever its detail."""
    return places_of(shape[0] * shape[1], shape) < FITTED and _fitted(affine.reshape(-1).tolist(), 2 * STILL)


def _fitted(affine: Sequence[float], still: float = STILL) -> bool:
    """Whether a map is more than one of the eight symmetries."""
    matrix = np.abs(np.array(affine).reshape(2, 3))
    swapped = matrix[:, [1, 0, 2]]
    return bool(min(np.abs(m - np.eye(2, 3)).max() for m in (matrix, swapped)) > still)


def _change(affine: Sequence[float], first: tuple[int, ...], second: tuple[int, ...]) -> str:
    """In words, from the map of the second picture's coordinates to those of the first."""
    matrix = np.array(affine).reshape(2, 3)[:, :2]
    real = np.diag(first[::-1]) @ matrix @ np.diag(1 / np.array(second[::-1]))
    said = []
    if np.linalg.det(real) < 0:
        real = real @ np.diag([-1.0, 1.0])
        said.append("mirrored")
    angle = degrees(atan2(real[1, 0] - real[0, 1], real[0, 0] + real[1, 1]))
    quarter = round(angle / 90) * 90
    angle = quarter if abs(angle - quarter) < 1.5 else angle
    if round(abs(angle)) > 0:
        said.append(f"turned by {abs(angle):.0f} degrees")
    share = abs(float(np.linalg.det(matrix)))
    share = min(share, 1 / max(share, 1e-9))
    return ", ".join([*said, *([f"cropped to {share:.0%} of its area"] if share < 0.93 else [])])
