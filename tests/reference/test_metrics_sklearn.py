"""Our measures against scikit-learn's."""

import numpy as np
import pytest

from vesale.metrics import calibration, classification, partition, ranking

theirs = pytest.importorskip("sklearn.metrics")

RNG = np.random.default_rng(7)


def _tied_scores(n=300):
    truth = RNG.integers(0, 2, n)
    return np.round(RNG.random(n) * 0.7 + truth * 0.3, 1), truth


@pytest.mark.parametrize("repeat", range(3))
def test_auc_and_auprc_with_ties(repeat):
    score, truth = _tied_scores()
    assert classification.auc(score, truth) == pytest.approx(theirs.roc_auc_score(truth, score), abs=1e-12)
    assert classification.auprc(score, truth) == pytest.approx(theirs.average_precision_score(truth, score), abs=1e-12)


def test_roc_curve():
    score, truth = _tied_scores()
    fpr, tpr = classification.roc_curve(score, truth)
    other_fpr, other_tpr, _ = theirs.roc_curve(truth, score, drop_intermediate=False)
    np.testing.assert_allclose(fpr, other_fpr)
    np.testing.assert_allclose(tpr, other_tpr)


def test_kappa_and_balanced_accuracy():
    truth, answers = RNG.integers(0, 5, 200), RNG.integers(0, 5, 200)
    answers[:120] = truth[:120]
    kappa = theirs.cohen_kappa_score(truth, answers, weights="quadratic")
    assert classification.kappa_quadratic(answers, truth) == pytest.approx(kappa, abs=1e-12)
    balanced = theirs.balanced_accuracy_score(truth, answers)
    assert classification.balanced_accuracy(answers, truth) == pytest.approx(balanced, abs=1e-12)


def test_many_names_are_one_against_the_rest():
    truth = RNG.integers(0, 4, 250)
    p = RNG.dirichlet(np.ones(4), 250) * 0.6 + np.eye(4)[truth] * 0.4
    found = classification.category_measures(p, truth, p.argmax(1), tuple("abcd"), [str(i) for i in range(250)])
    macro = theirs.roc_auc_score(truth, p, multi_class="ovr", average="macro")
    assert found["auc"].value == pytest.approx(macro, abs=1e-12)
    precision = theirs.average_precision_score(np.eye(4)[truth], p, average="macro")
    assert found["auprc"].value == pytest.approx(precision, abs=1e-12)
    assert found["accuracy"].value == pytest.approx(theirs.accuracy_score(truth, p.argmax(1)))


def test_two_names():
    truth = RNG.integers(0, 2, 200)
    p1 = np.clip(RNG.random(200) * 0.7 + truth * 0.3, 0, 1)
    said = (p1 >= 0.5).astype(int)
    found = classification.category_measures(
        np.stack([1 - p1, p1], 1), truth, said, ("no", "yes"), [str(i) for i in range(200)]
    )
    assert found["sensitivity"].value == pytest.approx(theirs.recall_score(truth, said))
    assert found["specificity"].value == pytest.approx(theirs.recall_score(truth, said, pos_label=0))
    assert "threshold 0.5" in found["sensitivity"].method


def test_names_that_do_not_exclude_each_other():
    truth = RNG.integers(0, 2, (150, 3))
    p = np.clip(RNG.random((150, 3)) * 0.7 + truth * 0.3, 0, 1)
    answers = p >= 0.5
    found = classification.labels_measures(p, truth, answers, tuple("abc"), [str(i) for i in range(150)])
    assert found["accuracy"].value == pytest.approx(theirs.accuracy_score(truth, answers))
    assert found["auc"].value == pytest.approx(theirs.roc_auc_score(truth, p, average="macro"))
    recalls = [theirs.recall_score(truth[:, c], answers[:, c]) for c in range(3)]
    assert found["sensitivity"].value == pytest.approx(np.mean(recalls))


def _pixels(n_exams=6, size=(40, 50)):
    truth = RNG.random((n_exams, *size)) < 0.1
    scores = np.clip(RNG.random((n_exams, *size)) * 0.8 + truth * 0.3, 0, 1).astype(np.float32)
    roi = np.zeros(size, dtype=np.uint8)
    roi[5:, :45] = 255
    return scores, truth, roi


def test_histograms_measure_pixels():
    scores, truth, roi = _pixels()
    pairs = [partition.score_histogram(s, t, roi) for s, t in zip(scores, truth, strict=True)]
    positives, negatives = (np.stack(side) for side in zip(*pairs, strict=True))
    inside = np.broadcast_to(roi > 0, truth.shape)
    t, s = truth[inside], scores[inside]
    found = partition.partition_measures(positives, negatives, [f"s{i}" for i in range(len(scores))], 0.5)
    assert found["auc"].value == pytest.approx(theirs.roc_auc_score(t, s), abs=1e-4)
    assert found["auprc"].value == pytest.approx(theirs.average_precision_score(t, s), abs=1e-3)
    assert found["f1"].value == pytest.approx(theirs.f1_score(t, s >= 0.5), abs=1e-12)  # .5 is an edge: exact
    assert found["accuracy"].value == pytest.approx(theirs.accuracy_score(t, s >= 0.5), abs=1e-12)
    assert found["specificity"].value == pytest.approx(theirs.recall_score(t, s >= 0.5, pos_label=0), abs=1e-12)
    dices = [theirs.f1_score(a[roi > 0], b[roi > 0] >= 0.5) for a, b in zip(truth, scores, strict=True)]
    assert found["dice"].value == pytest.approx(np.mean(dices), abs=1e-12)
    binned = np.clip(np.floor(s.astype(float) * 4096), 0, 4095)
    assert partition.histogram_auc(positives.sum(0), negatives.sum(0)) == pytest.approx(
        theirs.roc_auc_score(t, binned), abs=1e-12
    )


def test_best_f1_threshold_is_the_best():
    scores, truth, _ = _pixels(1)
    positives, negatives = partition.score_histogram(scores, truth, bins=256)
    precision, recall, _ = theirs.precision_recall_curve(truth.ravel(), np.floor(scores.ravel().astype(float) * 256))
    best = (2 * precision * recall / np.maximum(precision + recall, 1e-12)).max()
    threshold = partition.best_f1_threshold(positives, negatives)
    assert partition.histogram_f1(positives, negatives, threshold) == pytest.approx(best, abs=1e-12)


def test_brier_of_two_names_is_twice_the_binary_one():
    truth = RNG.integers(0, 2, 100)
    p = RNG.random(100)
    both = calibration.brier(np.stack([1 - p, p], 1), np.eye(2)[truth])
    assert both == pytest.approx(2 * theirs.brier_score_loss(truth, p))


def test_equal_mass_bars_are_calibration_curves():
    from sklearn.calibration import calibration_curve

    p = RNG.random(200)
    hit = RNG.random(200) < p
    found = calibration.calibration(p, hit, [str(i) for i in range(200)], bins=5)
    observed, mean = calibration_curve(hit, p, n_bins=5, strategy="quantile")
    np.testing.assert_allclose([b.p for b in found.bins], mean, atol=1e-12)
    np.testing.assert_allclose([b.observed for b in found.bins], observed, atol=1e-12)
    assert sum(b.n for b in found.bins) == 200


@pytest.mark.parametrize("repeat", range(3))
def test_sensitivity_at_a_specificity_is_read_off_the_curve(repeat):
    score, truth = _tied_scores()
    false, true, _ = theirs.roc_curve(truth, score, drop_intermediate=False)
    expected = true[false <= 0.1 + 1e-9].max()
    counts = ranking.ranked(score, truth)(np.ones((1, len(truth))))
    assert float(ranking.sensitivity_held(*counts, 0.9)[0]) == pytest.approx(expected)
