"""Lines for a terminal: one an exam, every number with its interval, findings grouped and counted."""

from dataclasses import replace

import pytest

from unit.render import made_reports as made
from vesale.core.prediction import (
    AnsweredCategory,
    AnsweredPartition,
    AnsweredQuantity,
    Evidence,
    GateVerdict,
    MaskRisk,
    Prediction,
    Reason,
    Region,
)
from vesale.core.report import Finding
from vesale.render.text import answer_lines, finding_lines, lead_sentences, line, refer_sentence, report_lines


def prediction(outputs, status="reported", reasons=(), exam="eye-1"):
    model = {"name": "m", "version": "1", "digest": "d"}
    evidence = Evidence(model, "r", (), "onnxruntime", "float32", "0.1", 0, 1.0)
    return Prediction(exam, None, status, reasons, outputs, GateVerdict("pass"), evidence)


def said(answer, language="en"):
    (text,) = answer_lines(prediction({"x": answer}), language)
    return text.replace("\u00a0", " ")


def test_a_grade_says_what_it_cannot_rule_out():
    answer = AnsweredQuantity(2, "", level=0.9, steps=("none", "mild", "severe"), step=2, set=(1, 2))
    assert said(answer) == "x: 2 severe (at 90 % it cannot rule out: mild, severe)"
    uncalibrated = AnsweredQuantity(2, "", steps=("none", "mild", "severe"), step=2)
    assert "not calibrated" in said(uncalibrated)


def test_a_number_says_its_interval_or_that_there_is_none():
    assert (
        said(AnsweredQuantity(63.21, "years", 58.1, 68.04, 0.9))
        == "x: 63.2 years (90 % interval 58.1 years to 68 years)"
    )
    assert "63,2 years" in said(AnsweredQuantity(63.21, "years", 58.1, 68.0, 0.9), "fr")
    assert "not calibrated" in said(AnsweredQuantity(63.21, "years"))


def test_a_category_never_calls_a_raw_score_a_probability():
    sure = AnsweredCategory(True, "yes", {"no": 0.07, "yes": 0.93}, True, ("yes",), 0.95)
    assert said(sure) == "x: yes (probability 0.93); at 95 % it cannot rule out: yes"
    raw = AnsweredCategory(True, "yes", {"no": 0.07, "yes": 0.93}, False)
    assert said(raw) == "x: yes (raw score 0.93, not a probability (not calibrated))"
    assert said(AnsweredCategory(False, (), {"a": 0.1}, False)) == "x: none of them"
    assert said(AnsweredCategory(True, None, {"a": 0.1}, False)) == "x: no answer"
    assert "fits none" in said(AnsweredCategory(True, "a", {"a": 0.5}, True, (), 0.9))


def test_a_partition_gives_sizes_only_where_there_is_a_scale():
    regions = (
        Region("bleed", 1200, area_mm2=1.25, count=3),
        Region("exudate", 1200),
        Region("clot", 9, volume_mm3=4.0),
    )
    text = said(AnsweredPartition(True, ("background", "bleed"), (), (), regions, MaskRisk(0.1, 0.4, 30)))
    assert "bleed 1.25 mm\u00b2, 3 separate" in text
    assert "exudate 1,200 samples, size in mm not known" in text
    assert "clot 4 mm\u00b3" in text
    assert "miss at most 10 %" in text
    assert "with confidence 90 %" in said(AnsweredPartition(True, (), (), (), (), MaskRisk(0.1, 0.4, 30, 0.1)))
    assert "no promise" in said(AnsweredPartition(True, (), (), (), ()))


def test_an_exam_is_one_line_whatever_its_name():
    reason = Reason("uncertain", "Two grades\ncannot be ruled out.", 2.0, 1.0)
    text = line(prediction({}, "referred", (reason,), "eye\n\x1b[31m1"))
    assert "\n" not in text
    assert "\x1b" not in text
    assert "to a reader" in text
    assert "uncertain: Two grades cannot be ruled out. (measured 2, limit 1)" in text


def test_a_report_gives_every_number_its_interval():
    lines = report_lines(made.partition())
    assert any("held out from training" in text for text in lines)
    indented = [text for text in lines if text.startswith("  ")]
    assert len(indented) == 4
    assert all("[" in text or "not known" in text for text in indented)
    assert lines[-1].startswith("warning: ")
    assert any("impossible" in text for text in report_lines(made.category()))


def test_findings_are_grouped_gravest_first_and_counted():
    findings = [
        Finding("1", "shortcut", "warning", "w", "fix"),
        Finding("2", "near_duplicate", "error", "e1", "fix", lines=(3, 9)),
        Finding("3", "near_duplicate", "error", "e2", "fix"),
    ]
    lines = [text.replace("\u00a0", " ") for text in finding_lines(findings)]
    assert lines == [
        "2 errors: near_duplicate",
        "  e1 (lines 3, 9 of the table) fix",
        "  e2 fix",
        "1 warning: shortcut",
        "  w fix",
    ]
    assert finding_lines([]) == ["no findings"]


@pytest.mark.parametrize(
    ("split", "claim"),
    [
        ("test", "held out from training"),
        ("out_of_fold", "each read by a network"),
        ("cross_fit", "each read by a network"),
        ("external", "another origin"),
        ("train", "In 407 exams of 407 subjects: "),
        (None, "In 407 exams of 407 subjects: "),
    ],
)
def test_no_more_is_claimed_of_the_cohort_than_its_split_allows(split, claim):
    report = replace(made.grade(), cohort={**made.grade().cohort, "split": split}, measures={})
    (text,) = lead_sentences(report, {})
    assert claim in text.replace("\u00a0", " ")


def test_the_kind_that_is_given_wins_over_the_one_that_is_guessed():
    report = replace(made.category(), measures={"tissue": {"sensitivity": made.number("sensitivity", 0.9, 0.8, 0.95)}})
    assert "of the exams that have it" in lead_sentences(report, {})[0]
    assert "of what the experts marked" in lead_sentences(report, {"tissue": "partition"})[0]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_rule_that_reports_nothing_is_said_in_a_sentence_that_can_be_read(language):
    rule = made.category().refer
    none = replace(
        rule,
        share_reported=replace(rule.share_reported, value=0.0, low=0.0),
        error_reported=replace(rule.error_reported, value=None, low=None, high=None, n=0, method="no exam to count"),
    )
    said = refer_sentence(replace(made.category(), refer=none), language)
    assert "no exam to count" not in said
    assert {"en": "every exam goes to a reader", "fr": "tous vont à un lecteur"}[language] in said
    assert said != refer_sentence(made.category(), language)
