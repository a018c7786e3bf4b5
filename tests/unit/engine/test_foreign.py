"""Somebody else's network answers through our package as it does by itself, and what does not fit is said."""

import numpy as np
import onnxruntime
import pytest

from vesale.core.errors import PackageError, RecipeError
from vesale.engine.foreign import adopt, load_foreign, recipe_of
from vesale.engine.runtimes import open_onnx

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


class Pooled(torch.nn.Module):
    """Logits (N, K) and, inside, what it sees; channels last when asked."""

    def __init__(self, names=2, last=False, channels=3):
        super().__init__()
        torch.manual_seed(1)
        self.last = last
        self.body = torch.nn.Sequential(torch.nn.Conv2d(channels, 5, 3, padding=1), torch.nn.ReLU())
        self.head = torch.nn.Linear(5, names)

    def forward(self, image):
        image = image.permute(0, 3, 1, 2) if self.last else image
        return self.head(self.body(image).mean((2, 3)))


class Dense(torch.nn.Module):
    def __init__(self, names=3, last=False):
        super().__init__()
        torch.manual_seed(2)
        self.last, self.conv = last, torch.nn.Conv2d(3, names, 3, padding=1)

    def forward(self, image):
        image = image.permute(0, 3, 1, 2) if self.last else image
        maps = self.conv(image)
        return maps.permute(0, 2, 3, 1) if self.last else maps


def exported(net, path, shape, fixed=False, opset=17):
    free = {} if fixed else {"x": {0: "n"}}
    names = {"input_names": ["x"], "output_names": ["y"]}
    torch.onnx.export(
        net.eval(), (torch.zeros(shape),), str(path), opset_version=opset, dynamic_axes=free, dynamo=False, **names
    )
    return path


def written(path, text):
    path.with_suffix(".toml").write_text(text, encoding="utf-8")
    return load_foreign(path.with_suffix(".toml"))


CATEGORY = '[outputs.label]\nkind = "category"\nnames = ["disc", "ring"]\nactivation = "softmax"\n'
INPUT = "[input]\nsize = [32, 32]\nscale = 255.0\nmean = [10.0, 20.0, 30.0]\nstd = [50.0, 60.0, 70.0]\n"


@pytest.mark.parametrize("order", ["RGB", "BGR"])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("fixed", [False, True])
def test_it_answers_as_it_does_by_itself(tmp_path, order, last, fixed):
    shape = (1, 32, 32, 3) if last else (1, 3, 32, 32)
    path = exported(Pooled(last=last), tmp_path / "theirs.onnx", shape, fixed)
    layout = "NHWC" if last else "NCHW"
    foreign = written(path, f'{INPUT}order = "{order}"\nlayout = "{layout}"\n{CATEGORY}')
    digest = adopt(path, foreign, tmp_path / "fit")
    image = np.random.default_rng(0).random((3, 3, 32, 32), np.float32)
    found = open_onnx(tmp_path / "fit" / f"model-{digest[:12]}.onnx")(image)["label"]

    fed = image[:, ::-1] if order == "BGR" else image
    fed = (fed * 255 - np.float32([10, 20, 30])[:, None, None]) / np.float32([50, 60, 70])[:, None, None]
    fed = np.ascontiguousarray(fed.transpose(0, 2, 3, 1) if last else fed)
    session = onnxruntime.InferenceSession(str(path))
    logits = np.concatenate([session.run(None, {"x": fed[i : i + 1]})[0] for i in range(3)])
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.allclose(found, expected, atol=1e-5)
    assert adopt(path, foreign, tmp_path / "fit") == digest


def test_one_sigmoid_for_two_names_is_the_second(tmp_path):
    path = exported(Pooled(1), tmp_path / "theirs.onnx", (1, 3, 32, 32))
    foreign = written(path, "[input]\nsize = [32, 32]\n" + CATEGORY.replace("softmax", "sigmoid"))
    run = open_onnx(tmp_path / "fit" / f"model-{adopt(path, foreign, tmp_path / 'fit')[:12]}.onnx")
    image = np.random.default_rng(0).random((2, 3, 32, 32), np.float32)
    with torch.no_grad():
        second = torch.sigmoid(Pooled(1)(torch.from_numpy(image))).numpy()[:, 0]
    assert np.allclose(run(image)["label"], np.stack([1 - second, second], 1), atol=1e-5)


@pytest.mark.parametrize("last", [False, True])
def test_maps_come_channels_first_at_any_size(tmp_path, last):
    net = Dense(last=last)
    path = tmp_path / "theirs.onnx"
    free = {"x": {0: "n", 1: "a", 2: "b", 3: "c"}} if not last else {"x": {0: "n", 1: "a", 2: "b"}}
    free = free if last else {"x": {0: "n", 2: "a", 3: "b"}}
    example = torch.zeros((1, 32, 32, 3) if last else (1, 3, 32, 32))
    torch.onnx.export(net.eval(), (example,), str(path), input_names=["x"], output_names=["y"], opset_version=17,
                      dynamic_axes=free, dynamo=False)  # fmt: skip
    layout = "NHWC" if last else "NCHW"
    text = f'[input]\nlayout = "{layout}"\nmultiple = 16\n[outputs.mask]\nkind = "partition"\nactivation = "softmax"\n'
    foreign = written(path, text + 'names = ["background", "a", "b"]\n')
    run = open_onnx(tmp_path / "fit" / f"model-{adopt(path, foreign, tmp_path / 'fit')[:12]}.onnx")
    image = np.random.default_rng(0).random((2, 3, 48, 80), np.float32)
    with torch.no_grad():
        expected = torch.softmax(Dense()(torch.from_numpy(image)), 1).numpy()
    assert np.allclose(run(image)["mask"], expected, atol=1e-5)
    assert recipe_of(foreign).net.depth == 5


def test_features_are_what_a_tensor_inside_sees(tmp_path):
    path = exported(Pooled(), tmp_path / "theirs.onnx", (1, 3, 32, 32))
    import onnx

    relu = next(n.output[0] for n in onnx.load(str(path)).graph.node if n.op_type == "Relu")
    foreign = written(path, f'features = "{relu}"\n[input]\nsize = [32, 32]\n{CATEGORY}')
    run = open_onnx(tmp_path / "fit" / f"model-{adopt(path, foreign, tmp_path / 'fit')[:12]}.onnx")
    image = np.random.default_rng(0).random((2, 3, 32, 32), np.float32)
    with torch.no_grad():
        seen = Pooled().body(torch.from_numpy(image)).sum((2, 3)).numpy()
    assert np.allclose(run(image)["features"], seen, rtol=1e-4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CATEGORY, r"takes images of \[32, 32\] only"),
        (INPUT + CATEGORY.replace('"disc", ', '"disc", "square", '), r"expected \[1, 3\]"),
        (INPUT + CATEGORY.replace("softmax", "none"), "no probabilities"),
        (INPUT + 'order = "grey"\n' + CATEGORY, "3 channels at axis 1"),
        (INPUT + 'layout = "NHWC"\n' + CATEGORY, "channels at axis 3"),
        (INPUT + 'tensor = "z"\n' + CATEGORY, "one input z; it has x"),
        (INPUT + CATEGORY + 'tensor = "z"\n', "no output 'z'; it has y"),
        ('features = "z"\n' + INPUT + CATEGORY, "no tensor 'z'"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path, text, said):
    path = exported(Pooled(), tmp_path / "theirs.onnx", (1, 3, 32, 32), fixed=True)
    with pytest.raises(PackageError, match=said):
        adopt(path, written(path, text), tmp_path / "fit")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("size = 3\n" + CATEGORY, "size: no such setting"),
        ("[input]\nsise = [3, 3]\n" + CATEGORY, "did you mean size"),
        (INPUT + "tiles = true\n" + CATEGORY.replace("32", "48"), None),
        (INPUT.replace("[32, 32]", "[48, 48]") + "tiles = true\n" + CATEGORY, "power of two"),
        (INPUT.replace("[10.0, 20.0, 30.0]", "[1.0]") + CATEGORY, "1 numbers for 3 channels"),
        (INPUT, "at least one output"),
    ],
)
def test_a_wrong_toml_is_said(tmp_path, text, said):
    path = exported(Pooled(), tmp_path / "theirs.onnx", (1, 3, 32, 32))
    if said is None:
        assert recipe_of(written(path, text)).train.patch == (32, 32)
        return
    with pytest.raises(RecipeError, match=said):
        foreign = written(path, text)
        recipe_of(foreign)
        adopt(path, foreign, tmp_path / "fit")


@pytest.mark.parametrize("what", ["text", "old"])
def test_what_is_no_network_is_refused(tmp_path, what):
    path = tmp_path / "theirs.onnx"
    if what == "text":
        path.write_text("no network", encoding="utf-8")
    else:
        exported(Pooled(), path, (1, 3, 32, 32), opset=11)
    with pytest.raises(PackageError, match="not an ONNX network" if what == "text" else "13 is the least"):
        adopt(path, written(path, INPUT + CATEGORY), tmp_path / "fit")
