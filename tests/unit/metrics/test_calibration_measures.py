import numpy as np
import pytest

from vesale.metrics import calibration as k
from vesale.metrics.partition import score_histogram


def exams(n):
    return [f"s{i}" for i in range(n)]


def test_overconfidence_is_the_error():
    found = k.calibration(np.full(50, 0.9), np.arange(50) < 30, exams(50))
    assert found.ece.value == pytest.approx(0.3)
    assert [(b.p, b.observed, b.n) for b in found.bins] == [(pytest.approx(0.9), 0.6, 50)]


def test_equal_confidences_share_a_bar():
    found = k.calibration([0.6] * 7 + [0.9] * 13, [1] * 20, exams(20), bins=10)
    assert [b.n for b in found.bins] == [7, 13]


def test_a_calibrated_model_may_be_calibrated_and_an_overconfident_one_not():
    rng = np.random.default_rng(1)
    reached = 0
    for _ in range(20):
        p, chance = rng.uniform(0.5, 1, 200), rng.random(200)
        reached += k.calibration(p, chance < p, exams(200)).ece.low == 0
        bad = k.calibration(p, chance < p - 0.25, exams(200)).ece
        assert 0.05 < bad.low <= bad.value <= bad.high
    assert reached >= 17


def test_the_interval_holds_the_ece_of_the_population():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(25):
        p = rng.uniform(0.5, 1, 200)
        found = k.calibration(p, rng.random(200) < p - 0.1, exams(200)).ece
        held += found.low <= 0.1 <= found.high
    assert held >= 20


def test_brier_of_the_whole_vector():
    p = np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3]] * 4)
    found = k.category_calibration(p, [0, 2] * 4, exams(8))
    assert found.brier.value == pytest.approx((0.3**2 + 0.2**2 + 0.1**2 + 0.3**2 + 0.4**2 + 0.7**2) / 2)
    assert found.ece.n == 8


def test_unknown_truth_and_nothing_at_all():
    found = k.category_calibration(np.full((4, 2), 0.5), [-1] * 4, exams(4))
    assert found.ece.value is None
    assert found.brier.n == 0
    assert k.partition_calibration(np.zeros((2, 8)), np.zeros((2, 8)), exams(2)).bins == ()


def test_labels_count_every_known_name_and_subjects_once():
    p = np.tile([[0.9, 0.1]], (6, 1))
    truth = np.array([[1, 0]] * 5 + [[1, -1]])
    found = k.labels_calibration(p, truth, exams(6))
    assert sum(b.n for b in found.bins) == 11
    assert found.ece.n == 6


def test_samples_agree_with_the_plain_count():
    rng = np.random.default_rng(2)
    scores = rng.random((6, 500))
    truth = rng.random((6, 500)) < scores**2
    pairs = [score_histogram(s, t) for s, t in zip(scores, truth, strict=True)]
    positives, negatives = (np.stack(side) for side in zip(*pairs, strict=True))
    binned = k.partition_calibration(positives, negatives, exams(6))
    plain = k.calibration(scores.ravel(), truth.ravel(), [f"s{i // 500}" for i in range(3000)])
    assert binned.ece.value == pytest.approx(plain.ece.value, abs=2e-3)
    assert binned.brier.value == pytest.approx(plain.brier.value, abs=1e-3)
    assert sum(b.n for b in binned.bins) == 3000
