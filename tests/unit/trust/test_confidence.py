import numpy as np
import pytest

from vesale.trust import confidence as c


def test_names_and_labels():
    assert c.category_confidence([0.2, 0.7, 0.1]) == 0.7
    assert c.labels_confidence([0.95, 0.3, 0.02]) == 0.7


def test_a_grade_is_sure_of_its_side():
    p = [0.1, 0.2, 0.3, 0.25, 0.15]
    assert c.ordinal_confidence(p, 2) == pytest.approx(0.7)
    assert c.ordinal_confidence(p, 2, step=1) == pytest.approx(0.3)
    assert c.ordinal_confidence(p, None) == pytest.approx(0.75)
    assert c.ordinal_confidence(p, None, step=0) == pytest.approx(0.3)


def test_expected_dice_is_what_comes():
    rng = np.random.default_rng(0)
    bins = 4096
    p = np.concatenate([np.zeros(5000), rng.beta(0.4, 0.8, 3000)])
    counts = np.bincount((p * bins).astype(int), minlength=bins)
    dices = []
    for _ in range(200):
        truth = rng.random(p.size) < p
        marked = p >= 0.4
        dices.append(2 * (truth & marked).sum() / (truth.sum() + marked.sum()))
    assert c.expected_dice(counts, 0.4) == pytest.approx(np.mean(dices), abs=0.003)


def test_an_empty_mask_is_sure_when_nothing_is_expected():
    counts = np.zeros(100)
    counts[0] = 1e7
    assert c.expected_dice(counts, 0.5) == 1.0
    counts[20] = 50
    assert c.expected_dice(counts, 0.5) < 0.01
