import numpy as np
import pytest

from vesale.core.errors import RecipeError, ShapeError
from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.recipe import Look
from vesale.ops.channels import arranged
from vesale.ops.look import prepare


def image(*names: str) -> Image:
    data = np.stack([np.full((6, 8), 10 * (i + 1), np.uint16) for i in range(len(names))])
    return Image(data, Grid((6, 8)), "intensity", names, Provenance("made"))


def look(*names: str, **more) -> Look:
    return Look(channels=len(names), names=names, range="channel", **more)


def test_the_models_order_is_kept_and_said():
    found, notes = arranged(image("GFP", "DAPI", "Cy5"), look("DAPI", "GFP", "Cy5"))
    assert found.channels == ("DAPI", "GFP", "Cy5")
    assert found.data[:, 0, 0].tolist() == [20, 10, 30]
    assert "put into the model's order: DAPI, GFP, Cy5" in notes[0]
    assert found.provenance.steps[-1].name == "channels"


def test_the_same_names_in_any_case_are_the_same():
    one = image("dapi", "gfp")
    assert arranged(one, look("DAPI", "GFP")) == (one, ())


def test_another_channel_or_another_number_is_refused():
    with pytest.raises(ShapeError, match=r"the image's channels are DAPI, Cy3; the model was learned from DAPI, GFP"):
        arranged(image("DAPI", "Cy3"), look("DAPI", "GFP"))
    with pytest.raises(ShapeError, match=r"the image has 3 channels \(a, b, c\), the model sees 2"):
        arranged(image("a", "b", "c"), look("a", "b"))
    with pytest.raises(ShapeError, match=r"has 1 channel \(grey\)"):
        arranged(image("grey"), look("a", "b"))


def test_numbers_are_no_names():
    one = image("channel 0", "channel 1")
    found, notes = arranged(one, look("DAPI", "GFP"))
    assert found is one
    assert "taken in the file's order" in notes[0]


def test_stains_are_not_colours():
    stains = image("DAPI", "GFP", "Cy5")
    with pytest.raises(ShapeError, match="learned from red, green, blue"):
        arranged(stains, Look(channels=3))
    with pytest.raises(ShapeError, match="the model sees 1 channel"):
        arranged(stains, Look(channels=1))
    for channels in (1, 3):
        for names in (("grey",), ("red", "green", "blue")):
            assert arranged(image(*names), Look(channels=channels))[1] == ()
    assert arranged(image("DAPI"), Look(channels=1))[1] == ()


def test_each_channel_has_its_own_scale():
    rng = np.random.default_rng(0)
    data = np.stack([rng.integers(0, 100, (40, 50)), rng.integers(0, 60_000, (40, 50)), np.full((40, 50), 7)])
    many = Image(data.astype(np.uint16), Grid((40, 50)), "intensity", ("a", "b", "c"), Provenance("made"))
    planes = prepare([many], look("a", "b", "c")).data[0]
    for channel in planes[:2]:
        assert channel.min() == 0
        assert channel.max() == 1
        assert abs(channel.mean() - 0.5) < 0.05
    assert not planes[2].any()
    joint = prepare([many], Look(channels=3, names=("a", "b", "c"), range="percentile")).data[0]
    assert joint[0].max() < 0.01


def test_a_stack_of_channels_is_prepared_slice_by_slice():
    rng = np.random.default_rng(0)
    data = rng.integers(0, 4000, (5, 7, 20, 30)).astype(np.uint16)
    stack = Image(data, Grid((7, 20, 30)), "intensity", tuple("abcde"), Provenance("made"))
    assert prepare([stack], look(*"abcde"), [1, 5]).data.shape == (2, 5, 20, 30)


def test_another_number_is_refused_even_by_the_look_itself():
    with pytest.raises(ShapeError, match=r"has 2 channels \(a, b\), the model sees 3"):
        prepare([image("a", "b")], Look(channels=3))


def test_a_look_must_name_all_or_none():
    with pytest.raises(RecipeError, match="2 names for 3 channels"):
        Look(channels=3, names=("a", "b"))
