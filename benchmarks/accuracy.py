"""Redo one published accuracy: write the cohort, study it by a recipe, and record what came out.

`python -m benchmarks.accuracy NAME` with `VESALE_DATA` set; stopped and started again it goes on.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vesale.cli.story import Story
from vesale.core.errors import VesaleError
from vesale.core.recipe import load
from vesale.io.cohort import Columns
from vesale.verbs.study import Wish, study

from .cohorts import MAKERS
from .page import write_page
from .record import Entry, Published, record

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "docs" / "benchmarks"


@dataclass(frozen=True, slots=True)
class Work:
    """One accuracy that we publish; its recipe is recipes/NAME.toml, unless `recipe` names another."""

    help: str
    cohort: str
    """Name in `benchmarks.cohorts`."""
    allow: tuple[str, ...] = ()
    """Kinds of finding that the public data set is known to have."""
    labels: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    """Empty: one run with the recipe's own seed."""
    floors: tuple[tuple[str, float], ...] = ()
    """(metric, least value) that we set ourselves."""
    published: tuple[Published, ...] = ()
    notes: tuple[str, ...] = ()
    recipe: str = ""
    """Name of the recipe, where two works share one."""


def _each(who: str, mark: str, **metrics: float) -> tuple[Published, ...]:
    return tuple(Published(who, metric, value, mark) for metric, value in metrics.items())


LESIONS_ISBI, LESIONS_OPEN = (0.502, 0.68, 0.885, 0.7), (0.398, 0.674, 0.786, 0.67)


def _lesions(who: str, mark: str, values: Sequence[float]) -> tuple[Published, ...]:
    pairs = zip(("MA", "HE", "EX", "SE"), values, strict=True)
    return tuple(Published(who, f"auprc {name}", value, mark) for name, value in pairs)


SEEDS_NOTE = (
    "Mean over seeds 0 to 4; the interval is that of the mean over seeds (how far a new training moves it). How far "
    "other patients would move it stands in each seed's own measures, in the JSON."
)
NEAR_NOTE = (
    "Recorded before `vesale check` looked for near copies: the training split then held pictures that stand again, "
    "resaved or slightly moved, in the test split, as it does for the published figures. A run of today takes them out."
)

SEEN_NOTE = (
    "One person's recordings, and no other's: a subject here is a picture, which is what must not stand on both sides. "
    "Voxels, penalties, components and weights are chosen inside each training fold."
)
BUSY_NOTE = "Fitted while the machine did other work: the time is no figure of record."
TRIED_NOTE = (
    "Tried before: ridge and Gaussian inversion with a dozen settings, whose scores leaving a picture out were seen. "
    "The share of the smooth prior comes from these; that the penalty lies on samples was taken for the squared error "
    "on inner folds of the figures' training (.072 against .080)."
)
SEEN_WORKS: Mapping[str, Work] = {
    "seen-digits": Work(
        "digit69: the handwritten six or nine that was seen, on the 10 given test trials",
        "seen-digits",
        floors=(("pcc", 0.799), ("ssim", 0.535)),
        published=(
            *_each("mean picture, without the signal", "h", pcc=0.655, mse=0.0547, ssim=0.309),
            *_each("ridge to 20 principal components", "h", pcc=0.799, mse=0.0363, ssim=0.535),
            *_each("Gaussian inversion with an MNIST prior", "h", pcc=0.81, mse=0.034, ssim=0.59),
            *_each("DGMM", "m", pcc=0.803, mse=0.037, ssim=0.645),
        ),
        notes=(
            SEEN_NOTE,
            BUSY_NOTE,
            "The test split is easier than average: see seen-digits-folds.",
            "Tried before, with single settings: ridge to samples and to components, Gaussian inversion and the way "
            "through features, whose numbers on the test trials were seen. The last was taken for its squared error on "
            "inner folds of the 90 training trials, .038 against .042 of Gaussian inversion, ridge to components.",
        ),
    ),
    "seen-digits-folds": Work(
        "digit69: all 100 trials, each decoded by a fold that had not seen its picture",
        "seen-digits-folds",
        floors=(("pcc", 0.740), ("ssim", 0.478)),
        published=_each("ridge to principal components, 10 folds", "h", pcc=0.740, mse=0.0434, ssim=0.478),
        notes=(SEEN_NOTE, BUSY_NOTE),
        recipe="seen-digits",
    ),
    "seen-patterns": Work(
        "Miyawaki 2008: the 10 x 10 pattern that was seen, leaving one of 20 patterns out",
        "seen-patterns",
        floors=(("pcc", 0.847), ("pairwise", 0.926)),
        published=_each("ridge, leaving a picture out", "h", pcc=0.847, pairwise=0.926),
        notes=(
            SEEN_NOTE,
            TRIED_NOTE,
            BUSY_NOTE,
            "The file's own split shows every test picture in training: it is not used.",
        ),
    ),
    "seen-figures": Work(
        "V1 responses to ten 10 x 10 figures, eight repeats each, leaving one figure out",
        "seen-figures",
        floors=(("pcc", 0.779), ("pairwise", 0.756)),
        published=_each("ridge, leaving a figure out", "h", pcc=0.779, pairwise=0.756),
        notes=(
            SEEN_NOTE,
            TRIED_NOTE,
            BUSY_NOTE,
            "Ten different figures: the promise about the spread needs nine, so it just holds.",
        ),
    ),
}

WORKS: Mapping[str, Work] = {
    **SEEN_WORKS,
    "vessels": Work(
        "DRIVE: vessels of the retina, inside the field of view, on the 20 official test images",
        "drive",
        floors=(("auc", 0.978), ("f1", 0.81)),
        published=(
            *_each("U-Net, upper of .813 to .816", "s", f1=0.816),
            *_each("Little W-Net, 70 k weights", "m", auc=0.981, f1=0.828),
            *_each("FR-UNet", "m", auc=0.9889, f1=0.8316),
            *_each("SA-UNet", "m", auc=0.9864, f1=0.8263),
            *_each("the second human reader", "m", f1=0.788, accuracy=0.9473),
        ),
        notes=(
            "AUC, F1 and the rest are of all pixels inside the field of view pooled over images; the probability from "
            "which a pixel is a vessel was fixed on out-of-fold answers for the training images.",
            "Tried before, on fold 0 of three of the training photographs, 1,100 steps (AUC / best F1 of all pixels): "
            "W-Net on the light as it was .9675 / .790; W-Net on local light .9705 / .795, which was taken; U-Net of "
            "width 16 in bfloat16 on local light .9704 / .793.",
            "The test split was evaluated by this recipe alone, twice with the same weights: the second time after the "
            "calibration of outlines was corrected; AUC and F1 stayed the same to four digits.",
        ),
    ),
    "fundus-quality": Work(
        "DRIMDB: retinal photograph good or bad, out of fold, the burned-in date masked",
        "drimdb",
        floors=(("auc", 0.995),),
        published=(
            *_each("published, with the date stamp in view", "m", auc=0.9998),
            *_each("forest on colour histograms, stamp masked", "h", auc=0.994),
        ),
        notes=("The data set names no patients: each photograph counts as its own subject.",),
    ),
    "retinal-lesions": Work(
        "IDRiD A: microaneurysms (MA), haemorrhages (HE), hard (EX) and soft exudates (SE), on one fold of three",
        "idrid-lesions-kept",
        floors=(("auprc MA", 0.38), ("auprc HE", 0.55), ("auprc EX", 0.70), ("auprc SE", 0.50)),
        published=(
            *_lesions("best of ISBI 2018, each lesion its own winner; 27 official test images", "2", LESIONS_ISBI),
            *_lesions("an open model of 34.6 M weights; 27 official test images", "s", LESIONS_OPEN),
        ),
        notes=(
            "AUPR is of all pixels of the fold's photographs pooled, at full resolution (4288 x 2848). The published "
            "figures are of the official test images, which were not at hand: other exams, so no comparison.",
            "The network that is packed learned from all 51 photographs; the numbers are of one that learned from "
            "34. The other two folds were not fitted: `validate.mode=cross_fit` does them, and takes up what is there.",
            "Three photographs of the 54 are left out, as they are test images of the grade (IDRiD B), which may be "
            "learned from what is outlined here. No other photograph of a retina was used, nor for pre-training.",
            "One photograph of the fold (IDRiD_17) holds about 7 in 10 of its pixels of haemorrhage, but is not why HE "
            "is low: without it, at the network's own resolution and without mirror images, the AUPR of HE is .44 (.42 "
            "with it). In a pilot haemorrhages were learned last, and the loss still fell slowly when the fit ended.",
            "Tried before, on a fold of five at a scale of .4, with a heavier last stage: scaled cross-entropy, 172 "
            "steps (AUPR .29 / .01 / .46 / .24 of MA, HE, EX, SE), and cross-entropy with Dice, stopped after 120 "
            "steps as its loss hardly fell. Nothing else was compared.",
        ),
    ),
    "optic-disc": Work(
        "IDRiD A: the optic disc, on one fold of three that the network had not learned from",
        "idrid-lesions-kept",
        floors=(("dice", 0.95),),
        published=_each("best of ISBI 2018 by Jaccard .9338, as Dice; 27 official test images", "m", dice=0.9658),
        notes=(
            "The network that is packed learned from all 51 photographs; the numbers are of one that learned from 34.",
            "Twelve of the 17 photographs have a Dice of .95 or more. In IDRiD_10 (.59) a plaque of exudate bright as "
            "the disc, and larger, is outlined as well: what rests on the largest region is then wrong.",
            "A first fit of 120 steps at 256 x 352 gave .91 (F1 of all samples, cut at .5); nothing else was tried.",
            "Three photographs of the 54 are left out, as they are test images of the grade (IDRiD B).",
        ),
    ),
    "retinopathy-grade": Work(
        "IDRiD B: grade of diabetic retinopathy and risk of macular edema, one network, out of fold",
        "idrid-grades",
        labels=("grade", "edema"),
        published=(
            *_each("colour-texture forest, training part", "h", kappa_quadratic=0.44),
            *_each("joint, the best of ISBI 2018, with EyePACS, on the held-back test part", "2", accuracy=0.631),
            *_each("joint, the second, so", "2", accuracy=0.553),
            *_each("joint, the third, so", "2", accuracy=0.515),
        ),
        notes=(
            "The goal set before was a quadratic kappa of .70. The floor was .15 above a colour-texture forest, which "
            "had got .44; the forest built here sees what openings and closings take away, answers the median of the "
            "scale and gets .710 on the same folds, so against it the floor is not reached: the paired gain is .055 "
            "[.002, .111] (`grade` below).",
            "402 photographs: training image 118 is a held-back test image; of six photographs that the set holds "
            "twice, two are kept once and four, graded differently, are left out. The set names no patients: each "
            "photograph counts as its own subject, so two eyes of one person may stand on both sides.",
            "Tried before, on fold 0 alone, 100 s each: local light, 52 steps, kappa .753; light as it was, 32 steps, "
            "kappa .743. Local light was taken; the fold is one of the five reported here, which flatters a little.",
            "Eighty steps a fit; the first two stages keep their ImageNet weights.",
            "At the promise of at most 5 % wrong no exam is reported alone: the surest 40 hold one error, which bounds "
            "9.4 %. Where 222 of 396 would be, 16 of them wrong, the bound on the rule's curve is 10.0 %.",
            "Whether the network betrays whom it learned from was not measured in this run.",
        ),
    ),
    "pneumonia": Work(
        "PneumoniaMNIST, 28x28: chest X-ray with pneumonia or not, on the official test split",
        "pneumoniamnist",
        allow=("exact_duplicate", "near_duplicate", "label_conflict"),
        seeds=(0, 1, 2, 3, 4),
        floors=(("auc", 0.955),),
        published=(
            *_each("ResNet-18 at 28", "2", auc=0.944, accuracy=0.854),
            *_each("ResNet-50 at 224", "2", auc=0.962, accuracy=0.884),
            *_each("Google AutoML Vision", "2", auc=0.991, accuracy=0.946),
            *_each("auto-sklearn", "m", auc=0.942, accuracy=0.855),
            *_each("AutoKeras", "m", auc=0.947, accuracy=0.878),
            *_each("random forest on pixels", "h", auc=0.950, accuracy=0.853),
        ),
        notes=(
            SEEDS_NOTE,
            "Eight validation images also stand in the training split of the files used here; copies are taken out of "
            "training.",
            NEAR_NOTE,
            "The data set names no patients: each image counts as its own subject.",
        ),
    ),
    "breast-ultrasound": Work(
        "BreastMNIST, 28x28: ultrasound malignant or not, on the official test split",
        "breastmnist",
        allow=("exact_duplicate", "near_duplicate", "label_conflict"),
        seeds=(0, 1, 2, 3, 4),
        floors=(("auc", 0.88),),
        published=(
            *_each("ResNet-18 at 28", "2", auc=0.901, accuracy=0.863),
            *_each("pretrained, at 128 px: the best read", "s", auc=0.940, accuracy=0.906),
            *_each("Google AutoML Vision", "m", auc=0.919, accuracy=0.861),
            *_each("auto-sklearn", "m", auc=0.836, accuracy=0.803),
            *_each("AutoKeras", "m", auc=0.871, accuracy=0.831),
        ),
        notes=(
            SEEDS_NOTE,
            "One test image also stands in the training split of the files used here; it is taken out of training.",
            NEAR_NOTE,
            "The data set names no patients: each image counts as its own subject.",
        ),
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; 2 when data or recipe are missing; a study's own code when it ends in an error."""
    options = _parser().parse_args(arguments)
    if options.list or options.name is None:
        print("\n".join(f"{name:18} {work.help}" for name, work in WORKS.items()))
        return 0 if options.list else 2
    try:
        runs = _runs(options)
        if not options.record_only:
            code = _study_all(options.name, runs, options.cohort or Path("runs") / f"{options.name}-cohort")
            if code:
                return code
        path = record(entry_of(options.name), runs, RECORDS)
    except VesaleError as error:
        print(f"benchmarks.accuracy: {error.message}" + (f" ({error.remedy})" if error.remedy else ""), file=sys.stderr)
        return error.exit_code
    except (ValueError, FileNotFoundError) as error:
        print(f"benchmarks.accuracy: {error}", file=sys.stderr)
        return 2
    write_page(ROOT)
    print(f"{path.relative_to(ROOT)} and docs/benchmarks.md are written")
    return 0


def entry_of(name: str) -> Entry:
    """What the record of NAME says beside its numbers."""
    work = WORKS[name]
    command = f"python -m benchmarks.accuracy {name}"
    return Entry(name, recipe_of(name), command, work.published, work.notes)


def recipe_of(name: str) -> Path:
    """The recipe that a work follows."""
    return ROOT / "recipes" / f"{WORKS[name].recipe or name}.toml"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("name", nargs="?", choices=list(WORKS), metavar="NAME")
    parser.add_argument("--list", action="store_true", help="the names")
    parser.add_argument("--cohort", type=Path, metavar="DIR", help="the cohort's folder; written when it has no table")
    parser.add_argument("--run", type=Path, metavar="DIR", help="run folder (several seeds: of seed-K folders)")
    parser.add_argument("--record-only", action="store_true", help="record finished runs, learn nothing")
    return parser


def _runs(options: argparse.Namespace) -> dict[int, Path]:
    """Seed -> run folder."""
    folder = options.run or Path("runs") / options.name
    seeds = WORKS[options.name].seeds
    if not seeds:
        return {load(recipe_of(options.name)).seed: folder}
    return {seed: folder / f"seed-{seed}" for seed in seeds}


def _study_all(name: str, runs: Mapping[int, Path], cohort: Path) -> int:
    work, recipe = WORKS[name], recipe_of(name)
    if not (cohort / "labels.csv").exists():
        data = os.environ.get("VESALE_DATA", "")
        if not Path(data or "no such folder").is_dir():
            raise FileNotFoundError("VESALE_DATA must name the folder of the data sets")
        rows = MAKERS[work.cohort].write(Path(data).resolve(), cohort.resolve())
        print(f"{cohort / 'labels.csv'}: {rows} rows", file=sys.stderr)
    for seed, run in runs.items():
        overrides = (f"seed={seed}",) if work.seeds else ()
        if _is_done(run, load(recipe, overrides).digest):
            print(f"{run}: done before", file=sys.stderr)
            continue
        wish = Wish(
            recipe=recipe, overrides=overrides, allow=work.allow, columns=Columns(labels=work.labels), name=name
        )
        print(shlex.join(["study", str(cohort), "--out", str(run), *overrides]), file=sys.stderr)
        with Story(quiet=False) as story:
            done = study(cohort, run, wish, story.hear)
        if done.report is None:
            kinds = sorted({f.kind for f in done.checked.findings if f.severity == "error"})
            print(f"benchmarks.accuracy: the check found errors: {', '.join(kinds)}", file=sys.stderr)
            return 1
    return 0


def _is_done(run: Path, digest: str) -> bool:
    """Whether a run of this very recipe has come to its report."""
    files = [run / "recipe.toml", run / "report.json", run / "model" / "MANIFEST.json"]
    return all(f.exists() for f in files) and load(files[0]).digest == digest


if __name__ == "__main__":
    raise SystemExit(main())
