"""Random changes that must not change the answer. Each is a function of (seed, step, place in the batch) alone, so a
resumed run draws what the uninterrupted one would have drawn.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..core.recipe import Augment
from .samples import IGNORED


@dataclass(frozen=True, slots=True)
class Warp:
    """Where a patch is taken from: output offset (x, y) -> matrix @ offset + centre, in samples of the plane."""

    centre: tuple[float, float]
    matrix: tuple[tuple[float, float], tuple[float, float]]


def draw_warp(augment: Augment, centre: tuple[float, float], shape: tuple[int, int], rng: np.random.Generator) -> Warp:
    """A turn, a change of size, a move and mirrorings, as the recipe allows."""
    angle = np.deg2rad(rng.uniform(-augment.rotate, augment.rotate)) if augment.rotate else 0.0
    size = float(np.exp(rng.uniform(-augment.scale, augment.scale))) if augment.scale else 1.0
    mirror_x = -1.0 if "horizontal" in augment.flip and rng.random() < 0.5 else 1.0
    mirror_y = -1.0 if "vertical" in augment.flip and rng.random() < 0.5 else 1.0
    move = rng.uniform(-augment.shift, augment.shift, 2) if augment.shift else np.zeros(2)
    cos, sin = float(np.cos(angle)) * size, float(np.sin(angle)) * size
    matrix = ((cos * mirror_x, -sin * mirror_y), (sin * mirror_x, cos * mirror_y))
    return Warp((centre[0] + float(move[0]) * shape[0], centre[1] + float(move[1]) * shape[1]), matrix)


def apply_warp(plane: Tensor, labels: Tensor | None, warp: Warp, size: tuple[int, int]) -> tuple[Tensor, Tensor | None]:
    """Plane (C, H, W) in [0, 1] bilinearly, black outside; labels (K, H, W) uint8 nearest, 255 outside."""
    top, left, bottom, right = _reach(warp, plane.shape[1:], size)
    plane = plane[:, top:bottom, left:right]
    labels = None if labels is None else labels[:, top:bottom, left:right]
    warp = Warp((warp.centre[0] - top, warp.centre[1] - left), warp.matrix)
    grid = _grid(warp, plane.shape[1:], size)
    image = functional.grid_sample(plane[None].float(), grid, "bilinear", "zeros", False)[0]
    if labels is None:
        return image, None
    shifted = labels[None].float() - IGNORED
    moved = functional.grid_sample(shifted, grid, "nearest", "zeros", False)[0] + IGNORED
    return image, moved.round().to(torch.uint8)


def change_light(image: Tensor, augment: Augment, rng: np.random.Generator) -> Tensor:
    """Brightness, contrast, gamma, colour balance and noise; (C, H, W) in [0, 1] stays so."""
    contrast = 1 + rng.uniform(-augment.contrast, augment.contrast)
    brightness = rng.uniform(-augment.brightness, augment.brightness)
    gamma = float(np.exp(rng.uniform(-augment.gamma, augment.gamma)))
    gains = torch.from_numpy(rng.uniform(-augment.colour, augment.colour, (image.shape[0], 1, 1)).astype(np.float32))
    middle = image.mean()
    image = ((image - middle) * contrast + middle + brightness) * (1 + gains)
    image = image.clamp(0, 1)
    if augment.gamma:
        image = image.pow(gamma)
    if augment.noise:
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        image = image + torch.randn(image.shape, generator=generator) * (augment.noise * rng.random())
    return image.clamp(0, 1)


def add_noise(signal: Tensor, spreads: Tensor, augment: Augment, rng: np.random.Generator) -> Tensor:
    """A signal (C, 1, 1) with noise in shares of each feature's own spread; nothing else is changed about it."""
    if not augment.noise:
        return signal.float()
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    return signal.float() + torch.randn(signal.shape, generator=generator) * spreads * (augment.noise * rng.random())


def _reach(warp: Warp, shape: torch.Size, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of what a patch is taken from: of a large photograph a patch needs a small part."""
    (a, b), (c, d) = warp.matrix
    across = (abs(a) * size[1] + abs(b) * size[0]) / 2 + 2
    down = (abs(c) * size[1] + abs(d) * size[0]) / 2 + 2
    y, x = warp.centre
    top, left = max(0, math.floor(y - down)), max(0, math.floor(x - across))
    bottom, right = min(shape[0], math.ceil(y + down) + 1), min(shape[1], math.ceil(x + across) + 1)
    if bottom <= top or right <= left:  # a patch that lies outside altogether
        return 0, 0, shape[0], shape[1]
    return top, left, bottom, right


def _grid(warp: Warp, shape: torch.Size, size: tuple[int, int]) -> Tensor:
    """Sampling positions in torch's convention (align_corners = False): (1, h, w, 2) as (x, y) in [-1, 1]."""
    height, width = shape
    (a, b), (c, d) = warp.matrix
    y = torch.arange(size[0], dtype=torch.float32)[:, None] - (size[0] - 1) / 2
    x = torch.arange(size[1], dtype=torch.float32)[None, :] - (size[1] - 1) / 2
    across = a * x + b * y + warp.centre[1]
    down = c * x + d * y + warp.centre[0]
    return torch.stack([(2 * across + 1) / width - 1, (2 * down + 1) / height - 1], -1)[None]
