"""Our windows and VOI tables against pydicom's, and the window of MONOCHROME1 against its meaning."""

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_voi, apply_windowing

import phantoms
from vesale.io import open_source
from vesale.io.display import read_display
from vesale.ops.window import Window
from vesale.render.shading import of_file


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("centre", "width"), [(40, 400), (-600, 1500), (2000.5, 3.5), (100, 1000)])
def test_a_window_is_pydicoms(function, centre, width):
    data = Dataset()
    data.WindowCenter, data.WindowWidth, data.VOILUTFunction = centre, width, function
    data.BitsStored, data.PixelRepresentation, data.PhotometricInterpretation = 16, 1, "MONOCHROME2"
    values = np.linspace(-3000, 3000, 4001).reshape(1, -1).astype(np.float64)
    with np.errstate(over="ignore"):  # theirs raises e to far values
        expected = (apply_windowing(values, data) + 2**15) / (2**16 - 1)
    ours = Window(centre, width, function.lower()).shades(values)
    np.testing.assert_allclose(ours, expected, atol=3e-4 if width < 10 else 2e-5)


def table_of(bits, first, entries):
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = [int(v) for v in entries]
    item["LUTData"].VR = "US"
    return item


@pytest.mark.parametrize(("bits", "first"), [(8, 0), (16, 100), (12, 30)])
def test_a_table_is_pydicoms(tmp_path, bits, first):
    rng = np.random.default_rng(bits)
    entries = np.sort(rng.integers(0, 2**bits, 120))
    pixels = rng.integers(0, 250, (20, 24)).astype(np.uint16)
    tags = {"VOILUTSequence": [table_of(bits, first, entries)], "Modality": "DX"}
    phantoms.write_dicom(tmp_path / "t.dcm", rng, pixels, tags)
    source = open_source(tmp_path / "t.dcm")
    shading = of_file(read_display(source.description))
    data = pydicom.dcmread(tmp_path / "t.dcm")
    expected = apply_voi(pixels, data) / (2**bits - 1)
    np.testing.assert_allclose(shading.shades(source.read().data[0]), expected, atol=1e-6)


def test_a_monochrome1_picture_is_shown_as_its_window_means(tmp_path):
    """Stored samples through the window, then turned over, is what the standard shows; we turn over first."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 4096, (30, 40)).astype(np.uint16)
    tags = {
        "PhotometricInterpretation": "MONOCHROME1",
        "Modality": "DX",
        "BitsStored": 12,
        "HighBit": 11,
        "WindowCenter": 1500,
        "WindowWidth": 1200,
        "RescaleSlope": 2,
        "RescaleIntercept": -100,
    }
    phantoms.write_dicom(tmp_path / "m.dcm", rng, pixels, tags)
    source = open_source(tmp_path / "m.dcm")
    shown = of_file(read_display(source.description)).shades(source.read().data[0])
    stored = pixels.astype(np.float64) * 2 - 100
    expected = 1 - Window(1500, 1200, "linear").shades(stored)
    np.testing.assert_allclose(shown, expected, atol=1e-5)


@pytest.mark.realdata
def test_a_real_table_is_read_as_pydicom_reads_it(data):
    path = data / "radiology" / "dicom_variety" / "pydicom_data" / "vlut_04.dcm"
    source = open_source(path)
    shading = of_file(read_display(source.description))
    theirs = pydicom.dcmread(path)
    bits = int(theirs.VOILUTSequence[0].LUTDescriptor[2])
    expected = apply_voi(source.read().data[0], theirs) / (2**bits - 1)
    np.testing.assert_allclose(shading.shades(source.read().data[0]), expected, atol=1e-6)
