"""A model.onnx whose learned weights are shuffled, each tensor's values among themselves: what a map owes to learning.

Adebayo et al. 2018 draw new weights; shuffling keeps each layer's scale, so that the network still answers. The file
is walked as a protocol buffer (encoding: protobuf.dev; fields: onnx.proto3 of ONNX) and changed in place, so that
numpy is enough, and models of others are shuffled too.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

GRAPH, INITIALIZER, DIMS, DATA_TYPE, FLOAT_DATA, RAW_DATA = 7, 5, 1, 2, 4, 9
"""Field numbers: ModelProto.graph, GraphProto.initializer, and of TensorProto."""
WIDTHS = {1: 4, 10: 2, 11: 8, 16: 2}
"""TensorProto.DataType -> bytes a number: FLOAT, FLOAT16, DOUBLE, BFLOAT16."""
FEWEST = 8
"""Smaller tensors are left alone: they are scales of a resize, means of channels and the like."""
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
Field = tuple[int, int, int, int]
"""Number, wire type, first byte of its value, first byte after it."""


def shuffled_onnx(model: bytes, seed: int) -> tuple[bytes, int]:
    """(the model with shuffled weights, how many tensors were shuffled); a ValueError when it is no ONNX model."""
    changed = bytearray(model)
    rng = np.random.default_rng(seed)
    count = 0
    for number, wire, start, stop in _fields(model, 0, len(model)):
        if (number, wire) != (GRAPH, BYTES):
            continue
        for inner, kind, first, last in _fields(model, start, stop):
            if (inner, kind) == (INITIALIZER, BYTES):
                count += _shuffle(model, changed, (first, last), rng)
    return bytes(changed), count


def is_weight(shape: tuple[int, ...]) -> bool:
    """Whether a tensor is a learned weight: a matrix, or a filter bank with at least two axes longer than one."""
    large = int(np.prod(shape)) >= FEWEST if shape else False
    return large and len(shape) >= 2 and (len(shape) == 2 or sum(n > 1 for n in shape) >= 2)


def _shuffle(model: bytes, changed: bytearray, span: tuple[int, int], rng: np.random.Generator) -> int:
    """Shuffle one TensorProto in place; 1 when it was a weight, else 0."""
    shape: list[int] = []
    kind, values = 0, None
    for number, wire, first, last in _fields(model, *span):
        if number == DIMS:
            shape += [_varint(model, first)[0]] if wire == VARINT else _varints(model, first, last)
        elif number == DATA_TYPE:
            kind = _varint(model, first)[0]
        elif number in (RAW_DATA, FLOAT_DATA) and wire == BYTES and last > first:
            values = (first, last)
    width = WIDTHS.get(kind)
    if width is None or values is None or not is_weight(tuple(shape)):
        return 0
    if values[1] - values[0] != width * int(np.prod(shape)):
        return 0
    numbers: NDArray[np.void] = np.frombuffer(model[values[0] : values[1]], np.dtype(f"V{width}"))
    changed[values[0] : values[1]] = numbers[rng.permutation(len(numbers))].tobytes()
    return 1


def _fields(data: bytes, start: int, stop: int) -> Iterator[Field]:
    at = start
    while at < stop:
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            after = _varint(data, at)[1]
        elif wire == BYTES:
            length, at = _varint(data, at)
            after = at + length
        elif wire in (FIXED32, FIXED64):
            after = at + (4 if wire == FIXED32 else 8)
        else:
            raise ValueError(f"no ONNX model: wire type {wire}")
        if after > stop:
            raise ValueError("no ONNX model: a field runs over its end")
        yield number, wire, at, after
        at = after


def _varints(data: bytes, start: int, stop: int) -> list[int]:
    found, at = [], start
    while at < stop:
        value, at = _varint(data, at)
        found.append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """(value, first byte after it)."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("no ONNX model: a number runs over its end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
