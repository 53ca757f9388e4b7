"""A graph that hears sound through Kaldi's mel bands -> the same network, given the log-mel spectrogram.

The encoder draws it (`monitor.encoders.kaldi_mel`), and draws what two windows share once; the matrices of
the graph's own Fourier transform go. Every weight of the network stays as it is, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from monitor.encoders.kaldi_mel import BANDS, draw, frame_count
from monitor.errors import ModelError
from monitor.models.signature import FEATURES


def feed_of(first_input: str, sound: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return what an audio tower whose first input has that name is given for `sound`, float32 (n, t)."""
    if first_input != FEATURES:
        return {first_input: sound}
    return {FEATURES: np.stack([draw(one) for one in sound])[:, np.newaxis]}


def take_off_front_end(path: Path) -> None:
    """Let the graph in a file take ``input_features (n, 1, frames, BANDS)`` instead of sound (n, samples).

    The front end is what stands before the first convolution.

    Raises
    ------
    ModelError
        The graph does not take sound, or has no convolution.
    """
    model = onnx.load(path)
    graph = model.graph
    first = next((node for node in graph.node if node.op_type == "Conv"), None)
    sizes = [one.dim_value for one in graph.input[0].type.tensor_type.shape.dim]
    if first is None or len(graph.input) != 1 or len(sizes) != 2:
        raise ModelError("The graph is no network behind a front end; valid: sound in, convolutions.")
    sound, spectrogram = graph.input[0].name, first.input[0]
    kept = [node for node in graph.node if spectrogram not in node.output]
    _rename_inputs(kept, sound, FEATURES)  # its shape may still be asked for
    turned = helper.make_node("Transpose", [FEATURES], [spectrogram], perm=[0, 1, 3, 2])
    _keep(graph, [turned, *kept])
    shape: list[str | int | None] = ["n", 1, frame_count(sizes[1]), BANDS]
    graph.input[0].CopyFrom(helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, shape))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _rename_inputs(nodes: Iterable[onnx.NodeProto], old: str, new: str) -> None:
    for node in nodes:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = new


def _keep(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    """Leave of a graph those of `nodes` that its outputs need, and their weights."""
    needed = {value.name for value in graph.output}
    found = []
    for node in reversed(nodes):  # each stands behind all that it needs
        if needed.intersection(node.output):
            found.append(node)
            needed.update(node.input)
    weights = [weight for weight in graph.initializer if weight.name in needed]
    del graph.node[:], graph.value_info[:], graph.initializer[:]
    graph.node.extend(reversed(found))
    graph.initializer.extend(weights)
