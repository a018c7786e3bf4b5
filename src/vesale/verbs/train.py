"""`vesale train`: fit one network to a cohort, as a recipe says; nothing is calibrated (that is `study`)."""

from collections.abc import Iterator
from pathlib import Path

from ..core.errors import CohortError
from ..core.exam import Cohort
from ..core.recipe import Recipe
from ..engine.events import Event
from ..engine.fit import Job, fit
from ..engine.pretrain import fit_masked
from ..engine.samples import load_samples


def train(recipe: Recipe, cohort: Cohort, out: Path, masked: bool = False) -> Iterator[Event]:
    """Yield events until `out/weights.safetensors` is there. Stop listening and it stops; call again and it goes on.

    Learns from the exams of the split `train` (all of them when the table gives no splits). `masked`: from their
    pictures alone, no label is looked at; the weights are then for `train.start` of a recipe.
    """
    given = cohort.of_split("train")
    learned = given if len(given) else cohort
    if not len(learned):
        raise CohortError(f"{cohort.name}: no exam to learn from", "see `vesale check`")
    if masked:
        yield from fit_masked(recipe, load_samples(learned, recipe), Job("all", out))
        return
    yield from fit(recipe, load_samples(learned, recipe), (), Job("all", out))
