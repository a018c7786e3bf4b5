"""Where letters stand in a picture, through RapidOCR (extra `text`); what they say is never kept.

The models lie inside the wheel, nothing is fetched.
"""

import logging
import threading
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

SURE, SINGLE = 0.75, 0.9
"""Least score of a line that is believed, and of a single sign."""
WHOLE = 0.4
"""A line that covers more of the picture than this is none: where no line is found, the picture is taken for one."""
SHORTEST = 32
"""Pictures of a shorter side are not read."""
_ALONE = threading.Lock()


@dataclass(frozen=True, slots=True)
class Line:
    box: tuple[float, float, float, float]
    """Top, left, bottom, right as shares of the sides."""
    looks: str
    """letters, digits, or letters and digits"""
    length: int
    """Signs."""
    score: float


def can_read() -> bool:
    """Whether the extra `text` is installed."""
    return find_spec("rapidocr") is not None


def lines_of(picture: NDArray[np.uint8]) -> list[Line]:
    """Of a picture (C, H, W); empty where there are none, or where the picture is too small to hold one."""
    if min(picture.shape[1:]) < SHORTEST:
        return []
    colour = picture[:3] if len(picture) >= 3 else np.repeat(picture[:1], 3, axis=0)
    with _ALONE:
        found = _reader()(np.ascontiguousarray(np.moveaxis(colour, 0, -1)[..., ::-1]), use_cls=False)
    if found.boxes is None or found.txts is None:
        return []
    height, width = colour.shape[1:]
    lines = []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        signs = [c for c in text if c.isalnum()]
        if signs and score >= (SURE if len(signs) > 1 else SINGLE):
            y, x = np.clip(corners[:, 1] / height, 0, 1), np.clip(corners[:, 0] / width, 0, 1)
            box = (float(y.min()), float(x.min()), float(y.max()), float(x.max()))
            if (box[2] - box[0]) * (box[3] - box[1]) <= WHOLE:
                lines.append(Line(box, _kind(signs), len(signs), float(score)))
    return lines


def _kind(signs: list[str]) -> str:
    kinds = {"digits" if sign.isdigit() else "letters" for sign in signs}
    return " and ".join(sorted(kinds, reverse=True))


@cache
def _reader() -> Any:
    from rapidocr import RapidOCR

    reader = RapidOCR(params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 2})
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    return reader
