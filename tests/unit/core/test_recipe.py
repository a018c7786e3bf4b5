import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from vesale.core.encode import to_toml
from vesale.core.errors import NotRegistered, RecipeError
from vesale.core.recipe import LATER, Look, Recipe, load
from vesale.core.registry import Registry
from vesale.core.task import Category, Partition, Quantity, Task

GOOD = '[task]\nname = "v"\noutputs.mask = { kind = "partition", names = ["bg", "x"] }\n'


@pytest.fixture
def recipe(tmp_path):
    def write(text=GOOD):
        path = tmp_path / "r.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("train.step=3", "train.step: no such setting; did you mean steps?"),
        ("train.zzzz=3", "train.zzzz: no such setting; known: steps, batch, rate"),
        ("train.steps=many", "train.steps: expected int, got 'many'"),
        ("train.steps=true", "train.steps: expected int, got True"),
        ("train.rate=true", "train.rate: expected float, got True"),
        ("train.balance=1", "train.balance: expected bool, got 1"),
        ("train.precision=float8", "train.precision: expected one of float32, bfloat16, got 'float8'"),
        ("look.channels=0", "look.channels: expected 1 or more, got 0"),
        ("look.channels=true", "look.channels: expected int, got True"),
        ("look.channels=1.0", "look.channels: expected int, got 1.0"),
        ("look.size=64", "look.size: expected a list, got 64"),
        ('look.size=[64, "a"]', "look.size[1]: expected int, got 'a'"),
        ("look.erase=[[0, 0, 1, true]]", "look.erase[0][3]: expected float, got True"),
        ("train=3", "train: expected a table of Train, got 3"),
        ("task.outputs=3", "task.outputs: expected a table, got 3"),
        (
            "task.outputs.mask.kind=mask",
            "task.outputs.mask.kind: expected one of quantity, category, partition, picture, got 'mask'",
        ),
        ("task.name.first=v", "task.name.first: name is a value, not a table"),
        ("train", "'train': an override looks like train.steps=2000"),
    ],
)
def test_a_wrong_override_says_where_and_what_was_meant(recipe, override, complaint):
    with pytest.raises(RecipeError) as error:
        load(recipe(), [override])
    assert str(error.value).startswith(complaint)


def test_overrides_are_typed(recipe):
    r = load(recipe(), ["train.steps=7", "train.patch=[64, 64]", "net.name=wnet", "look.spacing=[1, 0.5]", "seed=3"])
    assert (r.train.steps, r.train.patch, r.net.name, r.seed) == (7, (64, 64), "wnet", 3)
    assert r.look.spacing == (1.0, 0.5)
    assert all(type(s) is float for s in r.look.spacing)


def test_an_override_can_add_an_output(recipe):
    r = load(recipe(), ['task.outputs.risk={ kind = "quantity", unit = "%" }'])
    assert r.task.outputs["risk"] == Quantity("%")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "task: missing"),
        ('[task]\nname = "v"\n', "task.outputs: missing"),
        ('[task]\nname = "v"\n[task.outputs]\n', "task.outputs: a task needs at least one output"),
        ('[task]\nname = "v"\noutputs.x = { names = ["a", "b"] }\n', "task.outputs.x.kind: expected one of"),
        ('[task]\nname = "v"\noutputs.x = { kind = "category" }\n', "task.outputs.x.names: missing"),
    ],
)
def test_a_missing_part_is_named(recipe, text, complaint):
    with pytest.raises(RecipeError) as error:
        load(recipe(text))
    assert str(error.value).startswith(complaint)


def test_a_missing_file_names_its_near_miss(recipe):
    path = recipe()
    with pytest.raises(RecipeError, match="no such recipe file") as error:
        load(path.with_name("rr.toml"))
    assert error.value.remedy == f"did you mean {path}?"
    with pytest.raises(RecipeError, match="no such recipe file") as error:
        load(path.parent / "nowhere" / "vessels.toml")
    assert error.value.remedy == "check the path"


def test_bad_toml_names_the_file_and_the_line(recipe):
    path = recipe("[task]\nname = v\n")
    with pytest.raises(RecipeError, match=r"r\.toml: not valid TOML: .*line 2"):
        load(path)


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "r.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="cannot be read as text"):
        load(tmp_path / "r.toml")
    with pytest.raises(RecipeError, match="cannot be read as text"):
        load(tmp_path)


def test_the_digest_follows_every_setting_and_nothing_else(recipe):
    r = load(recipe())
    assert load(recipe(GOOD + "\n# a comment\n")).digest == r.digest
    assert load(recipe(), ["seed=1"]).digest != r.digest
    assert load(recipe(), ["task.outputs.mask.exclusive=false"]).digest != r.digest
    assert len(r.digest) == 12


def test_the_digest_does_not_ask_how_a_number_was_spelt(recipe):
    built = Recipe(Task("v", {"mask": Partition(("bg", "x"))}), look=Look(range="fixed", low=-1000, high=400))
    read = load(recipe(to_toml(built)))
    assert read == built
    assert read.digest == built.digest


def test_numpy_numbers_are_written_as_numbers(recipe):
    built = Recipe(Task("v", {"mask": Partition(("bg", "x"))}), look=Look(low=np.float64(0.25)))
    assert "low = 0.25" in to_toml(built)
    assert load(recipe(to_toml(built))) == built


def test_written_recipes_carry_help_remarks_and_what_is_not_set():
    task = Task("v", {"grade": Quantity(steps=("none", "mild"), action=1), "kind of cell": Category(("a", "b"))})
    remarks = {"train.steps": "45 s at 20 steps a second", "task.outputs": "columns of labels.csv"}
    text = to_toml(replace(Recipe(task), seed=4), head="made by plan\n\nfor a test", remarks=remarks)
    assert text.startswith("# made by plan\n#\n# for a test\n")
    assert "# Updates of the weights." in text
    assert "#: 45 s at 20 steps a second\nsteps = 1000" in text
    assert "#: columns of labels.csv\n" in text
    assert "# patch = (not set)" in text
    assert '"kind of cell" = { names = ["a", "b"], exclusive = true, kind = "category" }' in text


def test_a_family_is_named_by_its_ends():
    assert Task("t", {"a": Category(("x", "y")), "b": Quantity()}).family == "image -> category + quantity"
    assert Task("t", {"a": Quantity()}, from_signal=True).family == "signal -> quantity"


def test_the_background_of_an_exclusive_partition_is_not_scored():
    assert Partition(("background", "a", "b")).scored == ("a", "b")
    assert Partition(("a", "b"), exclusive=False).scored == ("a", "b")


def test_an_unknown_name_lists_near_misses():
    nets = Registry("net", {"unet": "vesale.core.task:Task", "wnet": "x:y"})
    with pytest.raises(NotRegistered, match="no net called 'unett'; did you mean unet"):
        nets["unett"]
    with pytest.raises(NotRegistered, match="known: unet, wnet"):
        nets["zzz"]
    assert nets["unet"] is Task
    assert list(nets) == ["unet", "wnet"]


def test_settings_that_came_later_leave_old_digests_alone(recipe):
    """A recipe of a published package keeps its digest until it uses the new setting."""
    old = load(recipe())
    plain = asdict(old)
    for table, settings in LATER.items():
        for name, default in settings.items():
            assert plain[table].pop(name) == default
    assert plain.pop("decode") == {}, "a table that came later as a whole is not there at all"
    before = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]
    assert old.digest == before
    named = replace(old, look=replace(old.look, channels=2, names=("a", "b")))
    unnamed = replace(old, look=replace(old.look, channels=2))
    assert len({old.digest, named.digest, unnamed.digest}) == 3


def test_the_published_package_keeps_its_digest():
    """As it was when the package was published, before any setting was added."""
    package = Path(__file__).parents[3] / "zoo" / "src" / "vesale_zoo" / "models" / "fundus-quality"
    assert load(package / "recipe.toml").digest == "26712c23cd5d"
