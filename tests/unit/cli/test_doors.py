"""The door: words to verbs, errors to exit codes, the result on stdout and the story on stderr."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest

import phantoms
from vesale.cli.__main__ import VERBS, main
from vesale.cli.options import parser
from vesale.cli.story import Story
from vesale.core.errors import CohortError, MissingExtra, PackageError, RecipeError, SourceError
from vesale.engine.events import Fitted, Progress, Staged, Started, Validated


@pytest.mark.parametrize(
    ("error", "code"), [(RecipeError, 2), (CohortError, 2), (PackageError, 4), (MissingExtra, 4), (SourceError, 3)]
)
def test_an_error_is_its_exit_code_with_message_and_remedy(monkeypatch, capsys, error, code):
    def fails(_):
        raise error("what was found", "what to do")

    monkeypatch.setitem(VERBS, "list", fails)
    assert main(["list"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "vesale: what was found (what to do)\n"


def test_an_interruption_is_130(monkeypatch, capsys):
    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setitem(VERBS, "list", stopped)
    assert main(["list"]) == 130
    assert "goes on from here" in capsys.readouterr().err


def test_every_verb_has_a_door_and_a_help(capsys):
    for verb in VERBS:
        with pytest.raises(SystemExit) as caught:
            main([verb, "--help"])
        assert caught.value.code == 0
        assert f"vesale {verb}" in capsys.readouterr().out


def test_no_verb_is_the_help_and_2(capsys):
    assert main([]) == 2
    said = capsys.readouterr().out
    assert all(verb in said for verb in VERBS)
    assert "exit codes" in said


@pytest.mark.parametrize("words", [["reed"], ["read", "x.png"], ["list", "--no-such-flag"], ["list", "a=b"]])
def test_wrong_words_are_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""


def test_the_version_names_what_it_runs_on(capsys):
    assert main(["--version"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("vesale ", "Python ", "onnxruntime "))


@pytest.mark.parametrize(
    "words",
    [
        ["study", "COHORT", "train.steps=3", "seed=1", "--out", "RUN"],
        ["study", "COHORT", "--out", "RUN", "train.steps=3", "seed=1"],
        ["study", "--out", "RUN", "COHORT", "train.steps=3", "--quiet", "seed=1"],
    ],
)
def test_overrides_may_stand_anywhere(monkeypatch, words):
    heard = []
    monkeypatch.setitem(VERBS, "study", lambda o: heard.append((str(o.cohort), o.overrides, str(o.out))) or 0)
    assert main(words) == 0
    assert heard == [("COHORT", ["train.steps=3", "seed=1"], "RUN")]


@pytest.mark.parametrize(("what", "some"), [("nets", "unet"), ("formats", "png")])
def test_lists_are_words_or_one_document(capsys, what, some):
    assert main(["list", what]) == 0
    assert some in capsys.readouterr().out.split()
    assert main(["list", what, "--json"]) == 0
    assert some in json.loads(capsys.readouterr().out)[what]


@pytest.mark.parametrize("as_json", [False, True])
def test_check_and_plan_say_their_result_on_stdout_alone(tmp_path, capsys, as_json):
    cohort = phantoms.category_cohort(tmp_path / "c", np.random.default_rng(0), 8, 40)
    more = ["--json"] if as_json else []
    assert main(["check", str(cohort), *more]) == 0
    checked = capsys.readouterr().out
    assert main(["plan", str(cohort), "--out", str(tmp_path / "r.toml"), *more]) == 0
    planned = capsys.readouterr().out
    if as_json:
        assert json.loads(checked)["schema"] == "vesale/check/1"
        document = json.loads(planned)
        assert document["recipe"]["task"]["outputs"]["label"]["names"] == ["disc", "ring"]
    else:
        assert "8 exams of 4 subjects" in checked
        assert str(tmp_path / "r.toml") in planned
    from vesale.core.recipe import load

    assert load(tmp_path / "r.toml").task.outputs


def test_a_cohort_that_is_not_there_is_2(tmp_path, capsys):
    for words in (["check", str(tmp_path / "no")], ["plan", str(tmp_path / "no"), "--out", str(tmp_path / "r.toml")]):
        assert main(words) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_a_story_tells_everything_once_and_quiet_tells_nothing(monkeypatch):
    events = [
        Staged("check", "table"),
        Started("all", 8, 1234, 6, 2),
        Progress("all", 3, 6, 1.0, 0.5, 1e-3, 61.0),
        Validated("all", 3, "auc", 0.75, 4),
        Progress("all", 6, 6, 2.0, 0.25, 1e-3, 0.0),
        Fitted("all", 6, 3.0, "d"),
    ]
    for quiet in (False, True):
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        with Story(quiet) as story:
            for event in events:
                story.hear(event)
        told = stream.getvalue()
        if quiet:
            assert told == ""
        else:
            for words in (
                "check: table",
                "1,234 weights",
                "going on at step 2",
                "step 6/6",
                "auc 0.750",
                "done in 3 s",
            ):
                assert words in told
            assert "\x1b" not in told, "no terminal, no escape"


@pytest.mark.slow
def test_help_imports_nothing_heavy():
    script = (
        "import sys; from vesale.cli.options import parser; parser().format_help(); "
        "heavy = {'torch', 'scipy', 'PIL', 'pydicom', 'skimage', 'matplotlib', 'onnxruntime', 'rich', 'jinja2'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_parser_and_the_table_name_the_same_verbs():
    actions = [a for a in parser()._actions if a.dest == "verb"]
    assert set(actions[0].choices) == set(VERBS)
