"""`vesale audit` as a user types it."""

import json

import pytest

import phantoms_bias
import vesale
from vesale.cli.__main__ import main
from vesale.core.audit import Grouping
from vesale.core.errors import CohortError, RecipeError
from vesale.verbs.audit import parse_by


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return phantoms_bias.biased(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def fair(tmp_path_factory):
    return phantoms_bias.biased(tmp_path_factory.mktemp("fair"), missed=0.0)


def test_by_is_read():
    assert parse_by(["sex,age:40,60,site"]) == (Grouping("sex"), Grouping("age", (40.0, 60.0)), Grouping("site"))
    assert parse_by(["sex", "age"]) == (Grouping("sex"), Grouping("age"))
    with pytest.raises(RecipeError, match="is no number"):
        parse_by(["age:old"])


def test_a_bias_is_an_error_of_exit_one(made, tmp_path, capsys):
    cohort, readings = made
    code = main(
        ["audit", str(readings), str(cohort), "--by", "sex,age:50", "--out", str(tmp_path), "--json", "--quiet"]
    )
    document = json.loads(capsys.readouterr().out)
    assert code == 1
    assert document == json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert document["by"] == ["sex", "age"]
    errors = [f for f in document["findings"] if f["severity"] == "error"]
    assert any(f["metric"] == "sensitivity" and (f["a"], f["b"]) == ("F", "M") for f in errors)
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "Sensitivity (label) is lower for sex F than for sex M" in page


def test_no_bias_is_exit_zero_and_says_what_it_could_have_shown(fair, tmp_path, capsys):
    cohort, readings = fair
    assert main(["audit", str(readings), str(cohort), "--by", "sex", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "No gap that matters was found beyond chance" in told
    assert "audit.html" in told


def test_french(made, tmp_path, capsys):
    cohort, readings = made
    main(["audit", str(readings), str(cohort), "--by", "sex", "--out", str(tmp_path), "--language", "fr"])
    assert "plus bas pour sex F que pour sex M" in capsys.readouterr().out
    assert 'lang="fr"' in (tmp_path / "audit.html").read_text(encoding="utf-8")


def test_of_its_own_accord_it_takes_what_has_groups(made, tmp_path):
    cohort, readings = made
    done = vesale.audit(readings, cohort, tmp_path)
    assert set(done.by) == {"sex", "age", "site"}
    assert any(n.kind == "pooled" and "tiny" in n.message for n in done.notes)
    assert any(" x " in g.by for g in done.groups)


def test_rare_values_stay_apart_when_asked(made, tmp_path, capsys):
    cohort, readings = made
    main(["audit", str(readings), str(cohort), "--by", "site", "--pool", "0", "--out", str(tmp_path), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert any(f["kind"] == "too_few" and "tiny" in f["message"] for f in document["findings"])


def test_an_unknown_trait_is_exit_two(made, tmp_path, capsys):
    cohort, readings = made
    assert main(["audit", str(readings), str(cohort), "--by", "sexe", "--out", str(tmp_path)]) == 2
    assert "--by sexe: the cohort has no such trait" in capsys.readouterr().err


def test_readings_of_other_exams_are_refused(made, tmp_path):
    cohort, _ = made
    with pytest.raises(CohortError):
        vesale.audit(tmp_path, cohort, tmp_path / "out")


def test_the_report_of_evaluate_holds_the_groups(made, tmp_path):
    cohort, readings = made
    report = vesale.evaluate(readings, cohort, tmp_path)
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    sexes = {g["value"]: g for g in document["subgroups"] if g["by"] == "sex"}
    assert (
        sexes["F"]["measures"]["label"]["sensitivity"]["value"]
        < sexes["M"]["measures"]["label"]["sensitivity"]["value"]
    )
    assert any(code == "gap" for code, _ in report.warnings)
    assert "is lower for sex F" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "audit.html").is_file()


@pytest.mark.train
@pytest.mark.parametrize("kind", ["discs", "lines"])
def test_a_run_and_its_model_are_audited(kind, tiny_package, tmp_path):
    """Of a run the held-out readings; of a model those that it makes first."""
    made = tiny_package[kind]
    done = vesale.audit(made.run, made.cohort, tmp_path / "run")
    assert done.model["name"] == f"tiny-{kind}"
    assert done.everyone.exams == len(list((made.run / "out_of_fold").glob("*/prediction.json")))
    again = vesale.audit(made.model, made.cohort, tmp_path / "model")
    assert again.everyone.exams == done.everyone.exams
    assert len(list((tmp_path / "model" / "readings").glob("*/prediction.json"))) == again.everyone.exams
