"""One risk for a patient: what is missing is said, what too few have is left out, the simplest good candidate wins."""

import numpy as np

from vesale.trust.fuse import FEWEST, PRESENT, SCORE, Kinds, fit_fusion


def rows_of(n, rng, known=1.0, useful=True):
    truth = rng.random(n) < 0.4
    rows = []
    for ill in truth:
        score = float(rng.beta(4, 2) if ill else rng.beta(2, 4))
        fact = float(rng.normal(8.5 if ill and useful else 7.0, 0.7)) if rng.random() < known else None
        count = float(rng.poisson(9 if ill else 1)) if useful else float(rng.poisson(3))
        rows.append({SCORE: score, "count": count, "hba1c": fact, "age": None})
    return rows, truth


KINDS = Kinds(("count",), ("hba1c", "age"), frozenset({"count"}))


def test_what_nobody_has_is_left_out_and_said():
    rows, truth = rows_of(120, np.random.default_rng(0))
    fusion, _ = fit_fusion(rows, truth, KINDS)
    assert "0 of 120" in fusion.left_out["age"]
    assert "age" not in [i.name for i in fusion.inputs]


def test_a_fact_is_learned_only_where_enough_patients_have_it():
    rng = np.random.default_rng(1)
    rows, truth = rows_of(100, rng, known=0.1)
    have = sum(r["hba1c"] is not None for r in rows)
    assert have < PRESENT
    assert "hba1c" in fit_fusion(rows, truth, KINDS)[0].left_out


def test_useless_inputs_are_not_taken():
    chosen = [fit_fusion(*rows_of(150, np.random.default_rng(s), useful=False), KINDS)[0].kind for s in range(6)]
    assert chosen.count("worst") >= 4


def test_useful_inputs_are_taken_and_better_out_of_fold():
    rows, truth = rows_of(200, np.random.default_rng(2))
    fusion, _ = fit_fusion(rows, truth, KINDS)
    losses = {c.name: c.log_loss for c in fusion.candidates}
    assert fusion.kind in ("images", "facts")
    assert losses[fusion.kind] < losses["worst"]


def test_a_missing_fact_is_named_and_does_not_stop_the_risk():
    rows, truth = rows_of(200, np.random.default_rng(3), known=0.6)
    fusion, _ = fit_fusion(rows, truth, Kinds((), ("hba1c",)))
    if fusion.kind == "worst":
        fusion = fit_fusion(rows, truth, Kinds(("hba1c",), ()))[0]
    assert fusion.missing({SCORE: 0.5, "hba1c": None}) == ("hba1c",)
    assert 0 < fusion.risk({SCORE: 0.5, "hba1c": None}) < 1
    assert fusion.unheard({SCORE: 0.5, "hba1c": None}) == ()


def test_what_every_calibration_patient_had_may_not_be_missing_unheard():
    rows, truth = rows_of(200, np.random.default_rng(4))
    fusion, _ = fit_fusion(rows, truth, Kinds(("count",), ()))
    assert fusion.kind == "images"
    assert fusion.unheard({SCORE: 0.5, "count": None}) == ("count",)


def test_with_too_few_of_a_kind_nothing_is_fitted():
    rows, _ = rows_of(60, np.random.default_rng(5))
    truth = np.arange(60) < FEWEST - 1
    assert fit_fusion(rows, truth, KINDS) is None


def test_the_same_patients_give_the_same_risks():
    rows, truth = rows_of(90, np.random.default_rng(6))
    first, again = fit_fusion(rows, truth, KINDS), fit_fusion(rows, truth, KINDS)
    assert first[0] == again[0]
    assert (first[1] == again[1]).all()
