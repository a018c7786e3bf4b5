"""Masks come back from the files of any format as they were answered, view by view."""

from dataclasses import replace

import numpy as np
import pytest

import phantoms
from vesale.core.image import Image, Provenance
from vesale.core.prediction import AnsweredPartition
from vesale.core.task import Partition
from vesale.engine.results import view_mask
from vesale.io import open_source
from vesale.io.write import write_partition


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("kind", ["series", "dicom", "nifti", "png"])
def test_a_mask_comes_back_from_its_files(tmp_path, kind, exclusive):
    rng = np.random.default_rng(0)
    source = open_source(made(tmp_path / "in", kind, rng))
    names = ("background", "vessel", "disc") if exclusive else ("exudate", "bleeding", "spot")
    grid = source.levels[0]
    shape = (1, *grid.shape) if exclusive else (3, *grid.shape)
    masks = [rng.integers(0, 3 if exclusive else 2, shape).astype(np.uint8) for _ in range(2)]
    channels = ("index",) if exclusive else names
    images = tuple(Image(m, grid, "labels", channels, Provenance("made")) for m in masks)
    answer = AnsweredPartition(exclusive, names, images, (), (), None)
    answer = write_partition(tmp_path / "out", "mask", answer, [source, source])
    output = replace(Partition(names), exclusive=exclusive)
    for view, mask in enumerate(masks):
        assert np.array_equal(view_mask(tmp_path / "out", answer.files, view, output), mask)


def made(folder, kind, rng):
    if kind == "series":
        phantoms.write_series(folder, rng, phantoms.volume(rng, (4, 12, 14)))
        return folder
    path = folder / f"a.{ {'dicom': 'dcm', 'nifti': 'nii.gz', 'png': 'png'}[kind] }"
    if kind == "dicom":
        phantoms.write_dicom(path, rng, phantoms.grey(rng, (12, 14)))
    elif kind == "nifti":
        phantoms.write_nifti(path, phantoms.volume(rng), phantoms.affine())
    else:
        phantoms.write_raster(path, phantoms.colour(rng))
    return path
