"""ONNX graphs: halved and whole again, and measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tools.load import load_tool

graphs = load_tool("tools.train.graphs")
onnx = pytest.importorskip("onnx")

CHANNELS, TAPS, FRAMES = 16, 8, 16


def write_tower(path: Path) -> None:
    """Write a front end (convolution, logarithm), two convolutions and a matrix behind them."""
    rng = np.random.default_rng(0)
    tensors = {
        "basis": rng.normal(size=(CHANNELS, 1, TAPS)),
        "one": np.ones(1),
        "first": rng.normal(size=(32, CHANNELS, 3)),
        "second": rng.normal(size=(32, 32, 1)),
        "matrix": rng.normal(size=(32, 5)),
    }
    node = onnx.helper.make_node
    nodes = [
        node("Conv", ["audio", "basis"], ["parts"], strides=[TAPS]),
        node("Mul", ["parts", "parts"], ["power"]),
        node("Add", ["power", "one"], ["lifted"]),
        node("Log", ["lifted"], ["picture"]),
        node("Conv", ["picture", "first"], ["seen"], pads=[1, 1]),
        node("Relu", ["seen"], ["bent"]),
        node("Conv", ["bent", "second"], ["mixed"]),
        node("ReduceMean", ["mixed"], ["pooled"], axes=[2], keepdims=0),
        node("MatMul", ["pooled", "matrix"], ["embedding"]),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "tower",
        [value("audio", onnx.TensorProto.FLOAT, ["n", 1, TAPS * FRAMES])],
        [value("embedding", onnx.TensorProto.FLOAT, ["n", 5])],
        [onnx.numpy_helper.from_array(data.astype(np.float32), name) for name, data in tensors.items()],
    )
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path
    )


@pytest.fixture
def tower(tmp_path: Path) -> Path:
    path = tmp_path / "tower.onnx"
    write_tower(path)
    return path


def feed() -> dict[str, Any]:
    return {"audio": np.random.default_rng(1).normal(size=(1, 1, TAPS * FRAMES)).astype(np.float32)}


def answer(path: Path, given: dict[str, Any]) -> Any:
    return graphs.open_session(path).run(None, given)[0]


def test_half_storage_keeps_the_answers_to_half_precision_and_the_interface(tower: Path) -> None:
    half = tower.with_name("half.onnx")
    graphs.store_as_half(tower, half)
    assert half.stat().st_size < tower.stat().st_size
    np.testing.assert_allclose(answer(half, feed()), answer(tower, feed()), rtol=0.02, atol=0.02)


def test_weights_made_whole_again_need_no_casts_and_answer_as_the_halves_do(tower: Path) -> None:
    half, whole = tower.with_name("half.onnx"), tower.with_name("whole.onnx")
    graphs.store_as_half(tower, half)
    model = graphs.as_single(onnx.load(half))
    graphs.save_clean(model, whole)
    assert not [node for node in model.graph.node if node.op_type == "Cast"]
    np.testing.assert_allclose(answer(whole, feed()), answer(half, feed()), rtol=1e-5, atol=1e-5)


def test_products_and_parameters_are_counted_apart_from_the_front_end(tower: Path) -> None:
    size = graphs.measure_size(tower, feed())
    assert size.front_mmacs == pytest.approx(CHANNELS * TAPS * FRAMES / 1e6)
    assert size.network_mmacs == pytest.approx((32 * CHANNELS * 3 * FRAMES + 32 * 32 * FRAMES + 32 * 5) / 1e6)
    assert size.parameters == 32 * CHANNELS * 3 + 32 * 32 + 32 * 5


def test_an_entry_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.toml"
    graphs.replace_entry(manifest, "one", "[models.one]\ndim = 1\n")
    graphs.replace_entry(manifest, "two", "[models.two]\ndim = 2\n")
    graphs.replace_entry(manifest, "one", "[models.one]\ndim = 3\n")
    lines = [line for line in manifest.read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["[models.one]", "dim = 3", "[models.two]", "dim = 2"]
