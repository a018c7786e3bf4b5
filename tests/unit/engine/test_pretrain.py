"""Pictures alone teach a network's first weights: the guess gets better, no label counts, and heads start anew."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

import phantoms  # noqa: E402
import tiny  # noqa: E402
from vesale.core.errors import RecipeError, SourceError  # noqa: E402
from vesale.engine.events import Fitted, Progress  # noqa: E402
from vesale.engine.fit import Job, fingerprint, start  # noqa: E402
from vesale.engine.pretrain import GRAIN, cells, fit_masked, hide, masked_loss  # noqa: E402
from vesale.engine.samples import load_samples  # noqa: E402
from vesale.engine.starting import start_from  # noqa: E402
from vesale.io.cohort import read_cohort  # noqa: E402
from vesale.nets import build  # noqa: E402

pytestmark = pytest.mark.train


def samples_of(folder, recipe, exams=8):
    cohort = read_cohort(phantoms.category_cohort(folder, np.random.default_rng(0), exams, 40)).cohort
    return load_samples(cohort, recipe)


def learned(folder, recipe, samples):
    events = list(fit_masked(recipe, samples, Job("all", folder)))
    assert isinstance(events[-1], Fitted)
    return events, load_file(folder / "weights.safetensors")


def test_the_guess_gets_better(tmp_path):
    recipe = tiny.recipe(steps=60, rate=1e-2)
    events, _ = learned(tmp_path / "fit", recipe, samples_of(tmp_path / "c", recipe))
    losses = [e.loss for e in events if isinstance(e, Progress)]
    assert losses[-1] < 0.9 * losses[0]


def test_no_label_is_looked_at(tmp_path):
    recipe = tiny.recipe(steps=3)
    samples = samples_of(tmp_path / "c", recipe)
    blind = [replace(s, truth={k: np.full_like(v, np.nan) for k, v in s.truth.items()}) for s in samples]
    one, other = learned(tmp_path / "a", recipe, samples)[1], learned(tmp_path / "b", recipe, blind)[1]
    assert all(torch.equal(one[k], other[k]) for k in one)


def test_stopped_and_started_again_it_ends_with_the_same_weights(tmp_path):
    recipe = tiny.recipe(steps=6)
    samples = samples_of(tmp_path / "c", recipe)
    whole = learned(tmp_path / "whole", recipe, samples)[1]
    for event in fit_masked(recipe, samples, Job("all", tmp_path / "parts")):
        if isinstance(event, Progress):
            break
    (tmp_path / "parts" / "weights.safetensors").unlink(missing_ok=True)
    again = learned(tmp_path / "parts", recipe, samples)[1]
    assert all(torch.equal(whole[k], again[k]) for k in whole)


def test_a_network_starts_from_them_but_for_its_heads(tmp_path):
    recipe = tiny.recipe(steps=4)
    samples = samples_of(tmp_path / "c", recipe)
    weights = learned(tmp_path / "fit", recipe, samples)[1]
    later = replace(recipe, train=replace(recipe.train, start=str(tmp_path / "fit" / "weights.safetensors")))
    torch.manual_seed(0)
    fresh = build(recipe).state_dict()
    torch.manual_seed(0)
    begun = start(later, samples).net.state_dict()
    body = [k for k in weights if ".heads." not in k]
    assert body
    assert all(torch.equal(begun[k], weights[k]) for k in body)
    assert all(torch.equal(begun[k], fresh[k]) for k in fresh if ".heads." in k)
    assert fingerprint(later, samples) != fingerprint(recipe, samples)


def test_other_weights_and_no_weights_are_refused(tmp_path):
    recipe = tiny.recipe(steps=1)
    learned(tmp_path / "fit", recipe, samples_of(tmp_path / "c", recipe))
    wider = build(replace(recipe, net=replace(recipe.net, width=8)))
    with pytest.raises(RecipeError, match="of another network"):
        start_from(wider, tmp_path / "fit" / "weights.safetensors")
    with pytest.raises(SourceError, match="no weights to start from"):
        start_from(wider, tmp_path / "none.safetensors")


def test_only_hidden_cells_count():
    truth, guess = torch.zeros(1, 3 * GRAIN**2, 2, 2), torch.zeros(1, 3 * GRAIN**2, 2, 2)
    guess[..., 0, 0] = 5.0
    hidden = torch.zeros(1, 1, 2, 2, dtype=torch.bool)
    hidden[..., 1, 1] = True
    assert float(masked_loss(guess, truth, hidden)) == 0
    hidden[..., 0, 0] = True
    assert float(masked_loss(guess, truth, hidden)) == pytest.approx(2.5)


def test_a_hidden_cell_keeps_its_mean_colour_only():
    image = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    seen, hidden = hide(image, (4, 4), np.random.default_rng(0))
    where = torch.nn.functional.interpolate(hidden.float(), (32, 32)).expand_as(image) > 0
    assert torch.equal(seen[~where], image[~where])
    assert 0.2 < float(hidden.float().mean()) < 0.8
    assert float((seen - image.mean((2, 3), keepdim=True)).abs()[where].max()) < 1e-6
    assert cells(image, (2, 2)).shape == (2, 3 * GRAIN**2, 2, 2)
