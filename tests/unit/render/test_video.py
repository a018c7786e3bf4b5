"""Videos hold every frame at its time, in files that others open, and nothing but pixels."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image as Pillow

from vesale.core.errors import MissingExtra, ShapeError
from vesale.render import video
from vesale.render.video import write_video


def frames(count=6, shape=(40, 60)):
    for i in range(count):
        picture = np.zeros((*shape, 3), np.uint8)
        picture[:, 10 * i : 10 * i + 10] = (250, 30, 30)
        yield picture


def test_a_gif_holds_every_frame_at_its_time(tmp_path):
    assert write_video(tmp_path / "a" / "x.gif", frames(), 0.04) == 6
    with Pillow.open(tmp_path / "a" / "x.gif") as gif:
        assert gif.n_frames == 6
        assert gif.info["duration"] == 40
        for i in range(6):
            gif.seek(i)
            seen = np.asarray(gif.convert("RGB"))
            assert seen[20, 10 * i + 5, 0] > 200
            assert seen[20, (10 * i + 25) % 60, 0] < 60


@pytest.mark.parametrize("shape", [(40, 60), (41, 61)])
def test_an_mp4_holds_every_frame_at_its_time(tmp_path, shape):
    av = pytest.importorskip("av", reason="MP4 needs the extra `present`")
    assert write_video(tmp_path / "x.mp4", frames(shape=shape), 0.04) == 6
    with av.open(str(tmp_path / "x.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == Fraction(25)
        assert (stream.width % 2, stream.height % 2) == (0, 0)
        pictures = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
    assert len(pictures) == 6
    for i, picture in enumerate(pictures):
        assert picture[20, 10 * i + 5, 0] > 180
        assert picture[20, (10 * i + 25) % 60, 0] < 80


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    with pytest.raises(ShapeError, match="frame"):
        write_video(tmp_path / "x.gif", iter(()), 0.1)
    monkeypatch.setattr(video, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra) as caught:
        write_video(tmp_path / "x.mp4", frames(), 0.1)
    assert "vesale[present]" in caught.value.remedy
