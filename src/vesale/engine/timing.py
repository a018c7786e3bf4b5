"""How long one step of a recipe takes on this machine, in each precision that its processor has."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

import torch

from ..core.exam import Cohort
from ..core.recipe import Recipe
from .batches import Batches
from .fit import prepared, spreads, start, step
from .samples import Sample, load_samples

WARM, TIMED = 2, 5
EXAMS = 24
"""Enough to draw batches from."""
PATIENCE = 20.0
"""Seconds after which no further step is timed."""
AS_GOOD = 1.05
"""A lower precision may raise the loss of the timed steps by this factor at most."""


def seconds_per_step(recipe: Recipe, cohort: Cohort) -> dict[str, float]:
    """Precision -> median seconds of a step; bfloat16 only where the processor has it and the loss stays as good."""
    samples = load_samples(cohort.where(list(cohort)[:: max(1, len(cohort) // EXAMS)][:EXAMS], ""), recipe)
    seconds, loss = _timed(replace(recipe, train=replace(recipe.train, precision="float32")), samples)
    found = {"float32": seconds}
    if _has_bfloat16():
        seconds, other = _timed(replace(recipe, train=replace(recipe.train, precision="bfloat16")), samples)
        if other <= AS_GOOD * loss:
            found["bfloat16"] = seconds
    return found


def _timed(recipe: Recipe, samples: Sequence[Sample]) -> tuple[float, float]:
    """(median seconds, mean loss) of a few steps from the first weights."""
    seconds: list[float] = []
    losses: list[float] = []
    with prepared(recipe):
        gains, state, batches = spreads(recipe, samples), start(recipe, samples), Batches(samples, recipe)
        began = time.perf_counter()
        while len(seconds) < WARM + TIMED and (len(seconds) < WARM + 1 or time.perf_counter() - began < PATIENCE):
            now = time.perf_counter()
            losses.append(step(state, batches, recipe, gains))
            seconds.append(time.perf_counter() - now)
    return statistics.median(seconds[WARM:]), statistics.fmean(losses)


def _has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; without that, torch imitates it ten times slower."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))
