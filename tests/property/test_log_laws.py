"""Whatever is done to a log by who lacks its key is found, and the number of the first bad entry is right."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesale.store.entry import Happening, head_text, parsed, written
from vesale.store.key import Key, read_key
from vesale.store.log import head_path, open_log, read_head
from vesale.store.verify import verify

N = 8
numbers = st.integers(1, N)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    log = open_log(folder / "log.jsonl", durable=False, folder=folder)
    for i in range(N):
        log.append(Happening("read", f"exam {i}", (f"{i:064x}",), {"name": "m"}, "reported"))
    return folder


def after(original: Path, change) -> tuple[bool, int | None, str]:
    """(ok, first_bad, what) once `change` has had the lines and may write the head."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        shutil.copytree(original, place)
        path = place / "log.jsonl"
        lines = change(path.read_bytes().splitlines(keepends=True), path)
        path.write_bytes(b"".join(lines))
        found = verify(path, read_key(place))
        return found.ok, found.first_bad, found.what or ""


@given(numbers)
def test_dropped(original, n):
    ok, bad, what = after(original, lambda lines, _: lines[: n - 1] + lines[n:])
    assert (ok, bad) == (False, n)
    assert "missing" in what


@given(numbers, numbers)
def test_moved(original, n, to):
    def move(lines, _):
        rest = lines[: n - 1] + lines[n:]
        return [*rest[: to - 1], lines[n - 1], *rest[to - 1 :]]

    ok, bad, what = after(original, move)
    if n == to:
        assert ok
    else:
        assert (ok, bad) == (False, min(n, to))
        assert "not in its place" in what


@given(numbers, numbers)
def test_repeated(original, n, to):
    """Entry n put in once more before entry `to` + 1."""
    ok, bad, what = after(original, lambda lines, _: [*lines[:to], lines[n - 1], *lines[to:]])
    if n == to + 1:
        assert (ok, bad) == (False, n + 1)
    elif n <= to:
        assert (ok, bad) == (False, to + 1)
        assert "second time" in what
    else:
        assert (ok, bad) == (False, to + 1)


@given(st.integers(0, N - 1))
def test_truncated(original, kept):
    ok, bad, what = after(original, lambda lines, _: lines[:kept])
    assert (ok, bad) == (False, kept + 1)
    assert "missing from the end" in what


@given(numbers, st.integers(0, 10**6), st.integers(1, 255))
def test_one_byte_changed(original, n, at, by):
    def change(lines, _):
        line = bytearray(lines[n - 1])
        line[at % len(line)] ^= by
        return [*lines[: n - 1], bytes(line), *lines[n:]]

    ok, bad, _ = after(original, change)
    assert (ok, bad) == (False, n)


@given(numbers, st.sampled_from(["status", "event", "time", "exam", "answer"]))
def test_a_field_changed_and_the_hashes_redone(original, n, name):
    """All that can be done without the key: new hashes from there on, old seals."""

    def change(lines, _):
        stranger, done = Key(b"0" * 32), []
        previous = parsed(lines[n - 2]).hash if n > 1 else "0" * 64
        for line in lines[n - 1 :]:
            document = {**json.loads(line), "previous": previous}
            document = {k: v for k, v in document.items() if k not in ("hash", "seal")}
            if not done:
                document[name] = "other"
            made = sealed(document, stranger)
            previous = parsed(made).hash
            done.append(made)
        return [*lines[: n - 1], *done]

    ok, bad, what = after(original, change)
    assert (ok, bad) == (False, n)
    assert "without the key" in what


def sealed(document, key):
    import hashlib

    body = json.dumps(document, separators=(",", ":")).encode()
    digest = hashlib.sha256(body).hexdigest()
    return body[:-1] + f',"hash":"{digest}","seal":"{key.seal(digest.encode())}"}}\n'.encode()


@given(st.integers(0, 2))
def test_a_whole_chain_rewritten_without_the_key(original, kept):
    """Also where the head is rewritten along with it, and where both name the true key."""

    def change(lines, path):
        from datetime import UTC, datetime

        stranger = Key(b"1" * 32)
        place, done = read_head(path)[0], lines[:kept]
        place = type(place)(place.log, kept, parsed(lines[kept - 1]).hash if kept else "0" * 64, 0)
        for i in range(N - kept):
            line, place = written(Happening("read", f"forged {i}"), place, stranger, datetime.now(UTC))
            done.append(line)
        head_path(path).write_text(head_text(place, stranger), encoding="utf-8")
        return done

    ok, bad, _ = after(original, change)
    assert (ok, bad) == (False, kept + 1)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_head(original, at, by):
    def change(lines, path):
        text = bytearray(head_path(path).read_bytes().rstrip())
        text[at % len(text)] ^= by
        head_path(path).write_bytes(bytes(text))
        return lines

    before = read_head(original / "log.jsonl")
    ok, bad, _ = after(original, change)
    with tempfile.TemporaryDirectory() as folder:  # white space between the members may change: it says nothing
        copy = Path(folder) / "log.jsonl"
        text = bytearray(head_path(original / "log.jsonl").read_bytes().rstrip())
        text[at % len(text)] ^= by
        head_path(copy).write_bytes(bytes(text))
        try:
            same = read_head(copy) == before
        except ValueError:
            same = False
    assert ok == same
    assert same or bad == N + 1


def test_a_replaced_key(original, tmp_path):
    shutil.copytree(original, tmp_path / "run")
    (tmp_path / "run" / "log.key").write_text("ab" * 32 + "\n", encoding="utf-8")
    found = verify(tmp_path / "run" / "log.jsonl", read_key(tmp_path / "run"))
    assert (found.ok, found.first_bad) == (False, 1)


@given(st.integers(0, N), st.integers(1, 600))
def test_a_torn_end_is_no_tampering(original, kept, torn):
    """The beginning of a line after what the head names is what a crash leaves, and all before it stands."""
    ok, _, _ = after(original, lambda lines, _: [*lines, lines[0][:torn]])
    assert ok
    ok, bad, _ = after(original, lambda lines, _: [*lines[:kept], *([lines[kept][:torn]] if kept < N else [])])
    assert (ok, bad) == ((True, None) if kept == N else (False, kept + 1))
