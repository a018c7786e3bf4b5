"""The refer rule from raw answers: what the gate declines does not count, and errors cost what the recipe says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vesale.core.exam import Cohort, Exam, View
from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.pipeline import Pipeline
from vesale.core.prediction import Seen
from vesale.core.recipe import Look
from vesale.core.recipe import Trust as Wanted
from vesale.core.task import Category, Task
from vesale.engine.answer import judged
from vesale.engine.raw import Raw
from vesale.engine.rule import rule_of
from vesale.trust.gate import fit_gate
from vesale.trust.state import OutputTrust, Trust, from_files, to_files

NAMES = (
    *("brightness.mean", "brightness.median", "brightness.p5", "contrast.deviation", "contrast.range"),
    *("sharpness.native", "sharpness.whole", "sharpness.half", "colour.red", "layout.top", "layout.left"),
)
PIPELINE = Pipeline(Task("t", {"label": Category(("normal", "pneumonia"))}), Look(channels=1))
TRUST = Trust({"label": OutputTrust(temperature=1.0)}, None, None, False, "wrong", 0)
COHORT = Cohort("c", Path(), ())


USUAL, STRANGE = (0.0,) * len(NAMES), (50.0,) * len(NAMES)


def exam(i, p, truth, statistics=USUAL):
    grid = Grid((4, 4))
    image = Image(np.zeros((1, 4, 4), np.uint8), grid, "intensity", ("grey",), Provenance("made"))
    seen = Seen("0" * 64, None, (1, 4, 4), None)
    pooled = {"label": np.array([1 - p, p], np.float32)}
    raw = Raw(f"e{i}", f"s{i}", pooled, {}, (image,), np.array(statistics), NAMES, (seen,))
    return Exam(f"e{i}", f"s{i}", (View({"image": "x.png"}),), {"label": truth}), raw


def exams(n=200, seed=0):
    """Sure answers are right; of the unsure a third is wrong."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        p = float(rng.uniform(0.9, 1) if i % 2 else rng.uniform(0.5, 0.7))
        sick = bool(rng.random() < 0.5)
        right = p > 0.8 or rng.random() > 0.33
        looks = rng.normal(size=len(NAMES))
        rows.append(exam(i, p if sick == right else 1 - p, "pneumonia" if sick else "normal", looks))
    return rows


def test_the_sure_are_reported_and_the_rule_says_how_it_came_about():
    rows = exams()
    rule = rule_of(lambda: iter(rows), (COHORT, PIPELINE, Wanted()), TRUST)
    assert 0.6 < rule.threshold < 0.95
    assert (rule.n, rule.prices, rule.positive) == (200, {}, ())
    assert 95 <= rule.reported <= 125
    assert any(p.threshold == rule.threshold for p in rule.curve)
    said = judged(rows[1][1], PIPELINE, replace(TRUST, refer=rule))
    assert said.status == "reported"
    assert (said.promise.threshold, said.promise.prices) == (rule.threshold, {})
    assert said.promise.confidence == pytest.approx(max(rows[1][1].pooled["label"]))


def test_prices_are_kept_with_what_they_mean_and_come_back_from_the_files():
    rows = exams()
    rule = rule_of(lambda: iter(rows), (COHORT, PIPELINE, Wanted(alpha=0.2, cost={"missed": 10.0})), TRUST)
    assert (rule.prices, rule.positive, rule.needed) == ({"missed": 10.0}, ("pneumonia",), 114)
    document, arrays = to_files(replace(TRUST, refer=rule))
    assert from_files(document, arrays).refer == rule


def test_every_price_one_is_the_plain_rule():
    rows = exams(300, 2)
    plain = rule_of(lambda: iter(rows), (COHORT, PIPELINE, Wanted()), TRUST)
    ones = Wanted(cost={"missed": 1.0, "false": 1.0})
    priced = rule_of(lambda: iter(rows), (COHORT, PIPELINE, ones), TRUST)
    assert replace(priced, prices={}, positive=()) == plain


def test_what_the_gate_declines_does_not_count():
    rows = exams()
    gate = fit_gate(np.stack([raw.statistics for _, raw in rows]), NAMES, 0.01)
    strange = [exam(900 + i, 0.99, "normal", STRANGE) for i in range(20)]  # sure, and wrong
    bare = rule_of(lambda: iter([*rows, *strange]), (COHORT, PIPELINE, Wanted()), TRUST)
    gated = rule_of(lambda: iter([*rows, *strange]), (COHORT, PIPELINE, Wanted()), replace(TRUST, gate=gate))
    assert bare.n == 220
    assert bare.threshold is None
    assert gated.n <= 200
    assert gated.threshold is not None


def test_nothing_whose_truth_is_known_makes_no_rule():
    assert rule_of(lambda: iter([]), (COHORT, PIPELINE, Wanted()), TRUST) is None
    assert rule_of(lambda: iter([exam(0, 0.9, None)]), (COHORT, PIPELINE, Wanted()), TRUST) is None
