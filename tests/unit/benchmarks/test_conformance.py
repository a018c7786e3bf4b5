"""The page of what is read follows from the readers' tables, and the tables from the readers."""

from pathlib import Path

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from benchmarks.conformance import page, write_conformance
from vesale.io.dicom_kinds import DECODERS, VIDEO, undecodable

ROOT = Path(__file__).parents[3]


def test_the_page_is_what_the_tables_say(tmp_path):
    (tmp_path / "docs").mkdir()
    text = write_conformance(tmp_path).read_text(encoding="utf-8")
    assert text == page()
    assert (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8") == text, "python -m benchmarks.conformance"


def test_every_table_of_the_page_is_even():
    for block in page().split("\n\n"):
        bars = {line.count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(bars) <= 1, block


def test_every_syntax_of_the_page_has_its_decoder_and_no_video_has():
    for syntax in DECODERS:
        assert undecodable(syntax) is None, syntax
        assert get_decoder(UID(syntax)).is_available
    assert all(undecodable(syntax) is not None for syntax in VIDEO)
