"""The student as one ONNX file: the teacher's front end, made cheap, inside the graph."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import torch
from graphs import store_as_half
from torch import Tensor, nn
from torch.nn import functional

from student.network import Scale, Student

OPSET = 18
HALF, N_FFT, HOP = 400, 1024, 320
"""Half a window, the transform's length and the hop, in samples at 32 kHz."""
STEP = 160
"""Samples that window and hop are multiples of."""
BINS = 480
"""Up to the teacher's highest band, 15 kHz."""
LEAST_POWER = 1e-5


class FrontEnd(nn.Module):
    """Audio (n, samples) at 32 kHz -> the teacher's log-mel (n, 1, 128, frames), at a third of the products.

    A window is symmetric about its middle, so a frame and its mirror image are added for the cosines and
    subtracted for the sines; sums and differences about a quarter of the transform then serve the even and
    the odd bins. Four products of 256 x 240 take the place of two of 800 x 480.
    """

    bases: Tensor
    window: Tensor
    mel: Tensor

    def __init__(self, mel: Tensor) -> None:
        super().__init__()
        at = torch.arange(N_FFT // 4).double() + 0.5
        even, odd = (torch.arange(first, BINS, 2).double() for first in (0, 1))
        angles = [2 * math.pi / N_FFT * at[:, None] * bins for bins in (even, odd)]
        bases = [angles[0].cos(), angles[1].cos(), angles[0].sin(), angles[1].sin()]
        self.register_buffer("bases", torch.stack(bases).float())
        half = torch.hann_window(2 * HALF, periodic=False, dtype=torch.float64)[HALF:]
        self.register_buffer("window", half.float())
        used = torch.cat([mel[:, 0:BINS:2], mel[:, 1:BINS:2]], dim=1)
        self.register_buffer("mel", used.contiguous())

    def forward(self, audio: Tensor) -> Tensor:
        """Hear audio of full scale +-1.0."""
        emphasised = audio[:, 1:] - 0.97 * audio[:, :-1]
        padded = functional.pad(emphasised[:, None], (HALF, HALF + 1), mode="reflect")[:, 0]
        frames = emphasised.shape[1] // HOP + 1
        blocks = padded[:, : STEP * (2 * frames + 3)].reshape(-1, 2 * frames + 3, STEP)
        whole = torch.cat([blocks[:, at : at + 2 * frames - 1 : 2] for at in range(5)], dim=2)
        before, after = whole[:, :, :HALF].flip(2) * self.window, whole[:, :, HALF:] * self.window
        total, change = after + before, after - before
        power = torch.cat(
            [
                (self._fold(total, 1) @ self.bases[0]).square()
                + (self._fold(change, -1) @ self.bases[2]).square(),
                (self._fold(total, -1) @ self.bases[1]).square()
                + (self._fold(change, 1) @ self.bases[3]).square(),
            ],
            dim=2,
        )
        level = torch.log(self.mel @ power.transpose(1, 2) / LEAST_POWER + 1) + math.log(LEAST_POWER)
        return ((level + 4.5) / 5)[:, None]

    def _fold(self, x: Tensor, sign: int) -> Tensor:
        """Add or subtract what lies behind a quarter of the transform: (n, frames, 400) -> 256."""
        quarter = N_FFT // 4
        behind = x[:, :, quarter:].flip(2) * sign  # of 256 to 399, to add to 255 down to 112
        start = N_FFT // 2 - HALF
        return torch.cat([x[:, :, :start], x[:, :, start:quarter] + behind], dim=2)


@torch.no_grad()
def folded(student: Student) -> Student:
    """Return the same function in the teacher's units: every scale, bend and skip folded into a layer."""
    student = copy.deepcopy(student).eval()
    for layer, (bend, _) in zip((student.stem, student.last, student.hidden), student.bends(), strict=True):
        _scale_output(layer, bend.gain, bend.shift)
    for before, after, block in zip(student.scales, list(student.scales)[1:], student.blocks, strict=False):
        _scale_input(block.expand, before)
        shift = after.mean - before.mean if block.has_skip else after.mean
        _scale_output(block.project, after.deviation, shift)
        block.skip = None
    _scale_input(student.last, student.scales[-1])
    _scale_input(student.hidden, student.pooled_scale)
    _scale_input(student.logits, student.hidden_scale)
    student.stem_bend = student.last_bend = student.hidden_bend = nn.Hardswish()
    student.pooled_scale = student.hidden_scale = nn.Identity()
    student.scales = nn.ModuleList(nn.Identity() for _ in student.scales)
    return student


def _scale_output(layer: nn.Conv2d | nn.Linear, gain: Tensor, shift: Tensor) -> None:
    """Make a layer return gain y + shift."""
    layer.weight *= gain.view(-1, *[1] * (layer.weight.dim() - 1))
    layer.bias.copy_(layer.bias * gain + shift)


def _scale_input(layer: nn.Conv2d | nn.Linear, scale: Scale) -> None:
    """Make a layer without a border standardise what it is given."""
    shape = (1, -1) + (1,) * (layer.weight.dim() - 2)
    layer.weight /= scale.deviation.view(shape)
    layer.bias -= layer.weight.flatten(1) @ scale.mean


class StudentGraph(nn.Module):
    """Audio (n, samples) at 32 kHz -> what the student makes of it.

    With a place, a point in the joint space (n, d), unit norm; without, hidden (n, 512) and logits (n, 527).
    """

    def __init__(self, student: Student, mel: Tensor, place: nn.Module | None = None) -> None:
        super().__init__()
        self.front, self.student, self.place = FrontEnd(mel), folded(student), place
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
    """Write one file with a free batch; large weights are stored in half precision."""
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
