"""Made volumes to present: a body with bone, lungs and a couch; a PET on its frame of reference; loops; surfaces."""

from pathlib import Path

import numpy as np
from pydicom.uid import UID

import phantoms
from vesale.core.grid import Grid
from vesale.core.image import Description, Held, Image, Provenance, Source

PT_IMAGE, US_LOOP = UID("1.2.840.10008.5.1.4.1.1.128"), UID("1.2.840.10008.5.1.4.1.1.3.1")


def ball(shape, centre, radius, spacing=(1.0, 1.0, 1.0)):
    """True within `radius` mm of an index."""
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    inside = sum(((axis - c) * s / radius) ** 2 for axis, c, s in zip((z, y, x), centre, spacing, strict=True))
    return inside <= 1


def body(shape=(40, 64, 72), spacing=(3.0, 3.0, 3.0)):
    """(z, y, x) int16 HU: a trunk along z with a spine, two air-filled lungs (the right one, at low x, is larger), a
    windpipe that leaves at the top, and a couch under its back; padding of -3024 in the corners."""
    hu = np.full(shape, -1000, np.int16)
    y, x = np.ogrid[: shape[1], : shape[2]]

    def ellipse(cy, cx, ry, rx):
        return ((y - cy * shape[1]) / (ry * shape[1])) ** 2 + ((x - cx * shape[2]) / (rx * shape[2])) ** 2 <= 1

    lungs = slice(shape[0] // 5, 4 * shape[0] // 5)
    hu[:, ellipse(0.45, 0.5, 0.3, 0.38)] = 40
    hu[lungs, ellipse(0.42, 0.32, 0.17, 0.13)] = -850
    hu[lungs, ellipse(0.42, 0.67, 0.15, 0.1)] = -850
    hu[shape[0] // 2 :, ellipse(0.42, 0.5, 0.035, 0.03)] = -1000
    hu[:, ellipse(0.64, 0.5, 0.07, 0.06)] = 700
    hu[:, round(0.84 * shape[1]) : round(0.84 * shape[1]) + 2, shape[2] // 8 : -shape[2] // 8] = 100
    hu[:, ((y - shape[1] / 2) / shape[1]) ** 2 + ((x - shape[2] / 2) / shape[2]) ** 2 > 0.26] = -3024
    return hu


def held(volume, spacing=(3.0, 3.0, 3.0), modality="CT", axes=((0, 0, 1), (0, 1, 0), (1, 0, 0)), **options) -> Source:
    """An array (z, y, x) or (channel, z, y, x) as a source in the patient; `spacing=None`, `axes=None`: unknown."""
    data = volume[None] if volume.ndim == 3 else volume
    channels = options.get("channels") or tuple(f"channel {i}" for i in range(len(data)))
    frame = "patient" if axes is not None else "unknown"
    turned = None if axes is None else tuple(tuple(float(v) for v in a) for a in axes)
    origin = options.get("origin", None if spacing is None else (0.0,) * 3)
    grid = Grid(data.shape[1:], spacing, origin, turned, frame)
    image = Image(data, grid, "intensity", channels, Provenance("made"))
    return Held(image, Description("memory", "made", modality, files=options.get("files", ())))


def write_pet_ct(folder: Path, rng: np.random.Generator, same_frame: bool = True):
    """A made CT series and a made PET series (Bq/ml) with one hot ball, on grids that differ; (ct, pet, world of the
    ball's middle). Marked as made by their patient's name."""
    shape, spacing = (20, 48, 48), (4.0, 4.0, 4.0)
    frame = phantoms.uid(rng)
    ct = (body(shape) + 1024).clip(0).astype(np.uint16)
    phantoms.write_series(
        folder / "ct", rng, ct, spacing, origin=(-94.0, -94.0, 50.0), tags={"FrameOfReferenceUID": frame}
    )
    pet = np.full((14, 30, 30), 200, np.uint16)
    pet[ball(pet.shape, (7, 12, 18), 14, (6.0, 6.5, 6.5))] = 9000
    tags = {
        "Modality": "PT",
        "SOPClassUID": PT_IMAGE,
        "FrameOfReferenceUID": frame if same_frame else phantoms.uid(rng),
        "Units": "BQML",
        "RescaleIntercept": 0,
    }
    phantoms.write_series(folder / "pet", rng, pet, (6.0, 6.5, 6.5), origin=(-95.0, -92.0, 48.0), tags=tags)
    middle = np.array([-95.0 + 18 * 6.5, -92.0 + 12 * 6.5, 48.0 + 7 * 6.0])
    return folder / "ct", folder / "pet", middle


def loop(frames=10, shape=(40, 60)):
    """(1, frame, y, x) uint8: a bright square that moves one column a frame."""
    data = np.full((1, frames, *shape), 30, np.uint8)
    for i in range(frames):
        data[0, i, 10:20, 5 + i : 15 + i] = 220
    return data


def surfaces(shape=(48, 56, 60)):
    """(z, y, x) int16: soft-edged bodies of several values, for renderings: a ball in a shell, a bar, a ramp."""
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    far = np.sqrt((z - 22.0) ** 2 + (y - 26.0) ** 2 + (x - 28.0) ** 2)
    value = -1000 + 1050 / (1 + np.exp((far - 19) * 1.5)) + 900 / (1 + np.exp((far - 9) * 1.5))
    bar = np.sqrt((y - 12.0) ** 2 + (x - 46.0) ** 2) + 0 * z
    value = np.maximum(value, -1000 + 1700 / (1 + np.exp((bar - 4) * 1.5)))
    return np.rint(value).astype(np.int16)
