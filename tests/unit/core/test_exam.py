from dataclasses import replace
from pathlib import Path

import pytest

from vesale.core.exam import Cohort, Exam, View

VIEW = View({"image": "a.png"}, {"": "a-mask.png"}, roi="a-roi.png", view="front", laterality="L")
EXAM = Exam("a", "s1", (VIEW,), truth={"grade": 1.0}, traits={"sex": "F", "age": 61.0}, split="train")
CONTENTS = {"a.png": "11", "a-mask.png": "22", "a-roi.png": "33"}
COHORT = Cohort("c", Path("here"), (EXAM,), CONTENTS)


def many(n, fold=lambda i: None):
    exams = tuple(Exam(f"e{i}", f"s{i % n}", (View({"image": f"{i}.png"}),), fold=fold(i % n)) for i in range(2 * n))
    return Cohort("many", Path(), exams)


@pytest.mark.parametrize(
    "changed",
    [
        replace(COHORT, contents={**CONTENTS, "a.png": "12"}),
        replace(COHORT, contents={**CONTENTS, "a-mask.png": "12"}),
        replace(COHORT, contents={**CONTENTS, "a-roi.png": "12"}),
        replace(COHORT, exams=(replace(EXAM, truth={"grade": 2.0}),)),
        replace(COHORT, exams=(replace(EXAM, truth={"grade": None}),)),
        replace(COHORT, exams=(replace(EXAM, subject="s2"),)),
        replace(COHORT, exams=(replace(EXAM, split="test"),)),
        replace(COHORT, exams=(replace(EXAM, fold="1"),)),
        replace(COHORT, exams=(replace(EXAM, traits={"sex": "F", "age": 62.0}),)),
        replace(COHORT, exams=(replace(EXAM, views=(replace(VIEW, masks={}),)),)),
        replace(COHORT, exams=(replace(EXAM, views=(replace(VIEW, laterality="R"),)),)),
        replace(COHORT, exams=(EXAM, replace(EXAM, id="b"))),
    ],
)
def test_the_digest_covers_truth_and_pixels(changed):
    assert changed.digest != COHORT.digest


def test_the_digest_is_of_what_is_in_the_files_not_of_where_they_lie():
    moved = replace(VIEW, inputs={"image": "b/a.png"})
    elsewhere = Cohort("d", Path("there"), (replace(EXAM, views=(moved,)),), {**CONTENTS, "b/a.png": CONTENTS["a.png"]})
    assert elsewhere.digest == COHORT.digest
    other = replace(EXAM, id="b")
    forth, back = replace(COHORT, exams=(EXAM, other)), replace(COHORT, exams=(other, EXAM))
    assert forth.digest == back.digest


def test_a_view_knows_its_files():
    assert VIEW.paths == ("a.png", "a-mask.png", "a-roi.png")


def test_parts_are_named_after_their_splits():
    cohort = replace(COHORT, exams=(EXAM, replace(EXAM, id="b", split="test"), replace(EXAM, id="c", split=None)))
    part = cohort.of_split("train", "test")
    assert (part.name, [e.id for e in part]) == ("c/train+test", ["a", "b"])


def test_the_shares_of_a_split_are_kept():
    parts = many(100).split([6, 2, 2], seed=0)
    assert [len(p.subjects) for p in parts] == [60, 20, 20]
    assert [len(p) for p in parts] == [120, 40, 40]


def test_seeds_differ_and_repeat():
    cohort = many(40)
    assert cohort.split([1, 1], 1)[0].subjects == cohort.split([1, 1], 1)[0].subjects
    assert cohort.split([1, 1], 1)[0].subjects != cohort.split([1, 1], 2)[0].subjects
    assert cohort.folds(5, 1) == cohort.folds(5, 1) != cohort.folds(5, 2)


def test_a_given_fold_column_is_kept():
    given = many(6, fold=lambda i: "ab"[i % 2])
    assert given.folds(5, seed=0) == {f"s{i}": i % 2 for i in range(6)}
