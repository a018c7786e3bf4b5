"""The ONNX file answers as the network does, for any number and size of images, and weighs half as much."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

import tiny  # noqa: E402
from vesale.core.errors import PackageError  # noqa: E402
from vesale.core.task import Category, Partition, Quantity, Task  # noqa: E402
from vesale.engine.export import Answering, export_onnx  # noqa: E402
from vesale.engine.runtimes import open_onnx  # noqa: E402
from vesale.nets import build  # noqa: E402

pytestmark = pytest.mark.train
MANY = {"label": Category(("a", "b")), "grade": Quantity(steps=("0", "1", "2")), "age": Quantity("years")}


def exported(recipe, folder, sizes):
    torch.manual_seed(0)
    net = build(recipe).eval()
    export_onnx(net, recipe, folder / "model.onnx", sizes)
    return Answering(net, recipe), open_onnx(folder / "model.onnx", 1)


@pytest.mark.slow
@pytest.mark.parametrize("dense", [False, True])
def test_answers_equal_torch_for_other_sizes_and_batches(tmp_path, dense):
    outputs = {"mask": Partition(("background", "line")), **MANY} if dense else MANY
    recipe = tiny.recipe(Task("t", outputs))
    plain, run = exported(recipe, tmp_path, (32, 32))
    for n, shape in ((1, (32, 32)), (3, (64, 48)), (5, (96, 32))):
        sizes = shape if dense else (32, 32)
        image = torch.rand(n, 1, *sizes)
        with torch.no_grad():
            expected = plain(image)
        found = run(image.numpy())
        assert list(found) == [*outputs, "features"]
        for name, want in zip(found, expected, strict=True):
            assert found[name].shape == tuple(want.shape), name
            assert np.abs(found[name] - want.numpy()).max() < 2e-3 * max(1, float(want.abs().max())), name


@pytest.mark.slow
def test_weights_are_stored_in_half_precision(tmp_path):
    recipe = tiny.recipe(tiny.LINES)
    plain, _ = exported(recipe, tmp_path, (32, 32))
    onnx = pytest.importorskip("onnx")
    model = onnx.load(tmp_path / "model.onnx")
    large = [t for t in model.graph.initializer if np.prod(t.dims) > 256]
    assert large
    assert all(t.data_type == onnx.TensorProto.FLOAT16 for t in large)
    half = 2 * sum(p.numel() for p in plain.parameters())
    assert (tmp_path / "model.onnx").stat().st_size < half + 60_000
    text = (tmp_path / "model.onnx").read_bytes()
    assert b"site-packages" not in text, "no path of the machine that made it"


def test_an_output_called_features_is_the_task_s(tmp_path):
    recipe = tiny.recipe(Task("t", {"features": Category(("a", "b"))}))
    _, run = exported(recipe, tmp_path, (32, 32))
    found = run(np.zeros((1, 1, 32, 32), np.float32))
    assert list(found) == ["features"] and found["features"].shape == (1, 2)


def test_a_broken_file_is_a_package_error(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"no such thing")
    with pytest.raises(PackageError, match=r"model\.onnx"):
        open_onnx(tmp_path / "model.onnx")
    with pytest.raises(PackageError):
        open_onnx(tmp_path / "absent.onnx")
