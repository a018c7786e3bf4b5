import numpy as np
import pytest
from scipy import special

from vesale.metrics.partition import score_histogram
from vesale.trust import choose as ch


def names(n):
    return [f"s{i}" for i in range(n)]


def binary(n, seed=0, bend=lambda x: 2.5 * x):
    rng = np.random.default_rng(seed)
    x = 1.5 * rng.normal(size=n)
    p = special.expit(bend(x))
    return ch.Named(np.stack([1 - p, p], axis=1), (rng.random(n) < special.expit(x)).astype(np.int64))


BENDS = {
    "temperature": lambda x: 2.5 * x,
    "platt": lambda x: 2.5 * x + 2,
    "isotonic": lambda x: np.where(x > 0.3, 6.0, -6.0) + 0.02 * x,
}


@pytest.mark.parametrize("right", list(BENDS))
def test_the_simplest_that_is_right_is_chosen(right):
    chosen = [ch.choose(binary(2000, seed, BENDS[right]), names(2000)).calibrator.kind for seed in range(4)]
    assert chosen.count(right) >= 3


def test_the_score_of_every_candidate_is_said_and_none_is_never_chosen():
    found = ch.choose(binary(400, bend=lambda x: x), names(400))  # already calibrated
    assert [c.name for c in found.candidates] == ["none", "temperature", "platt", "isotonic"]
    assert [c.chosen for c in found.candidates] == [False, True, False, False]
    assert all(c.standard_error > 0 for c in found.candidates)
    best = min(found.candidates[1:], key=lambda c: c.log_loss)
    assert best.excess == 0
    assert found.candidates[1].excess == pytest.approx(found.candidates[1].log_loss - best.log_loss)


def test_with_few_subjects_there_is_a_temperature_only():
    few = ch.choose(binary(ch.FEW - 1, bend=BENDS["platt"]), names(ch.FEW - 1))
    assert [c.name for c in few.candidates] == ["none", "temperature"]
    hundred = ch.choose(binary(100, bend=BENDS["platt"]), [f"s{i // 5}" for i in range(100)])  # of 20 subjects
    assert [c.name for c in hundred.candidates] == ["none", "temperature"]
    handful = ch.choose(binary(8), names(8))
    assert [(c.name, c.log_loss, c.chosen) for c in handful.candidates] == [("temperature", None, True)]


def test_a_rare_name_gets_no_curve_of_its_own():
    one = binary(200)
    rare = ch.Named(one.p, np.where(np.arange(200) < 5, 1, 0))
    assert len(ch.choose(rare, names(200)).candidates) == 2


def test_folds_never_part_a_subject():
    codes = np.repeat(np.arange(50), 4)
    holds = np.random.default_rng(0).random((200, 2)) < 0.5
    folds = ch._folds(codes, holds, 0)
    assert all(len(set(folds[codes == s])) == 1 for s in range(50))
    assert sorted(np.bincount(folds).tolist()) == [40] * 5


def test_several_exams_of_a_subject_count_as_one():
    one = binary(60)
    tripled = ch.Named(np.repeat(one.p, 3, axis=0), np.repeat(one.truth, 3))
    a, b = ch.choose(one, names(60)), ch.choose(tripled, np.repeat(names(60), 3).tolist())
    assert a.n == b.n == 60
    for first, second in zip(a.candidates, b.candidates, strict=True):
        assert second.log_loss == pytest.approx(first.log_loss, abs=0.05)
        assert second.standard_error == pytest.approx(first.standard_error, rel=0.2)


def test_samples_of_masks_are_chosen_by_exam():
    rng = np.random.default_rng(2)
    pairs = []
    for _ in range(60):
        x = rng.normal(size=1500) - 1
        seen = special.expit(1.5 * x + 1.2)
        pairs.append(score_histogram(seen, rng.random(1500) < special.expit(x), bins=256))
    positives, negatives = (np.stack(side)[:, None] for side in zip(*pairs, strict=True))
    found = ch.choose(ch.Samples(positives, negatives), names(60))
    assert found.calibrator.kind == "platt"
    assert found.calibrator.slopes[0] == pytest.approx(1 / 1.5, abs=0.03)


def test_labels_have_a_curve_each():
    rng = np.random.default_rng(3)
    x = 1.5 * rng.normal(size=(600, 2))
    truth = (rng.random((600, 2)) < special.expit(x)).astype(np.int64)
    seen = special.expit(x * [1.0, 3.0] + [2.0, 0.0])
    found = ch.choose(ch.Labels(seen, truth), names(600))
    assert found.calibrator.kind == "platt"
    np.testing.assert_allclose(found.calibrator.slopes, [1, 1 / 3], atol=0.25)
