"""Attribution by gradients, through Captum: integrated gradients and Grad-CAM. torch is needed here.

Sundararajan, Taly, Yan 2017 (Axiomatic attribution for deep networks); Selvaraju et al. 2017 (Grad-CAM). Of outlines
the explained number is a mean over a region, as in Vinogradova, Dibrov, Myers 2020 (Seg-Grad-CAM).
"""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from ..core.errors import PackageError
from ..core.grid import Box
from ..core.pipeline import Pipeline
from ..core.task import Category, Partition, Quantity
from ..nets import NETS, build
from ..nets.features import Staged
from ..nets.heads import Network, activate
from .aiming import Target
from .infer import mirrors_of
from .opened import OpenedModel
from .shuffle import is_weight
from .sight import Mirror, Sight

STEPS = 24
"""Points on the way from the faded picture to the picture."""
AT_ONCE = 8
"""Pictures that are differentiated together."""
GRAIN = 1 / 64
"""Integrated gradients are smoothed by this share of the shorter side, below what an eye can follow."""
AGREE = 5e-3
"""Largest difference of a probability, or share of a value, between the rebuilt network and model.onnx, whose small
tensors are stored in full: on real packages it was below a thousandth."""
Floats = NDArray[np.float32]


class Scored(nn.Module):
    """A network that answers with the explained number alone: (N, C, H, W)[, (N, H, W)] -> (N,)."""

    def __init__(self, net: Network, target: Target) -> None:
        super().__init__()
        self.net, self.target = net, target

    def forward(self, image: Tensor, where: Tensor | None = None) -> Tensor:
        found = odds(self.net(image)[self.target.name], self.target)
        if where is None:
            return found
        return (found * where).sum((1, 2)) / where.sum((1, 2)).clamp(min=1)


def odds(logits: Tensor, target: Target) -> Tensor:
    """What `aiming.read_off` reads off probabilities, from logits: (N,) or (N, H, W)."""
    output, index = target.output, target.index
    if isinstance(output, Quantity):
        return logits.mean(1) if output.steps is None or index is None else logits[:, index - 1]
    assert isinstance(output, Category | Partition)
    assert index is not None
    if not output.exclusive:
        return logits[:, index]
    rest = torch.cat([logits[:, :index], logits[:, index + 1 :]], 1)
    return logits[:, index] - torch.logsumexp(rest, 1)


def rebuilt(model: OpenedModel) -> Network:
    """The network of a package, from its recipe and its weights, after a look at whether it answers like model.onnx.

    PackageError when it does not, or when the package holds no weights to rebuild it from.
    """
    from safetensors.torch import load_file

    path = model.package.folder / "weights.safetensors"
    if not path.is_file() or model.recipe.net.name not in NETS.table:
        raise PackageError(
            f"{model.card.name}: the package holds no network that can be rebuilt, only model.onnx", "use occlusion"
        )
    with torch.random.fork_rng():
        net = build(model.recipe, empty=True)
    try:
        net.load_state_dict(load_file(path))
    except RuntimeError as error:
        message = f"{model.card.name}: weights.safetensors does not fit recipe.toml ({str(error).splitlines()[0]})"
        raise PackageError(message, "use occlusion, which needs model.onnx alone") from None
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net.eval()


@torch.no_grad()
def agree(net: Network, model: OpenedModel, sight: Sight) -> None:
    """PackageError unless the rebuilt network answers like model.onnx on the first plane of a sight."""
    image = _filled(sight.planes[:1], sight.multiple)
    expected = model.run(image)
    logits = net(torch.from_numpy(image))
    for name, output in model.pipeline.task.outputs.items():
        found = activate(output, logits[name]).numpy()
        scale = max(1.0, float(np.abs(expected[name]).max()))
        worst = float(np.abs(found - expected[name]).max()) / scale
        if not worst <= AGREE:
            message = (
                f"{model.card.name}: weights.safetensors is not the network of model.onnx: {name} is {worst:.2g} off"
            )
            raise PackageError(message, "use occlusion, which needs model.onnx alone")


def shuffled(net: Network, seed: int) -> Network:
    """The same network, each of its weight tensors with its own values in random order: nothing learned is left."""
    twin = deepcopy(net)
    generator = torch.Generator().manual_seed(seed)
    for parameter in twin.parameters():
        if is_weight(tuple(parameter.shape)):
            order = torch.randperm(parameter.numel(), generator=generator)
            parameter.data = parameter.data.flatten()[order].view_as(parameter.data).contiguous()
    return twin


def integrated_gradients(net: Network, sight: Sight, asked: tuple[Pipeline, Target]) -> NDArray[np.float64]:
    """(P, H, W), summed over channels, on the way from the faded picture to the picture; its grain is smoothed."""
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(Scored(net, asked[1]))

    def attribute(image: Tensor, blurred: Tensor, where: Tensor | None) -> Tensor:
        more = None if where is None else (where,)
        found: Tensor = method.attribute(
            image, blurred, additional_forward_args=more, n_steps=STEPS, internal_batch_size=AT_ONCE
        )
        return found.sum(1)

    raw = _each(attribute, sight, asked[0])
    sigma = GRAIN * min(sight.planes.shape[2:])
    return np.asarray(ndimage.gaussian_filter(raw, (0, sigma, sigma)))


def grad_cam(net: Network, sight: Sight, asked: tuple[Pipeline, Target]) -> NDArray[np.float64]:
    """(P, H, W): the last map of features, each weighted by its mean gradient; what speaks against is left out."""
    from captum.attr import LayerGradCam

    if not isinstance(net.body, Staged):
        raise PackageError("this network has no map of features for Grad-CAM", "use occlusion")
    method = LayerGradCam(Scored(net, asked[1]), net.body.watched()[-1])

    def attribute(image: Tensor, _: Tensor, where: Tensor | None) -> Tensor:
        more = None if where is None else (where,)
        found: Tensor = method.attribute(image, additional_forward_args=more, relu_attributions=True)
        size = (image.shape[2], image.shape[3])
        return functional.interpolate(found, size, mode="bilinear", align_corners=False)[:, 0]

    return _each(attribute, sight, asked[0])


def _each(
    attribute: Callable[[Tensor, Tensor, Tensor | None], Tensor], sight: Sight, pipeline: Pipeline
) -> NDArray[np.float64]:
    """The mean over mirror images and tiles, mirrored back and put in place: (P, H, W), weighted by plane."""
    ways = mirrors_of(pipeline)
    total = np.zeros((len(sight.planes), *sight.planes.shape[2:]))
    for axes in ways:
        for box in sight.boxes:
            found = _one(attribute, sight, box, axes)
            total[(slice(None), *box.slices)] += found
    return np.asarray(total / (len(ways) * len(sight.boxes)) * sight.weights[:, None, None])


def _one(
    attribute: Callable[[Tensor, Tensor, Tensor | None], Tensor], sight: Sight, box: Box, axes: Mirror
) -> NDArray[np.float64]:
    """(P, h, w) of one tile seen in one mirror."""
    flat = tuple(a - 1 for a in axes)
    here = (slice(None), slice(None), *box.slices)
    image, blurred = (_filled(np.flip(part[here], axes), sight.multiple) for part in (sight.planes, sight.faded))
    where = None
    if sight.where is not None:
        where = _filled(np.flip(sight.where[:, None][here], axes).astype(np.float32), sight.multiple)[:, 0]
    found = []
    for i in range(0, len(image), AT_ONCE):
        some = slice(i, i + AT_ONCE)
        inside = None if where is None else torch.from_numpy(where[some])
        one = attribute(torch.from_numpy(image[some]).requires_grad_(), torch.from_numpy(blurred[some]), inside)
        found.append(one.detach().numpy()[:, : box.shape[0], : box.shape[1]])
    return np.flip(np.concatenate(found).astype(np.float64), flat)


def _filled(planes: Floats, multiple: int) -> Floats:
    more = [(-n) % multiple for n in planes.shape[2:]]
    return np.ascontiguousarray(np.pad(planes, [(0, 0), (0, 0), (0, more[0]), (0, more[1])]))
