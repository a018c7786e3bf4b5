"""The page of a reading: failures first, pictures linked relatively, nothing a user named becomes markup."""

from datetime import UTC, datetime

import pytest

from unit.render.made_reports import BAD
from unit.render.test_report_page import Page
from vesale.core.prediction import Reason
from vesale.render.documents import Failure, ReadExam, Summary
from vesale.render.index_page import ExamRow, index_page, linked

FAILED = (Failure("c.png", "unreadable", f"c.png: not a PNG {BAD}", "send it again"),)


def made(language="en", failures=FAILED):
    summary = Summary(
        {"name": f"vessels {BAD}", "version": "1", "digest": "ab"},
        datetime(2026, 3, 1, 12, tzinfo=UTC),
        74.0,
        812.4,
        "0.1.0",
        (
            ReadExam("a", "reported", "a/prediction.json"),
            ReadExam("b", "referred", None),
            ReadExam("c", "failed", None),
        ),
        failures,
    )
    rows = (
        ExamRow(
            f"a {BAD}", "reported", (), (f"grade: 2 {BAD}",), "a b/overlay.png", "a b/prediction.json", ("a b/m.png",)
        ),
        ExamRow("b", "referred", (Reason("uncertain", "Two grades fit.", 0.5, 0.8),), ("grade: 2",)),
        ExamRow("c", "failed"),
    )
    return Page(index_page(summary, rows, language))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_links_are_relative_and_nothing_runs(language):
    page = made(language)
    targets = [e["attributes"].get(name) for e in page.elements for name in ("href", "src") if name in e["attributes"]]
    assert targets
    assert all(target.startswith("./a%20b/") for target in targets)
    assert not [e for e in page.elements if e["tag"] == "script"]
    assert BAD in page.section("exams")


def test_failures_come_first_with_cause_and_remedy():
    page = made()
    assert [e["attributes"]["id"] for e in page.elements if e["tag"] == "section"] == ["failures", "exams", "about"]
    assert "not a PNG" in page.section("failures")
    assert "send it again" in page.section("failures")
    without = made(failures=())
    assert "failures" not in [e["attributes"].get("id") for e in without.elements]


def test_status_is_said_in_words_with_its_reason():
    text = made().section("exams")
    assert "to a reader" in text
    assert "uncertain: Two grades fit. (measured 0.5, limit 0.8)" in text
    assert "no picture" in text


def test_every_picture_has_words():
    assert all(e["attributes"]["alt"] for e in made().elements if e["tag"] == "img")


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a/../../b", ""])
def test_a_link_never_leaves_the_folder(path):
    with pytest.raises(ValueError, match="below the page"):
        linked(path)


def test_a_name_that_looks_like_an_address_stays_a_name():
    assert linked("javascript:alert(1).png") == "./javascript%3Aalert%281%29.png"
