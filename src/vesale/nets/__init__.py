"""Networks by name; each file holds one architecture with its paper on top."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.errors import RecipeError
from ..core.recipe import Recipe
from ..core.registry import Registry

if TYPE_CHECKING:
    from .heads import Network

NETS: Registry[Callable[[Recipe], "Network"]] = Registry(
    "network",
    {
        "unet": "vesale.nets.unet:build_unet",
        "wnet": "vesale.nets.unet:build_wnet",
        "resnet": "vesale.nets.resnet:build_resnet",
        "efficientnet_lite": "vesale.nets.efficientnet:build_efficientnet_lite",
        "efficientnet_unet": "vesale.nets.efficientunet:build_efficientnet_unet",
        "linear": "vesale.nets.linear:build_linear",
    },
)
EMPTY: Registry[Callable[[Recipe], "Network"]] = Registry(
    "network",
    {
        "efficientnet_lite": "vesale.nets.efficientnet:shape_of_efficientnet_lite",
        "efficientnet_unet": "vesale.nets.efficientunet:shape_of_efficientnet_unet",
    },
)
"""Networks whose first weights come from elsewhere, without them: to be filled with weights that are at hand."""
DENSE = ("unet", "wnet", "efficientnet_unet")
"""Networks that can answer for every sample of the image."""


def build(recipe: Recipe, empty: bool = False) -> "Network":
    """The network of a recipe with random weights (draw from torch's global generator: seed it first).

    `empty`: its weights will be loaded anyway, so published ones need not be installed.
    """
    if recipe.look.channels < 1:
        raise RecipeError(f"look.channels: a network sees at least one channel, not {recipe.look.channels}")
    kinds = {o.kind for o in recipe.task.outputs.values()}
    if kinds & {"partition", "picture"} and recipe.net.name not in DENSE and recipe.net.name in NETS.table:
        raise RecipeError(f"net.name: {recipe.net.name} cannot outline; for a partition take {' or '.join(DENSE)}")
    size = recipe.train.patch or recipe.look.size
    step = 32 if recipe.net.name == "efficientnet_unet" else 2 ** (recipe.net.depth - 1)
    if recipe.net.name in DENSE and size is not None and any(n % step for n in size):
        where = "train.patch" if recipe.train.patch else "look.size"
        raise RecipeError(f"{where}: {list(size)} must be multiples of {step}, as {recipe.net.name} halves them")
    makers = EMPTY if empty and recipe.net.name in EMPTY.table else NETS
    return makers[recipe.net.name](recipe)
