"""The dossier says what the files say, with where; what no file says is open until answered; no exam is named."""

import json
import re
import shutil

import pytest

from vesale.cli.__main__ import main
from vesale.core.errors import CohortError, RecipeError
from vesale.io.package import sha256
from vesale.render.checklist_ai_act import AI_ACT
from vesale.render.checklist_claim import CLAIM
from vesale.render.checklist_tripod import TRIPOD
from vesale.verbs.dossier import dossier

MEASURE = {"value": 0.9, "low": 0.8, "high": 0.95, "level": 0.95, "n": 40, "n_of": "subject", "unit": "", "method": "m"}


@pytest.fixture
def run(tmp_path):
    """A run of a few files, whose exams bear names that nobody may see."""
    folder = tmp_path / "run"
    (folder / "model").mkdir(parents=True)
    report = {
        "schema": "vesale/report/1",
        "measures": {"label": {"auc": MEASURE}},
        "cohort": {"subjects": 40, "exams": 44, "split": "test", "split_by_subject": True,
                   "excluded": [{"exam": "DOE_JANE", "reason": "same picture as ROE_RICHARD"}]},
        "subgroups": [{"by": "sex", "value": "F", "subjects": 21, "measures": {"label": {"auc": MEASURE}}},
                      {"by": "sex", "value": "X", "subjects": 2, "measures": None, "note": "too few to say"}],
    }  # fmt: skip
    check = {"findings": [{"kind": "exact_duplicate", "severity": "error", "message": "DOE_JANE is ROE_RICHARD"}]}
    card = {"name": "<b>model</b>", "version": "1", "intended_use": "To help & no more", "cohort": {"subjects": 100}}
    for name, document in {"report.json": report, "check.json": check, "model/card.json": card}.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder


def items(document, name):
    return {i["item"]: i for i in document["items"] if i["list"] == name}


def test_the_lists_have_the_items_of_their_sources():
    assert [i.number for i in CLAIM.items] == [str(n) for n in range(1, 45)]
    assert len(TRIPOD.items) == 52
    assert sorted({int(re.match(r"\d+", i.number)[0]) for i in TRIPOD.items}) == list(range(1, 28))
    assert {i.number.split("(")[0] for i in AI_ACT.items} == {"10", "11", "12", "13", "14", "15"}
    for checklist in (CLAIM, TRIPOD, AI_ACT):
        numbers = [i.number for i in checklist.items]
        assert len(set(numbers)) == len(numbers)


def test_every_statement_points_to_what_a_file_says(run):
    document = dossier(run).document
    said = items(document, "claim")["37"]
    assert said["status"] == "measured"
    found = {s["key"]: s for s in said["statements"]}
    auc = found["measures.label.auc"]
    assert auc["file"] == "report.json"
    assert auc["text"].replace("\xa0", " ").replace("\u2013", "-") == "0.90 [0.80-0.95; n = 40 subjects] (m)"
    assert found["subgroups.0.measures.label.auc"]["name"].endswith("sex = F (n = 21) · label")
    for item in document["items"]:
        for s in item["statements"]:
            value = json.loads((run / s["file"]).read_text(encoding="utf-8"))
            for key in s["key"].split("."):
                value = value[int(key)] if isinstance(value, list) else value[key]
            assert value is not None


def test_privacy_explanations_and_acceptance_are_taken_up(run):
    def told(document, key):
        return [s["text"] for i in document["items"] for s in i["statements"] if s["key"] == key]

    before = dossier(run).document
    assert "explanation/explanations.json" in before["absent"]
    card = json.loads((run / "model" / "card.json").read_text(encoding="utf-8"))
    card["privacy"] = {"membership": {"auc": MEASURE, "sensitivity": MEASURE, "members": 40}}
    side = {"measures": {"label": {"auc": MEASURE}}}
    summary = {"methods": {"occlusion": {"explained": 16, "passed": 12}}}
    more = {
        "model/card.json": card,
        "acceptance.json": {"delivered": side, "commissioned": side, "advice": "use"},
        "explanation/explanations.json": summary,
    }
    (run / "explanation").mkdir()
    for name, document in more.items():
        (run / name).write_text(json.dumps(document), encoding="utf-8")
    after = dossier(run).document
    assert all("0.9" in text for text in told(after, "privacy.membership.auc"))
    assert told(after, "privacy.membership.auc") and told(after, "privacy.membership.sensitivity")
    assert set(told(after, "methods.occlusion")) == {"12 of 16"}
    assert told(after, "commissioned.measures.label.auc") and told(after, "delivered.measures.label.auc")
    assert set(told(after, "advice")) == {"use"}


def test_a_setting_is_not_taken_for_the_metric_of_its_name(run):
    (run / "recipe.toml").write_text('[train]\nprecision = "float32"\n', encoding="utf-8")
    said = {s["key"]: s["name"] for s in items(dossier(run).document, "claim")["25"]["statements"]}
    assert said["train.precision"] == "learning \u00b7 precision"


def test_what_no_file_says_is_open_with_what_to_write(run):
    document = dossier(run).document
    ethics = items(document, "tripod")["17"]
    assert (ethics["status"], ethics["statements"]) == ("open", [])
    assert "committee" in ethics["ask"]
    assert items(document, "ai_act")["12(1)"]["status"] == "open", "no log, so it is not said to be logged"
    assert items(document, "claim")["3"]["status"] == "part"
    assert items(document, "claim")["20"]["status"] == "measured"
    for name, count in document["counts"].items():
        assert sum(count.values()) == len(items(document, name))


def test_an_answer_is_taken_up_and_its_file_left_alone(run):
    dossier(run)
    path = run / "dossier" / "answers.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('"17" = ""', '"17" = "Committee <East>, no. 12"')
    path.write_text(text, encoding="utf-8")
    document = dossier(run).document
    assert path.read_text(encoding="utf-8") == text
    assert items(document, "tripod")["17"]["status"] == "user"
    assert items(document, "claim")["17"]["answer"] == "Committee <East>, no. 12"
    assert document["counts"]["tripod"]["user"] == 1
    page = (run / "dossier" / "dossier.en.html").read_text(encoding="utf-8")
    assert "Committee &lt;East&gt;, no. 12" in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[claim]\n'99' = 'x'", "no such item"),
        ("[clam]\n'1' = 'x'", "no such list"),
        ("[claim]\n'1' = 3", "expected text"),
        ("[claim", "at end of document"),
    ],
)
def test_an_answer_that_cannot_be_read_is_said(run, text, says):
    (run / "dossier").mkdir()
    (run / "dossier" / "answers.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=says):
        dossier(run)


def test_no_exam_is_named_and_no_markup_comes_from_a_file(run):
    dossier(run)
    for path in (run / "dossier").glob("*.*"):
        text = path.read_bytes()
        assert b"DOE" not in text
        assert b"ROE" not in text
    page = (run / "dossier" / "dossier.fr.html").read_text(encoding="utf-8")
    assert "<b>model</b>" not in page
    assert "&lt;b&gt;model&lt;/b&gt;" in page


def test_both_languages_say_that_it_is_a_worksheet(run):
    dossier(run)
    english, french = ((run / "dossier" / f"dossier.{x}.html").read_text(encoding="utf-8") for x in ("en", "fr"))
    assert "no certificate" in english
    assert "pas un certificat" in french
    assert '0,90 <span class="interval">[0,80' in french


def test_the_same_run_gives_the_same_bytes(run):
    def bytes_of():
        return {p.name: p.read_bytes() for p in (run / "dossier").iterdir()}

    dossier(run)
    first = bytes_of()
    dossier(run)
    assert bytes_of() == first


def test_the_pdf_is_one_and_without_the_library_it_is_said(run, monkeypatch, capsys):
    pytest.importorskip("reportlab")
    dossier(run)
    for language in ("en", "fr"):
        assert (run / "dossier" / f"dossier.{language}.pdf").read_bytes().startswith(b"%PDF-")
    shutil.rmtree(run / "dossier")
    monkeypatch.setattr("vesale.engine.dossier.can_write_pdf", lambda: False)
    assert main(["dossier", str(run)]) == 0
    assert "vesale[pdf]" in capsys.readouterr().out
    assert {p.name for p in (run / "dossier").iterdir()} == {
        "answers.toml", "dossier.json", "dossier.en.html", "dossier.fr.html"}  # fmt: skip


def test_an_answer_longer_than_a_page_is_printed_whole(run):
    pytest.importorskip("reportlab")
    (run / "dossier").mkdir()
    long = "A long answer. " * 900
    (run / "dossier" / "answers.toml").write_text(f'[claim]\n"2" = "{long}"\n', encoding="utf-8")
    dossier(run)
    assert (run / "dossier" / "dossier.en.pdf").stat().st_size > 0


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(CohortError, match=r"no report\.json"):
        dossier(tmp_path)


@pytest.mark.train
@pytest.mark.slow
def test_a_study_writes_its_dossier(tiny_package):
    run = tiny_package["discs"].run
    document = json.loads((run / "dossier" / "dossier.json").read_text(encoding="utf-8"))
    assert items(document, "ai_act")["12(1)"]["status"] == "measured"
    assert items(document, "claim")["25"]["status"] == "measured"
    assert document["counts"]["claim"]["user"] == 0
    assert {f["file"]: f["sha256"] for f in document["files"]} == {
        f["file"]: sha256(run / f["file"]) for f in document["files"]
    }
    exams = [p.name for p in (run / "out_of_fold").iterdir() if p.is_dir()]
    page = (run / "dossier" / "dossier.en.html").read_text(encoding="utf-8")
    assert not [e for e in exams if re.search(rf"\b{re.escape(e)}\b", page)]
