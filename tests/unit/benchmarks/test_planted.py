"""The photographs that the record of copies plants: the same every time, and each copy changed as its row says."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from benchmarks.detective import check_planted, planted_table
from benchmarks.planted import PLANTS, SIDE, make, photograph


def test_made_photographs_are_the_same_every_time_and_differ_from_each_other() -> None:
    assert np.array_equal(photograph(4), photograph(4))
    first, second = (photograph(i).astype(float).mean(axis=2) for i in (4, 6))
    assert np.abs(first - second).mean() > 5
    assert photograph(5).shape == (SIDE, SIDE, 3)


def test_too_few_photographs_hold_no_copies(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="do not hold"):
        make(tmp_path, 2 * len(PLANTS) - 1, each=1)


def test_planted_copies_are_found_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vesale.engine.suspicions.can_read", lambda: False)  # letters are not what is asked
    count = 2 * len(PLANTS) + 10
    plants = make(tmp_path, count, each=1)
    assert len({p.copy for p in plants} | {p.original for p in plants}) == 2 * len(PLANTS)
    scaled = next(p for p in plants if p.strength == "to 25 %")
    with Pillow.open(tmp_path / "images" / f"{scaled.copy}.jpg") as picture:
        assert picture.size == (SIDE // 4, SIDE // 4)
    checked, _ = check_planted(tmp_path, count, each=1)
    table = planted_table(checked, plants)
    assert sum(str(row[4]).startswith("1 of 1") for row in table.rows) >= len(PLANTS) - 2
    assert table.note is not None
    assert table.note.endswith("together: 0 errors, 0 warnings.")
