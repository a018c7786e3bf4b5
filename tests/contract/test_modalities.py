"""One contract for every modality: its files open as what they are, a study learns from them, and a reading with the
model says which modality it saw and declines another."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import phantoms_modalities as made
import tiny
from vesale.core.recipe import Net, Recipe
from vesale.engine.opened import open_model
from vesale.io import open_source
from vesale.io.cohort import read_cohort
from vesale.verbs.plan import plan
from vesale.verbs.read import read
from vesale.verbs.study import Wish, study

pytestmark = [pytest.mark.slow, pytest.mark.train]
NAMES = [*made.MADE, "signal"]


def small(recipe: Recipe) -> Recipe:
    """The planned recipe with a network and steps that take a second; what the plan saw in the images stays."""
    look = recipe.look if recipe.task.from_signal else replace(recipe.look, size=(32, 32), slices=3)
    net = recipe.net if recipe.task.from_signal else Net("resnet", width=4, depth=2)
    train = replace(recipe.train, steps=6, batch=4, threads=1, patch=None, checkpoint=50)
    trust = replace(recipe.trust, alpha=0.9, delta=0.5)
    return replace(recipe, look=look, net=net, train=train, trust=trust, validate=replace(recipe.validate, folds=2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("modalities")


@pytest.fixture(scope="module")
def cohorts(folder) -> dict[str, Path]:
    found = {name: made.cohort(folder / name.replace(" ", "-"), name) for name in made.MADE}
    return found | {"signal": made.signals(folder / "signal")}


@pytest.fixture(scope="module")
def runs(folder, cohorts) -> dict[str, Path]:
    """Modality -> run folder, studied when it is first asked for."""

    class Runs(dict):
        def __missing__(self, name):
            recipe = small(plan(read_cohort(cohorts[name]).cohort).recipe)
            run = folder / f"run-{name.replace(' ', '-')}"
            wish = Wish(recipe=tiny.write_recipe(folder / f"{run.name}.toml", recipe), baseline=False)
            assert study(cohorts[name], run, wish).report is not None
            self[name] = run
            return run

    return Runs()


@pytest.mark.parametrize("name", made.MADE)
def test_it_opens_as_what_it_is(cohorts, name):
    wanted = made.MADE[name]
    for exam in read_cohort(cohorts[name]).cohort.exams[:3]:
        source = open_source(cohorts[name] / exam.views[0].inputs["image"])
        assert source.description.modality == wanted.code
        assert source.levels[0].shape == wanted.shape
        assert len(source.channels) == wanted.channels
        assert source.read().data.shape == (wanted.channels, *wanted.shape)


@pytest.mark.parametrize("name", NAMES)
def test_a_study_learns_from_it_and_the_model_says_what_it_is_for(runs, name):
    model = open_model(runs[name] / "model")
    said = None if name == "signal" else made.MADE[name].code or made.MADE[name].said
    assert model.pipeline.task.modalities == ((said,) if said else ())
    assert tuple(model.card.modalities) == model.pipeline.task.modalities
    assert model.pipeline.task.from_signal == (name == "signal")
    report = json.loads((runs[name] / "report.json").read_text(encoding="utf-8"))
    assert report["measures"]["label"]["auc"]["n"] == (24 if name == "signal" else made.SUBJECTS)
    page = (runs[name] / "report.html").read_text(encoding="utf-8")
    assert "<img" in page or name == "signal"
    assert ("At a glance" in page) == (name != "signal" and len(made.MADE[name].shape) == 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_reading_answers_each_exam(runs, cohorts, name, tmp_path):
    inputs = [cohorts[name]]
    summary = read(inputs, runs[name] / "model", tmp_path)
    assert not summary.failures
    assert len(summary.exams) == (24 if name == "signal" else made.SUBJECTS)
    answered = [e for e in summary.exams if e.status in ("reported", "referred")]
    assert len(answered) >= len(summary.exams) - 2, "the gate knows its own"
    document = json.loads((tmp_path / answered[0].exam / "prediction.json").read_text(encoding="utf-8"))
    assert set(document["outputs"]["label"]["probabilities"]) >= {document["outputs"]["label"]["answer"]}
    seen = document["evidence"]["inputs"][0]
    assert seen["modality"] == (None if name == "signal" else made.MADE[name].code)
    assert (tmp_path / answered[0].exam / "overlay.png").exists() == (name != "signal")


@pytest.mark.parametrize("name", NAMES)
def test_another_modality_is_declined_with_its_reason(runs, cohorts, name, tmp_path):
    """By the header where both say what they are, by what the file holds for signals, by the pixels for the rest."""
    others = [o for o in NAMES if o != name]
    wanted = open_model(runs[name] / "model").pipeline.task.modalities
    for other in others:
        exam = read_cohort(cohorts[other]).cohort.exams[0]
        place = str(cohorts[other] / exam.views[0].inputs["image"])
        summary = read([place], runs[name] / "model", tmp_path / other.replace(" ", "-"))
        document = json.loads((tmp_path / other.replace(" ", "-") / summary.exams[0].path).read_text(encoding="utf-8"))
        code = None if other == "signal" else made.MADE[other].code
        sure = (code and wanted and code not in wanted) or "signal" in (name, other)
        if sure:
            assert document["status"] == "declined", f"{other} read by a model of {name}"
            assert document["reasons"][0]["code"] in ("wrong_modality", "unlike_training")
            assert document["outputs"] == {}
        else:
            assert document["status"] in ("declined", "failed"), f"{other} read by a model of {name}: {document}"
