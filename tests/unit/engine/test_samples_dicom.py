"""A DICOM segmentation as the truth of a DICOM series: planes that nobody drew on are empty, not missing."""

import numpy as np
import pytest

import phantoms
from vesale.core.exam import Cohort, Exam, View
from vesale.core.task import Partition
from vesale.engine.looking import inspect
from vesale.engine.samples import view_labels
from vesale.io import open_source
from vesale.io.segmentation import Drawn, write_segmentation


@pytest.mark.parametrize("first", [1, 3])
def test_a_segmentation_lies_on_its_image(tmp_path, first):
    rng = np.random.default_rng(61)
    phantoms.write_series(tmp_path / "ct", rng, phantoms.volume(rng, (6, 12, 16)))
    source = open_source(tmp_path / "ct")
    index = np.zeros(source.levels[0].shape, np.uint8)
    index[first : first + 2, 2:5, 3:9] = 1
    names = ("background", "liver")
    write_segmentation(tmp_path / "truth.dcm", index, Drawn(source.description.files, names, True))
    view = View({"image": "ct"}, {"": "truth.dcm"})
    cohort = Cohort("made", tmp_path, (Exam("e", "s", (view,)),))
    labels = view_labels(cohort, view, Partition(names), source.levels[0].shape)
    np.testing.assert_array_equal(labels[0], index)
    looks = inspect(cohort, {})
    assert looks["mask", "truth.dcm"].fault is None
    assert looks["mask", "truth.dcm"].shape == source.levels[0].shape
