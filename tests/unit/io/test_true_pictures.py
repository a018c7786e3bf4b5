"""True pictures of exams: where they come from, in which order, and what is refused; answered ones written and read."""

import numpy as np
import pytest
from PIL import Image as Pillow
from scipy.io import savemat

import phantoms_seen as made
from vesale.core.errors import ShapeError, SourceError
from vesale.core.grid import Grid
from vesale.core.image import Description, Held, Image, Provenance
from vesale.core.prediction import AnsweredPicture
from vesale.io.cohort import read_cohort
from vesale.io.picture import open_picture, read_prior
from vesale.io.write_picture import read_written, write_picture


def test_a_row_of_an_array_is_a_picture_in_the_order_that_is_said(tmp_path):
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    savemat(tmp_path / "s.mat", {"shown": np.stack([picture.ravel("F"), picture.ravel("C")])})
    place = f"{tmp_path / 's.mat'}#shown"
    np.testing.assert_array_equal(open_picture(f"{place}[1]&shape=3x4&order=columns").data[0], picture)
    np.testing.assert_array_equal(open_picture(f"{place}[2]&shape=3x4").data[0], picture)
    for wrong, said in (
        ("[1]", "without a shape"),
        ("[1]&shape=4x4", "12 numbers are no picture of 4 x 4"),
        ("[1]&shape=square", "not understood"),
        ("[1]&shape=3x4&order=spiral", "order is rows or columns"),
    ):
        with pytest.raises(SourceError) as told:
            open_picture(place + wrong)
        assert said in str(told.value) + (told.value.remedy or "")


def test_an_image_file_is_a_picture(tmp_path):
    Pillow.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5)).save(tmp_path / "p.png")
    picture = open_picture(tmp_path / "p.png")
    assert (picture.kind, picture.data.shape) == ("intensity", (1, 4, 5))


def test_a_prior_is_an_array_of_such_pictures(tmp_path):
    np.save(tmp_path / "prior.npy", np.zeros((7, 4, 5), np.uint8))
    assert read_prior(tmp_path / "prior.npy", (4, 5)).shape == (7, 1, 4, 5)
    np.savez(tmp_path / "two.npz", a=np.zeros((7, 4, 5)), b=np.zeros(3))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ShapeError, match="7 x 4 x 5 are no pictures of 5 x 5"):
        read_prior(tmp_path / "prior.npy", (5, 5))
    for name in ("two.npz", "objects.npy", "missing.npy"):
        with pytest.raises(SourceError):
            read_prior(tmp_path / name, (4, 5))


def test_a_table_names_true_pictures_and_its_digest_covers_them(tmp_path):
    pictures = made.made_pictures(4)
    folder = made.write_seen(tmp_path, made.answers_to(pictures, 10, 0.1), pictures)
    cohort = read_cohort(folder).cohort
    assert next(v.pictures for e in cohort for v in e.views) == {"": "pictures/p000.png"}
    assert "picture" not in {t for e in cohort for t in e.traits}
    before = cohort.digest
    Pillow.fromarray(np.zeros((12, 12), np.uint8)).save(folder / "pictures" / "p002.png")
    assert read_cohort(folder).cohort.digest != before
    (folder / "pictures" / "p001.png").unlink()
    read = read_cohort(folder)
    assert [f.kind for f in read.findings if f.severity == "error"] == ["missing_file"]
    assert len(read.cohort) == 3


def test_several_pictures_have_their_names(tmp_path):
    for name in ("a", "b", "i"):
        Pillow.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "labels.csv").write_text("image,subject,picture_t2,picture_clean\ni.png,s,a.png,b.png\n")
    view = read_cohort(tmp_path).cohort.exams[0].views[0]
    assert dict(view.pictures) == {"t2": "a.png", "clean": "b.png"}


@pytest.mark.parametrize("channels", [("grey",), ("red", "green", "blue")])
def test_what_is_written_is_read_again(tmp_path, channels):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(len(channels), 5, 6)).astype(np.float32)
    image = Image(data, Grid((5, 6)), "intensity", channels, Provenance("made"))
    signal = Image(np.zeros((3, 1, 1)), Grid((1, 1)), "signal", ("a", "b", "c"), Provenance("made"))
    source = Held(signal, Description("npz", "0"))
    answer = AnsweredPicture(channels, None, (image, image), (image, image))
    written = write_picture(tmp_path, "the picture", answer, [source, source])
    assert written.files == ("the_picture.tiff", "the_picture.2.tiff")
    assert written.spread_files == ("the_picture.spread.tiff", "the_picture.2.spread.tiff")
    for name in (*written.files, *written.spread_files):
        np.testing.assert_array_equal(read_written(tmp_path / name), data)
    with pytest.raises(ShapeError, match="2 pictures for 1 sources"):
        write_picture(tmp_path, "p", answer, [source])
