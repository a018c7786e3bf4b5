"""A decoder as ONNX: from the signal as its file has it to the picture in its own unit, and how far off it may be.

Everything that was fitted is in the graph: what features are standardised by, the maps, the descent on the generator
with its slopes written out (so that no torch is needed to read), the curve of spread, the range of the pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ..core.pipeline import SPREAD
from ..core.task import Picture
from .decoding import KNOTS, LEAST_SPREAD, Affine, Floats, Linear, Spread, Standard
from .decoding_features import SMOOTH, Descent, ThroughFeatures
from .runtimes import open_onnx

OPSET, IR = 18, 9
FIRST, SECOND, TINY = 0.9, 0.999, 1e-8
"""Decays and floor of the steps (Adam: Kingma and Ba, ICLR 2015)."""
Decoder = Linear | ThroughFeatures


@dataclass(slots=True)
class Graph:
    """Nodes in order, and the constants that they use."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    known: dict[tuple[str, tuple[int, ...], bytes], str] = field(default_factory=dict)
    """Constants by what they hold: every step of a descent uses the same ones."""

    def do(self, operator: str, *inputs: str | Floats | float, **options: Any) -> str:
        """Add a node and return the name of what it gives; arrays and numbers become constants."""
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [name], **options))
        return name

    def constant(self, value: Floats | float) -> str:
        return self._constant(np.asarray(value, np.float32))

    def shape(self, *sides: int) -> str:
        return self._constant(np.asarray(sides, np.int64))

    def _constant(self, value: NDArray[Any]) -> str:
        key = (str(value.dtype), value.shape, value.tobytes())
        if key not in self.known:
            self.known[key] = f"c{len(self.constants)}"
            self.constants.append(numpy_helper.from_array(value, self.known[key]))
        return self.known[key]


def write_decoder(decoder: Decoder, name: str, output: Picture, path: Path) -> None:
    """`path`: input `image` (N, features, 1, 1); outputs `name` and `name.spread`, (N, channel, height, width)."""
    assert output.size is not None and output.low is not None and output.high is not None
    g = Graph()
    signal = g.do("Reshape", "image", g.shape(-1, len(decoder.standard.centre)))
    told = standardised(g, signal, decoder.standard)
    if isinstance(decoder, Linear):
        picture = g.do("Clip", affine(g, told, decoder.affine), 0.0, 1.0)
    else:
        targets = [affine(g, told, one) for one in (decoder.start, *decoder.layers)]
        picture = descend(g, targets, decoder.descent)
    reach = output.high - output.low
    off = g.do("Mul", spread(g, picture, decoder.spread), reach)
    whole = g.do("Add", g.do("Mul", picture, reach), output.low)
    sides = g.shape(-1, len(output.channels), *output.size)
    g.nodes.append(helper.make_node("Reshape", [whole, sides], [name]))
    g.nodes.append(helper.make_node("Reshape", [off, sides], [name + SPREAD]))
    shapes = {n: ["n", len(output.channels), *output.size] for n in (name, name + SPREAD)}
    path.write_bytes(_model(g, {"image": ["n", len(decoder.standard.centre), 1, 1]}, shapes))


def find(descent: Descent, targets: Sequence[Floats]) -> Floats:
    """The pictures that a descent comes to from (start, layer, layer, layer) of n trials; the same graph as reads."""
    g = Graph()
    names = ["image", *(f"layer{i}" for i in range(len(targets) - 1))]
    picture = descend(g, names, descent)
    g.nodes.append(helper.make_node("Identity", [picture], ["picture"]))
    inputs: dict[str, list[str | int]] = {n: ["n", t.shape[1]] for n, t in zip(names, targets, strict=True)}
    model = _model(g, inputs, {"picture": ["n", len(descent.prior.mean)]})
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    fed = {n: np.ascontiguousarray(t, np.float32) for n, t in zip(names, targets, strict=True)}
    return np.asarray(session.run(["picture"], fed)[0], float)


def standardised(g: Graph, signal: str, standard: Standard) -> str:
    return g.do("Mul", g.do("Sub", signal, standard.centre), standard.gain)


def affine(g: Graph, told: str, one: Affine) -> str:
    return g.do("Add", g.do("MatMul", g.do("MatMul", told, one.into), one.out), one.offset)


def spread(g: Graph, picture: str, one: Spread) -> str:
    """Piecewise linear between the knots, times each sample's factor."""
    above = g.do("Unsqueeze", g.do("Mul", picture, float(KNOTS - 1)), g.shape(2))  # (N, samples, 1)
    off = g.do("Abs", g.do("Sub", above, np.arange(KNOTS, dtype=float)))
    near = g.do("Relu", g.do("Sub", 1.0, off))  # (N, samples, KNOTS)
    curve = g.do("Squeeze", g.do("MatMul", near, one.curve[:, None]), g.shape(2))
    return g.do("Max", g.do("Mul", curve, one.factor), LEAST_SPREAD)


def descend(g: Graph, targets: Sequence[str], d: Descent) -> str:
    """Steps down the mismatch of features plus the generator's prior, from the start on; the picture, cut to [0, 1]."""
    z, rate = targets[0], d.options.rate
    first = second = ""
    for step in range(d.options.steps):
        slope = _slope(g, z, targets[1:], d)
        square = g.do("Mul", slope, slope)
        first = _moved(g, first, slope, FIRST)
        second = _moved(g, second, square, SECOND)
        size = rate * (1 - step / d.options.steps) / (1 - FIRST ** (step + 1))
        root = g.do("Sqrt", g.do("Mul", second, 1 / (1 - SECOND ** (step + 1))))
        z = g.do("Sub", z, g.do("Mul", g.do("Div", first, g.do("Add", root, TINY)), size))
    return g.do("Clip", _generate(g, z, d), 0.0, 1.0)


def _moved(g: Graph, mean: str, value: str, decay: float) -> str:
    new = g.do("Mul", value, 1 - decay)
    return g.do("Add", g.do("Mul", mean, decay), new) if mean else new


def _generate(g: Graph, z: str, d: Descent) -> str:
    return g.do("Add", g.do("MatMul", z, d.prior.spreads[:, None] * d.prior.basis), d.prior.mean)


def _slope(g: Graph, z: str, layers: Sequence[str], d: Descent) -> str:
    """Of sum over layers of weight / norm * |features - wanted|^2 + weight / components * |z|^2, by z."""
    share = [2 * w / n if w else 0.0 for w, n in zip(d.options.layer_weights, d.norms, strict=True)]
    picture = _generate(g, z, d)
    plane = g.do("Reshape", picture, g.shape(-1, *d.filters.shape))
    height, width = d.filters.shape[1:]
    one, first, rectified = _forward(g, plane, d.filters.first)
    two, second, twice = _forward(g, first, d.filters.second)
    sizes = ((len(d.filters.first), height // 2, width // 2), (len(d.filters.second), height // 4, width // 4))
    wanted = [g.do("Reshape", layer, g.shape(-1, *s)) for layer, s in zip(layers[1:], sizes, strict=True)]
    back = g.do("Mul", g.do("Sub", second, wanted[1]), share[2])
    back = _backward(g, back, (two, twice), d.filters.second, (height // 2, width // 2))
    back = g.do("Add", back, g.do("Mul", g.do("Sub", first, wanted[0]), share[1]))
    back = _backward(g, back, (one, rectified), d.filters.first, (height, width))
    flat = g.do("Reshape", back, g.shape(-1, len(d.prior.mean)))
    flat = g.do("Add", flat, g.do("Mul", g.do("Sub", picture, layers[0]), share[0]))
    slope = g.do("MatMul", flat, (d.prior.spreads[:, None] * d.prior.basis).T)
    return g.do("Add", slope, g.do("Mul", z, 2 * d.weight / len(d.prior.spreads)))


def _forward(g: Graph, maps: str, filters: Floats) -> tuple[str, str, str]:
    """(filtered, the layer, rectified) as decoding_features has it."""
    reach = filters.shape[-1] // 2
    filtered = g.do("Conv", maps, filters, pads=[reach] * 4)
    rectified = g.do("Sqrt", g.do("Add", g.do("Mul", filtered, filtered), SMOOTH**2))
    mean = np.full((len(filters), 1, 2, 2), 0.25)
    return filtered, g.do("Conv", rectified, mean, group=len(filters), strides=[2, 2]), rectified


def _backward(g: Graph, slope: str, values: tuple[str, str], filters: Floats, size: tuple[int, int]) -> str:
    """The slope by a layer's input from the slope by its output; `size`: (height, width) of the input."""
    reach, odd = filters.shape[-1] // 2, [n % 2 for n in size]
    mean = np.full((len(filters), 1, 2, 2), 0.25)
    wide = g.do("ConvTranspose", slope, mean, group=len(filters), strides=[2, 2], output_padding=odd)
    inner = g.do("Mul", wide, g.do("Div", *values))
    return g.do("ConvTranspose", inner, filters, pads=[reach] * 4)


def _model(g: Graph, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]) -> bytes:
    given, told = (
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in some.items()] for some in (inputs, outputs)
    )
    graph = helper.make_graph(g.nodes, "decoder", given, told, initializer=g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def decoded(path: Path, signals: Floats, name: str) -> tuple[Floats, Floats]:
    """(pictures, spreads), each (n, samples), that a written decoder gives for signals (n, features)."""
    found = open_onnx(path, 1)(signals[:, :, None, None].astype(np.float32))
    n = len(signals)
    return found[name].reshape(n, -1).astype(float), found[name + SPREAD].reshape(n, -1).astype(float)
