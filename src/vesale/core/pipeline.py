"""Everything around the network when it reads: what comes before, how it is run, what its outputs mean.

A package carries it as pipeline.toml, and reading needs nothing else of the recipe: another program can follow it too.
"""

from dataclasses import dataclass
from typing import Literal

from .recipe import Look, Recipe
from .task import Task

FEATURES = "features"
"""The output of model.onnx, beside those of the task, that says what the network sees: (N, D), see nets/features.py."""
SPREAD = ".spread"
"""What ends the name of the output of model.onnx that states how far off each sample of a picture may be: its standard
deviation, of the picture's own shape; a model need not have it."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    task: Task
    look: Look
    """Before: how pixels become planes (plane, channel, height, width) in [0, 1]; a volume's slices are its planes, and
    a signal's features the channels of one plane of 1 x 1, their values as they are."""
    tile: tuple[int, ...] | None = None
    """(height, width) of the tiles that a larger plane is cut into; None: planes go through whole."""
    overlap: float = 0.25
    """Of neighbouring tiles; their answers are averaged with a Hann window."""
    mirror: tuple[Literal["horizontal", "vertical"], ...] = ()
    """The answers of these mirror images (and, of two, of both together) are mirrored back and averaged."""
    multiple: int = 1
    """Height and width are filled up with zeros, at the bottom and right, to a multiple of this."""


def pipeline_of(recipe: Recipe) -> Pipeline:
    """The pipeline that a recipe's model is read with."""
    halved = 2 ** (recipe.net.depth - 1) if recipe.net.name in ("unet", "wnet", "foreign") else 32
    return Pipeline(
        task=recipe.task,
        look=recipe.look,
        tile=recipe.train.patch,
        overlap=recipe.validate.tiles_overlap,
        mirror=recipe.augment.flip if recipe.validate.flips else (),
        multiple=1 if recipe.look.size else halved,
    )
