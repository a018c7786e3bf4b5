"""What stands beside the grade: the forest, the paired comparison, maps against outlines, few labels."""

import numpy as np
import pytest

from benchmarks.explain_lesions import scored, shrunk
from benchmarks.explain_lesions import tables as maps_against
from benchmarks.grade import Side, paired
from benchmarks.grade_forest import decided, features, forest_answers
from benchmarks.lesion_input import with_maps
from benchmarks.little_data import SHARES, STARTS, fewer, settings
from benchmarks.little_data import table as starts
from vesale.engine.samples import Sample

SIDE = 64


def photograph(spots: int, seed: int) -> np.ndarray:
    """(3, y, x): a round field with dark spots."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    field = np.hypot(y - SIDE / 2, x - SIDE / 2) < 30
    picture = np.stack([0.6 * field, 0.35 * field, 0.15 * field]) + 0.01 * rng.random((3, SIDE, SIDE)) * field
    for _ in range(spots):
        cy, cx = rng.integers(20, 44, 2)
        picture[:, np.hypot(y - cy, x - cx) < 2.5] *= 0.5
    return picture.astype(np.float32)


def test_the_forest_sees_spots():
    pictures = {f"e{i}": features(photograph(8 if i % 2 else 0, i)) for i in range(24)}
    grades = {name: i % 2 for i, name in enumerate(pictures)}
    folds = {name: f"fold-{i // 2 % 3}" for i, name in enumerate(pictures)}
    answers = forest_answers(pictures, grades, folds, 2)
    said = decided([answers[e] for e in pictures], "most probable")
    assert (said == np.array(list(grades.values()))).mean() > 0.9


def test_an_exam_does_not_teach_the_forest_that_is_asked_about_it():
    """Noise cannot be foretold; a forest that had seen its answers would foretell it all the same."""
    rng = np.random.default_rng(0)
    pictures = {f"e{i}": rng.normal(size=12) for i in range(120)}
    grades = {name: int(rng.integers(2)) for name in pictures}
    folds = {name: f"fold-{i % 4}" for i, name in enumerate(pictures)}
    answers = forest_answers(pictures, grades, folds, 2)
    said = decided([answers[e] for e in pictures], "most probable")
    assert 0.3 < (said == np.array(list(grades.values()))).mean() < 0.7


def test_the_median_of_a_scale_is_not_its_most_probable_step():
    p = [np.array([0.4, 0.1, 0.1, 0.4]), np.array([0.1, 0.1, 0.6, 0.2])]
    assert decided(p, "most probable").tolist() == [0, 2]
    assert decided(p, "median").tolist() == [1, 2]


def test_a_paired_difference_is_narrower_than_its_parts():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 200)
    network = Side(np.where(rng.random(200) < 0.8, truth, rng.integers(0, 3, 200)), rng.random(200))
    same = paired("grade", network, network, truth, (3, 1))
    assert [r[3] for r in same.rows] == ["0.000 [0.000, 0.000]"] * 4
    worse = Side(rng.integers(0, 3, 200), rng.random(200))
    gain = str(paired("grade", network, worse, truth, (3, 1)).rows[0][3])
    assert float(gain.split("[")[1].split(",")[0]) > 0.3


def test_a_map_on_the_lesion_points_at_it_and_the_smallest_lesion_stays():
    mask = np.zeros((100, 100), bool)
    mask[31, 47] = True
    small = shrunk(mask, (10, 10))
    assert np.argwhere(small).tolist() == [[3, 4]]
    inside = np.ones((100, 100), bool)
    found = scored(mask.astype(float), mask, inside)
    assert (found["pointing"], found["near"], found["auprc"]) == (1, 1, 1.0)
    beside = np.zeros((100, 100))
    beside[33, 47] = 1
    found = scored(beside, mask, inside)
    assert (found["pointing"], found["near"]) == (0, 1)
    assert found["pointing_chance"] == pytest.approx(1 / 10000)
    outside = np.ones((100, 100), bool)
    outside[33, 47] = False
    assert scored(beside + 0.1 * mask, mask, outside)["pointing"] == 1, "what lies outside the field does not count"


def test_maps_are_told_by_what_they_were_held_against():
    row = {"exam": "", "map": "noise", "pointing": "0", "pointing_chance": "0.1", "near": "1", "near_chance": "0.3",
           "auprc": "0.2", "prevalence": "0.1"}  # fmt: skip
    rows = [{**row, "against": against, "exam": f"e{i}"} for against in ("experts", "a model") for i in range(6)]
    made = maps_against(rows)
    assert [t.title for t in made] == ["Against experts", "Against a model"]
    assert made[0].rows[0][0] == "noise"
    assert str(made[0].rows[0][-2]).startswith("2.0")
    assert made[0].rows[0][-1] == 6


def sample(grade: int, i: int) -> Sample:
    return Sample(f"e{i}", f"e{i}", np.zeros((1, 3, 4, 4), np.float16), {"grade": np.array([grade], np.float32)})


def test_a_share_of_the_labels_holds_every_grade_and_differs_by_seed():
    samples = [sample(i % 5, i) for i in range(40)]
    some = fewer(samples, 0.25, 0)
    assert sorted(int(s.truth["grade"][0]) for s in some) == sorted([0, 1, 2, 3, 4] * 2)
    assert {s.exam for s in some} != {s.exam for s in fewer(samples, 0.25, 1)}
    assert len(fewer(samples, 1.0, 0)) == 40


def test_a_run_that_is_stopped_early_compares_all_starts():
    first = list(settings())[: len(STARTS) * len(SHARES)]
    assert {s.start for s in first} == set(STARTS)
    assert {s.seed for s in first} == {0}
    assert len({s.file for s in settings()}) == 24


def test_starts_are_compared_seed_by_seed():
    cells = [{"start": start, "share": 1.0, "seed": s, "steps": 5, "pretrain": 9, "kappa": k + 0.01 * s, "auc": 0.8}
             for start, k in (("ImageNet", 0.6), ("nothing", 0.2)) for s in range(3)]  # fmt: skip
    rows = {r[0]: r for r in starts(cells).rows}
    assert str(rows["nothing"][4]).startswith("-0.400 [-0.400, -0.400]")
    assert rows["ImageNet"][5] == 3


def test_maps_stand_beside_the_photograph():
    wide = with_maps(sample(1, 0), np.ones((4, 4, 4), np.float32))
    assert wide.planes.shape == (1, 7, 4, 4)
    assert wide.planes[0, 3:].min() == 1
