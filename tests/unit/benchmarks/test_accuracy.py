"""The table of published accuracies, and the command that redoes one."""

import json
from pathlib import Path

import pytest

from benchmarks import accuracy
from benchmarks.accuracy import WORKS, entry_of, main
from benchmarks.cohorts import MAKERS
from benchmarks.page import MARKS
from vesale.core.recipe import load

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", WORKS)
def test_every_work_has_its_cohort_and_its_recipe(name: str) -> None:
    work = WORKS[name]
    assert work.cohort in MAKERS
    assert entry_of(name).recipe == ROOT / "recipes" / f"{work.recipe or name}.toml"
    recipe = load(entry_of(name).recipe)
    assert recipe.task.outputs
    assert len(set(work.seeds)) == len(work.seeds)


@pytest.mark.parametrize("name", WORKS)
def test_every_published_figure_says_how_it_is_known(name: str) -> None:
    for figure in WORKS[name].published:
        assert figure.mark in MARKS
        assert 0 < figure.value < 1
    assert all(0 < floor < 1 for _, floor in WORKS[name].floors)


def test_the_list_names_every_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(WORKS)
    assert main([]) == 2


def test_without_data_or_run_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VESALE_DATA", "")
    monkeypatch.setattr(accuracy, "RECORDS", tmp_path / "records")
    assert main(["vessels"]) == 2
    assert "VESALE_DATA must name" in capsys.readouterr().err
    assert main(["vessels", "--record-only"]) != 0
    assert "recipe.toml" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.json"))


def test_every_seed_is_a_run_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command studies what is not done yet, seed by seed, then records; nothing is learned in this test."""
    studied, recorded = [], []
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort" / "labels.csv").write_text("exam,image\n", encoding="utf-8")
    done = tmp_path / "runs" / "seed-1"
    (done / "model").mkdir(parents=True)
    recipe = entry_of("breast-ultrasound").recipe
    (done / "recipe.toml").write_text(recipe.read_text(encoding="utf-8").replace("seed = 0", "seed = 1", 1))
    assert load(done / "recipe.toml").seed == 1
    for file in ("report.json", "model/MANIFEST.json"):
        (done / file).write_text(json.dumps({}), encoding="utf-8")

    class Done:
        report = object()

    def made_study(cohort: Path, run: Path, wish: object, watch: object) -> Done:
        studied.append((cohort, run.name, wish))
        return Done()

    monkeypatch.setattr(accuracy, "study", made_study)
    monkeypatch.setattr(accuracy, "record", lambda entry, runs, folder: recorded.append(runs) or ROOT / "docs")
    monkeypatch.setattr(accuracy, "write_page", lambda root: None)
    assert main(["breast-ultrasound", "--cohort", str(tmp_path / "cohort"), "--run", str(tmp_path / "runs")]) == 0
    assert [name for _, name, _ in studied] == ["seed-0", "seed-2", "seed-3", "seed-4"]
    assert [w.overrides for _, _, w in studied] == [(f"seed={k}",) for k in (0, 2, 3, 4)]
    assert all(w.allow == WORKS["breast-ultrasound"].allow for _, _, w in studied)
    assert recorded == [{k: tmp_path / "runs" / f"seed-{k}" for k in range(5)}]
