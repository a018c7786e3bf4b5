"""Every file of many makers: read as pydicom decodes it, named as an object without pixels, or refused in one line."""

import os
import warnings
from collections import Counter
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.pixels import pixel_array
from pydicom.pixels.processing import apply_color_lut

from vesale.core.errors import SourceError
from vesale.io import open_mask, open_source

NO_PIXELS = ("no image", "holds no image")
SLIDE = ("image, whole slide", "whole slide")
EXPECTED: dict[str, tuple[str, str]] = {
    "dcmqi/rwvm.dcm": NO_PIXELS,
    "dcmqi/seg.dcm": ("mask", ""),
    "dcmqi/sr.dcm": NO_PIXELS,
    "highdicom/ct_image.dcm": ("image", ""),
    "highdicom/dx_image.dcm": ("image", "MONOCHROME1"),
    "highdicom/seg_image_ct_binary.dcm": ("mask", ""),
    "highdicom/seg_image_ct_binary_overlap.dcm": ("refused mask", "overlap"),
    "highdicom/seg_image_ct_true_fractional.dcm": ("refused mask", "fractional"),
    "highdicom/seg_image_sm_control_labelmap.dcm": ("refused mask", "whole slide"),
    "highdicom/seg_image_sm_dots_tiled_full.dcm": ("refused mask", "whole slide"),
    "highdicom/sm_annotations.dcm": NO_PIXELS,
    "highdicom/sm_image.dcm": SLIDE,
    "highdicom/sm_image_jpegls.dcm": SLIDE,
    "highdicom/sm_image_jpegls_nobot.dcm": SLIDE,
    "highdicom/sr_document.dcm": NO_PIXELS,
    "highdicom/sr_document_with_multiple_groups.dcm": NO_PIXELS,
    "pydicom_data/693_J2KR.dcm": ("image", ""),
    "pydicom_data/JPGLosslessP14SV1_1s_1f_8b.dcm": ("image", "ultrasound region"),
    "pydicom_data/OBXXXX1A_rle_2frame.dcm": ("run", "axis 0 is no direction"),
    "pydicom_data/OT-PAL-8-face.dcm": ("image", "palette"),
    "pydicom_data/bad_sequence.dcm": ("image", ""),
    "pydicom_data/color-pl.dcm": ("image", ""),
    "pydicom_data/color-px.dcm": ("image", ""),
    "pydicom_data/emri_small_RLE.dcm": ("run", "nothing says how"),
    "pydicom_data/emri_small_jpeg_2k_lossless_too_short.dcm": ("refused", "ends before its pixels"),
    "pydicom_data/explicit_VR-UN.dcm": ("image", ""),
    "pydicom_data/liver.dcm": ("mask", ""),
    "pydicom_data/vlut_04.dcm": ("image", ""),
    "pydicom_wheel/CT_small.dcm": ("image", "padding"),
    "pydicom_wheel/ExplVR_BigEnd.dcm": ("image", ""),
    "pydicom_wheel/ExplVR_BigEndNoMeta.dcm": NO_PIXELS,
    "pydicom_wheel/ExplVR_LitEndNoMeta.dcm": NO_PIXELS,
    "pydicom_wheel/GDCMJ2K_TextGBR.dcm": ("image", ""),
    "pydicom_wheel/J2K_pixelrep_mismatch.dcm": ("image", ""),
    "pydicom_wheel/JPEG-lossy.dcm": ("image, where pydicom's own decoders fail", "loss"),
    "pydicom_wheel/JPEG2000-embedded-sequence-delimiter.dcm": ("refused", "stream's header is damaged"),
    "pydicom_wheel/JPEG2000.dcm": ("image", "loss"),
    "pydicom_wheel/JPEGLSNearLossless_08.dcm": ("image", "loss"),
    "pydicom_wheel/JPEGLSNearLossless_16.dcm": ("image", "loss"),
    "pydicom_wheel/JPGExtended.dcm": ("image", "loss"),
    "pydicom_wheel/MR_small.dcm": ("image", ""),
    "pydicom_wheel/MR_small_RLE.dcm": ("image", ""),
    "pydicom_wheel/MR_small_bigendian.dcm": ("image", ""),
    "pydicom_wheel/MR_small_jp2klossless.dcm": ("image", ""),
    "pydicom_wheel/MR_small_jpeg_ls_lossless.dcm": ("image", ""),
    "pydicom_wheel/MR_small_padded.dcm": ("image", "padding"),
    "pydicom_wheel/MR_truncated.dcm": ("refused", "8,130 bytes of pixels for 1 frame of 8,192"),
    "pydicom_wheel/SC_jpeg_no_color_transform.dcm": ("image", ""),
    "pydicom_wheel/SC_rgb_jpeg_app14_dcmd.dcm": ("image", ""),
    "pydicom_wheel/SC_rgb_small_odd.dcm": ("image", ""),
    "pydicom_wheel/SC_rgb_small_odd_jpeg.dcm": ("image", ""),
    "pydicom_wheel/SC_ybr_full_422_uncompressed.dcm": ("image", ""),
    "pydicom_wheel/UN_sequence.dcm": NO_PIXELS,
    "pydicom_wheel/badVR.dcm": ("volume", "the data are right"),
    "pydicom_wheel/empty_charset_LEI.dcm": NO_PIXELS,
    "pydicom_wheel/examples_jpeg2k.dcm": ("image", ""),
    "pydicom_wheel/examples_palette.dcm": ("image", "palette"),
    "pydicom_wheel/examples_ybr_color.dcm": ("run", "33.333 ms apart"),
    "pydicom_wheel/image_dfl.dcm": ("image", ""),
    "pydicom_wheel/liver_1frame.dcm": ("refused mask", "functional groups for 3 frames, pixel data for 1"),
    "pydicom_wheel/meta_missing_tsyntax.dcm": ("refused", "says nothing of what its samples mean"),
    "pydicom_wheel/nested_priv_SQ.dcm": ("refused", "says nothing of what its samples mean"),
    "pydicom_wheel/no_meta.dcm": NO_PIXELS,
    "pydicom_wheel/no_meta_group_length.dcm": NO_PIXELS,
    "pydicom_wheel/priv_SQ.dcm": NO_PIXELS,
    "pydicom_wheel/reportsi.dcm": NO_PIXELS,
    "pydicom_wheel/reportsi_with_empty_number_tags.dcm": NO_PIXELS,
    "pydicom_wheel/rtdose.dcm": ("volume", "RELATIVE"),
    "pydicom_wheel/rtdose_rle.dcm": ("volume", "RELATIVE"),
    "pydicom_wheel/rtplan.dcm": NO_PIXELS,
    "pydicom_wheel/rtplan_truncated.dcm": NO_PIXELS,
    "pydicom_wheel/rtstruct.dcm": NO_PIXELS,
    "pydicom_wheel/test-SR.dcm": NO_PIXELS,
}
"""What each file is, and words of the note or the refusal that must be there."""


@pytest.fixture
def variety():
    folder = Path(os.environ.get("VESALE_DATA", "")) / "radiology" / "dicom_variety"
    if "VESALE_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("VESALE_DATA names no folder of real data")
    return folder


def sort(path):
    """What the reader makes of a file, its words, and its samples (channel, ...) where there are any."""
    try:
        source = open_source(path)
        data, words = source.read().data, " ".join(source.description.notes)
    except SourceError as error:
        assert "\n" not in error.message
        assert error.remedy
        message = error.message.replace(str(path), "")
        if "is a mask" not in message:
            kind = "no image" if "holds no image" in message else "refused"
            return kind, message, None
        try:
            return "mask", "", open_mask(path).data
        except SourceError as refusal:
            return "refused mask", refusal.message.replace(str(path), ""), None
    flat = len(source.levels[0].shape) == 2
    return "image" if flat else "volume" if source.levels[0].spacing else "run", words, data


def pydicoms(path):
    """pydicom's own decoding, with the value transform that the standard asks for, in our order of axes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = pydicom.dcmread(path, force=True)
        if "TransferSyntaxUID" not in d.file_meta:
            d.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        if path.name == "badVR.dcm":
            d.NumberOfFrames = len(d.GridFrameOffsetVector)  # it says 1A
        raw = pixel_array(d)
        if d.PhotometricInterpretation == "PALETTE COLOR":
            return np.moveaxis(apply_color_lut(raw, d) >> 8, -1, 0)
    if d.PhotometricInterpretation not in ("MONOCHROME1", "MONOCHROME2"):
        return np.moveaxis(raw, -1, 0)
    if d.PhotometricInterpretation == "MONOCHROME1" and d.Modality != "CT":
        raw = 2**d.BitsStored - 1 - raw.astype(np.int64)
    slope = d.get("RescaleSlope", d.get("DoseGridScaling", 1))
    return raw[None] * float(slope) + float(d.get("RescaleIntercept", 0))


def highdicoms(path):
    """The tiles of a slide where highdicom puts them, in our order of axes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slide = highdicom.imread(path)
        return np.moveaxis(slide.get_total_pixel_matrix(apply_icc_profile=False), -1, 0)


@pytest.mark.realdata
def test_the_table_has_every_file(variety):
    assert sorted(p.relative_to(variety).as_posix() for p in variety.rglob("*.dcm")) == sorted(EXPECTED)


@pytest.mark.realdata
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_file_is_what_it_is(variety, name):
    expected, words = EXPECTED[name]
    kind, said, data = sort(variety / name)
    assert kind == expected.partition(",")[0]
    assert words in said
    if kind in ("image", "volume", "run"):
        second = "pydicom's own decoders fail" in expected
        if "whole slide" in expected:
            assert np.array_equal(data, highdicoms(variety / name))
            return
        # the same picture with its scan header right; decoders of lossy JPEG may differ by one (ISO 10918-2)
        wanted = pydicoms(variety / "pydicom_wheel" / "JPGExtended.dcm" if second else variety / name)
        assert data.shape == wanted.shape
        np.testing.assert_allclose(data, wanted, rtol=1e-6, atol=int(second))
    if kind == "mask":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw = pixel_array(pydicom.dcmread(variety / name))
        assert (data > 0).sum() == (raw > 0).sum() > 0


@pytest.mark.realdata
def test_the_counts(variety, record_property):
    counts = Counter(sort(variety / name)[0] for name in EXPECTED)
    record_property("figure", f"DICOM variety, {len(EXPECTED)} files: {dict(sorted(counts.items()))}")
    assert sum(counts[k] for k in ("image", "volume", "run", "mask")) == 45
