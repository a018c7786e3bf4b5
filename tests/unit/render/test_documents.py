"""The JSON documents against the key sets of INTERFACES, written out here a second time on purpose."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.model import Card
from vesale.core.prediction import (
    AnsweredCategory,
    AnsweredPartition,
    AnsweredQuantity,
    Check,
    Evidence,
    GateVerdict,
    MaskRisk,
    Prediction,
    Promise,
    Reason,
    Region,
    Seen,
)
from vesale.core.report import Bin, Calibration, Finding, Measure, Referral, Report, Subgroup
from vesale.render import documents

NUMBER = {"value", "low", "high", "level", "n", "n_of", "unit", "method"}
PREDICTION = {
    "schema",
    "exam",
    "subject",
    "status",
    "reasons",
    "promise",
    "outputs",
    "gate",
    "evidence",
    "notes",
    "news",
}
QUANTITY = {"kind", "value", "unit", "low", "high", "level", "steps", "step", "probabilities", "set"}
QUANTITY |= {"quantiles", "guarantee"}
CATEGORY = {"kind", "exclusive", "answer", "probabilities", "calibrated", "set", "level", "guarantee"}
PARTITION = {
    *(
        "kind",
        "exclusive",
        "files",
        "confidence_files",
        "names",
        "shape",
        "spacing_mm",
        "regions",
        "risk",
        "thresholds",
        "risks",
        "guarantee",
    ),
}
EVIDENCE = {
    *("model", "recipe", "inputs", "runtime", "precision", "vesale", "seed", "seconds", "log_entry", "explanation"),
}
REPORT = {
    *("schema", "command", "model", "cohort", "measures", "per_class", "subgroups", "calibration", "coverage"),
    *("refer", "baselines", "warnings", "seconds", "peak_rss_mb", "candidates", "guarantees"),
}
CALIBRATION = {"ece", "brier", "bins", "of", "stated", "observed", "per_class", "subgroups"}
COHORT = {"digest", "subjects", "exams", "split", "split_by_subject", "excluded"}
SUMMARY = {
    *("schema", "model", "started", "seconds", "peak_rss_mb", "vesale", "counts", "exams", "failures", "log"),
}
CARD = {
    *("schema", "name", "version", "digest", "cohort", "intended_use", "licence", "use", "data", "citation"),
    *("modalities", "limits", "measures", "training", "promises", "origin", "commissioned", "privacy"),
}
FINDING = {
    *("id", "kind", "severity", "exams", "lines", "splits", "confidence", "message", "remedy", "picture", "measure"),
}
MODEL = {"name": "vessels", "version": "1", "digest": "ab" * 6}
DICE = Measure("dice", 0.81, 0.79, 0.83, 20, method="percentile bootstrap over subjects, 2000 draws")


def prediction() -> Prediction:
    labels = Image(np.zeros((1, 4, 6), np.uint8), Grid((4, 6)), "labels", ("label",), Provenance("x"))
    scaled = replace(labels, grid=Grid((4, 6), spacing=(0.5, 0.25)))
    region = Region("vessel", 7, 0.875)
    partition = AnsweredPartition(True, ("background", "vessel"), (scaled,), (), (region,), None, ("m.mask.png",))
    lesions = AnsweredPartition(
        False,
        ("bleed", "exudate"),
        (labels.with_data(np.zeros((1, 4, 6)), labels_step()),),
        (),
        (),
        MaskRisk(0.1, 0.4, 30),
    )
    return Prediction(
        exam="eye-1",
        subject=None,
        status="referred",
        reasons=(Reason("uncertain", "The set holds two grades.", np.float32(0.5), float("nan")),),  # type: ignore[arg-type]
        outputs={
            "mask": partition,
            "lesions": lesions,
            "grade": AnsweredQuantity(2.0, "", steps=("none", "mild", "severe"), step=2, probabilities=(0.1, 0.2, 0.7)),
            "tumour": AnsweredCategory(True, "yes", {"no": 0.1, "yes": 0.9}, True, ("yes",), 0.9),
        },
        gate=GateVerdict("pass", 1.0, 2.0, 0.02, (Check("sharpness", True, 0.3),)),
        evidence=Evidence(
            MODEL, "cd" * 6, (Seen("e" * 64, "OP", (4, 6), None),), "onnxruntime", "float32", "0.1", 0, 1.5
        ),
        promise=Promise(0.05, 0.1, 200, "the answer is not the truth", True),
    )


def labels_step():
    from vesale.core.image import Step

    return Step("made")


def report(**changes) -> Report:
    made = Report(
        command="vesale evaluate READINGS COHORT --out E",
        model=MODEL,
        cohort={"digest": "0" * 12, "subjects": 20, "exams": 20, "split": "test", "split_by_subject": True},
        measures={"mask": {"dice": DICE, "auc": replace(DICE, name="auc", value=None, low=None, high=None)}},
        per_class={"mask": {"vessel": {"dice": DICE}}},
        subgroups=(
            Subgroup("sex", "F", 3, None, "too few subjects"),
            Subgroup("sex", "M", 17, {"mask": {"dice": DICE}}),
        ),
        calibration={"mask": Calibration(DICE, DICE, (Bin(0.1, 0.12, 5),))},
        coverage={"mask": DICE},
        refer=Referral(0.05, 0.1, DICE, DICE),
        baselines={"Otsu": {"mask": {"dice": DICE}}},
        warnings=(("few_subjects", "Twenty subjects only."),),
        seconds=3.0,
        peak_rss_mb=512.0,
    )
    return replace(made, **changes)


def through_json(document):
    text = documents.dumps(document)
    assert json.loads(text) == document, "a document is already what JSON gives back"
    return json.loads(text)


def test_a_prediction_has_every_key_and_each_output_its_own():
    d = through_json(documents.prediction_document(prediction()))
    assert set(d) == PREDICTION
    assert d["schema"] == "vesale/prediction/1"
    assert d["subject"] is None
    assert d["reasons"] == [
        {"code": "uncertain", "message": "The set holds two grades.", "value": 0.5, "threshold": None}
    ]
    assert set(d["promise"]) == {
        *("alpha", "delta", "n_calibration", "unit", "error", "approximate"),
        *("confidence", "threshold", "prices"),
    }
    assert set(d["gate"]) == {"verdict", "score", "threshold", "false_alarm_rate", "checks"}
    assert d["gate"]["checks"] == [{"name": "sharpness", "pass": True, "value": 0.3}]
    assert set(d["evidence"]) == EVIDENCE
    assert set(d["evidence"]["model"]) == {"name", "version", "digest"}
    assert d["evidence"]["inputs"] == [{"sha256": "e" * 64, "modality": "OP", "shape": [4, 6], "spacing_mm": None}]
    keys = {name: set(output) for name, output in d["outputs"].items()}
    assert keys == {"mask": PARTITION, "lesions": PARTITION, "grade": QUANTITY, "tumour": CATEGORY}


def test_a_partition_names_its_indices_and_keeps_an_unknown_scale_unknown():
    outputs = documents.prediction_document(prediction())["outputs"]
    assert outputs["mask"]["names"] == {"0": "background", "1": "vessel"}
    assert outputs["mask"]["shape"] == [4, 6]
    assert outputs["mask"]["spacing_mm"] == [0.5, 0.25]
    assert outputs["mask"]["regions"] == [
        {"name": "vessel", "samples": 7, "area_mm2": 0.875, "volume_mm3": None, "count": None}
    ]
    assert outputs["mask"]["risk"] is None
    assert outputs["lesions"]["names"] == {"0": "bleed", "1": "exudate"}
    assert outputs["lesions"]["spacing_mm"] is None
    assert outputs["lesions"]["risk"] == {"measure": "fnr", "alpha": 0.1, "delta": None, "threshold": 0.4, "n": 30}


def test_an_explanation_has_its_keys_whatever_the_engine_knew():
    made = prediction()
    told = replace(made, evidence=replace(made.evidence, explanation={"method": "gradcam", "faithfulness": DICE}))
    explanation = documents.prediction_document(told)["evidence"]["explanation"]
    assert set(explanation) == {"method", "file", "faithfulness", "passed"}
    assert set(explanation["faithfulness"]) == NUMBER
    assert explanation["file"] is None


def test_a_report_has_every_key_also_when_little_is_known():
    d = through_json(documents.report_document(report()))
    assert set(d) == REPORT
    assert set(d["cohort"]) == COHORT
    assert d["cohort"]["excluded"] == []
    assert set(d["measures"]["mask"]["dice"]) == NUMBER
    assert d["measures"]["mask"]["auc"]["value"] is None
    assert all({"by", "value", "subjects", "measures", "note"} <= set(s) for s in d["subgroups"])
    assert set(d["calibration"]["mask"]) == CALIBRATION
    assert d["calibration"]["mask"]["bins"] == [{"p": 0.1, "observed": 0.12, "n": 5, "low": None, "high": None}]
    assert set(d["refer"]) == {"alpha", "delta", "share_reported", "error_reported", "prices", "cost_reported"}
    assert d["warnings"] == [{"code": "few_subjects", "message": "Twenty subjects only."}]
    bare = through_json(documents.report_document(Report("c", MODEL, {}, {})))
    assert set(bare) == REPORT
    assert set(bare["cohort"]) == COHORT
    assert bare["cohort"]["digest"] is None
    assert bare["refer"] is None


def test_a_number_comes_back_as_it_went():
    assert set(documents.number(DICE)) == NUMBER
    assert documents.measure("dice", documents.number(DICE)) == DICE
    assert documents.number(replace(DICE, value=float("nan"), high=float("inf")))["value"] is None
    assert documents.number(replace(DICE, value=float("nan"), high=float("inf")))["high"] is None


def test_a_summary_counts_every_status():
    d = through_json(
        documents.summary_document(
            documents.Summary(
                MODEL,
                datetime(2026, 3, 1, 13, 30, tzinfo=timezone(timedelta(hours=2))),
                12.5,
                None,
                "0.1.0",
                (
                    documents.ReadExam("a", "reported", "a/prediction.json"),
                    documents.ReadExam("b", "referred", "b/prediction.json"),
                    documents.ReadExam("c", "failed", None),
                ),
                (documents.Failure("c.png", "unreadable", "c.png: not a PNG", None),),
            )
        )
    )
    assert set(d) == SUMMARY
    assert d["started"] == "2026-03-01T11:30:00Z"
    assert d["counts"] == {"exams": 3, "reported": 1, "referred": 1, "declined": 0, "failed": 1}
    assert d["exams"][2] == {"exam": "c", "status": "failed", "path": None, "news": []}
    assert d["failures"] == [{"input": "c.png", "code": "unreadable", "message": "c.png: not a PNG", "remedy": None}]


def test_a_card_and_a_finding_have_every_key():
    card = Card("vessels", "1", "ab" * 6, {"subjects": 20}, "vessels of the retina", measures={"mask": {"dice": DICE}})
    d = through_json(documents.card_document(card))
    assert set(d) == CARD
    assert set(d["measures"]["mask"]["dice"]) == NUMBER
    finding = documents.finding_document(Finding("f1", "near_duplicate", "error", "m", "r", ("a", "b"), measure=DICE))
    assert set(through_json(finding)) == FINDING
    assert set(finding["measure"]) == NUMBER


def test_dumps_keeps_order_and_letters_and_refuses_what_is_no_number():
    text = documents.dumps({"b": "œil", "a": 1})
    assert text.index('"b"') < text.index('"a"')
    assert "œil" in text
    with pytest.raises(ValueError, match="JSON compliant"):
        documents.dumps({"x": float("nan")})


def test_a_moment_without_a_zone_is_refused():
    assert documents.timestamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
    with pytest.raises(ValueError, match="no time zone"):
        documents.timestamp(datetime(2026, 1, 2))


def test_what_has_no_place_in_a_document_is_an_error_not_a_string():
    with pytest.raises(TypeError, match="object has no place"):
        documents.plain(object())
