"""Slides of several levels and fields of several stains, through study and read as a user does it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile

import phantoms_slides as made
import tiny
from vesale.core.recipe import Look
from vesale.core.task import Category, Task
from vesale.verbs.read import read
from vesale.verbs.study import Wish, study

pytestmark = [pytest.mark.slow, pytest.mark.train]
NAMES = ("DAPI", "GFP", "Cy3", "Cy5")


def learn(tmp_path, cohort, look, classes):
    recipe = replace(tiny.recipe(Task("made", {"label": Category(classes)})), look=look)
    study(cohort, tmp_path / "run", Wish(recipe=tiny.write_recipe(tmp_path / "r.toml", recipe), name="made"))
    return tmp_path / "run" / "model"


def outcome(out, exam):
    return json.loads((out / exam / "prediction.json").read_text(encoding="utf-8"))


def test_four_stains_are_learned_and_read_by_name(tmp_path):
    rng = np.random.default_rng(0)
    cohort = made.stain_cohort(tmp_path / "c", rng, 24, NAMES)
    look = Look(channels=4, names=NAMES, range="channel", size=(32, 32))
    model = learn(tmp_path, cohort, look, ("near", "apart"))
    pipeline = (model / "pipeline.toml").read_text(encoding="utf-8")
    assert 'names = ["DAPI", "GFP", "Cy3", "Cy5"]' in pipeline

    new = tmp_path / "new"
    new.mkdir()
    data = made.stains(rng, 4, 48, True)

    def write(name, order):
        said = {"axes": "CYX", "Channel": {"Name": list(order)}}
        picked = data[[NAMES.index(n) if n in NAMES else 0 for n in order]]
        tifffile.imwrite(new / name, picked, metadata=said, photometric="minisblack")

    write("same.ome.tif", NAMES)
    write("turned.ome.tif", NAMES[::-1])
    write("other.ome.tif", ("DAPI", "GFP", "Cy3", "mCherry"))
    write("few.ome.tif", NAMES[:3])
    summary = read([new], model, tmp_path / "out")
    assert len(summary.failures) == 2
    same, turned = outcome(tmp_path / "out", "same"), outcome(tmp_path / "out", "turned")
    assert same["outputs"] == turned["outputs"]
    assert (tmp_path / "out" / "same" / "overlay.png").stat().st_size > 500
    messages = {f.input.split("/")[-1]: f.message for f in summary.failures}
    assert "the image's channels are DAPI, GFP, Cy3, mCherry; the model was learned from" in messages["other.ome.tif"]
    assert "the image has 3 channels (DAPI, GFP, Cy3), the model sees 4" in messages["few.ome.tif"]


def test_slides_are_learned_and_read_at_the_level_that_is_asked_for(tmp_path):
    rng = np.random.default_rng(0)
    cohort = made.slide_cohort(tmp_path / "c", rng, 24)
    look = Look(channels=3, spacing=(0.001, 0.001), size=(48, 64))
    model = learn(tmp_path, cohort, look, ("striped", "dotted"))

    new = made.slide_cohort(tmp_path / "new", rng, 2)
    (new / "labels.csv").unlink()
    made.write_pyramid(new / "unscaled.tif", made.pyramid(made.tissue(rng)))
    read([new], model, tmp_path / "out")
    seen = outcome(tmp_path / "out", "s0")
    assert seen["status"] in ("reported", "referred", "declined")
    assert seen["evidence"]["inputs"][0]["spacing_mm"] == pytest.approx([0.00025, 0.00025])
    assert outcome(tmp_path / "out", "unscaled")["status"] == "failed"
    assert "no physical scale" in json.dumps(outcome(tmp_path / "out", "unscaled"))
