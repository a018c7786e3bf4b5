"""The packages of the zoo: each opens, passes its self-test, is small, says its terms and shows figures of record."""

import json
from pathlib import Path

import pytest

from vesale.core.recipe import load
from vesale.engine.opened import open_model
from vesale.verbs.list import find_model, list_models

ROOT = Path(__file__).parents[2]
SHELF = ROOT / "zoo" / "src" / "vesale_zoo" / "models"
PACKAGES = sorted(p for p in SHELF.iterdir() if p.is_dir())
LARGEST = 16_000_000
"""Bytes of a whole package."""


def record(name: str) -> dict:
    return json.loads((ROOT / "docs" / "benchmarks" / f"{name}.json").read_text(encoding="utf-8"))


def test_there_are_packages():
    assert PACKAGES


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_a_package_opens_is_small_and_says_its_terms(package):
    model = open_model(package)
    assert sum(f.stat().st_size for f in package.iterdir()) <= LARGEST
    assert model.card.name == package.name
    assert model.card.licence != "unstated" and model.card.data and model.card.citation
    assert model.recipe.digest == load(ROOT / "recipes" / f"{package.name}.toml").digest, "made by the recipe of record"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_the_card_shows_the_figures_of_record(package):
    card = json.loads((package / "card.json").read_text(encoding="utf-8"))
    found = record(package.name)
    assert found["model"]["digest"] == card["digest"]
    for output, metrics in found["measures"].items():
        for metric, number in metrics.items():
            shown = card["measures"][output][metric]
            assert shown["value"] == pytest.approx(number["value"], abs=5e-4), f"{output} {metric}"
            assert shown["n"] == number["n"]


def test_the_zoo_is_listed_and_found_by_name(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "zoo" / "src"))
    listed = {m["name"]: m for m in list_models()["models"]}
    for package in PACKAGES:
        assert listed[package.name]["use"] in ("any", "non_commercial", "research")
        assert find_model(package.name) == package
