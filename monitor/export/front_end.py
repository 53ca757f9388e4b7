"""CLAP's log-mel front end as a network, so that an exported graph takes sound.

What is computed is described in `monitor.encoders.log_mel`, which does the same without a graph. Here the
Fourier transform is a convolution over the bins that some band uses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from monitor.encoders.log_mel import FFT_LEN, HOP_LEN, Mel, mel_filters

QUANTUM = 32767.0
"""Steps of a 16-bit sample on one side of zero."""
_LEAST_POWER = 1e-10


@dataclass(frozen=True)
class FrontEndSpec:
    """The choices in which published checkpoints differ."""

    mel: Mel
    """The filterbank."""
    int16: bool = False
    """Whether samples are clipped and rounded to 16 bits first, as laion-clap does."""


class LogMel(nn.Module):
    """Sound, float32 (n, t), full scale +-1.0, to its log-mel spectrogram, float32 (n, columns, 64), dB."""

    basis: Tensor
    bands: Tensor

    def __init__(self, spec: FrontEndSpec) -> None:
        super().__init__()
        self.int16 = spec.int16
        bands = mel_filters(spec.mel)
        used = np.flatnonzero(bands.any(axis=1))
        self.register_buffer("basis", torch.from_numpy(_basis(used)))
        self.register_buffer("bands", torch.from_numpy(bands[used].astype(np.float32)))

    def forward(self, audio: Tensor) -> Tensor:
        """Return the spectrogram."""
        if self.int16:
            audio = (audio.clamp(-1.0, 1.0) * QUANTUM).to(torch.int32).to(torch.float32) / QUANTUM
        padded = functional.pad(audio[:, None], (FFT_LEN // 2, FFT_LEN // 2), "reflect")
        parts = functional.conv1d(padded, self.basis, stride=HOP_LEN)
        real, imaginary = parts.square().chunk(2, dim=1)
        power = (real + imaginary).transpose(1, 2) @ self.bands
        return 10.0 * torch.log10(power.clamp_min(_LEAST_POWER))


def _basis(used: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return cosines, then sines, of the bins in use under the window, (2 bins, 1, 1024)."""
    time = np.arange(FFT_LEN)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * time / FFT_LEN)
    angle = 2.0 * np.pi * np.outer(used, time) / FFT_LEN
    return (np.concatenate([np.cos(angle), np.sin(angle)]) * window)[:, None].astype(np.float32)
