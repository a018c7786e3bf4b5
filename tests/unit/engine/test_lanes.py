"""A batch learned from side by side is the same batch: same loss, same gradient, the same weights every time."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tiny  # noqa: E402
from property.test_resume_laws import kill, run, weights  # noqa: E402
from unit.engine.made_samples import STILL, outlined, pooled  # noqa: E402
from vesale.core.errors import RecipeError  # noqa: E402
from vesale.core.recipe import Train  # noqa: E402
from vesale.engine.batches import Batches  # noqa: E402
from vesale.engine.fit import prepared, start, step  # noqa: E402

pytestmark = pytest.mark.train


def with_lanes(recipe, lanes):
    return replace(recipe, train=replace(recipe.train, lanes=lanes, batch=4))


def test_lanes_deal_out_the_very_same_images():
    recipe = with_lanes(tiny.recipe(tiny.LINES), 2)
    batches = Batches(outlined(), recipe)
    whole, parts = batches.draw(3), [batches.draw(3, lane, 2) for lane in range(2)]
    assert torch.equal(whole.image[0::2], parts[0].image)
    assert torch.equal(whole.image[1::2], parts[1].image)
    assert torch.equal(whole.labels["mask"][1::2], parts[1].labels["mask"])


def test_two_lanes_learn_what_one_learns():
    """Of whole images, where the loss is a mean over them, so that the mean of two halves is the same number."""
    samples, found = pooled(), {}
    for lanes in (1, 2):
        recipe = with_lanes(tiny.recipe(), lanes)
        with prepared(recipe):
            state, batches = start(recipe, samples), Batches(samples, recipe)
            losses = [step(state, batches, recipe, {}) for _ in range(4)]
        found[lanes] = losses, {k: v.clone() for k, v in state.net.state_dict().items()}
    assert found[1][0] == pytest.approx(found[2][0], rel=1e-4)
    for name, value in found[1][1].items():
        assert torch.allclose(value, found[2][1][name], atol=2e-4), name
    assert torch.get_num_threads() >= 1


def test_killed_and_resumed_is_uninterrupted_in_lanes(tmp_path):
    recipe, samples = with_lanes(tiny.recipe(tiny.LINES), 2), outlined()
    kill(recipe, samples, tmp_path / "killed", 3)
    run(recipe, samples, tmp_path / "killed")
    run(recipe, samples, tmp_path / "whole")
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")


def test_what_lanes_cannot_do_is_said():
    with pytest.raises(RecipeError, match="lanes"):
        Train(batch=2, lanes=3)
    recipe = with_lanes(tiny.recipe(), 2)
    with pytest.raises(RecipeError, match="dropout"):
        start(replace(recipe, net=replace(recipe.net, dropout=0.5)), pooled())


def test_rare_patches_are_centred_on_the_structure():
    samples = outlined(shape=(48, 56))
    shares = []
    for rare in (0.0, 1.0):
        recipe = replace(tiny.recipe(tiny.LINES), augment=STILL)
        recipe = replace(recipe, train=replace(recipe.train, rare=rare, patch=(16, 16)))
        batches = Batches(samples, recipe)
        middles = [b.labels["mask"][:, 0, 7:9, 7:9].amax((1, 2)) for b in (batches.draw(s) for s in range(30))]
        shares.append(float(np.mean(torch.cat(middles).numpy() == 1)))
    assert shares[1] == 1.0
    assert shares[0] < 0.7
