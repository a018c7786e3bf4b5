import time

import numpy as np
import pytest

from vesale.metrics import classification, intervals


def test_few_subjects_have_no_interval():
    who = ["a", "a", "b", "c", "d"]
    assert intervals.bootstrap(lambda i: float(len(i)), who) == (None, None)
    found = intervals.measure("mae", lambda w: w.sum(axis=1), who)
    assert (found.low, found.high, found.n) == (None, None, 4)
    assert "4 subjects" in found.method


def test_a_subject_comes_with_all_its_exams():
    who = ["a"] * 3 + list("bcdefg")
    seen = set()
    intervals.bootstrap(lambda i: seen.add(np.bincount(i, minlength=9)[:3].tobytes()) or 0.0, who, draws=50)
    assert len(seen) > 1
    assert all(len(set(np.frombuffer(s, dtype=np.intp))) == 1 for s in seen)


def test_undefined_draws_are_dropped_but_not_most_of_them():
    values = np.arange(10.0)
    assert intervals.percentiles(np.append(values, np.nan), 1.0) == (0.0, 9.0)
    assert intervals.percentiles(np.append(np.full(11, np.nan), values)) == (None, None)


def test_the_same_seed_gives_the_same_interval():
    values, who = np.arange(30.0), [str(i) for i in range(30)]
    once, again, other = (
        intervals.bootstrap(lambda i: float(values[i].mean()), who, draws=200, seed=s) for s in (1, 1, 2)
    )
    assert once == again != other


def test_an_error_free_share_still_has_doubt():
    found = intervals.proportion("accuracy", np.ones(20, dtype=bool), [f"s{i // 2}" for i in range(20)])
    assert found.value == found.high == 1.0
    assert found.low == pytest.approx(0.025 ** (1 / 10))  # ten subjects, not twenty exams
    assert found.n == 10


def test_no_known_truth_is_unknown_not_zero():
    assert intervals.proportion("accuracy", [], []).value is None
    assert intervals.measure("auc", lambda w: w[:, 0], []).value is None


def test_2000_draws_of_624_exams_take_no_time():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 624)
    p = np.clip(truth * 0.3 + rng.random(624) * 0.7, 0, 1)
    who = [str(i) for i in range(624)]
    start = time.process_time()
    classification.category_measures(np.stack([1 - p, p], 1), truth, (p >= 0.5).astype(int), ("no", "yes"), who)
    assert time.process_time() - start < 6  # all six measures; about a second on a quiet machine
