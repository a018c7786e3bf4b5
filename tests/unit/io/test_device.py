"""What a header says of the machine is read; of the patient nothing is."""

import numpy as np
import pytest
from PIL import Image as Pillow

import phantoms
from vesale.io import open_source
from vesale.io.device import LONGEST, of_tags, plain

TAGS = {
    "Modality": "DX",
    "Manufacturer": "Maker  Inc.",
    "ManufacturerModelName": "One",
    "BodyPartExamined": "CHEST",
    "KVP": "110",
    "PatientName": "Doe^Jane",
    "InstitutionName": "Somewhere",
}


def test_dicom_says_device_part_and_voltage(tmp_path):
    data = np.arange(64, dtype=np.uint16).reshape(8, 8)
    path = tmp_path / "a.dcm"
    phantoms.write_dicom(path, np.random.default_rng(0), data, TAGS)
    device = open_source(path).description.device
    assert device == (("manufacturer", "Maker Inc."), ("model", "One"), ("body_part", "CHEST"), ("kvp", "110"))
    assert "Doe" not in repr(device)
    assert "Somewhere" not in repr(device)


def test_a_body_part_that_is_no_code_is_not_taken(tmp_path):
    path = tmp_path / "a.dcm"
    tags = TAGS | {"BodyPartExamined": "left knee of J. Doe"}
    with pytest.warns(UserWarning, match="."):
        phantoms.write_dicom(path, np.random.default_rng(0), np.zeros((8, 8), np.uint16), tags)
    assert "body_part" not in dict(open_source(path).description.device)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_a_photograph_names_its_camera(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    picture = Pillow.fromarray(np.zeros((8, 8, 3), np.uint8))
    if suffix == "tif":
        picture.save(path, tiffinfo={271: "Maker", 272: "Fundus 2"})
    else:
        exif = Pillow.Exif()
        exif[271], exif[272], exif[315] = "Maker", "Fundus 2", "J. Doe"
        picture.save(path, exif=exif)
    assert open_source(path).description.device == (("manufacturer", "Maker"), ("model", "Fundus 2"))


def test_what_is_not_said_is_not_there(tmp_path):
    phantoms.write_raster(tmp_path / "a.png", np.zeros((8, 8), np.uint8))
    assert open_source(tmp_path / "a.png").description.device == ()


def test_odd_texts_become_plain_ones():
    assert plain("  A\x00B\n\tC  ") == "A B C"
    assert len(plain("x" * 500)) == LONGEST
    assert plain("\x01\x02") is None
    assert plain(7) is None
    assert of_tags({271: b"bytes", 272: "Two"}) == (("model", "Two"),)
