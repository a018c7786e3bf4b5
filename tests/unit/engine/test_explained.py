"""The reasons of an exam, without torch: what is explained, where a network looks, and what occlusion finds."""

import numpy as np
import pytest

from vesale.core.errors import NotRegistered, RecipeError, ShapeError, SourceError
from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.pipeline import Pipeline
from vesale.core.recipe import Look
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine.aiming import Target, log_odds, read_off, target_of
from vesale.engine.infer import infer
from vesale.engine.occlude import losses, occlusion, windows
from vesale.engine.sight import box_region, plane_scores, scorer, sight_of
from vesale.ops.look import prepare

YES = Category(("no", "yes"))
GRADE = Quantity(steps=("none", "mild", "severe"))
PARTS = Partition(("background", "a", "b"))


def image(data, spacing=None):
    return Image(data, Grid(data.shape[1:], spacing), "intensity", tuple("abc"[: len(data)]), Provenance("made"))


def pipeline(output, **look):
    given = {"channels": 1, "size": (48, 48)} | look
    return Pipeline(Task("made", {"out": output}), Look(**given))


def bright_here(rows, columns):
    """A model that is sure of 'yes' as far as that part of the plane is bright; nothing else counts."""

    def run(batch):
        level = batch[:, :, rows, columns].mean(axis=(1, 2, 3)).astype(np.float64)
        yes = 1 / (1 + np.exp(-(8 * level - 4)))
        return {"out": np.stack([1 - yes, yes], 1).astype(np.float32)}

    return run


def picture(seed=0):
    rng = np.random.default_rng(seed)
    data = rng.integers(20, 60, (1, 48, 48)).astype(np.uint8)
    data[:, 8:16, 30:40] = 250
    return image(data)


# What is read off answers -------------------------------------------------------------------------------------------


def test_log_odds_of_a_class_against_all_others():
    p = np.array([[0.7, 0.2, 0.1]], np.float32)
    three = Category(("x", "y", "z"))
    assert read_off(p, Target("o", three, 0)) == pytest.approx([np.log(0.7 / 0.3)], abs=1e-5)
    assert read_off(p, Target("o", Category(("x", "y", "z"), False), 1)) == pytest.approx([np.log(0.2 / 0.8)], abs=1e-5)


def test_a_sure_answer_keeps_its_digits_and_stays_finite():
    sure = np.array([[1.0, 1e-6]], np.float32)
    assert read_off(sure, Target("o", YES, 0)) == pytest.approx([np.log(1e6)], rel=1e-3)
    assert np.isfinite(read_off(np.array([[1.0, 0.0]], np.float32), Target("o", YES, 0))).all()


def test_a_number_is_itself_and_a_grade_the_mean_log_odds_of_its_thresholds():
    assert read_off(np.array([[3.5]]), Target("o", Quantity("mm"), None)) == pytest.approx([3.5])
    p = np.array([[0.5, 0.3, 0.2]])
    odds = [np.log(0.5 / 0.5), np.log(0.2 / 0.8)]
    assert read_off(p, Target("o", GRADE, None)) == pytest.approx([np.mean(odds)])
    assert read_off(p, Target("o", GRADE, 2)) == pytest.approx([odds[1]])


def test_an_outline_is_read_off_sample_by_sample():
    p = np.random.default_rng(0).dirichlet((1, 1, 1), (2, 4, 5)).transpose(0, 3, 1, 2)
    found = read_off(p, Target("o", PARTS, 2))
    assert found.shape == (2, 4, 5)
    assert found == pytest.approx(log_odds(p[:, 2], p[:, 0] + p[:, 1]))


def test_targets_have_units_and_labels():
    assert Target("o", Quantity("mm"), None).unit == "mm"
    assert Target("o", GRADE, 2).label == ">= severe"
    assert Target("o", GRADE, None).label is None
    assert Target("o", YES, 1).label == "yes"


@pytest.mark.parametrize(
    ("output", "name", "target", "error"),
    [
        (YES, "other", None, NotRegistered),
        (YES, "out", "maybe", NotRegistered),
        (Quantity("mm"), "out", "5", NotRegistered),
        (GRADE, "out", "none", RecipeError),
        (PARTS, "out", "background", RecipeError),
    ],
)
def test_what_cannot_be_explained_is_said(output, name, target, error):
    with pytest.raises(error):
        target_of(pipeline(output), name, target)


def test_signals_have_no_map():
    signal = Pipeline(Task("made", {"out": YES}, from_signal=True), Look(channels=3, size=(1, 1), range="raw"))
    with pytest.raises(RecipeError, match="signals"):
        target_of(signal, None, None)


# What a network sees ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mirror", [(), ("horizontal",), ("horizontal", "vertical")])
@pytest.mark.parametrize("tile", [None, (24, 24)])
def test_the_score_of_the_exam_is_that_of_its_answer(mirror, tile):
    """For a number the mean over tiles and mirror images of the score is the score of the answer."""
    made = Pipeline(Task("made", {"out": Quantity("mm")}), Look(channels=1, size=(48, 48)), tile, 0.5, mirror)

    def run(batch):
        ramp = np.linspace(0, 1, batch.shape[3])
        return {"out": (batch * ramp).mean(axis=(1, 2, 3))[:, None].astype(np.float32)}

    target = Target("out", made.task.outputs["out"], None)
    sight = sight_of([picture()], made, target, None)
    answer = infer(run, prepare([picture()], made.look), made)["out"]
    assert scorer(run, sight, (made, target))(sight.planes[None]) == pytest.approx(answer, abs=1e-6)


def test_an_outline_is_scored_over_its_region_in_every_mirror():
    made = Pipeline(Task("made", {"out": Partition(("bg", "x"))}), Look(channels=1), None, 0.25, ("horizontal",), 32)

    def run(batch):
        x = np.clip(batch[:, 0], 0.01, 0.99)
        return {"out": np.stack([1 - x, x], 1)}

    target = Target("out", made.task.outputs["out"], 1)
    shown, region = picture(), np.zeros((48, 48), bool)
    region[10:14, 32:38] = True
    sight = sight_of([shown], made, target, region)
    value = scorer(run, sight, (made, target))(sight.planes[None])[0]
    p = np.clip(shown.data[0] / 255.0, 0.01, 0.99)
    assert value == pytest.approx(np.log(p / (1 - p))[region].mean(), rel=1e-4)


def test_of_a_large_plane_only_the_window_around_the_region_is_seen():
    made = Pipeline(Task("made", {"out": Partition(("bg", "x"))}), Look(channels=1), (64, 64))
    data = np.random.default_rng(0).integers(0, 255, (1, 300, 400)).astype(np.uint8)
    region = box_region((300, 400), (200, 350, 210, 390))
    sight = sight_of([image(data)], made, Target("out", made.task.outputs["out"], 1), region)
    assert sight.window.start[0] <= 200
    assert sight.window.stop[1] == 400
    assert sight.planes.shape[2:] == sight.window.shape == (64, 72)
    assert sight.multiple == 64
    assert sight.planes[0, 0] == pytest.approx(data[0][sight.window.slices] / 255, abs=1e-6)
    with pytest.raises(SourceError, match="too many"):
        wide = np.zeros((1, 2000, 2000), np.uint8)
        all_of_it = box_region((2000, 2000), (0, 0, 2000, 2000))
        sight_of([image(wide)], made, Target("out", made.task.outputs["out"], 1), all_of_it)


def test_of_a_volume_the_slices_that_stand_for_it_or_hold_the_region():
    data = np.random.default_rng(0).integers(0, 255, (1, 40, 48, 48)).astype(np.uint8)
    whole = pipeline(YES, slices=5)
    sight = sight_of([image(data)], whole, Target("out", YES, 1), None)
    assert sight.levels == (4, 12, 20, 28, 36)
    parts = pipeline(PARTS, slices=3, size=None)
    region = np.zeros((40, 48, 48), bool)
    region[10:20, 4:9, 4:9] = True
    region[11, 20:30, 20:30] = True
    sight = sight_of([image(data)], parts, Target("out", PARTS, 1), region)
    assert sight.levels == (11, 15, 18)
    assert sight.weights == pytest.approx([125 / 175, 25 / 175, 25 / 175])


def test_a_region_outside_is_refused():
    with pytest.raises(ShapeError):
        box_region((48, 48), (0, 0, 49, 10))
    with pytest.raises(ShapeError):
        box_region((48, 48), (5, 5, 5, 10))


# Occlusion ----------------------------------------------------------------------------------------------------------


def test_occlusion_finds_the_part_that_decides_and_nothing_else():
    made, target = pipeline(YES), Target("out", YES, 1)
    run = bright_here(slice(8, 16), slice(30, 40))
    sight = sight_of([picture()], made, target, None)
    smooth = occlusion(run, sight, (made, target))[0]
    y, x = np.unravel_index(smooth.argmax(), smooth.shape)
    assert 8 <= y < 16
    assert 30 <= x < 40
    found = losses(run, sight, (made, target))[0]
    far = np.ones((48, 48), bool)
    far[8 - 6 : 16 + 6, 30 - 6 : 40 + 6] = False
    assert np.abs(found[far]).max() < 1e-6


def test_occlusion_of_a_model_that_looks_elsewhere_is_nothing_here():
    made, target = pipeline(YES), Target("out", YES, 1)
    sight = sight_of([picture()], made, target, None)
    found = losses(bright_here(slice(30, 48), slice(0, 10)), sight, (made, target))[0]
    assert np.abs(found[:20, 20:]).max() < 1e-6


def test_the_other_class_has_the_map_turned_round():
    made = pipeline(YES)
    run = bright_here(slice(8, 16), slice(30, 40))
    maps = []
    for index in (0, 1):
        target = Target("out", YES, index)
        maps.append(occlusion(run, sight_of([picture()], made, target, None), (made, target)))
    assert maps[0] == pytest.approx(-maps[1], abs=1e-4)


@pytest.mark.parametrize("shape", [(48, 48), (37, 61), (5, 80)])
@pytest.mark.parametrize("coarse", [False, True])
def test_windows_cover_every_sample(shape, coarse):
    covered = np.zeros(shape, int)
    for window in windows(shape, coarse):
        covered[window] += 1
    assert covered.min() >= 1
    if coarse:
        assert covered.max() == 1


def test_slices_are_weighted_as_they_are_in_the_answer():
    data = np.repeat(picture().data[:, None], 4, axis=1)
    made, target = pipeline(YES, slices=4), Target("out", YES, 1)
    run = bright_here(slice(8, 16), slice(30, 40))
    volume = occlusion(run, sight_of([image(data)], made, target, None), (made, target))
    flat = occlusion(run, sight_of([picture()], made, target, None), (made, target))
    assert volume.sum(axis=0) == pytest.approx(flat[0], abs=1e-6)


def test_scores_of_planes_are_scored_one_by_one():
    made, target = pipeline(YES), Target("out", YES, 1)
    sight = sight_of([picture()], made, target, None)
    run = bright_here(slice(8, 16), slice(30, 40))
    pair = np.concatenate([sight.planes, sight.faded])
    found = plane_scores(run, pair, np.zeros(2, int), sight, (made, target))
    alone = [plane_scores(run, one[None], np.zeros(1, int), sight, (made, target))[0] for one in pair]
    assert found == pytest.approx(alone)
    assert found[0] > found[1]
