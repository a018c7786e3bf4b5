"""`vesale present`: what comes out is what was asked, where it was asked, and the document says so."""

import json

import numpy as np
import pytest
from PIL import Image as Pillow

import phantoms
import phantoms_present
from vesale.cli.__main__ import main
from vesale.core.errors import NotRegistered, RecipeError, ShapeError, SourceError, UnknownSpacing, VesaleError
from vesale.core.image import Description, Held
from vesale.render.subject import Presentation
from vesale.verbs.present import KINDS, present


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct")
    rng = np.random.default_rng(0)
    data = (phantoms_present.body((20, 48, 48)) + 1024).clip(0).astype(np.uint16)
    tags = {"WindowCenter": 40, "WindowWidth": 300}
    phantoms.write_series(folder, rng, data, (4.0, 4.0, 4.0), origin=(-94.0, -94.0, 50.0), tags=tags)
    return folder


@pytest.fixture(scope="module")
def pet_ct(tmp_path_factory):
    return phantoms_present.write_pet_ct(tmp_path_factory.mktemp("petct"), np.random.default_rng(1))


def look(path):
    with Pillow.open(path) as file:
        return np.asarray(file.convert("RGB"))


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "loop"])
def test_every_presentation_of_a_ct_is_drawn(ct, tmp_path, kind):
    if kind in ("skin", "bone", "airways", "render"):
        pytest.importorskip("numba")
    wish = Presentation(kind, size=256, threshold=300 if kind == "render" else None)
    done = present(ct, tmp_path / "x.png", wish)
    seen = look(tmp_path / "x.png")
    assert seen.max() > 200
    assert (seen > 60).mean() > 0.01
    assert done.document["schema"] == "vesale/present/1"
    assert done.document["presentation"] == kind
    json.dumps(done.document, allow_nan=False)


def test_the_document_says_what_was_drawn(ct, tmp_path):
    done = present(ct, tmp_path / "x.png", Presentation("mip", slab=12, window="lung", at="90"))
    facts = done.document
    assert facts["plane"] == "axial"
    assert facts["axis"] == "z"
    assert facts["slab_mm"] == 12
    assert facts["slices"] == [10, 12]
    assert facts["position_mm"] == pytest.approx(90)
    assert facts["projection"] == "maximum"
    assert facts["window"] == {
        "name": "lung",
        "function": "linear_exact",
        "centre": -600,
        "width": 1500,
        "low": -1350,
        "high": 150,
    }
    assert facts["orientation"] == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert facts["spacing_mm"] == [4, 4]
    assert facts["inputs"][0]["modality"] == "CT"


def test_only_the_slices_that_are_shown_are_read():
    volume = phantoms_present.body()
    source = phantoms_present.held(volume)
    asked = []

    class Watched(Held):
        def read(self, box=None, level=0):
            asked.append(box)
            return super().read(box, level)

    present(Watched(source.image, source.description), None, Presentation("mip", slab=9, window="lung", size=128))
    assert [b.shape for b in asked] == [(3, 64, 72)]


def test_the_window_of_the_file_is_the_habit_and_can_be_asked_for(ct):
    assert present(ct, None, Presentation("slice", size=128)).document["window"]["name"] == "file"
    asked = present(ct, None, Presentation("slice", window="file", size=128)).document["window"]
    assert (asked["centre"], asked["width"], asked["function"]) == (40, 300, "linear")
    with pytest.raises(SourceError, match="no window of its own"):
        present(phantoms_present.held(phantoms_present.body()), None, Presentation("slice", window="file"))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_the_window_in_full_depth(ct, tmp_path, suffix):
    present(ct, tmp_path / f"x{suffix}", Presentation("slice", window="-1024..1024", bits=16, size=512))
    with Pillow.open(tmp_path / f"x{suffix}") as file:
        deep = np.asarray(file)
    assert deep.dtype == np.uint16
    assert deep.max() > 50_000
    assert len(np.unique(deep)) > 256


def test_plain_pictures_have_nothing_written_on_them(ct, tmp_path):
    present(ct, tmp_path / "x.jpg", Presentation("average", window="10000/1", plain=True, size=256))
    assert look(tmp_path / "x.jpg").max() < 8
    present(ct, tmp_path / "y.jpg", Presentation("average", window="10000/1", size=256))
    assert look(tmp_path / "y.jpg").max() > 200


def test_colours_over_a_ct_lie_at_their_place_in_the_world(pet_ct, tmp_path):
    base, over, middle = pet_ct
    wish = Presentation("slice", at=f"{middle[2]:g}", size=480, plain=True, window="-1000..3000")
    done = present(base, tmp_path / "x.png", wish, over)
    seen = look(tmp_path / "x.png").astype(int)
    hot = (seen[..., 0] - seen[..., 2]) > 40
    rows, columns = np.nonzero(hot)
    pixel = 48 * 4 / 480
    assert (columns.mean() + 0.5) * pixel - 2 - 94 == pytest.approx(middle[0], abs=2)
    assert (rows.mean() + 0.5) * pixel - 2 - 94 == pytest.approx(middle[1], abs=2)
    assert done.document["over"]["frame_of_reference"] == "file"
    assert done.document["over"]["unit"] == "Bq/ml"
    for kind in ("mip", "average", "planes"):
        assert present(base, None, Presentation(kind, size=256), over).document["over"]["modality"] == "PT"


def test_different_or_unknown_frames_of_reference_are_refused(tmp_path, pet_ct):
    base, over, _ = phantoms_present.write_pet_ct(tmp_path, np.random.default_rng(2), same_frame=False)
    with pytest.raises(SourceError, match="different frames of reference"):
        present(base, None, Presentation("slice"), over)
    with pytest.raises(SourceError, match="different frames of reference"):
        present(base, None, Presentation("slice", same_frame=True), over)
    unknown = phantoms_present.held(np.ones((9, 9, 9), np.float32), modality="PT")
    with pytest.raises(SourceError, match="one of the two images does not say") as caught:
        present(pet_ct[0], None, Presentation("slice"), unknown)
    assert "--same-frame" in caught.value.remedy
    done = present(pet_ct[0], None, Presentation("slice", same_frame=True), unknown)
    assert done.document["over"]["frame_of_reference"] == "user"


def test_an_image_without_scale_is_shown_but_not_measured():
    source = phantoms_present.held(phantoms_present.body(), spacing=None)
    done = present(source, None, Presentation("mip", slices=5, window="lung", size=200))
    assert done.document["slab_mm"] is None
    assert any("no scale" in note for note in done.document["notes"])
    with pytest.raises(UnknownSpacing) as caught:
        present(source, None, Presentation("mip", slab=20))
    assert "--slices" in caught.value.remedy
    with pytest.raises(UnknownSpacing, match="place in mm"):
        present(source, None, Presentation("slice", at="12"))


def test_a_volume_without_orientation_gets_no_letters():
    source = phantoms_present.held(phantoms_present.body(), axes=None)
    done = present(source, None, Presentation("slice", size=128))
    assert set(done.document["orientation"].values()) == {None}
    assert any("how the patient lies" in note for note in done.document["notes"])


def test_a_tilted_series_is_straightened_and_says_so(tmp_path):
    data = (phantoms_present.body((12, 40, 40)) + 1024).clip(0).astype(np.uint16)
    phantoms.write_series(tmp_path / "t", np.random.default_rng(3), data, (4.0, 4.0, 4.0), tilt=0.3)
    done = present(tmp_path / "t", None, Presentation("slice", axis="sagittal", size=200))
    assert any("straightened" in note for note in done.document["notes"])
    assert done.frames[0].shape[1] > done.frames[0].shape[0] * 3


def test_a_turntable_and_a_sliding_slab_are_videos(ct, tmp_path):
    pytest.importorskip("numba")
    done = present(ct, tmp_path / "turn.gif", Presentation("bone", frames=6, size=96))
    with Pillow.open(tmp_path / "turn.gif") as gif:
        assert gif.n_frames == 6
        shown = []
        for i in range(6):
            gif.seek(i)
            shown.append(np.asarray(gif.convert("L")).astype(int))
    assert np.abs(shown[0] - shown[3]).mean() > 1, "it turned"
    assert done.document["pictures"] == 6
    slid = present(ct, tmp_path / "slide.gif", Presentation("mip", slab=16, window="lung", size=96))
    assert slid.document["frames"] == slid.document["pictures"] == 17
    with pytest.raises(RecipeError, match="nowhere to slide"):
        present(ct, tmp_path / "all.gif", Presentation("mip", size=96))


@pytest.mark.parametrize("seconds", [0.04, None])
def test_a_loop_is_shown_at_its_recorded_time_or_it_is_said(tmp_path, seconds):
    tags = {"Modality": "US"} | ({"FrameTime": 1000 * seconds} if seconds else {})
    phantoms.write_dicom(tmp_path / "one.dcm", np.random.default_rng(0), np.zeros((40, 60), np.uint8), tags)
    source = phantoms_present.held(phantoms_present.loop(), spacing=None, axes=None, modality="US")
    moments = Held(source.image, Description("dicom", "made", "US", files=(tmp_path / "one.dcm",)))
    done = present(moments, tmp_path / "x.gif", Presentation("loop", size=120, plain=True))
    assert done.document["seconds_per_frame"] == pytest.approx(seconds or 1 / 15)
    assert any("does not say how fast" in note for note in done.document["notes"]) is (seconds is None)
    with Pillow.open(tmp_path / "x.gif") as gif:
        assert gif.n_frames == 10
        places = []
        for i in range(10):
            gif.seek(i)
            places.append(np.nonzero(np.asarray(gif.convert("L")) > 150)[1].mean())
    assert np.diff(places) == pytest.approx([2.0] * 9, abs=0.2), "one column a frame, two pixels of the picture"
    sheet = present(moments, tmp_path / "s.png", Presentation(size=400))
    assert sheet.document["frames_shown"] == list(range(1, 11))
    with pytest.raises(RecipeError, match="frames in time"):
        present(moments, tmp_path / "m.png", Presentation("mip"))


def test_pictures_and_views(tmp_path):
    rng = np.random.default_rng(0)
    one = phantoms.write_raster(tmp_path / "a.png", phantoms.colour(rng))
    two = phantoms.write_raster(tmp_path / "b.png", phantoms.grey(rng))
    single = present(one, tmp_path / "x.png", Presentation(size=560, plain=True))
    assert np.abs(look(tmp_path / "x.png")[::10, ::10].astype(int) - look(one)).mean() < 12
    assert any("no scale" in note for note in single.document["notes"])
    both = present([one, two], tmp_path / "v.png", Presentation(size=400))
    assert len(both.document["views"]) == 2
    with pytest.raises(ShapeError, match="needs a volume"):
        present(one, tmp_path / "y.png", Presentation("mip"))


@pytest.mark.parametrize(
    ("wish", "out", "error"),
    [
        (Presentation("hologram"), "x.png", NotRegistered),
        (Presentation(), "x.bmp", RecipeError),
        (Presentation("planes"), "x.gif", RecipeError),
        (Presentation("mip", slab=5, slices=3), "x.png", RecipeError),
        (Presentation("mip", slab=-5), "x.png", RecipeError),
        (Presentation("slice", at="90%5"), "x.png", RecipeError),
        (Presentation("slice", at="5000"), "x.png", RecipeError),
        (Presentation("planes", at="12"), "x.png", RecipeError),
        (Presentation("slice", window="lungs"), "x.png", NotRegistered),
        (Presentation("slice", window="suv"), "x.png", SourceError),
        (Presentation("slice", channel=3), "x.png", RecipeError),
        (Presentation("render"), "x.png", RecipeError),
        (Presentation("render", transfer="1:2"), "x.png", RecipeError),
        (Presentation("bone", view="sideways"), "x.png", RecipeError),
        (Presentation("sheet", bits=16), "x.png", RecipeError),
        (Presentation("slice", bits=16), "x.jpg", RecipeError),
        (Presentation(size=9), "x.png", RecipeError),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(ct, tmp_path, wish, out, error):
    with pytest.raises(error) as caught:
        present(ct, tmp_path / out, wish)
    assert isinstance(caught.value, VesaleError)
    assert caught.value.remedy or "known" in caught.value.message
    assert not (tmp_path / out).exists()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_command_line_draws_and_says(ct, tmp_path, capsys, language):
    words = ["present", str(ct), "--as", "mip", "--slab", "20", "--axis", "z", "--window=-600/1500"]
    assert main([*words, "--out", str(tmp_path / "x.png"), "--language", language, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["slab_mm"] == 20
    assert document["window"]["low"] == -1350
    assert main([*words, "--out", str(tmp_path / "x.png"), "--at", "70"]) == 0
    assert str(tmp_path / "x.png") in capsys.readouterr().out
    assert main(["present", str(tmp_path / "absent"), "--out", str(tmp_path / "x.png")]) == 3


def test_no_document_or_picture_names_the_patient(ct, tmp_path):
    done = present(ct, tmp_path / "x.png", Presentation("slice"))
    assert "Made" not in json.dumps(done.document) + (tmp_path / "x.png").read_bytes().decode("latin-1")
    assert "MADE" not in json.dumps(done.document)


@pytest.mark.realdata
def test_the_five_presentations_of_a_real_chest(data, tmp_path):
    """Average, maximum, thin slice, rendering at a high and at a low threshold."""
    pytest.importorskip("numba")
    chest = data / "radiology" / "ct_chest"
    wishes = {
        "average": Presentation("average", axis="coronal", size=256),
        "mip": Presentation("mip", slab=20, axis="z", window="lung", size=256),
        "slice": Presentation("slice", window="lung", at="60%", size=256),
        "bone": Presentation("bone", size=256),
        "skin": Presentation("skin", size=256),
    }
    for name, wish in wishes.items():
        done = present(chest, tmp_path / f"{name}.png", wish)
        assert done.document["orientation"]["left"] == "R"
        assert any("padding" in note for note in done.document["notes"])
        assert 30 < look(tmp_path / f"{name}.png").mean() < 200
    assert any("apart from the body" in note for note in done.document["notes"])
