"""Which training exams a network sees as like a new one: distances between standardised features. No files here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.explanation import Neighbour

SHOWN = 5
Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """What a package keeps of its training exams."""

    names: tuple[str, ...]
    features: NDArray[np.float16]
    """(n, D), each feature in standard deviations from its mean over the training exams."""
    centre: NDArray[np.float32]
    scale: NDArray[np.float32]
    """(D,): 1 where a feature is constant, so that it never counts."""
    own: NDArray[np.float32]
    """(n,): from each exam to the nearest of another subject; none where all are of one subject."""
    thumbnails: tuple[bytes, ...] = ()


def shelf_of(
    features: Floats, names: Sequence[str], subjects: Sequence[str], thumbnails: Sequence[bytes] = ()
) -> Shelf:
    """Of (n, D) features, one row an exam."""
    x = np.asarray(features, np.float64)
    centre, spread = x.mean(axis=0), x.std(axis=0)
    scale = np.where(spread > 1e-6 * np.maximum(np.abs(centre), 1e-6), spread, 1.0)
    z = ((x - centre) / scale).astype(np.float16)
    codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)[1]
    own = [np.min(_distances(z, row)[codes != code], initial=np.inf) for row, code in zip(z, codes, strict=True)]
    known = np.array([d for d in own if np.isfinite(d)], np.float32)
    return Shelf(tuple(names), z, centre.astype(np.float32), scale.astype(np.float32), known, tuple(thumbnails))


def nearest(shelf: Shelf, features: Floats, count: int = SHOWN) -> tuple[Neighbour, ...]:
    """The training exams nearest to (D,) features, nearest first; none when the features are of another network."""
    if features.shape != shelf.centre.shape:
        return ()
    z = (np.asarray(features, np.float64) - shelf.centre) / shelf.scale
    distances = _distances(shelf.features, z)
    found = []
    for i in np.argsort(distances, kind="stable")[:count]:
        nearer = float((shelf.own > distances[i]).mean()) if shelf.own.size else 0.0
        picture = shelf.thumbnails[i] if shelf.thumbnails else None
        found.append(Neighbour(shelf.names[i], float(distances[i]), nearer, picture))
    return tuple(found)


def _distances(rows: Floats, row: Floats) -> NDArray[np.float64]:
    """Root mean square over the features: (n,)."""
    differences = rows.astype(np.float64) - row.astype(np.float64)
    return np.asarray(np.sqrt(np.square(differences).mean(axis=1)))
