"""An exam becomes arrays: the truth of its cells, the labels of its masks, and nothing where nobody knows."""

import numpy as np
import pytest

import phantoms
from vesale.core.errors import ShapeError, SourceError
from vesale.core.exam import Cohort, Exam, View
from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.recipe import Look, Recipe
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine.samples import IGNORED, load_samples, slices_to_see, truth_index, view_labels

LINE = Partition(("background", "line"))
MANY = Partition(("background", "x", "y"))
OVERLAP = Partition(("vein", "artery"), exclusive=False)


@pytest.mark.parametrize(
    ("cell", "output", "index"),
    [
        ("b", Category(("a", "b")), 1),
        (" b ", Category(("a", "b")), 1),
        (1.0, Category(("0", "1")), 1),
        ("c", Category(("a", "b")), None),
        (None, Category(("a", "b")), None),
        (2.0, Quantity(steps=("0", "1", "2")), 2),
        (3.0, Quantity(steps=("0", "1", "2")), None),
        (1.5, Quantity(steps=("0", "1", "2")), None),
        (-1.0, Quantity(steps=("0", "1", "2")), None),
        ("mild", Quantity(steps=("none", "mild")), 1),
    ],
)
def test_a_cell_names_its_class_or_nothing(cell, output, index):
    assert truth_index(cell, output) == index


def cohort_of(folder, truth, **view):
    phantoms.write_raster(folder / "i.png", phantoms.grey(np.random.default_rng(0), (24, 30)))
    return Cohort("c", folder, (Exam("e", "s", (View({"image": "i.png"}, **view),), truth),))


def only(cohort, outputs):
    samples = load_samples(cohort, Recipe(Task("t", outputs), Look(channels=1)))
    assert len(samples) == 1
    return samples[0]


def test_pooled_truth_is_what_the_cell_says(tmp_path):
    outputs = {"c": Category(("a", "b")), "m": Category(("p", "q", "r"), exclusive=False),
               "g": Quantity(steps=("0", "1", "2")), "n": Quantity()}  # fmt: skip
    sample = only(cohort_of(tmp_path, {"c": "b", "m": "p; r", "g": 2.0, "n": 3.5}), outputs)
    assert {k: v.tolist() for k, v in sample.truth.items()} == {"c": [1], "m": [1, 0, 1], "g": [2], "n": [3.5]}
    assert sample.planes.shape == (1, 1, 24, 30)
    unknown = only(cohort_of(tmp_path, {}), outputs)
    assert all(np.isnan(v).all() for v in unknown.truth.values())


def test_a_mask_of_one_class_is_any_nonzero_value(tmp_path):
    mask = np.zeros((24, 30), np.uint8)
    mask[3:9, 4:12] = 255
    phantoms.write_raster(tmp_path / "m.png", mask)
    sample = only(cohort_of(tmp_path, {}, masks={"": "m.png"}), {"mask": LINE})
    assert np.array_equal(sample.labels["mask"][0, 0], mask > 0)


def test_several_classes_keep_their_index_and_too_many_are_refused(tmp_path):
    index = phantoms.indices(np.random.default_rng(0), (24, 30), 3)
    phantoms.write_raster(tmp_path / "m.png", index)
    cohort = cohort_of(tmp_path, {}, masks={"": "m.png"})
    assert np.array_equal(only(cohort, {"mask": MANY}).labels["mask"][0, 0], index)
    phantoms.write_raster(tmp_path / "m.png", index * 100)
    with pytest.raises(SourceError, match="value 200"):
        only(cohort, {"mask": MANY})


def test_overlapping_classes_have_a_mask_each_and_an_absent_one_is_empty(tmp_path):
    vein = phantoms.indices(np.random.default_rng(0), (24, 30), 2) * 255
    phantoms.write_raster(tmp_path / "v.png", vein)
    cohort = cohort_of(tmp_path, {}, masks={"vein": "v.png"})
    labels = only(cohort, {"mask": OVERLAP}).labels["mask"]
    assert np.array_equal(labels[0, 0], vein > 0)
    assert (labels[0, 1] == 0).all()
    assert (only(cohort_of(tmp_path, {}), {"mask": OVERLAP}).labels["mask"] == IGNORED).all()


def test_outside_the_region_of_interest_nothing_counts(tmp_path):
    roi = np.zeros((24, 30), np.uint8)
    roi[:, 10:] = 255
    phantoms.write_raster(tmp_path / "r.png", roi)
    phantoms.write_raster(tmp_path / "m.png", np.full((24, 30), 255, np.uint8))
    cohort = cohort_of(tmp_path, {}, masks={"": "m.png"}, roi="r.png")
    labels = view_labels(cohort, cohort.exams[0].views[0], LINE, (24, 30))
    assert (labels[0, :, :10] == IGNORED).all()
    assert (labels[0, :, 10:] == 1).all()


def test_a_mask_of_another_size_is_refused_by_name(tmp_path):
    phantoms.write_raster(tmp_path / "m.png", np.zeros((24, 31), np.uint8))
    with pytest.raises(ShapeError, match=r"m\.png"):
        only(cohort_of(tmp_path, {}, masks={"": "m.png"}), {"mask": LINE})


def test_an_input_that_is_missing_is_said_by_its_column(tmp_path):
    cohort = cohort_of(tmp_path, {"c": "a"}, line=7)
    recipe = Recipe(Task("t", {"c": Category(("a", "b"))}, inputs=("flair",)))
    with pytest.raises(SourceError, match=r"line 7.*flair") as caught:
        load_samples(cohort, recipe)
    assert "image_flair" in str(caught.value.remedy)


def test_a_volume_with_one_answer_is_seen_by_some_of_its_slices():
    volume = Image(np.zeros((1, 40, 8, 8), np.int16), Grid((40, 8, 8)), "intensity", ("v",), Provenance("made"))
    names, mask = Task("t", {"c": Category(("a", "b"))}), Task("t", {"mask": LINE})
    chosen = slices_to_see(volume, names, Look(slices=4))
    assert chosen == [5, 15, 25, 35]
    assert slices_to_see(volume, mask, Look(slices=4)) is None
