"""What a network sees is what its stages answer, and the last part of it what its pooled heads rest on."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tiny  # noqa: E402
from vesale.core.task import Category, Partition, Task  # noqa: E402
from vesale.nets import build  # noqa: E402
from vesale.nets.features import seen  # noqa: E402

pytestmark = pytest.mark.train
LABEL = Task("t", {"label": Category(("a", "b"))})
MASK = Task("t", {"mask": Partition(("background", "line"))})


def _recipe(task, name, depth):
    made = tiny.recipe(task)
    return replace(made, net=replace(made.net, name=name, depth=depth))


@pytest.mark.parametrize(
    ("task", "net", "depth"),
    [(LABEL, "resnet", 2), (LABEL, "efficientnet_lite", 3), (MASK, "unet", 2), (MASK, "wnet", 2)],
)
def test_features_are_finite_and_change_no_answer(task, net, depth):
    torch.manual_seed(0)
    network = build(_recipe(task, net, depth)).eval()
    image = torch.rand(3, 1, 32, 32)
    with torch.no_grad():
        plain, (logits, features) = network(image), seen(network, image)
        again = seen(network, image)[1]
    for name, wanted in plain.items():
        assert torch.equal(logits[name], wanted)
    assert features.ndim == 2 and len(features) == 3 and features.dtype == torch.float32
    assert torch.isfinite(features).all() and (features.std(0) > 0).any()
    assert torch.equal(features, again), "nothing is left behind in the network"


def test_the_last_features_are_what_the_heads_get():
    torch.manual_seed(0)
    network = build(_recipe(LABEL, "resnet", 2)).eval()
    image = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        logits, features = seen(network, image)
        head = network.body.heads.heads["to_0"]
        assert torch.allclose(head(features[:, -head.in_features :]), logits["label"], atol=1e-5)


def test_earlier_stages_give_mean_and_root_mean_square():
    torch.manual_seed(0)
    network = build(_recipe(MASK, "unet", 2)).eval()
    image = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        first = network.body.down[0]((image - network.mean) / network.std)
        first = torch.nn.functional.max_pool2d(first, 2).numpy()
        features = seen(network, image)[1].numpy()[0]
    width = first.shape[1]
    assert np.allclose(features[:width], first.mean((2, 3))[0], atol=1e-5)
    assert np.allclose(features[width : 2 * width], np.sqrt((first**2).mean((2, 3)))[0], atol=1e-4)
