"""Our slides against OpenSlide: every level, whole and in boxes, of every real file that it opens and of made ones."""

from pathlib import Path

import numpy as np
import openslide
import pytest

import phantoms_slides as made
from vesale.core.grid import Box
from vesale.core.image import Source
from vesale.io import open_source
from vesale.io.slide_dicom import open_dicom_slide
from vesale.io.slide_extras import associated_image, associated_names
from vesale.io.slide_openslide import open_with_openslide

ROUNDING = 0
"""Grey levels: both decode with libjpeg-turbo and OpenJPEG, so nothing is rounded differently."""


def region(slide: openslide.OpenSlide, level: int, box: Box) -> np.ndarray:
    """OpenSlide's samples of a box of level 0, or of a whole level from its corner, (3, y, x)."""
    height, width = box.shape
    at = (box.start[1], box.start[0]) if level == 0 else (0, 0)
    rgba = np.asarray(slide.read_region(at, level, (width, height)))
    assert (rgba[..., 3] == 255).all()
    return np.moveaxis(rgba[..., :3], -1, 0)


def boxes(shape: tuple[int, int], rng: np.random.Generator, count: int = 12) -> list[Box]:
    """At random, and at the four corners."""
    h, w = shape
    found = [Box((0, 0), (1, 1)), Box((h - 1, w - 1), (h, w)), Box((0, max(0, w - 70)), (min(h, 70), w))]
    for _ in range(count):
        y, x = int(rng.integers(h)), int(rng.integers(w))
        found.append(Box((y, x), (min(h, y + int(rng.integers(1, 300))), min(w, x + int(rng.integers(1, 300))))))
    return found


def compare(source: Source, slide: openslide.OpenSlide) -> None:
    rng = np.random.default_rng(1)
    assert [g.shape[::-1] for g in source.levels] == list(slide.level_dimensions)
    for level, grid in enumerate(source.levels):
        shape = (grid.shape[0], grid.shape[1])
        whole = source.read(level=level).data
        wanted = region(slide, level, Box((0, 0), shape))
        assert np.abs(whole.astype(int) - wanted).max() <= ROUNDING
        for box in boxes(shape, rng):
            found = source.read(box, level).data
            np.testing.assert_array_equal(found, whole[(slice(None), *box.slices)])
            if level == 0:
                assert np.abs(found.astype(int) - region(slide, 0, box)).max() <= ROUNDING


def opened(path: Path) -> Source:
    return open_dicom_slide(path) if path.suffix == ".dcm" else open_source(path)


@pytest.mark.realdata
def test_every_real_file_that_openslide_opens(data):
    seen = 0
    for path in sorted((data / "histology" / "slides").iterdir()):
        try:
            slide = openslide.OpenSlide(path)
        except openslide.OpenSlideError:
            continue
        source = opened(path)
        compare(source, slide)
        mpp = slide.properties.get("openslide.mpp-x")
        spacing = source.levels[0].spacing
        if spacing is not None:
            assert spacing[1] * 1000 == pytest.approx(float(mpp), rel=1e-6)
        seen += 1
    assert seen >= 5


@pytest.mark.realdata
def test_pictures_beside_a_real_slide(data):
    path = data / "histology" / "slides" / "CMU-1-Small-Region.svs"
    slide = openslide.OpenSlide(path)
    assert set(associated_names(path)) == set(slide.associated_images)
    for name, picture in slide.associated_images.items():
        np.testing.assert_array_equal(
            associated_image(path, name).data, np.moveaxis(np.asarray(picture)[..., :3], -1, 0)
        )


@pytest.mark.realdata
def test_real_files_that_openslide_does_not_open(data):
    """What they say, and that neighbouring tiles fit: the difference across a seam is that within a tile."""
    folder = data / "histology" / "slides"
    source = open_dicom_slide(folder / "small_dicom.dcm")
    picture = source.read().data.astype(float)
    along = np.abs(np.diff(picture, axis=2)).mean((0, 1))
    seams = along[499::500]
    assert seams.mean() < 2 * np.median(along)
    assert picture[0].mean() > picture[1].mean() + 10  # eosin: red over green, as YCbCr decodes it
    assert picture[0, 5:40, 5:40].min() > 200  # the glass is white

    source = open_source(folder / "small_vectra.qptiff")
    assert source.channels == ("DAPI", "FITC", "Cy3")
    assert source.levels[0].spacing == pytest.approx((0.0004965, 0.0004965), rel=1e-3)


@pytest.mark.realdata
def test_our_reader_of_vendors_formats_agrees_with_the_other(data):
    for name in ("CMU-1-Small-Region.svs", "tcga-cr-7395-01a-01-ts1.svs", "small_HE_levels.tiff"):
        ours, theirs = (
            open_source(data / "histology/slides" / name),
            open_with_openslide(data / "histology/slides" / name),
        )
        assert [g.shape for g in ours.levels] == [g.shape for g in theirs.levels]
        for level in range(len(ours.levels)):
            np.testing.assert_array_equal(ours.read(level=level).data, theirs.read(level=level).data)
        box = Box((17, 23), (90, 111))
        np.testing.assert_array_equal(ours.read(box).data, theirs.read(box).data)


MADE = {
    "a.svs": lambda p, levels: made.write_svs(p, levels),
    "plain.svs": lambda p, levels: made.write_svs(p, levels, extras=False),
    "jpeg.tif": lambda p, levels: made.write_pyramid(p, levels, tile=(64, 64), compression="jpeg", subsampling=(2, 2)),
    "ycbcr.tif": lambda p, levels: made.write_pyramid(p, levels, tile=(64, 64), compression="jpeg", subsampling=(1, 1)),
    "lzw.tif": lambda p, levels: made.write_pyramid(p, levels, tile=(64, 64), compression="lzw", predictor=True),
    "deflate.tif": lambda p, levels: made.write_pyramid(p, levels, tile=(64, 64), compression="deflate"),
    "big.tif": lambda p, levels: made.write_pyramid(p, levels, tile=(64, 64), compression="jpeg", bigtiff=True),
    "raw.tif": lambda p, levels: made.write_pyramid(p, levels, tile=(64, 64)),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("shape", [(300, 421), (257, 128), (64, 64)])
def test_made_slides(tmp_path, name, shape):
    levels = made.pyramid(made.tissue(np.random.default_rng(2), shape), 3 if min(shape) > 64 else 1)
    path = MADE[name](tmp_path / name, levels)
    with openslide.OpenSlide(path) as slide:
        compare(open_source(path), slide)


def test_made_dicom_slides(tmp_path):
    levels = made.pyramid(made.tissue(np.random.default_rng(2)))
    for i, level in enumerate(levels):
        path = made.write_wsi(tmp_path / f"{i}.dcm", level, 0.0005 * 2**i, jpeg=True, said="YBR_FULL_422")
    with openslide.OpenSlide(path) as slide:
        source = open_dicom_slide(path)
        compare(source, slide)
        assert source.levels[0].spacing == (0.0005, 0.0005)
