"""A learned network as ONNX: normalise -> network -> activation, and what it sees, for any number and size of patches.

Weights are stored as half floats and widened when the model is opened; the arithmetic stays in single precision.
"""

import io
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from ..core.pipeline import FEATURES
from ..core.recipe import Recipe
from ..nets.features import Staged, last_channels, seen
from ..nets.heads import Network, activate, channels
from .halves import fits_half
from .runtimes import open_onnx

OPSET = 18
LARGE = 256
"""Tensors with more elements than this are stored in half precision."""
WHOLE = ("net.mean", "net.std")
"""But never these: a signal's scale may be far from 1."""
ROUNDING = 1e-3
"""Largest difference between the network and its traced twin, before the weights are stored in half precision."""


class Answering(nn.Module):
    """A network and the activation of each of its outputs, as a tuple in the task's order, then its features."""

    def __init__(self, net: Network, recipe: Recipe) -> None:
        super().__init__()
        self.net, self.outputs = net, dict(recipe.task.outputs)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        logits, features = seen(self.net, image)
        answers = tuple(activate(output, logits[name]) for name, output in self.outputs.items())
        return answers if features is None or FEATURES in self.outputs else (*answers, features)


def export_onnx(net: Network, recipe: Recipe, path: Path, sizes: tuple[int, int]) -> None:
    """Write `path`: input `image` (N, C, H, W) float32, as the look makes it; one output a task output, named after it,
    and `features` (N, D) where the network has stages (and no output of the task is called so).

    The traced network is run once beside the original; RuntimeError when they disagree.
    """
    plain = Answering(net, recipe).eval()
    example = torch.rand(2, channels(recipe), *sizes, generator=torch.Generator().manual_seed(0))
    if recipe.look.range == "raw":
        example = net.mean + net.std * (4 * example - 2)
    partial = path.with_suffix(".part")
    with torch.no_grad():
        expected = plain(example)
    names = [*recipe.task.outputs, FEATURES][: len(expected)]
    traced = _traced(plain, example, (names, bool(recipe.look.size) and not recipe.train.patch))
    onnx.save(traced, str(partial))
    found = open_onnx(partial)(example.numpy())
    for name, wanted in zip(names, expected, strict=True):
        scale = max(1.0, float(wanted.abs().max()))
        worst = float(np.abs(found[name] - wanted.numpy()).max()) / scale
        if not worst <= ROUNDING:
            raise RuntimeError(f"the exported network answers {name} otherwise: {worst:.2g} off")
    onnx.save(halved(traced), str(partial))
    partial.replace(path)


def early_features(net: Network, recipe: Recipe) -> int:
    """How many of the features are of the earlier stages: all but the channels of the last one."""
    if not isinstance(net.body, Staged):
        return 0
    image = torch.zeros(1, channels(recipe), *(recipe.look.size or (64, 64)))
    with torch.no_grad():
        features = seen(net.eval(), image)[1]
        return 0 if features is None else features.shape[1] - last_channels(net, image)


def _traced(plain: Answering, example: Tensor, about: tuple[list[str], bool]) -> onnx.ModelProto:
    """By tracing: twenty times faster than the newer exporter, and one is needed for every fold. `about`: the outputs'
    names, and whether planes have one size only."""
    names, fixed = about
    free = {0: "n"} if fixed else {0: "n", 2: "height", 3: "width"}
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            plain,
            (example,),
            buffer,  # type: ignore[arg-type]
            input_names=["image"],
            output_names=names,
            opset_version=OPSET,
            dynamic_axes={"image": free},
            dynamo=False,
        )
    return onnx.load_from_string(buffer.getvalue())


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with its large float32 weights stored as float16, each behind a Cast."""
    casts, kept = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if fits_half(values) and values.size > LARGE and tensor.name not in WHOLE:
            small = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half")
            kept.append(small)
            casts.append(helper.make_node("Cast", [small.name], [tensor.name], to=onnx.TensorProto.FLOAT))
        else:
            kept.append(tensor)
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:], model.graph.value_info[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.metadata_props[:], model.graph.metadata_props[:]
    return model
