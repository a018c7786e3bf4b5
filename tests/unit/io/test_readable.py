from vesale.io import READERS
from vesale.io.formats import MICROSCOPES, NUMBERS, SCOPES, SUFFIXES, UNREAD
from vesale.io.readable import READABLE
from vesale.io.tiff_kinds import KINDS


def test_every_reader_and_every_suffix_is_in_the_table():
    scopes = {name: s for name, s in SCOPES.items() if name != "events"}  # 4-D NIfTI, seen otherwise
    formats = {SUFFIXES.get(x, NUMBERS.get(x)) for s in scopes.values() for x in s.suffixes}
    assert {r.reader for r in READABLE} | formats | {"mat73"} == set(READERS)
    named = {x for s in scopes.values() for x in s.suffixes} - set(NUMBERS)
    assert {s for r in READABLE for s in r.suffixes} | named == set(SUFFIXES)
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
