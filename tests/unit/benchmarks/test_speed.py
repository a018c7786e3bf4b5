"""Speeds of record: pairs of medians as INTERFACES has them, from made runs; nothing is timed here."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from benchmarks.speed import WORKS, main, make_photographs, pair


def test_the_list_names_every_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(WORKS)
    assert main([]) == 2


def test_a_folder_needs_a_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["folder"]) == 2
    assert main(["folder", "--model", str(tmp_path)]) == 2
    assert "--model must name" in capsys.readouterr().err


def test_a_pair_is_the_median_of_ratios_with_their_range() -> None:
    ours = [{"seconds": s, "peak_rss_mb": m} for s, m in ((2.0, 300.0), (3.0, 310.0), (8.0, 305.0))]
    peer = [{"seconds": s, "peak_rss_mb": 200.0} for s in (1.0, 2.0, 2.0)]
    found = pair("work", ("us", "them"), {"ours": ours, "peer": peer})
    assert (found["ours_value"], found["peer_value"], found["runs"]) == (3.0, 2.0, 3)
    assert (found["ratio"], found["low"], found["high"]) == (2.0, 1.5, 4.0)
    assert found["peak_rss_mb"] == {"ours": 310.0, "peer": 200.0}


def test_made_photographs_are_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_photographs(tmp_path / name, 2, 64)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert len(files) == 2
    for name in files:
        first, second = (np.asarray(Pillow.open(tmp_path / side / name)) for side in ("a", "b"))
        assert first.shape == (64, 64, 3)
        assert np.array_equal(first, second)
        assert first.std() > 10
