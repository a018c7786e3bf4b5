"""The refer rule on a page: a doctor reads what was promised, why, and what would change it; in two languages."""

from dataclasses import replace

import numpy as np
import pytest

from unit.render import made_reports as made
from vesale.core.report import Measure
from vesale.render.extras import Promised
from vesale.render.refer_section import prices_in_words, refer_lines, refer_section, risk_curve
from vesale.render.refer_words import REFER
from vesale.render.report_page import report_page
from vesale.render.text import refer_sentence

KEPT = Promised(
    alpha=0.05,
    delta=0.1,
    threshold=0.891,
    n=524,
    reported=377,
    wrong=13,
    cost=13.0,
    needed=45,
    would_do=None,
    error="label: the answer is not the truth",
    approximate=False,
    calibrated=tuple((i / 20, 0.01 + 0.06 * i / 20, 0.03 + 0.07 * i / 20) for i in range(1, 21)),
    measured=((0.2, 0.0), (0.6, 0.03), (1.0, 0.11)),
)
NONE = replace(KEPT, threshold=None, reported=0, wrong=0, cost=None, would_do=900)
PRICED = replace(KEPT, prices={"missed": 10.0, "a:b": 2.5}, cost=22.0, wrong=4)


def text(promised, language="en"):
    return " ".join(refer_lines(promised, language)).replace("\u00a0", " ").replace("\u202f", " ")


def test_a_promise_says_on_what_it_rests_and_where_it_ends():
    said = text(KEPT)
    assert "Of 524 subjects on which it was calibrated it would have answered 377 alone, from confidence 0.891" in said
    assert "13 of these answers were wrong" in said
    assert "with confidence 90 %: of exams like those, at most 5 % of the ones it answers alone are wrong" in said
    assert "At another site" in said
    assert "approximate" not in said
    assert "sister networks" in text(replace(KEPT, approximate=True))


def test_prices_are_said_per_hundred_exams():
    said = text(PRICED)
    assert "counted together as 22 errors (missed counts 10, a:b counts 2.5, any other error 1)" in said
    assert (
        "of 100 exams like those which it answers alone, the errors, so counted, come to at most 5 on average" in said
    )
    assert "un cas manqué compte 10" in text(PRICED, "fr")
    assert prices_in_words({"missed": 2.5}, "fr") == "un cas manqué compte 2,5, toute autre erreur 1"


@pytest.mark.parametrize(
    ("promised", "there", "not_there"),
    [
        (NONE, "About 900 subjects would do", "At another site"),
        (replace(NONE, n=30, would_do=45), "at least 45 subjects answered without a single error", "About"),
        (replace(NONE, n=30, would_do=130), "About 130 subjects would do", "More like these"),
        (replace(NONE, would_do=None), "More like these would not change it", "About"),
    ],
)
def test_where_nothing_is_reported_it_says_what_would_change_it(promised, there, not_there):
    said = text(promised)
    assert "Nothing is answered alone" in said
    assert there in said
    assert not_there not in said


@pytest.mark.parametrize("promised", [KEPT, NONE, PRICED])
def test_french_says_it_all_and_leaves_no_english(promised):
    english, french = refer_lines(promised), refer_lines(promised, "fr")
    assert len(english) == len(french)
    assert not set(english[:1]) & set(french[:1])
    assert all(e and f and e != f for e, f in REFER.values() if e not in ("calibration",))


def test_the_curve_holds_calibration_bound_report_promise_and_choice():
    curve = risk_curve(KEPT)
    assert [s.name for s in curve.series] == [
        "calibration",
        "surely below (90\u00a0%)",
        "exams of this report",
        "promise",
        "chosen",
    ]
    lines = {s.name: s for s in curve.series}
    assert lines["promise"].y == (5.0, 5.0)
    assert lines["chosen"].x[0] == pytest.approx(100 * 377 / 524)
    assert lines["calibration"].y[0] == pytest.approx(1.3)
    far = risk_curve(replace(KEPT, calibrated=((0.1, 0.0, 0.9), (1.0, 0.02, 0.04))))
    assert np.nanmax([y for s in far.series for y in s.y]) <= 20, (
        "a bound far above the promise does not flatten the rest"
    )
    assert [s.name for s in risk_curve(replace(NONE, measured=())).series][2:] == ["promise"]
    assert "price" in risk_curve(PRICED).y_label


def test_the_page_shows_the_chart_and_the_sentence():
    page = report_page(made.category(), made.extras(promised=KEPT))
    assert "Of 524\u00a0subjects on which it was calibrated" in page
    assert 'aria-label="The more it answers alone, the more of it is wrong"' in page
    assert refer_section(None) is None
    assert "The more it answers alone" not in report_page(made.category(), made.extras())


def test_priced_numbers_of_a_report_say_their_prices():
    report = made.category()
    mean = Measure("cost_reported", 0.031, 0.01, 0.06, 375, "exam", method="Clopper-Pearson of each price, summed")
    priced = replace(report, refer=replace(report.refer, prices={"missed": 10.0}, cost_reported=mean))
    said = refer_sentence(priced).replace("\u00a0", " ")
    assert "counted at their price (missed counts 10, any other error 1) is 0.031 [0.010" in said
    assert "at most 0.05 an exam, with confidence 90 %" in said
    page = report_page(priced, made.extras(promised=PRICED)).replace("\u00a0", " ")
    assert "Errors at their price" in page
    assert "come to at most 5 on average, with confidence 90 %" in page
    zero = replace(priced.refer, share_reported=replace(priced.refer.share_reported, value=0.0))
    assert "every exam goes to a reader" in refer_sentence(replace(priced, refer=zero))
