"""Maps of trained networks whose deciding place is known, and the network that a package is rebuilt to."""

import shutil
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import phantoms_explain
from vesale.core.errors import PackageError
from vesale.core.recipe import Augment, Look, Net, Recipe, Train, Trust, Validate
from vesale.core.task import Category, Task
from vesale.engine.aiming import Target
from vesale.engine.opened import open_model
from vesale.io.package import write_manifest

torch = pytest.importorskip("torch")
pytest.importorskip("captum")
pytestmark = pytest.mark.train

METHODS = ("integrated_gradients", "grad_cam", "occlusion")


def recipe(name, output):
    return Recipe(
        task=Task(name, {name: output}),
        look=Look(channels=1, size=(phantoms_explain.SIZE, phantoms_explain.SIZE)),
        net=Net("resnet", width=8, depth=2),
        augment=Augment(flip=("horizontal", "vertical"), rotate=0, scale=0, shift=0.1, brightness=0, gamma=0, noise=0),
        train=Train(steps=120, batch=16, rate=4e-3, threads=1, average=0.9, checkpoint=1000),
        validate=Validate("none"),
        trust=Trust(),
    )


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Two networks taught on the same pictures, one whether there is a square, one whether there is a disc."""
    from vesale.engine.fit import Job, fit, load_weights
    from vesale.engine.samples import load_samples
    from vesale.io.cohort import Columns, read_cohort

    folder = tmp_path_factory.mktemp("planted")
    phantoms_explain.planted_cohort(folder / "cohort", np.random.default_rng(0), 128)
    cohort = read_cohort(folder / "cohort", Columns(labels=("square", "disc"))).cohort
    found = {}
    for name in ("square", "disc"):
        made = recipe(name, Category(("no", "yes")))
        for _ in fit(made, load_samples(cohort, made), [], Job("all", folder / name, 1e9)):
            pass
        found[name] = (made, load_weights(made, folder / name / "weights.safetensors").eval())
    return found


def run_of(made, net):
    from vesale.engine.export import Answering

    whole = Answering(net, made).eval()

    def run(batch):
        with torch.no_grad():
            return dict(zip(made.task.outputs, (t.numpy() for t in whole(torch.from_numpy(batch))), strict=False))

    return run


def map_of(method, made, net, data):
    """(48, 48): what speaks for the class 'yes'."""
    from vesale.core.grid import Grid
    from vesale.core.image import Image, Provenance
    from vesale.core.pipeline import pipeline_of
    from vesale.engine.attribute import grad_cam, integrated_gradients
    from vesale.engine.occlude import occlusion
    from vesale.engine.sight import sight_of

    name, output = next(iter(made.task.outputs.items()))
    pipeline, target = pipeline_of(made), Target(name, output, 1)
    image = Image(data[None], Grid(data.shape), "intensity", ("grey",), Provenance("made"))
    sight = sight_of([image], pipeline, target, None)
    if method == "occlusion":
        return occlusion(run_of(made, net), sight, (pipeline, target))[0]
    how = {"grad_cam": grad_cam, "integrated_gradients": integrated_gradients}[method]
    return how(net, sight, (pipeline, target))[0]


@cache
def strengths(method, name):
    """Of the network `name` on six new pictures with both things: (the chance that a sample of what it was taught is
    stronger in the map than one of the ground, how much stronger it is there than in the other thing)."""
    made, net = NETWORKS[name]
    other = {"square": "disc", "disc": "square"}[name]
    rng, chances, ratios = np.random.default_rng(7), [], []
    for _ in range(6):
        data, places = phantoms_explain.scene(rng, True, True)
        strength = np.abs(map_of(method, made, net, data))
        a, b = strength[places[name]], strength[~places["square"] & ~places["disc"]]
        chances.append((a[:, None] > b[None]).mean() + (a[:, None] == b[None]).mean() / 2)
        ratios.append(a.mean() / max(float(strength[places[other]].mean()), 1e-9))
    return float(np.mean(chances)), float(np.median(ratios))


NETWORKS = {}


@pytest.fixture(autouse=True)
def known(request):
    """The networks by name, so that the maps of each are made once."""
    if "networks" in request.fixturenames:
        NETWORKS.update(request.getfixturevalue("networks"))


@pytest.mark.parametrize("name", ["square", "disc"])
def test_the_networks_have_learned_what_they_were_taught(networks, name):
    made, net = networks[name]
    rng, right = np.random.default_rng(3), 0
    for i in range(40):
        square, disc = bool(i % 2), bool(i // 2 % 2)
        data = phantoms_explain.scene(rng, square, disc)[0]
        p = run_of(made, net)((data[None, None] / 255).astype(np.float32))[name][0, 1]
        right += (p > 0.5) == (square if name == "square" else disc)
    assert right >= 36


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["square", "disc"])
def test_the_map_finds_what_decides(networks, method, name):
    assert strengths(method, name)[0] > 0.8


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["square", "disc"])
def test_the_map_does_not_name_what_the_network_ignores(networks, method, name):
    """Both networks see the same pictures; each map is stronger on what its network was taught than on the other."""
    assert strengths(method, name)[1] > 1.1


def test_integrated_gradients_add_up_to_what_the_answer_moves(networks):
    """Completeness (Sundararajan et al. 2017): the sum of the map is the score less that of the faded picture."""
    from vesale.core.grid import Grid
    from vesale.core.image import Image, Provenance
    from vesale.core.pipeline import pipeline_of
    from vesale.engine.attribute import integrated_gradients
    from vesale.engine.sight import scorer, sight_of

    made, net = networks["square"]
    pipeline, target = pipeline_of(made), Target("square", made.task.outputs["square"], 1)
    data, _ = phantoms_explain.scene(np.random.default_rng(5), True, True)
    image = Image(data[None], Grid(data.shape), "intensity", ("grey",), Provenance("made"))
    sight = sight_of([image], pipeline, target, None)
    found = integrated_gradients(net, sight, (pipeline, target)).sum()
    scores = scorer(run_of(made, net), sight, (pipeline, target))(np.stack([sight.planes, sight.faded]))
    assert found == pytest.approx(scores[0] - scores[1], rel=0.15)


def test_shuffled_weights_give_another_map(networks):
    from vesale.engine.attribute import shuffled
    from vesale.trust.faithful import likeness

    made, net = networks["square"]
    before = {k: v.clone() for k, v in net.state_dict().items()}
    data = phantoms_explain.scene(np.random.default_rng(5), True, True)[0]
    own = map_of("integrated_gradients", made, net, data)
    everywhere = np.ones_like(own, bool)
    for seed in range(3):
        other = map_of("integrated_gradients", made, shuffled(net, seed), data)
        assert likeness(own, other, everywhere) < 0.9
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items()), "the network itself is left alone"


@pytest.mark.parametrize("name", ["discs", "lines"])
def test_a_package_is_rebuilt_to_a_network_that_answers_like_it(tiny_package, name):
    from vesale.engine.attribute import agree, rebuilt

    model = open_model(tiny_package[name].model)
    agree(rebuilt(model), model, seen_by(model))


def test_weights_of_another_network_are_found_out(tiny_package, tmp_path):
    from safetensors.numpy import load_file, save_file

    from vesale.engine.attribute import agree, rebuilt

    folder = tmp_path / "model"
    shutil.copytree(tiny_package["discs"].model, folder)
    tensors = load_file(folder / "weights.safetensors")
    rng = np.random.default_rng(0)
    changed = {k: rng.normal(size=v.shape).astype(v.dtype) if v.ndim == 2 else v for k, v in tensors.items()}
    save_file(changed, folder / "weights.safetensors")
    write_manifest(folder)
    model = open_model(folder)
    with pytest.raises(PackageError, match=r"not the network of model\.onnx"):
        agree(rebuilt(model), model, seen_by(model))
    save_file(dict(list(tensors.items())[1:]), folder / "weights.safetensors")
    write_manifest(folder)
    with pytest.raises(PackageError, match="does not fit"):
        rebuilt(open_model(folder))
    (folder / "weights.safetensors").unlink()
    with pytest.raises(PackageError, match="no network that can be rebuilt"):
        rebuilt(replace(model, package=replace(model.package, folder=folder)))


def seen_by(model):
    from vesale.core.grid import Grid
    from vesale.core.image import Image, Provenance
    from vesale.engine.sight import sight_of

    data = np.random.default_rng(0).integers(0, 255, (1, 48, 48)).astype(np.uint8)
    image = Image(data, Grid((48, 48)), "intensity", ("grey",), Provenance("made"))
    name, output = next(iter(model.pipeline.task.outputs.items()))
    region = np.ones((48, 48), bool) if output.kind == "partition" else None
    return sight_of([image], model.pipeline, Target(name, output, 1), region)


def test_a_network_without_published_weights_at_hand_is_rebuilt_empty(monkeypatch):
    """The ImageNet weights were learned over: rebuilding must not ask for their package."""
    from vesale.nets import build, efficientnet

    made = replace(
        recipe("square", Category(("no", "yes"))),
        look=Look(channels=3, size=(64, 64)),
        net=Net("efficientnet_lite", depth=7, pretrained=True),
    )

    def gone():
        raise AssertionError("the published weights were asked for")

    monkeypatch.setattr(efficientnet, "_published", gone)
    with torch.random.fork_rng():
        empty = build(made, empty=True)
    assert any(isinstance(m, efficientnet.Affine) for m in empty.modules())
    with pytest.raises(AssertionError):
        build(made)
