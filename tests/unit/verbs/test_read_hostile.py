"""What lies in strangers' folders beside good pictures: odd names, links, empty, unreadable, vanishing and locked
files, bombs. Each fails alone with its cause; the good ones are read."""

import gzip
import json
import struct
import sys
import zlib

import numpy as np
import pytest

import vesale.verbs.read as reading
from vesale.io.lazy import Deferred
from vesale.verbs.read import How, read

pytestmark = [pytest.mark.slow, pytest.mark.train]
NAMES = (
    "пациент 7.png",
    "患者.png",
    "مريض.png",
    "Ωμέγα-é.png",
    "e\u0301.png",  # a combining accent
    "two\nlines.png",
    "blank  and 'quotes' \"both\".png",
    "-rf.png",
    "émoji 🫀.png",
    "x" * 180 + ".png",
)


@pytest.fixture
def model(tiny_package):
    return tiny_package["discs"].model


@pytest.fixture
def good(tiny_package):
    return sorted((tiny_package["discs"].cohort / "images").iterdir())[0]


def statuses(summary):
    return {e.exam: e.status for e in summary.exams}


def test_names_in_any_alphabet_give_exams_of_safe_and_different_names(model, good, tmp_path):
    if sys.platform == "win32":
        pytest.skip("Windows forbids some of these names")
    folder = tmp_path / "in"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(good.read_bytes())
    summary = read([folder], model, tmp_path / "out")
    assert not summary.failures
    assert len(statuses(summary)) == len(NAMES)
    for exam in summary.exams:
        assert all(c.isascii() and (c.isalnum() or c in "._-") for c in exam.exam)
        assert (tmp_path / "out" / exam.path).is_file()
    json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_in_circles_and_to_nothing_do_not_stop_the_rest(model, good, tmp_path):
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "good.png").write_bytes(good.read_bytes())
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "nothing.png").symlink_to(tmp_path / "absent.png")
    (folder / "self.png").symlink_to(folder / "self.png")
    (folder / "same.png").symlink_to(folder / "good.png")
    summary = read([folder], model, tmp_path / "out")
    done = statuses(summary)
    assert sum(s != "failed" for s in done.values()) == 1, "one picture, however many names lead to it"
    failed = {f.input.rpartition("/")[2]: f for f in summary.failures}
    assert set(failed) == {"nothing.png", "self.png"}
    assert all(f.message and f.remedy and "\n" not in f.message for f in failed.values())


def test_empty_foreign_and_huge_files_fail_alone(model, good, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.png").write_bytes(good.read_bytes())
    (folder / "empty.png").write_bytes(b"")
    (folder / "folder.png").mkdir()
    (folder / "bomb.png").write_bytes(png_bomb())
    (folder / "bomb.nii.gz").write_bytes(nifti_bomb())
    summary = read([folder], model, tmp_path / "out", how=How(confined=True))
    failed = {f.input.rpartition("/")[2]: f.message for f in summary.failures}
    assert set(failed) == {"empty.png", "bomb.png", "bomb.nii.gz"}
    assert "empty" in failed["empty.png"]
    assert "pixels" in failed["bomb.png"]
    assert statuses(summary)["good"] != "failed"
    assert summary.peak_rss_mb < 4000


def test_an_unreadable_file_says_so(model, good, tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(good.read_bytes())
    path.chmod(0)
    try:
        path.read_bytes()
    except PermissionError:
        pass
    else:
        pytest.skip("this user may read everything")
    summary = read([path], model, tmp_path / "out")
    assert "ermission" in summary.failures[0].message


def test_a_file_that_vanishes_after_it_was_found_fails_alone(model, good, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(good.read_bytes())
    find = reading.find_inputs

    def find_and_lose(*arguments):
        found = find(*arguments)
        (folder / "a.png").unlink()
        return found

    monkeypatch.setattr(reading, "find_inputs", find_and_lose)
    summary = read([folder], model, tmp_path / "out")
    assert statuses(summary)["a"] == "failed"
    assert statuses(summary)["b"] != "failed"
    assert "a.png" in summary.failures[0].message


def test_a_file_that_another_program_locks_fails_alone(model, good, tmp_path, monkeypatch):
    """As Windows says it: the open itself is refused."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(good.read_bytes())
    load = Deferred.read

    def locked(self, *arguments, **options):
        if self.description.files[0].name == "a.png":
            raise PermissionError(13, "The process cannot access the file because another process has locked it")
        return load(self, *arguments, **options)

    monkeypatch.setattr(Deferred, "read", locked)
    summary = read([folder], model, tmp_path / "out")
    assert statuses(summary)["a"] == "failed"
    assert statuses(summary)["b"] != "failed"
    assert "locked" in summary.failures[0].message


def png_bomb() -> bytes:
    """A valid PNG header of 60,000 x 60,000 pixels over a few bytes of zeros."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )


def nifti_bomb() -> bytes:
    """A NIfTI header of 16,000 x 16,000 x 400 samples over half a gigabyte of zeros, packed to half a megabyte."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, 16_000, 16_000, 400, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, 352)
    header[344:348] = b"n+1\0"
    return gzip.compress(bytes(header) + np.zeros(2**29, np.uint8).tobytes(), 1)
