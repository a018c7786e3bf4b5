"""Thousands of made photographs (retinas, tissue) with copies planted among them, each changed in a known way.

What `vesale check` finds of them, and how long it takes, is measured by `benchmarks/detective.py`.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from .changes import Pixels

SIDE = 512
EACH = 20
"""Copies of each change and strength."""
QUALITY = 88
Saved = tuple[Pixels, int]
"""A picture, and the quality of the JPEG that it is saved as."""
Change = Callable[[Pixels, np.random.Generator], Saved]


@dataclass(frozen=True, slots=True)
class Plant:
    """One copy among the pictures."""

    copy: str
    original: str
    kind: str
    strength: str


def _mirrored(picture: Pixels, rng: np.random.Generator) -> Saved:
    return (picture[:, ::-1] if rng.integers(2) else picture[::-1]), QUALITY


def _quarter(picture: Pixels, rng: np.random.Generator) -> Saved:
    return np.rot90(picture, int(rng.integers(1, 4))), QUALITY


def _turned(degrees: float) -> Change:
    def change(picture: Pixels, rng: np.random.Generator) -> Saved:
        angle = degrees * float(rng.choice([-1, 1]))
        return np.asarray(Pillow.fromarray(picture).rotate(angle, Pillow.Resampling.BILINEAR)), QUALITY

    return change


def _cropped(keep: float) -> Change:
    def change(picture: Pixels, rng: np.random.Generator) -> Saved:
        height, width = (round(keep * n) for n in picture.shape[:2])
        top, left = (int(rng.integers(0, n - k + 1)) for n, k in zip(picture.shape[:2], (height, width), strict=True))
        return picture[top : top + height, left : left + width], QUALITY

    return change


def _saved(quality: int) -> Change:
    return lambda picture, _: (picture, quality)


def _scaled(share: float) -> Change:
    def change(picture: Pixels, rng: np.random.Generator) -> Saved:
        size = (round(picture.shape[1] * share), round(picture.shape[0] * share))
        return np.asarray(Pillow.fromarray(picture).resize(size, Pillow.Resampling.BICUBIC)), QUALITY

    return change


def _relit(most: float) -> Change:
    def change(picture: Pixels, rng: np.random.Generator) -> Saved:
        gain, more = 1 + most * float(rng.choice([-1, 1])), 100 * most * float(rng.choice([-1, 1]))
        lit = (picture.astype(float) - 128) * gain + 128 + more
        return np.asarray(np.rint(lit.clip(0, 255)), np.uint8), QUALITY

    return change


def _several(picture: Pixels, rng: np.random.Generator) -> Saved:
    for change in (_mirrored, _turned(6), _cropped(0.9), _relit(0.2), _scaled(0.7)):
        picture, _ = change(picture, rng)
    return picture, 50


PLANTS: Mapping[tuple[str, str], Change] = {
    ("mirrored", ""): _mirrored,
    ("turned", "a quarter, a half"): _quarter,
    **{("turned", f"{d} degrees"): _turned(d) for d in (3, 8, 20)},
    **{("cropped", f"to {k} % of each side"): _cropped(k / 100) for k in (95, 85, 75)},
    **{("saved again", f"JPEG of quality {q}"): _saved(q) for q in (70, 30, 10)},
    **{("rescaled", f"to {s} %"): _scaled(s / 100) for s in (75, 50, 25)},
    **{("relit", f"contrast and light by {p} %"): _relit(p / 100) for p in (10, 25, 40)},
    ("several", "mirrored, turned, cropped, relit, rescaled, saved"): _several,
}
"""(kind, strength) -> the change"""


def make(folder: Path, count: int, seed: int = 0, each: int = EACH) -> list[Plant]:
    """A cohort of `count` exams of as many subjects, half of them retinas, and what was planted among them.

    What lies in `folder` already is kept: the same count and seed give the same pictures.
    """
    rng = np.random.default_rng(seed)
    keys = [key for key in PLANTS for _ in range(each)]
    if 2 * len(keys) > count:
        raise ValueError(f"{count} pictures do not hold {len(keys)} copies and as many originals")
    originals = rng.permutation(count - len(keys))[: len(keys)].tolist()
    names = [f"p{i:05d}" for i in rng.permutation(count).tolist()]
    plants = [Plant(names[count - len(keys) + n], names[i], *keys[n]) for n, i in enumerate(originals)]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    source = dict(zip(originals, range(len(keys)), strict=True))
    for i in range(count - len(keys)):
        path = folder / "images" / f"{names[i]}.jpg"
        copy = folder / "images" / f"{plants[source[i]].copy}.jpg" if i in source else None
        if path.is_file() and (copy is None or copy.is_file()):
            continue
        picture = photograph(i, seed)
        _save(path, (picture, QUALITY))
        if copy is not None:
            change = PLANTS[keys[source[i]]]
            _save(copy, change(picture, np.random.default_rng((seed, i, 1))))
    _write_table(folder / "labels.csv", sorted(names), np.random.default_rng((seed, count)))
    return plants


def photograph(i: int, seed: int = 0) -> Pixels:
    """(SIDE, SIDE, 3): the made photograph of this number; a retina when it is even, else tissue."""
    rng = np.random.default_rng((seed, i))
    return (retina if i % 2 == 0 else tissue)(rng)


def retina(rng: np.random.Generator) -> Pixels:
    """A disc on black like every other: optic disc, macula, vessels and some spots make the difference."""
    left = bool(rng.integers(2))
    shade = _layers(rng, {4: 0.12, 16: 0.05, 64: 0.035, 256: 0.02}) + np.float32(0.62)
    vessels = Pillow.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(vessels)
    x, y = SIDE * (0.3 if left else 0.7) + rng.normal(0, 12), SIDE * 0.5 + rng.normal(0, 14)
    for turn in (-2.1, -1.2, -0.55, 0.55, 1.2, 2.1):
        angle = (0.0 if left else np.pi) + turn + rng.normal(0, 0.15)
        _branch(pen, np.array([x, y]), angle, rng.uniform(5, 9), rng)
    shade *= 1 - np.float32(0.35 / 255) * np.asarray(vessels.reduce(2).resize((SIDE, SIDE)), np.float32)
    _spot(shade, (x, y, 40, 5), 0.25)
    _spot(shade, (SIDE - x, y + rng.normal(0, 10), 30, 14), -0.2)
    for _ in range(int(rng.integers(0, 14))):
        _spot(shade, (*rng.uniform(90, SIDE - 90, 2), rng.uniform(2, 7), 1.5), rng.choice([-0.2, 0.25]))
    tint = 200 * np.array([1.15, 0.62, 0.34]) * rng.uniform(0.9, 1.1, 3)
    return _coloured(np.asarray(shade * _aperture(), np.float32), np.zeros(3), tint, rng)


def tissue(rng: np.random.Generator) -> Pixels:
    """Stained: fibres, gaps and nuclei everywhere, nothing that all have in one place."""
    ground = _layers(rng, {8: 0.2, 24: 0.12, 96: 0.07, 256: 0.03}) + np.float32(0.5)
    canvas = Pillow.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(canvas)
    for x, y, a, b in zip(*rng.uniform(0, SIDE, (2, 260)), *rng.uniform(3, 9, (2, 260)), strict=True):
        pen.ellipse([x - a, y - b, x + a, y + b], fill=int(rng.integers(120, 255)))
    nuclei = np.asarray(canvas.reduce(2).resize((SIDE, SIDE), Pillow.Resampling.BILINEAR), np.float32) / 255
    eosin, blue = np.array([0.07, 0.38, 0.22]), np.array([0.58, 0.75, 0.42])
    stained = _coloured(
        np.asarray(ground * (1 - nuclei), np.float32), np.full(3, 240.0) - 96 * eosin, -240 * eosin, rng
    )
    dark = _coloured(np.asarray(nuclei * (0.8 + 0.2 * ground), np.float32), np.zeros(3), 240 * blue, rng)
    return np.asarray(stained - np.minimum(dark, stained))


def _layers(rng: np.random.Generator, parts: Mapping[int, float]) -> NDArray[np.float32]:
    """(SIDE, SIDE) smooth noise: cells a side -> about its deviation."""
    total = np.zeros((SIDE, SIDE), np.float32)
    for cells, deviation in parts.items():
        small = Pillow.fromarray(rng.standard_normal((cells, cells), np.float32) * np.float32(1.4 * deviation))
        total += np.asarray(small.resize((SIDE, SIDE), Pillow.Resampling.BICUBIC))
    return total


def _coloured(
    shade: NDArray[np.float32], ground: NDArray[np.float64], tint: NDArray[np.float64], rng: np.random.Generator
) -> Pixels:
    """(SIDE, SIDE, 3): the ground, and so much of the tint, with the grain of a camera."""
    tall, wide = rng.integers(0, SIDE, 2).tolist()
    grain = _grain()[tall : tall + SIDE, wide : wide + SIDE]
    planes = [np.clip(shade * np.float32(t) + np.float32(g) + grain, 0, 255) for g, t in zip(ground, tint, strict=True)]
    return np.stack(planes, axis=-1).astype(np.uint8)


@cache
def _grain() -> NDArray[np.float32]:
    """Of twice the side, so that each picture has a part of its own."""
    return np.random.default_rng(0).normal(0, 2, (2 * SIDE, 2 * SIDE)).astype(np.float32)


@cache
def _aperture() -> NDArray[np.float32]:
    whole = np.zeros((SIDE, SIDE), np.float32)
    _spot(whole, (SIDE / 2, SIDE / 2, 0.47 * SIDE, 1), 1)
    return whole


def _spot(shade: NDArray[np.float32], place: tuple[float, float, float, float], more: float) -> None:
    """Light added in a disc (x, y, radius, softness of its edge)."""
    x, y, radius, soft = place
    reach = radius + 6 * soft
    top, left = max(0, int(y - reach)), max(0, int(x - reach))
    part = shade[top : int(y + reach), left : int(x + reach)]
    rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
    part += np.float32(more) / (1 + np.exp(np.clip((np.hypot(rows - y, columns - x) - radius) / soft, -30, 30)))


def _branch(
    pen: ImageDraw.ImageDraw, at: NDArray[np.float64], angle: float, width: float, rng: np.random.Generator
) -> None:
    while width > 1.3 and at.min() >= 0 and at.max() < SIDE:
        angle += rng.normal(0, 0.12)
        to = at + 9 * np.array([np.cos(angle), np.sin(angle)])
        pen.line([*at, *to], fill=255, width=round(width))
        at, width = to, width * 0.975
        if rng.random() < 0.07:
            _branch(pen, at.copy(), angle + rng.choice([-1, 1]) * rng.uniform(0.4, 0.9), width * 0.7, rng)


def _save(path: Path, saved: Saved) -> None:
    picture, quality = saved
    file = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(picture)).save(file, "JPEG", quality=quality)
    partial = path.with_suffix(".part")
    partial.write_bytes(file.getvalue())
    partial.replace(path)


def _write_table(path: Path, names: Sequence[str], rng: np.random.Generator) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["exam", "subject", "image", "split", "label"])
        for i, name in enumerate(names):
            split = "test" if rng.random() < 0.2 else "train"
            writer.writerow([name, f"s{i:05d}", f"images/{name}.jpg", split, "ab"[int(rng.integers(2))]])
