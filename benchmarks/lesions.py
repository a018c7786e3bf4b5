"""Lesions of the retina found without learning, beside the network's, on the same held-out photographs.

`python -m benchmarks.lesions RUN COHORT` reads a finished study by recipes/retinal-lesions.toml and writes
docs/benchmarks/lesion-candidates.json: AUPR of all samples at full resolution, and found lesions against false marks.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vesale.core.exam import Cohort, Exam
from vesale.core.recipe import Recipe, load
from vesale.core.report import Measure
from vesale.engine.division import divide
from vesale.engine.samples import open_view, view_labels
from vesale.engine.views import read_view
from vesale.io import open_mask
from vesale.io.cohort import read_cohort
from vesale.metrics.froc import froc, lesion_counts
from vesale.metrics.partition import partition_measures, score_histogram
from vesale.ops.candidates import bright_patches, dark_spots
from vesale.ops.look import Placement, prepare, prepare_labels, resize, restore

from .page import write_page
from .tables import Cell, Table, record_tables

ROOT = Path(__file__).parents[1]
Floats = NDArray[np.float32]
HALFWAY = 2.0
"""Height, in standard deviations of the surroundings, that becomes a score of a half: only the order counts."""
MARGIN = 0.15
"""The disc is widened by this share of its diameter before bright patches in it are taken away."""
THRESHOLDS = tuple(float(t) for t in 1 / (1 + np.exp(-np.linspace(-5, 6, 45))))
"""At which marks are counted, evenly spaced in log-odds."""
WHAT = (
    "Microaneurysms (dark spots, by closings along lines) and hard exudates (bright patches, by an opening "
    "by reconstruction) from mathematical morphology alone, beside the network of recipes/retinal-lesions.toml, on the "
    "photographs of the fold that the network had not learned from."
)
NOTE = (
    "AUPR: all samples of the photographs pooled, at full resolution. FROC: lesions found at 1/8 to 8 false marks a "
    "photograph, and their mean, at the network's working resolution; a mark is a connected region, a lesion is found "
    "when a mark touches it; thresholds are read off these photographs. The disc, as it was outlined by hand, was "
    "taken out of the bright patches: a help that the network did not have. Bootstrap over photographs, 95 %. That the "
    "candidates help the network as a further channel was not measured."
)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """One held-out photograph, at full resolution and as the network sees it."""

    exam: str
    truth: NDArray[np.uint8]
    """(names, H, W) at full resolution."""
    small_truth: NDArray[np.uint8]
    """(names, h, w)."""
    network: Floats
    """(names, H, W)."""
    green: Floats
    """(h, w)."""
    disc: NDArray[np.bool_]
    """(h, w)."""
    placement: Placement


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lesions", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="a folder of `vesale study`")
    parser.add_argument("cohort", type=Path, metavar="COHORT", help="the folder of its labels.csv")
    options = parser.parse_args(arguments)
    recipe, cohort = load(options.run / "recipe.toml"), read_cohort(options.cohort).cohort
    rows: dict[tuple[str, str], list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]] = {}
    exams = []
    for held in held_out(options.run, cohort, recipe):
        print(held.exam, file=sys.stderr)
        exams.append(held.exam)
        for key, scores in scored(held, recipe).items():
            rows.setdefault(key, []).append(_counted(scores, held, names_of(recipe).index(key[1])))
    table = [_line(key, found, exams) for key, found in rows.items()]
    columns = ("what", "lesion", "AUPR", "FROC, mean", "found at 1 false mark", "found at 8")
    command = f"python -m benchmarks.lesions {options.run.name} {options.cohort.name}"
    title = f"{len(exams)} photographs that were held out"
    path = ROOT / "docs" / "benchmarks" / "lesion-candidates.json"
    record_tables(path, WHAT, command, [Table(title, columns, tuple(table), NOTE)])
    write_page(ROOT)
    return 0


def names_of(recipe: Recipe) -> tuple[str, ...]:
    return recipe.task.outputs["lesions"].names  # type: ignore[union-attr]


def scored(held: Held, recipe: Recipe) -> Mapping[tuple[str, str], Floats]:
    """(what, lesion) -> scores in [0, 1): the network's at full resolution, the candidates' on the small picture."""
    found: dict[tuple[str, str], Floats] = {
        ("network", name): held.network[i] for i, name in enumerate(names_of(recipe))
    }
    for name, candidates in CANDIDATES.items():
        height = candidates(held)
        found["morphology", name] = np.asarray(height / (height + HALFWAY), np.float32)
    return found


def _bright(held: Held) -> Floats:
    height = bright_patches(held.green)
    if not held.disc.any():
        return height
    reach = max(1, round(MARGIN * float(np.sqrt(4 * held.disc.sum() / np.pi))))
    return np.where(ndimage.binary_dilation(held.disc, iterations=reach), 0, height).astype(np.float32)


CANDIDATES: Mapping[str, Callable[[Held], Floats]] = {"MA": lambda held: dark_spots(held.green), "EX": _bright}


def held_out(run: Path, cohort: Cohort, recipe: Recipe) -> Iterator[Held]:
    """The photographs of the first fold, with what the network of that fold said of them."""
    folds = divide(cohort, recipe).folds
    answers = next(iter(sorted((run / "fit" / "fold-0").glob("raw-*"))))
    for exam in (e for e in cohort if folds.get(e.subject) == 0):
        yield _held(exam, cohort, recipe, answers / f"{exam.id}.npz")


def _held(exam: Exam, cohort: Cohort, recipe: Recipe, answer: Path) -> Held:
    view, output = exam.views[0], recipe.task.outputs["lesions"]
    image = read_view(open_view(cohort, view, recipe.task), recipe.task, recipe.look)[0][0]
    planes = prepare([image], recipe.look)
    truth = view_labels(cohort, view, output, image.grid.shape)  # type: ignore[arg-type]
    disc = np.zeros(image.grid.shape, np.uint8)
    if "OD" in view.masks:
        disc = (open_mask(cohort.root / view.masks["OD"]).data[0] > 0).astype(np.uint8)
    with np.load(answer, allow_pickle=False) as kept:
        network = kept["map/lesions/0"].astype(np.float32)
    small = prepare_labels(np.concatenate([truth, disc[None]]), planes.placement)[0]
    return Held(exam.id, truth, small[:-1], network, planes.data[0, 1], small[-1] > 0, planes.placement)


def _counted(scores: Floats, held: Held, i: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(positives, negatives) at full resolution, and marks at the small one."""
    place = held.placement
    if scores.shape == place.size:
        small, whole = scores, restore(scores[None, None], place, [0.0])[0]
    else:
        top, left, bottom, right = place.window
        small = np.zeros(place.size, np.float32)
        y, x = place.corner
        inner = resize(scores[None, None, top:bottom, left:right], place.inner)[0, 0]
        small[y : y + place.inner[0], x : x + place.inner[1]] = inner
        whole = scores
    positives, negatives = score_histogram(whole, held.truth[i])
    return positives, negatives, lesion_counts(small, held.small_truth[i], THRESHOLDS)


def _line(
    key: tuple[str, str],
    found: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]],
    exams: Sequence[str],
) -> tuple[Cell, ...]:
    positives, negatives, counts = (np.stack([f[i] for f in found]) for i in range(3))
    curve = froc(counts, exams)
    auprc = partition_measures(positives, negatives, exams, 0.5)["auprc"]
    return (*key, *(_text(m) for m in (auprc, curve["froc"], curve["froc_1"], curve["froc_8"])))


def _text(measure: Measure) -> str:
    if measure.value is None or measure.low is None:
        return "unknown" if measure.value is None else f"{measure.value:.3f} (n {measure.n})"
    return f"{measure.value:.3f} [{measure.low:.3f}, {measure.high:.3f}] (n {measure.n})"


if __name__ == "__main__":
    raise SystemExit(main())
