"""A watched stream: it rings rarely while nothing changes, soon after a change, and says what moved and which way."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from vesale.trust import drift as watched
from vesale.trust.drift import drift


def made(rng, count, moved=0.0, wider=1.0):
    base = rng.normal(size=count)
    return {"gate": wider * base + moved, "confidence": rng.random(count), "share": rng.integers(0, 2, count) * 1.0}


def joined(*parts):
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def test_ranks_are_uniform_and_bets_fair_while_nothing_changes():
    rng = np.random.default_rng(0)
    wins = watched._wins(rng.normal(size=50).round(1), rng.normal(size=20_000).round(1), rng)
    assert wins.mean(0) == pytest.approx(np.ones(6), abs=0.1)
    first, second = wins[:-1, 2], wins[1:, 2]
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_false_alarms_are_rarer_than_said():
    every, length, runs = 100, 300, 120
    rng = np.random.default_rng(1)
    rung = sum(len(drift(made(rng, 60), made(rng, length), every, seed).alarms) for seed in range(runs))
    assert rung / (runs * length) <= 1 / every


@pytest.mark.parametrize(("moved", "wider", "soon"), [(2.0, 1.0, 25), (1.0, 1.0, 80), (0.0, 4.0, 60)])
def test_a_change_rings_soon_and_says_what_moved(moved, wider, soon):
    delays, named = [], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        stream = joined(made(rng, 100), made(rng, 300, moved, wider))
        found = drift(made(rng, 300), stream, 1000, seed)
        alarms = [a for a in found.alarms if a.at > 100]
        delays.append(alarms[0].at - 100 if alarms else 301)
        named += bool(alarms) and alarms[0].what == "gate" and abs(alarms[0].since - 100) < 60
    assert np.median(delays) < soon
    assert named >= 15


def test_the_direction_is_told():
    rng = np.random.default_rng(5)
    for moved in (-3.0, 3.0):
        found = drift(made(rng, 200), made(rng, 100, moved))
        assert found.alarms[0].higher == (moved > 0)
        change = next(c for c in found.changes if c.what == "gate")
        assert (change.after > change.before) == (moved > 0) and change.p_corrected < 1e-6


def test_corrected_as_statsmodels_does():
    rng = np.random.default_rng(2)
    found = drift(made(rng, 200), made(rng, 100, 0.4))
    p = [c.p for c in found.changes]
    assert [c.p_corrected for c in found.changes] == pytest.approx(multipletests(p, method="holm")[1])


def test_gaps_are_passed_over_and_what_one_side_lacks_is_left_out():
    rng = np.random.default_rng(3)
    stream = made(rng, 50)
    stream["gate"][::2] = np.nan
    found = drift({**made(rng, 40), "other": np.ones(40)}, stream)
    assert found.readings == 50 and len(found.evidence) == 50
    assert {c.what for c in found.changes} == {"gate", "confidence", "share"}
    assert drift(made(rng, 10), stream) is None
    assert drift({"other": np.ones(40)}, stream) is None


def test_constant_quantities_never_ring():
    found = drift({"a": np.ones(200)}, {"a": np.ones(2000)}, 100)
    assert len(found.alarms) <= 20  # as often as uniform ranks, which random ties give
