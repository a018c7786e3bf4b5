"""Somebody else's network, given as ONNX and a small TOML of what it expects, made into one of ours.

Its pre-processing and the activation of its outputs become part of the graph, so that the package is like any other.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ..core.decode import decode, read_toml
from ..core.errors import PackageError, RecipeError
from ..core.recipe import Augment, Look, Net, Recipe, Statement, Train, Trust, Validate
from ..core.task import Category, Output, Partition, Picture, Quantity, Task
from .runtimes import open_onnx

LEAST_OPSET = 13
"""Softmax along an axis means what it says from this version of the standard's operators on."""
OURS = "vesale/"
"""Begins the names of what is added to the graph."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the network is fed with; the values are checked against its own description of its input."""

    tensor: str | None = None
    """Name of its input; None: it has one."""
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    order: Literal["RGB", "BGR", "grey"] = "RGB"
    size: tuple[int, ...] | None = None
    """(height, width) that images are brought to; None: they go through at their own size."""
    fit: Literal["pad", "stretch", "cover"] = "stretch"
    """How they get there: with black around them, without their aspect, or their middle cut out."""
    tiles: bool = False
    """For outlines: images are not resized but cut into tiles of that size, and the answers are sewn."""
    multiple: int = 1
    """Where images go through at their own size: their sides are filled up to a multiple of this power of two."""
    range: Literal["dtype", "percentile", "channel", "fixed"] = "dtype"
    """What becomes 0 to 1 before scale, mean and std: as `look.range` of a recipe."""
    low: float | None = None
    high: float | None = None
    scale: float = 1.0
    """What 1.0 is multiplied by first: 255 for a network that was fed with 0 to 255."""
    mean: tuple[float, ...] = ()
    """Subtracted from each channel after that, in its own order; none: 0."""
    std: tuple[float, ...] = ()
    """Each channel is divided by it then; none: 1."""
    mirror: tuple[Literal["horizontal", "vertical"], ...] = ()
    """Mirror images whose answers are averaged."""


@dataclass(frozen=True, slots=True)
class Given:
    """One of its outputs."""

    tensor: str | None = None
    """Name in the network; None: that of the answer, or the only one there is."""
    activation: Literal["none", "softmax", "sigmoid"] = "none"
    """What turns its numbers into probabilities; none: they are probabilities, or a value."""


@dataclass(frozen=True, slots=True)
class Foreign:
    task: Task
    expected: Expected
    given: Mapping[str, Given]
    features: str | None = None
    """A tensor inside the network, (N, D) or (N, D, h, w), in which the gate looks for what is unlike the rest."""
    trust: Trust = field(default_factory=Trust)
    card: Statement = field(default_factory=Statement)


def load_foreign(path: Path) -> Foreign:
    """Read the TOML beside a network: tables `input`, `outputs.<name>`, `trust`, `card`; RecipeError where it errs.

    An output's table is that of a recipe's task (kind, names, steps, ...) with `tensor` and `activation`.
    """
    tree = read_toml(path)
    known = {"name", "input", "outputs", "features", "modalities", "trust", "card"}
    for name in tree:
        if name not in known:
            raise RecipeError(f"{path.name}: {name}: no such setting", f"known: {', '.join(sorted(known))}")
    outputs, given = {}, {}
    for name, table in tree.get("outputs", {}).items():
        if not isinstance(table, dict):
            raise RecipeError(f"{path.name}: outputs.{name}: expected a table, got {table!r}")
        own = {key: table[key] for key in ("tensor", "activation") if key in table}
        outputs[name] = {key: value for key, value in table.items() if key not in own}
        given[name] = decode(Given, own, f"outputs.{name}")
    task = {"name": tree.get("name", path.stem), "outputs": outputs, "modalities": tree.get("modalities", [])}
    return Foreign(
        task=decode(Task, task, ""),
        expected=decode(Expected, tree.get("input", {}), "input"),
        given=given,
        features=decode(str, tree["features"], "features") if "features" in tree else None,
        trust=decode(Trust, tree.get("trust", {}), "trust"),
        card=decode(Statement, tree.get("card", {}), "card"),
    )


def recipe_of(foreign: Foreign, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe that a package of it carries: how it is read and calibrated; nothing is learned."""
    e = foreign.expected
    if e.size is not None and len(e.size) != 2:
        raise RecipeError(f"input.size: expected [height, width], got {list(e.size)}")
    side = e.size[0] if e.size and e.tiles else e.multiple
    if side & (side - 1) or (e.tiles and (e.size is None or e.size[0] != e.size[1])):
        raise RecipeError(
            "input: tiles need a square size that is a power of two, and input.multiple a power of two",
            "size = [512, 512], say",
        )
    channels = 1 if e.order == "grey" else 3
    look = Look(channels, e.range, e.low, e.high, size=None if e.tiles else e.size, fit=e.fit)
    return Recipe(
        task=foreign.task,
        look=look,
        net=Net("foreign", depth=side.bit_length()),
        augment=Augment(flip=e.mirror),
        train=Train(steps=1, patch=e.size if e.tiles else None),
        validate=Validate("given", flips=bool(e.mirror)),
        trust=replace(foreign.trust, **(overrides or {})),
        card=foreign.card,
    )


def adopt(network: Path, foreign: Foreign, folder: Path) -> str:
    """Write folder/model-<digest>.onnx and folder/weights.safetensors; the digest of the network comes back.

    PackageError when the file is no ONNX network, has not what the TOML names, or does not answer as it says.
    """
    model = _loaded(network)
    digest = hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"model-{digest[:12]}.onnx"
    partial = path.with_suffix(".part")
    onnx.save(_adapted(model, foreign, network.name), str(partial))
    _try(partial, foreign, network.name)
    _write_weights(model, folder / "weights.safetensors")
    partial.replace(path)
    return digest


def _loaded(network: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(str(network))
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf and onnx raise what they like
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PackageError(f"{network.name}: not an ONNX network ({text})", "export it with torch.onnx, say") from None
    opset = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)
    if opset < LEAST_OPSET:
        message = f"{network.name}: its operators are of version {opset}; {LEAST_OPSET} is the least"
        raise PackageError(message, f"export it again with opset_version={LEAST_OPSET} or more")
    return model


def _adapted(model: onnx.ModelProto, foreign: Foreign, name: str) -> onnx.ModelProto:
    """Ours before, theirs in the middle, ours after."""
    ours = onnx.ModelProto()
    ours.CopyFrom(model)
    graph = ours.graph
    held = {t.name for t in graph.initializer}
    inputs = [i for i in graph.input if i.name not in held]
    wanted = foreign.expected.tensor or (inputs[0].name if len(inputs) == 1 else None)
    theirs = next((i for i in inputs if i.name == wanted), None)
    if theirs is None or len(inputs) != 1:
        found = ", ".join(i.name for i in inputs)
        raise PackageError(
            f"{name}: expected one input {wanted or ''}; it has {found}".replace("  ", " "), "input.tensor"
        )
    shape = [d.dim_value or d.dim_param or None for d in theirs.type.tensor_type.shape.dim]
    _check_input(shape, foreign.expected, name)
    before = _before(foreign.expected, theirs, wanted or "")
    after, values = _after(ours, foreign, name)
    nodes = [*before, *graph.node, *after]
    sides: list[Any] = list(foreign.expected.size or ("height", "width"))
    channels = 1 if foreign.expected.order == "grey" else 3
    first = shape[0] if isinstance(shape[0], int) else "n"
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    graph.input.append(helper.make_tensor_value_info("image", TensorProto.FLOAT, [first, channels, *sides]))
    graph.output.extend(values)
    graph.initializer.extend(_constants(foreign.expected, theirs))
    return ours


def _check_input(shape: Sequence[int | str | None], e: Expected, name: str) -> None:
    channels = 1 if e.order == "grey" else 3
    axis = 1 if e.layout == "NCHW" else 3
    if len(shape) != 4:
        raise PackageError(
            f"{name}: its input has {len(shape)} axes; expected 4, {e.layout}", "give a network of images"
        )
    if isinstance(shape[axis], int) and shape[axis] != channels:
        message = f"{name}: its input has {shape[axis]} channels at axis {axis}, the TOML says {e.order} ({channels})"
        raise PackageError(message, "correct input.order or input.layout")
    sides = [shape[a] for a in ((2, 3) if e.layout == "NCHW" else (1, 2))]
    fixed = [s for s in sides if isinstance(s, int)]
    if fixed and (e.size is None or list(e.size) != sides):
        said = "nothing" if e.size is None else list(e.size)
        raise PackageError(f"{name}: it takes images of {sides} only; the TOML says {said}", f"input.size = {sides}")


def _before(e: Expected, theirs: Any, target: str) -> list[onnx.NodeProto]:
    """image (N, C, H, W) in [0, 1] -> what the network expects."""
    steps: list[tuple[str, list[str], dict[str, Any]]] = []
    if e.order == "BGR":
        steps.append(("Gather", [f"{OURS}order"], {"axis": 1}))
    steps.append(("Mul", [f"{OURS}scale"], {}))
    steps.append(("Sub", [f"{OURS}mean"], {}))
    steps.append(("Div", [f"{OURS}std"], {}))
    if e.layout == "NHWC":
        steps.append(("Transpose", [], {"perm": [0, 2, 3, 1]}))
    steps.append(("Cast", [], {"to": theirs.type.tensor_type.elem_type}))
    nodes, current = [], "image"
    for i, (kind, more, attributes) in enumerate(steps):
        name = target if i == len(steps) - 1 else f"{OURS}step{i}"
        nodes.append(helper.make_node(kind, [current, *more], [name], **attributes))
        current = name
    return nodes


def _constants(e: Expected, theirs: Any) -> list[onnx.TensorProto]:
    channels = 1 if e.order == "grey" else 3
    values = {"mean": e.mean or (0.0,) * channels, "std": e.std or (1.0,) * channels}
    for key, value in values.items():
        if len(value) != channels:
            raise RecipeError(f"input.{key}: {len(value)} numbers for {channels} channels")
    tensors = [numpy_helper.from_array(np.full((), e.scale, np.float32), f"{OURS}scale")]
    for key, value in values.items():
        tensors.append(numpy_helper.from_array(np.array(value, np.float32).reshape(1, -1, 1, 1), f"{OURS}{key}"))
    if e.order == "BGR":
        tensors.append(numpy_helper.from_array(np.array([2, 1, 0], np.int64), f"{OURS}order"))
    return tensors


def _after(
    model: onnx.ModelProto, foreign: Foreign, name: str
) -> tuple[list[onnx.NodeProto], list[onnx.ValueInfoProto]]:
    """From its outputs to ours: activated, channels first, named after the task."""
    graph = model.graph
    there = [o.name for o in graph.output]
    inside = {o for node in graph.node for o in node.output}
    nodes, values = [], []
    for output_name, output in foreign.task.outputs.items():
        given = foreign.given[output_name]
        tensor = given.tensor or (output_name if output_name in there else there[0] if len(there) == 1 else None)
        if tensor is None or tensor not in there:
            raise PackageError(
                f"{name}: no output {tensor or output_name!r}; it has {', '.join(there)}",
                f"outputs.{output_name}.tensor",
            )
        nodes += _activated(tensor, output_name, output, (given, foreign.expected.layout))
        values.append(helper.make_tensor_value_info(output_name, TensorProto.FLOAT, None))
    if foreign.features is not None:
        if foreign.features not in inside:
            raise PackageError(f"{name}: no tensor {foreign.features!r} inside it", "see it in a viewer of networks")
        axes = [2, 3] if foreign.expected.layout == "NCHW" else [1, 2]
        nodes += _pooled(foreign.features, axes, _rank(model, foreign.features))
        values.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, None))
    return nodes, values


def _activated(tensor: str, name: str, output: Output, how: tuple[Given, str]) -> list[onnx.NodeProto]:
    given, layout = how
    current = tensor
    nodes: list[onnx.NodeProto] = []

    def then(kind: str, **attributes: Any) -> None:
        nonlocal current
        following = f"{OURS}{name}{len(nodes)}"
        nodes.append(helper.make_node(kind, [current], [following], **attributes))
        current = following

    then("Cast", to=TensorProto.FLOAT)
    if isinstance(output, (Partition, Picture)) and layout == "NHWC":
        then("Transpose", perm=[0, 3, 1, 2])
    if given.activation == "softmax":
        then("Softmax", axis=1)
    if given.activation == "sigmoid":
        then("Sigmoid")
    if given.activation == "sigmoid" and _two(output):  # one number for two names: that of the second
        nodes.append(helper.make_node("Neg", [current], [f"{OURS}{name}/minus"]))
        one = numpy_helper.from_array(np.ones((), np.float32), f"{OURS}{name}/one")
        nodes.append(helper.make_node("Constant", [], [f"{OURS}{name}/one"], value=one))
        nodes.append(helper.make_node("Add", [f"{OURS}{name}/minus", f"{OURS}{name}/one"], [f"{OURS}{name}/other"]))
        nodes.append(helper.make_node("Concat", [f"{OURS}{name}/other", current], [name], axis=1))
    else:
        nodes.append(helper.make_node("Identity", [current], [name]))
    return nodes


def _two(output: Output) -> bool:
    return isinstance(output, (Category, Partition)) and output.exclusive and len(output.names) == 2


def _rank(model: onnx.ModelProto, tensor: str) -> int:
    inferred = onnx.shape_inference.infer_shapes(model).graph
    for value in [*inferred.value_info, *inferred.output]:
        if value.name == tensor:
            return len(value.type.tensor_type.shape.dim)
    return 2


def _pooled(tensor: str, axes: list[int], rank: int) -> list[onnx.NodeProto]:
    if rank == 2:
        return [helper.make_node("Cast", [tensor], ["features"], to=TensorProto.FLOAT)]
    held = numpy_helper.from_array(np.array(axes, np.int64), f"{OURS}axes")
    return [
        helper.make_node("Cast", [tensor], [f"{OURS}seen"], to=TensorProto.FLOAT),
        helper.make_node("Constant", [], [f"{OURS}axes"], value=held),
        helper.make_node("ReduceSum", [f"{OURS}seen", f"{OURS}axes"], ["features"], keepdims=0),
    ]


def _try(path: Path, foreign: Foreign, name: str) -> None:
    """Run it on noise: what comes out must have a place for each name, and be probabilities where these are said."""
    e = foreign.expected
    height, width = e.size or (max(64, e.multiple), max(96, e.multiple * 2))
    image = np.random.default_rng(0).random((1, 1 if e.order == "grey" else 3, height, width), np.float32)
    try:
        found = open_onnx(path)(image)
    except PackageError:
        raise
    except Exception as error:  # ONNX Runtime's own exceptions have no public root
        text = str(error).splitlines()[0]
        raise PackageError(f"{name}: it cannot be run on {width} x {height} ({text})", "see input.size") from None
    for output_name, output in foreign.task.outputs.items():
        _check_answer(found[output_name], output, (output_name, name, (height, width)))


def _check_answer(answer: NDArray[np.float32], output: Output, of: tuple[str, str, tuple[int, int]]) -> None:
    output_name, name, sides = of
    count = _places(output)
    shape = (1, count, *sides) if isinstance(output, (Partition, Picture)) else (1, count)
    if answer.shape != shape:
        raise PackageError(
            f"{name}: outputs.{output_name} gives {list(answer.shape)}; expected {list(shape)}: {count} for its names",
            f"correct the names, kind or tensor of outputs.{output_name}",
        )
    plain = isinstance(output, Picture) or (isinstance(output, Quantity) and output.steps is None)
    if not plain and not (np.isfinite(answer).all() and answer.min() >= -1e-3 and answer.max() <= 1.001):
        message = f"{name}: outputs.{output_name} gives {answer.min():.3g} to {answer.max():.3g}: no probabilities"
        raise PackageError(message, f'outputs.{output_name}.activation = "softmax" or "sigmoid"')


def _places(output: Output) -> int:
    match output:
        case Quantity():
            return len(output.steps) if output.steps else 1
        case Picture():
            return len(output.channels)
        case _:
            return len(output.names)


def _write_weights(model: onnx.ModelProto, path: Path) -> None:
    """Its constants under their names, so that the package holds what another program would go on from."""
    from safetensors.numpy import save_file

    tensors = {t.name: np.ascontiguousarray(numpy_helper.to_array(t)) for t in model.graph.initializer}
    save_file({name: value for name, value in tensors.items() if value.dtype != object}, path)
