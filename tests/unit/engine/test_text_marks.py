"""Letters are found where they stand, counted, and forgotten; without the extra nothing breaks."""

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw

import phantoms_shortcuts as made
from vesale.engine import text


def written(word: str) -> np.ndarray:
    picture = Pillow.fromarray(made.clouds(np.random.default_rng(0), 320))
    ImageDraw.Draw(picture).text((200, 16), word, fill=(255, 255, 255), font_size=22)
    return np.moveaxis(np.asarray(picture), -1, 0)


@pytest.fixture
def reader() -> None:
    if not text.can_read():
        pytest.skip("the extra `text` is not installed")


@pytest.mark.usefixtures("reader")
def test_a_line_is_found_where_it_stands_and_is_not_kept() -> None:
    (line,) = text.lines_of(written("ZEBRA 47"))
    top, left, bottom, right = line.box
    assert top < 0.12
    assert bottom < 0.2
    assert 0.5 < left < 0.7
    assert right > 0.8
    assert line.looks == "letters and digits"
    assert line.length == 7
    assert "ZEBRA" not in repr(line)


@pytest.mark.usefixtures("reader")
def test_clouds_hold_no_letters() -> None:
    assert text.lines_of(written("")) == []
    assert text.lines_of(np.zeros((1, 20, 20), np.uint8)) == []
