"""Whether the grade's maps of attribution lie on the lesions that experts, or a model, outlined.

`python -m benchmarks.explain_lesions RUN COHORT OUT DATA [--lesions PACKAGE] [--exams N]`: of each photograph that
IDRiD holds graded and outlined, the network of the fold that had not learned from it is asked for its maps, beside two
that know nothing of it: local contrast, and noise. With PACKAGE (an outlining model) also on other photographs that
call for action, against what it outlines. It adds to OUT/lesions.csv and goes on where it was stopped.
"""

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage

from benchmarks.explain import of_folds
from benchmarks.tables import Cell, Table, record_tables
from vesale.core.exam import Cohort, Exam
from vesale.core.explanation import METHODS, Method
from vesale.core.prediction import AnsweredPartition
from vesale.engine.explained import Bench, Checks, Wish, prepared
from vesale.engine.opened import OpenedModel, open_model
from vesale.engine.raw import look_at
from vesale.engine.samples import open_view
from vesale.engine.sight import on_the_image
from vesale.io import open_source
from vesale.metrics.intervals import measure, proportion
from vesale.metrics.ranking import average_precision, ranked

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks" / "explain-lesions.json"
LESIONS = ("MA", "HE", "EX", "SE")
NEAR = 15 / 512
"""The pointing game's tolerance, as a share of the shorter side: 15 samples of a photograph of 512."""
DARK = 16
"""Of 255: darker samples are the frame around the photograph, where nothing can be found."""
FIELDS = ("against", "exam", "map", "pointing", "pointing_chance", "near", "near_chance", "auprc", "prevalence")
Row = dict[str, Any]
Mask = NDArray[np.bool_]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain_lesions", description=__doc__)
    for name in ("run", "cohort", "out", "data"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--lesions", type=Path, metavar="PACKAGE", help="a model that outlines lesions")
    parser.add_argument("--exams", type=int, default=40, help="how many other photographs, drawn at random (40)")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), help="which maps (all)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "lesions.csv"
    done = {(r["against"], r["exam"]) for r in _read(path)}
    pairs = shared(options.data)
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        if not done:
            writer.writeheader()
        asked = list(_outlined(options, pairs)) + (list(_found(options, pairs)) if options.lesions else [])
        wanted = {exam: (against, mask) for against, exam, mask in asked if (against, exam) not in done}
        for bench, cohort, exam in of_folds(options.run, options.cohort, list(wanted)):
            against, mask = wanted[exam.id]
            writer.writerows(
                {"against": against, "exam": exam.id, **r}
                for r in rows_of(bench, (cohort, exam), mask(), tuple(options.methods))
            )
            stream.flush()
            print(exam.id, flush=True)
    command = "python -m benchmarks.explain_lesions RUN COHORT OUT DATA [--lesions PACKAGE]"
    record_tables(RECORD, "Whether the maps of the retinopathy grade lie on lesions", command, tables(_read(path)))
    return 0


def shared(data: Path) -> dict[str, str]:
    """Name of a graded photograph -> of the same one with outlined lesions."""
    path = data / "retina" / "idrid_segmentation" / "same_photograph_in_grading.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {Path(r["grading_image"]).stem: Path(r["segmentation_image"]).stem for r in csv.DictReader(stream)}


def outlined(data: Path, name: str, shape: tuple[int, int]) -> Mask:
    """All lesions that were outlined on a photograph, on the grid of its smaller copy: (height, width)."""
    root, whole = data / "retina" / "idrid_segmentation" / "train", np.zeros(shape, bool)
    for kind in LESIONS:
        path = root / f"masks_{kind}" / f"{name}_{kind}.png"
        if path.is_file():
            whole |= shrunk(np.asarray(Pillow.open(path)) > 0, shape)
    return whole


def shrunk(mask: Mask, shape: tuple[int, int]) -> Mask:
    """True where any sample under a coarser one is, so that the smallest lesion stays: (height, width)."""
    found = np.zeros(shape, bool)
    rows, columns = np.nonzero(mask)
    found[rows * shape[0] // mask.shape[0], columns * shape[1] // mask.shape[1]] = True
    return found


def rows_of(bench: Bench, asked: tuple[Cohort, Exam], mask: Mask, methods: tuple[Method, ...]) -> Iterator[Row]:
    """One row a map of the exam; nothing where no lesion is outlined."""
    cohort, exam = asked
    if not mask.any():
        return
    model = bench.model
    views = [open_view(cohort, view, model.pipeline.task) for view in exam.views]
    raw = look_at((exam.id, exam.subject), views, model.run, model.pipeline)
    trust = replace(model.trust, gate=None, by_answer={})  # the gate is not what is measured here
    prediction = replace(model, trust=trust).judge(raw, 0.0)
    checks, _ = prepared(bench, (prediction, raw), views, Wish(output="grade", methods=methods))
    inside = np.asarray(raw.images[0].data.max(0) > DARK)
    for name, shown in maps_of(checks, raw.images[0].data, exam.id, methods):
        yield {"map": name, **scored(shown, mask, inside)}


def maps_of(
    checks: Checks, picture: NDArray[Any], seed: str, methods: Sequence[Method]
) -> Iterator[tuple[str, NDArray[np.floating]]]:
    """The methods' maps on the photograph's grid (occlusion's with windows side by side), then two that never saw the
    network."""
    pipeline = checks.asked[0]
    image = _as_read(picture)
    for name in methods:
        planes = checks.maps(name, coarse=name == "occlusion")[0]
        yield name, on_the_image(planes, checks.sights[0], image, pipeline, name).data[0]
    green = picture[1].astype(float)
    contrast = np.abs(green - ndimage.median_filter(green, round(min(green.shape) / 16)))
    yield "local contrast", ndimage.gaussian_filter(contrast, 1.0)
    noise = np.random.default_rng([*seed.encode()]).normal(size=green.shape)
    yield "noise", ndimage.gaussian_filter(noise, min(green.shape) / 32)


def scored(shown: NDArray[np.floating], mask: Mask, inside: Mask) -> Row:
    """Inside the field of view: whether the strongest sample lies on a lesion, or nearly, what chance would give, and
    the average precision of the strengths, whose chance is the lesions' share."""
    mask = mask & inside
    near = ndimage.distance_transform_edt(~mask) <= NEAR * min(mask.shape)
    values = np.where(inside, shown, -np.inf)
    peak = np.unravel_index(int(values.argmax()), values.shape)
    counts = ranked(shown[inside], mask[inside])(np.ones((1, int(inside.sum()))))
    return {
        "pointing": int(mask[peak]),
        "pointing_chance": float(mask[inside].mean()),
        "near": int(near[peak]),
        "near_chance": float(near[inside].mean()),
        "auprc": float(average_precision(*counts)[0]),
        "prevalence": float(mask[inside].mean()),
    }


def tables(rows: Sequence[Mapping[str, str]]) -> list[Table]:
    """One table for each kind of outline; every number with its interval over photographs."""
    made = []
    for against in dict.fromkeys(r["against"] for r in rows):
        body = [
            _line(name, [r for r in rows if (r["against"], r["map"]) == (against, name)])
            for name in dict.fromkeys(r["map"] for r in rows if r["against"] == against)
        ]
        note = (
            "Pointing: the map's strongest place lies on a lesion; near: within 15 samples of 512 of one. Chance: a "
            "place at random in the field of view, and for AUPRC the lesions' share of it. Lift: AUPRC over that "
            "share, mean over photographs. Intervals at 95 % over photographs."
        )
        columns = (
            "map",
            "pointing",
            "chance",
            "near",
            "chance of near",
            "AUPRC",
            "chance of AUPRC",
            "lift",
            "photographs",
        )
        made.append(Table(f"Against {against}", columns, tuple(body), note))
    return made


def _line(name: str, rows: Sequence[Mapping[str, str]]) -> tuple[Cell, ...]:
    exams = [r["exam"] for r in rows]
    hits = [proportion(k, [r[k] == "1" for r in rows], exams) for k in ("pointing", "near")]
    values = {
        k: np.array([float(r[k]) for r in rows]) for k in ("pointing_chance", "near_chance", "auprc", "prevalence")
    }
    values["lift"] = values["auprc"] / values["prevalence"]
    shown = {k: measure(k, lambda w, v=v: w @ v / w.sum(axis=1), exams) for k, v in values.items()}  # type: ignore[misc]
    cells = [hits[0], shown["pointing_chance"], hits[1], *(shown[k] for k in ("near_chance", "auprc", "prevalence"))]
    return (name, *(_cell(m, 3) for m in cells), _cell(shown["lift"], 1), len(rows))


def _outlined(options: argparse.Namespace, pairs: Mapping[str, str]) -> Iterator[tuple[str, str, Any]]:
    """(against, exam, how its mask is had) of the photographs that experts outlined."""
    for exam, path in _paths(options.cohort):
        if path.stem in pairs:
            name, size = pairs[path.stem], Pillow.open(path).size
            shape = (size[1], size[0])
            yield "expert outlines", exam, lambda n=name, s=shape: outlined(options.data, n, s)


def _found(options: argparse.Namespace, pairs: Mapping[str, str]) -> Iterator[tuple[str, str, Any]]:
    """Of other photographs, those that a lesion model has never seen and whose grade calls for action."""
    model = open_model(options.lesions, 1)
    forbidden = (options.data / "retina" / "idrid_grading" / "never_for_lesion_models.txt").read_text().split()
    never = {Path(name).stem for name in forbidden} | set(pairs)
    truth = {e.id: e.truth.get("grade") for e in of_cohort(options.cohort)}
    able = [(e, p) for e, p in _paths(options.cohort) if p.stem not in never and float(truth[e] or 0) >= 2]
    order = np.random.default_rng(0).permutation(len(able))[: options.exams]
    for exam, path in (able[i] for i in sorted(order)):
        yield (
            f"lesions found by {model.card.name}",
            exam,
            lambda p=path: kept(options.out / f"found-{model.card.digest}", model, p),
        )


def kept(folder: Path, model: OpenedModel, path: Path) -> Mask:
    """What the model marks, found once and kept as a picture."""
    file = folder / f"{path.stem}.png"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(lesions_by(model, path) * np.uint8(255)).save(file)
    return np.asarray(Pillow.open(file)) > 0


def lesions_by(model: OpenedModel, path: Path) -> Mask:
    """What an outlining model marks as any of `LESIONS` on a photograph: (height, width)."""
    prediction = model.predict_sources((path.stem, None), [[open_source(path)]])[0]
    whole: Mask | None = None
    for answer in prediction.outputs.values():
        if isinstance(answer, AnsweredPartition):
            for i, name in enumerate(answer.names):
                if name in LESIONS or name.lower() in NAMES:
                    plane = answer.labels[0].data[0 if answer.exclusive else i]
                    part = plane == (i if answer.exclusive else 1)
                    whole = part if whole is None else whole | part
    return np.zeros((1, 1), bool) if whole is None else whole


NAMES = ("microaneurysms", "haemorrhages", "hard_exudates", "soft_exudates", "hard exudates", "soft exudates")


def of_cohort(folder: Path) -> Cohort:
    from vesale.io.cohort import read_cohort

    return read_cohort(folder).cohort


def _paths(folder: Path) -> list[tuple[str, Path]]:
    cohort = of_cohort(folder)
    return [(e.id, (cohort.root / e.views[0].inputs["image"]).resolve()) for e in cohort]


def _as_read(picture: NDArray[Any]) -> Any:
    from vesale.core.grid import Grid
    from vesale.core.image import Image, Provenance

    return Image(picture, Grid(picture.shape[1:]), "intensity", ("red", "green", "blue"), Provenance("read"))


def _cell(m: Any, digits: int) -> str:
    if m.value is None:
        return "unknown"
    span = "" if m.low is None or m.high is None else f" [{m.low:.{digits}f}, {m.high:.{digits}f}]"
    return f"{m.value:.{digits}f}{span}"


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    raise SystemExit(main())
