"""Results of record: each JSON follows from the tables beside it, and the page from the JSONs."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmarks import page as pages
from benchmarks.accuracy import recipe_of
from benchmarks.record import PARTS, Entry, Published, mean_over_seeds, recomputed, record
from vesale.core.encode import to_toml
from vesale.core.recipe import Recipe, load
from vesale.core.report import Report
from vesale.core.task import Category, Partition, Task
from vesale.engine.results import Results, measured, referral, write_results
from vesale.render.documents import dumps, report_document

ROOT = Path(__file__).parents[3]
RECORDS = ROOT / "docs" / "benchmarks"
RECORDED = sorted(p for p in RECORDS.glob("*.json") if "measures" in json.loads(p.read_text(encoding="utf-8")))
EXAMS = 24
CATEGORY = Task("kind", {"label": Category(("a", "b"))})
OUTLINE = Task("outline", {"mask": Partition(("background", "vessel"))})


def category_results(rng: np.random.Generator, sharpness: float = 1.0) -> Results:
    rows = []
    for i in range(EXAMS):
        truth = ("a", "b")[i % 2]
        p = float(1 / (1 + np.exp(-rng.normal(sharpness if truth == "b" else -sharpness, 2))))
        said = "b" if p > 0.5 else "a"
        row = {"exam": f"e{i}", "subject": f"s{i}", "status": "reported", "label.truth": truth}
        row |= {"label.prediction": said, "label.p.a": 1 - p, "label.p.b": p, "wrong": float(said != truth)}
        rows.append(row)
    return Results(CATEGORY, tuple(rows))


def outline_results(rng: np.random.Generator) -> Results:
    bins = 4096
    negatives = rng.poisson(3 * np.linspace(1, 0, bins), (EXAMS, 1, bins))
    positives = rng.poisson(np.linspace(0, 1, bins), (EXAMS, 1, bins))
    rows = [
        {"exam": f"e{i}", "subject": f"s{i}", "status": "referred", "mask.truth": 1.0, "mask.dice": 0.7, "wrong": None}
        for i in range(EXAMS)
    ]
    return Results(OUTLINE, tuple(rows), {"mask": (positives, negatives)}, {"mask": (0.5,)})


def finished_run(folder: Path, results: Results, recipe: Recipe) -> Path:
    """What a study leaves, as far as a record reads it."""
    (folder / "model").mkdir(parents=True)
    (folder / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
    write_results(results, folder)
    found = measured(results)
    report = Report(
        command="vesale study made --out run",
        model={"name": "made", "version": "1", "digest": "0" * 16},
        cohort={"digest": "0", "subjects": EXAMS, "exams": EXAMS, "split": "test", "split_by_subject": True},
        measures=found.measures,
        per_class=found.per_class,
        calibration=found.calibration,
        coverage=found.coverage,
        refer=referral(results.rows, 0.3, 0.1),
        seconds=10.0,
        peak_rss_mb=500.0,
    )
    (folder / "report.json").write_text(dumps(report_document(report)), encoding="utf-8")
    training = {"seconds": 60.0, "steps": 100, "machine": "a machine", "seed": recipe.seed}
    (folder / "model" / "card.json").write_text(json.dumps({"training": training}), encoding="utf-8")
    return folder


def entry(folder: Path, task: Task) -> tuple[Entry, Recipe]:
    recipe = Recipe(task)
    path = folder / "made.toml"
    path.write_text(to_toml(recipe), encoding="utf-8")
    published = (Published("somebody", "auc", 0.9, "m"), Published("a paper", "auc", 0.91, "s"))
    return Entry("made", path, "python -m benchmarks.accuracy made", published, ("One note.",)), recipe


def assert_same(said: Any, again: Any, where: str) -> None:
    """Equal but for rounding, wherever they are numbers."""
    if isinstance(said, dict):
        assert said.keys() == again.keys(), where
        for key in said:
            assert_same(said[key], again[key], f"{where}.{key}")
    elif isinstance(said, list):
        assert len(said) == len(again), where
        for i, (a, b) in enumerate(zip(said, again, strict=True)):
            assert_same(a, b, f"{where}.{i}")
    elif isinstance(said, float):
        assert again == pytest.approx(said, rel=1e-6, abs=1e-9), where
    else:
        assert said == again, where


def follows(path: Path, recipe: Recipe) -> None:
    """Every number of a record that a table can give, from that table."""
    document = json.loads(path.read_text(encoding="utf-8"))
    parts, seeds = (*PARTS, "refer"), document.get("seeds")
    if seeds is None:
        assert_same(
            {p: document[p] for p in parts}, recomputed(path.with_suffix(""), recipe, document["refer"]), path.stem
        )
        return
    for seed in seeds:
        stem = path.with_name(f"{path.stem}-seed-{seed['seed']}")
        assert_same({p: seed[p] for p in parts}, recomputed(stem, recipe, seed["refer"]), stem.name)
    for output, metrics in document["measures"].items():
        for metric, number in metrics.items():
            assert_same(number, mean_over_seeds([s["measures"][output][metric] for s in seeds]), f"{output}.{metric}")


@pytest.mark.skipif(not RECORDED, reason="docs/benchmarks holds no recorded accuracy yet")
@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.stem)
def test_a_record_follows_from_its_table(path: Path) -> None:
    follows(path, load(recipe_of(path.stem)))


@pytest.mark.skipif(not RECORDED, reason="docs/benchmarks holds no recorded accuracy yet")
@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.stem)
def test_a_record_says_what_it_must(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["schema"] == "vesale/report/1"
    assert document["training"].keys() == {"seconds", "steps", "machine"}
    assert document["command"].endswith(path.stem)
    assert all(p.keys() == {"who", "metric", "value", "mark"} for p in document["published"])


def test_the_page_is_what_the_records_give() -> None:
    assert (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == pages.page(RECORDS)


@pytest.mark.parametrize("kind", ["category", "outline"])
def test_a_run_is_recorded_so_that_it_can_be_computed_again(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(5)
    results = category_results(rng) if kind == "category" else outline_results(rng)
    made, recipe = entry(tmp_path, results.task)
    run = finished_run(tmp_path / "run", results, recipe)
    path = record(made, {0: run}, tmp_path / "records")
    follows(path, recipe)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["published"][0] == {"who": "somebody", "metric": "auc", "value": 0.9, "mark": "m"}
    assert document["training"] == {"seconds": 60.0, "steps": 100, "machine": "a machine"}
    assert document["study"] == "vesale study made --out run"
    with (tmp_path / "records" / "made.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            assert all(len(v.split("e")[0].replace(".", "").lstrip("0")) <= 6 for k, v in row.items() if ".p." in k)
    assert (tmp_path / "records" / "made.npz").exists() is (kind == "outline")


def test_a_record_with_another_number_is_found_out(tmp_path: Path) -> None:
    made, recipe = entry(tmp_path, CATEGORY)
    run = finished_run(tmp_path / "run", category_results(np.random.default_rng(5)), recipe)
    path = record(made, {0: run}, tmp_path / "records")
    document = json.loads(path.read_text(encoding="utf-8"))
    for bound in ("value", "low"):
        other = json.loads(json.dumps(document))
        other["measures"]["label"]["auc"][bound] += 1e-4
        path.write_text(dumps(other), encoding="utf-8")
        with pytest.raises(AssertionError):
            follows(path, recipe)


def test_a_run_of_another_recipe_or_with_another_table_is_refused(tmp_path: Path) -> None:
    made, recipe = entry(tmp_path, CATEGORY)
    results = category_results(np.random.default_rng(5))
    run = finished_run(tmp_path / "run", results, replace(recipe, seed=7))
    with pytest.raises(ValueError, match="made by recipe"):
        record(made, {0: run}, tmp_path / "records")
    run = finished_run(tmp_path / "again", results, recipe)
    write_results(category_results(np.random.default_rng(6)), run)
    with pytest.raises(ValueError, match=r"report\.json, .* by exams\.csv"):
        record(made, {0: run}, tmp_path / "records")


def test_several_seeds_are_a_mean_with_its_interval(tmp_path: Path) -> None:
    made, recipe = entry(tmp_path, CATEGORY)
    runs, values = {}, []
    for seed in range(3):
        results = category_results(np.random.default_rng(seed), 1 + 0.2 * seed)
        runs[seed] = finished_run(tmp_path / f"seed-{seed}", results, replace(recipe, seed=seed))
        values.append(measured(results).measures["label"]["auc"].value)
    path = record(made, runs, tmp_path / "records")
    follows(path, recipe)
    document = json.loads(path.read_text(encoding="utf-8"))
    auc = document["measures"]["label"]["auc"]
    span = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert (auc["n"], auc["n_of"]) == (3, "seed")
    assert [auc["value"], auc["low"], auc["high"]] == pytest.approx([np.mean(values), *span], abs=1e-5)
    assert document["training"] == {"seconds": 180.0, "steps": 300, "machine": "a machine"}
    assert {p.name for p in (tmp_path / "records").glob("*.csv")} == {f"made-seed-{k}.csv" for k in range(3)}
    assert document["model"]["digest"] is None


def test_what_one_seed_does_not_know_has_no_mean() -> None:
    number = {
        "value": 0.9,
        "low": None,
        "high": None,
        "level": 0.95,
        "n": 9,
        "n_of": "subject",
        "unit": "",
        "method": "",
    }
    found = mean_over_seeds([number, number | {"value": None}])
    assert (found["value"], found["low"], found["n"]) == (None, None, 2)


def test_the_page_says_how_a_figure_is_known(tmp_path: Path) -> None:
    made, recipe = entry(tmp_path, CATEGORY)
    run = finished_run(tmp_path / "run", category_results(np.random.default_rng(5)), recipe)
    path = record(made, {0: run}, tmp_path / "records")
    auc = json.loads(path.read_text(encoding="utf-8"))["measures"]["label"]["auc"]
    text = pages.page(tmp_path / "records")
    assert "| somebody | auc | 0.9 | from memory, not checked |" in text
    assert "| a paper | auc | 0.91 | read in a source |" in text
    assert f"| label | auc | {auc['value']:.4f} [{auc['low']:.4f}, {auc['high']:.4f}] | {EXAMS} subjects |" in text
    assert "- One note." in text
    assert "`python -m benchmarks.accuracy made`" in text


def test_the_page_shows_speeds_beside_their_peer(tmp_path: Path) -> None:
    pair = {"work": "forty photographs", "ours": "vesale.read", "peer": "a loop", "unit": "s", "precision": "float32"}
    pair |= {"ours_value": 6.0, "peer_value": 4.0, "ratio": 1.5, "low": 1.4, "high": 1.62, "runs": 5}
    pair |= {"peak_rss_mb": {"ours": 300.2, "peer": None}}
    document = {"command": "python -m benchmarks.speed folder", "machine": "a machine", "pairs": [pair]}
    (tmp_path / "folder.json").write_text(json.dumps(document), encoding="utf-8")
    text = pages.page(tmp_path)
    assert "vesale.read: 6 s | a loop: 4 s | 1.50 [1.40, 1.62] | 5 | 300 MB / unknown |" in text
