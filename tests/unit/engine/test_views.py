import numpy as np
import pytest

import phantoms_slides as made
import vesale.engine.views
from vesale.core.errors import ShapeError, SourceError
from vesale.core.recipe import Look
from vesale.core.task import Category, Partition, Task
from vesale.engine.survey import survey
from vesale.engine.views import read_picture, read_view
from vesale.io import open_source
from vesale.io.cohort import read_cohort
from vesale.verbs.plan import plan

WHOLE = Task("t", {"label": Category(("a", "b"))})
DENSE = Task("t", {"mask": Partition(("background", "x"))})


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture
def slide(tmp_path, rng):
    return open_source(made.write_svs(tmp_path / "a.svs", made.pyramid(made.tissue(rng)), 0.25))


def test_the_level_is_the_one_the_look_asks_for_and_is_said(slide):
    images, notes = read_view([slide], WHOLE, Look(spacing=(0.0011, 0.0011)))
    assert images[0].grid == slide.levels[2]
    assert notes == ("level 2 of 3 is read at 1 um a pixel",)
    images, notes = read_view([slide], WHOLE, Look(size=(120, 120)))
    assert images[0].grid.shape == (150, 210)
    assert read_view([slide], WHOLE, Look())[0][0].grid == slide.levels[0]


def test_an_outline_is_asked_of_the_finest_level(slide):
    images, notes = read_view([slide], DENSE, Look(spacing=(0.001, 0.001)))
    assert images[0].grid == slide.levels[0]
    assert notes == ()


def test_what_is_too_large_is_refused_before_it_is_read(slide, monkeypatch):
    monkeypatch.setattr(vesale.engine.views, "MOST_SAMPLES", 100_000)
    with pytest.raises(SourceError, match=r"a\.svs: 300 x 421 x 3 samples at 0\.25 um a pixel are too many") as caught:
        read_view([slide], DENSE, Look())
    assert "outlines are drawn on the finest level" in caught.value.message
    assert "coarser look.spacing" in caught.value.remedy
    assert read_view([slide], WHOLE, Look(size=(70, 70)))[0][0].grid.shape == (75, 105)
    with pytest.raises(SourceError, match="level 0 is the one that the model needs"):
        read_view([slide], WHOLE, Look())


def test_a_picture_to_look_at_is_small(slide):
    assert read_picture(slide, 90).grid.shape == (75, 105)
    assert read_picture(slide, 4000).grid.shape == (300, 421)


def test_an_error_about_channels_names_the_file(tmp_path, rng):
    source = open_source(made.write_imagej(tmp_path / "h.tif", made.cells(rng, (4, 30, 40)), "CYX"))
    with pytest.raises(ShapeError, match=r"h\.tif: the image has 4 channels"):
        read_view([source], WHOLE, Look(channels=3))


def test_a_plan_for_stains_and_one_for_slides(tmp_path, rng):
    stains = read_cohort(made.stain_cohort(tmp_path / "stains", rng, 12, ("DAPI", "GFP", "Cy3", "Cy5"))).cohort
    looked = survey(stains)
    assert looked.channels == ("DAPI", "GFP", "Cy3", "Cy5")
    assert not looked.colour
    planned = plan(stains)
    assert planned.recipe.look.channels == 4
    assert planned.recipe.look.names == ("DAPI", "GFP", "Cy3", "Cy5")
    assert planned.recipe.look.range == "channel"
    assert not planned.recipe.net.pretrained
    assert "DAPI, GFP, Cy3, Cy5" in planned.markdown

    slides = read_cohort(made.slide_cohort(tmp_path / "slides", rng, 8)).cohort
    looked = survey(slides)
    assert looked.shape == (200, 260)
    assert looked.spacings[0] == pytest.approx((0.00025, 0.00025))
    assert looked.colour
    assert looked.channels == ()
    assert plan(slides).recipe.look.channels == 3
