"""Weights that a fit begins with, from a file that was learned from pictures alone (`engine/pretrain.py` makes it)."""

from pathlib import Path

from safetensors.torch import load_file

from ..core.errors import RecipeError, SourceError
from ..nets.heads import Network

HEADS = ".heads."


def start_from(net: Network, path: Path) -> None:
    """Fill a network with weights that `vesale train --masked` wrote; its heads stay as they are.

    SourceError when the file is not there, RecipeError when it is of another network.
    """
    if not path.is_file():
        raise SourceError(f"{path}: no weights to start from", "train.start names what `vesale train --masked` wrote")
    found = {k: v for k, v in load_file(path).items() if HEADS not in k}
    own = {k: v for k, v in net.state_dict().items() if HEADS not in k}
    if {k: v.shape for k, v in found.items()} != {k: v.shape for k, v in own.items()}:
        raise RecipeError(f"train.start: {path.name} is of another network", "give the recipe that it was learned by")
    net.load_state_dict(found, strict=False)
