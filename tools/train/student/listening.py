"""The audio teacher, with all that can be seen between its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from tools.train.teacher import Teacher


@dataclass(frozen=True)
class Outputs:
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

    Its maps lie channels last: half the time.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.network.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def listen(self, audio: Tensor) -> Tensor:
        """Return the log-mel alone, to learn from: (n, 1, 128, frames), channels last."""
        mel: Tensor = self.front(audio).contiguous(memory_format=torch.channels_last)
        return mel

    @torch.inference_mode()
    def hear(self, audio: Tensor) -> Outputs:
        """Hear audio (n, samples) at 32 kHz, full scale +-1.0."""
        mel = self.front(audio)
        maps = [self.network.first(mel.contiguous(memory_format=torch.channels_last))]
        for block in self.network.blocks:
            maps.append(block(maps[-1]))
        pooled = self.network.pool(maps[-1])
        hidden = self.network.think(pooled)
        return Outputs(mel, maps, pooled, hidden, self.network.logits(hidden))
