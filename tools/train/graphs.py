"""ONNX files: opened as `monitor` opens them, made smaller, cleaned, measured, and pinned in a manifest."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from monitor.encoders.runtime import onnxruntime
from monitor.export.float16 import halve
from monitor.files.toml import toml_value
from monitor.models.manifest import ModelFile

MANIFEST_HEAD = (
    "# The models `monitor` knows. Files are pinned by sha256; paths are relative to this file.\n\n"
)
PARTS = {"audio": "audio.onnx", "text": "text.onnx", "tokenizer": "tokenizer.json"}
"""What every model has -> the file of its folder."""
_NUMBERS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT8, TensorProto.UINT8}
_BRIDGES = {"QuantizeLinear", "DequantizeLinear"}


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """Open a graph on one thread that does not spin."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def store_as_half(path: Path, target: Path | None = None) -> None:
    """Store large weights as float16; notes of the exporter on its machine are dropped."""
    model = onnx.load(path)
    halve(model)
    save_clean(model, target or path)


def save_clean(model: onnx.ModelProto, path: Path) -> None:
    """Check a graph and write it without what the exporter notes about the machine it ran on."""
    strip_traces(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def strip_traces(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes about the machine it ran on: source lines, folders, names of modules."""
    for item in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        del item.metadata_props[:]
        item.doc_string = ""


def digest(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def replace_entry(manifest: Path, name: str, entry: str) -> None:
    """Write the entry of one model to the manifest and leave those of other models as they are.

    `entry` starts with the line `[models.<name>]`.
    """
    text = manifest.read_text() if manifest.exists() else MANIFEST_HEAD
    before, found, rest = text.partition(f"[models.{name}]\n")
    following = rest.find("\n[") if found else -1
    manifest.write_text(before + entry + (rest[following:] if following >= 0 else ""))


def pin_model(models: Path, name: str, settings: Mapping[str, Any]) -> None:
    """Write the entry of the model in `models`/`name`: its files, pinned, and its settings."""
    pinned = {
        part: {"file": f"{name}/{file}", "sha256": digest(models / name / file)}
        for part, file in PARTS.items()
    }
    lines = [f"{key} = {toml_value(value)}" for key, value in {**pinned, **settings}.items()]
    replace_entry(models / "manifest.toml", name, "\n".join([f"[models.{name}]", *lines, ""]))


def pin_part(manifest: Path, name: str, part: str, pinned: ModelFile) -> None:
    """Pin one file more in the entry of one model, or another in its place; all else stays as it is."""
    set_in_entry(manifest, name, part, {"file": pinned.file, "sha256": pinned.sha256})


def set_in_entry(manifest: Path, name: str, key: str, value: Any) -> None:
    """Write one setting of one model, behind its files unless it is there; all else stays as it is."""
    head, begin, rest = manifest.read_text().partition(f"[models.{name}]\n")
    entry, end, others = rest.partition("\n[")
    lines = entry.splitlines()
    starts = [line.partition(" = ")[0] for line in lines]
    line = f"{key} = {toml_value(value)}"
    if key in starts:
        lines[starts.index(key)] = line
    else:
        lines.insert(starts.index("tokenizer") + 1, line)
    manifest.write_text(head + begin + "\n".join(lines) + "\n" * entry.endswith("\n") + end + others)


def as_single(model: onnx.ModelProto) -> onnx.ModelProto:
    """Undo `store_as_half`: the weights become float32 again, and the casts go."""
    graph = model.graph
    halves = {weight.name: weight for weight in graph.initializer if weight.data_type == TensorProto.FLOAT16}
    casts = {node.input[0]: node for node in graph.node if node.op_type == "Cast" and node.input[0] in halves}
    for name, node in casts.items():
        values = numpy_helper.to_array(halves[name]).astype(np.float32)
        halves[name].CopyFrom(numpy_helper.from_array(values, node.output[0]))
    kept = [node for node in graph.node if not (node.op_type == "Cast" and node.input[0] in casts)]
    del graph.node[:]
    graph.node.extend(kept)
    return model


def nodes_above(graph: onnx.GraphProto, roots: Iterable[onnx.NodeProto]) -> set[str]:
    """Name the outputs of all nodes that some root needs, the roots' own among them."""
    maker = {name: node for node in graph.node for name in node.output}
    found: set[str] = set()
    waiting = [name for root in roots for name in root.output]
    while waiting:
        name = waiting.pop()
        if name in maker and name not in found:
            found.add(name)
            waiting.extend(maker[name].input)
    return found


def front_end(graph: onnx.GraphProto) -> set[str]:
    """Name the outputs of all nodes up to the logarithm: the front end; none where there is no logarithm."""
    return nodes_above(graph, [node for node in graph.node if node.op_type == "Log"])


@dataclass(frozen=True)
class Size:
    """What a graph costs for one window."""

    parameters: int
    """Values stored for the network behind the front end."""
    network_mmacs: float
    """Million multiplications of its convolutions and matrix products."""
    front_mmacs: float
    """The same of the front end."""


def measure_size(path: Path, feed: dict[str, NDArray[np.float32]]) -> Size:
    """Count parameters, and multiplications by running the graph with every product as an output."""
    model = as_single(onnx.load(path))
    graph = model.graph
    front = front_end(graph)
    weights = {weight.name: weight for weight in graph.initializer}
    products = [node for node in graph.node if node.op_type in {"Conv", "Gemm", "MatMul"}]
    present = {value.name for value in graph.output}
    wanted = {name for node in products for name in (*node.input[:2], node.output[0])}
    wanted -= {*feed, *present, *weights}
    graph.output.extend(helper.make_empty_tensor_value_info(name) for name in sorted(wanted))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [value.name for value in session.get_outputs()]
    values = dict(zip(names, session.run(names, feed), strict=True)) | feed
    shapes = {name: value.shape for name, value in values.items()}
    shapes |= {name: tuple(weight.dims) for name, weight in weights.items()}
    counts = {True: 0, False: 0}
    for node in products:
        each = shapes[node.input[1]][1:] if node.op_type == "Conv" else shapes[node.input[0]][-1:]
        counts[node.output[0] in front] += math.prod(shapes[node.output[0]]) * math.prod(each)
    used = {
        name
        for node in graph.node
        if node.output[0] not in front
        for name in node.input[: 1 if node.op_type in _BRIDGES else None]  # the others are scales
    }
    stored = [weight for weight in weights.values() if weight.name in used and weight.data_type in _NUMBERS]
    parameters = sum(math.prod(weight.dims) for weight in stored)
    return Size(parameters, counts[False] / 1e6, counts[True] / 1e6)
