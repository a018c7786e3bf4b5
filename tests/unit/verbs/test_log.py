"""Readings enter the log before they are written; the verb finds what was changed, and a reading outlives its log."""

import json

import pytest

from vesale.cli.__main__ import main
from vesale.core.errors import LogError
from vesale.store.entry import Happening
from vesale.store.log import open_log
from vesale.verbs.log import Question, log
from vesale.verbs.read import read


@pytest.fixture(autouse=True)
def fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("VESALE_HOME", str(tmp_path / "home"))


@pytest.fixture
def filled(tmp_path):
    book = open_log(tmp_path / "home" / "log.jsonl", durable=False)
    for name in ("a", "b", "a"):
        book.append(Happening("read", name, model={"name": "m", "version": "1", "digest": "d"}, status="referred"))
    return book


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def test_verify_says_whole_or_where(filled, capsys):
    assert main(["log", "verify", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {k: said[k] for k in ("entries", "ok", "first_bad", "what")} == {
        "entries": 3, "ok": True, "first_bad": None, "what": None}  # fmt: skip
    lines = lines_of(filled.path)
    filled.path.write_bytes(lines[0] + lines[1].replace(b"referred", b"reported") + lines[2])
    assert main(["log", "verify", str(filled.path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["first_bad"], said["entries"]) == (False, 2, 1)
    assert main(["log", "verify"]) == 1
    assert "NOT WHOLE: entry 2 was changed" in capsys.readouterr().out


def test_no_log_is_a_bad_command(capsys):
    assert main(["log", "verify"]) == 2
    assert "no log there" in capsys.readouterr().err


def test_show_finds_an_exam_by_the_owners_key(filled, capsys):
    assert [e["n"] for e in log("show", question=Question(exam="a"))["entries"]] == [1, 3]
    assert [e["n"] for e in log("show", question=Question(last=2))["entries"]] == [2, 3]
    assert main(["log", "show"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_an_anchor_outlives_a_backup(filled):
    head = filled.path.with_name("log.jsonl.head")
    backup = filled.path.read_bytes(), head.read_bytes()
    filled.append(Happening("read", "c"))
    anchor = log("anchor")["anchor"]
    assert anchor.startswith("4:")
    assert log(question=Question(anchor=anchor))["ok"]
    filled.path.write_bytes(backup[0])
    head.write_bytes(backup[1])
    assert log()["ok"]
    said = log(question=Question(anchor=anchor))
    assert (said["ok"], said["first_bad"]) == (False, 4)
    with pytest.raises(LogError, match="expected NUMBER:HASH"):
        log(question=Question(anchor="yesterday"))


def test_a_readers_word_is_added_and_names_nobody(filled, capsys):
    entry = log("show")["entries"][1]["hash"]
    assert main(["log", "confirm", "--entry", entry[:12], "--as", "corrected", "--reader", "Dr Moreau"]) == 0
    said = log("show")["entries"][-1]
    assert (said["event"], said["decision"], said["about"]) == ("confirm", "corrected", entry)
    assert b"Moreau" not in filled.path.read_bytes()
    assert log()["ok"]
    with pytest.raises(LogError, match="0 readings"):
        log("confirm", question=Question(entry="f" * 64, decision="confirmed"))
    with pytest.raises(LogError, match="a confirmation needs"):
        log("confirm", question=Question(entry=entry))


@pytest.mark.train
@pytest.mark.slow
def test_every_reading_is_logged_and_its_answer_signed(tiny_package, tmp_path, capsys):
    studied, out = tiny_package["lines"], tmp_path / "out"
    pictures = sorted((studied.cohort / "images").iterdir())[:2]
    (tmp_path / "bad.png").write_bytes(b"no picture")
    summary = read([*pictures, tmp_path / "bad.png"], studied.model, out)
    assert summary.log["status"] == "written"
    entries = log("show")["entries"]
    told = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(out.glob("*/prediction.json"))]
    assert {e["hash"] for e in entries} == {t["evidence"]["log_entry"] for t in told}
    assert [e["status"] for e in entries].count("failed") == 1
    assert any("mask.mask.png" in e["files"] for e in entries)
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["log"]["entries"] == 3
    assert log(question=Question(readings=out))["ok"]
    path = next(p for p in sorted(out.glob("*/prediction.json")) if p.parent.name != "bad")
    was = path.read_text(encoding="utf-8")
    path.write_text(was.replace('"seconds": ', '"seconds": 1'), encoding="utf-8")
    assert main(["log", "verify", "--readings", str(out)]) == 1
    assert "differs from entry" in capsys.readouterr().out
    path.write_text(was, encoding="utf-8")
    mask = next(out.glob("*/mask.mask.png"))
    mask.write_bytes(mask.read_bytes() + b"x")
    assert "mask.mask.png differs" in log(question=Question(readings=out))["what"]


@pytest.mark.train
@pytest.mark.slow
def test_a_reading_outlives_its_log_and_says_so(tiny_package, tmp_path, capsys):
    studied, out = tiny_package["discs"], tmp_path / "out"
    picture = sorted((studied.cohort / "images").iterdir())[0]
    (tmp_path / "file").write_text("a file where a folder belongs", encoding="utf-8")
    common = ["read", str(picture), "--model", str(studied.model), "--out", str(out), "--quiet"]
    assert main([*common, "--log", str(tmp_path / "file" / "log.jsonl")]) == 1
    told = capsys.readouterr()
    assert "1 readings are NOT in the log" in told.err
    assert "Not in the log" in (out / "index.html").read_text(encoding="utf-8")
    document = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert (document["log"]["status"], document["log"]["missed"]) == ("failed", 1)
    assert str(tmp_path) not in document["log"]["message"]
    assert document["counts"]["failed"] == 0
    answer = json.loads((out / document["exams"][0]["path"]).read_text(encoding="utf-8"))
    assert answer["evidence"]["log_entry"] is None
    assert main([*common, "--log", "none"]) == 0
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["log"]["status"] == "off"


@pytest.mark.train
@pytest.mark.slow
def test_a_study_keeps_its_own_log(tiny_package):
    run = tiny_package["discs"].run
    from vesale.store.key import read_key
    from vesale.store.verify import verify

    entries = log("show", run / "log.jsonl", Question(last=1000))["entries"]
    assert [e["event"] for e in entries].count("study") >= 1
    assert entries[-1]["event"] == "study"
    assert {"report.json", "recipe.toml", "check.json", "model/MANIFEST.json"} <= set(entries[-1]["files"])
    some = next((run / "out_of_fold").glob("*/prediction.json"))
    assert json.loads(some.read_text(encoding="utf-8"))["evidence"]["log_entry"] in {e["hash"] for e in entries}
    assert not verify(run / "log.jsonl", read_key(run.parent / "elsewhere")).ok
