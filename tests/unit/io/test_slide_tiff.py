import pickle

import numpy as np
import pytest
import tifffile

import phantoms
import phantoms_slides as made
import vesale.io.pixels
from vesale.core.errors import ShapeError, SourceError
from vesale.core.grid import Box
from vesale.io import open_mask, open_source
from vesale.io.inputs import find_inputs
from vesale.io.slide_extras import associated_image, associated_names
from vesale.io.tiff_kinds import KINDS, kind_of_tiff


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def planes(source, level=0, box=None):
    return source.read(box, level).data.transpose(1, 2, 0)


WRITTEN = {
    "pyramid.tif": lambda p, levels: made.write_pyramid(p, levels),
    "lzw.tif": lambda p, levels: made.write_pyramid(p, levels, compression="lzw", predictor=True),
    "deflate.tif": lambda p, levels: made.write_pyramid(p, levels, compression="deflate"),
    "big.tif": lambda p, levels: made.write_pyramid(p, levels, bigtiff=True),
    "separate.tif": lambda p, levels: made.write_pyramid(
        p, [np.moveaxis(a, -1, 0) for a in levels], planarconfig="separate"
    ),
    "strips.tif": lambda p, levels: made.write_pyramid(p, levels, tile=None, rowsperstrip=7, compression="lzw"),
    "j2k.tif": lambda p, levels: made.write_pyramid(p, levels, compression="aperio_jp2000_rgb"),
    "ome.ome.tif": lambda p, levels: made.write_ome_pyramid(p, levels, "YXS"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_level_holds_its_samples(tmp_path, rng, name):
    levels = made.pyramid(made.tissue(rng))
    source = open_source(WRITTEN[name](tmp_path / name, levels))
    assert source.channels == ("red", "green", "blue")
    assert [g.shape for g in source.levels] == [a.shape[:2] for a in levels]
    for i, wanted in enumerate(levels):
        whole = planes(source, i)
        if name == "j2k.tif":  # lossy by default
            assert np.abs(whole.astype(int) - wanted).mean() < 3
        else:
            np.testing.assert_array_equal(whole, wanted)
        box = Box((5, 9), (wanted.shape[0] - 3, wanted.shape[1] - 2))
        np.testing.assert_array_equal(planes(source, i, box), whole[box.slices])


def test_an_aperio_slide(tmp_path, rng):
    levels = made.pyramid(made.tissue(rng))
    path = made.write_svs(tmp_path / "a.svs", levels, mpp=0.2527)
    source = open_source(path)
    assert [g.shape for g in source.levels] == [(300, 421), (150, 210), (75, 105)]
    assert source.levels[0].spacing == pytest.approx((0.0002527, 0.0002527))
    assert source.levels[1].spacing == pytest.approx((0.0005054, 0.0005054))
    assert {g.frame for g in source.levels} == {"slide"}
    assert source.description.modality == "SM"
    said = " ".join(source.description.notes)
    assert "Aperio SVS, 3 levels, read tile by tile" in said
    assert "never read as the exam: thumbnail, label, macro (a label may show the patient's name)" in said
    with tifffile.TiffFile(path) as file:
        stored = file.series[0].levels[1].asarray()
    np.testing.assert_array_equal(planes(source, 1), stored)


def test_levels_share_one_world(tmp_path, rng):
    """The middle of the field, and its corners, are the same place on every level; a cut-off row stretches nothing."""
    source = open_source(made.write_svs(tmp_path / "a.svs", made.pyramid(made.tissue(rng)), extras=False))
    fine, coarse = source.levels[0], source.levels[2]
    middle_of_block = fine.to_world(np.array([4 * 10 + 1.5, 4 * 20 + 1.5]))
    np.testing.assert_allclose(coarse.to_world(np.array([10.0, 20.0])), middle_of_block)


def test_pictures_beside_the_slide_are_named_and_reached_only_by_name(tmp_path, rng):
    levels = made.pyramid(made.tissue(rng))
    path = made.write_svs(tmp_path / "a.svs", levels)
    assert set(associated_names(path)) == {"thumbnail", "label", "macro"}
    label = associated_image(path, "label")
    assert label.grid.shape == (20, 30)
    assert label.grid.spacing is None
    assert np.abs(label.data.transpose(1, 2, 0).astype(int) - levels[-1][:20, :30]).mean() < 4
    with pytest.raises(SourceError, match="no 'barcode' beside"):
        associated_image(path, "barcode")
    assert all(g.shape != (20, 30) for g in open_source(path).levels)


def test_a_profile_is_said(tmp_path, rng):
    path = made.write_pyramid(tmp_path / "p.tif", made.pyramid(made.tissue(rng)), iccprofile=b"\0" * 200)
    assert "ICC colour profile, which is not applied" in " ".join(open_source(path).description.notes)


def test_a_printing_resolution_is_no_scale_of_a_slide(tmp_path, rng):
    levels = made.pyramid(made.tissue(rng))
    path = made.write_pyramid(tmp_path / "p.tif", levels, resolution=(72, 72), resolutionunit="INCH")
    assert [g.spacing for g in open_source(path).levels] == [None] * 3
    path = made.write_pyramid(tmp_path / "q.tif", levels, resolution=(40000, 20000), resolutionunit="CENTIMETER")
    assert open_source(path).levels[0].spacing == pytest.approx((0.0005, 0.00025))


def test_a_qptiff_keeps_names_scale_and_place(tmp_path, rng):
    data = made.cells(rng, (3, 96, 120), np.uint16)
    path = made.write_qptiff(tmp_path / "v.qptiff", data, ["DAPI", "FITC", "Cy3"])
    source = open_source(path)
    assert source.channels == ("DAPI", "FITC", "Cy3")
    np.testing.assert_array_equal(source.read().data, data)
    assert source.levels[0].spacing == pytest.approx((0.0005, 0.0005))
    np.testing.assert_allclose(source.levels[0].to_world(np.zeros(2)), (5.00025, 7.50025))
    assert "thumbnail, overview, label" in " ".join(source.description.notes)
    assert associated_image(path, "label").grid.shape == (7, 30)


def test_too_much_at_once_is_refused_and_a_box_is_not(tmp_path, rng, monkeypatch):
    levels = made.pyramid(made.tissue(rng))
    source = open_source(made.write_pyramid(tmp_path / "p.tif", levels))
    monkeypatch.setattr(vesale.io.pixels, "MOST_PIXELS", 40_000)
    with pytest.raises(SourceError, match=r"300 x 421 pixels of level 0 at once") as caught:
        source.read()
    assert "give a box, or one of the 3 levels" in caught.value.remedy
    assert source.read(Box((0, 0), (100, 100))).data.shape == (3, 100, 100)
    np.testing.assert_array_equal(planes(source, 1), levels[1])


def test_only_the_tiles_of_a_box_are_decoded(tmp_path, rng, monkeypatch):
    import vesale.io.tiff_tiles as tiles

    source = open_source(made.write_pyramid(tmp_path / "p.tif", made.pyramid(made.tissue(rng)), compression="lzw"))
    seen = []
    paste = tiles._paste
    monkeypatch.setattr(
        tiles, "_paste", lambda out, block, tile, box: (seen.append(tile.index), paste(out, block, tile, box))
    )
    source.read(Box((64, 48), (128, 96)))
    assert len(seen) == 1
    seen.clear()
    source.read(Box((63, 47), (65, 49)))
    assert len(seen) == 4


def test_a_level_or_box_that_is_not_there(tmp_path, rng):
    source = open_source(made.write_pyramid(tmp_path / "p.tif", made.pyramid(made.tissue(rng))))
    with pytest.raises(ShapeError, match="no level 3"):
        source.read(level=3)
    with pytest.raises(ShapeError, match="leaves the grid"):
        source.read(Box((0, 0), (151, 10)), level=1)


def test_a_source_survives_pickling_and_a_box_keeps_its_place(tmp_path, rng):
    source = open_source(made.write_svs(tmp_path / "a.svs", made.pyramid(made.tissue(rng))))
    again = pickle.loads(pickle.dumps(source))
    image = again.read(Box((10, 20), (30, 60)), level=1)
    assert image.grid.corner == (10, 20)
    assert [s.name for s in image.provenance.steps] == ["level", "crop"]
    np.testing.assert_array_equal(image.data, source.read(level=1).crop(Box((10, 20), (30, 60))).data)


def test_a_tile_that_is_missing_is_said_and_a_damaged_one_refused(tmp_path, rng):
    levels = made.pyramid(made.tissue(rng), 1)
    path = made.write_pyramid(tmp_path / "p.tif", levels, compression="lzw")
    with tifffile.TiffFile(path, mode="r+") as file:
        counts = list(file.pages[0].databytecounts)
        file.pages[0].tags["TileByteCounts"].overwrite([0, *counts[1:]])
    source = open_source(path)
    assert "1 tile not in the file: shown as 0" in source.description.notes
    assert not planes(source)[:64, :48].any()
    np.testing.assert_array_equal(planes(source)[64:], levels[0][64:])

    path = made.write_pyramid(tmp_path / "d.tif", levels, compression="deflate")
    with tifffile.TiffFile(path) as file:
        at = file.pages[0].dataoffsets[3]
    data = bytearray(path.read_bytes())
    data[at : at + 40] = b"\xff" * 40
    path.write_bytes(bytes(data))
    source = open_source(path)
    with pytest.raises(SourceError, match=r"d\.tif: cannot be read as TIFF"):
        source.read()


def test_cut_short_slides_are_refused(tmp_path, rng):
    whole = made.write_svs(tmp_path / "a.svs", made.pyramid(made.tissue(rng))).read_bytes()
    for share in (0.2, 0.5, 0.9):
        path = tmp_path / f"cut{share}.svs"
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(SourceError, match="cut"):
            source = open_source(path)
            for i in range(len(source.levels)):
                source.read(level=i)


def test_a_mask_may_be_a_pyramid(tmp_path, rng):
    labels = rng.integers(0, 4, (130, 170)).astype(np.uint8)
    path = tmp_path / "m.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(labels, tile=(64, 64), compression="deflate", metadata=None)
        file.write(labels[::2, ::2], tile=(64, 64), compression="deflate", subfiletype=1, metadata=None)
    np.testing.assert_array_equal(open_mask(path).data[0], labels)


def test_slides_are_found_as_exams(tmp_path, rng):
    levels = made.pyramid(made.tissue(rng))
    made.write_svs(tmp_path / "case 1.svs", levels)
    made.write_pyramid(tmp_path / "case 2.ome.tiff", levels)
    found = find_inputs([str(tmp_path)], tmp_path / "scratch")
    assert [f.exam for f in found] == ["case_1", "case_2"]
    assert all(f.error is None for f in found)


def test_every_kind_has_a_way_and_the_last_takes_all(tmp_path, rng):
    assert {k.way for k in KINDS} == {"tiles", "openslide", "page"}
    assert len({k.name for k in KINDS}) == len(KINDS)
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, made.tissue(rng), photometric="rgb")
    with tifffile.TiffFile(path) as file:
        assert kind_of_tiff(path, file).name == "TIFF"


def test_the_tiles_of_an_indexed_slide_are_no_exams(tmp_path, rng):
    for name in ("tile0.jpg", "macro.jpg", "another.jpg"):
        phantoms.write_raster(tmp_path / name, made.tissue(rng, (20, 30)))
    (tmp_path / "slide.vms").write_text("[Virtual Microscope Specimen]\nImageFile=tile0.jpg\nMacroImage=macro.jpg\n")
    found = find_inputs([str(tmp_path)], tmp_path / "scratch")
    assert [f.shown.split("/")[-1] for f in found] == ["another.jpg", "slide.vms"]
