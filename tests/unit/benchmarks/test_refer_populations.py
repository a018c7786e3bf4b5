"""The refer rule keeps its promise on made populations; pictures are spoiled the same way every time."""

import numpy as np
import pytest

from benchmarks.corruptions import CORRUPTIONS, STRENGTHS
from benchmarks.procedures import compare, scores
from benchmarks.refer_populations import BORDER, POPULATIONS, simulate

NAMES = {p.name: p for p in (*POPULATIONS, *BORDER)}
DELTA = 0.1


def most(runs):
    """Four standard errors above delta."""
    return DELTA + 4 * np.sqrt(DELTA * (1 - DELTA) / runs)


@pytest.mark.parametrize("name", [p.name for p in POPULATIONS])
@pytest.mark.parametrize("n", [60, 500])
def test_the_promise_is_kept(name, n):
    found = simulate(NAMES[name], n, 150)
    assert found.broken / found.runs <= most(found.runs)


@pytest.mark.parametrize("name", ["calibrated", *(p.name for p in BORDER)])
def test_the_priced_promise_is_kept(name):
    found = simulate(NAMES[name], 700, 60, 10.0)
    assert found.broken / found.runs <= most(found.runs)


def test_exams_of_one_subject_are_no_proofs_apart():
    alone = simulate(NAMES["calibrated"], 150, 60)
    four = simulate(NAMES["four exams a subject"], 150, 60)
    assert abs(alone.share - four.share) < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("missed", [1.0, 3.0, 10.0])
def test_the_promise_is_kept_over_many_draws(missed):
    for population in (*POPULATIONS, *(BORDER if missed == 10 else ())):
        for n in (150, 700):
            found = simulate(population, n, 500, missed)
            assert found.broken / found.runs <= most(found.runs), (population.name, n)


def test_the_rule_reports_at_least_what_the_others_do():
    found = {name: (share, broken) for name, share, broken in compare(500, 60)}
    ours = found["fallback from 0.3 of the subjects: Vesale's"]
    assert ours[1] <= DELTA
    for name in ("Bonferroni", "half to choose, half to test", "fallback from 0.3, Hoeffding-Bentkus"):
        assert found[name][0] < ours[0], name


def test_other_scores_do_not_report_more():
    found = dict(scores(300, 12))
    assert max(found.values()) <= found["largest probability: Vesale's"] + 0.05


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize("shape", [(100, 120), (100, 120, 3)])
def test_a_picture_is_spoiled_alike_every_time_and_more_by_strength(kind, shape):
    blocks = np.random.default_rng(0).integers(30, 220, (10, 12, *shape[2:]))
    plain = blocks.repeat(10, axis=0).repeat(10, axis=1).astype(np.uint8)
    made = [CORRUPTIONS[kind](plain, s) for s in STRENGTHS]
    again = [CORRUPTIONS[kind](plain, s) for s in STRENGTHS]
    assert all(a.shape == plain.shape and a.dtype == np.uint8 for a in made)
    assert all((a == b).all() for a, b in zip(made, again, strict=True))
    off = [float(np.abs(a.astype(float) - plain).mean()) for a in made]
    assert 0 < off[0] < off[2]
    assert off[0] < off[4]
