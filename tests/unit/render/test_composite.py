import numpy as np

from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.render.composite import COLOURS, composite
from vesale.render.overlay import thumbnail


def image(data: np.ndarray, names: tuple[str, ...]) -> Image:
    return Image(data, Grid(data.shape[1:]), "intensity", names, Provenance("made"))


def test_grey_and_colour_are_left_alone():
    for names in (("grey",), ("red", "green", "blue"), ("DAPI",)):
        data = np.zeros((len(names), 4, 5), np.uint16)
        assert composite(image(data, names)) is data


def test_each_channel_shines_in_its_own_colour_on_its_own_scale():
    data = np.zeros((6, 30, 30), np.uint16)
    for i in range(6):
        data[i, 5 * i : 5 * i + 5] = 10 ** (i % 4 + 1)
    picture = composite(image(data, tuple("abcdef")))
    assert picture.shape == (3, 30, 30)
    assert picture.dtype == np.uint8
    for i, colour in enumerate(COLOURS):
        np.testing.assert_allclose(picture[:, 5 * i + 2, 3], np.array(colour) * 255, atol=1)
    assert len({tuple(c) for c in COLOURS}) == 6


def test_a_stack_and_more_than_six_channels():
    rng = np.random.default_rng(0)
    data = rng.random((8, 3, 20, 25)).astype(np.float32)
    picture = composite(image(data, tuple("abcdefgh")))
    assert picture.shape == (3, 3, 20, 25)
    assert thumbnail(picture, 64).startswith(b"\x89PNG")
