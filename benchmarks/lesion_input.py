"""Whether maps of lesions beside the photograph help the grade: the same network with and without, on one fold.

`python -m benchmarks.lesion_input COHORT OUT DATA PACKAGE [--steps N]`: PACKAGE outlines lesions and must not have seen
the photographs that are asked about; those of IDRiD B that IDRiD A holds, too, on which it may have been learned, and
those that no lesion model may see are left out of the evaluation. Its maps are kept in OUT, so a stopped run goes on.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.explain_lesions import shared
from benchmarks.little_data import FOLD, RECIPE, answers_of
from benchmarks.tables import Cell, Table, record_tables
from vesale.core.exam import Cohort
from vesale.core.prediction import AnsweredPartition
from vesale.core.recipe import Recipe, load
from vesale.engine.division import divide, sides
from vesale.engine.fit import Job, fit
from vesale.engine.opened import OpenedModel, open_model
from vesale.engine.samples import Sample, load_samples
from vesale.io import open_source
from vesale.io.cohort import Columns, read_cohort
from vesale.metrics.classification import kappa_statistic
from vesale.metrics.intervals import measure
from vesale.metrics.ranking import curve_area, ranked
from vesale.ops.look import prepare, resize

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks" / "lesion-input.json"
Floats = NDArray[np.float32]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lesion_input", description=__doc__)
    for name in ("cohort", "out", "data", "package"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--steps", type=int, help="of each of the two fits (as in the recipe)")
    options = parser.parse_args()
    cohort = read_cohort(options.cohort, Columns(labels=("grade", "edema"))).cohort
    recipe = load(RECIPE)
    recipe = replace(recipe, train=replace(recipe.train, steps=options.steps or recipe.train.steps))
    split, plain = divide(cohort, recipe), load_samples(cohort, recipe)
    maps = maps_of(cohort, open_model(options.package, 1), recipe, options.out / "maps")
    beside = [with_maps(s, maps[s.exam]) for s in plain]
    wide = replace(recipe, look=replace(recipe.look, channels=beside[0].planes.shape[1]))
    unfit = left_out(cohort, options.data)
    answers = []
    for name, own, samples in (("photograph", recipe, plain), ("photograph and lesions", wide, beside)):
        learned, held = sides(FOLD, samples, split, recipe)
        folder = options.out / name.replace(" ", "-")
        list(fit(own, learned, (), Job(name, folder)))
        asked = [s for s in held if s.exam not in unfit]
        answers.append(answers_of(own, folder / "weights.safetensors", asked))
    truth = np.array([int(s.truth["grade"][0]) for s in asked])
    what = "Maps of lesions beside the photograph: does the grade gain?"
    record_tables(
        RECORD, what, "python -m benchmarks.lesion_input COHORT OUT DATA PACKAGE", [table(answers, truth, recipe)]
    )
    return 0


def with_maps(sample: Sample, maps: Floats) -> Sample:
    """A sample that also shows the maps (name, height, width), as further channels."""
    stacked = np.concatenate([sample.planes, maps[None].astype(sample.planes.dtype)], axis=1)
    return replace(sample, planes=stacked)


def maps_of(cohort: Cohort, model: OpenedModel, recipe: Recipe, folder: Path) -> dict[str, Floats]:
    """Exam -> how sure the lesion model is of each name, on the planes of the recipe's look; kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for exam in cohort:
        path = folder / f"{exam.id}.npy"
        if not path.exists():
            source = open_source(cohort.root / exam.views[0].inputs["image"])
            answers = model.predict_sources((exam.id, None), [[source]])[0].outputs.values()
            sure = [a.confidence[0].data for a in answers if isinstance(a, AnsweredPartition)]
            np.save(path, placed(np.concatenate(sure), recipe, source.read().data))
        found[exam.id] = np.load(path)
    return found


def placed(maps: NDArray[np.generic], recipe: Recipe, picture: NDArray[np.generic]) -> NDArray[np.float16]:
    """Maps (name, y, x) of a picture (channel, y, x) where the look puts it: (name, height, width)."""
    from vesale.core.grid import Grid
    from vesale.core.image import Image, Provenance

    names = ("red", "green", "blue")
    image = Image(picture, Grid(picture.shape[1:]), "intensity", names, Provenance("read"))
    placement = prepare([image], recipe.look).placement
    top, left, bottom, right = placement.window
    inner = resize(np.asarray(maps, np.float32)[None, :, top:bottom, left:right], placement.inner)[0]
    whole = np.zeros((len(maps), *placement.size), np.float16)
    y, x = placement.corner
    whole[:, y : y + placement.inner[0], x : x + placement.inner[1]] = inner
    return whole


def left_out(cohort: Cohort, data: Path) -> set[str]:
    """Exams that a lesion model may have seen, or may never see."""
    never = (data / "retina" / "idrid_grading" / "never_for_lesion_models.txt").read_text().split()
    stems = {Path(name).stem for name in never} | set(shared(data))
    return {e.id for e in cohort if Path(e.views[0].inputs["image"]).stem in stems}


def table(answers: Sequence[NDArray[np.float64]], truth: NDArray[np.intp], recipe: Recipe) -> Table:
    """(exams, steps) probabilities without and with the maps: each number, and their paired difference."""
    exams, steps = [str(i) for i in range(len(truth))], answers[0].shape[1]
    said = [np.minimum((np.cumsum(p, 1) < 0.5).sum(1), steps - 1) for p in answers]
    kappas = [kappa_statistic(s, truth, steps) for s in said]
    counts = [ranked(p[:, 2:].sum(1), truth >= 2) for p in answers]
    areas = [lambda w, c=c: curve_area(*c(w)) for c in counts]
    rows: list[tuple[Cell, ...]] = []
    for name, (without, within) in (("kappa_quadratic", kappas), ("AUC of referable", areas)):
        three = (without, within, lambda w, a=without, b=within: b(w) - a(w))
        shown = [measure(name, statistic, exams) for statistic in three]
        rows.append((name, *(f"{m.value:.3f} [{m.low:.3f}, {m.high:.3f}]" for m in shown), len(exams)))
    note = f"{FOLD} of the recipe's folds, {recipe.train.steps} steps; bootstrap over exams, both drawn together."
    columns = ("metric", "photograph", "photograph and lesions", "difference", "exams")
    return Table("With and without maps of lesions", columns, tuple(rows), note)


if __name__ == "__main__":
    raise SystemExit(main())
