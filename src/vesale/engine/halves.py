"""Which weights may be stored as half floats: those that a half float can hold."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def fits_half(values: NDArray[Any]) -> bool:
    """float32 values, none of them beyond what float16 holds (65,504): answers in large units have larger weights."""
    if values.dtype != np.float32:
        return False
    return values.size == 0 or float(np.abs(values).max()) <= float(np.finfo(np.float16).max)
