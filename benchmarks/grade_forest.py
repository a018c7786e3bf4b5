"""A forest on colour and texture of retinal photographs: what a network that grades them must beat.

Colour: histograms, means, spreads and percentiles of each channel. Texture of the green channel: local binary patterns
(Ojala, Pietikainen, Maenpaa 2002) at three radii, and what openings and closings of three sizes take away, whose bright
part answers to exudates and whose dark part to microaneurysms and haemorrhages.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import local_binary_pattern
from sklearn.ensemble import RandomForestClassifier

Floats = NDArray[np.float64]
TREES = 500
BINS = 16
RADII = (1, 2, 4)
SIZES = (3, 5, 9)
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
DARK = 0.06
"""Samples darker than this in every channel are the frame around the picture."""


def features(plane: NDArray[np.floating]) -> Floats:
    """(3, H, W) in [0, 1] -> one row of numbers."""
    picture = np.asarray(plane, np.float32)
    inside = ndimage.binary_erosion(picture.max(0) > DARK, iterations=4)
    if not inside.any():
        inside = np.ones(picture.shape[1:], bool)
    return np.concatenate([_colour(picture, inside), _texture(picture[1], inside)])


def forest_answers(
    pictures: Mapping[str, Floats], grades: Mapping[str, int], folds: Mapping[str, str], steps: int, seed: int = 0
) -> dict[str, Floats]:
    """Exam -> probabilities of its steps, by a forest that learned from the other folds."""
    answers: dict[str, Floats] = {}
    for fold in sorted(set(folds.values())):
        learned = [e for e in folds if folds[e] != fold]
        asked = [e for e in folds if folds[e] == fold]
        forest = RandomForestClassifier(TREES, random_state=seed, min_samples_leaf=2, class_weight="balanced_subsample")
        forest.fit(np.stack([pictures[e] for e in learned]), [grades[e] for e in learned])
        p = np.zeros((len(asked), steps))
        p[:, forest.classes_] = forest.predict_proba(np.stack([pictures[e] for e in asked]))
        answers |= dict(zip(asked, p, strict=True))
    return answers


def decided(probabilities: Sequence[Floats], how: str) -> NDArray[np.intp]:
    """The step of each answer: the most probable one, or the median of the scale."""
    p = np.stack(probabilities)
    if how == "most probable":
        return np.asarray(p.argmax(1))
    return np.asarray(np.minimum((np.cumsum(p, 1) < 0.5).sum(1), p.shape[1] - 1))


def _colour(picture: NDArray[np.float32], inside: NDArray[np.bool_]) -> Floats:
    found: list[Floats] = []
    for channel in picture:
        values = channel[inside]
        counts = np.histogram(values, BINS, (0, 1))[0] / len(values)
        found += [counts, np.percentile(values, PERCENTILES), np.array([values.mean(), values.std()])]
    return np.concatenate(found).astype(np.float64)


def _texture(green: NDArray[np.float32], inside: NDArray[np.bool_]) -> Floats:
    found: list[Floats] = []
    whole = (green * 255).astype(np.uint8)
    for radius in RADII:
        codes = local_binary_pattern(whole, 8, radius, "uniform")[inside]  # type: ignore[no-untyped-call]
        found.append(np.bincount(codes.astype(int), minlength=10)[:10] / len(codes))
    for size in SIZES:
        bright = green - ndimage.grey_opening(green, (size, size))
        dark = ndimage.grey_closing(green, (size, size)) - green
        for taken in (bright[inside], dark[inside]):
            found.append(np.array([taken.mean(), *np.percentile(taken, (95, 99, 99.9))]))
    return np.concatenate(found).astype(np.float64)
