"""The student as one ONNX file, behind the teacher's front end, which the encoder draws."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from monitor.export.bare_network import take_off_front_end
from monitor.export.kaldi_mel import FrontEnd
from tools.train.graphs import store_as_half
from tools.train.student.network import Scale, Student

OPSET = 18


@torch.no_grad()
def folded(student: Student) -> Student:
    """Return the same function in the teacher's units: every scale, bend and skip folded into a layer."""
    student = copy.deepcopy(student).eval()
    layers: tuple[nn.Conv2d | nn.Linear, ...] = (student.stem, student.last, student.hidden)
    for layer, (bend, _) in zip(layers, student.bends(), strict=True):
        _scale_output(layer, bend.gain, bend.shift)
    for block, before, after in student.steps():
        _scale_input(block.expand, before)
        shift = after.mean - before.mean if block.has_skip else after.mean
        _scale_output(block.project, after.deviation, shift)
        block.skip = None
    _scale_input(student.last, student.steps()[-1][2])
    _scale_input(student.hidden, student.pooled_scale)
    _scale_input(student.logits, student.hidden_scale)
    for name in ("stem_bend", "last_bend", "hidden_bend"):
        setattr(student, name, nn.Hardswish())
    for name in ("pooled_scale", "hidden_scale"):
        setattr(student, name, nn.Identity())
    student.scales = nn.ModuleList(nn.Identity() for _ in student.scales)
    return student


def _scale_output(layer: nn.Conv2d | nn.Linear, gain: Tensor, shift: Tensor) -> None:
    """Make a layer return gain y + shift."""
    layer.weight *= gain.view(-1, *[1] * (layer.weight.dim() - 1))
    assert layer.bias is not None  # noqa: S101
    layer.bias.copy_(layer.bias * gain + shift)


def _scale_input(layer: nn.Conv2d | nn.Linear, scale: Scale) -> None:
    """Make a layer without a border standardise what it is given."""
    shape = (1, -1) + (1,) * (layer.weight.dim() - 2)
    layer.weight /= scale.deviation.view(shape)
    assert layer.bias is not None  # noqa: S101
    layer.bias -= layer.weight.flatten(1) @ scale.mean


class StudentGraph(nn.Module):
    """Audio (n, samples) at 32 kHz -> what the student makes of it.

    With a place, a point in the joint space (n, d), unit norm; without, hidden (n, 512) and logits (n, 527).
    """

    def __init__(self, student: Student, place: nn.Module | None = None) -> None:
        super().__init__()
        self.front, self.student, self.place = FrontEnd(), folded(student), place
        self.register_buffer("mean", student.hidden_scale.mean.clone())
        self.register_buffer("deviation", student.hidden_scale.deviation.clone())

    def forward(self, audio: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Hear audio of full scale +-1.0."""
        hidden, logits = self.student(self.front(audio))
        if self.place is None:
            return hidden, logits
        point: Tensor = self.place((hidden - self.mean) / self.deviation, logits)
        return point


def export(graph: StudentGraph, path: Path, window_len: int) -> None:
    """Write one file with a free batch and no front end; large weights are stored in half precision."""
    torch.onnx.export(
        graph.eval(),
        (torch.randn(2, window_len) * 0.1,),
        str(path),
        input_names=["audio"],
        output_names=["embedding"] if graph.place is not None else ["hidden", "logits"],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("n")},),
        external_data=False,
    )
    store_as_half(path)
    take_off_front_end(path)
