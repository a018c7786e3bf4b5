from pathlib import Path

import numpy as np
from scipy import stats

from vesale.core.exam import Cohort, Exam, View
from vesale.core.task import Category, Partition, Quantity
from vesale.engine import calibration_rows as cr
from vesale.trust.difficulty import LEVELS


def cohort(traits):
    exams = [Exam(f"e{i}", f"s{i}", (View({"image": "x"}),), {}, t) for i, t in enumerate(traits)]
    return Cohort("made", Path(), tuple(exams))


def test_text_makes_groups_numbers_are_cut_into_thirds_and_names_make_none():
    made = cohort([{"sex": "FM"[i % 2], "age": float(20 + i), "code": f"c{i}", "one": "x"} for i in range(60)])
    groups = cr.groups_of(made)
    assert [(by, value) for by, value, _ in groups] == [
        ("sex", "F"), ("sex", "M"), ("age", "<= 39"), ("age", "> 39, <= 59"), ("age", "> 59"),
    ]  # fmt: skip
    assert [len(exams) for _, _, exams in groups] == [30, 30, 20, 20, 20]


def test_what_nobody_wrote_down_is_in_no_group():
    made = cohort([{"sex": None if i < 10 else "FM"[i % 2]} for i in range(60)])
    assert sum(len(exams) for _, _, exams in cr.groups_of(made)) == 50


def rows_of(p, truth):
    rows = []
    for i, (v, t) in enumerate(zip(p, truth, strict=True)):
        row = {"exam": f"e{i}", "subject": f"s{i}", "status": "reported", "label.truth": t}
        rows.append(row | {"label.prediction": "b" if v >= 0.5 else "a", "label.p.a": 1 - v, "label.p.b": v})
    return rows


def test_a_group_that_is_promised_too_much_is_seen_and_a_small_one_is_not_told():
    rng = np.random.default_rng(0)
    p = rng.random(400)
    wrong = np.arange(400) < 190
    truth = np.where(rng.random(400) < np.where(wrong, 1 - p, p), "b", "a")
    site = ["north" if w else "south" for w in wrong]
    site[395:] = ["east"] * 5
    found = cr.calibrated_groups(
        "label", Category(("a", "b")), rows_of(p, truth), None, cohort([{"site": s} for s in site])
    )
    north, south, east = (next(g for g in found if g.value == v) for v in ("north", "south", "east"))
    assert north.ece.value > 0.3 > 0.1 > south.ece.value
    assert north.stated > north.observed.high
    assert (east.ece, east.note) == (None, "too few to say: 5 of 20 subjects")


def test_every_name_has_its_own_calibration():
    rng = np.random.default_rng(1)
    p = rng.random(300)
    truth = np.where(rng.random(300) < p, "b", "a")
    found = cr.calibration_of("label", Category(("a", "b")), rows_of(p, truth), None)
    assert set(found.per_class) == {"a", "b"}
    assert found.per_class["b"].of == "name"
    assert abs(found.per_class["b"].stated - p.mean()) < 1e-9
    assert all(b.low <= b.observed <= b.high for b in found.bins)


def test_a_number_is_calibrated_by_its_intervals():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=500)
    rows = [
        {"exam": f"e{i}", "subject": f"s{i}", "status": "reported", "label.truth": float(t)}
        | {f"label.q.{level:g}": float(stats.norm.ppf(level)) for level in LEVELS}
        for i, t in enumerate(truth)
    ]
    found = cr.calibration_of("label", Quantity("mm"), rows, None)
    assert found.of == "interval"
    assert [round(b.p, 6) for b in found.bins] == [0.2, 0.4, 0.6, 0.8, 0.9]
    assert all(abs(b.observed - b.p) < 0.06 for b in found.bins)
    assert found.ece.value < 0.05
    assert found.brier.value is None
    narrow = [r | {k: v / 2 for k, v in r.items() if ".q." in k} for r in rows]
    assert cr.calibration_of("label", Quantity("mm"), narrow, None).ece.value > 0.2


def test_pixels_are_resampled_by_subject():
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 50, (2, 30, 1, 64))
    rows = [{"exam": f"e{i}", "subject": f"s{i // 2}", "status": "reported", "label.truth": 1.0} for i in range(30)]
    found = cr.calibration_of("label", Partition(("no", "yes")), rows, (counts[0], counts[1]))
    assert found.of == "pixel"
    assert found.ece.n == 15
    assert all(b.low < b.observed < b.high for b in found.bins)
