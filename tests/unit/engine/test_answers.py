"""From raw answers to a decision: declined before referred before reported, and every number says what it is."""

from dataclasses import replace

import numpy as np
import pytest

from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.pipeline import Pipeline
from vesale.core.prediction import Seen
from vesale.core.recipe import Look
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine.answer import answers, calibrated, judged, partition_labels, regions
from vesale.engine.raw import Raw
from vesale.trust.refer import ReferRule
from vesale.trust.state import OutputTrust, Trust

NAMES = Category(("a", "b", "c"))
RULE = ReferRule(alpha=0.1, delta=0.1, threshold=0.6, n=50, reported=40, wrong=1, needed=22)


def raw(pooled=None, maps=None, modality=None):
    grid = Grid((6, 8))
    image = Image(np.zeros((1, *grid.shape), np.uint8), grid, "intensity", ("grey",), Provenance("made"))
    seen = Seen("0" * 64, modality, (1, *grid.shape), grid.spacing)
    pooled = {n: np.asarray(p, np.float32) for n, p in (pooled or {}).items()}
    maps = {n: tuple(np.asarray(m, np.float32) for m in ms) for n, ms in (maps or {}).items()}
    return Raw("e", "s", pooled, maps, (image,), np.zeros(3), ("a.x", "b.x", "c.x"), (seen,))


def pipeline(modalities=(), **outputs):
    return Pipeline(Task("t", outputs, modalities=modalities), Look(channels=1))


def trust(refer=RULE, **outputs):
    return Trust(outputs, refer, None, True, "label: the answer is not the truth", 50)


def test_sure_is_reported_with_its_promise_and_unsure_is_referred_with_its_reason():
    sure = judged(raw({"label": [0.9, 0.05, 0.05]}), pipeline(label=NAMES), trust())
    assert (sure.status, sure.reasons) == ("reported", ())
    assert sure.promise is not None
    assert (sure.promise.alpha, sure.promise.delta, sure.promise.n_calibration) == (0.1, 0.1, 50)
    unsure = judged(raw({"label": [0.4, 0.35, 0.25]}), pipeline(label=NAMES), trust())
    assert unsure.status == "referred"
    assert unsure.reasons[0].code == "uncertain"
    assert unsure.reasons[0].threshold == 0.6
    assert unsure.outputs, "the reader sees what the model thought"
    assert unsure.promise is None


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (None, "not_calibrated"),
        (replace(RULE, threshold=None, n=10), "too_few_calibration"),
        (replace(RULE, threshold=None), "uncertain"),
    ],
)
def test_without_a_rule_nothing_is_reported(rule, code):
    said = judged(raw({"label": [1.0, 0.0, 0.0]}), pipeline(label=NAMES), trust(rule))
    assert said.status == "referred"
    assert [r.code for r in said.reasons] == [code]


@pytest.mark.parametrize(("modality", "status"), [("CT", "declined"), ("OP", "reported"), (None, "reported")])
def test_another_modality_is_declined_and_an_unsaid_one_is_not(modality, status):
    said = judged(raw({"label": [0.9, 0.1, 0.0]}, modality=modality), pipeline(("OP",), label=NAMES), trust())
    assert said.status == status
    if status == "declined":
        assert said.reasons[0].code == "wrong_modality"
        assert said.outputs == {}


def test_an_exam_is_as_sure_as_its_least_sure_output():
    both = pipeline(one=NAMES, two=NAMES)
    _, low = answers(raw({"one": [0.99, 0.01, 0], "two": [0.4, 0.3, 0.3]}), both, trust())
    _, high = answers(raw({"one": [0.99, 0.01, 0], "two": [0.9, 0.05, 0.05]}), both, trust())
    assert low < high
    assert high <= 0.9 + 1e-6


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_a_temperature_keeps_the_order_and_the_sum(temperature):
    p = np.array([0.5, 0.3, 0.2], np.float32)
    said = calibrated(p, NAMES, OutputTrust(temperature=temperature))
    assert said.sum() == pytest.approx(1, abs=1e-5)
    assert list(np.argsort(-said)) == [0, 1, 2]
    assert (said[0] > p[0] + 1e-4) == (temperature < 1)
    assert np.array_equal(calibrated(p, NAMES, OutputTrust()), p)
    maps = np.random.default_rng(0).dirichlet((1, 1), (4, 5)).transpose(2, 0, 1).astype(np.float32)
    tempered = calibrated(maps, Partition(("background", "x")), OutputTrust(temperature=temperature))
    assert tempered.shape == maps.shape
    assert np.allclose(tempered.sum(0), 1, atol=1e-5)
    assert np.array_equal(tempered.argmax(0), maps.argmax(0))


def test_a_grade_is_its_median_step():
    output = Quantity(steps=("0", "1", "2", "3"), action=2)
    said, _ = answers(raw({"label": [0.1, 0.15, 0.5, 0.25]}), pipeline(label=output), trust())
    answer = said["label"]
    assert answer.step == 2
    assert answer.value == pytest.approx(0.15 + 1.0 + 0.75)
    assert answer.probabilities == pytest.approx((0.1, 0.15, 0.5, 0.25))
    assert answer.set is None
    assert answer.level is None


@pytest.mark.parametrize(("half", "confidence"), [(None, 0.0), (3.0, 1.0), (8.0, 0.0)])
def test_a_number_is_sure_when_its_interval_fits_the_tolerance(half, confidence):
    output = Quantity("years", tolerance=5)
    fitted = OutputTrust(half_width=half, level=0.9 if half else None)
    said, sure = answers(raw({"label": [40.0]}), pipeline(label=output), trust(label=fitted))
    assert sure == confidence
    assert said["label"].low == (None if half is None else 40 - half)


def test_exclusive_names_win_and_others_stand_for_themselves():
    p = np.array([[[0.6, 0.2]], [[0.3, 0.3]], [[0.1, 0.5]]], np.float32)
    three = Partition(("background", "x", "y"))
    assert partition_labels(p, three, np.array([0.5, 0.5], np.float32)).tolist() == [[[0, 2]]]
    free = Partition(("p", "q", "r"), exclusive=False)
    assert partition_labels(p, free, np.array([0.5, 0.3, 0.2], np.float32)).tolist() == [[[1, 0]], [[1, 1]], [[0, 1]]]
    two = Partition(("background", "x"))
    assert partition_labels(p[:2], two, np.array([0.25], np.float32)).tolist() == [[[1, 1]]]


@pytest.mark.parametrize(("spacing", "area"), [(None, None), ((0.5, 2.0), 7.0)])
def test_regions_have_sizes_only_where_there_is_a_scale(spacing, area):
    mask = np.zeros((1, 6, 8), np.uint8)
    mask[0, :2, :3] = 1
    mask[0, 5, 7] = 1
    labels = Image(mask, Grid((6, 8), spacing), "labels", ("index",), Provenance("made"))
    found = regions([labels], Partition(("background", "x"), instances=True))
    assert (found[0].name, found[0].samples, found[0].count, found[0].area_mm2) == ("x", 7, 2, area)
    assert found[0].volume_mm3 is None
    assert regions([labels], Partition(("background", "x")))[0].count is None
