import pickle
import struct
import warnings
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow

import phantoms
import vesale.io.pixels
from vesale.core.errors import ShapeError, SourceError
from vesale.core.grid import Box
from vesale.io import open_mask, open_source


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff"])
def test_grey_keeps_its_samples(tmp_path, rng, suffix):
    planted = phantoms.grey(rng)
    source = open_source(phantoms.write_raster(tmp_path / f"a.{suffix}", planted))
    image = source.read()
    assert source.channels == ("grey",)
    assert source.levels[0].shape == planted.shape
    assert source.levels[0].spacing is None
    assert source.description.modality is None
    assert image.kind == "intensity"
    assert image.data.dtype == np.uint8
    np.testing.assert_array_equal(image.data[0], planted)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_colour_is_channels_first(tmp_path, rng, suffix):
    planted = phantoms.colour(rng)
    source = open_source(phantoms.write_raster(tmp_path / f"a.{suffix}", planted))
    assert source.channels == ("red", "green", "blue")
    np.testing.assert_array_equal(source.read().data, planted.transpose(2, 0, 1))


def test_jpeg_is_close_and_has_no_scale(tmp_path, rng):
    planted = phantoms.grey(rng)
    path = phantoms.write_raster(tmp_path / "a.jpg", planted, quality=95, dpi=(121, 121))
    source = open_source(path)
    assert source.levels[0].spacing is None
    assert np.abs(source.read().data[0].astype(int) - planted).mean() < 5


@pytest.mark.parametrize("name", ["g.png", "g.tif", "c.png", "c.tif"])
def test_sixteen_bits_survive(tmp_path, rng, name):
    planted = (phantoms.colour if name[0] == "c" else phantoms.grey)(rng, dtype=np.uint16)
    write = phantoms.write_png16 if name.endswith("png") else phantoms.write_tiff
    image = open_source(write(tmp_path / name, planted)).read()
    assert image.data.dtype == np.uint16
    assert len(np.unique(planted)) > 256
    np.testing.assert_array_equal(image.data, np.moveaxis(np.atleast_3d(planted), -1, 0))


def test_float_tiff_stays_float32(tmp_path, rng):
    planted = phantoms.grey(rng, dtype=np.float32) - 3
    for dtype in (np.float32, np.float64):
        image = open_source(phantoms.write_tiff(tmp_path / "f.tif", planted.astype(dtype))).read()
        assert image.data.dtype == np.float32
        np.testing.assert_array_equal(image.data[0], planted)


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_signed_tiff_of_either_byte_order(tmp_path, rng, byteorder):
    planted = phantoms.grey(rng).astype(np.int16) - 900
    image = open_source(phantoms.write_tiff(tmp_path / "s.tif", planted, byteorder=byteorder)).read()
    assert image.data.dtype == np.dtype(np.int16)
    assert image.data.dtype.isnative
    np.testing.assert_array_equal(image.data[0], planted)


@pytest.mark.parametrize("suffix", ["png", "gif", "bmp", "tif"])
def test_palette_is_colour_to_look_at_and_index_as_a_mask(tmp_path, rng, suffix):
    planted = phantoms.indices(rng, classes=5)
    path = phantoms.write_palette(tmp_path / f"p.{suffix}", planted)
    assert open_source(path).channels == ("red", "green", "blue")
    np.testing.assert_array_equal(open_source(path).read().data, phantoms.PALETTE[planted].transpose(2, 0, 1))
    mask = open_mask(path)
    assert mask.kind == "labels"
    assert mask.channels == ("label",)
    np.testing.assert_array_equal(mask.data[0], planted)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_bilevel(tmp_path, rng, suffix):
    planted = phantoms.indices(rng) > 1
    path = phantoms.write_bilevel(tmp_path / f"b.{suffix}", planted)
    np.testing.assert_array_equal(open_source(path).read().data[0], planted * np.uint8(255))
    mask = open_mask(path).data[0]
    assert mask.dtype == np.uint8
    if suffix != "bmp":  # BMP has no bilevel kind: one bit indexes a palette
        np.testing.assert_array_equal(mask, planted)
    np.testing.assert_array_equal(mask > 0, planted)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_exif_turn_is_applied(tmp_path, rng, orientation, suffix):
    upright = phantoms.colour(rng)
    stored = phantoms.exif_turned(upright, orientation)
    path = tmp_path / f"e.{suffix}"
    if suffix == "tif":
        phantoms.write_tiff(path, stored, extratags=[(274, "H", 1, orientation, True)])
    else:
        phantoms.write_raster(path, stored, exif=orientation)
    source = open_source(path)
    assert source.levels[0].shape == upright.shape[:2]
    np.testing.assert_array_equal(source.read().data, upright.transpose(2, 0, 1))


def test_exif_turn_of_a_mask(tmp_path, rng):
    upright = phantoms.indices(rng)
    path = phantoms.write_raster(tmp_path / "m.png", phantoms.exif_turned(upright, 6), exif=6)
    np.testing.assert_array_equal(open_mask(path).data[0], upright)


def test_opaque_alpha_is_dropped_in_silence(tmp_path, rng):
    planted = phantoms.colour(rng)
    alpha = np.full(planted.shape[:2], 255, np.uint8)
    for name in ("a.png", "a.tif"):
        source = open_source(phantoms.write_raster(tmp_path / name, np.dstack([planted, alpha])))
        assert source.description.notes == ()
        np.testing.assert_array_equal(source.read().data, planted.transpose(2, 0, 1))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_transparency_is_shown_over_black_and_said(tmp_path, rng, name):
    planted = phantoms.colour(rng)
    alpha = np.full(planted.shape[:2], 255, np.uint8)
    alpha[:10], alpha[10:20] = 0, 128
    source = open_source(phantoms.write_raster(tmp_path / name, np.dstack([planted, alpha])))
    image = source.read()
    assert any("alpha" in note for note in source.description.notes)
    assert (image.data[:, :10] == 0).all()
    half = planted[10:20].transpose(2, 0, 1) * (128 / 255)
    assert np.abs(image.data[:, 10:20] - half).max() <= 0.5
    np.testing.assert_array_equal(image.data[:, 20:], planted[20:].transpose(2, 0, 1))


def test_sixteen_bit_alpha(tmp_path, rng):
    planted = phantoms.colour(rng, dtype=np.uint16)
    alpha = np.full(planted.shape[:2], 65535, np.uint16)
    alpha[:5] = 0
    source = open_source(phantoms.write_png16(tmp_path / "a.png", np.dstack([planted, alpha])))
    assert len(source.description.notes) == 1
    np.testing.assert_array_equal(source.read().data[:, 5:], planted[5:].transpose(2, 0, 1))


def test_animation_and_pages_are_said(tmp_path, rng):
    frames = [Pillow.fromarray(phantoms.grey(rng)) for _ in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert "first frame" in open_source(tmp_path / "a.gif").description.notes[0]
    stack = np.stack([phantoms.grey(rng) for _ in range(4)])
    source = open_source(phantoms.write_tiff(tmp_path / "s.tif", stack))
    assert "read as one stack" in source.description.notes[1]
    np.testing.assert_array_equal(source.read().data[0], stack)


@pytest.mark.parametrize("dpi", [72, 96, 150, 200, 300, 600])
def test_a_printing_resolution_is_no_scale(tmp_path, rng, dpi):
    path = phantoms.write_tiff(tmp_path / "r.tif", phantoms.grey(rng), resolution=(dpi, dpi), resolutionunit="INCH")
    source = open_source(path)
    assert source.levels[0].spacing is None
    assert source.description.notes == ()


def test_a_microscope_resolution_is_a_scale(tmp_path, rng):
    path = phantoms.write_tiff(
        tmp_path / "r.tif", phantoms.grey(rng), resolution=(20000, 40000), resolutionunit="CENTIMETER"
    )
    source = open_source(path)
    assert source.levels[0].spacing == pytest.approx((0.00025, 0.0005))  # (y, x)
    assert "resolution" in source.description.notes[0]
    unitless = phantoms.write_tiff(tmp_path / "u.tif", phantoms.grey(rng), resolution=(20000, 40000), resolutionunit=1)
    assert open_source(unitless).levels[0].spacing is None


def test_white_is_zero_and_inks(tmp_path, rng):
    planted = phantoms.grey(rng)
    path = phantoms.write_tiff(tmp_path / "w.tif", planted, photometric="miniswhite")
    np.testing.assert_array_equal(open_source(path).read().data[0], 255 - planted)
    inks = np.dstack([phantoms.colour(rng), np.zeros(planted.shape, np.uint8)])
    path = phantoms.write_tiff(tmp_path / "k.tif", inks, photometric="separated")
    np.testing.assert_array_equal(open_source(path).read().data, 255 - inks[..., :3].transpose(2, 0, 1))


def test_a_box_is_a_part_of_the_whole(tmp_path, rng):
    box = Box((3, 5), (17, 40))
    for name in ("a.png", "a.tif"):
        source = open_source(phantoms.write_raster(tmp_path / name, phantoms.colour(rng)))
        part, whole = source.read(box), source.read().crop(box)
        np.testing.assert_array_equal(part.data, whole.data)
        assert part.grid == whole.grid
        assert part.provenance == whole.provenance
        with pytest.raises(ShapeError):
            source.read(Box((0, 0), (999, 2)))
        with pytest.raises(ShapeError):
            source.read(level=1)


def test_a_source_survives_pickling(tmp_path, rng):
    source = open_source(phantoms.write_raster(tmp_path / "a.png", phantoms.grey(rng)))
    again = pickle.loads(pickle.dumps(source))
    np.testing.assert_array_equal(again.read().data, source.read().data)


def test_content_wins_over_the_suffix(tmp_path, rng):
    path = phantoms.write_raster(tmp_path / "a.png", phantoms.grey(rng))
    wrong = path.rename(tmp_path / "a.jpg")
    assert open_source(wrong).description.format == "png"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.gif", "a.bmp"])
@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_truncated_file_is_unreadable(tmp_path, rng, name, keep):
    path = phantoms.write_raster(tmp_path / name, phantoms.grey(rng, (200, 200)))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)])
    with pytest.raises(SourceError) as caught:
        open_source(path).read()
    assert name in caught.value.message
    assert caught.value.remedy
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.gif", "a.bmp", "c.png", "a.nii", "a.nii.gz"])
def test_damaged_bytes_raise_source_errors_or_nothing(tmp_path, rng, name):
    """Any byte of a file may be wrong: the only answers are an image or a SourceError."""
    path = tmp_path / name
    if name[0] == "c":
        phantoms.write_png16(path, phantoms.colour(rng, dtype=np.uint16))
    elif "nii" in name:
        phantoms.write_nifti(path, phantoms.volume(rng), phantoms.affine())
    else:
        phantoms.write_raster(path, phantoms.grey(rng))
    raw = path.read_bytes()
    for _ in range(60):
        broken = bytearray(raw)
        for place in rng.integers(0, min(len(raw), 400), 3):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        for read in (lambda: open_source(path).read(), lambda: open_mask(path)):
            try:
                read()
            except SourceError as error:
                assert error.remedy


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, rng, monkeypatch):
    monkeypatch.setattr(vesale.io.pixels, "MOST_PIXELS", 1000)
    for name in ("a.png", "a.tif"):
        path = phantoms.write_raster(tmp_path / name, phantoms.grey(rng))
        with pytest.raises(SourceError, match="pixels") as caught:
            open_source(path)
        assert "cut or shrink" in (caught.value.remedy or "")


def test_large_but_allowed_gives_no_warning(tmp_path):
    path = tmp_path / "large.png"
    Pillow.new("1", (10000, 9500)).save(path)  # above Pillow's own limit of 89 Mpx
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_source(path).levels[0].shape == (9500, 10000)


def test_what_is_no_image_says_what_was_found(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "note.txt").write_text("hello, doctor")
    (tmp_path / "lies.png").write_text("hello, doctor")
    (tmp_path / "x.mgz").write_text("a brain")
    for name, words in {
        "empty.png": "empty",
        "note.txt": "68 65 6c 6c 6f",
        "lies.png": "PNG",
        "x.mgz": "FreeSurfer",
        "absent.png": "No such file",
    }.items():
        with pytest.raises(SourceError, match=words) as caught:
            open_source(tmp_path / name)
        assert name in caught.value.message
        assert caught.value.remedy


def test_masks_of_one_meaning_only(tmp_path, rng):
    planted = phantoms.indices(rng)
    same = phantoms.write_raster(tmp_path / "same.png", np.dstack([planted] * 3))
    np.testing.assert_array_equal(open_mask(same).data[0], planted)
    grey16 = phantoms.write_raster(tmp_path / "deep.png", planted.astype(np.uint16) * 300)
    assert open_mask(grey16).data.max() == 900
    for name, array in {"colour.png": phantoms.colour(rng), "lossy.jpg": planted}.items():
        with pytest.raises(SourceError) as caught:
            open_mask(phantoms.write_raster(tmp_path / name, array))
        assert caught.value.remedy
    with pytest.raises(SourceError, match="fractions"):
        open_mask(phantoms.write_tiff(tmp_path / "f.tif", phantoms.grey(rng, dtype=np.float32)))
    whole = open_mask(phantoms.write_tiff(tmp_path / "w.tif", planted.astype(np.float32)))
    assert whole.data.dtype == np.uint8
    np.testing.assert_array_equal(whole.data[0], planted)


def test_few_bits_of_grey(tmp_path, rng):
    """Four bits a pixel: spread over the range to look at, the stored number as a mask."""
    planted = phantoms.indices(rng)
    path = tmp_path / "four.png"
    rows = b"".join(b"\0" + bytes((row[::2] << 4) | row[1::2]) for row in planted)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", planted.shape[1], planted.shape[0], 4, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(d)) + name + d + struct.pack(">I", zlib.crc32(name + d)) for name, d in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    np.testing.assert_array_equal(imagecodecs.png_decode(path.read_bytes()).squeeze(), planted * 17)
    np.testing.assert_array_equal(open_source(path).read().data[0], planted * 17)
    np.testing.assert_array_equal(open_mask(path).data[0], planted)
