"""Flipped labels are listed, surest first; where the features cannot tell the classes nothing is."""

import numpy as np
import pytest

from vesale.trust.label_outliers import label_outliers


def features(rng: np.random.Generator, n: int, apart: float) -> tuple[np.ndarray, list[str]]:
    y = np.arange(n) % 2
    return rng.normal(size=(n, 8)) + apart * y[:, None] * np.r_[1, 1, np.zeros(6)], ["ab"[v] for v in y]


def test_flipped_labels_are_listed() -> None:
    rng = np.random.default_rng(0)
    x, labels = features(rng, 200, 4.0)
    wrong = set(rng.permutation(200)[:10].tolist())
    given = [("b" if y == "a" else "a") if i in wrong else y for i, y in enumerate(labels)]
    told = label_outliers(x, given, [str(i) for i in range(200)])
    assert told is not None
    listed = {s.index for s in told.suspects}
    assert len(listed & wrong) >= 5  # the wrong labels are learned from, too, and no probability is far beyond .9
    assert len(listed - wrong) <= 2
    sure = [s.confidence for s in told.suspects]
    assert sure == sorted(sure, reverse=True)
    assert told.rate.low is not None
    assert told.rate.high is not None
    assert told.rate.low < 0.05 < told.rate.high


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.15])
def test_the_share_of_wrong_labels_is_estimated(share: float) -> None:
    rng = np.random.default_rng(5)
    x, labels = features(rng, 600, 3.5)
    wrong = set(rng.permutation(600)[: round(600 * share)].tolist())
    given = [("b" if y == "a" else "a") if i in wrong else y for i, y in enumerate(labels)]
    told = label_outliers(x, given, [str(i // 2) for i in range(600)])
    assert told is not None
    assert told.rate.value == pytest.approx(share, abs=0.025)
    assert told.rate.n == 300


def test_weak_features_say_nothing() -> None:
    x, labels = features(np.random.default_rng(1), 200, 0.1)
    assert label_outliers(x, labels, [str(i) for i in range(200)]) is None


def test_few_subjects_say_nothing() -> None:
    x, labels = features(np.random.default_rng(2), 100, 4.0)
    assert label_outliers(x, labels, [f"{y}{i % 3}" for i, y in enumerate(labels)]) is None


def test_unknown_labels_are_left_out() -> None:
    rng = np.random.default_rng(3)
    x, labels = features(rng, 120, 4.0)
    given: list[str | None] = [None if i % 10 == 0 else y for i, y in enumerate(labels)]
    told = label_outliers(x, given, [str(i) for i in range(120)])
    assert told is not None
    assert not {s.index for s in told.suspects} & set(range(0, 120, 10))
