"""The audio teacher, EfficientAT mn04_as (F. Schmid, MIT), rebuilt from its published weights; never shipped.

MobileNetV3-Large at width 0.4 on 128 Kaldi mel bands of 32 kHz audio; 527 AudioSet classes.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from monitor.encoders.kaldi_mel import RATE
from monitor.encoders.weights import load_pickle, named_tensors
from monitor.export.kaldi_mel import PlainFrontEnd
from monitor.export.mobilenet import MobileNet

__all__ = ["RATE", "Teacher"]


class Teacher(nn.Module):
    """Audio (n, samples) at 32 kHz -> last hidden layer (n, 512) and logits (n, 527)."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.plain = PlainFrontEnd()
        self.network = MobileNet(named_tensors(load_pickle(folder / "mn04_as_mAP_432.pt")))

    def front(self, audio: Tensor) -> Tensor:
        """Compute its log-mel spectrogram: (n, 1, 128, frames)."""
        spectrogram: Tensor = self.plain(audio)
        return spectrogram

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Hear audio of full scale +-1.0."""
        heard: tuple[Tensor, Tensor] = self.network(self.front(audio))
        return heard
