"""Shuffled weights of a model.onnx: every value kept, its place lost, and nothing else touched."""

import numpy as np
import pytest

from vesale.engine.runtimes import open_onnx
from vesale.engine.shuffle import is_weight, shuffled_onnx

onnx = pytest.importorskip("onnx")


def initialisers(data):
    return {t.name: (t, onnx.numpy_helper.to_array(t)) for t in onnx.load_from_string(data).graph.initializer}


def made(raw=True):
    """y = relu(x w) v + b, written with raw bytes or with packed floats."""
    rng = np.random.default_rng(0)
    tensors = []
    for name, shape in (("w", (6, 5)), ("v", (5, 2)), ("b", (2,)), ("mean", (1, 6))):
        values = rng.normal(size=shape).astype(np.float32)
        if raw:
            tensors.append(onnx.numpy_helper.from_array(values, name))
        else:
            tensors.append(onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, shape, values.ravel()))
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "w"], ["h"]),
        onnx.helper.make_node("Relu", ["h"], ["r"]),
        onnx.helper.make_node("MatMul", ["r", "v"], ["m"]),
        onnx.helper.make_node("Add", ["m", "b"], ["y"]),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "made",
        [value("x", onnx.TensorProto.FLOAT, ("n", 6))],
        [value("y", onnx.TensorProto.FLOAT, ("n", 2))],
        tensors,
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)]).SerializeToString()


@pytest.mark.parametrize("raw", [True, False])
def test_values_stay_and_places_change(raw):
    data = made(raw)
    changed, count = shuffled_onnx(data, 0)
    assert len(changed) == len(data)
    assert count == 2
    before, after = initialisers(data), initialisers(changed)
    for name in ("w", "v"):
        assert not np.array_equal(before[name][1], after[name][1])
        assert np.array_equal(np.sort(before[name][1], None), np.sort(after[name][1], None))
    for name in ("b", "mean"):
        assert np.array_equal(before[name][1], after[name][1])


def test_what_is_no_weight_is_the_same_byte_for_byte():
    data = made()
    first, second = onnx.load_from_string(data), onnx.load_from_string(shuffled_onnx(data, 0)[0])
    del first.graph.initializer[:], second.graph.initializer[:]
    assert first == second


def test_a_seed_gives_one_order_and_another_seed_another():
    data = made()
    assert shuffled_onnx(data, 1) == shuffled_onnx(data, 1)
    assert shuffled_onnx(data, 1) != shuffled_onnx(data, 2)


@pytest.mark.train
def test_a_package_of_ours_still_runs_and_answers_otherwise(tiny_package, tmp_path):
    data = (tiny_package["discs"].model / "model.onnx").read_bytes()
    changed, count = shuffled_onnx(data, 0)
    assert count >= 5
    (tmp_path / "model.onnx").write_bytes(changed)
    image = np.random.default_rng(0).random((2, 1, 32, 32), np.float32)
    found = open_onnx(tmp_path / "model.onnx")(image)["label"]
    wanted = open_onnx(tiny_package["discs"].model / "model.onnx")(image)["label"]
    assert found.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert np.abs(found - wanted).max() > 1e-4


@pytest.mark.parametrize("data", [b"\x3a\xff\xff\xff\xff\x7f", b"no model at all", b"\xff" * 20, b"\x3b\x01"])
def test_what_is_no_model_is_said_so(data):
    with pytest.raises(ValueError, match="no ONNX model"):
        shuffled_onnx(data, 0)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((16, 3, 3, 3), True), ((8, 1, 3, 3), True), ((1, 64), True), ((2, 16), True), ((2, 2), False), ((64,), False),
     ((1, 3, 1, 1), False), ((1, 500, 1, 1), False), ((), False), ((4, 16, 1, 1), True)],
)  # fmt: skip
def test_what_counts_as_a_weight(shape, wanted):
    assert is_weight(shape) is wanted
