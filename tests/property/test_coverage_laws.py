"""What `benchmarks.coverage` counts, small enough for every day; the larger counts are marked slow."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import populations
from benchmarks.populations import KINDS, count, numbers
from vesale.trust.conform import fit_set_threshold
from vesale.trust.difficulty import fit_number

CHEAP = [k for k in KINDS if not k.name.startswith(("mask", "picture"))]
UNDER_CONTROL = [k for k in KINDS if k.name.startswith(("mask", "picture"))]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_with_too_few_nothing_is_promised_and_with_enough_it_is_kept(kind):
    assert count(kind, max(kind.needed(0.2) - 1, 1), 0.2, 3).keeps
    found = count(kind, 40, 0.2, 25)
    assert found.given
    assert found.keeps, found


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("kind", CHEAP, ids=lambda k: k.name)
def test_names_and_numbers_hold_as_often_as_promised(kind, alpha):
    found = count(kind, 100, alpha, 150, seed=1)
    assert found.keeps, found


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNDER_CONTROL, ids=lambda k: k.name)
def test_masks_and_pictures_hold_as_often_as_promised(kind):
    found = count(kind, 100, 0.1, 150, seed=1)
    assert found.given == 150
    assert found.keeps, found


@pytest.mark.parametrize("name", ["number, one width", "mask, missed share with confidence"])
def test_a_count_sees_a_promise_that_is_not_kept(name, monkeypatch):
    right = next(k for k in KINDS if k.name == name)
    lax = replace(right, run=lambda rng, n, alpha: right.run(rng, n, 1.5 * alpha))
    monkeypatch.setattr(populations, "KINDS", (lax,))
    assert not count(lax, 100, 0.1, 60).keeps


def test_calibrated_sets_of_misnamed_exams_still_hold():
    """A network worth nothing gets sets of every name, not a broken promise."""
    rng = np.random.default_rng(0)
    p, truth = rng.dirichlet(np.ones(3), 200), rng.integers(0, 3, 200)
    fitted = fit_set_threshold(p, truth, 0.9)
    new, named = rng.dirichlet(np.ones(3), 2000), rng.integers(0, 3, 2000)
    held = 1 - new[np.arange(2000), named] <= 1 - np.array(fitted.thresholds)[named]
    assert held.mean() > 0.87


def test_an_adaptive_width_is_the_plain_one_without_features():
    values, truth, looks = numbers(np.random.default_rng(0), 150)
    names = [f"s{i}" for i in range(150)]
    found = fit_number(values, truth, looks * 0, 0.9, names)
    assert found.difficulty is None
