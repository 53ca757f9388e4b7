"""Weights of a graph as float16, which halves its file."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST_HALVED = 1024
"""Values; smaller tensors, such as biases, stay float32."""
_KEPT = "basis"
"""In the name of what stays float32: a Fourier transform must not add noise to faint sound."""


def halve(model: onnx.ModelProto) -> None:
    """Store large weights as float16 with a cast behind each; the arithmetic stays float32.

    ONNX Runtime folds the casts when it loads the graph.
    """
    graph = model.graph
    del graph.value_info[:]
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or _KEPT in weight.name:
            continue
        if int(np.prod(weight.dims)) < SMALLEST_HALVED:
            continue
        name = weight.name
        weight.CopyFrom(
            numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}_half")
        )
        casts.append(helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
