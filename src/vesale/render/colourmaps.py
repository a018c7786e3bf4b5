"""Shades of 0 to 1 as colours, one picture in colour over another, and the bar that explains them."""

from functools import lru_cache

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from ..core.errors import NotRegistered
from ..core.image import Array
from .paint import font

MAPS = {"grey": "gray", "inverse": "gray_r", "hot": "hot", "rainbow": "turbo", "inferno": "inferno"}
"""Our name -> matplotlib's. The rainbow is turbo, whose brightness has no false edges; inferno is even to any eye."""
FADE = 0.12
"""Below this shade the upper picture fades out, so that what has no uptake shows the anatomy."""


def coloured(shades: Array, name: str) -> NDArray[np.uint8]:
    """(H, W) of 0 to 1 -> (H, W, 3)."""
    return _table(name)[(np.clip(shades, 0, 1) * 255 + 0.5).astype(np.uint8)]


def blended(below: Array, shades: Array, name: str, alpha: float) -> NDArray[np.uint8]:
    """(H, W, 3) with shades (H, W) in colour over it: `alpha` where they are bright, clear where they are nothing."""
    weight = (alpha * np.clip(shades / FADE, 0, 1))[..., None].astype(np.float32)
    return (below * (1 - weight) + coloured(shades, name) * weight + 0.5).astype(np.uint8)


def with_bar(picture: Array, name: str, ends: tuple[str, str], unit: str) -> NDArray[np.uint8]:
    """(H, W, 3) with a strip at its right: the colours from the lowest to the highest value, and their unit."""
    height = picture.shape[0]
    size = max(11, min(26, height // 40))
    texts = [font(size).getlength(t) for t in (*ends, unit)]
    width = int(max(size * 1.6 + max(texts[0], texts[1]) + size, texts[2] + size * 1.2))
    canvas = Pillow.new("RGB", (width, height), (0, 0, 0))
    draw = ImageDraw.Draw(canvas)
    top, bottom = size * 3, height - size * 2
    ramp = coloured(np.linspace(1, 0, max(2, bottom - top))[:, None].repeat(size, axis=1), name)
    canvas.paste(Pillow.fromarray(ramp), (size // 2, top))
    draw.rectangle((size // 2 - 1, top - 1, size // 2 + size, bottom), outline=(255, 255, 255))
    draw.text((size // 2, size // 2), unit, fill="white", font=font(size))
    draw.text((size * 2, top - size // 2), ends[1], fill="white", font=font(size))
    draw.text((size * 2, bottom - size), ends[0], fill="white", font=font(size))
    return np.concatenate([picture, np.asarray(canvas)], axis=1)


@lru_cache(maxsize=8)
def _table(name: str) -> NDArray[np.uint8]:
    if name not in MAPS:
        raise NotRegistered(f"no colours called {name!r}; known: {', '.join(MAPS)}")
    return (matplotlib.colormaps[MAPS[name]](np.arange(256))[:, :3] * 255 + 0.5).astype(np.uint8)
