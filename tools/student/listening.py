"""The audio teacher, with all that can be seen between its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from teacher import Teacher
from torch import Tensor
from torch.nn import functional

_STRIDES = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1)
_PLAIN_BLOCKS = 6
_EPSILON = 1e-3
"""Of its norms."""


@dataclass(frozen=True)
class Heard:
    """What the teacher makes of a batch of sound."""

    mel: Tensor
    """float32 (n, 1, 128, frames): its log-mel."""
    maps: list[Tensor]
    """Map 0, the stem's, to map 15, the last block's; each (n, channels, frequency, time)."""
    pooled: Tensor
    """(n, 384)."""
    hidden: Tensor
    """(n, 512), the layer before the logits."""
    logits: Tensor
    """(n, 527)."""


class OpenTeacher(Teacher):
    """The teacher, showing what passes from block to block, and nothing of what is inside one.

    Its norms are folded into the convolutions and its maps lie channels last: half the time.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folded: dict[str, tuple[Tensor, Tensor]] = {}

    @torch.no_grad()
    def listen(self, audio: Tensor) -> Tensor:
        """Return the log-mel alone, to learn from: (n, 1, 128, frames), channels last."""
        mel: Tensor = self.front(audio).contiguous(memory_format=torch.channels_last)
        return mel

    @torch.inference_mode()
    def hear(self, audio: Tensor) -> Heard:
        """Hear audio (n, samples) at 32 kHz, full scale +-1.0."""
        mel = self.front(audio)
        stem = self._conv(mel, "features.0", stride=2).contiguous(memory_format=torch.channels_last)
        maps = [functional.hardswish(stem)]
        for number, stride in enumerate(_STRIDES, start=1):
            maps.append(self._block(maps[-1], f"features.{number}.block", stride, number <= _PLAIN_BLOCKS))
        pooled = functional.hardswish(self._conv(maps[-1], "features.16")).mean((2, 3))
        hidden = functional.hardswish(self._linear(pooled, "classifier.2"))
        return Heard(mel, maps, pooled, hidden, self._linear(hidden, "classifier.5"))

    def _conv(self, x: Tensor, name: str, stride: int = 1, groups: int = 1) -> Tensor:
        if name not in self._folded:
            self._folded[name] = self._fold(name)
        weight, bias = self._folded[name]
        return functional.conv2d(x, weight, bias, stride, weight.shape[2] // 2, 1, groups)

    def _fold(self, name: str) -> tuple[Tensor, Tensor]:
        """Fold a norm into the convolution before it."""
        norm = {
            key: self._state[f"{name}.1.{key}"] for key in ("running_mean", "running_var", "weight", "bias")
        }
        gain = norm["weight"] / torch.sqrt(norm["running_var"] + _EPSILON)
        weight = self._state[f"{name}.0.weight"] * gain[:, None, None, None]
        bias = norm["bias"] - norm["running_mean"] * gain
        return weight.contiguous(memory_format=torch.channels_last), bias
