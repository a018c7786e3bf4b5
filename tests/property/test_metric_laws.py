"""Laws of the measures: a perfect prediction is perfect, and nothing depends on order or on how a score is scaled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vesale.metrics import calibration, classification, partition, quantity, ranking

SEEDS = st.integers(0, 2**32 - 1)


def exams(n):
    return [f"s{i}" for i in range(n)]


@settings(max_examples=12)
@given(st.integers(2, 5), st.integers(2, 6), SEEDS)
def test_a_perfect_category_is_perfect(k, repeats, seed):
    truth = np.random.default_rng(seed).permutation(np.repeat(np.arange(k), repeats))
    p = np.eye(k)[truth]
    found = classification.category_measures(p, truth, truth, [f"c{i}" for i in range(k)], exams(len(truth)))
    assert {m.value for m in found.values()} == {1.0}
    assert classification.kappa_quadratic(truth, truth) == 1.0
    sure = calibration.category_calibration(p, truth, exams(len(truth)))
    assert (sure.ece.value, sure.brier.value) == (0.0, 0.0)


@settings(max_examples=20)
@given(arrays.arrays(np.bool_, (3, 6, 6)))
def test_a_perfect_mask_is_perfect(masks):
    pairs = [partition.score_histogram(m.astype(float), m, bins=16) for m in masks]
    positives, negatives = (np.stack(side) for side in zip(*pairs, strict=True))
    found = partition.partition_measures(positives, negatives, exams(3), 0.5)
    assert found["dice"].value == found["accuracy"].value == 1.0
    assert {m.value for m in found.values()} <= {1.0, None}


@settings(max_examples=20)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_a_perfect_grade_is_perfect(truth):
    found = quantity.quantity_measures(truth, truth, exams(len(truth)), "", ("a", "b", "c", "d"), 2)
    assert found["mae"].value == 0.0
    assert found["accuracy"].value == 1.0
    assert {found[m].value for m in ("sensitivity", "specificity", "kappa_quadratic")} <= {1.0, None}


@given(arrays.arrays(np.int64, (2, 12), elements=st.integers(0, 6)))
def test_the_auc_of_the_reverse_is_the_rest(score_and_truth):
    score, truth = score_and_truth[0], score_and_truth[1] > 3
    there, back = classification.auc(score, truth), classification.auc(-score, truth)
    assert (np.isnan(there) and np.isnan(back)) or there + back == pytest.approx(1)


@given(arrays.arrays(np.int64, (2, 12), elements=st.integers(0, 6)))
def test_only_the_order_of_scores_counts(score_and_truth):
    score, truth = score_and_truth[0], score_and_truth[1] > 3
    for area in (classification.auc, classification.auprc):
        np.testing.assert_equal(area(score, truth), area(np.exp(score) * 3 - 7, truth))


@given(arrays.arrays(np.int64, (2, 2, 9), elements=st.integers(0, 50)), st.integers(0, 9))
def test_a_count_is_as_good_as_its_samples(counts, edge):
    positives, negatives = counts[0].sum(0), counts[1].sum(0)
    middles = np.tile((np.arange(9) + 0.5) / 9, 2)
    score = np.repeat(middles, np.concatenate([positives, negatives]))
    truth = np.repeat([1, 0], [positives.sum(), negatives.sum()])
    if len(score) == 0:
        return
    np.testing.assert_allclose(partition.histogram_auc(positives, negatives), classification.auc(score, truth))
    threshold = edge / 9
    hits = (score >= threshold) & (truth == 1)
    total = (score >= threshold).sum() + truth.sum()
    expected = 2 * hits.sum() / total if total else np.nan
    np.testing.assert_allclose(partition.histogram_f1(positives, negatives, threshold), expected)


@given(SEEDS)
def test_a_weight_of_two_is_an_exam_twice(seed):
    rng = np.random.default_rng(seed)
    score, truth, weight = rng.integers(0, 8, 15), rng.integers(0, 2, 15), rng.integers(0, 3, 15)
    counts = ranking.ranked(score, truth)(weight[None].astype(float))
    again = classification.auc(np.repeat(score, weight), np.repeat(truth, weight)) if weight.any() else np.nan
    np.testing.assert_allclose(ranking.curve_area(*counts)[0], again)


@settings(max_examples=8)
@given(SEEDS)
def test_measures_do_not_depend_on_the_order_of_exams(seed):
    rng = np.random.default_rng(seed)
    truth, order = rng.integers(0, 3, 24), rng.permutation(24)
    p = rng.dirichlet(np.ones(3), 24)
    who = np.array([f"s{i // 2}" for i in range(24)])
    once = classification.category_measures(p, truth, p.argmax(1), ("a", "b", "c"), who.tolist())
    again = classification.category_measures(
        p[order], truth[order], p[order].argmax(1), ("a", "b", "c"), who[order].tolist()
    )
    for name, measure in once.items():
        np.testing.assert_allclose(
            [np.nan if x is None else x for x in (measure.value, measure.low, measure.high)],
            [np.nan if x is None else x for x in (again[name].value, again[name].low, again[name].high)],
        )
