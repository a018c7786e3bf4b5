"""What happens to pictures on the way to a model, in five strengths: blur, noise, darkness, contrast, JPEG, turning.

Arrays in, arrays out, the same for the same picture; nothing here knows a model. The strengths are such that the first
is hardly seen by a reader and the last makes a picture that a reader would send back.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage

Picture = NDArray[np.uint8]
"""(rows, columns) or (rows, columns, colours)."""
STRENGTHS = (1, 2, 3, 4, 5)


def blur(picture: Picture, strength: int) -> Picture:
    """Out of focus: Gaussian, from 0.5 to 8 % of the short side."""
    sigma = (0.005, 0.01, 0.02, 0.04, 0.08)[strength - 1] * min(picture.shape[:2])
    width = (sigma, sigma, *(0.0,) * (picture.ndim - 2))
    return _whole(ndimage.gaussian_filter(picture.astype(float), width))


def noise(picture: Picture, strength: int) -> Picture:
    """Grain: Gaussian of 3 to 35 % of the range, drawn from the picture's own bytes."""
    rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(picture).tobytes()))
    deviation = (0.03, 0.06, 0.12, 0.2, 0.35)[strength - 1] * 255
    return _whole(picture + rng.normal(0, deviation, picture.shape))


def dark(picture: Picture, strength: int) -> Picture:
    """Too little light: 80 to 8 % of it."""
    return _whole(picture * (0.8, 0.6, 0.4, 0.2, 0.08)[strength - 1])


def contrast(picture: Picture, strength: int) -> Picture:
    """Fog: 80 to 8 % of the contrast, about the picture's mean."""
    kept = (0.8, 0.6, 0.4, 0.2, 0.08)[strength - 1]
    return _whole(picture.mean() + (picture - picture.mean()) * kept)


def jpeg(picture: Picture, strength: int) -> Picture:
    """Compressed too much: JPEG of quality 60 down to 3."""
    held = io.BytesIO()
    Pillow.fromarray(picture).save(held, "JPEG", quality=(60, 30, 15, 8, 3)[strength - 1])
    return np.asarray(Pillow.open(held))


def turn(picture: Picture, strength: int) -> Picture:
    """Taken at an angle: turned by 5 to 90 degrees, black where nothing was seen."""
    angle = (5, 15, 30, 60, 90)[strength - 1]
    return _whole(ndimage.rotate(picture.astype(float), angle, axes=(1, 0), reshape=False, order=1))


CORRUPTIONS: Mapping[str, Callable[[Picture, int], Picture]] = {
    "blur": blur,
    "noise": noise,
    "dark": dark,
    "low contrast": contrast,
    "JPEG": jpeg,
    "turned": turn,
}


def corrupted(source: Path, target: Path, kind: str, strength: int) -> None:
    """Write a picture file, spoiled, as PNG."""
    with Pillow.open(source) as opened:
        plain = opened if opened.mode in ("L", "RGB") else opened.convert("RGB")
        picture = np.asarray(plain)
    Pillow.fromarray(CORRUPTIONS[kind](picture, strength)).save(target)


def _whole(values: NDArray[np.floating]) -> Picture:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
