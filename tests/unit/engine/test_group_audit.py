"""What is compared: of everyone the report's own numbers, of every kind of output; and what is made of it."""

import numpy as np
import pytest

from benchmarks.bias import category, partition, quantity
from vesale.core.audit import Grouping, Question
from vesale.core.errors import RecipeError
from vesale.core.exam import Cohort, Exam, View
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine.audit import audit_results
from vesale.engine.audit_metrics import comparables, decisions
from vesale.engine.results import Results, measured
from vesale.render.audit_document import audit_document
from vesale.render.audit_page import audit_page

CLOSE = {"auc": 1e-9, "auprc": 1e-9}


def nobody(n):
    return np.zeros(n, bool)


def labels(rng, n=80):
    """Names that do not exclude each other."""
    names, rows = ("a", "b", "c"), []
    for i in range(n):
        p = rng.random(3)
        row = {"exam": str(i), "subject": str(i), "status": "reported", "wrong": 0.0}
        row |= {f"find.p.{k}": float(v) for k, v in zip(names, p, strict=True)}
        row["find.truth"] = ";".join(k for k, v in zip(names, p, strict=True) if rng.random() < v)
        row["find.prediction"] = ";".join(k for k, v in zip(names, p, strict=True) if v >= 0.5)
        rows.append(row)
    return Results(Task("made", {"find": Category(names, exclusive=False)}), tuple(rows))


def grades(rng, n=90):
    rows = []
    for i in range(n):
        p, truth = rng.dirichlet(np.ones(4)), int(rng.integers(4))
        row = {"exam": str(i), "subject": str(i // 2), "status": "reported", "wrong": 0.0, "grade.truth": float(truth)}
        row |= {f"grade.p.{k}": float(v) for k, v in enumerate(p)}
        step = float(p.argmax())
        rows.append(row | {"grade.step": step, "grade.value": step, "grade.prediction": step, "grade.set": "1;2"})
    return Results(Task("made", {"grade": Quantity(steps=("0", "1", "2", "3"), action=2)}), tuple(rows))


def several(rng, n=90):
    rows = []
    for i in range(n):
        p = rng.dirichlet(np.ones(3))
        row = {"exam": str(i), "subject": str(i), "status": "reported", "wrong": 0.0}
        row |= {f"kind.p.{k}": float(v) for k, v in zip("xyz", p, strict=True)}
        rows.append(row | {"kind.truth": "xyz"[rng.integers(3)], "kind.prediction": "xyz"[int(p.argmax())]})
    return Results(Task("made", {"kind": Category(("x", "y", "z"))}), tuple(rows))


def layers(rng, n=40):
    """Two classes outlined, some exams without a truth."""
    pos, neg = rng.integers(0, 9, (2, n, 2, 16))
    pos[5, 1] = 0
    dices = [
        [2 * p[8:].sum() / (p.sum() + p[8:].sum() + q[8:].sum()) for p, q in zip(a, b, strict=True)]
        for a, b in zip(pos, neg, strict=True)
    ]
    rows = [
        {"exam": str(i), "subject": str(i), "status": "reported", "wrong": None, "mask.truth": 1.0}
        | {"mask.dice.one": float(dices[i][0]), "mask.dice.two": float(dices[i][1])}
        for i in range(n)
    ]
    task = Task("made", {"mask": Partition(("background", "one", "two"))})
    return Results(task, tuple(rows), {"mask": (pos, neg)}, {"mask": (0.5, 0.5)})


MAKERS = {
    "category": lambda rng: category(rng, nobody(90)),
    "several": several,
    "labels": labels,
    "grades": grades,
    "quantity": lambda rng: quantity(rng, nobody(60)),
    "partition": lambda rng: partition(rng, nobody(60)),
    "layers": layers,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_of_everyone_it_is_the_reports_own_number(kind):
    results = MAKERS[kind](np.random.default_rng(7))
    found = measured(results)
    subjects = [str(r["subject"]) for r in results.rows]
    everyone = np.ones(len(results.rows), bool)
    compared = 0
    for number in comparables(results):
        if number.output is None or number.metric in ("calibration_gap", "mean_error", "ece"):
            continue
        parts = found.measures[number.output] if number.of is None else found.per_class[number.output][number.of]
        if number.metric == "brier":
            parts = {"brier": found.calibration[number.output].brier}
        if number.metric == "coverage":
            parts = {"coverage": found.coverage[number.output]}
        value = number.measure(everyone, subjects).value
        assert value == pytest.approx(parts[number.metric].value, abs=1e-9), (number.metric, number.of)
        compared += 1
    assert compared >= {"quantity": 2}.get(kind, 5)


def test_decisions_of_every_kind():
    rng = np.random.default_rng(1)
    assert [d.of for d in decisions(category(rng, nobody(40)))] == ["ill"]
    assert [d.of for d in decisions(labels(rng))] == ["a", "b", "c"]
    graded = decisions(grades(rng))[0]
    assert graded.of == "≥ 2"
    assert set(graded.said) == {0, 1}


def people(results, traits):
    exams = [
        Exam(
            str(r["exam"]), str(r["subject"]), (View({"image": "x.png"}),), traits={k: v[i] for k, v in traits.items()}
        )
        for i, r in enumerate(results.rows)
    ]
    return Cohort("made", None, tuple(exams))


@pytest.fixture(scope="module")
def audit():
    rng = np.random.default_rng(2)
    first = np.arange(300) % 3 == 0
    results = category(rng, first, missed=0.6)
    traits = {
        "site": ["north" if f else "south" for f in first],
        "sex": [["F", "M"][i % 2] for i in range(300)],
        "code": [float(1 + i % 4 // 2) for i in range(300)],
        "ward": [["a", "b", "tiny"][min(i % 40, 2)] if i % 40 < 2 else "a" for i in range(300)],
    }
    return audit_results(
        results, people(results, traits), Question(by=tuple(Grouping(n) for n in traits), crossed=False)
    )


def test_a_planted_gap_is_an_error_and_says_who(audit):
    worst = audit.findings[0]
    assert (worst.kind, worst.severity) == ("gap", "error")
    assert worst.test.metric in ("sensitivity", "auc", "calibration_gap", "error_reported")
    assert not audit.ok
    assert any(
        f.message.startswith("Sensitivity (label) is lower for site north than for site south") for f in audit.findings
    )
    assert {f.test.by for f in audit.findings if f.severity == "error"} == {"site"}


def test_codes_are_never_named(audit):
    assert any("no key" in n.message for n in audit.notes)
    assert {g.value for g in audit.groups if g.by == "code"} == {"1", "2"}


def test_crossed_groups_are_compared_apart():
    rng = np.random.default_rng(4)
    results = quantity(rng, nobody(60))
    traits = {"sex": ["F", "M"] * 30, "site": ["a"] * 20 + ["b"] * 40}
    audit = audit_results(results, people(results, traits))
    crossed = [t for t in audit.tests if t.by == "sex x site"]
    assert {t.a for t in crossed} == {"sex F, site a", "sex F, site b", "sex M, site a", "sex M, site b"}
    assert {t.family for t in crossed} == {"further"}
    assert {g.value for g in audit.groups if g.by == "sex x site"} == {t.a for t in crossed}
    assert "sex F, site a" in audit_page(audit)


def test_too_few_is_said(audit):
    small = [g for g in audit.groups if g.subjects < 10]
    assert small
    assert all(g.measures is None and "too few" in g.note for g in small)


def test_the_correction_is_over_the_whole_family(audit):
    main = [t for t in audit.tests if t.family == "main" and t.p is not None]
    assert {t.tests for t in main} == {len(main)}
    smallest = min(main, key=lambda t: t.p)
    assert smallest.p_corrected == pytest.approx(min(1.0, smallest.p * len(main)))
    assert all(" x " not in t.by for t in main)


def test_the_document_is_the_interfaces(audit):
    document = audit_document(audit)
    assert document["schema"] == "vesale/audit/1"
    assert {"by", "groups", "tests", "findings"} <= set(document)
    assert {"metric", "a", "b", "difference", "p", "p_corrected"} <= set(document["tests"][0])
    assert {"value", "low", "high", "level", "n", "n_of", "unit", "method"} == set(document["tests"][0]["difference"])
    assert {"kind", "message", "severity"} <= set(document["findings"][0])
    assert {"by", "value", "subjects", "measures", "note"} <= set(document["groups"][0])


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_shows_every_trait_with_its_plots(audit, language):
    text = audit_page(audit, language)
    assert text.count('class="chart forest"') > 20
    for word in ("site", "sex", "north", "south"):
        assert word in text
    assert ("Holm" in text) and ("nan" not in text.casefold().split())


def test_a_number_with_few_behind_it_is_said_in_the_pages_language():
    results = category(np.random.default_rng(3), np.zeros(60, bool))
    ill = [r["label.truth"] == "ill" for r in results.rows]
    traits = {"sex": ["F" if i % 5 == 0 or not sick else "M" for i, sick in enumerate(ill)]}
    audit = audit_results(results, people(results, traits))
    assert "too few to say (" in audit_page(audit)
    assert "trop peu pour conclure (" in audit_page(audit, "fr")


def test_a_trait_that_is_not_there_is_named():
    results = category(np.random.default_rng(0), nobody(30))
    with pytest.raises(RecipeError, match="--by colour: the cohort has no such trait"):
        audit_results(results, people(results, {"sex": ["F", "M"] * 15}), Question(by=(Grouping("colour"),)))


def test_a_cohort_without_traits_is_no_audit():
    results = category(np.random.default_rng(0), nobody(30))
    audit = audit_results(results, people(results, {}))
    assert (audit.by, audit.tests, audit.ok) == ((), (), True)
    assert "nothing could be compared" in audit_page(audit)
