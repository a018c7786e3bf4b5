"""The tables of recordings whose truth is a picture: whole, upright, and with each picture on one side."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.seen_cohorts import digit69, digit69_all, miyawaki, miyawaki_combined, vbcca
from vesale.core.task import Picture
from vesale.engine.samples import view_picture
from vesale.io import open_source
from vesale.io.cohort import read_cohort
from vesale.io.picture import read_prior

pytestmark = pytest.mark.realdata


def pictures(cohort, side):
    output = Picture(("grey",), size=(side, side))
    return np.stack([view_picture(cohort, e.views[0], "picture", output)[0] for e in cohort])


def test_digits_stand_upright_as_their_prior_does(data: Path, tmp_path: Path) -> None:
    assert digit69(data, tmp_path) == 100
    cohort = read_cohort(tmp_path).cohort
    assert Counter(e.split for e in cohort) == {"train": 90, "test": 10}
    assert Counter(e.truth["label"] for e in cohort) == {"six": 50, "nine": 50}
    prior = read_prior(tmp_path / "prior.npy", (28, 28)).mean(axis=(0, 1))
    mean = pictures(cohort, 28).mean(axis=0)
    upright, turned = (np.corrcoef(m.ravel(), prior.ravel())[0, 1] for m in (mean, mean.T))
    assert upright > turned + 0.1
    assert len(open_source(cohort.root / cohort.exams[0].views[0].inputs["image"]).channels) == 3092
    assert digit69_all(data, tmp_path / "all") == 100
    assert {e.split for e in read_cohort(tmp_path / "all").cohort} == {None}


@pytest.mark.parametrize(("make", "trials", "different", "features"), [(miyawaki, 119, 20, 967), (vbcca, 80, 10, 797)])
def test_a_fold_is_a_picture(data: Path, tmp_path: Path, make, trials: int, different: int, features: int) -> None:
    assert make(data, tmp_path) == trials
    cohort = read_cohort(tmp_path).cohort
    assert len(cohort.subjects) == different
    folds = cohort.folds(different, 0)
    assert sorted(folds.values()) == list(range(different))
    seen = pictures(cohort, 10)
    assert set(np.unique(seen)) == {0.0, 255.0}
    assert len(np.unique(seen.reshape(trials, -1), axis=0)) == different
    assert len(open_source(cohort.root / cohort.exams[0].views[0].inputs["image"]).channels) == features


def test_every_test_pattern_of_the_given_split_was_learned_from(data: Path, tmp_path: Path) -> None:
    miyawaki_combined(data, tmp_path)
    cohort = read_cohort(tmp_path).cohort
    learned, tested = ({v.pictures[""] for e in cohort.of_split(split) for v in e.views} for split in ("train", "test"))
    assert tested
    assert tested <= learned
