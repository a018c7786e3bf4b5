"""What is listed can be used under the name it is listed by; what is broken is named, and never hidden."""

import json
import shutil

import pytest

from vesale.core.errors import NotRegistered
from vesale.verbs.list import find_model, list_models


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VESALE_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "models").mkdir(parents=True)
    return tmp_path / "home" / "models"


def test_an_empty_home_lists_nothing_of_its_own(home):
    document = list_models()
    assert document["schema"] == "vesale/models/1"
    assert document["broken"] == []
    assert not [m for m in document["models"] if str(home) in m["path"]]


def test_a_home_that_is_not_there_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setenv("VESALE_HOME", str(tmp_path / "absent"))
    assert list_models()["schema"] == "vesale/models/1"


def test_an_unknown_name_says_what_there_is(home):
    with pytest.raises(NotRegistered, match="no-such-model") as caught:
        find_model("no-such-model")
    assert caught.value.exit_code == 2


def test_a_path_is_itself(tmp_path):
    assert find_model(tmp_path) == tmp_path


@pytest.mark.slow
@pytest.mark.train
def test_models_are_listed_with_their_card_and_found_by_their_name(home, tiny_package):
    shutil.copytree(tiny_package["discs"].model, home / "a-folder")
    shutil.make_archive(str(home / "packed"), "zip", tiny_package["lines"].model)
    document = list_models()
    models = {m["name"]: m for m in document["models"] if str(home) in m["path"]}
    assert set(models) == {"tiny-discs", "tiny-lines"}
    for name, model in models.items():
        assert set(model) >= {"name", "version", "digest", "outputs", "modalities", "bytes", "path", "licence", "use",
                              "data", "citation", "measures"}  # fmt: skip
        assert model["use"] in ("any", "non_commercial", "research")
        assert model["bytes"] > 1000
        assert str(find_model(name)) == model["path"], "a name that is listed can be used"
    assert models["tiny-discs"]["outputs"] == {"label": "category"}
    assert models["tiny-lines"]["outputs"] == {"mask": "partition"}
    assert find_model("a-folder") == home / "a-folder"
    assert find_model("packed") == home / "packed.zip"
    with pytest.raises(NotRegistered, match="did you mean tiny-discs"):
        find_model("tiny-disks")
    json.dumps(document, allow_nan=False)


@pytest.mark.slow
@pytest.mark.train
def test_a_broken_package_is_named_and_hides_no_other(home, tiny_package):
    shutil.copytree(tiny_package["discs"].model, home / "good")
    shutil.copytree(tiny_package["discs"].model, home / "bad")
    (home / "bad" / "card.md").write_text("changed", encoding="utf-8")
    document = list_models()
    assert [m["path"] for m in document["models"] if str(home) in m["path"]] == [(home / "good").as_posix()]
    assert [b["path"] for b in document["broken"]] == [(home / "bad").as_posix()]
    assert "card.md is changed" in document["broken"][0]["message"]
