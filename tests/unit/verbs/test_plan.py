"""A plan says what the table asks for, is written so that it reads back, and is the same twice."""

import csv
import tomllib

import numpy as np
import pytest

import phantoms
from vesale.core.decode import decode
from vesale.core.errors import CohortError, RecipeError
from vesale.core.recipe import Recipe, load
from vesale.core.task import Category, Partition, Quantity
from vesale.engine.survey import class_counts, strata, survey, task_of_cohort
from vesale.io.cohort import Columns, read_cohort
from vesale.verbs.plan import parse_budget, plan


def table(folder, cells, column="label", **more):
    """A cohort with one small picture a row and these cells in one column."""
    rng = np.random.default_rng(0)
    rows = []
    for i, cell in enumerate(cells):
        phantoms.write_raster(folder / f"i{i}.png", phantoms.colour(rng, (24, 30)))
        extra = {name: values[i] for name, values in more.items()}
        rows.append({"exam": f"e{i}", "subject": f"s{i}", "image": f"i{i}.png", column: cell, **extra})
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return read_cohort(folder, Columns(labels=(column,))).cohort


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45m", 2700),
        ("90s", 90),
        ("1h30m", 5400),
        ("2h", 7200),
        ("1.5m", 90),
        ("10", 600),
        (" 5M ", 300),
        ("1h2m3s", 3723),
    ],
)
def test_a_budget_is_a_time(text, seconds):
    assert parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "m", "-5m", "5 minutes", "1m1h", "5x", "1:30", "nan"])
def test_what_is_no_time_is_said(text):
    with pytest.raises(RecipeError, match="not a time") as caught:
        parse_budget(text)
    assert "45m" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("cells", "output"),
    [
        (["cat", "dog", "dog", "cat"], Category(("cat", "dog"))),
        (["0", "1", "1", "0"], Category(("0", "1"))),
        (["1", "2", "2", "1"], Category(("1", "2"))),
        (["0", "1", "2", "3"], Quantity(steps=("0", "1", "2", "3"))),
        (["0", "1", "2", "4"], Quantity(steps=("0", "1", "2", "3", "4"))),
        (["0.5", "1.25", "3.75", "2"], Quantity()),
        (["31", "45", "67", "80"], Quantity()),
        (["a;b", "b", "a", "c; a"], Category(("a", "b", "c"), exclusive=False)),
    ],
)
def test_a_column_is_asked_for_by_its_cells(tmp_path, cells, output):
    task = task_of_cohort(table(tmp_path, cells))
    assert task.outputs == {"label": output}
    assert task.inputs == ("image",)


def test_a_column_that_says_one_thing_or_everything_is_no_label(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(CohortError, match="nothing to learn"):
        task_of_cohort(table(tmp_path / "a", ["same"] * 4))
    (tmp_path / "b").mkdir()
    with pytest.raises(CohortError, match="different texts"):
        task_of_cohort(table(tmp_path / "b", [f"note {i}" for i in range(24)]))


def masks(folder, values, columns=("mask",)):
    rng = np.random.default_rng(0)
    rows = []
    for i in range(4):
        phantoms.write_raster(folder / f"i{i}.png", phantoms.grey(rng, (24, 30)))
        row = {"exam": f"e{i}", "subject": f"s{i}", "image": f"i{i}.png"}
        for column in columns:
            index = phantoms.indices(rng, (24, 30), len(values))
            phantoms.write_raster(folder / f"{column}{i}.png", np.array(values, np.uint8)[index])
            row[column] = f"{column}{i}.png"
        rows.append(row)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return read_cohort(folder).cohort


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ((0, 255), ("background", "structure")),
        ((0, 1), ("background", "structure")),
        ((0, 1, 2), ("background", "class 1", "class 2")),
    ],
)
def test_masks_are_asked_for_by_their_values(tmp_path, values, names):
    assert task_of_cohort(masks(tmp_path, values)).outputs == {"mask": Partition(names)}


def test_masks_of_several_classes_may_overlap(tmp_path):
    cohort = masks(tmp_path, (0, 255), ("mask_vein", "mask_artery"))
    assert task_of_cohort(cohort).outputs == {"mask": Partition(("artery", "vein"), exclusive=False)}


def test_grey_pictures_are_no_masks(tmp_path):
    with pytest.raises(CohortError, match="values up to 200"):
        task_of_cohort(masks(tmp_path, (0, 90, 200)))


def test_folds_hold_each_class_and_subjects_count_once(tmp_path):
    cohort = read_cohort(phantoms.category_cohort(tmp_path, np.random.default_rng(0), 16)).cohort
    task = task_of_cohort(cohort)
    assert set(strata(cohort, task)) == set(cohort.subjects)
    counts = class_counts(cohort, task.outputs["label"], "label")
    pairs = {(e.subject, e.truth["label"]) for e in cohort}
    assert counts == {c: sum(label == c for _, label in pairs) for c in ("disc", "ring")}


def test_a_survey_sees_what_the_pictures_are(tmp_path):
    cohort = read_cohort(phantoms.category_cohort(tmp_path, np.random.default_rng(0), 8, 64)).cohort
    seen = survey(cohort)
    assert (seen.exams, seen.subjects, seen.shape, seen.smallest) == (8, 4, (64, 64), (64, 64))
    assert seen.kinds == ("uint8",)
    assert not seen.colour
    assert not seen.volumes
    assert seen.modalities == ()


@pytest.mark.parametrize("maker", [phantoms.category_cohort, phantoms.grade_cohort, phantoms.partition_cohort])
def test_a_plan_reads_back_and_is_the_same_twice(tmp_path, maker):
    cohort = read_cohort(maker(tmp_path / "c", np.random.default_rng(0))).cohort
    first, second = plan(cohort), plan(cohort)
    assert first.recipe == second.recipe
    assert first.toml == second.toml
    path = tmp_path / "recipe.toml"
    path.write_text(first.toml, encoding="utf-8")
    assert load(path) == first.recipe
    assert load(path).digest == first.recipe.digest
    assert decode(Recipe, tomllib.loads(first.toml)) == first.recipe
    assert first.remarks
    for key, why in first.remarks.items():
        section, name = key.split(".")
        part = getattr(first.recipe, section)
        assert name in part.__dataclass_fields__, f"{key} is no setting"
        assert why in " ".join(line.removeprefix("#: ") for line in first.toml.splitlines() if line.startswith("#: "))
        assert why in first.markdown


def test_outlines_get_a_network_that_outlines_and_names_one_that_names(tmp_path):
    rng = np.random.default_rng(0)
    lines = plan(read_cohort(phantoms.partition_cohort(tmp_path / "p", rng)).cohort).recipe
    discs = plan(read_cohort(phantoms.category_cohort(tmp_path / "c", rng)).cohort).recipe
    assert lines.net.name == "unet"
    assert discs.net.name in ("resnet", "efficientnet_lite")
    assert discs.look.size is not None
    assert all(n % 32 == 0 for n in discs.look.size)


def test_splits_of_the_table_are_kept(tmp_path):
    parts = ["train"] * 8 + ["calibration"] * 4 + ["test"] * 4
    cohort = table(tmp_path, ["a", "b"] * 8, split=parts)
    planned = plan(cohort)
    assert planned.recipe.validate.mode == "split"
    assert planned.surveyed.exams == 8, "what is held out is not looked at"


def test_a_rare_class_is_drawn_as_often(tmp_path):
    planned = plan(table(tmp_path, ["common"] * 20 + ["rare"] * 2))
    assert planned.recipe.train.balance
    assert "rare is rare (2 of 22)" in planned.remarks["train.balance"]
    assert planned.recipe.validate.folds == 2


@pytest.mark.train
@pytest.mark.slow
def test_a_budget_becomes_steps(tmp_path):
    pytest.importorskip("torch")
    cohort = read_cohort(phantoms.partition_cohort(tmp_path, np.random.default_rng(0), 6, 48)).cohort
    planned = plan(cohort, budget=5.0)
    assert planned.recipe.train.steps >= 30
    assert planned.seconds_per_step["float32"] > 0
    assert f"fits of {planned.recipe.train.steps} steps" in planned.remarks["train.steps"]
