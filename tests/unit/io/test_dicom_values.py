"""What stored samples mean, and streams that contradict their headers. Every truth is planted."""

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

import phantoms
import phantoms_dicom as made
from vesale.core.errors import SourceError
from vesale.io import open_source


@pytest.fixture
def rng():
    return np.random.default_rng(41)


def twelve(rng, dtype=np.uint16):
    return (phantoms.grey(rng, dtype=np.uint16) >> 4).astype(dtype)


def notes(source):
    return " ".join(source.description.notes)


def encoded(path, rng, pixels, stream, syntax, **tags):
    """A file whose header says what `pixels` and `tags` say and whose stream is `stream`."""
    d = phantoms.dataset(rng, pixels, tags)
    d.PixelData = encapsulate([stream])
    d["PixelData"].is_undefined_length = True
    d["PixelData"].VR = "OB"
    d.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, d, enforce_file_format=True)
    return open_source(path)


# Depths


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("kind", [np.uint16, np.int16])
def test_odd_depths_ignore_the_bits_above(tmp_path, rng, bits, kind):
    low = 0 if kind == np.uint16 else -(2 ** (bits - 1))
    planted = rng.integers(low, low + 2**bits, (20, 24)).astype(kind)
    raw = (planted.astype(np.int64) & (2**bits - 1)) | (rng.integers(0, 2 ** (16 - bits), planted.shape) << bits)
    tags = {"BitsStored": bits, "HighBit": bits - 1, "PixelRepresentation": int(kind == np.int16)}
    phantoms.write_dicom(tmp_path / "a.dcm", rng, raw.astype(np.uint16), tags)
    np.testing.assert_array_equal(open_source(tmp_path / "a.dcm").read().data[0], planted)


def test_samples_in_the_upper_bits(tmp_path, rng):
    planted = twelve(rng)
    junk = rng.integers(0, 16, planted.shape).astype(np.uint16)
    phantoms.write_dicom(tmp_path / "a.dcm", rng, (planted << 4) | junk, {"BitsStored": 12, "HighBit": 15})
    np.testing.assert_array_equal(open_source(tmp_path / "a.dcm").read().data[0], planted)
    signed = planted.astype(np.int16) - 2048
    raw = ((signed.astype(np.int32) & 0xFFF) << 4).astype(np.uint16)
    tags = {"BitsStored": 12, "HighBit": 15, "PixelRepresentation": 1}
    phantoms.write_dicom(tmp_path / "b.dcm", rng, raw, tags)
    np.testing.assert_array_equal(open_source(tmp_path / "b.dcm").read().data[0], signed)


def test_overlays_stay_out_of_the_pixels(tmp_path, rng):
    planted = twelve(rng)
    drawn = rng.integers(0, 2, planted.shape).astype(np.uint16)
    d = phantoms.dataset(rng, planted | (drawn << 12), {"BitsStored": 12, "HighBit": 11})
    for group, inside in ((0x6000, True), (0x6002, False)):
        d.add_new((group, 0x0010), "US", planted.shape[0])
        d.add_new((group, 0x0011), "US", planted.shape[1])
        d.add_new((group, 0x0100), "US", 16 if inside else 1)
        d.add_new((group, 0x0102), "US", 12 if inside else 0)
        if not inside:
            d.add_new((group, 0x3000), "OW", np.packbits(drawn.astype(bool), bitorder="little").tobytes())
    made.write(tmp_path / "a.dcm", d)
    source = open_source(tmp_path / "a.dcm")
    np.testing.assert_array_equal(source.read().data[0], planted)
    assert "1 overlay in the high bits of the pixels, masked off" in notes(source)
    assert "1 overlay beside the pixels" in notes(source)


def test_one_bit_across_frames_that_end_inside_a_byte(tmp_path, rng):
    planted = rng.integers(0, 2, (3, 5, 7)).astype(np.uint8)
    d = made.frames(rng, planted, {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0})
    packed = np.packbits(planted.ravel(), bitorder="little").tobytes()
    d.PixelData = packed + b"\0" * (len(packed) % 2)
    source = open_source(made.write(tmp_path / "a.dcm", d))
    np.testing.assert_array_equal(source.read().data[0], planted)


@pytest.mark.parametrize(("keyword", "kind"), [("FloatPixelData", np.float32), ("DoubleFloatPixelData", np.float64)])
def test_floats(tmp_path, rng, keyword, kind):
    planted = rng.normal(size=(20, 24)).astype(kind)
    d = phantoms.dataset(rng, twelve(rng)[:20, :24], {"BitsAllocated": 8 * planted.itemsize})
    for gone in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(d, gone)
    setattr(d, keyword, planted.tobytes())
    data = open_source(made.write(tmp_path / "a.dcm", d)).read().data[0]
    assert data.dtype == kind
    np.testing.assert_array_equal(data, planted)


def test_thirty_two_bits_keep_their_values(tmp_path, rng):
    planted = rng.integers(0, 2**32, (20, 24), dtype=np.uint64).astype(np.uint32)
    tags = {"RescaleSlope": 1, "RescaleIntercept": 5}
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted, tags)
    np.testing.assert_array_equal(open_source(tmp_path / "a.dcm").read().data[0], planted.astype(np.int64) + 5)


def test_what_is_missing_is_said(tmp_path, rng):
    planted = twelve(rng)
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted, {"PixelRepresentation": None})
    source = open_source(tmp_path / "a.dcm")
    assert "PixelRepresentation is missing" in notes(source)
    np.testing.assert_array_equal(source.read().data[0], planted)
    colour = phantoms.colour(rng)
    phantoms.write_dicom(tmp_path / "b.dcm", rng, colour, {"PlanarConfiguration": None})
    source = open_source(tmp_path / "b.dcm")
    assert "PlanarConfiguration is missing" in notes(source)
    np.testing.assert_array_equal(source.read().data, colour.transpose(2, 0, 1))


def test_lossy_and_value_maps_are_said(tmp_path, rng):
    tags = {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": 12.5,
        "RealWorldValueMappingSequence": [made.item(LUTLabel="X")],
    }
    phantoms.write_dicom(tmp_path / "a.dcm", rng, twelve(rng), tags)
    assert "with loss, 12.5 to 1" in notes(open_source(tmp_path / "a.dcm"))
    assert "real-world value map" in notes(open_source(tmp_path / "a.dcm"))


# Colours


def test_colour_planes_and_byte_orders(tmp_path, rng):
    planted = phantoms.colour(rng, (5, 7))  # an odd number of bytes
    d = phantoms.dataset(rng, planted, {"PlanarConfiguration": 1})
    d.PixelData = np.ascontiguousarray(planted.transpose(2, 0, 1)).tobytes() + b"\0"
    made.write(tmp_path / "planes.dcm", d)
    np.testing.assert_array_equal(open_source(tmp_path / "planes.dcm").read().data, planted.transpose(2, 0, 1))
    grey = twelve(rng)
    d = phantoms.dataset(rng, grey)
    plain = pydicom.Dataset()
    plain.update({e.tag: e for e in d})
    plain.file_meta = d.file_meta
    plain.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    plain.PixelData = grey.astype(">u2").tobytes()
    plain.save_as(tmp_path / "big.dcm", implicit_vr=False, little_endian=False)
    np.testing.assert_array_equal(open_source(tmp_path / "big.dcm").read().data[0], grey)
    d = phantoms.dataset(rng, grey)
    d.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.write(tmp_path / "deflated.dcm", d)
    np.testing.assert_array_equal(open_source(tmp_path / "deflated.dcm").read().data[0], grey)


@pytest.mark.parametrize("partial", [False, True])
def test_luma_and_chroma_of_every_range(tmp_path, rng, partial):
    """PS3.3 C.7.6.3.1.2: a grey of 100 is luma 100 in full range, 16 + 219 * 100 / 255 in partial range."""
    luma = np.full((4, 6), round(16 + 219 * 100 / 255) if partial else 100, np.uint8)
    pairs = np.stack([luma[:, ::2], luma[:, 1::2], np.full((4, 3), 128), np.full((4, 3), 128)], -1).astype(np.uint8)
    photometric = "YBR_PARTIAL_422" if partial else "YBR_FULL_422"
    d = phantoms.dataset(rng, np.zeros((4, 6, 3), np.uint8), {"PhotometricInterpretation": photometric})
    d.PixelData = pairs.tobytes()
    made.write(tmp_path / "a.dcm", d)
    np.testing.assert_array_equal(open_source(tmp_path / "a.dcm").read().data, np.full((3, 4, 6), 100))


def test_chroma_of_every_pixel_though_the_header_says_of_every_other(tmp_path, rng):
    ybr = np.full((4, 6, 3), 128, np.uint8)
    ybr[..., 0] = 77
    phantoms.write_dicom(tmp_path / "a.dcm", rng, ybr, {"PhotometricInterpretation": "YBR_FULL_422"})
    source = open_source(tmp_path / "a.dcm")
    np.testing.assert_array_equal(source.read().data, np.full((3, 4, 6), 77))
    assert "every pixel has its own colour" in notes(source)


def palette(bits, first=0, entries=5):
    tags = {}
    for i, name in enumerate(("Red", "Green", "Blue")):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [entries, first, bits]
        column = phantoms.PALETTE[:entries, i]
        tags[f"{name}PaletteColorLookupTableData"] = (
            column.tobytes() + b"\0" * (entries % 2) if bits == 8 else (column.astype("<u2") * 257).tobytes()
        )
    return tags


@pytest.mark.parametrize("bits", [8, 16])
def test_palettes(tmp_path, rng, bits):
    index = phantoms.indices(rng) + 3
    tags = {"PhotometricInterpretation": "PALETTE COLOR", **palette(bits, first=3)}
    phantoms.write_dicom(tmp_path / "a.dcm", rng, index, tags)
    data = open_source(tmp_path / "a.dcm").read().data
    np.testing.assert_array_equal(data, phantoms.PALETTE[index - 3].transpose(2, 0, 1))


def test_a_segmented_palette(tmp_path, rng):
    """PS3.3 C.7.9.2: a discrete segment of one entry, then a linear one of 255 more up to its end."""
    index = np.arange(256, dtype=np.uint8).reshape(16, 16)
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, top in (("Red", 65280), ("Green", 32640), ("Blue", 0)):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"Segmented{name}PaletteColorLookupTableData"] = np.array([0, 1, 0, 1, 255, top], "<u2").tobytes()
    phantoms.write_dicom(tmp_path / "a.dcm", rng, index, tags)
    data = open_source(tmp_path / "a.dcm").read().data
    np.testing.assert_allclose(data[0], index, atol=1)
    np.testing.assert_allclose(data[1], index / 2, atol=1)
    assert data[2].max() == 0


# Streams that contradict their headers


def test_a_stream_of_another_size(tmp_path, rng):
    planted = phantoms.grey(rng, (40, 56))
    stream = imagecodecs.jpeg8_encode(planted, level=100)
    source = encoded(tmp_path / "a.dcm", rng, phantoms.grey(rng, (30, 50)), stream, JPEGBaseline8Bit)
    assert source.levels[0].shape == (40, 56)
    np.testing.assert_allclose(source.read().data[0], imagecodecs.jpeg8_decode(stream), atol=1)
    assert "the stream has 56 x 40 pixels, the header says 50 x 30" in notes(source)


@pytest.mark.parametrize(("said", "stream_is"), [("RGB", "YCBCR"), ("YBR_FULL_422", "RGB")])
def test_a_stream_of_another_colour_model(tmp_path, rng, said, stream_is):
    y, x = np.mgrid[0:40, 0:56]
    planted = np.stack([4 * y, 4 * x, 255 - 4 * y], -1).clip(0, 255).astype(np.uint8)
    stream = imagecodecs.jpeg8_encode(planted, level=98, colorspace="RGB", outcolorspace=stream_is, subsampling="444")
    source = encoded(tmp_path / "a.dcm", rng, planted, stream, JPEGBaseline8Bit, PhotometricInterpretation=said)
    np.testing.assert_allclose(source.read().data, planted.transpose(2, 0, 1), atol=12)
    assert "the header says" in notes(source)


def test_a_stream_of_another_number_of_samples(tmp_path, rng):
    planted = phantoms.grey(rng)
    stream = imagecodecs.jpeg8_encode(planted, level=100)
    source = encoded(tmp_path / "a.dcm", rng, phantoms.colour(rng), stream, JPEGBaseline8Bit)
    assert source.channels == ("grey",)
    assert "1 sample a pixel" in notes(source)
    np.testing.assert_allclose(source.read().data[0], planted, atol=4)


@pytest.mark.parametrize(
    ("encode", "syntax"),
    [
        (imagecodecs.jpegls_encode, JPEGLSLossless),
        (imagecodecs.ljpeg_encode, JPEGLosslessSV1),
        (lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="j2k"), JPEG2000Lossless),
    ],
)
@pytest.mark.parametrize("wrong", [JPEGBaseline8Bit, RLELossless, None])
def test_a_stream_of_another_syntax(tmp_path, rng, encode, syntax, wrong):
    planted = twelve(rng)
    source = encoded(tmp_path / "a.dcm", rng, planted, encode(planted), wrong or syntax)
    np.testing.assert_array_equal(source.read().data[0], planted)
    assert ("the header says" in notes(source)) == (wrong is not None)


def test_a_stream_of_more_bits_than_its_words(tmp_path, rng):
    planted = twelve(rng)
    stream = imagecodecs.jpeg2k_encode(planted, level=0, codecformat="j2k")
    source = encoded(tmp_path / "a.dcm", rng, phantoms.grey(rng), stream, JPEG2000Lossless)
    np.testing.assert_array_equal(source.read().data[0], planted)
    assert "in 8" in notes(source)


def test_eight_bits_in_words_of_sixteen(tmp_path, rng):
    planted = phantoms.grey(rng)
    stream = imagecodecs.jpeg8_encode(planted, level=100)
    source = encoded(tmp_path / "a.dcm", rng, twelve(rng), stream, JPEGExtended12Bit, BitsStored=12, HighBit=11)
    np.testing.assert_allclose(source.read().data[0], planted, atol=4)
    assert "8 bits a sample" in notes(source)


def test_pixels_that_are_not_compressed_though_the_header_says_so(tmp_path, rng):
    planted = twelve(rng)
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted)
    raw = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(raw.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0", 1))
    source = open_source(tmp_path / "a.dcm")
    np.testing.assert_array_equal(source.read().data[0], planted)
    assert "not compressed, though the header says RLE Lossless" in notes(source)


@pytest.mark.parametrize(
    ("syntax", "words"),
    [
        ("1.2.840.113619.5.2", "private to its maker"),
        ("1.2.840.10008.1.2.4.102", "MPEG video"),
        ("1.2.840.10008.1.2.4.94", "pixels lie elsewhere"),
    ],
)
def test_syntaxes_that_cannot_be_read_are_named(tmp_path, rng, syntax, words):
    with pytest.raises(SourceError, match=words) as caught:
        encoded(tmp_path / "a.dcm", rng, twelve(rng), b"\1\2" * 40, syntax)
    assert caught.value.remedy


def test_a_missing_decoder_is_named(tmp_path, rng, monkeypatch):
    from vesale.io import dicom_kinds

    class Absent:
        is_available = False

    monkeypatch.setattr(dicom_kinds, "get_decoder", lambda _: Absent())
    with pytest.raises(SourceError, match="not installed") as caught:
        encoded(tmp_path / "a.dcm", rng, twelve(rng), b"\1\2" * 40, JPEG2000Lossless)
    assert "pylibjpeg-openjpeg" in caught.value.remedy
