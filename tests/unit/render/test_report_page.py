"""The report as a browser would take it apart: self-contained, escaped, and no number without its interval."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from unit.render import made_reports as made
from vesale.core.report import Measure
from vesale.render import words
from vesale.render.extras import ExamLine
from vesale.render.report_page import MOST_EXAMS, report_page

VOID = {"meta", "img", "br", "link", "input", "hr"}
PAIRS = [(made.partition(), "partition"), (made.category(), "category"), (made.grade(), "grade")]


class Page(HTMLParser):
    """Every element with its attributes, its path of open elements and the text inside it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements = [], []
        self.feed(text)
        assert not self.open, f"never closed: {[e['tag'] for e in self.open]}"

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "attributes": dict(attributes), "text": "", "inside": [e["tag"] for e in self.open]}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        inside = [e["tag"] for e in self.open]
        self.elements.append({"tag": tag, "attributes": dict(attributes), "text": "", "inside": inside})

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def of_class(self, name):
        return [e for e in self.elements if name in (e["attributes"].get("class") or "").split()]

    def section(self, anchor):
        return next(e["text"] for e in self.elements if e["attributes"].get("id") == anchor)


@pytest.fixture(scope="module", params=["en", "fr"])
def language(request):
    return request.param


@pytest.fixture(scope="module", params=PAIRS, ids=[name for _, name in PAIRS])
def page(request, language):
    return Page(report_page(request.param[0], made.extras(), language))


def test_nothing_is_loaded_from_outside_and_nothing_runs(page):
    for element in page.elements:
        attributes = element["attributes"]
        for name in ("href", "src", "xlink:href", "srcset", "data", "action", "poster"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:image/png;base64,")), target
        assert element["tag"] not in {"script", "iframe", "object", "embed", "link", "base", "form"}
        assert not any(name.startswith("on") for name in attributes)
    styles = "".join(e["text"] for e in page.elements if e["tag"] == "style")
    styles += "".join(e["attributes"].get("style") or "" for e in page.elements)
    assert "@import" not in styles
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", styles))


def test_what_users_write_is_never_markup(page):
    assert sum(made.BAD in e["text"] for e in page.elements if e["tag"] in {"td", "th", "dd", "h1", "li"}) >= 5


def test_every_picture_is_inside_the_page_and_has_words(page):
    pictures = [e["attributes"] for e in page.elements if e["tag"] == "img"]
    assert len(pictures) == 2
    for attributes in pictures:
        assert base64.b64decode(attributes["src"].partition(",")[2]).startswith(b"\x89PNG")
        assert attributes["alt"].startswith(("Best", "Worst"))
        assert {attributes["width"], attributes["height"]} == {"40", "60"}
    charts = page.of_class("chart")
    assert len(charts) >= 2
    assert all(e["attributes"]["role"] == "img" and e["attributes"]["aria-label"] for e in charts)


def test_every_number_shows_its_interval_and_its_n_or_says_that_it_is_not_known(page):
    numbers = page.of_class("number")
    assert len(numbers) >= 2
    for element in numbers:
        if "unknown" in element["attributes"]["class"]:
            assert re.search("not known|non connu", element["text"]), element["text"]
        else:
            assert re.search(r"\[(\S+\u2013\S+|interval not known|intervalle non connu)\]", element["text"])


def test_every_id_is_there_once_and_every_anchor_leads_somewhere(page):
    ids = [e["attributes"]["id"] for e in page.elements if "id" in e["attributes"]]
    assert len(ids) == len(set(ids))
    targets = {e["attributes"].get("href", e["attributes"].get("xlink:href")) for e in page.elements}
    targets = {t[1:] for t in targets if t and t.startswith("#")}
    assert len(targets) >= 7
    assert targets <= set(ids)


def test_both_schemes_and_paper_are_served(page):
    style = next(e["text"] for e in page.elements if e["tag"] == "style")
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style
    used = set(re.findall(r"var\((--[a-z0-9]+)\)", style))
    assert used <= set(re.findall(r"(--[a-z0-9]+):", style))


def test_the_answer_comes_first_with_interval_and_n_and_a_comparison():
    text = Page(report_page(made.partition(), made.extras())).section("short")
    assert "In 20 exams of 20 subjects held out from training" in words_of(text)
    assert "0.821 [0.812\u20130.830; n = 20 subjects] (Dice" in words_of(text)
    assert "it found 81.2 % [79.3\u201383.1; n = 20 subjects] of what the experts marked" in words_of(text)
    assert "second observer reaches 0.788" in words_of(text)
    assert "every exam goes to a reader" in text


def test_a_cross_fit_and_two_outputs_are_told_as_such():
    text = words_of(Page(report_page(made.grade(), made.extras())).section("short"))
    assert "each read by a network that had not learned from that subject (grade): " in text
    assert "In the same exams (age): it is 4.21 years [3.9\u20134.6; n = 407 subjects] off on average" in text


def test_without_subjects_the_first_page_says_that_a_split_by_patient_was_impossible():
    page = Page(report_page(made.category(), made.extras()))
    assert "A split by patient was impossible" in page.section("warnings")
    assert "held out" not in page.section("short")
    assert "had not learned" not in page.section("short")
    order = [e["attributes"].get("id") for e in page.elements if e["tag"] == "section"]
    assert order[:3] == ["short", "warnings", "pictures"]
    unknown = replace(made.grade(), cohort={"subjects": 407, "exams": 407})
    assert "is not known" in Page(report_page(unknown, made.extras())).section("warnings")


def test_what_was_promised_stands_beside_what_happened():
    text = words_of(Page(report_page(made.category(), made.extras(refer_rule="at least 0.81"))).section("referral"))
    assert "at least 0.81" in text
    assert "at most 5 % are wrong, with confidence 90 %" in text
    assert "3.4 % [1.8\u20135.6]" in text


def test_an_unknown_number_says_why_and_an_unexplained_metric_keeps_its_name():
    text = Page(report_page(made.partition(), made.extras())).section("numbers")
    assert "not known: the images have no scale" in text
    assert "new metric" in text
    assert "[interval not known]" in text


def test_bins_whose_interval_is_unknown_say_so():
    pixels = Page(report_page(made.partition(), made.extras())).section("calibration")
    exams = Page(report_page(made.category(), made.extras())).section("calibration")
    assert pixels.count("[interval not known]") == 3
    assert "[interval not known]" not in exams
    assert exams.count("\u2013") >= 3


def test_a_row_without_exams_in_the_confusion_has_no_share():
    text = Page(report_page(made.category(), made.extras())).section("curves")
    assert text.count("not known") == 3
    assert "90 % [55\u2013100]" in words_of(text)


def test_a_report_of_nothing_is_still_a_page():
    empty = replace(made.grade(), measures={}, cohort={})
    bare = made.extras(gallery=(), curves=(), confusions=(), exams=(), findings=None, limits=(), intended_use="")
    page = Page(report_page(empty, bare))
    assert "nothing could be measured" in page.section("short")
    assert "The data were not checked" in page.section("cohort")


def test_a_long_table_of_exams_is_cut_and_says_so():
    rows = tuple(ExamLine(f"e{i}", "reported", "a", "a", 0.9) for i in range(MOST_EXAMS + 7))
    text = Page(report_page(made.grade(), made.extras(exams=rows))).section("exams")
    assert f"e{MOST_EXAMS - 1}" in text
    assert f"e{MOST_EXAMS}\n" not in text
    assert "7 more are in exams.csv" in text


def test_the_same_report_gives_the_same_bytes():
    assert report_page(made.category(), made.extras()) == report_page(made.category(), made.extras())


def test_digits_follow_the_width_of_the_interval():
    assert words.value_text(Measure("dice", 0.81234, 0.7, 0.9, 5)) == "0.81"
    assert words.value_text(Measure("dice", 0.81234, 0.80, 0.82, 5)) == "0.812"
    assert words_of(words.value_text(Measure("accuracy", 0.81234, 0.7, 0.9, 5))) == "81 %"
    assert (
        words_of(
            words.value_text(
                Measure("mae", 4.2149, 4.0, 4.4, 5, unit="mm"),
            )
        )
        == "4.21 mm"
    )
    assert words.interval_text(Measure("auc", 0.9, 0.85, 0.95, 5, level=0.9)).endswith("(90\u00a0%)]")


def words_of(text):
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))
