"""A decoder that crashes, hangs or eats the memory takes its child process with it, and nothing else."""

import os
import sys
import time

import numpy as np
import pytest

import phantoms
from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.engine.confined import Confinement
from vesale.io import open_source

GIGABYTE = 2**30


@pytest.fixture(scope="module")
def confinement():
    with Confinement(memory=GIGABYTE, seconds=20) as made:
        yield made


def test_what_is_read_there_is_what_is_read_here(tmp_path, confinement):
    path = phantoms.write_raster(tmp_path / "a.png", phantoms.colour(np.random.default_rng(0)))
    here, there = open_source(path), confinement.open_source(path)
    assert (there.description, there.channels, there.levels) == (here.description, here.channels, here.levels)
    assert np.array_equal(there.read().data, here.read().data)
    box = Box((2, 3), (9, 20))
    assert np.array_equal(there.read(box).data, here.read(box).data)


def test_a_refusal_comes_back_as_it_is(tmp_path, confinement):
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(SourceError) as there:
        confinement.open_source(path)
    with pytest.raises(SourceError) as here:
        open_source(path)
    assert (there.value.message, there.value.remedy) == (here.value.message, here.value.remedy)


def test_a_crash_is_an_error_and_the_next_file_is_read(tmp_path, confinement):
    with pytest.raises(SourceError, match=r"^bad\.dcm: the reader was stopped by the system"):
        confinement.call("bad.dcm", os.abort)
    path = phantoms.write_raster(tmp_path / "a.png", phantoms.grey(np.random.default_rng(0)))
    assert confinement.open_source(path).channels == ("grey",)


def test_a_hang_is_an_error_and_is_ended():
    with Confinement(seconds=0.5) as confinement:
        began = time.monotonic()
        with pytest.raises(SourceError, match=r"^slow\.svs: not read after 0\.5 s"):
            confinement.call("slow.svs", time.sleep, 600)
        assert time.monotonic() - began < 60
        assert confinement.call("fast.svs", abs, -3) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a process's memory here")
def test_memory_is_limited(confinement):
    with pytest.raises(SourceError, match="more memory than it may"):
        confinement.call("bomb.tif", np.ones, 2 * GIGABYTE)
    assert confinement.call("small.tif", np.ones, 3).sum() == 3


def test_any_other_exception_is_told_in_words(confinement):
    with pytest.raises(SourceError, match=r"cannot be read \(ValueError: invalid literal"):
        confinement.call("x", int, "seven")
