"""Decoders on planted answers: they beat the mean picture, choose inside, and are in ONNX what they are in NumPy."""

from dataclasses import replace

import numpy as np
import pytest

import phantoms_seen as made
from vesale.core.errors import CohortError, RecipeError
from vesale.core.recipe import LATER, Decode, Net, Recipe
from vesale.core.task import Picture, Task
from vesale.engine.decoding import (
    LINEAR,
    Trials,
    fit_linear,
    fitted,
    inner_folds,
    loss,
    prior_of,
    relevance,
    settings,
    spread_of,
    standard_of,
)

pytest.importorskip("onnx")

from vesale.engine.decoding_features import features, filters_of, fit_features
from vesale.engine.decoding_fit import picture_of
from vesale.engine.decoding_onnx import decoded, find, write_decoder

SHAPE = (1, made.SIDE, made.SIDE)
OUTPUT = Picture(("grey",), size=SHAPE[1:], low=-10.0, high=245.0)
OPTIONS = Decode(penalties=(3.0, 30.0), components=(12,), voxels=(40,), weights=(1.0,), inner=3, steps=12)


@pytest.fixture(scope="module")
def seen():
    pictures = made.made_pictures(70)
    signals = made.answers_to(pictures, 80, noise=0.1)
    flat = pictures.reshape(70, -1)
    return Trials(signals[:50], flat[:50], tuple(f"s{i}" for i in range(50))), signals[50:], flat[50:]


def fit(name, trials, options=OPTIONS):
    prior = prior_of(trials.pictures, SHAPE, options)
    if name in LINEAR:
        return fit_linear(name, trials, prior, options, 0)
    return fit_features(trials, prior, options, (filters_of(trials.pictures, SHAPE, 0), 0, find))


@pytest.mark.parametrize("name", [*LINEAR, "features"])
def test_every_decoder_beats_the_mean_picture_and_reads_as_it_was_fitted(tmp_path, seen, name):
    trials, signals, truth = seen
    decoder = fit(name, trials)
    write_decoder(decoder, "picture", OUTPUT, tmp_path / "model.onnx")
    told, spread = decoded(tmp_path / "model.onnx", signals, "picture")
    scaled = (told + 10) / 255
    plain = ((truth - trials.pictures.mean(axis=0)) ** 2).mean()
    assert ((scaled - truth) ** 2).mean() < 0.75 * plain
    assert told.min() >= -10 - 1e-3
    assert told.max() <= 245 + 1e-3
    if name in LINEAR:
        np.testing.assert_allclose(scaled, decoder(signals), atol=1e-5)
        np.testing.assert_allclose(spread / 255, decoder.spread(decoder(signals)), atol=1e-5)
    inside = np.abs(scaled - truth) <= 2 * spread / 255
    assert inside.mean() > 0.85  # two standard deviations of errors that were measured on inner folds


@pytest.mark.parametrize("name", [*LINEAR, "features"])
def test_the_unit_of_each_feature_does_not_matter(tmp_path, seen, name):
    trials, signals, _ = seen
    answers = []
    for gain in (np.ones(80), 10.0 ** np.linspace(-6, 6, 80)):
        other = replace(trials, signals=trials.signals * gain)
        write_decoder(fit(name, other), "picture", OUTPUT, tmp_path / "model.onnx")
        answers.append(decoded(tmp_path / "model.onnx", signals * gain, "picture")[0])
    np.testing.assert_allclose(answers[0], answers[1], atol=0.5)  # of 255


def test_features_that_answer_come_first(seen):
    trials, _, _ = seen
    prior = prior_of(trials.pictures, SHAPE, OPTIONS)
    order = np.argsort(-relevance(standard_of(trials.signals)(trials.signals), prior.whitened(trials.pictures)))
    assert (order[:30] < 40).mean() > 0.9


def test_a_choice_never_sees_the_fold_that_judges_it(seen):
    """Another picture and another signal outside the fold change nothing of the maps that are fitted inside."""
    trials, _, _ = seen
    prior = prior_of(trials.pictures, SHAPE, OPTIONS)
    inside, outside = inner_folds(trials.subjects, 3, 0)[0]
    changed = Trials(trials.signals.copy(), trials.pictures.copy(), trials.subjects)
    changed.signals[outside] = 1e6
    changed.pictures[outside] = 0.0
    for name in LINEAR:
        some = settings(name, OPTIONS, (12, 80))
        for (s, a), (t, b) in zip(
            fitted(name, trials, inside, prior, some, OPTIONS),
            fitted(name, changed, inside, prior, some, OPTIONS),
            strict=True,
        ):
            np.testing.assert_array_equal(s.centre, t.centre)
            np.testing.assert_array_equal(a.into, b.into)
            np.testing.assert_array_equal(a.offset, b.offset)


def test_inner_folds_keep_subjects_together():
    subjects = [f"s{i // 4}" for i in range(30)]
    folds = inner_folds(subjects, 4, 1)
    assert sorted(i for _, outside in folds for i in outside) == list(range(30))
    for inside, outside in folds:
        assert not {subjects[i] for i in inside} & {subjects[i] for i in outside}
    with pytest.raises(CohortError, match="2 subjects"):
        inner_folds(["a", "a", "b"], 5, 0)


def test_a_feature_that_never_changes_counts_nothing(tmp_path, seen):
    trials, signals, _ = seen
    still = trials.signals.copy()
    still[:, 3] = 7.0
    decoder = fit("gaussian", replace(trials, signals=still), replace(OPTIONS, voxels=()))
    loud = signals.copy()
    loud[:, 3] = 1e9
    np.testing.assert_array_equal(decoder(loud), decoder(np.where(np.arange(80) == 3, 7.0, signals)))


def test_what_cannot_be_decoded_is_said(seen):
    trials, _, _ = seen
    alike = np.full_like(trials.pictures, 0.5)
    with pytest.raises(CohortError, match="all pictures are alike"):
        prior_of(alike, SHAPE, OPTIONS)
    with pytest.raises(CohortError, match="no feature of the signals changes"):
        standard_of(np.ones((5, 4)))
    with pytest.raises(CohortError, match="no finite numbers"):
        standard_of(np.array([[1.0, np.nan], [2.0, 3.0]]))


def test_a_layer_without_a_norm_fails_loudly(seen):
    trials, _, _ = seen
    filters = filters_of(trials.pictures, SHAPE, 0)
    blind = replace(filters, second=np.zeros_like(filters.second))
    prior = prior_of(trials.pictures, SHAPE, OPTIONS)
    with pytest.raises(CohortError, match="layer 2 of the network does not tell"):
        fit_features(trials, prior, OPTIONS, (blind, 0, find))
    ignored = replace(OPTIONS, layer_weights=(1.0, 1.0, 0.0))
    assert fit_features(trials, prior, ignored, (blind, 0, find)).error < 0.1


def test_the_layers_see_the_picture_and_have_its_size():
    pictures = made.made_pictures(30, side=11).reshape(30, -1)
    filters = filters_of(pictures, (1, 11, 11), 0)
    plain, first, second = features(filters, pictures)
    assert plain.shape == (30, 121)
    assert first.shape == (30, len(filters.first) * 5 * 5)
    assert second.shape == (30, len(filters.second) * 2 * 2)
    flat = filters.first.reshape(len(filters.first), -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(len(flat)), atol=1e-9)


def test_decoded_features_are_given_back_their_spread(seen):
    trials, signals, _ = seen
    spreads = []
    for share in (0.0, 1.0):
        decoder = fit("features", trials, replace(OPTIONS, rescale=share))
        spreads.append(decoder.layers[1](decoder.standard(signals)).std(axis=0).mean())
    true = features(filters_of(trials.pictures, SHAPE, 0), trials.pictures)[1].std(axis=0).mean()
    assert spreads[0] < spreads[1]
    assert abs(spreads[1] / true - 1) < 0.35


def test_spread_is_wide_where_errors_are():
    rng = np.random.default_rng(0)
    told = rng.uniform(0, 1, (400, 20))
    sigma = np.where(told < 0.5, 0.05, 0.2) * np.linspace(0.5, 1.5, 20)
    spread = spread_of(told, told + sigma * rng.normal(size=told.shape))
    found = spread(told)
    assert np.corrcoef(found.ravel(), sigma.ravel())[0, 1] > 0.9
    assert abs(found.mean() / sigma.mean() - 1) < 0.15


def test_a_smooth_prior_needs_no_pictures_of_a_shape(seen):
    trials, _, _ = seen
    prior = prior_of(trials.pictures[:2], SHAPE, replace(OPTIONS, blend=0.9, components=(20,)))
    assert prior.basis.shape == (20, 144)
    np.testing.assert_allclose(prior.basis @ prior.basis.T, np.eye(20), atol=1e-9)
    assert (np.diff(prior.spreads) <= 1e-12).all()


def test_losses_of_the_truth_itself(seen):
    _, _, truth = seen
    assert loss(truth, truth, "mse") == 0
    assert abs(loss(truth, truth, "pcc")) < 1e-12
    assert abs(loss(2 - 3 * truth, truth, "pcc") - 2) < 1e-12


def test_recipes_of_before_keep_their_digest_and_wrong_ones_are_refused():
    picture = Picture(("grey",), size=(4, 4), low=0.0, high=1.0)
    recipe = Recipe(Task("t", {"picture": picture}, from_signal=True), net=Net("gaussian"))
    assert picture_of(recipe) == ("picture", picture)
    assert recipe.digest != replace(recipe, decode=Decode(blend=0.5)).digest
    assert set(LATER["decode"]) == {f.name for f in Decode.__dataclass_fields__.values()}
    assert all(LATER["decode"][k] == getattr(Decode(), k) for k in LATER["decode"])
    with pytest.raises(RecipeError, match="needs its size"):
        picture_of(replace(recipe, task=Task("t", {"picture": Picture(("grey",))}, from_signal=True)))
    with pytest.raises(RecipeError, match="decodes one picture from signals"):
        picture_of(replace(recipe, task=Task("t", {"picture": picture})))
    for wrong in ({"penalties": ()}, {"components": (0,)}, {"blend": 2.0}, {"layer_weights": (0.0, 0.0, 0.0)}):
        with pytest.raises(RecipeError):
            Decode(**wrong)
