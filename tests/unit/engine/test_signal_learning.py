"""Raw signals are learned from as they are: in single precision, whatever their unit, changed by noise alone."""

from dataclasses import replace

import numpy as np
import pytest

import phantoms_volumes as made
from unit.engine.made_samples import STILL
from vesale.core.errors import ShapeError
from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.pipeline import pipeline_of
from vesale.core.recipe import Look, Net, Recipe, Train
from vesale.core.task import Category, Task
from vesale.io.cohort import read_cohort
from vesale.ops.look import prepare

torch = pytest.importorskip("torch")

from vesale.engine.batches import Batches, patch_size  # noqa: E402
from vesale.engine.export import export_onnx  # noqa: E402
from vesale.engine.fit import prepared, start, step  # noqa: E402
from vesale.engine.opened import made_signal, stages  # noqa: E402
from vesale.engine.runtimes import open_onnx  # noqa: E402
from vesale.engine.samples import load_samples  # noqa: E402

pytestmark = pytest.mark.train
FEATURES = 300
RECIPE = Recipe(
    Task("sides", {"label": Category(("left", "right"))}, from_signal=True),
    Look(channels=FEATURES, range="raw", size=(1, 1)),
    Net("linear", depth=1),
    augment=STILL,
    train=Train(steps=40, batch=8, rate=2e-2, threads=1),
)


def samples_of(folder, unit=1.0):
    cohort = made.signal_cohort(folder, np.random.default_rng(4), 24, FEATURES, unit)
    return load_samples(read_cohort(cohort).cohort, RECIPE)


def signal(values):
    data = np.asarray(values)[:, None, None]
    return Image(data, Grid((1, 1)), "signal", tuple(f"f{i}" for i in range(len(data))), Provenance("made"))


def test_raw_values_stay_as_they_are():
    values = np.array([-3e-13, 0.0, 7e4, 1e-20, np.nan, np.inf])
    planes = prepare([signal(values)], Look(channels=6, range="raw", size=(1, 1)))
    np.testing.assert_array_equal(planes.data.ravel(), np.float32([-3e-13, 0, 7e4, 1e-20, 0, 0]))
    with pytest.raises(ShapeError, match="6 features, and the model reads 5"):
        prepare([signal(values)], Look(channels=5, range="raw", size=(1, 1)))


@pytest.mark.parametrize("unit", [1.0, 1e-13, 3e6])
def test_what_is_learned_does_not_depend_on_the_unit(tmp_path, unit):
    """The same signals in another unit give the same answers."""
    answers = []
    for scale in (1.0, unit):
        samples = samples_of(tmp_path / f"{scale}", scale)
        assert samples[0].planes.dtype == np.float32
        with prepared(RECIPE):
            state, batches = start(RECIPE, samples), Batches(samples, RECIPE)
            for _ in range(RECIPE.train.steps):
                step(state, batches, RECIPE, {})
            state.net.eval()
            with torch.no_grad():
                answers.append(torch.cat([state.net(torch.from_numpy(s.planes))["label"] for s in samples]).numpy())
    np.testing.assert_allclose(answers[0], answers[1], atol=2e-3)
    truth = [int(s.truth["label"][0]) for s in samples]
    assert (answers[0].argmax(1) == truth).all()


def test_a_constant_feature_is_no_division_by_zero(tmp_path):
    samples = samples_of(tmp_path)
    for s in samples:
        s.planes[0, :3] = np.float32([[[0]], [[5]], [[1e-30]]])
    state = start(RECIPE, samples)
    with torch.no_grad():
        assert torch.isfinite(state.net(torch.from_numpy(samples[0].planes))["label"]).all()
    assert (state.net.std[0, :3] == 1).all()


def test_noise_is_in_shares_of_each_features_own_spread(tmp_path):
    samples = samples_of(tmp_path)
    for s in samples:
        s.planes[:, ::2] *= np.float32(1e-6)
    noisy = replace(RECIPE, augment=replace(STILL, noise=0.5))
    still, moved = Batches(samples, RECIPE).draw(3), Batches(samples, noisy).draw(3)
    spreads = Batches(samples, noisy).spreads
    shares = ((moved.image - still.image) / spreads).abs()
    assert 0.05 < float(shares[:, ::2].mean()) < 0.4
    assert 0.5 < float(shares[:, ::2].mean() / shares[:, 1::2].mean()) < 2
    assert patch_size(samples, RECIPE) == (1, 1)


@pytest.mark.parametrize("unit", [1.0, 1e-13])
def test_the_exported_network_answers_alike_for_any_number_of_trials(tmp_path, unit):
    samples = samples_of(tmp_path / "c", unit)
    with prepared(RECIPE):
        state, batches = start(RECIPE, samples), Batches(samples, RECIPE)
        for _ in range(20):
            step(state, batches, RECIPE, {})
    net = state.net.eval()
    export_onnx(net, RECIPE, tmp_path / "m.onnx", (1, 1))
    run = open_onnx(tmp_path / "m.onnx")
    for count in (1, 5):
        planes = np.concatenate([s.planes for s in samples[:count]])
        with torch.no_grad():
            expected = torch.softmax(net(torch.from_numpy(planes))["label"], 1).numpy()
        np.testing.assert_allclose(run(planes)["label"], expected, atol=2e-3)
    found = stages(run, pipeline_of(RECIPE))
    assert found["image"].shape == (FEATURES, 1, 1)
    np.testing.assert_array_equal(found["image"], made_signal(pipeline_of(RECIPE)))
    assert set(found) >= {"planes", "statistics", "network/label", "answer/label"}
