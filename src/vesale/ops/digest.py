"""One digest for the same picture, however it was stored; digests of files are taken where files are read."""

import hashlib

import numpy as np

from vesale.core.image import Array


def pixel_digest(data: Array) -> str:
    """sha256 of samples (channel, *shape), in hex: shape, type and values.

    A grey picture stored as three equal channels counts as the grey picture, so that a re-saved copy is recognised.
    """
    if data.shape[0] > 1 and all(np.array_equal(data[0], channel) for channel in data[1:]):
        data = data[:1]
    little = np.ascontiguousarray(data, dtype=data.dtype.newbyteorder("<"))
    whole = hashlib.sha256(f"{little.shape} {little.dtype.str}".encode())
    whole.update(little.data)
    return whole.hexdigest()
