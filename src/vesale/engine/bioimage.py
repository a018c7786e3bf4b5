"""A package as a BioImage.IO model: rdf.yaml, the ONNX network, test tensors, and our own files attached.

The description follows the BioImage.IO model specification 0.5 (bioimage.io, spec-bioimage-io). rdf.yaml is written as
JSON, which every YAML reader reads.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import RecipeError
from ..core.model import Card
from ..core.task import Category, Output, Partition, Picture, Quantity
from ..render.overlay import thumbnail
from .opened import OpenedModel

FORMAT = "0.5.5"
SPECIFICATION = "https://bioimage.io"
"""A citation needs an address; a card has none of its own."""
LICENCES = {"cc by 4.0": "CC-BY-4.0", "cc0": "CC0-1.0", "apache-2.0": "Apache-2.0", "mit": "MIT"}
"""What a card may say -> its SPDX name; others are left out, as the specification takes no other."""
ATTACHED = ("card.json", "pipeline.toml", "recipe.toml", "trust.json", "trust.npz", "selftest.npz")
MOST_SAMPLES = 64
"""Sides of a free size are at least this, and grow in steps of what the network halves."""
DAY = (2020, 1, 1, 0, 0, 0)
"""Of every file in the zip, so that the same package gives the same bytes."""


def write_bioimage(model: OpenedModel, out: Path) -> None:
    """Write the zip. Raises RecipeError where the network has no place in the specification (signals)."""
    if model.pipeline.task.from_signal:
        raise RecipeError(f"{model.card.name}: BioImage.IO has no models of signals", "give the package itself")
    with np.load(model.package.folder / "selftest.npz", allow_pickle=False) as arrays:
        made = arrays["image"]
        planes = np.ascontiguousarray(_filled(arrays["planes"], model.pipeline.multiple), np.float32)
    answers = {name: np.asarray(a, np.float32) for name, a in model.run(planes).items()}
    files = {
        "model.onnx": (model.package.folder / "model.onnx").read_bytes(),
        "README.md": (model.package.folder / "card.md").read_bytes(),
        "cover.png": thumbnail(made[:3] if len(made) >= 3 else made[:1], 256),
        "image.npy": _npy(planes),
        **{f"{name}.npy": _npy(answer) for name, answer in answers.items()},
        **{name: (model.package.folder / name).read_bytes() for name in ATTACHED},
    }
    description = describe(model, planes, answers, _opset(files["model.onnx"]))
    text = json.dumps(description, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"rdf.yaml": text.encode(), **files}.items():
            archive.writestr(zipfile.ZipInfo(name, DAY), content, zipfile.ZIP_DEFLATED)


def describe(
    model: OpenedModel, planes: NDArray[np.float32], answers: Mapping[str, NDArray[np.float32]], opset: int
) -> dict[str, Any]:
    """The content of rdf.yaml."""
    card = model.card
    licence = LICENCES.get(card.licence.strip().lower())
    return {
        "type": "model",
        "format_version": FORMAT,
        "name": _plain(f"{card.name} {card.version} {card.digest[:8]}"),
        "description": _described(card),
        "authors": [{"name": "the owners of the training images, with Vesale"}],
        "cite": [{"text": card.citation or "no citation was given", "url": SPECIFICATION}],
        **({"license": licence} if licence else {}),
        "documentation": "README.md",
        "covers": ["cover.png"],
        "tags": ["vesale", *sorted({o.kind for o in model.pipeline.task.outputs.values()})],
        "timestamp": "2020-01-01T00:00:00",
        "inputs": [_input(model, planes)],
        "outputs": [
            _output(name, model.pipeline.task.outputs.get(name), answer, planes.shape)
            for name, answer in answers.items()
        ],
        "weights": {"onnx": {"source": "model.onnx", "opset_version": opset}},
        "attachments": [{"source": name} for name in ATTACHED],
        "config": {"vesale": {"digest": card.digest, "use": card.use, "licence": card.licence, "limits": card.limits}},
    }


def _described(card: Card) -> str:
    text = f"{card.intended_use} {' '.join(card.limits)} Pixels come as pipeline.toml says."
    return text if len(text) <= 500 else text[:497] + "..."


def _plain(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "_+- ()") else "-" for c in text)[:64]


def _input(model: OpenedModel, planes: NDArray[np.float32]) -> dict[str, Any]:
    look, step = model.pipeline.look, model.pipeline.multiple
    names = list(look.names) or {1: ["grey"], 3: ["red", "green", "blue"]}.get(look.channels)
    channels = names if names and len(names) == planes.shape[1] else [f"channel{i}" for i in range(planes.shape[1])]
    tile = model.pipeline.tile if look.size else None
    sides: Sequence[Any] = tile or look.size or ({"min": step * -(-MOST_SAMPLES // step), "step": step},) * 2
    spacing = look.spacing or (1.0, 1.0)
    unit = {"unit": "millimeter"} if look.spacing else {}
    space = [
        {"type": "space", "id": axis, "size": side, "scale": scale, **unit}
        for axis, side, scale in zip("yx", sides, spacing, strict=True)
    ]
    return {
        "id": "image",
        "description": "planes in [0, 1], made from an image as pipeline.toml says",
        "axes": [{"type": "batch"}, {"type": "channel", "channel_names": channels}, *space],
        "data": {"type": "float32", "range": [0.0, 1.0]},
        "test_tensor": {"source": "image.npy"},
    }


def _output(name: str, output: Output | None, answer: NDArray[np.float32], shape: tuple[int, ...]) -> dict[str, Any]:
    """An output of the task; None: what the network sees (features)."""
    axes: list[dict[str, Any]] = [{"type": "batch"}, {"type": "channel", "channel_names": _names(output, answer)}]
    if answer.ndim == 4:
        same = answer.shape[2:] == shape[2:]
        for axis, side in zip("yx", answer.shape[2:], strict=True):
            size: Any = {"tensor_id": "image", "axis_id": axis} if same else side
            axes.append({"type": "space", "id": axis, "size": size})
    plain = output is None or isinstance(output, Picture) or (isinstance(output, Quantity) and output.steps is None)
    data: dict[str, Any] = {"type": "float32"} if plain else {"type": "float32", "range": [0.0, 1.0]}
    return {"id": _plain(name).lower(), "axes": axes, "data": data, "test_tensor": {"source": f"{name}.npy"}}


def _names(output: Output | None, answer: NDArray[np.float32]) -> list[str]:
    match output:
        case Category() | Partition():
            names = output.names
        case Quantity(steps=steps) if steps:
            names = steps
        case Picture():
            names = output.channels
        case _:
            names = tuple(f"value{i}" for i in range(answer.shape[1]))
    return [_identifier(name, i) for i, name in enumerate(names)]


def _identifier(name: str, i: int) -> str:
    kept = "".join(c if c.isalnum() and c.isascii() else "_" for c in name)
    return kept if kept[:1].isalpha() else f"step{i}_{kept}"


def _filled(planes: NDArray[Any], multiple: int) -> NDArray[Any]:
    more = [(-n) % multiple for n in planes.shape[2:]]
    return np.pad(planes, [(0, 0), (0, 0), (0, more[0]), (0, more[1])])


def _npy(array: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _opset(content: bytes) -> int:
    import onnx

    found = onnx.load_from_string(content).opset_import
    return int(max(o.version for o in found if o.domain in ("", "ai.onnx")))
