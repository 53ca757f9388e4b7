"""Back from a model that was shipped to a student that can go on learning.

The shipped graph is the student in the teacher's units, its scales folded into its layers (graph.py), and its
weights keep their names. Scales and bends follow from sound alone, so any set of them will do: unfolded with
new ones, the student answers as the graph does, but for weights stored as float16. The optimiser restarts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from tools.train.student.network import Scale, Student

_PREFIX, _HALF = "student.", "_half"


def shipped_weights(path: Path) -> dict[str, Tensor]:
    """Return the folded student's weights by name.

    Raises
    ------
    SystemExit
        The graph is no student.
    """
    stored = {one.name.removesuffix(_HALF): one for one in onnx.load(path).graph.initializer}
    wanted = dict(Student().named_parameters())
    missing = [name for name in wanted if _PREFIX + name not in stored]
    if missing:
        raise SystemExit(f"{path} is no student of tools/train/export_student.py: it has no {missing[0]}.")
    return {
        name: torch.from_numpy(numpy_helper.to_array(stored[_PREFIX + name]).astype(np.float32))
        for name in wanted
    }


@torch.no_grad()
def unfold(student: Student, weights: dict[str, Tensor]) -> None:
    """Give a student with scales (`start.prepare`) the function that folded weights have."""
    for name, own in student.named_parameters():
        own.copy_(weights[name])
    _unscale_input(student.logits, student.hidden_scale)
    _unscale_input(student.hidden, student.pooled_scale)
    _unscale_input(student.last, student.steps()[-1][2])
    for block, before, after in student.steps():
        shift = after.mean - before.mean if block.has_skip else after.mean
        _unscale_output(block.project, after.deviation, shift)
        _unscale_input(block.expand, before)
    layers: tuple[nn.Conv2d | nn.Linear, ...] = (student.stem, student.last, student.hidden)
    for layer, (bend, _) in zip(layers, student.bends(), strict=True):
        _unscale_output(layer, bend.gain, bend.shift)


def _unscale_output(layer: nn.Conv2d | nn.Linear, gain: Tensor, shift: Tensor) -> None:
    """Make a layer that returns gain y + shift return y."""
    layer.weight /= gain.view(-1, *[1] * (layer.weight.dim() - 1))
    assert layer.bias is not None  # noqa: S101
    layer.bias.copy_((layer.bias - shift) / gain)


def _unscale_input(layer: nn.Conv2d | nn.Linear, scale: Scale) -> None:
    """Make a layer that standardises what it is given expect it standardised."""
    assert layer.bias is not None  # noqa: S101
    layer.bias += layer.weight.flatten(1) @ scale.mean
    layer.weight *= scale.deviation.view((1, -1) + (1,) * (layer.weight.dim() - 2))
