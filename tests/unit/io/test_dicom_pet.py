"""SUV by body weight, against the formula worked out by hand."""

import numpy as np
import pytest

import phantoms
import phantoms_dicom as made
from vesale.io import open_source

HOUR = 3600.0


@pytest.fixture
def rng():
    return np.random.default_rng(43)


def opened(tmp_path, rng, private=None, **changes):
    planted = (phantoms.grey(rng, dtype=np.uint16) >> 4).astype(np.uint16)
    tags = made.pet_tags(**changes)
    d = phantoms.dataset(rng, planted, tags)
    for group, creator, offset, kind, value in private or ():
        d.private_block(group, creator, create=True).add_new(offset, kind, value)
    source = open_source(made.write(tmp_path / "a.dcm", d))
    return planted, source, " ".join(source.description.notes)


def expected(planted, waited=HOUR):
    """Bq/ml times grams over the decayed dose."""
    return planted * 2.0 * 70_000 / (350e6 * 2 ** (-waited / 6586.2))


def test_the_dose_has_decayed_until_the_series_began(tmp_path, rng):
    planted, source, notes = opened(tmp_path, rng)
    data = source.read().data[0]
    assert data.dtype == np.float32
    np.testing.assert_allclose(data, expected(planted), rtol=1e-6)
    assert "SUV by body weight" in notes


def test_values_that_are_corrected_to_the_injection(tmp_path, rng):
    planted, source, notes = opened(tmp_path, rng, DecayCorrection="ADMIN")
    np.testing.assert_allclose(source.read().data[0], expected(planted, 0.0), rtol=1e-6)
    assert "injection" in notes


def test_a_series_dated_after_its_acquisition_is_not_believed(tmp_path, rng):
    planted, source, notes = opened(tmp_path, rng, SeriesTime="173000")
    np.testing.assert_allclose(source.read().data[0], expected(planted), rtol=1e-6)
    assert "earliest acquisition" in notes
    scan = [(0x0009, "GEMS_PETD_01", 0x0D, "DT", "20200101121000.00")]
    planted, source, notes = opened(tmp_path, rng, scan, SeriesTime="173000")
    np.testing.assert_allclose(source.read().data[0], expected(planted, HOUR + 600), rtol=1e-6)
    assert "0009,100d" in notes


def test_an_injection_before_midnight(tmp_path, rng):
    times = {"SeriesTime": "003000", "AcquisitionTime": "003000", "RadiopharmaceuticalStartTime": "233000"}
    planted, source, _ = opened(tmp_path, rng, **times)
    np.testing.assert_allclose(source.read().data[0], expected(planted), rtol=1e-6)


def test_a_long_lived_tracer_needs_the_date_of_injection(tmp_path, rng):
    long = {"RadionuclideHalfLife": 282_276.0}
    _, source, notes = opened(tmp_path, rng, **long)
    assert "not SUV" in notes
    planted, source, notes = opened(tmp_path, rng, **long, RadiopharmaceuticalStartDateTime="20191229120000")
    wanted = planted * 2.0 * 70_000 / (350e6 * 2 ** (-3 * 86400 / 282_276.0))
    np.testing.assert_allclose(source.read().data[0], wanted, rtol=1e-6)


def test_the_makers_own_factors(tmp_path, rng):
    philips = [(0x7053, "Philips PET Private Group", 0x00, "DS", "0.00125")]
    planted, source, notes = opened(tmp_path, rng, philips, Units="CNTS")
    np.testing.assert_allclose(source.read().data[0], planted * 2.0 * 0.00125, rtol=1e-6)
    assert "7053,1000" in notes
    activity = [(0x7053, "Philips PET Private Group", 0x09, "DS", "3.5")]
    planted, source, _ = opened(tmp_path, rng, activity, Units="CNTS")
    np.testing.assert_allclose(source.read().data[0], expected(planted) * 3.5, rtol=1e-6)


def test_grams_a_millilitre_are_suv_already(tmp_path, rng):
    planted, source, notes = opened(tmp_path, rng, Units="GML", PatientWeight=None)
    np.testing.assert_allclose(source.read().data[0], planted * 2.0, rtol=1e-6)
    assert "as stored" in notes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PatientWeight": None}, "PatientWeight is missing"),
        ({"PatientWeight": 0.0}, "PatientWeight is missing"),
        ({"RadionuclideHalfLife": None}, "RadionuclideHalfLife is missing"),
        ({"RadiopharmaceuticalStartTime": None}, "not both known"),
        ({"RadiopharmaceuticalStartTime": "130000"}, "after the scan"),
        ({"DecayCorrection": "NONE"}, "neither START nor ADMIN"),
        ({"CorrectedImage": ["ATTN"]}, "DECY"),
        ({"Units": "CNTS"}, "not Bq/ml"),
        ({"Units": "PROPCPS"}, "not Bq/ml"),
    ],
)
def test_without_what_it_needs_it_says_why_not(tmp_path, rng, changes, words):
    planted, source, notes = opened(tmp_path, rng, **changes)
    np.testing.assert_array_equal(source.read().data[0], planted * 2)
    assert "not SUV" in notes
    assert words in notes


def test_slices_keep_their_own_slope_and_share_the_factor(tmp_path, rng):
    planted = (phantoms.volume(rng, (4, 12, 16)) + 1024).astype(np.uint16)
    tags = made.pet_tags()
    del tags["RescaleSlope"]

    def per_slice(n):
        return {"RescaleSlope": 1.0 + n, "RescaleIntercept": 0.0, "AcquisitionTime": f"12{n:02d}00"}

    phantoms.write_series(tmp_path / "s", rng, planted, tags=tags, per_slice=per_slice)
    source = open_source(tmp_path / "s")
    wanted = expected(planted * (1.0 + np.arange(4))[:, None, None]) / 2
    np.testing.assert_allclose(source.read().data[0], wanted, rtol=1e-6)


def test_weight_and_times_are_kept_nowhere(tmp_path, rng):
    _, source, notes = opened(tmp_path, rng, PatientWeight=71.375)
    assert not any(secret in notes + repr(source) for secret in ("71.375", "20200101", "110000", "39600", "43200"))
