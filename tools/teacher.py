"""The audio teacher, EfficientAT mn04_as (F. Schmid, MIT), rebuilt from its published weights; never shipped.

MobileNetV3-Large at width 0.4 on 128 Kaldi mel bands of 32 kHz audio; 527 AudioSet classes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

RATE = 32_000
"""Hz."""
_STRIDES = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1)
_PLAIN_BLOCKS = 6
"""The first so many blocks use ReLU, the others hard swish."""
_N_FFT, _WINDOW, _HOP, _MELS, _HIGHEST_HZ = 1024, 800, 320, 128, 15_000.0


def _mel_weights() -> NDArray[np.float32]:
    """Triangles on Kaldi's mel scale, 1127 ln(1 + f/700), from 0 to 15 kHz: (128, 513)."""
    step = 1127 * np.log1p(_HIGHEST_HZ / 700) / (_MELS + 1)
    bins = 1127 * np.log1p(np.arange(_N_FFT // 2 + 1) * RATE / _N_FFT / 700)
    edge = np.arange(_MELS)[:, None] * step
    return np.maximum(0, np.minimum(bins - edge, edge + 2 * step - bins) / step).astype(np.float32)


class Teacher(nn.Module):
    """Audio (n, samples) at 32 kHz -> last hidden layer (n, 512) and logits (n, 527)."""

    window: Tensor
    mel: Tensor

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._state = torch.load(folder / "mn04_as_mAP_432.pt", weights_only=True)
        self.register_buffer("window", torch.hann_window(_WINDOW, periodic=False))
        self.register_buffer("mel", torch.from_numpy(_mel_weights()))

    def front(self, audio: Tensor) -> Tensor:
        """Compute its log-mel picture: (n, 1, 128, frames)."""
        emphasised = audio[:, 1:] - 0.97 * audio[:, :-1]
        spectrum = torch.stft(
            emphasised, _N_FFT, _HOP, _WINDOW, self.window, center=True, return_complex=True
        )
        power = self.mel @ (spectrum.real.square() + spectrum.imag.square())
        return ((torch.log(power + 1e-5) + 4.5) / 5)[:, None]

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Hear audio of full scale +-1.0."""
        x = functional.hardswish(self._conv(self.front(audio), "features.0", stride=2))
        for number, stride in enumerate(_STRIDES, start=1):
            x = self._block(x, f"features.{number}.block", stride, plain=number <= _PLAIN_BLOCKS)
        pooled = functional.hardswish(self._conv(x, "features.16")).mean((2, 3))
        hidden = functional.hardswish(self._linear(pooled, "classifier.2"))
        return hidden, self._linear(hidden, "classifier.5")

    def _block(self, x: Tensor, name: str, stride: int, plain: bool) -> Tensor:
        """Expand, filter each channel, weigh the channels, and project."""
        act = functional.relu if plain else functional.hardswish
        y, part = x, 0
        if f"{name}.2.0.weight" in self._state or f"{name}.3.0.weight" in self._state:
            y, part = act(self._conv(y, f"{name}.0")), 1
        y = act(self._conv(y, f"{name}.{part}", stride, groups=y.shape[1]))
        weigh = f"{name}.{part + 1}.conc_se_layers.0"
        if f"{weigh}.fc1.weight" in self._state:
            squeezed = functional.relu(self._linear(y.mean((2, 3)), f"{weigh}.fc1"))
            y = y * torch.sigmoid(self._linear(squeezed, f"{weigh}.fc2"))[:, :, None, None]
            part += 1
        y = self._conv(y, f"{name}.{part + 1}")
        return x + y if stride == 1 and x.shape[1] == y.shape[1] else y

    def _conv(self, x: Tensor, name: str, stride: int = 1, groups: int = 1) -> Tensor:
        weight = self._state[f"{name}.0.weight"]
        x = functional.conv2d(x, weight, None, stride, weight.shape[2] // 2, 1, groups)
        norm = {
            key: self._state[f"{name}.1.{key}"] for key in ("running_mean", "running_var", "weight", "bias")
        }
        return functional.batch_norm(x, **norm, eps=1e-3)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._state[f"{name}.weight"], self._state[f"{name}.bias"])
