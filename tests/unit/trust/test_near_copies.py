"""What near copies mean: an error across subjects or splits when sure, a warning when not, a note inside a subject."""

from pathlib import Path

import pytest

from vesale.core.exam import Cohort, Exam, View
from vesale.trust.alignment import Overlay
from vesale.trust.duplicates import Same
from vesale.trust.near_copies import Copy, across, near_copies


def exam(name, subject=None, **more):
    return Exam(name, subject or f"s-{name}", (View({"image": f"{name}.png"}, line=ord(name[0]) - 95),), **more)


def cohort(*exams, name="here"):
    return Cohort(name, Path(), exams)


def copy(first, second, confidence=0.99, change=""):
    laid = Overlay((1, 0, 0, 0, 1, 0), 1.0, 0.97, 0.98, 20.0)
    return Copy(first, second, Same(0, 1, confidence, laid, change))


def test_two_subjects_are_an_error_one_is_a_note():
    both = near_copies(cohort(exam("a"), exam("b"), exam("c", "s"), exam("d", "s")), [copy("a", "b"), copy("c", "d")])
    assert [(f.kind, f.severity, f.exams, f.confidence) for f in both.findings] == [
        ("near_duplicate", "error", ("a", "b"), 0.99),
        ("near_duplicate", "note", ("c", "d"), 0.99),
    ]
    assert both.findings[0].lines == (2, 3)
    assert both.findings[0].measure.value == 0.97
    assert "s-a" not in both.findings[0].message
    assert len(both.cohort) == 4
    assert both.excluded == ()


def test_less_sure_is_a_warning_across_subjects():
    found = near_copies(cohort(exam("a"), exam("b")), [copy("a", "b", 0.7)])
    assert [(f.severity, f.confidence) for f in found.findings] == [("warning", 0.7)]
    assert "may show" in found.findings[0].message


def test_one_subject_in_two_splits_is_an_error():
    found = near_copies(cohort(exam("a", "s", split="train"), exam("b", "s", split="test")), [copy("a", "b")])
    assert [(f.severity, f.splits) for f in found.findings] == [("error", ("train", "test"))]


def test_a_chain_is_one_finding_and_says_what_was_done():
    pairs = [copy("a", "b", 0.99, "mirrored"), copy("b", "c", 0.96, "turned by 90 degrees"), copy("a", "c", 0.6)]
    (finding,) = near_copies(cohort(*(exam(n) for n in "abc")), pairs).findings
    assert finding.exams == ("a", "b", "c")
    assert finding.confidence == 0.96
    assert "(mirrored; turned by 90 degrees), under 3 subjects" in finding.message


def test_allowed_ones_are_joined_and_the_lower_split_gives_way():
    exams = (exam("a", split="train"), exam("b", split="test"), exam("c"), exam("d"), exam("e", "s-d"))
    done = near_copies(cohort(*exams), [copy("a", "b"), copy("c", "d"), copy("d", "e", 0.6)], join=True)
    assert [e.id for e in done.cohort] == ["b", "c", "d", "e"]
    assert len({e.subject for e in done.cohort if e.id != "b"}) == 1
    assert done.excluded == (("a", "nearly the same picture as b (test); removed from train"),)
    across_splits = next(f for f in done.findings if "a" in f.exams)
    assert across_splits.severity == "warning"
    assert "removed from the lower split: a" in across_splits.message


def test_less_sure_ones_are_never_joined():
    done = near_copies(cohort(exam("a"), exam("b")), [copy("a", "b", 0.9)], join=True)
    assert len(done.cohort.subjects) == 2


@pytest.mark.parametrize(("subject", "severity"), [(None, "error"), ("s", "warning")])
def test_labels_that_disagree(subject, severity):
    exams = [exam("a", subject, truth={"label": "x"}), exam("b", subject, truth={"label": "y"})]
    found = near_copies(cohort(*exams), [copy("a", "b")])
    conflict = next(f for f in found.findings if f.kind == "label_conflict")
    assert conflict.severity == severity
    assert "a 'x', b 'y'" in conflict.message
    unsure = near_copies(cohort(*exams), [copy("a", "b", 0.7)])
    assert all(f.kind != "label_conflict" for f in unsure.findings)


def test_what_two_cohorts_share():
    ours = cohort(*(exam(n, truth={"label": "x"}) for n in "abcd"))
    theirs = cohort(exam("p", truth={"label": "y"}), exam("q"), exam("r", truth={"label": "x"}), name="other")
    pairs = [copy("a", "p"), copy("b", "q"), copy("b", "r", 0.6), copy("c", "r", 0.8)]
    found = across((ours, theirs), [("a", "p")], pairs)
    assert [(f.kind, f.severity, f.exams) for f in found] == [
        ("exact_duplicate", "error", ("a",)),
        ("label_conflict", "warning", ("a",)),
        ("near_duplicate", "error", ("b",)),
        ("near_duplicate", "warning", ("c",)),
    ]
    assert found[0].message == "exam a shows the same picture as p of other"
    assert "q of other" in found[2].message
    assert "r" not in found[2].message.split(" of other")[0].split()[-1]
    assert found[3].confidence == 0.8


def test_an_id_depends_on_the_exams_alone():
    one = near_copies(cohort(exam("a"), exam("b")), [copy("a", "b")]).findings[0]
    two = near_copies(cohort(exam("b"), exam("a")), [copy("a", "b", 0.97)]).findings[0]
    assert one.id == two.id
