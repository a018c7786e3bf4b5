"""What goes wrong with pictures, in five strengths each: (C, H, W) samples in [0, 1] in, the same out, drawn from a
given generator. Sizes of blur and blocks follow the picture's own side, so that 28 and 2,800 pixels suffer alike.
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage

Floats = NDArray[np.float32]
Corruption = Callable[[Floats, int, np.random.Generator], Floats]
STRENGTHS = (1, 2, 3, 4, 5)


def _side(image: Floats) -> float:
    return float(np.sqrt(image.shape[1] * image.shape[2]))


def blur(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """Gaussian; standard deviation 0.4, 0.8, 1.2, 2, 3 hundredths of the side, at least a third of a pixel each."""
    sigma = max((0.4, 0.8, 1.2, 2.0, 3.0)[strength - 1] / 100 * _side(image), strength / 3)
    return np.asarray(ndimage.gaussian_filter(image, (0, sigma, sigma)), np.float32)


def noise(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """Normal, of standard deviation 0.03 to 0.25."""
    return np.asarray(image + rng.normal(0, (0.03, 0.06, 0.1, 0.16, 0.25)[strength - 1], image.shape), np.float32)


def dark(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """0.8 to 0.1 of the light."""
    return image * np.float32((0.8, 0.6, 0.4, 0.25, 0.1)[strength - 1])


def bright(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """0.08 to 0.6 added everywhere."""
    return image + np.float32((0.08, 0.16, 0.28, 0.42, 0.6)[strength - 1])


def contrast(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """0.8 to 0.1 of the distance from each channel's mean."""
    mean = image.mean((1, 2), keepdims=True)
    return np.asarray(mean + (image - mean) * (0.8, 0.6, 0.4, 0.25, 0.1)[strength - 1], np.float32)


def jpeg(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """Quality 50, 30, 18, 10, 5."""
    stream = io.BytesIO()
    bytes_ = (np.clip(image, 0, 1) * 255).astype(np.uint8)
    grey = len(image) != 3
    picture = Pillow.fromarray(bytes_[0] if grey else bytes_.transpose(1, 2, 0))
    picture.save(stream, "JPEG", quality=(50, 30, 18, 10, 5)[strength - 1])
    with Pillow.open(stream) as opened:
        back = np.asarray(opened, np.float32) / 255
    return np.repeat(back[None], len(image), 0) if grey else np.ascontiguousarray(back.transpose(2, 0, 1))


def stain(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """Another colour: red, green and blue raised to powers from 1 / 1.6 to 1.6; grey becomes coloured."""
    most = (1.08, 1.16, 1.27, 1.4, 1.6)[strength - 1]
    powers = np.array([most, 1.0, 1 / most], np.float32)[rng.permutation(3)]
    colour = image if len(image) == 3 else np.repeat(image[:1], 3, 0)
    return np.asarray(np.clip(colour, 0, 1) ** powers[:, None, None], np.float32)


def rotation(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """By 5, 15, 30, 60 and 90 degrees to either side; what comes from outside is black."""
    angle = (5, 15, 30, 60, 90)[strength - 1] * rng.choice([-1, 1])
    return np.asarray(ndimage.rotate(image, angle, (1, 2), reshape=False, order=1), np.float32)


def crop(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """Nine to three tenths of the sides, anywhere."""
    share = (0.9, 0.75, 0.6, 0.45, 0.3)[strength - 1]
    h, w = (max(4, round(share * n)) for n in image.shape[1:])
    y, x = (int(rng.integers(0, n - m + 1)) for n, m in zip(image.shape[1:], (h, w), strict=True))
    return image[:, y : y + h, x : x + w]


def occlusion(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """A black square over 2, 6, 12, 25 and 45 per cent of the picture."""
    share = (0.02, 0.06, 0.12, 0.25, 0.45)[strength - 1] ** 0.5
    h, w = (max(1, round(share * n)) for n in image.shape[1:])
    y, x = (int(rng.integers(0, n - m + 1)) for n, m in zip(image.shape[1:], (h, w), strict=True))
    out = image.copy()
    out[:, y : y + h, x : x + w] = 0
    return out


def downsampling(image: Floats, strength: int, rng: np.random.Generator) -> Floats:
    """To 1/1.5, 1/2, 1/3, 1/4 and 1/6 of the side and back: the detail is gone, the size is the same."""
    factor = (1.5, 2, 3, 4, 6)[strength - 1]
    sizes = [max(2, round(n / factor)) for n in image.shape[1:]]
    planes = [Pillow.fromarray(plane) for plane in image]
    small = [p.resize((sizes[1], sizes[0]), Pillow.Resampling.BOX) for p in planes]
    back = [p.resize(image.shape[:0:-1], Pillow.Resampling.BILINEAR) for p in small]
    return np.stack([np.asarray(p, np.float32) for p in back])


KINDS: Mapping[str, Corruption] = {
    "blur": blur,
    "noise": noise,
    "dark": dark,
    "bright": bright,
    "contrast": contrast,
    "JPEG": jpeg,
    "colour cast": stain,
    "rotation": rotation,
    "crop": crop,
    "occlusion": occlusion,
    "downsampling": downsampling,
}


def corrupted(image: NDArray[Any], kind: str, strength: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """8-bit samples (C, H, W) of a picture of any integer type, or of floats in [0, 1]."""
    top = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else 1
    plain = np.asarray(image, np.float32) / np.float32(top)
    out = np.clip(KINDS[kind](plain, strength, rng), 0, 1)
    return np.asarray(np.round(out * 255), np.uint8)
