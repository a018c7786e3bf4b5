import numpy as np
import pytest

from vesale.core.errors import ShapeError
from vesale.core.grid import Box, Grid
from vesale.core.image import Description, Held, Image, Provenance, Step

IMAGE = Image(np.arange(32.0).reshape(2, 4, 4), Grid((4, 4)), "intensity", ("r", "g"), Provenance("abc"))


def test_every_change_is_written_down():
    box = Box((1, 1), (3, 4))
    crop = IMAGE.crop(box)
    assert [s.name for s in crop.provenance.steps] == ["crop"]
    assert crop.grid.corner == (1, 1)
    assert np.array_equal(crop.data, IMAGE.data[:, 1:3, 1:4])
    assert [s.name for s in crop.with_data(crop.data * 2, Step("double")).provenance.steps] == ["crop", "double"]
    assert IMAGE.provenance.steps == ()


@pytest.mark.parametrize("shape", [(4, 4), (1, 4, 4), (2, 4, 5)])
def test_samples_must_fit_their_grid_and_channels(shape):
    with pytest.raises(ShapeError):
        Image(np.zeros(shape), IMAGE.grid, "intensity", IMAGE.channels, IMAGE.provenance)


def test_an_image_in_memory_is_a_source():
    held = Held(IMAGE, Description("made", "abc"))
    assert held.read() is IMAGE
    assert held.levels == (IMAGE.grid,)
    assert held.channels == ("r", "g")
    assert held.read(Box((0, 0), (2, 2))).grid.shape == (2, 2)
    with pytest.raises(ShapeError):
        held.read(level=1)
