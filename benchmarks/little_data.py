"""What helps when labels are few: ImageNet weights, weights learned from pictures alone, or none.

`python -m benchmarks.little_data COHORT OUT DATA [--steps N] [--pretrain N] [--cells K]`: every cell (start, share of
the labels, seed) is learned by a shortened recipe from the exams of four folds of the grade and asked about the fifth;
its answers lie in OUT, so that a stopped run goes on with the next cell. Pictures without labels: DRIVE, DRIMDB, and
the training parts of IDRiD but those that no grade model may see and those of the fifth fold. The record is written
from the cells there are.
"""

import argparse
import csv
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.explain_lesions import shared
from benchmarks.tables import Cell, Table, record_tables
from vesale.core.exam import Cohort
from vesale.core.recipe import Recipe, load
from vesale.engine.division import divide, sides
from vesale.engine.fit import Job, fit, load_weights
from vesale.engine.pretrain import fit_masked
from vesale.engine.samples import Sample, load_samples
from vesale.io.cohort import Columns, read_cohort
from vesale.metrics.classification import auc, kappa_quadratic

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "docs" / "benchmarks" / "little-data.json"
RECIPE = ROOT / "recipes" / "retinopathy-grade.toml"
FOLD = "fold-0"
SEEDS = (0, 1, 2)
SHARES = (0.25, 1.0)
STARTS: Mapping[str, tuple[bool, bool]] = {
    "ImageNet": (True, False),
    "nothing": (False, False),
    "ImageNet, then pictures alone": (True, True),
    "pictures alone": (False, True),
}
"""Start -> (ImageNet weights, masked pictures)."""


@dataclass(frozen=True, slots=True)
class Setting:
    start: str
    share: float
    seed: int

    @property
    def file(self) -> str:
        return f"{self.start.replace(',', '').replace(' ', '-')}-{self.share:g}-{self.seed}.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.little_data", description=__doc__)
    for name in ("cohort", "out", "data"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--steps", type=int, default=60, help="of each cell (60)")
    parser.add_argument("--pretrain", type=int, default=200, help="steps of learning from pictures alone (200)")
    parser.add_argument("--cells", type=int, help="stop after so many new cells")
    parser.add_argument("--record-only", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.record_only:
        _measure(options)
    found = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(options.out.glob("*.json"))]
    command = "python -m benchmarks.little_data COHORT OUT DATA"
    record_tables(RECORD, "What helps when labels are few: the retinopathy grade on one fold", command, [table(found)])
    return 0


def settings() -> Iterator[Setting]:
    """Seed by seed, so that a run that is stopped early compares all starts."""
    for seed in SEEDS:
        for share in SHARES:
            for start in STARTS:
                yield Setting(start, share, seed)


def recipe_of(setting: Setting, steps: int) -> Recipe:
    """The published recipe, shortened; nothing is frozen, so that only the start differs."""
    base = load(RECIPE)
    train = replace(base.train, steps=steps, checkpoint=max(10, steps // 3))
    net = replace(base.net, frozen=0, pretrained=STARTS[setting.start][0])
    return replace(base, net=net, train=train, seed=setting.seed)


def fewer(samples: Sequence[Sample], share: float, seed: int) -> list[Sample]:
    """A share of the exams of every grade, at least one."""
    rng = np.random.default_rng([seed, 23])
    kept = []
    for grade in sorted({float(s.truth["grade"][0]) for s in samples}):
        group = [s for s in samples if float(s.truth["grade"][0]) == grade]
        kept += [group[i] for i in rng.permutation(len(group))[: max(1, round(share * len(group)))]]
    return kept


def table(found: Sequence[Mapping[str, float | str]]) -> Table:
    """Mean over seeds with Student's interval; the difference from ImageNet weights seed by seed."""
    body: list[tuple[Cell, ...]] = []
    for share in SHARES:
        for start in STARTS:
            here = {int(f["seed"]): f for f in found if (f["start"], f["share"]) == (start, share)}
            first = {int(f["seed"]): f for f in found if (f["start"], f["share"]) == ("ImageNet", share)}
            if not here:
                continue
            both = sorted(here.keys() & first.keys())
            gains = [float(here[s]["kappa"]) - float(first[s]["kappa"]) for s in both] if start != "ImageNet" else []
            shown = [_mean([float(f[m]) for f in here.values()]) for m in ("kappa", "auc")]
            body.append((start, f"{share:.0%}", *shown, _mean(gains) if gains else "", len(here)))
    steps = {f"{f['steps']:g} steps" for f in found} | {f"{f['pretrain']:g} steps on pictures alone" for f in found}
    note = (
        f"One fold held out ({FOLD}), {', '.join(sorted(steps)) or 'nothing measured yet'}: schedules far shorter than "
        "a study's, to compare starts and not to be the best. Intervals: Student's t over seeds, at 95 %."
    )
    columns = ("start", "labels", "quadratic kappa", "AUC of referable", "kappa less that of ImageNet", "seeds")
    return Table("Starts and labels", columns, tuple(body), note)


def _measure(options: argparse.Namespace) -> None:
    cohort = read_cohort(options.cohort, Columns(labels=("grade", "edema"))).cohort
    recipe = load(RECIPE)
    split, samples = divide(cohort, recipe), load_samples(cohort, recipe)
    learned, held = sides(FOLD, samples, split, recipe)
    done = 0
    for setting in settings():
        path = options.out / setting.file
        if path.exists():
            continue
        if options.cells is not None and done >= options.cells:
            return
        start = ""
        if STARTS[setting.start][1]:
            start = str(_pretrained(setting, options, (cohort, held)))
        own = recipe_of(setting, options.steps)
        own = replace(own, train=replace(own.train, start=start))
        folder = options.out / "fits" / path.stem
        list(fit(own, fewer(learned, setting.share, setting.seed), (), Job(path.stem, folder)))
        answers = {"start": setting.start, "share": setting.share, "seed": setting.seed, "steps": options.steps}
        answers |= {"pretrain": options.pretrain, **judged(own, folder / "weights.safetensors", held)}
        path.write_text(json.dumps(answers), encoding="utf-8")
        print(json.dumps(answers), flush=True)
        done += 1


def judged(recipe: Recipe, weights: Path, held: Sequence[Sample]) -> dict[str, float]:
    """Quadratic kappa of the median grade and AUC of referable, on the exams held out."""
    p = answers_of(recipe, weights, held)
    truth = np.array([int(s.truth["grade"][0]) for s in held])
    answers = np.minimum((np.cumsum(p, 1) < 0.5).sum(1), p.shape[1] - 1)
    ranking = auc(p[:, 2:].sum(1), truth >= 2)
    return {"kappa": kappa_quadratic(answers, truth), "auc": ranking, "exams": float(len(held))}


def answers_of(recipe: Recipe, weights: Path, held: Sequence[Sample]) -> NDArray[np.float64]:
    """(exams, steps): probabilities of the grade."""
    import torch

    from vesale.nets.heads import activate

    net, output = load_weights(recipe, weights), recipe.task.outputs["grade"]
    with torch.no_grad():
        each = [activate(output, net(torch.from_numpy(s.planes).float())["grade"]).numpy() for s in held]
    return np.concatenate(each).astype(np.float64)


def _pretrained(setting: Setting, options: argparse.Namespace, kept: tuple[Cohort, Sequence[Sample]]) -> Path:
    """Weights from pictures alone: one for each seed and kind of first weights, whatever the share of labels."""
    kind = "imagenet" if STARTS[setting.start][0] else "nothing"
    folder = Path(options.out / "masked" / f"{kind}-{setting.seed}")
    path = folder / "weights.safetensors"
    if not path.exists():
        own = recipe_of(setting, options.pretrain)
        pictures = load_samples(unlabelled(options.out / "pictures", options.data, kept), own)
        list(fit_masked(own, pictures, Job(kind, folder)))
    return path


def unlabelled(out: Path, data: Path, kept: tuple[Cohort, Sequence[Sample]]) -> Cohort:
    """A cohort of photographs without labels; none that no grade model may see, none of the exams held out."""
    cohort, held = kept
    root = data / "retina"
    paths = {e.id: (cohort.root / e.views[0].inputs["image"]).resolve() for e in cohort}
    away = {s.exam for s in held}
    banned = {Path(n).stem for n in (root / "idrid_segmentation" / "never_for_grade_models.txt").read_text().split()}
    banned |= {name for graded, name in shared(data).items() if graded in {paths[e].stem for e in away}}
    files = [p for e, p in paths.items() if e not in away]
    files += [p for p in (root / "idrid_segmentation" / "train" / "images").glob("*.jpg") if p.stem not in banned]
    files += [*(root / "drive").glob("*/images/*.tif"), *(root / "drimdb_quality").glob("[GB]*d/*.jpg")]
    out.mkdir(parents=True, exist_ok=True)
    with (out / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([["image", "label"], *([Path(os.path.relpath(p, out)).as_posix(), ""] for p in sorted(files))])
    return read_cohort(out).cohort


def _mean(values: Sequence[float]) -> str:
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.3f} (one seed)"
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return f"{mean:.3f} [{mean - half:.3f}, {mean + half:.3f}]"


if __name__ == "__main__":
    raise SystemExit(main())
