"""What happens to a photograph on its way (mirrored, turned, cropped, saved again), to measure what recognises it."""

import io
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

Pixels = NDArray[np.uint8]
"""(height, width) or (height, width, 3)"""
Change = Callable[[Pixels, np.random.Generator], Pixels]


def mirrored(picture: Pixels, rng: np.random.Generator) -> Pixels:
    return picture[:, ::-1] if rng.integers(2) else picture[::-1]


def quarter_turned(picture: Pixels, rng: np.random.Generator) -> Pixels:
    return np.rot90(picture, int(rng.integers(1, 4)))


def turned(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """By 2 to 10 degrees either way, the corners black."""
    degrees = float(rng.uniform(2, 10) * rng.choice([-1, 1]))
    return np.asarray(Pillow.fromarray(picture).rotate(degrees, Pillow.Resampling.BILINEAR))


def cropped(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """To 80 % of each side, anywhere."""
    height, width = (round(0.8 * n) for n in picture.shape[:2])
    top, left = (int(rng.integers(0, n - k + 1)) for n, k in zip(picture.shape[:2], (height, width), strict=True))
    return picture[top : top + height, left : left + width]


def coarse_jpeg(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """JPEG of quality 30."""
    file = io.BytesIO()
    Pillow.fromarray(picture).save(file, "JPEG", quality=30)
    return np.asarray(Pillow.open(file))


def halved(picture: Pixels, rng: np.random.Generator) -> Pixels:
    size = (max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2))
    return np.asarray(Pillow.fromarray(picture).resize(size, Pillow.Resampling.BICUBIC))


def relit(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Contrast times 0.6 to 1.4 about the middle, 40 grey levels up or down at most."""
    lit = (picture.astype(float) - 128) * rng.uniform(0.6, 1.4) + 128 + rng.uniform(-40, 40)
    return np.asarray(np.rint(lit.clip(0, 255)), np.uint8)


def all_of_it(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Mirrored, turned, cropped to 90 %, relit, at 70 % of its size, as JPEG of quality 50."""
    picture = turned(mirrored(picture, rng), rng)
    top, left = (round(0.05 * n) for n in picture.shape[:2])
    picture = relit(picture[top : picture.shape[0] - top, left : picture.shape[1] - left], rng)
    small = Pillow.fromarray(picture)
    small = small.resize((max(1, round(small.width * 0.7)), max(1, round(small.height * 0.7))))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=50)
    return np.asarray(Pillow.open(file))


CHANGES: Mapping[str, Change] = {
    "mirrored": mirrored,
    "turned by a quarter": quarter_turned,
    "turned by 2 to 10 degrees": turned,
    "cropped to 80 %": cropped,
    "JPEG of quality 30": coarse_jpeg,
    "half the size": halved,
    "brightness and contrast": relit,
    "all of these, milder": all_of_it,
}
