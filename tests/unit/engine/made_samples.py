"""Samples made in memory, for the tests of learning."""

import numpy as np

from vesale.core.recipe import Augment
from vesale.engine.samples import Sample

STILL = Augment(flip=(), rotate=0, scale=0, shift=0, brightness=0, contrast=0, gamma=0, colour=0, noise=0)
"""No change at all."""


def pooled(n: int = 12, side: int = 32, classes: int = 2, name: str = "label") -> list[Sample]:
    """Noise whose brightness is its class."""
    rng = np.random.default_rng(3)
    return [
        Sample(
            f"e{i}",
            f"s{i}",
            (0.4 * rng.random((1, 1, side, side)) + 0.5 * (i % classes) / max(1, classes - 1)).astype(np.float16),
            {name: np.array([i % classes], np.float32)},
        )
        for i in range(n)
    ]


def outlined(n: int = 6, shape: tuple[int, int] = (48, 56), planes: int = 1) -> list[Sample]:
    """Pictures of blocks, whose label is where the picture is bright."""
    rng = np.random.default_rng(4)
    made = []
    for i in range(n):
        blocks = np.kron(rng.random((planes, 1, 6, 7)) > 0.6, np.ones((8, 8)))[..., : shape[0], : shape[1]]
        made.append(
            Sample(f"e{i}", f"s{i}", (0.2 + 0.6 * blocks).astype(np.float16), {}, {"mask": blocks.astype(np.uint8)})
        )
    return made
