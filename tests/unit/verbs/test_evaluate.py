"""Numbers are those that scikit-learn gives for the same rows, and the kept rows give the report again."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from vesale.core.errors import CohortError
from vesale.core.exam import Cohort, Exam, View
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine.results import Results, load_results, measured, read_results, write_results
from vesale.render.documents import number
from vesale.verbs.evaluate import evaluate, task_of

REPORT = {"schema", "command", "model", "cohort", "measures", "per_class", "subgroups", "calibration", "coverage",
          "refer", "baselines", "warnings", "seconds", "peak_rss_mb", "candidates", "guarantees"}  # fmt: skip
EVIDENCE = {"model": {"name": "theirs", "version": "1", "digest": "0"}}


def readings(folder, outputs, statuses=None):
    """prediction.json of each exam, as any program may write it."""
    for i, output in enumerate(outputs):
        where = folder / f"e{i:02d}"
        where.mkdir(parents=True)
        document = {"exam": f"e{i:02d}", "status": statuses[i] if statuses else "referred", "outputs": output}
        (where / "prediction.json").write_text(json.dumps({**document, "evidence": EVIDENCE}), encoding="utf-8")
    return folder


def cohort_of(truths, name="label"):
    exams = tuple(
        Exam(f"e{i:02d}", f"s{i // 2:02d}", (View({"image": f"{i}.png"}),), {name: truth})
        for i, truth in enumerate(truths)
    )
    return Cohort("made", Path(), exams)


def category(p, names, exclusive=True):
    named = dict(zip(names, (float(v) for v in p), strict=True))
    answer = max(named, key=named.get) if exclusive else [n for n, v in named.items() if v >= 0.5]
    return {"label": {"kind": "category", "exclusive": exclusive, "answer": answer, "probabilities": named,
                      "calibrated": False, "set": None, "level": None}}  # fmt: skip


def value(measures, name):
    return measures["label"][name].value


@pytest.mark.parametrize("names", [("ill", "well"), ("0", "1"), ("1", "2")])
def test_two_classes_equal_scikit_learn(tmp_path, names):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 40)
    second = np.clip(0.3 * truth + rng.random(40) * 0.7, 0, 1)
    p = np.stack([1 - second, second], 1)
    folder = readings(tmp_path / "r", [category(row, names) for row in p])
    cells = [float(names[t]) if names[t].isdigit() else names[t] for t in truth]
    task = Task("t", {"label": Category(names)})
    results = read_results(folder, cohort_of(cells), task)
    found = measured(results).measures
    said = p.argmax(1)
    assert value(found, "auc") == pytest.approx(metrics.roc_auc_score(truth, second))
    assert value(found, "accuracy") == pytest.approx(metrics.accuracy_score(truth, said))
    assert value(found, "balanced_accuracy") == pytest.approx(metrics.balanced_accuracy_score(truth, said))
    assert value(found, "sensitivity") == pytest.approx(metrics.recall_score(truth, said))
    assert value(found, "specificity") == pytest.approx(metrics.recall_score(truth, said, pos_label=0))
    wrong = [r["wrong"] for r in results.rows]
    assert wrong == (said != truth).astype(float).tolist()
    assert_again(results, task, tmp_path)


def test_grades_equal_scikit_learn(tmp_path):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    steps = ["0", "1", "2", "3"]
    truth = rng.integers(0, 4, 40)
    said = np.clip(truth + rng.integers(-1, 2, 40), 0, 3)
    outputs = []
    for step in said:
        p = np.full(4, 0.1)
        p[step] = 0.7
        outputs.append({"label": {"kind": "quantity", "value": float(step), "unit": "", "low": float(max(step - 1, 0)),
                                  "high": float(step), "level": 0.9, "steps": steps, "step": int(step),
                                  "probabilities": p.tolist(), "set": [int(max(step - 1, 0)), int(step)]}})  # fmt: skip
    task = Task("t", {"label": Quantity(steps=tuple(steps))})
    results = read_results(readings(tmp_path / "r", outputs), cohort_of([float(t) for t in truth]), task)
    found = measured(results)
    kappa = metrics.cohen_kappa_score(truth, said, weights="quadratic")
    assert value(found.measures, "kappa_quadratic") == pytest.approx(kappa)
    assert value(found.measures, "mae") == pytest.approx(np.abs(truth - said).mean())
    inside = (said - 1 <= truth) & (truth <= said)
    assert found.coverage["label"].value == pytest.approx(inside.mean())
    assert_again(results, task, tmp_path)


def test_numbers_equal_numpy(tmp_path):
    rng = np.random.default_rng(2)
    truth, said = rng.normal(50, 10, 30), rng.normal(50, 10, 30)
    rest = {"level": 0.9, "steps": None, "step": None, "probabilities": None, "set": None}
    numbers = [{"value": float(v), "low": float(v - 8), "high": float(v + 8)} for v in said]
    outputs = [{"label": {"kind": "quantity", "unit": "years", **n, **rest}} for n in numbers]
    task = Task("t", {"label": Quantity("years", tolerance=5)})
    results = read_results(readings(tmp_path / "r", outputs), cohort_of(truth.tolist()), task)
    found = measured(results)
    assert value(found.measures, "mae") == pytest.approx(np.abs(truth - said).mean())
    assert found.coverage["label"].value == pytest.approx((np.abs(truth - said) <= 8).mean())
    assert [r["wrong"] for r in results.rows] == (np.abs(truth - said) > 5).astype(float).tolist()
    assert_again(results, task, tmp_path)


@pytest.mark.parametrize("names", [("cyst", "drusen", "scar"), ("1", "2", "3")])
def test_several_names_at_once_equal_scikit_learn_however_the_cell_is_spaced(tmp_path, names):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    truth = rng.random((40, 3)) > 0.5
    truth[~truth.any(1), 0] = True
    p = np.clip(0.3 * truth + 0.7 * rng.random((40, 3)), 0, 1)
    cells = ["; ".join(n for n, t in zip(names, row, strict=True) if t) for row in truth]
    task = Task("t", {"label": Category(names, exclusive=False)})
    folder = readings(tmp_path / "r", [category(row, names, exclusive=False) for row in p])
    results = read_results(folder, cohort_of(cells), task)
    found = measured(results)
    each = [metrics.roc_auc_score(truth[:, i], p[:, i]) for i in range(3)]
    assert value(found.measures, "auc") == pytest.approx(np.mean(each))
    assert [found.per_class["label"][n]["auc"].value for n in names] == pytest.approx(each)
    assert [r["wrong"] for r in results.rows] == ((p >= 0.5) != truth).any(1).astype(float).tolist()
    assert_again(results, task, tmp_path)


def assert_again(results: Results, task: Task, folder):
    """Written and read again, the rows give the same numbers."""
    write_results(results, folder)
    histograms = folder / "histograms.npz"
    again = load_results(folder / "exams.csv", task, histograms if histograms.exists() else None)
    first, second = measured(results), measured(again)
    for part in ("measures", "per_class", "calibration", "coverage"):
        assert close(asdict_of(getattr(first, part)), asdict_of(getattr(second, part))), part


def asdict_of(value):
    if isinstance(value, dict):
        return {k: asdict_of(v) for k, v in value.items()}
    return asdict(value)


def close(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b, strict=True))
    return a == pytest.approx(b, abs=1e-6) if isinstance(a, float) and isinstance(b, float) else a == b


def test_unknown_truth_and_unanswered_exams_are_left_out(tmp_path):
    names = ("a", "b")
    outputs = [category((0.9, 0.1), names)] * 12
    outputs[3] = {}
    statuses = ["reported"] * 12
    statuses[3] = "declined"
    cells = ["a", "b"] * 6
    cells[5] = None
    task = Task("t", {"label": Category(names)})
    results = read_results(readings(tmp_path / "r", outputs, statuses), cohort_of(cells), task)
    accuracy = measured(results).measures["label"]["accuracy"]
    assert accuracy.value == pytest.approx(6 / 10)
    assert results.rows[3]["wrong"] is None
    assert results.rows[5]["wrong"] is None


def test_the_task_is_known_from_readings_alone(tmp_path):
    folder = readings(tmp_path / "r", [{}, category((0.9, 0.1), ("x", "y"))], ["declined", "referred"])
    assert task_of(folder, cohort_of(["x", "y"])).outputs == {"label": Category(("x", "y"))}
    with pytest.raises(CohortError, match="no answered exam"):
        task_of(folder, cohort_of(["x"]))


def test_exams_that_do_not_agree_are_said(tmp_path):
    folder = readings(tmp_path / "r", [category((0.9, 0.1), ("x", "y"))])
    with pytest.raises(CohortError, match="no answered exam"):
        evaluate(folder, Cohort("other", tmp_path, (Exam("zz", "s", ()),)), tmp_path / "e")
    with pytest.raises(CohortError, match="split"):
        evaluate(folder, cohort_of(["x", "y"]), tmp_path / "e", "test")


# On studied packages --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.parametrize("name", ["discs", "lines"])
def test_a_model_and_its_readings_give_one_report_and_the_rows_give_it_again(tiny_package, tmp_path, name):
    studied = tiny_package[name]
    by_model = evaluate(studied.model, studied.cohort, tmp_path / "m")
    by_readings = evaluate(tmp_path / "m" / "readings", studied.cohort, tmp_path / "r")
    for out in ("m", "r"):
        assert (tmp_path / out / "report.html").stat().st_size > 1000
        document = json.loads((tmp_path / out / "report.json").read_text(encoding="utf-8"))
        assert set(document) >= REPORT
    output = "label" if name == "discs" else "mask"
    for metric, measure in by_model.measures[output].items():
        other = by_readings.measures[output][metric]
        assert (measure.value, measure.n) == (pytest.approx(other.value), other.n), metric
    with (tmp_path / "m" / "exams.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len({r["exam"] for r in rows}) == (24 if name == "discs" else 16)
    assert {"exam", "subject", "status", f"{output}.truth"} <= set(rows[0])
    from vesale.engine.opened import open_model

    task = open_model(studied.model).pipeline.task
    histograms = tmp_path / "m" / "histograms.npz"
    again = measured(load_results(tmp_path / "m" / "exams.csv", task, histograms if name == "lines" else None))
    document = json.loads((tmp_path / "m" / "report.json").read_text(encoding="utf-8"))
    for metric, measure in again.measures[output].items():
        kept = document["measures"][output][metric]
        assert close(number(measure), kept), metric


@pytest.mark.slow
@pytest.mark.train
def test_the_dice_of_a_report_is_that_of_the_masks(tiny_package, tmp_path):
    from PIL import Image as Pillow

    studied = tiny_package["lines"]
    report = evaluate(studied.model, studied.cohort, tmp_path)
    both = sizes = 0
    for where in sorted((tmp_path / "readings").iterdir()):
        if not (where / "mask.mask.png").exists():
            continue
        said = np.asarray(Pillow.open(where / "mask.mask.png")) > 0
        truth = np.asarray(Pillow.open(studied.cohort / "masks" / f"{where.name}.png")) > 0
        both, sizes = both + (said & truth).sum(), sizes + said.sum() + truth.sum()
    assert report.measures["mask"]["f1"].value == pytest.approx(2 * both / sizes, abs=2e-3)
    assert isinstance(task_of(tmp_path / "readings", cohort_of_folder(studied)).outputs["mask"], Partition)


def cohort_of_folder(studied):
    from vesale.io.cohort import read_cohort

    return read_cohort(studied.cohort).cohort


@pytest.mark.train
@pytest.mark.parametrize(("language", "heading"), [("en", "Can its probabilities be believed?"),
                                                   ("fr", "Peut-on croire ses probabilités ?")])  # fmt: skip
def test_the_page_speaks_the_language_that_was_asked_for(tiny_package, tmp_path, language, heading):
    from vesale.cli.__main__ import main

    tiny = tiny_package["discs"]
    words = ["evaluate", str(tiny.model), str(tiny.cohort), "--out", str(tmp_path / "e"), "--language", language]
    assert main(words) == 0
    page = (tmp_path / "e" / "report.html").read_text(encoding="utf-8")
    assert f'<html lang="{language}"' in page
    assert heading in page


def test_grades_that_call_for_action_are_ranked_and_several_answers_count_together(tmp_path):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(4)
    truth, risk = rng.integers(0, 3, 40), rng.integers(0, 2, 40)
    p = rng.dirichlet(np.ones(3), 40)
    said, named = p.argmax(1), rng.integers(0, 2, 40)
    outputs = [
        {"grade": {"kind": "quantity", "value": float(s), "unit": "", "low": None, "high": None, "level": None,
                   "steps": ["0", "1", "2"], "step": int(s), "probabilities": row.tolist(), "set": None},
         "risk": category(np.eye(2)[n], ("1", "2"))["label"]}
        for s, row, n in zip(said, p, named, strict=True)
    ]  # fmt: skip
    exams = tuple(
        Exam(f"e{i:02d}", f"s{i}", (View({"image": f"{i}.png"}),), {"grade": float(g), "risk": float(r + 1)})
        for i, (g, r) in enumerate(zip(truth, risk, strict=True))
    )
    outs = {"grade": Quantity(steps=("0", "1", "2"), action=1), "risk": Category(("1", "2"))}
    task = Task("t", outs)
    results = read_results(readings(tmp_path / "r", outputs), Cohort("made", Path(), exams), task)
    found = measured(results).measures
    assert found["grade"]["auc"].value == pytest.approx(metrics.roc_auc_score(truth >= 1, p[:, 1:].sum(1)))
    assert found["grade + risk"]["accuracy"].value == pytest.approx(((said == truth) & (named == risk)).mean())
    assert_again(results, task, tmp_path)
