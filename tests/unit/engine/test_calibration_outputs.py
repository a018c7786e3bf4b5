"""What is fitted for each kind of output, from raw answers as the network gave them."""

from pathlib import Path

import numpy as np
import pytest
from scipy import special

from vesale.core.exam import Cohort, Exam, View
from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.pipeline import Pipeline, pipeline_of
from vesale.core.recipe import Look, Recipe
from vesale.core.recipe import Trust as Wanted
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine import calibration_outputs as co
from vesale.engine.answer import answers
from vesale.engine.raw import Raw
from vesale.trust.state import Trust, from_files, to_files

SHAPE = (24, 24)


def picture():
    return Image(np.zeros((1, *SHAPE), np.uint8), Grid(SHAPE), "intensity", ("grey",), Provenance("made"))


def raw(i, pooled=None, maps=None, statistics=(0.0, 0.0)):
    held = {n: np.asarray(v, np.float32) for n, v in (pooled or {}).items()}
    return Raw(
        f"e{i}",
        f"s{i}",
        held,
        maps or {},
        (picture(),),
        np.array(statistics, float),
        ("brightness.a", "contrast.b"),
        (),
    )


def basis(output, name="label", **wanted):
    task = Task("made", {name: output})
    pipeline: Pipeline = pipeline_of(Recipe(task, look=Look(channels=1)))
    return co.Basis(Cohort("made", Path(), ()), pipeline, Wanted(**wanted), approximate=False)


def again_of(raws, truths, name="label"):
    exams = [Exam(r.exam, r.subject, (View({"image": "x.png"}),), {name: t}) for r, t in zip(raws, truths, strict=True)]
    return lambda: iter(zip(exams, raws, strict=True))


def fitted(output, raws, truths, **wanted):
    """What was fitted, through its files and back, as a package holds it."""
    of = basis(output, **wanted)
    found = co.fit_output("label", again_of(raws, truths), of)
    trust = from_files(*to_files(Trust({"label": found}, None, None, False, "", found.n)))
    assert trust.outputs["label"] == found
    return found, lambda r: answers(r, of.pipeline, trust)


def binary(n, seed=0):
    rng = np.random.default_rng(seed)
    x = 1.5 * rng.normal(size=n)
    p = special.expit(2 * x + 2)
    truth = np.where(rng.random(n) < special.expit(x), "ill", "well")
    return [raw(i, {"label": [1 - v, v]}) for i, v in enumerate(p)], truth.tolist()


def test_a_category_is_calibrated_and_keeps_its_answer():
    raws, truths = binary(300)
    found, answer = fitted(Category(("well", "ill")), raws, truths)
    assert found.calibrator.kind in ("platt", "isotonic")
    assert (found.guarantee.how, found.guarantee.given, found.guarantee.approximate) == (
        "class_conditional",
        True,
        False,
    )
    assert found.set_from == "raw"
    for r in raws[:60]:
        said, sure = answer(r)
        label = said["label"]
        assert label.answer == ("well", "ill")[int(r.pooled["label"].argmax())]  # the network's own, whatever the curve
        assert label.answer in label.set
        assert sure == pytest.approx(label.probabilities[label.answer])
        assert label.guarantee == found.guarantee
    stated = np.array([answer(r)[0]["label"].probabilities["ill"] for r in raws])
    assert stated.mean() == pytest.approx(np.mean([t == "ill" for t in truths]), abs=0.03)


def test_too_few_of_a_name_say_how_many_would_do():
    raws, truths = binary(60)
    truths = ["well"] * 55 + ["ill"] * 5
    found, _ = fitted(Category(("well", "ill")), raws, truths)
    assert found.guarantee.how == "marginal"
    assert found.guarantee.pooled == ("well", "ill")
    assert "ill (5); 9 of each would do" in found.note
    enough = ["well"] * 51 + ["ill"] * 9
    assert fitted(Category(("well", "ill")), raws, enough)[0].guarantee.how == "class_conditional"


def test_too_few_for_any_promise_say_how_many_would_do():
    raws, truths = binary(12)
    truths = ["well", "ill"] * 6
    found, answer = fitted(Category(("well", "ill")), raws, truths, level=0.95)
    assert found.note == "Too few calibration exams for this promise; 19 would do."
    assert (found.guarantee.given, found.guarantee.needed) == (False, 19)
    assert answer(raws[0])[0]["label"].set is None


def test_labels_are_calibrated_each_and_keep_their_answer():
    rng = np.random.default_rng(1)
    x = 1.5 * rng.normal(size=(200, 2))
    truth = rng.random((200, 2)) < special.expit(x)
    raws = [raw(i, {"label": special.expit(2 * v + 1.5)}) for i, v in enumerate(x)]
    truths = [";".join(n for n, yes in zip("ab", row, strict=True) if yes) for row in truth]
    found, answer = fitted(Category(("a", "b"), exclusive=False), raws, truths)
    assert found.calibrator is not None
    said, sure = answer(raws[0])
    assert said["label"].answer == tuple(n for n, v in zip("ab", raws[0].pooled["label"], strict=True) if v >= 0.5)
    each = [said["label"].probabilities[n] for n in "ab"]
    assert sure == pytest.approx(
        min(v if n in said["label"].answer else 1 - v for n, v in zip("ab", each, strict=True))
    )


def test_a_grades_set_is_a_range_that_holds_its_step():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 4, 160)
    p = np.exp(-((truth[:, None] + rng.normal(0, 0.8, 160)[:, None] - np.arange(4)) ** 2))
    p /= p.sum(axis=1, keepdims=True)
    raws = [raw(i, {"label": v}) for i, v in enumerate(p)]
    found, answer = fitted(Quantity(steps=("none", "mild", "moderate", "severe")), raws, [float(t) for t in truth])
    assert found.guarantee.of == "set"
    held = []
    for r, t in zip(raws, truth, strict=True):
        grade = answer(r)[0]["label"]
        assert grade.set == tuple(range(grade.set[0], grade.set[-1] + 1))
        assert grade.step in grade.set
        held.append(t in grade.set)
    assert np.mean(held) >= 0.88


def test_a_number_gets_quantiles_and_an_interval_that_adapts():
    rng = np.random.default_rng(3)
    looks, values = rng.normal(size=(300, 2)), rng.uniform(1, 4, 300)
    truth = values + np.exp(0.9 * looks[:, 0]) * rng.normal(size=300)
    raws = [raw(i, {"label": [v]}, statistics=s) for i, (v, s) in enumerate(zip(values, looks, strict=True))]
    found, answer = fitted(Quantity("mm"), raws, truth.tolist())
    assert found.guarantee.how == "adaptive"
    said = [answer(r)[0]["label"] for r in raws]
    widths = np.array([s.high - s.low for s in said])
    assert widths[looks[:, 0] > 1].mean() > 2 * widths[looks[:, 0] < -1].mean()
    q = said[0].quantiles
    assert list(q) == ["0.05", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "0.95"]
    assert list(q.values()) == sorted(q.values())
    below = np.mean([t <= s.quantiles["0.8"] for s, t in zip(said, truth, strict=True)])
    assert below == pytest.approx(0.8, abs=0.06)


@pytest.fixture
def outlines(monkeypatch):
    """Forty exams with a disc; what the network states is surer than it is right."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    disc = ((y - 12) ** 2 + (x - 12) ** 2 < 49).astype(np.uint8)
    labels = {}
    raws = []
    for i in range(40):
        seen = special.expit(4 * (disc * 2.0 - 1) + 3 * rng.normal(size=SHAPE)).astype(np.float32)
        raws.append(raw(i, maps={"label": (np.stack([1 - seen, seen]),)}))
        labels[f"e{i}"] = [disc[None]]
    monkeypatch.setattr(co, "exam_labels", lambda basis, exam, raw, output: labels[exam.id])
    return raws


def test_a_mask_is_promised_on_average_or_with_confidence(outlines):
    output = Partition(("background", "disc"))
    average, answer = fitted(output, outlines, [None] * 40)
    sure, _ = fitted(output, outlines, [None] * 40, mask_delta=0.1)
    assert (average.fnr[0].delta, sure.fnr[0].delta) == (None, 0.1)
    assert 0 < sure.fnr[0].threshold <= average.fnr[0].threshold
    assert (average.guarantee.of, average.guarantee.delta, sure.guarantee.delta) == ("mask", None, 0.1)
    assert (average.guarantee.needed, sure.guarantee.needed) == (9, 23)
    said = answer(outlines[0])[0]["label"]
    assert said.risk == said.risks[0] == average.fnr[0]


def test_a_mask_without_a_promise_says_how_many_would_do(outlines):
    found, _ = fitted(Partition(("background", "disc")), outlines[:12], [None] * 12, mask_delta=0.1)
    assert found.fnr == ()
    assert not found.guarantee.given
    assert f"{found.guarantee.needed} would do" in found.note
    assert found.guarantee.needed > 12
    enough = [outlines[i % 40] for i in range(found.guarantee.needed)]
    raws = [
        Raw(f"e{i % 40}", f"t{i}", r.pooled, r.maps, r.images, r.statistics, r.names, ()) for i, r in enumerate(enough)
    ]
    assert fitted(Partition(("background", "disc")), raws, [None] * len(raws), mask_delta=0.1)[0].guarantee.given
