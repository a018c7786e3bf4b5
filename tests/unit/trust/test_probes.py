"""The probe's AUC is scikit-learn's, its ridge too; null cues stay below the stated rate; a strong cue is found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesale.trust.probes import concordance, cross_predicted, paired_difference, probe, questions


def test_concordance_is_sklearns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (60, 5)).astype(float)
    score = rng.integers(0, 6, (60, 5)).astype(float)
    ours = concordance(score, truth)
    assert ours == pytest.approx([metrics.roc_auc_score(truth[:, k], score[:, k]) for k in range(5)])


@given(st.integers(0, 10_000))
def test_concordance_of_the_reversed_score_is_the_rest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.r_[0, 1, rng.integers(0, 2, 20)].astype(float)
    score = rng.integers(0, 5, 22).astype(float)
    assert concordance(-score, truth)[0] == pytest.approx(1 - concordance(score, truth)[0])


def test_the_ridge_is_sklearns() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(50, 4)), rng.normal(size=50)
    from vesale.trust.probes import _ridge

    centred = x - x.mean(axis=0)
    penalty = 0.1 * (centred**2).sum() / 4
    theirs = linear.Ridge(alpha=penalty).fit(x, y - y.mean()).predict(x[:7])
    assert _ridge(x, (y - y.mean())[:, None], x[:7])[:, 0] == pytest.approx(theirs)
    wide = rng.normal(size=(20, 60))
    penalty = 0.1 * ((wide - wide.mean(axis=0)) ** 2).sum() / 20
    theirs = linear.Ridge(alpha=penalty).fit(wide, y[:20] - y[:20].mean()).predict(wide[:7])
    assert _ridge(wide, (y[:20] - y[:20].mean())[:, None], wide[:7])[:, 0] == pytest.approx(theirs)


def test_a_cue_that_is_the_label_is_perfect_and_noise_is_not() -> None:
    rng = np.random.default_rng(2)
    labels = [str(v) for v in rng.integers(0, 2, 80)]
    cues = {"same": labels, "noise": [float(v) for v in rng.normal(size=80)], "flat": ["x"] * 80}
    best, other = probe(cues, questions("label", labels), [str(i) for i in range(80)])
    assert best.cue == "same"
    assert best.measure.value == 1.0
    assert best.p <= 0.01
    assert other.cue == "noise"
    assert other.p > 0.05


def test_a_subjects_exams_stay_together() -> None:
    """A cue that names the subject predicts nothing of a subject that was not seen."""
    rng = np.random.default_rng(3)
    subjects = [f"s{i // 4}" for i in range(120)]
    label = dict(zip(sorted(set(subjects)), rng.integers(0, 2, 30).tolist(), strict=True))
    labels = [str(label[s]) for s in subjects]
    (only,) = probe({"who": subjects}, questions("label", labels), subjects)
    assert only.p > 0.05


@pytest.mark.slow
def test_the_family_wise_error_is_as_stated() -> None:
    """Ten null cues of mixed kinds, 60 cohorts: a corrected p of at most .05 in about one in twenty."""
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        labels = [str(v) for v in rng.integers(0, 2, 60)]
        cues = {f"n{k}": [float(v) for v in rng.normal(size=60)] for k in range(5)}
        cues |= {f"c{k}": [str(v) for v in rng.integers(0, 4, 60)] for k in range(5)}
        found = probe(cues, questions("label", labels), [str(i) for i in range(60)], permutations=99)
        hits += min(one.p for one in found) <= 0.05
    assert hits <= 9  # P(more than 9 of 60 at 5 %) < .002


def test_questions_of_several_kinds() -> None:
    assert [q.value for q in questions("y", ["a"] * 9 + ["b"] * 9)] == ["b"]
    assert {q.value for q in questions("y", ["a;b"] * 9 + ["c"] * 9 + [None])} == {"a", "b", "c"}
    (ranks,) = questions("y", [float(i) for i in range(20)])
    assert ranks.value is None
    assert ranks.target.tolist() == pytest.approx([(i + 0.5) / 20 for i in range(20)])


def test_a_quantity_is_predicted_by_its_cause() -> None:
    rng = np.random.default_rng(5)
    y = rng.normal(size=90)
    cues = {"cause": (y + 0.3 * rng.normal(size=90))[:, None]}
    (only,) = probe(cues, questions("y", [float(v) for v in y]), [str(i) for i in range(90)])
    assert only.measure.name == "r2"
    assert only.measure.value is not None
    assert only.measure.value > 0.6


def test_the_better_of_two_scores_is_told() -> None:
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 2, 100).astype(float)
    good, bad = truth + rng.normal(size=100) * 0.4, rng.normal(size=100)
    value, low, high = paired_difference(good, bad, truth, [str(i) for i in range(100)])
    assert low is not None
    assert high is not None
    assert 0.2 < low < value < high


def test_unknown_labels_are_predicted_and_not_learned_from() -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(60, 2))
    y = (x[:, 0] > 0).astype(float)
    y[::5] = np.nan
    out = cross_predicted(x, y, [str(i) for i in range(60)])
    hidden = np.arange(0, 60, 5)
    assert concordance(out[hidden], (x[hidden, 0] > 0).astype(float))[0] > 0.9
