"""Decoders and measures of pictures beside scikit-learn, scikit-image, torch, and Bayes' rule written out in full."""

from dataclasses import replace

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import phantoms_seen as made
from vesale.core.recipe import Decode
from vesale.engine.decoding import LINEAR, Setting, prior_of, ridge, standard_of
from vesale.metrics.picture import correlation, picture_cells, ssim

RNG = np.random.default_rng(3)


def test_ridge_is_scikit_learns():
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y, new = RNG.normal(size=(30, 70)), RNG.normal(size=(30, 9)), RNG.normal(size=(5, 70))
    x -= x.mean(axis=0)
    theirs = linear_model.Ridge(alpha=4.0).fit(x, y).predict(new)
    np.testing.assert_allclose(ridge(x, y, 4.0)(new), theirs, atol=1e-9)


@pytest.mark.parametrize("encode", ["components", "samples"])
def test_gaussian_inversion_is_bayes_rule_in_full(encode):
    pictures = made.made_pictures(60).reshape(60, -1)
    signals = made.answers_to(pictures, 25, 0.5)
    options = Decode(components=(8,), shrink=0.4, encode=encode)
    prior = prior_of(pictures, (1, 12, 12), options)
    a = standard_of(signals)(signals)
    found = LINEAR["gaussian"](a, pictures, prior, Setting(5.0, 8, 0, 1.5), options)(a)
    z = (pictures - prior.mean) @ prior.basis.T / prior.spreads
    rest = z - z.mean(axis=0)
    laid = np.ones(8) if encode == "components" else np.mean(prior.spreads**2) / prior.spreads**2
    gram = rest.T @ rest + 5.0 * np.diag(laid)
    answers = np.linalg.inv(gram) @ rest.T @ a
    noise = a - rest @ answers
    free = 60 - np.trace(np.linalg.inv(gram) @ rest.T @ rest)
    covariance = 0.4 * np.diag((noise**2).sum(axis=0) / free) + 0.6 * noise.T @ noise / free
    precision = np.linalg.inv(covariance)
    posterior = np.linalg.inv(answers @ precision @ answers.T + 1.5 * np.eye(8))
    said = (a + z.mean(axis=0) @ answers) @ precision @ answers.T @ posterior
    np.testing.assert_allclose(found, prior.mean + (said * prior.spreads) @ prior.basis, atol=1e-8)


@pytest.mark.parametrize("shape", [(28, 28), (10, 10), (7, 9), (12, 11, 10)])
def test_structural_similarity_is_scikit_images(shape):
    a = RNG.uniform(0, 1, shape)
    b = np.clip(a + 0.2 * RNG.normal(size=shape), 0, 1)
    assert abs(ssim(a, b) - structural_similarity(a, b, data_range=1.0)) < 1e-12


@pytest.mark.parametrize("reach", [1.0, 255.0])
def test_signal_to_error_is_scikit_images(reach):
    a, b = RNG.uniform(0, reach, (2, 1, 20, 16))
    cells = picture_cells(a, b, reach)
    assert abs(cells["psnr_db"] - peak_signal_noise_ratio(b, a, data_range=reach)) < 1e-9
    slope, level = np.polyfit(a.ravel(), b.ravel(), 1)
    fitted = slope * a + level
    assert abs(cells["psnr_affine_db"] - peak_signal_noise_ratio(b, fitted, data_range=reach)) < 1e-9
    assert abs(cells["mse"] - ((a - b) ** 2).mean() / reach**2) < 1e-12
    assert abs(correlation(a, b) - np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 1e-12


@pytest.mark.train
@pytest.mark.parametrize("side", [12, 11, 10])
def test_layers_and_slopes_are_torchs(side):
    """The features as torch's convolutions give them, and the slope that the graph writes out as autograd finds it."""
    torch = pytest.importorskip("torch")
    onnxruntime = pytest.importorskip("onnxruntime")
    from onnx import helper

    from vesale.engine.decoding_features import SMOOTH, Descent, features, filters_of
    from vesale.engine.decoding_onnx import Graph, _model, _slope

    pictures = made.made_pictures(25, side=side).reshape(25, -1)
    filters = filters_of(pictures, (1, side, side), 0)
    layers = features(filters, pictures)
    kernels = [torch.tensor(f) for f in (filters.first, filters.second)]

    def forward(flat):
        maps, found = flat.reshape(len(flat), 1, side, side), [flat]
        for kernel in kernels:
            maps = torch.nn.functional.conv2d(maps, kernel, padding=kernel.shape[-1] // 2)
            maps = torch.nn.functional.avg_pool2d(torch.sqrt(maps**2 + SMOOTH**2), 2)
            found.append(maps.reshape(len(flat), -1))
        return found

    for ours, theirs in zip(layers, forward(torch.tensor(pictures)), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-10)
    prior = prior_of(pictures, (1, side, side), Decode(components=(6,)))
    options = replace(Decode(), layer_weights=(0.5, 1.0, 2.0))
    descent = Descent(filters, prior, (3.0, 4.0, 5.0), options, 0.7)
    wanted = [layer[:4] + 0.1 * RNG.normal(size=(4, layer.shape[1])) for layer in layers]
    z = torch.tensor(RNG.normal(size=(4, 6)), requires_grad=True)
    flat = (z * torch.tensor(prior.spreads)) @ torch.tensor(prior.basis) + torch.tensor(prior.mean)
    total = 0.7 / 6 * (z**2).sum()
    for weight, norm, made_of, want in zip((0.5, 1.0, 2.0), (3.0, 4.0, 5.0), forward(flat), wanted, strict=True):
        total = total + weight / norm * ((made_of - torch.tensor(want)) ** 2).sum()
    total.backward()
    g = Graph()
    names = ["l0", "l1", "l2"]
    slope = _slope(g, "z", names, descent)
    g.nodes.append(helper.make_node("Identity", [slope], ["slope"]))
    inputs = {"z": ["n", 6], **{n: ["n", w.shape[1]] for n, w in zip(names, wanted, strict=True)}}
    session = onnxruntime.InferenceSession(_model(g, inputs, {"slope": ["n", 6]}), providers=["CPUExecutionProvider"])
    fed = {"z": z.detach().numpy().astype(np.float32)}
    fed |= {n: w.astype(np.float32) for n, w in zip(names, wanted, strict=True)}
    found = session.run(["slope"], fed)[0]
    np.testing.assert_allclose(found, z.grad.numpy(), atol=2e-4 * float(z.grad.abs().max()))
