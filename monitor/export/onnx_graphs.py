"""Towers as one-file ONNX graphs, and their int8 forms."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import NodeProto

from monitor.errors import ModelError
from monitor.export.float16 import halve
from monitor.export.tower_networks import TextTower
from monitor.models.onnx_file import NotOneGraph, check_one_graph

OPSET = 18
_EXAMPLES = 2
"""With a batch of one the exporter would take the one for a constant."""
_EXAMPLE_TOKENS = 7
_RESULT = "unit_embedding"
"""Name of the result while the exporter works."""
_RESERVED_POSITIONS = 2
"""RoBERTa counts positions from two."""


def write_audio(tower: torch.nn.Module, path: Path, input_len: int) -> None:
    """Write audio float32 (n, input_len) -> embedding float32 (n, dim)."""
    _write(tower, (torch.randn(_EXAMPLES, input_len) * 0.1,), path, ["audio"], ({0: torch.export.Dim("n")},))


def write_text(tower: TextTower, path: Path, positions: int) -> None:
    """Write input_ids, attention_mask int64 (n, t) -> embedding float32 (n, dim)."""
    ids = torch.arange(4, 4 + _EXAMPLE_TOKENS).repeat(_EXAMPLES, 1)
    mask = torch.ones_like(ids)
    mask[0, -2:] = 0
    tokens = torch.export.Dim("t", min=1, max=positions - _RESERVED_POSITIONS)
    shape = {0: torch.export.Dim("n"), 1: tokens}
    _write(tower, (ids, mask), path, ["input_ids", "attention_mask"], (shape, shape))


def quantise(path: Path, target: Path) -> None:
    """Write the graph with the matrices of its network as int8.

    One scale per output channel and seven bits of eight, so that processors without VNNI, where sums of
    8 by 8 bits saturate, give the same answers. The front end, which spans 100 dB, stays as it is.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(path)
    del model.graph.value_info[:]  # what the exporter noted about types misleads the quantiser
    with _quiet():
        quantize_dynamic(
            model,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            nodes_to_exclude=_front_end(model.graph),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
    finish(target)


def store_as_half(path: Path, target: Path) -> None:
    """Write the graph with its large weights as float16; it computes in float32 as before."""
    model = onnx.load(path)
    halve(model)
    target.write_bytes(model.SerializeToString())
    finish(target)


def finish(path: Path) -> None:
    """Drop what the tools note about the machine they ran on, and check that the file is whole.

    Raises
    ------
    ModelError
        The graph is not valid, or keeps weights in another file.
    """
    model = onnx.load(path)
    del model.graph.value_info[:]
    for item in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        del item.metadata_props[:]
        item.doc_string = ""
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    try:
        check_one_graph(content)
    except NotOneGraph as error:
        raise ModelError(f"{path.name} is refused, {error}.") from None
    path.write_bytes(content)


def _write(
    tower: torch.nn.Module, example: tuple[Any, ...], path: Path, inputs: list[str], shapes: Any
) -> None:
    with _quiet(), torch.inference_mode():
        torch.onnx.export(
            tower.eval(),
            example,
            str(path),
            input_names=inputs,
            output_names=[_RESULT],
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=shapes,
            external_data=False,
            verbose=False,
        )
    model = onnx.load(path)
    _rename(model.graph, "embedding", "looked_up")  # the exporter's own name for a row of a table
    _rename(model.graph, _RESULT, "embedding")
    onnx.save(model, path)
    finish(path)


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new
    for value in graph.output:
        if value.name == old:
            value.name = new


def _front_end(graph: onnx.GraphProto) -> list[str]:
    """Return the names of the nodes up to the logarithm; none in a text tower."""
    maker: dict[str, NodeProto] = {name: node for node in graph.node for name in node.output}
    waiting = [name for node in graph.node if node.op_type == "Log" for name in node.output]
    found: dict[str, NodeProto] = {}
    while waiting:
        name = waiting.pop()
        if name in maker and name not in found:
            found[name] = maker[name]
            waiting.extend(maker[name].input)
    return sorted({node.name for node in found.values()})


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks, which are for its own developers, from the user's screen."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "root", "")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
