"""Our raster reader against Pillow and tifffile themselves."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps

import phantoms
from vesale.io import open_mask, open_source


@pytest.fixture
def rng():
    return np.random.default_rng(23)


def by_pillow(path, mode):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = ImageOps.exif_transpose(Pillow.open(path)).convert(mode)
    return np.moveaxis(np.atleast_3d(np.asarray(picture)), -1, 0)


@pytest.mark.parametrize("quality", [30, 90])
@pytest.mark.parametrize("orientation", [None, 3, 6, 8])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg(tmp_path, rng, quality, orientation, mode):
    planted = phantoms.grey(rng) if mode == "L" else phantoms.colour(rng)
    path = phantoms.write_raster(tmp_path / "a.jpg", planted, quality=quality, exif=orientation)
    np.testing.assert_array_equal(open_source(path).read().data, by_pillow(path, mode))


def test_ink_jpeg(tmp_path, rng):
    path = tmp_path / "k.jpg"
    Pillow.fromarray(phantoms.colour(rng)).convert("CMYK").save(path)
    np.testing.assert_array_equal(open_source(path).read().data, by_pillow(path, "RGB"))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits", "jpeg"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_compressed_tiff(tmp_path, rng, compression, mode):
    planted = phantoms.grey(rng) if mode == "L" else phantoms.colour(rng)
    path = phantoms.write_raster(tmp_path / "a.tif", planted, compression=compression)
    np.testing.assert_array_equal(open_source(path).read().data, by_pillow(path, mode))


def test_group_4_and_cmyk_and_lab_tiff(tmp_path, rng):
    mask = phantoms.indices(rng) > 1
    Pillow.fromarray(mask).save(tmp_path / "fax.tif", compression="group4")
    np.testing.assert_array_equal(open_source(tmp_path / "fax.tif").read().data, by_pillow(tmp_path / "fax.tif", "L"))
    np.testing.assert_array_equal(open_mask(tmp_path / "fax.tif").data[0], mask)
    inks = Pillow.fromarray(np.dstack([phantoms.colour(rng), phantoms.grey(rng) // 2]), mode="CMYK")
    inks.save(tmp_path / "k.tif")
    ours = open_source(tmp_path / "k.tif").read().data.astype(int)
    assert np.abs(ours - by_pillow(tmp_path / "k.tif", "RGB")).max() <= 1


def test_lab_tiff(tmp_path):
    lab = np.zeros((2, 3, 3), np.uint8)
    lab[0] = (255, 0, 0), (128, 0, 0), (20, 0, 0)
    lab[1] = (128, 40, 256 - 40), (160, 256 - 30, 20), (90, 10, 10)
    Pillow.fromarray(lab, mode="LAB").save(tmp_path / "lab.tif")
    profiles = ImageCms.createProfile("LAB", 5000), ImageCms.createProfile("sRGB")
    theirs = ImageCms.profileToProfile(Pillow.open(tmp_path / "lab.tif"), *profiles, outputMode="RGB")
    ours = open_source(tmp_path / "lab.tif").read().data.transpose(1, 2, 0).astype(int)
    assert np.abs(ours - np.asarray(theirs)).max() <= 8  # two ways to move the white point
    assert np.abs(ours[0] - np.asarray(theirs)[0]).max() <= 1  # greys agree


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_tiff_layouts(tmp_path, rng, planar, tile):
    planted = phantoms.colour(rng, dtype=np.uint16)
    stored = planted if planar == "contig" else planted.transpose(2, 0, 1)
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, stored, photometric="rgb", planarconfig=planar, tile=tile, compression="zlib", predictor=True
    )
    np.testing.assert_array_equal(open_source(path).read().data, planted.transpose(2, 0, 1))


@pytest.fixture
def data():
    folder = os.environ.get("VESALE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("VESALE_DATA names no folder of real data")
    return Path(folder)


@pytest.mark.realdata
def test_real_pictures(data):
    paths = [
        *sorted((data / "retina" / "drive").rglob("*.tif"))[:2],
        *sorted((data / "retina" / "drimdb_quality").rglob("*.jpg"))[:2],
        *sorted((data / "radiology" / "covid_chestxray" / "images").iterdir())[:20],
        *sorted((data / "radiology" / "lgg_brain_mri").rglob("*.png"))[:4],
        *sorted((data / "restoration").rglob("*.tif"))[:2],
    ]
    assert len(paths) > 20
    for path in paths:
        source = open_source(path)
        mode = "L" if source.channels == ("grey",) else "RGB"
        if "alpha" not in " ".join(source.description.notes):
            np.testing.assert_array_equal(source.read().data, by_pillow(path, mode), err_msg=path.name)


@pytest.mark.realdata
def test_real_masks(data):
    for path in sorted((data / "retina" / "drive").rglob("*.gif"))[:10]:
        mask = open_mask(path).data[0]
        assert len(np.unique(mask)) == 2, path.name
        share = (mask > 0).mean()
        assert 0.02 < share < 0.95
    for path in sorted((data / "radiology" / "lgg_brain_mri" / "masks").glob("*.png"))[:10]:
        assert tuple(np.unique(open_mask(path).data)) in ((0, 1), (0, 255))
