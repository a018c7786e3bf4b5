"""Killed and resumed is uninterrupted, bit for bit; the same seed gives the same weights, and no other recipe's."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tiny  # noqa: E402
from unit.engine.made_samples import outlined, pooled  # noqa: E402
from vesale.engine.events import Fitted, Progress, Started, Validated  # noqa: E402
from vesale.engine.fit import Job, fit, rate_at  # noqa: E402

pytestmark = pytest.mark.train


def weights(folder):
    return hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()


def run(recipe, samples, folder, held=(), limit=float("inf")):
    return list(fit(recipe, samples, held, Job("all", folder, limit)))


def kill(recipe, samples, folder, after):
    """Listen until a checkpoint of at least `after` steps is there, then stop listening, as a killed process would."""
    events = fit(recipe, samples, samples[:2], Job("all", folder))
    for event in events:
        if isinstance(event, Validated) and event.step >= after:
            events.close()
            return
    pytest.fail("the fit ended before it could be killed")


@pytest.mark.parametrize("kind", ["whole", "dropout and mixup", "patches"])
@pytest.mark.parametrize("after", [1, 3, 5])
def test_killed_and_resumed_is_uninterrupted(tmp_path, kind, after):
    recipe, samples = (tiny.recipe(tiny.LINES), outlined()) if kind == "patches" else (tiny.recipe(), pooled())
    if kind == "dropout and mixup":
        recipe = replace(recipe, net=replace(recipe.net, dropout=0.5), augment=replace(recipe.augment, mixup=0.4))
    kill(recipe, samples, tmp_path / "killed", after)
    assert not (tmp_path / "killed" / "weights.safetensors").exists()
    resumed = run(recipe, samples, tmp_path / "killed")
    assert isinstance(resumed[0], Started)
    assert resumed[0].resumed_at == after - after % 2, "checkpoints are written at every second step"
    whole = run(recipe, samples, tmp_path / "whole")
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
    assert resumed[-1].digest == whole[-1].digest == weights(tmp_path / "whole")


def test_watching_changes_nothing(tmp_path):
    recipe, samples = tiny.recipe(), pooled()
    seen = run(recipe, samples, tmp_path / "watched", samples[:4])
    run(recipe, samples, tmp_path / "alone")
    assert any(isinstance(e, Validated) for e in seen)
    assert weights(tmp_path / "watched") == weights(tmp_path / "alone")


def test_a_seed_is_the_same_weights_and_another_seed_others(tmp_path):
    recipe, samples = tiny.recipe(), pooled()
    digests = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        torch.manual_seed(hash(name) % 1000)
        np.random.default_rng(0).random()
        digests.append(run(replace(recipe, seed=seed), samples, tmp_path / name)[-1].digest)
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


@pytest.mark.parametrize("other", ["seed", "rate", "exams", "truth", "pixels"])
def test_a_checkpoint_of_something_else_is_ignored(tmp_path, other):
    recipe, samples = tiny.recipe(), pooled()
    run(recipe, samples, tmp_path / "run")
    again, learned = recipe, list(samples)
    if other == "seed":
        again = replace(recipe, seed=7)
    elif other == "rate":
        again = replace(recipe, train=replace(recipe.train, rate=0.5))
    elif other == "exams":
        learned = learned[:-1]
    elif other == "truth":
        learned[0] = replace(learned[0], truth={"label": 1 - learned[0].truth["label"]})
    else:
        learned[0] = replace(learned[0], planes=learned[0].planes[..., ::-1].copy())
    events = run(again, learned, tmp_path / "run")
    assert events[0].resumed_at == 0
    fresh = run(again, learned, tmp_path / "fresh")
    assert events[-1].digest == fresh[-1].digest


def test_done_once_is_not_done_again(tmp_path):
    recipe, samples = tiny.recipe(), pooled()
    first = run(recipe, samples, tmp_path)
    second = run(recipe, samples, tmp_path)
    assert second[0].resumed_at == recipe.train.steps
    assert not any(isinstance(e, Progress) for e in second)
    assert second[-1].digest == first[-1].digest
    assert second[-1].seconds == first[-1].seconds


def test_a_limit_ends_a_fit_early_with_weights_that_can_be_used(tmp_path):
    recipe = tiny.recipe(steps=500)
    events = run(recipe, pooled(), tmp_path, limit=1e-6)
    assert isinstance(events[-1], Fitted)
    assert 1 <= events[-1].steps < 500
    assert weights(tmp_path) == events[-1].digest


def test_learning_learns(tmp_path):
    recipe = tiny.recipe(steps=60, rate=1e-2, average=0.5)
    samples = pooled(24)
    events = run(recipe, samples, tmp_path, samples)
    seen = [e for e in events if isinstance(e, Validated)]
    assert seen[-1].metric == "auc"
    assert seen[-1].value > 0.9, "brightness tells the two classes apart"


def test_the_rate_rises_to_its_peak_and_falls():
    recipe = tiny.recipe(steps=200, rate=1e-2)
    rates = [rate_at(step, recipe) for step in range(200)]
    peak = int(np.argmax(rates))
    assert rates[peak] == pytest.approx(1e-2, rel=0.06)
    assert 15 <= peak <= 25
    assert (np.diff(rates[: peak + 1]) > 0).all()
    assert (np.diff(rates[peak:]) <= 0).all()
    assert 0 < rates[-1] < 1e-4
