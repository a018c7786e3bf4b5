"""A patient's page in both languages: nothing left undefined, what users write is escaped, cells are no formulas."""

from pathlib import Path

import pytest

from vesale.core.prediction import AnsweredQuantity, Evidence, GateVerdict, Prediction
from vesale.core.programme import load_programme
from vesale.core.screened import Cause, Measured, Patient, Photograph, StepDone, Why
from vesale.render.programme_document import ordered, programme_document, worklist_csv
from vesale.render.programme_page import patient_page
from vesale.render.programme_words import FACTS, NUMBERS, PROGRAMME, why_text

PROGRAMME_TOML = Path(__file__).parents[3] / "programmes" / "diabetic-retinopathy.toml"
MODEL = {"name": "diabetic-retinopathy", "version": "0.1", "digest": "abc"}


def programme():
    return load_programme(PROGRAMME_TOML)


def patient(subject="p<1>", place="soon", risk=0.7):
    evidence = Evidence(MODEL, "r", (), "onnx", "float32", "0.1", 0, 0.1)
    grade = AnsweredQuantity(3.1, "", 2.0, 4.0, 0.9, ("0", "1", "2", "3", "4"), 3, (0.0, 0.1, 0.2, 0.6, 0.1), (2, 3, 4))
    read = Prediction("e", None, "referred", (), {"grade": grade}, GateVerdict("not_fitted"), evidence)
    steps = (
        StepDone("grade", True, None, MODEL, read, "grade/e/prediction.json"),
        StepDone("counts", True, measured=Measured({"microaneurysms.count": 4.0, "microaneurysms.permille": 0.25})),
        StepDone("papilledema", False, Why("programme.why.never_trained")),
    )
    photo = Photograph("e", steps, laterality="left", picture="e.png", legend=(("#ffffff", "lesions.MA", "1"),))
    why = Why("programme.cause.finding", {"because": {"en": "severe", "fr": "sévère"}, "eye": FRENCH_EYE})
    return Patient(subject, "referred", "refer", (Cause("finding", why, exam="e"),), (photo,), place, risk, 0.6, 0.3)


FRENCH_EYE = {"en": "left eye", "fr": "œil gauche"}


def test_every_word_is_there_in_both_languages():
    for table in (PROGRAMME, NUMBERS, FACTS):
        assert all(en.strip() and fr.strip() for en, fr in table.values())
    fields = {
        key: [{part.split("}")[0] for part in text.split("{")[1:]} for text in pair] for key, pair in PROGRAMME.items()
    }
    assert {key for key, (en, fr) in fields.items() if en != fr} == set()


@pytest.mark.parametrize(("language", "words"), [("en", "severe (left eye)"), ("fr", "sévère (œil gauche)")])
def test_the_page_says_why_and_escapes_what_users_write(language, words):
    page = patient_page(patient(), programme(), MODEL, language)
    assert words in page
    assert "p&lt;1&gt;" in page
    assert "p<1>" not in page
    assert "2, 3, 4" in page
    assert "six-step" in page
    assert ">4<" in page  # the microaneurysms are counted
    assert ("never trained" if language == "en" else "jamais appris") in page


def test_a_grade_of_another_scale_is_a_range_where_it_is_finer():
    photo = patient().photographs[0]
    worst = AnsweredQuantity(4.0, "", steps=("0", "1", "2", "3", "4"), step=4)
    from dataclasses import replace

    read = replace(photo.steps[0].prediction, outputs={"grade": worst})
    changed = replace(photo, steps=(replace(photo.steps[0], prediction=read), *photo.steps[1:]))
    page = patient_page(replace(patient(), photographs=(changed,)), programme(), MODEL)
    assert "six-step: 4 or 5" in page
    assert "no set: the package was not calibrated" in page


def test_the_worklist_is_ordered_and_no_cell_is_a_formula():
    people = [patient("b", "none", 0.1), patient("=evil()", "routine", 0.5), patient("a", "routine", 0.6)]
    assert [p.subject for p in ordered(people)] == ["a", "=evil()", "b"]
    text = worklist_csv(people, {p.subject: "x" for p in people}, programme(), "en")
    assert "\n2,'=evil(),routine" in text


def test_the_document_has_what_the_interface_names():
    document = programme_document(patient(), programme(), MODEL)
    assert document["schema"] == "vesale/programme/1"
    assert document["risk"]["probabilities"] == {"no_refer": pytest.approx(0.3), "refer": 0.7}
    assert document["exams"][0]["steps"][0]["outputs"]["grade"]["set"] == [2, 3, 4]
    assert document["sentence"]["fr"] == "À un médecin : sévère (œil gauche)."
    assert document["promise"] is None


def test_a_contradiction_of_sides_is_said_in_words():
    why = Why("programme.note.other_side", {"said": "left", "seen": "right"})
    assert why_text(why, "en").startswith("The table says left eye, but the disc lies as in a right eye")
    assert "œil gauche" in why_text(why, "fr")
