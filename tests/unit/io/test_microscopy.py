import numpy as np
import pytest
import tifffile

import phantoms_slides as made
from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.io import open_mask, open_source


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def notes(source):
    return " | ".join(source.description.notes)


# ImageJ ---------------------------------------------------------------------------------------------------------------


def test_an_imagej_hyperstack(tmp_path, rng):
    data = made.cells(rng, (5, 2, 30, 40))  # z, c, y, x
    labels = [f"c:{c + 1}/2 z:{z + 1}/5 - {n}" for z in range(5) for c, n in enumerate(("DAPI", "GFP"))]
    source = open_source(made.write_imagej(tmp_path / "h.tif", data, "ZCYX", spacing=1.5, Labels=labels))
    assert source.channels == ("DAPI", "GFP")
    assert source.levels[0].shape == (5, 30, 40)
    assert source.levels[0].spacing == pytest.approx((0.0015, 0.0005, 0.0005))
    image = source.read()
    assert image.data.dtype == np.uint16
    np.testing.assert_array_equal(image.data, data.swapaxes(0, 1))
    box = Box((1, 3, 4), (4, 20, 33))
    np.testing.assert_array_equal(source.read(box).data, image.data[(slice(None), *box.slices)])


def test_imagej_without_names_or_slice_distance(tmp_path, rng):
    data = made.cells(rng, (4, 3, 30, 40), np.float32)
    source = open_source(made.write_imagej(tmp_path / "h.tif", data, "ZCYX"))
    assert source.channels == ("channel 0", "channel 1", "channel 2")
    assert source.levels[0].spacing is None
    assert "distance between slices is not given" in notes(source)
    assert source.read().data.dtype == np.float32


def test_imagej_units(tmp_path, rng):
    for unit, wanted in (("micron", 5e-4), ("mm", 0.5), ("pixel", None), ("\\u00B5m", 5e-4)):
        path = made.write_imagej(tmp_path / "u.tif", made.cells(rng, (30, 40)), "YX", unit=unit)
        found = open_source(path).levels[0].spacing
        assert found == (None if wanted is None else pytest.approx((wanted, wanted))), unit


def test_a_time_series_has_frames_and_no_scale(tmp_path, rng):
    data = made.cells(rng, (6, 2, 30, 40))
    source = open_source(made.write_imagej(tmp_path / "t.tif", data, "TCYX"))
    assert source.levels[0].shape == (6, 30, 40)
    assert source.levels[0].spacing is None
    assert "the first axis is time" in notes(source)
    np.testing.assert_array_equal(source.read().data, data.swapaxes(0, 1))


def test_slices_and_times_together_are_refused(tmp_path, rng):
    path = made.write_imagej(tmp_path / "tz.tif", made.cells(rng, (3, 4, 30, 40)), "TZYX", spacing=1.0)
    with pytest.raises(SourceError, match=r"3 frames x 4 slices"):
        open_source(path)


# OME-TIFF -------------------------------------------------------------------------------------------------------------


def test_an_ome_tiff_keeps_names_and_sizes(tmp_path, rng):
    data = made.cells(rng, (1, 3, 5, 40, 50))  # t, c, z, y, x
    path = tmp_path / "o.ome.tif"
    said = {"axes": "TCZYX", "PhysicalSizeX": 325.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.325,
            "PhysicalSizeZ": 2.0, "Channel": {"Name": ["DAPI", "Cy5", "DAPI"]}}  # fmt: skip
    tifffile.imwrite(path, data, metadata=said, photometric="minisblack")
    source = open_source(path)
    assert source.channels == ("DAPI", "Cy5", "DAPI (2)")
    assert source.levels[0].spacing == pytest.approx((0.002, 0.000325, 0.000325))
    np.testing.assert_array_equal(source.read().data, data[0])


def test_an_ome_pyramid_of_channels(tmp_path, rng):
    data = made.cells(rng, (3, 200, 260))
    levels = [data, np.ascontiguousarray(data[:, ::2, ::2])]
    path = made.write_ome_pyramid(tmp_path / "p.ome.tif", levels, "CYX", Channel={"Name": ["a", "b", "c"]})
    source = open_source(path)
    assert source.channels == ("a", "b", "c")
    assert [g.spacing for g in source.levels] == [pytest.approx((0.0005,) * 2), pytest.approx((0.001,) * 2)]
    for i, wanted in enumerate(levels):
        np.testing.assert_array_equal(source.read(level=i).data, wanted)


def test_several_positions_are_said(tmp_path, rng):
    path = tmp_path / "m.ome.tif"
    first, second = made.cells(rng, (2, 30, 40)), made.cells(rng, (2, 50, 60))
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(
            first, metadata={"axes": "CYX", "PhysicalSizeX": 1.0, "PhysicalSizeY": 1.0}, photometric="minisblack"
        )
        file.write(second, metadata={"axes": "CYX"}, photometric="minisblack")
    source = open_source(path)
    assert "2 images in the file: only the first is read" in notes(source)
    np.testing.assert_array_equal(source.read().data, first)


def test_a_part_of_a_set_of_files_is_refused(tmp_path, rng):
    path = tmp_path / "s.ome.tif"
    tifffile.imwrite(path, made.cells(rng, (2, 30, 40)), metadata={"axes": "CYX"}, photometric="minisblack")
    with tifffile.TiffFile(path) as file:
        xml = file.pages[0].description
    block = '<TiffData FirstC="0" IFD="0"><UUID FileName="s.ome.tif">urn:uuid:1</UUID></TiffData>'
    other = '<TiffData FirstC="1" IFD="0"><UUID FileName="gone.ome.tif">urn:uuid:2</UUID></TiffData>'
    start, end = xml.index("<TiffData"), xml.index("</Pixels>")
    tifffile.tiffcomment(path, (xml[:start] + block + other + xml[end:]).encode())
    with pytest.raises(SourceError, match="1 page where 2 are announced"):
        open_source(path)
    tifffile.imwrite(tmp_path / "gone.ome.tif", made.cells(rng, (2, 30, 40)), metadata={"axes": "CYX"},
                     photometric="minisblack")  # fmt: skip
    with pytest.raises(SourceError, match="not those that it announces"):
        open_source(path)


def test_xml_that_would_expand_is_not_parsed(tmp_path, rng):
    path = tmp_path / "x.ome.tif"
    tifffile.imwrite(
        path, made.cells(rng, (30, 40)), metadata={"axes": "YX", "PhysicalSizeX": 1.0, "PhysicalSizeY": 1.0}
    )
    with tifffile.TiffFile(path) as file:
        xml = file.pages[0].description
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    tifffile.tiffcomment(path, xml.replace("<OME", f"{bomb}<OME", 1).encode())
    try:
        source = open_source(path)
    except SourceError:
        return
    assert source.levels[0].spacing is None
    assert "could not be understood" in notes(source)


# Pages of one shape ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [None, "lzw", "jpeg"])
def test_pages_of_one_shape_are_a_stack(tmp_path, rng, compression):
    pages = np.stack([made.tissue(rng, (50, 70)) for _ in range(3)])
    path = tmp_path / "s.tif"
    with tifffile.TiffWriter(path) as file:
        for page in pages:
            file.write(page, photometric="rgb", compression=compression, metadata=None)
    source = open_source(path)
    assert source.channels == ("red", "green", "blue")
    assert source.levels[0].shape == (3, 50, 70)
    assert "3 pages of one shape are read as one stack" in notes(source)
    with tifffile.TiffFile(path) as file:
        wanted = np.stack([page.asarray() for page in file.pages])
    np.testing.assert_array_equal(source.read().data, np.moveaxis(wanted, -1, 0))


def test_pages_of_different_shapes_are_said(tmp_path, rng):
    path = tmp_path / "d.tif"
    with tifffile.TiffWriter(path) as file:
        for shape in ((50, 70), (30, 45), (17, 90)):
            file.write(made.tissue(rng, shape), photometric="rgb", metadata=None)
    source = open_source(path)
    assert source.levels[0].shape == (50, 70)
    assert "only page 1 is read" in notes(source)


def test_samples_of_one_page_are_channels(tmp_path, rng):
    data = made.cells(rng, (40, 50, 5))
    path = tmp_path / "c.tif"
    tifffile.imwrite(path, data, photometric="minisblack", planarconfig="contig", metadata=None)
    source = open_source(path)
    assert source.channels == tuple(f"channel {i}" for i in range(5))
    np.testing.assert_array_equal(source.read().data, np.moveaxis(data, -1, 0))


def test_a_mask_may_be_a_stack(tmp_path, rng):
    labels = rng.integers(0, 3, (4, 30, 40)).astype(np.uint8)
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, labels, photometric="minisblack", compression="lzw")
    mask = open_mask(path)
    assert mask.grid.shape == (4, 30, 40)
    np.testing.assert_array_equal(mask.data[0], labels)
    coloured = tmp_path / "c.tif"
    tifffile.imwrite(coloured, rng.integers(0, 9, (4, 30, 40, 3)).astype(np.uint8), photometric="rgb")
    with pytest.raises(SourceError, match="stack of colour pictures"):
        open_mask(coloured)


@pytest.mark.parametrize(("name", "claim"), [("a.lif", "Leica LIF"), ("b.nd2", "Nikon ND2"), ("c.oib", "Olympus OIB")])
def test_vendors_microscopes_are_refused_with_what_to_do(tmp_path, name, claim):
    (tmp_path / name).write_bytes(b"\x70\x00\x00\x00 something of the vendor's")
    with pytest.raises(SourceError, match=claim) as caught:
        open_source(tmp_path / name)
    assert "export it as OME-TIFF" in caught.value.remedy


def test_a_slide_that_openslide_cannot_read_is_refused(tmp_path):
    (tmp_path / "a.czi").write_bytes(b"ZISRAWFILE" + b"\0" * 500)
    with pytest.raises(SourceError, match=r"a\.czi") as caught:
        open_source(tmp_path / "a.czi")
    assert "OME-TIFF" in caught.value.remedy
    (tmp_path / "b.mrxs").write_bytes(b"\xff\xd8\xff\xe0 the preview of a slide whose folder is missing")
    with pytest.raises(SourceError, match="no slide that OpenSlide knows"):
        open_source(tmp_path / "b.mrxs")


def test_a_hyperstack_with_one_directory_for_all_its_planes(tmp_path, rng):
    """As ImageJ writes more than 4 GB: one page says where the samples begin, the description how many there are."""
    data = made.cells(rng, (5, 2, 300, 40))
    path = tmp_path / "h.tif"
    said = {"axes": "ZCYX", "unit": "um", "spacing": 1.0}
    tifffile.imwrite(path, data, imagej=True, truncate=True, resolution=(2.0, 2.0), metadata=said)
    with tifffile.TiffFile(path) as file:
        assert file.pages.first.offset > 0
    source = open_source(path)
    assert source.levels[0].shape == (5, 300, 40)
    np.testing.assert_array_equal(source.read().data, data.swapaxes(0, 1))
    box = Box((1, 250, 3), (3, 270, 9))
    np.testing.assert_array_equal(source.read(box).data, data.swapaxes(0, 1)[(slice(None), *box.slices)])
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(SourceError, match=r"h\.tif: ImageJ TIFF whose pages are not those that it announces"):
        open_source(path)


@pytest.mark.parametrize("big", [False, True])
def test_a_stack_that_is_cut_short_is_never_a_shorter_stack(tmp_path, rng, big):
    path = tmp_path / "s.tif"
    with tifffile.TiffWriter(path, bigtiff=big) as file:
        for _ in range(6):
            file.write(made.tissue(rng, (50, 70)), photometric="rgb", metadata=None)
    whole = path.read_bytes()
    assert open_source(path).levels[0].shape == (6, 50, 70)
    for share in (0.3, 0.5, 0.7, 0.9, 0.98):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(SourceError, match=r"s\.tif"):
            open_source(path).read()
