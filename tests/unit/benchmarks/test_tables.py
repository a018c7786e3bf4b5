"""Tables of record: what is written is what the page shows."""

import pytest

from benchmarks.page import page
from benchmarks.tables import Table, record_tables


def test_the_page_shows_the_tables(tmp_path):
    table = Table("Share caught", ("strength", "caught"), (("1", "8 of 10 [.44, .97]"), ("2", None)), "Made pictures.")
    record_tables(tmp_path / "gate.json", "How it fared.", "python -m benchmarks.gate", [table])
    text = page(tmp_path)
    assert "## gate\n\nHow it fared.\n\n**Share caught**\n\n| strength | caught |\n| --- | --- |\n" in text
    assert "| 1 | 8 of 10 [.44, .97] |\n| 2 |  |\n\nMade pictures.\n\n- Command: `python -m benchmarks.gate`." in text


def test_an_uneven_table_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cells"):
        record_tables(tmp_path / "x.json", "", "", [Table("t", ("a", "b"), (("1",),))])
