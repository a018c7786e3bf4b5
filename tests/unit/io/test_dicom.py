import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, RLELossless

import phantoms
from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.io import open_mask, open_source
from vesale.io.dicom_series import open_series

SECRETS = ("Made", "MADE-UP", "1900")


@pytest.fixture
def rng():
    return np.random.default_rng(13)


def words_of(source):
    return " ".join((*source.description.notes, source.description.format, str(source.description.modality)))


def stored(rng, dtype=np.uint16):
    """(y, x) of 12-bit values."""
    return (phantoms.grey(rng, dtype=np.uint16) >> 4).astype(dtype)


def test_a_plain_image(tmp_path, rng):
    planted = stored(rng)
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted, {"Modality": "MR", "PixelSpacing": [0.5, 0.25]})
    source = open_source(tmp_path / "a.dcm")
    assert source.channels == ("grey",)
    assert source.description.modality == "MR"
    assert source.levels[0].spacing == (0.5, 0.25)
    assert source.levels[0].frame == "unknown"
    np.testing.assert_array_equal(source.read().data[0], planted)
    np.testing.assert_array_equal(source.read(Box((2, 3), (9, 30))).data[0], planted[2:9, 3:30])


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed(tmp_path, rng, syntax):
    planted = stored(rng)
    tags = {"BitsStored": 12, "HighBit": 11}
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted, tags, syntax)
    np.testing.assert_array_equal(open_source(tmp_path / "a.dcm").read().data[0], planted)


def test_place_in_the_patient(tmp_path, rng):
    turn = phantoms.rotation(rng)
    tags = {
        "ImagePositionPatient": [1.0, -2.0, 3.5],
        "ImageOrientationPatient": [round(float(v), 9) for v in (*turn[:, 0], *turn[:, 1])],
        "PixelSpacing": [0.5, 0.25],
    }
    phantoms.write_dicom(tmp_path / "a.dcm", rng, stored(rng), tags)
    grid = open_source(tmp_path / "a.dcm").levels[0]
    assert grid.frame == "patient"
    # PS3.3 C.7.6.2.1.1: column index along the first cosines with the second spacing, row index along the second
    expected = np.array([1.0, -2.0, 3.5]) + 7 * 0.25 * turn[:, 0] + 4 * 0.5 * turn[:, 1]
    np.testing.assert_allclose(grid.to_world(np.array([4.0, 7.0])), expected, atol=1e-6)


def test_a_detectors_spacing_is_said_and_a_missing_one_is_none(tmp_path, rng):
    phantoms.write_dicom(tmp_path / "a.dcm", rng, stored(rng), {"Modality": "DX", "ImagerPixelSpacing": [0.2, 0.1]})
    source = open_source(tmp_path / "a.dcm")
    assert source.levels[0].spacing == (0.2, 0.1)
    assert "ImagerPixelSpacing" in words_of(source)
    phantoms.write_dicom(tmp_path / "b.dcm", rng, stored(rng), {"Modality": "DX"})
    assert open_source(tmp_path / "b.dcm").levels[0].spacing is None
    phantoms.write_dicom(tmp_path / "c.dcm", rng, stored(rng), {"PixelSpacing": [0.0, 0.1]})
    source = open_source(tmp_path / "c.dcm")
    assert source.levels[0].spacing is None
    assert "no scale" in words_of(source)


@pytest.mark.parametrize(
    ("slope", "intercept", "dtype"), [(1, -1024, np.int16), (2, 0, np.int16), (100, 0, np.int32), (0.5, 3, np.float32)]
)
def test_rescale(tmp_path, rng, slope, intercept, dtype):
    planted = stored(rng)
    tags = {"RescaleSlope": slope, "RescaleIntercept": intercept, "BitsStored": 12, "HighBit": 11}
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted, tags)
    data = open_source(tmp_path / "a.dcm").read().data[0]
    assert data.dtype == dtype
    np.testing.assert_allclose(data, planted.astype(float) * slope + intercept, rtol=1e-6)


def test_signed_values(tmp_path, rng):
    planted = stored(rng, np.int16) - 2000
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted)
    np.testing.assert_array_equal(open_source(tmp_path / "a.dcm").read().data[0], planted)


def test_white_is_low_is_turned_over(tmp_path, rng):
    planted = stored(rng)
    tags = {"PhotometricInterpretation": "MONOCHROME1", "Modality": "CR", "BitsStored": 12, "HighBit": 11}
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted, tags)
    source = open_source(tmp_path / "a.dcm")
    np.testing.assert_array_equal(source.read().data[0], 4095 - planted)
    assert "MONOCHROME1" in words_of(source)
    phantoms.write_dicom(tmp_path / "b.dcm", rng, planted.astype(np.int16) - 2048, tags)
    np.testing.assert_array_equal(open_source(tmp_path / "b.dcm").read().data[0], 2047 - planted.astype(int))
    phantoms.write_dicom(tmp_path / "c.dcm", rng, planted, tags | {"Modality": "PT", "RescaleSlope": 0.5})
    np.testing.assert_array_equal(open_source(tmp_path / "c.dcm").read().data[0], planted * 0.5)


def test_modality_lookup_table(tmp_path, rng):
    planted = (stored(rng) >> 4).astype(np.uint8)
    table = rng.integers(0, 60000, 256).astype(np.uint16)
    lookup = Dataset()
    lookup.LUTDescriptor, lookup.ModalityLUTType, lookup.LUTData = [256, 0, 16], "US", [int(v) for v in table]
    lookup["LUTDescriptor"].VR, lookup["LUTData"].VR = "US", "US"
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted, {"ModalityLUTSequence": [lookup]})
    np.testing.assert_array_equal(open_source(tmp_path / "a.dcm").read().data[0], table[planted])


def test_colours_and_palettes(tmp_path, rng):
    planted = phantoms.colour(rng)
    phantoms.write_dicom(tmp_path / "a.dcm", rng, planted)
    source = open_source(tmp_path / "a.dcm")
    assert source.channels == ("red", "green", "blue")
    np.testing.assert_array_equal(source.read().data, planted.transpose(2, 0, 1))
    index = phantoms.indices(rng)
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for i, name in enumerate(("Red", "Green", "Blue")):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [5, 0, 16]
        entries = (phantoms.PALETTE[:, i].astype("<u2") * 257).tobytes()
        tags[f"{name}PaletteColorLookupTableData"] = entries
    phantoms.write_dicom(tmp_path / "p.dcm", rng, index, tags)
    np.testing.assert_array_equal(
        open_source(tmp_path / "p.dcm").read().data, phantoms.PALETTE[index].transpose(2, 0, 1)
    )
    np.testing.assert_array_equal(open_mask(tmp_path / "p.dcm").data[0], index)


def test_padding_and_burned_in_text_are_said(tmp_path, rng):
    tags = {"Modality": "CT", "RescaleIntercept": -1024, "RescaleSlope": 1, "PixelRepresentation": 1}
    d = phantoms.write_dicom(
        tmp_path / "a.dcm", rng, stored(rng, np.int16), tags | {"BurnedInAnnotation": "YES", "PixelPaddingValue": -2000}
    )
    assert d.PixelPaddingValue == -2000
    notes = open_source(tmp_path / "a.dcm").description.notes
    assert any("-3024" in n for n in notes)
    assert any("burned" in n for n in notes)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"PixelData": b""}, "empty"),
        ({"SamplesPerPixel": 3}, "3 samples a pixel"),
        ({"BitsAllocated": 12, "BitsStored": 12, "HighBit": 11}, "12 bits allocated"),
        ({"BitsStored": 17}, "impossible depth"),
        ({"PhotometricInterpretation": "CMYK"}, "says CMYK"),
        ({"PixelData": None}, "holds no image"),
        ({"PhotometricInterpretation": None}, "samples mean"),
        ({"Rows": 4000}, "a.dcm"),
    ],
)
def test_what_is_refused_is_said_in_one_line(tmp_path, rng, tags, words):
    phantoms.write_dicom(tmp_path / "a.dcm", rng, stored(rng), tags)
    with pytest.raises(SourceError, match=words) as caught:
        open_source(tmp_path / "a.dcm").read()
    assert "\n" not in caught.value.message
    assert caught.value.remedy


def test_files_without_preamble_or_dressed_as_tiff(tmp_path, rng):
    planted = stored(rng)
    d = phantoms.write_dicom(tmp_path / "a.dcm", rng, planted)
    raw = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "bare").write_bytes(raw[132:])
    (tmp_path / "dual.dcm").write_bytes(b"II*\0" + raw[4:])
    bare = Dataset()
    bare.update({e.tag: e for e in d if e.tag.group > 2})
    bare.save_as(tmp_path / "implicit", implicit_vr=True, little_endian=True)
    for name in ("bare", "dual.dcm", "implicit"):
        source = open_source(tmp_path / name)
        assert source.description.format == "dicom"
        np.testing.assert_array_equal(source.read().data[0], planted)


def test_nothing_names_the_patient(tmp_path, rng):
    tags = {"PixelSpacing": [0.5, 0.5], "Modality": "CR", "BurnedInAnnotation": "YES"}
    phantoms.write_dicom(tmp_path / "a.dcm", rng, stored(rng), tags)
    source = open_source(tmp_path / "a.dcm")
    text = words_of(source) + repr(source)
    assert not any(s in text for s in SECRETS)
    raw = (tmp_path / "a.dcm").read_bytes()
    for _ in range(80):
        broken = bytearray(raw)
        for place in rng.integers(128, len(raw) - 4000, 3):
            broken[place] = rng.integers(256)
        (tmp_path / "b.dcm").write_bytes(broken)
        try:
            image = open_source(tmp_path / "b.dcm")
            image.read()
            text = words_of(image)
        except SourceError as error:
            text = error.message
        assert not any(s in text for s in SECRETS)


def test_a_truncated_file_is_unreadable(tmp_path, rng):
    phantoms.write_dicom(tmp_path / "a.dcm", rng, stored(rng))
    raw = (tmp_path / "a.dcm").read_bytes()
    for length in (len(raw) - 100, 400, 150):
        (tmp_path / "a.dcm").write_bytes(raw[:length])
        with pytest.raises(SourceError, match=r"a\.dcm"):
            open_source(tmp_path / "a.dcm").read()


def test_a_mask_keeps_its_numbers(tmp_path, rng):
    planted = phantoms.indices(rng)
    phantoms.write_dicom(tmp_path / "m.dcm", rng, planted, {"RescaleSlope": 5, "RescaleIntercept": 0})
    mask = open_mask(tmp_path / "m.dcm")
    assert mask.kind == "labels"
    np.testing.assert_array_equal(mask.data[0], planted)


# Series


def ct(rng, shape=(6, 12, 16)):
    return (phantoms.volume(rng, shape) + 1024).astype(np.int16)


def test_a_series_is_a_volume_in_order(tmp_path, rng):
    planted = ct(rng)
    phantoms.write_series(tmp_path / "s", rng, planted)
    source = open_source(tmp_path / "s")
    grid = source.levels[0]
    np.testing.assert_array_equal(source.read().data[0], planted - 1024)
    assert grid.spacing == pytest.approx((2.5, 0.8, 0.7))
    assert source.description.notes == ()
    assert source.description.modality == "CT"
    assert len(source.description.files) == 6
    np.testing.assert_allclose(
        grid.to_world(np.array([2.0, 3.0, 4.0])), (-30 + 4 * 0.7, -40 + 3 * 0.8, 100 + 2 * 2.5), atol=1e-9
    )
    box = Box((1, 2, 3), (4, 9, 12))
    np.testing.assert_array_equal(source.read(box).data[0], planted[box.slices] - 1024)


def test_oblique_and_reversed_series(tmp_path, rng):
    turn = phantoms.rotation(rng)
    cosines = [round(float(v), 10) for v in (*turn[:, 0], *turn[:, 1])]
    planted = ct(rng)
    paths = phantoms.write_series(tmp_path / "s", rng, planted, orientation=cosines)
    grid = open_series(paths[::-1]).levels[0]
    place = np.array([-30.0, -40.0, 100.0]) + turn @ np.array([5 * 0.7, 4 * 0.8, 3 * 2.5])
    np.testing.assert_allclose(grid.to_world(np.array([3.0, 4.0, 5.0])), place, atol=1e-6)
    assert open_series(paths).description.sha256 == open_series(paths[::-1]).description.sha256


def test_positions_win_over_headers_and_it_is_said(tmp_path, rng):
    tags = {"SliceThickness": 1.25, "SpacingBetweenSlices": 1.25}
    phantoms.write_series(tmp_path / "s", rng, ct(rng), tags=tags, per_slice=lambda n: {"InstanceNumber": 2 * n + 1})
    source = open_source(tmp_path / "s")
    assert source.levels[0].spacing[0] == pytest.approx(2.5)
    note = " ".join(source.description.notes)
    assert "2.5" in note
    assert "SliceThickness 1.25" in note
    assert "left out" in note


def test_each_slice_has_its_own_rescale(tmp_path, rng):
    planted = ct(rng)
    slopes = [0.5 + n for n in range(6)]
    phantoms.write_series(
        tmp_path / "s", rng, planted, per_slice=lambda n: {"RescaleSlope": slopes[n], "RescaleIntercept": 0}
    )
    data = open_source(tmp_path / "s").read().data[0]
    np.testing.assert_allclose(data, planted * np.array(slopes)[:, None, None], rtol=1e-6)


def test_a_tilted_gantry_is_kept_as_it_is(tmp_path, rng):
    phantoms.write_series(tmp_path / "s", rng, ct(rng), tilt=np.tan(np.radians(15)))
    source = open_source(tmp_path / "s")
    assert any("15.0 degrees" in n for n in source.description.notes)
    np.testing.assert_allclose(
        source.levels[0].to_world(np.array([4.0, 0, 0])), (-30, -40 + 10 * np.tan(np.radians(15)), 110), atol=1e-9
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"drop": (2,)}, "uneven"),
        ({"repeat": 3}, "repeated"),
        ({"per_slice": lambda n: {"PixelSpacing": [0.8, 0.7 + 0.1 * (n == 2)]}}, "2 volumes in one"),
        ({"per_slice": lambda n: {"ImageOrientationPatient": [1, 0, 0, 0, n != 2, n == 2]}}, "2 volumes in one"),
        ({"per_slice": lambda n: {"ImagePositionPatient": [0, 5.0 * (n == 2), 2.5 * n]}}, "sideways"),
        ({"tags": {"ImagePositionPatient": None}}, "without a position"),
        ({"per_slice": lambda n: {"ImagePositionPatient": [0, 0, 2.5 * n + 0.6 * (n > 3)]}}, "uneven"),
    ],
)
def test_what_is_no_regular_volume_is_refused(tmp_path, rng, options, words):
    paths = phantoms.write_series(tmp_path / "s", rng, ct(rng), **options)
    with pytest.raises(SourceError, match=words) as caught:
        open_series(paths)
    assert caught.value.remedy
    assert not any(s in caught.value.message for s in SECRETS)


def test_mixed_sizes_are_several_volumes(tmp_path, rng):
    paths = phantoms.write_series(tmp_path / "s", rng, ct(rng))
    tags = {"ImagePositionPatient": [-30.0, -40.0, 115.0], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
    uid = pydicom.dcmread(paths[0]).SeriesInstanceUID
    phantoms.write_dicom(
        tmp_path / "s" / "x.dcm",
        rng,
        ct(rng)[0, :5],
        tags | {"SeriesInstanceUID": uid, "PixelSpacing": [0.8, 0.7]},
    )
    with pytest.raises(SourceError, match="2 volumes in one"):
        open_source(tmp_path / "s")


def test_rounded_positions_are_even_enough(tmp_path, rng):
    positions = [round(1.25 * n, 1) for n in range(6)]
    phantoms.write_series(
        tmp_path / "s", rng, ct(rng), per_slice=lambda n: {"ImagePositionPatient": [0.0, 0.0, positions[n]]}
    )
    assert open_source(tmp_path / "s").levels[0].spacing[0] == pytest.approx(1.25, abs=0.02)


def test_a_folder_of_several_series_lists_them(tmp_path, rng):
    for i in range(2):
        for path in phantoms.write_series(tmp_path / str(i), rng, ct(rng)):
            path.rename(tmp_path / f"{i}-{path.name}")
    with pytest.raises(SourceError, match=r"2 DICOM series: CT with 6 files from 0-.*; CT with 6 files from 1-"):
        open_source(tmp_path)


def test_an_empty_folder(tmp_path):
    with pytest.raises(SourceError, match="without a DICOM image"):
        open_source(tmp_path)
