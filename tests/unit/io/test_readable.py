from vesale.io import READERS
from vesale.io.formats import MICROSCOPES, SUFFIXES, UNREAD
from vesale.io.readable import READABLE
from vesale.io.tiff_kinds import KINDS


def test_every_reader_and_every_suffix_is_in_the_table():
    assert {r.reader for r in READABLE} == set(READERS)
    assert {s for r in READABLE for s in r.suffixes} == set(SUFFIXES)
    for row in READABLE:
        assert {SUFFIXES[s] for s in row.suffixes} <= {row.reader}, row.name


def test_every_kind_of_tiff_is_in_the_table_and_its_way_is_the_one_said():
    rows = {r.name: r for r in READABLE}
    for kind in KINDS:
        assert kind.name in rows, kind.name
        assert ("OpenSlide" in rows[kind.name].through) == (kind.way == "openslide"), kind.name


def test_what_is_not_read_is_claimed_by_no_reader():
    assert not set(UNREAD) & set(SUFFIXES)
    assert set(UNREAD) >= MICROSCOPES
