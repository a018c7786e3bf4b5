"""The log goes on after crashes and says so, several processes share it, and nobody learns a name from it."""

import json
import multiprocessing
import os
import stat
import sys
import time
from pathlib import Path

import pytest

from vesale.core.errors import LogError
from vesale.store.entry import Happening, parsed
from vesale.store.key import NAME, read_key
from vesale.store.lock import locked
from vesale.store.log import entries, head_path, open_log
from vesale.store.verify import Anchor, verify

SECRET = "DOE^JANE 1970"


def filled(folder: Path, n: int):
    log = open_log(folder / "log.jsonl", durable=False, folder=folder)
    for i in range(n):
        log.append(Happening("read", f"{SECRET}-{i}", (f"{i:064x}",), {"name": "m", "digest": "d"}, "reported"))
    return log


def judged(log):
    return verify(log.path, log.key)


def append_many(folder: str, n: int) -> None:
    filled(Path(folder), n)


def test_a_log_is_whole_and_every_member_is_there(tmp_path):
    log = filled(tmp_path, 5)
    found = judged(log)
    assert (found.entries, found.ok, found.first_bad, found.what, found.notes) == (5, True, None, None, ())
    known = list(entries(log.path))
    assert [e.n for e in known] == [1, 2, 3, 4, 5]
    assert known[-1].hash == found.hash
    assert {"log", "n", "time", "event", "exam", "inputs", "model", "status", "reasons", "decision", "answer", "files",
            "about", "reader", "found", "key", "previous"} < set(known[0].document)  # fmt: skip


def test_no_name_stands_in_it_and_the_owner_finds_an_exam(tmp_path):
    log = filled(tmp_path, 3)
    text = log.path.read_text(encoding="utf-8")
    assert "DOE" not in text
    assert SECRET not in text
    wanted = log.key.pseudonym(f"exam {SECRET}-1")
    assert [e.n for e in entries(log.path) if e.document["exam"] == wanted] == [2]
    assert repr(log.key).count(log.key.secret.hex()) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights otherwise")
def test_only_the_owner_can_read_key_and_log(tmp_path):
    log = filled(tmp_path, 1)
    for path in (tmp_path / NAME, log.path, head_path(log.path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_is_made_once_and_a_damaged_one_is_refused(tmp_path):
    assert read_key(tmp_path).secret == read_key(tmp_path).secret
    (tmp_path / NAME).write_text("not hex", encoding="utf-8")
    with pytest.raises(LogError, match="expected 64 hex digits"):
        read_key(tmp_path)


def test_a_line_that_a_crash_cut_off_is_told_and_set_right(tmp_path):
    log = filled(tmp_path, 4)
    whole = log.path.read_bytes()
    with log.path.open("ab") as stream:
        stream.write(whole[:57])
    found = judged(log)
    assert found.ok
    assert "cut off (57 bytes)" in found.notes[0]
    filled(tmp_path, 1)
    found = judged(log)
    assert (found.ok, found.entries, found.notes) == (True, 6, ())
    assert [e.document["found"] for e in entries(log.path)] == [None] * 4 + ["cut_off", None]


def test_a_head_that_a_crash_left_behind_is_no_fault(tmp_path):
    log = filled(tmp_path, 3)
    old = head_path(log.path).read_bytes()
    filled(tmp_path, 2)
    head_path(log.path).write_bytes(old)
    found = judged(log)
    assert (found.ok, found.entries) == (True, 5)
    assert "the head is 2 behind" in found.notes[0]
    filled(tmp_path, 1)
    assert (judged(log).entries, judged(log).notes) == (6, ())


def test_appending_never_hides_what_is_gone(tmp_path):
    log = filled(tmp_path, 6)
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[:4]))
    filled(tmp_path, 3)
    found = judged(log)
    assert (found.ok, found.first_bad) == (False, 5)
    assert "entries 5 to 6 are missing" in found.what


def test_appending_without_a_head_leaves_word_of_it(tmp_path):
    log = filled(tmp_path, 4)
    head_path(log.path).unlink()
    assert (judged(log).ok, judged(log).first_bad) == (False, 5)
    filled(tmp_path, 2)
    found = judged(log)
    assert (found.ok, found.first_bad) == (False, 5)
    assert "its head was missing" in found.what


def test_lines_of_a_stranger_at_the_end_are_found_also_after_more_is_added(tmp_path):
    log = filled(tmp_path, 2)
    with log.path.open("ab") as stream:
        stream.write(log.path.read_bytes().splitlines(keepends=True)[0])
    assert judged(log).first_bad == 3
    filled(tmp_path, 1)
    assert (judged(log).ok, judged(log).first_bad) == (False, 3)


def test_a_log_of_another_installation_is_not_added_to(tmp_path):
    log = filled(tmp_path / "one", 2)
    with pytest.raises(LogError, match="sealed with the key"):
        open_log(log.path, folder=tmp_path / "two").append(Happening("read"))
    other = read_key(tmp_path / "two")
    found = verify(log.path, other)
    assert (found.ok, found.first_bad) == (False, 1)
    assert "the key here is" in found.what


def test_without_the_key_only_an_anchor_vouches(tmp_path):
    log = filled(tmp_path, 3)
    last = judged(log).hash
    assert not verify(log.path, None).ok
    assert verify(log.path, None).first_bad is None
    assert verify(log.path, None, Anchor(last, 3)).ok


def test_a_backup_put_back_is_whole_and_only_the_anchor_tells(tmp_path):
    log = filled(tmp_path, 3)
    kept = log.path.read_bytes(), head_path(log.path).read_bytes()
    filled(tmp_path, 2)
    anchor = Anchor(judged(log).hash, 5)
    log.path.write_bytes(kept[0])
    head_path(log.path).write_bytes(kept[1])
    assert judged(log).ok, "all three were put back: nothing in them can tell"
    found = verify(log.path, log.key, anchor)
    assert (found.ok, found.first_bad) == (False, 4)


def test_several_processes_write_one_chain(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=append_many, args=(str(tmp_path), 25)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [w.exitcode for w in workers] == [0, 0, 0]
    found = verify(tmp_path / "log.jsonl", read_key(tmp_path))
    assert (found.ok, found.entries) == (True, 75)


def test_a_lock_that_is_held_is_waited_for_and_then_told(tmp_path):
    log = filled(tmp_path, 1)
    with (
        locked(log.path),
        pytest.raises(LogError, match="another process has held its lock"),
        locked(log.path, patience=0.05),
    ):
        pass
    with locked(log.path, patience=0.05):
        pass


def test_what_a_full_disk_left_is_taken_back(tmp_path, monkeypatch):
    log = filled(tmp_path, 2)
    before, real = log.path.read_bytes(), os.write

    def half(handle, text):
        if len(text) < 500:
            raise OSError(28, "No space left on device")
        return real(handle, bytes(text[:300]))

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space left"):
        log.append(Happening("read", "x"))
    monkeypatch.undo()
    assert log.path.read_bytes() == before
    log.append(Happening("read", "x"))
    assert judged(log).entries == 3


def test_an_append_reaches_the_disk(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "fsync", calls.append)
    log = open_log(tmp_path / "log.jsonl", folder=tmp_path)
    calls.clear()
    log.append(Happening("read"))
    assert len(calls) == 1


def test_no_log_is_said_to_be_none(tmp_path):
    with pytest.raises(LogError, match="no log there"):
        verify(tmp_path / "log.jsonl", None)


def test_a_line_is_read_as_it_was_written(tmp_path):
    log = filled(tmp_path, 1)
    line = log.path.read_bytes()
    entry = parsed(line)
    assert entry.whole
    assert entry.sealed(log.key)
    assert json.loads(line)["hash"] == entry.hash
    assert parsed(line.replace(b'"status"', b'"status" ')).whole is False


def test_thousands_of_entries_take_seconds(tmp_path, record_property):
    began = time.perf_counter()
    log = filled(tmp_path, 1000)
    appended = time.perf_counter()
    assert judged(log).entries == 1000
    seconds = time.perf_counter() - appended
    record_property("figure", f"1,000 entries: {appended - began:.1f} s to append unsynced, {seconds:.2f} s to verify")
    assert appended - began < 60
    assert seconds < 10
