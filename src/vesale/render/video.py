"""Pictures in time as files: MP4 through PyAV (extra `present`), GIF through Pillow; nothing but pixels goes in."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from ..core.errors import MissingExtra, ShapeError
from ..core.image import Array

QUALITY = "18"
"""libx264's constant rate factor: no loss that an eye sees."""
CODECS = ("libx264", "mpeg4")
SHORTEST = 0.02
"""Seconds: browsers slow a GIF's faster frames down to a tenth of a second."""


def write_video(path: Path, frames: Iterable[Array], seconds: float) -> int:
    """Write frames (H, W, 3) uint8, all of one size, `seconds` apart, as .mp4 or .gif; how many there were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = iter(frames)
    first = next(ordered, None)
    if first is None:
        raise ShapeError("a video needs a frame")
    write = _write_gif if path.suffix.lower() == ".gif" else _write_mp4
    return write(path, chain([first], ordered), seconds)


def _write_gif(path: Path, frames: Iterator[Array], seconds: float) -> int:
    """A GIF counts hundredths of a second; each frame has a palette of its own."""
    pictures = [Pillow.fromarray(np.ascontiguousarray(f)).quantize(255, dither=Pillow.Dither.NONE) for f in frames]
    hundredths = max(round(max(seconds, SHORTEST) * 100), 2)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=10 * hundredths, loop=0, optimize=False)
    return len(pictures)


def _write_mp4(path: Path, frames: Iterator[Array], seconds: float) -> int:
    """H.264 in 4:2:0, which every browser plays; an odd side is widened by its last line."""
    if find_spec("av") is None:
        raise MissingExtra(
            "an MP4 needs PyAV, which is not installed; a .gif does not", "pip install 'vesale[present]'"
        )
    import av

    count = 0
    rate = Fraction(1 / seconds).limit_denominator(1001)
    with av.open(str(path), "w") as container:
        codec = next(c for c in CODECS if c in av.codecs_available)
        stream: Any = container.add_stream(codec, rate=rate)
        stream.pix_fmt = "yuv420p"
        if codec == "libx264":
            stream.options = {"crf": QUALITY}
        for picture in frames:
            even = np.pad(picture, ((0, picture.shape[0] % 2), (0, picture.shape[1] % 2), (0, 0)), "edge")
            if count == 0:
                stream.height, stream.width = even.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, "rgb24")))
            count += 1
        container.mux(stream.encode())
    return count
