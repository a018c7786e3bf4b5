"""A batch is a function of its step alone; labels go where their image goes; rare classes are drawn as often."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tiny  # noqa: E402
from unit.engine.made_samples import STILL, outlined, pooled  # noqa: E402
from vesale.core.recipe import Augment  # noqa: E402
from vesale.core.task import Category, Quantity, Task  # noqa: E402
from vesale.engine.augment import apply_warp, change_light, draw_warp  # noqa: E402
from vesale.engine.batches import Batches, patch_size, target  # noqa: E402
from vesale.engine.samples import IGNORED  # noqa: E402

pytestmark = pytest.mark.train
STRONG = Augment(flip=("horizontal", "vertical"), rotate=180, scale=0.3, shift=0.2)


def same(a, b):
    return (
        torch.equal(a.image, b.image)
        and all(torch.equal(a.pooled[n], b.pooled[n]) for n in b.pooled)
        and all(torch.equal(a.labels[n], b.labels[n]) for n in b.labels)
    )


@pytest.mark.parametrize("kind", ["pooled", "outlined", "balanced", "mixed"])
def test_a_batch_does_not_depend_on_what_was_drawn_before(kind):
    recipe = tiny.recipe(tiny.LINES if kind == "outlined" else tiny.DISCS, balance=kind == "balanced")
    recipe = replace(recipe, augment=replace(STRONG, mixup=0.4 if kind == "mixed" else 0.0))
    samples = outlined() if kind == "outlined" else pooled()
    before, fresh = Batches(samples, recipe), Batches(samples, recipe)
    drawn = [before.draw(step) for step in range(4)]
    torch.manual_seed(99)
    assert same(fresh.draw(3), drawn[3])
    assert not torch.equal(drawn[2].image, drawn[3].image)
    other = Batches(samples, replace(recipe, seed=1))
    assert not torch.equal(other.draw(3).image, drawn[3].image)


def test_an_epoch_shows_every_sample_once():
    samples = pooled(12)
    batches = Batches(samples, replace(tiny.recipe(batch=4), augment=STILL))
    seen = [int(i) for step in range(3) for i in batches._chosen(step)]
    assert sorted(seen) == list(range(12))
    again = [int(i) for step in range(3, 6) for i in batches._chosen(step)]
    assert sorted(again) == list(range(12))
    assert again != seen


def test_balance_draws_classes_alike():
    samples = [s for i, s in enumerate(pooled(60)) if i % 2 == 0 or i < 8]  # 30 of one class, 4 of the other
    counts = Counter(float(s.truth["label"][0]) for s in samples)
    assert max(counts.values()) > 5 * min(counts.values())
    batches = Batches(samples, tiny.recipe(balance=True, batch=10))
    drawn = [samples[i].truth["label"][0] for step in range(40) for i in batches._chosen(step)]
    assert 0.4 < float(np.mean(drawn)) < 0.6


@pytest.mark.parametrize("seed", range(6))
def test_labels_go_where_their_image_goes(seed):
    sample = outlined(1, (48, 56))[0]
    rng = np.random.default_rng(seed)
    plane, labels = torch.from_numpy(sample.planes[0]), torch.from_numpy(sample.labels["mask"][0])
    warp = draw_warp(STRONG, (23.5, 27.5), (48, 56), rng)
    image, moved = apply_warp(plane, labels, warp, (40, 40))
    inside = moved[0] != IGNORED
    assert inside.float().mean() > 0.2
    agree = ((image[0] > 0.5) == (moved[0] == 1))[inside]
    assert agree.float().mean() > 0.93
    assert 0.02 < (moved[0][inside] == 1).float().mean() < 0.98


def test_what_lies_outside_is_black_and_does_not_count():
    sample = outlined(1, (16, 16))[0]
    plane, labels = torch.ones(1, 16, 16), torch.from_numpy(sample.labels["mask"][0][:, :16, :16])
    warp = draw_warp(STILL, (7.5, 7.5), (16, 16), np.random.default_rng(0))
    image, moved = apply_warp(plane, labels, warp, (32, 32))
    frame = torch.ones(32, 32, dtype=torch.bool)
    frame[8:24, 8:24] = False
    assert (image[0][frame] == 0).all()
    assert (moved[0][frame] == IGNORED).all()
    assert torch.equal(moved[0][8:24, 8:24], labels[0])
    assert (image[0][8:24, 8:24] == 1).all()


def test_no_change_leaves_the_image_as_it_is():
    samples = outlined(4, (48, 56))
    recipe = replace(tiny.recipe(tiny.LINES, patch=(48, 56)), augment=STILL)
    batch = Batches(samples, recipe).draw(0)
    chosen = Batches(samples, recipe)._chosen(0)
    centred = [i for i, s in enumerate(chosen) if np.allclose(batch.image[i].numpy(), samples[s].planes[0], atol=1e-2)]
    assert centred, "at least one patch of the whole size lies in the middle"
    for i in centred:
        assert np.array_equal(batch.labels["mask"][i].numpy(), samples[chosen[i]].labels["mask"][0])


def test_light_stays_in_its_range_and_changes_nothing_when_told_so():
    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0))
    strong = Augment(brightness=0.5, contrast=0.5, gamma=0.5, colour=0.3, noise=0.2)
    changed = change_light(image, strong, np.random.default_rng(0))
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert not torch.allclose(changed, image, atol=0.01)
    assert torch.allclose(change_light(image, STILL, np.random.default_rng(0)), image, atol=1e-6)


def test_patches_hit_rare_structures_more_often_than_chance():
    sample = outlined(1, (128, 128))[0]
    planes = np.zeros((1, 1, 128, 128), np.float16)
    mask = np.zeros((1, 1, 128, 128), np.uint8)
    mask[0, 0, 100:103, 20:23] = 1
    samples = [replace(sample, planes=planes, labels={"mask": mask})] * 4
    recipe = replace(tiny.recipe(tiny.LINES, patch=(16, 16)), augment=STILL)
    batches = Batches(samples, recipe)
    hits = [bool((one == 1).any()) for step in range(20) for one in batches.draw(step).labels["mask"]]
    assert np.mean(hits) > 0.2, "by chance it would be below 0.03"


def test_unknown_truth_is_no_target():
    one = target(np.array([np.nan], np.float32), Category(("a", "b")))
    assert np.isnan(one).all()
    assert one.shape == (2,)
    grade = target(np.array([np.nan], np.float32), Quantity(steps=("0", "1", "2")))
    assert np.isnan(grade).all()
    assert target(np.array([2], np.float32), Quantity(steps=("0", "1", "2"))).tolist() == [1, 1]
    assert target(np.array([0], np.float32), Quantity(steps=("0", "1", "2"))).tolist() == [0, 0]
    assert target(np.array([1], np.float32), Category(("a", "b", "c"))).tolist() == [0, 1, 0]


def test_images_of_many_sizes_fit_into_one_batch():
    small, large = outlined(2, (40, 34)), outlined(2, (48, 56))
    recipe = replace(tiny.recipe(tiny.LINES, patch=None), augment=STILL)
    assert patch_size([*small, *large], recipe) == (64, 64)
    batch = Batches([*small, *large], recipe).draw(0)
    assert batch.image.shape == (4, 1, 64, 64)
    counted = (batch.labels["mask"] != IGNORED).flatten(1).sum(1)
    assert sorted(counted.tolist()) == sorted([40 * 34] * 2 + [48 * 56] * 2)


def test_unknown_classes_are_left_out_of_the_balance():
    samples = [replace(s, truth={"label": np.array([np.nan], np.float32)}) for s in pooled(4)] + pooled(8)
    batches = Batches(samples, tiny.recipe(Task("t", {"label": Category(("a", "b"))}), balance=True))
    assert min(i for step in range(10) for i in batches._chosen(step)) >= 4


@pytest.mark.parametrize("centre", [(30.0, 40.0), (2.0, 195.0), (-40.0, 90.0), (150.0, 199.0)])
def test_a_patch_of_a_large_plane_is_taken_from_its_neighbourhood_alone(centre):
    """The same as when the whole plane is sampled, wherever the patch lies."""
    from vesale.engine.augment import Warp, _grid

    rng = np.random.default_rng(1)
    plane = torch.from_numpy(rng.random((2, 150, 200), dtype=np.float32))
    labels = torch.from_numpy((rng.random((1, 150, 200)) > 0.5).astype(np.uint8))
    warp = Warp(centre, draw_warp(STRONG, centre, (150, 200), rng).matrix)
    image, moved = apply_warp(plane, labels, warp, (24, 32))
    grid = _grid(warp, plane.shape[1:], (24, 32))
    whole = torch.nn.functional.grid_sample(plane[None], grid, "bilinear", "zeros", False)[0]
    assert torch.allclose(image, whole, atol=1e-3)
    nearest = torch.nn.functional.grid_sample(labels[None].float() - IGNORED, grid, "nearest", "zeros", False)[0]
    assert moved is not None
    assert float(((nearest + IGNORED).round() == moved).float().mean()) > 0.99
