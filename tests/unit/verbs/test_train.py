"""Training writes weights for what the recipe says, learns from the right exams, and stops when nobody listens."""

import numpy as np
import pytest

pytest.importorskip("torch")

import phantoms
import tiny
from vesale.core.errors import CohortError
from vesale.core.exam import Cohort
from vesale.engine.events import Fitted, Started
from vesale.io.cohort import read_cohort
from vesale.verbs.train import train

pytestmark = pytest.mark.train


def cohort_of(folder, exams=8):
    return read_cohort(phantoms.category_cohort(folder, np.random.default_rng(0), exams, 40)).cohort


def test_weights_are_there_when_the_last_event_is_heard(tmp_path):
    from safetensors.numpy import load_file

    events = list(train(tiny.recipe(steps=2), cohort_of(tmp_path / "c"), tmp_path / "out"))
    assert isinstance(events[0], Started)
    assert events[0].exams == 8
    assert isinstance(events[-1], Fitted)
    tensors = load_file(tmp_path / "out" / "weights.safetensors")
    assert sum(a.size for n, a in tensors.items() if n not in ("mean", "std")) == events[0].parameters
    assert all(np.isfinite(a).all() for a in tensors.values())


def test_only_exams_of_the_split_train_are_learned_from(tmp_path):
    cohort = cohort_of(tmp_path / "c")
    from dataclasses import replace

    exams = tuple(replace(e, split="test" if i < 3 else "train") for i, e in enumerate(cohort))
    events = train(tiny.recipe(steps=2), replace(cohort, exams=exams), tmp_path / "out")
    assert next(iter(events)).exams == 5


def test_stopped_listening_is_stopped_and_called_again_goes_on(tmp_path):
    cohort, recipe = cohort_of(tmp_path / "c"), tiny.recipe(steps=6)
    events = train(recipe, cohort, tmp_path / "out")
    next(events)
    events.close()
    assert not (tmp_path / "out" / "weights.safetensors").exists()
    assert isinstance(list(train(recipe, cohort, tmp_path / "out"))[-1], Fitted)


def test_nothing_to_learn_from_is_said(tmp_path):
    with pytest.raises(CohortError, match="no exam to learn from"):
        list(train(tiny.recipe(), Cohort("empty", tmp_path, ()), tmp_path / "out"))
