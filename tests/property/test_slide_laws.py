"""Laws of sources that are read box by box: a box is a crop of the whole, and levels lie in one world."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

import phantoms_slides as made
from vesale.core.grid import Box, Grid
from vesale.core.image import Source
from vesale.io import open_source
from vesale.io.pyramid import level_grids
from vesale.io.slide_dicom import open_dicom_slide
from vesale.ops.levels import level_for_size, level_for_spacing


def sources(folder: Path) -> dict[str, Source]:
    rng = np.random.default_rng(4)
    levels = made.pyramid(made.tissue(rng, (211, 173)))
    stack = made.cells(rng, (4, 2, 61, 83))
    halves = [stack.swapaxes(0, 1), stack.swapaxes(0, 1)[..., ::2, ::2]]
    made.write_wsi(folder / "w.dcm", levels[0], 0.0005)
    tifffile.imwrite(folder / "planar.tif", made.cells(rng, (3, 90, 75)), tile=(32, 16), photometric="minisblack",
                     planarconfig="separate", metadata=None)  # fmt: skip
    return {
        "svs": open_source(made.write_svs(folder / "a.svs", levels)),
        "lzw": open_source(made.write_pyramid(folder / "l.tif", levels, compression="lzw")),
        "strips": open_source(made.write_pyramid(folder / "s.tif", levels, tile=None, rowsperstrip=13)),
        "imagej": open_source(made.write_imagej(folder / "h.tif", stack, "ZCYX")),
        "planar": open_source(folder / "planar.tif"),
        "zarr": open_source(made.write_ome_zarr(folder / "z.zarr", halves, "czyx", (1, 2, 1, 1))),
        "dicom": open_dicom_slide(folder / "w.dcm"),
    }


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Source, list[np.ndarray]]]:
    found = sources(tmp_path_factory.mktemp("slides"))
    return {name: (s, [s.read(level=i).data for i in range(len(s.levels))]) for name, s in found.items()}


@pytest.mark.parametrize("name", ["svs", "lzw", "strips", "imagej", "planar", "zarr", "dicom"])
@given(draw=st.data())
def test_any_box_of_any_level_is_a_crop_of_the_level(opened, name, draw):
    source, wholes = opened[name]
    level = draw.draw(st.integers(0, len(wholes) - 1))
    shape = source.levels[level].shape
    start = tuple(draw.draw(st.integers(0, n)) for n in shape)
    stop = tuple(draw.draw(st.integers(a, n)) for a, n in zip(start, shape, strict=True))
    box = Box(start, stop)
    image = source.read(box, level)
    np.testing.assert_array_equal(image.data, wholes[level][(slice(None), *box.slices)])
    assert image.grid == source.levels[level].crop(box)


@given(
    st.tuples(st.integers(16, 5000), st.integers(16, 5000)),
    st.floats(1e-4, 1e-2),
    st.sampled_from([2, 3, 4]),
    st.integers(1, 4),
)
def test_levels_of_whole_steps_share_one_world(shape, spacing, step, count):
    """The centre of a coarse sample is the centre of the block of fine samples that it stands for."""
    shapes = [shape]
    for _ in range(count - 1):
        shapes.append(tuple(max(1, n // step) for n in shapes[-1]))
    shapes = [s for s in shapes if min(s) >= 4]
    grids = level_grids(shapes, (spacing, spacing), "slide")
    for i, grid in enumerate(grids):
        block = step**i
        if min(grid.shape) <= block:  # so small that several whole steps fit
            continue
        centre = np.array([1.0, 2.0]) * block + (block - 1) / 2
        np.testing.assert_allclose(grid.to_world(np.array([1.0, 2.0])), grids[0].to_world(centre), rtol=1e-9)


@given(st.lists(st.floats(1.0, 40.0), min_size=1, max_size=6), st.floats(0.5, 60.0))
def test_the_level_read_is_the_coarsest_that_is_fine_enough(factors, wanted):
    sizes = sorted({1.0, *factors})
    levels = [Grid((100, 100), (s, s)) for s in sizes]
    chosen = level_for_spacing(levels, (wanted, wanted))
    good = [i for i, s in enumerate(sizes) if s <= wanted * 1.05]
    assert chosen == (good[-1] if good else 0)


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(1, 500))
def test_the_level_read_for_a_size_is_never_enlarged(height, width, size):
    levels = [Grid((max(1, height >> i), max(1, width >> i))) for i in range(6)]
    chosen = levels[level_for_size(levels, (size, size))]
    whole = levels[0]
    if max(whole.shape) >= size:
        assert max(chosen.shape) >= size
    else:
        assert chosen is whole
