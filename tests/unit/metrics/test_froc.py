"""Found lesions and false marks: counted on a drawn map, and read at stated rates."""

import numpy as np
import pytest

from vesale.metrics.froc import RATES, froc, lesion_counts


def drawn() -> tuple[np.ndarray, np.ndarray]:
    truth, scores = np.zeros((40, 40)), np.zeros((40, 40))
    truth[5:8, 5:8] = truth[20:23, 20:23] = truth[30:33, 5:8] = 1
    scores[6, 6], scores[22:26, 22:26] = 0.9, 0.6  # the second only overlaps
    scores[5:8, 30:33], scores[35, 35] = 0.7, 0.3  # false
    return scores, truth


def test_a_lesion_is_found_where_a_mark_touches_it() -> None:
    counts = lesion_counts(*drawn(), (0.95, 0.8, 0.65, 0.5, 0.2))
    assert counts.tolist() == [[0, 3, 0], [1, 3, 0], [1, 3, 1], [2, 3, 1], [2, 3, 2]]


def test_one_mark_over_two_lesions_finds_both_and_is_not_false() -> None:
    truth = np.zeros((10, 30))
    truth[4:6, 2:4] = truth[4:6, 20:22] = 1
    scores = np.zeros((10, 30))
    scores[4, 1:25] = 0.8
    assert lesion_counts(scores, truth, (0.5,)).tolist() == [[2, 2, 0]]


def test_the_found_share_is_read_at_each_rate() -> None:
    one = lesion_counts(*drawn(), (0.95, 0.8, 0.65, 0.5, 0.2))
    empty = np.array([[0, 0, 0]] * 5)  # an image without a lesion and without a mark: half the false marks an image
    found = froc(np.stack([one, empty]), ["a", "b"], (0.25, 0.5, 2))
    assert found["froc_0.25"].value == pytest.approx(1 / 3)
    assert found["froc_0.5"].value == pytest.approx(2 / 3)
    assert found["froc"].value == pytest.approx((1 / 3 + 2 / 3 + 2 / 3) / 3)


def test_no_lesion_at_all_is_unknown_and_intervals_enclose_the_value() -> None:
    assert froc(np.zeros((6, 3, 3)), list("abcdef"))["froc"].value is None
    rng = np.random.default_rng(0)
    counts = np.stack([np.stack([[i, 8, i * k] for i in range(1, 9)]) for k in rng.integers(0, 5, 12)])
    mean = froc(counts, [str(i) for i in range(12)])["froc"]
    assert mean.low is not None and mean.high is not None and mean.value is not None
    assert mean.low <= mean.value <= mean.high
    assert len(RATES) == 7
