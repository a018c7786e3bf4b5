"""Traits to groups: bins, codes, pools, crossings."""

import pytest

from vesale.core.audit import Grouping
from vesale.trust.groups import crossed, group, sizes, usable

PEOPLE = [f"s{i}" for i in range(120)]


def test_an_age_is_cut_where_it_is_asked():
    ages = [float(i) for i in range(120)]
    made = group(Grouping("age", (40.0, 60.0)), ages, PEOPLE)
    assert made.names == ("< 40", "≥ 40, < 60", "≥ 60")
    assert made.member[[39, 40, 59, 60]].tolist() == [0, 1, 1, 2]
    assert not made.chosen


def test_an_age_is_cut_into_thirds_of_the_subjects():
    made = group(Grouping("age"), [float(20 + i // 10) + 0.5 for i in range(120)], PEOPLE)
    assert made.chosen
    assert sizes(made, PEOPLE) == [40, 40, 40]


def test_few_subjects_are_halved():
    made = group(Grouping("age"), [float(i) for i in range(36)], PEOPLE[:36])
    assert len(made.names) == 2


def test_codes_stay_codes():
    made = group(Grouping("gender"), [1.0, 2.0, None] * 40, PEOPLE)
    assert made.codes
    assert made.names == ("1", "2")
    assert made.label(0) == "gender 1"
    assert (made.member == -1).sum() == 40


def test_rare_values_are_pooled_and_named():
    values = ["CS"] * 60 + ["DU"] * 50 + ["EZ"] * 6 + ["FG"] * 4
    made = group(Grouping("site"), values, PEOPLE, pool=10)
    assert made.names == ("CS", "DU", "other (EZ, FG)")
    assert made.pooled == ("EZ", "FG")
    assert sizes(made, PEOPLE) == [60, 50, 10]
    assert group(Grouping("site"), values, PEOPLE, pool=0).pooled == ()


def test_two_values_are_never_pooled():
    made = group(Grouping("sex"), ["F"] * 5 + ["M"] * 115, PEOPLE)
    assert made.names == ("F", "M")


def test_subjects_are_counted_not_exams():
    made = group(Grouping("site"), ["A", "B", "C"] * 40, ["s1", "s2", "s3"] * 40, pool=10)
    assert sizes(made, ["s1", "s2", "s3"] * 40) == [3]


def test_crossed_groups_hold_who_is_in_both():
    sex = group(Grouping("sex"), ["F", "M"] * 60, PEOPLE)
    age = group(Grouping("age", (50.0,)), [float(i) for i in range(120)], PEOPLE)
    both = crossed(sex, age)
    assert both.by == "sex x age"
    assert both.names[0] == "sex F, age < 50"
    assert sizes(both, PEOPLE) == [25, 35, 25, 35]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["F", "M"] * 60, True),
        ([f"note {i}" for i in range(120)], False),
        ([float(i) for i in range(120)], False),
        ([20 + i * 0.5 for i in range(120)], True),
        (["F"] * 115 + ["M"] * 5, False),
        (["F"] * 120, False),
    ],
)
def test_what_an_audit_takes_of_its_own_accord(values, expected):
    made = group(Grouping("trait"), values, PEOPLE)
    assert usable(made, values, PEOPLE) is expected
