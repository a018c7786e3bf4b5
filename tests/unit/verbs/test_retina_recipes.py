"""The recipes of the retina run from a cohort to a reading, on made retinas, made small."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

import phantoms_fundus
from vesale.core.recipe import load
from vesale.io.cohort import Columns, read_cohort
from vesale.verbs.read import read
from vesale.verbs.study import Wish, study

pytestmark = [pytest.mark.train, pytest.mark.slow]
ROOT = Path(__file__).parents[3]
SMALL = ("net.pretrained=false", "train.steps=4", "train.batch=4", "train.checkpoint=2", "train.threads=1")
OUTLINES = ("retinal-lesions", "optic-disc")
CASES = {
    "retinal-lesions": ("lesions", (), ("look.size=[96,128]", "train.patch=[64,64]", "net.width=4")),
    "optic-disc": ("disc", (), ("look.size=[64,64]", "net.width=4")),
    "cup-to-disc": ("cup_to_disc", ("cup_to_disc",), ("look.size=[64,64]", "net.depth=2", "validate.folds=2")),
    "papilledema": ("label", ("label",), ("look.size=[64,64]", "net.depth=2", "validate.folds=2")),
}


@pytest.mark.parametrize("name", CASES)
def test_a_recipe_runs_on_a_made_cohort_and_reads(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    output, labels, overrides = CASES[name]
    folder = phantoms_fundus.cohort(tmp_path / "cohort", names=("MA", "HE", "EX", "SE", "OD") if not labels else ())
    columns = Columns(labels=labels)
    wish = Wish(recipe=ROOT / "recipes" / f"{name}.toml", overrides=(*SMALL, *overrides), columns=columns, name=name)
    done = study(folder, tmp_path / "run", wish)
    assert done.report is not None
    recipe = load(tmp_path / "run" / "model" / "recipe.toml")
    assert set(recipe.task.outputs) == {output}
    read([str(folder / "eye00.png")], tmp_path / "run" / "model", tmp_path / "out")
    document = json.loads((tmp_path / "out" / "eye00" / "prediction.json").read_text(encoding="utf-8"))
    assert document["status"] in ("reported", "referred", "declined")
    held = json.loads((tmp_path / "run" / "out_of_fold" / _first(tmp_path / "run") / "prediction.json").read_text())
    answer = held["outputs"][output]
    if name in OUTLINES:
        assert [r["name"] for r in answer["regions"]] == list(recipe.task.outputs[output].names)  # type: ignore[union-attr]
        assert len(answer["files"]) == len(answer["regions"])
        if name == "retinal-lesions":
            _candidates_beside_the_network(tmp_path, folder, monkeypatch)
    elif name == "papilledema":
        assert set(answer["probabilities"]) == set(phantoms_fundus.KINDS)
    else:
        assert isinstance(answer["value"], float)


def _candidates_beside_the_network(base: Path, cohort: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`benchmarks.lesions` on the run: a row for each lesion of the network, and for those that morphology proposes."""
    from benchmarks import lesions

    monkeypatch.setattr(lesions, "ROOT", base)
    (base / "docs" / "benchmarks").mkdir(parents=True)
    assert lesions.main([str(base / "run"), str(cohort)]) == 0
    document = json.loads((base / "docs" / "benchmarks" / "lesion-candidates.json").read_text(encoding="utf-8"))
    table = document["tables"][0]
    assert table["title"] == "4 photographs that were held out"
    assert {(row[0], row[1]) for row in table["rows"]} == {
        *(("network", n) for n in ("MA", "HE", "EX", "SE")),
        *(("morphology", n) for n in ("MA", "EX")),
    }
    assert all(0 <= float(cell.split()[0]) <= 1 for row in table["rows"] for cell in row[2:])


def _first(run: Path) -> str:
    """The first held-out exam that was answered."""
    for folder in sorted((run / "out_of_fold").iterdir()):
        path = folder / "prediction.json"
        if path.is_file() and json.loads(path.read_text(encoding="utf-8"))["outputs"]:
            return folder.name
    pytest.fail("no held-out exam was answered")


def test_a_photograph_without_a_lesion_counts_as_without(tmp_path: Path) -> None:
    """A missing mask beside others says that the lesion is absent, not that nobody knows."""
    from vesale.engine.samples import view_labels

    cohort = read_cohort(phantoms_fundus.cohort(tmp_path, 2)).cohort
    output = load(ROOT / "recipes" / "retinal-lesions.toml").task.outputs["lesions"]
    labels = view_labels(cohort, cohort.exams[0].views[0], output, (96, 96))  # type: ignore[arg-type]
    assert labels[3].max() == 0
    assert all(labels[i].max() == 1 for i in range(3))


def test_one_fold_is_the_first_of_cross_fitting(tmp_path: Path) -> None:
    from dataclasses import replace

    from vesale.engine.division import divide, sides
    from vesale.engine.samples import Sample

    cohort = read_cohort(phantoms_fundus.cohort(tmp_path, 9)).cohort
    recipe = load(ROOT / "recipes" / "retinal-lesions.toml")
    one, whole = (
        replace(recipe, validate=replace(recipe.validate, mode=mode, folds=3)) for mode in ("one_fold", "cross_fit")
    )
    assert one.parts == ("fold-0", "all")
    kept, every = divide(cohort, one), divide(cohort, whole)
    assert kept.folds == {s: k for s, k in every.folds.items() if k == 0}
    samples = [Sample(e.id, e.subject, None) for e in cohort]  # type: ignore[arg-type]
    assert sides("fold-0", samples, kept, one) == sides("fold-0", samples, every, whole)
    assert len(sides("all", samples, kept, one)[0]) == 9
