from dataclasses import replace

import made_reports as made
import pytest

from vesale.core.prediction import Guarantee
from vesale.core.report import Bin, CalibratedGroup, Calibration, Candidate, Measure
from vesale.render.calibration_section import calibration_sentence, correction_sentence, promise_sentence
from vesale.render.report_page import report_page

SET = Guarantee("set", 0.9, None, 120, 9, True, False, "class_conditional")
TRIED = (
    Candidate("none", 0.31, 0.03, 0.19, 0.02, False),
    Candidate("temperature", 0.3, 0.03, 0.18, 0.02, False),
    Candidate("platt", 0.12, 0.02, 0.0, 0.0, True),
)


def number(name, value, low, high, n=100):
    return Measure(name, value, low, high, n)


def calibrated(**changes):
    one = Calibration(
        number("ece", 0.04, 0.01, 0.07),
        number("brier", 0.2, 0.1, 0.3),
        (Bin(0.7, 0.6, 40, 0.45, 0.74), Bin(0.95, 0.9, 60, 0.8, 0.96)),
        stated=0.9,
        observed=number("observed", 0.8, 0.75, 0.85),
    )
    return replace(one, **changes)


def test_a_promise_says_its_kind_its_subjects_and_whether_it_is_approximate():
    average = promise_sentence(SET)
    assert "at least 90\u00a0%" in average and "for each true name by itself" in average
    assert "on average" in average and "120\u00a0subjects" in average
    assert "approximately" not in average
    assert "cross-fitted" in promise_sentence(replace(SET, approximate=True))
    sure = promise_sentence(Guarantee("mask", 0.9, 0.1, 60, 23, True, False, "risk"))
    assert "with confidence 90\u00a0%" in sure
    assert "rare, mild" in promise_sentence(replace(SET, how="pooled", pooled=("rare", "mild")))


def test_without_a_promise_it_says_how_many_would_do():
    few = promise_sentence(replace(SET, given=False, n=6, needed=19))
    assert few == "Too few calibration exams for this promise (6); 19 would do."
    assert "19 suffiraient" in promise_sentence(replace(SET, given=False, n=6, needed=19), "fr")
    assert "whatever the number" in promise_sentence(Guarantee("mask", 0.9, None, 60, None, False, False, "risk"))


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("of", "how"),
    [("set", h) for h in ("class_conditional", "pooled", "marginal")]
    + [("interval", "plain"), ("interval", "adaptive"), ("mask", "risk"), ("picture", "risk")],
)
def test_every_promise_has_its_sentence(of, how, language):
    for delta in (None, 0.1):
        said = promise_sentence(Guarantee(of, 0.9, delta, 50, 9, True, True, how), language)
        assert "{" not in said
        assert "90" in said


def test_what_was_stated_stands_beside_what_came_true():
    assert "promises more than it keeps" in calibration_sentence(calibrated())
    assert "keeps more" in calibration_sentence(calibrated(stated=0.7))
    assert "no difference beyond chance" in calibration_sentence(calibrated(stated=0.8))
    assert "too few to say" in calibration_sentence(calibrated(observed=number("observed", 0.8, None, None)))
    assert calibration_sentence(calibrated(observed=None)) == ""
    for of in ("name", "interval", "pixel"):
        assert calibration_sentence(calibrated(of=of), "fr") != calibration_sentence(calibrated(of=of))


def test_how_probabilities_are_corrected_and_why():
    said = correction_sentence(TRIED)
    assert "sigmoid" in said and "0.12" in said and "0.31" in said
    assert "too few calibration subjects to choose" in correction_sentence(
        (Candidate("temperature", None, None, None, None, True),)
    )
    assert correction_sentence(()) == ""


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_shows_picture_names_and_groups(language):
    groups = (
        CalibratedGroup("sex", "F", 60, number("ece", 0.05, 0.0, 0.1), None, 0.9, number("observed", 0.7, 0.6, 0.8)),
        CalibratedGroup("sex", "M", 4, note="too few to say: 4 of 20 subjects"),
    )
    one = calibrated(per_class={"tumour": calibrated(of="name")}, subgroups=groups)
    report = replace(
        made.category(), calibration={"tissue": one}, guarantees={"tissue": SET}, candidates={"tissue": TRIED}
    )
    page = report_page(report, made.extras(), language)
    section = page[page.index('id="calibration"') : page.index('id="referral"')]
    assert "<svg" in section
    assert "tumour" in section
    assert {"en": "4\u00a0subjects: too few to say", "fr": "4\u00a0sujets : trop peu pour le dire"}[language] in section
    assert {"en": "on average", "fr": "en moyenne"}[language] in section
    assert {"en": "[45\u201374]", "fr": "[45\u201374]"}[language] in section
