"""The picture that is the truth of an exam: an image file, or one row of an array of numbers with its shape stated.

What a picture means, and how answers are written, is not known here.
"""

import re
from pathlib import Path

import numpy as np

from vesale.core.errors import ShapeError, SourceError
from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance

from . import open_source
from .address import Address, address_of

MOST_SIDE = 100_000


def open_picture(path: Path | str) -> Image:
    """The picture at `path`, kind 'intensity', samples as stored, (channel, height, width) or a volume's grid.

    `stimuli.mat#shown[12]&shape=28x28` is one row of an array; `&order=columns` where its first axis is the fastest, as
    MATLAB writes it. SourceError when the shape is missing or does not fit, or there is no such picture.
    """
    address = address_of(path)
    image = open_source(path).read()
    if image.kind != "signal":
        return Image(image.data, image.grid, "intensity", image.channels, image.provenance)
    if address is None or "shape" not in address.options:
        raise SourceError(f"{path}: {image.data.size} numbers without a shape", "write FILE#array[row]&shape=28x28")
    shape = _shape(address)
    order = address.options.get("order", "rows")
    if order not in ("rows", "columns"):
        raise SourceError(f"{path}: order={order} is not understood", "order is rows or columns")
    flat = image.data.reshape(-1)
    if flat.size != shape[0] * shape[1]:
        raise SourceError(f"{path}: {flat.size} numbers are no picture of {shape[0]} x {shape[1]}", "correct the shape")
    data = np.ascontiguousarray(flat.reshape(shape, order="C" if order == "rows" else "F"))
    return Image(data[None], Grid(shape), "intensity", ("grey",), Provenance(image.provenance.source))


def read_prior(path: Path, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Other pictures of the kind, (n, channel, *shape), from a .npy, or an .npz of one array; no pickle is opened.

    SourceError when there is no such file or it is damaged, ShapeError when its pictures have another size.
    """
    try:
        with path.open("rb") as stream:
            found = np.load(stream, allow_pickle=False)
            if isinstance(found, np.lib.npyio.NpzFile):
                if len(found.files) != 1:
                    raise SourceError(f"{path.name}: {len(found.files)} arrays; a prior is one", "keep one array")
                found = found[found.files[0]]
    except (OSError, ValueError, EOFError) as error:
        reason = type(error).__name__
        raise SourceError(f"{path.name}: no prior can be read ({reason})", "give a .npy of pictures") from None
    pictures = np.asarray(found)
    if pictures.dtype.kind not in "biuf" or pictures.ndim not in (3, 4) or pictures.shape[-len(shape) :] != shape:
        told = " x ".join(map(str, pictures.shape))
        raise ShapeError(
            f"{path.name}: {told} are no pictures of {' x '.join(map(str, shape))}", "give n x height x width"
        )
    whole = pictures if pictures.ndim == 4 else pictures[:, None]
    return np.asarray(whole, np.float32)


def _shape(address: Address) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", address.options["shape"])
    sides = (0, 0) if found is None else (int(found[1]), int(found[2]))
    if not all(1 <= side <= MOST_SIDE for side in sides):
        raise SourceError(f"{address}: shape={address.options['shape']} is not understood", "write shape=28x28")
    return sides
