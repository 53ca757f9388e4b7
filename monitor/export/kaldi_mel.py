"""The log-mel front end of taggers that hear 32 kHz through Kaldi's mel bands, as a network.

What is computed is described in `monitor.encoders.kaldi_mel`, which does the same without a graph.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from monitor.encoders.kaldi_mel import HOP, LEAST_POWER, N_FFT, WINDOW, mel_weights

_HALF = WINDOW // 2
_STEP = 160
"""Samples that window and hop are multiples of."""
_BINS = 480
"""Of the transform, up to the highest band."""


def emphasise(audio: Tensor) -> Tensor:
    """Return x[t+1] - 0.97 x[t] of audio (n, samples): (n, samples - 1)."""
    return audio[:, 1:] - 0.97 * audio[:, :-1]


class PlainFrontEnd(nn.Module):
    """Audio (n, samples) -> log-mel (n, 1, BANDS, frames) by torch's own transform; others must equal it."""

    window: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(WINDOW, periodic=False))
        self.register_buffer("mel", torch.from_numpy(mel_weights()))

    def forward(self, audio: Tensor) -> Tensor:
        """Hear audio of full scale +-1.0."""
        spectrum = torch.stft(
            emphasise(audio), N_FFT, HOP, WINDOW, self.window, center=True, return_complex=True
        )
        power = self.mel @ (spectrum.real.square() + spectrum.imag.square())
        return ((torch.log(power + LEAST_POWER) + 4.5) / 5)[:, None]


class FrontEnd(nn.Module):
    """The same as products of matrices, for a graph, at a third of the multiplications.

    A window is symmetric about its middle, so a frame and its mirror image are added for the cosines and
    subtracted for the sines; sums and differences about a quarter of the transform then serve the even and
    the odd bins. Four products of 256 x 240 take the place of two of 800 x 480.
    """

    basis: Tensor
    window: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        at = torch.arange(N_FFT // 4).double() + 0.5
        even, odd = (torch.arange(first, _BINS, 2).double() for first in (0, 1))
        angles = [2 * math.pi / N_FFT * at[:, None] * bins for bins in (even, odd)]
        basis = [angles[0].cos(), angles[1].cos(), angles[0].sin(), angles[1].sin()]
        self.register_buffer("basis", torch.stack(basis).float())
        half = torch.hann_window(WINDOW, periodic=False, dtype=torch.float64)[_HALF:]
        self.register_buffer("window", half.float())
        mel = torch.from_numpy(mel_weights())
        self.register_buffer("mel", torch.cat([mel[:, 0:_BINS:2], mel[:, 1:_BINS:2]], dim=1).contiguous())

    def forward(self, audio: Tensor) -> Tensor:
        """Hear audio of full scale +-1.0."""
        emphasised = emphasise(audio)
        padded = functional.pad(emphasised[:, None], (_HALF, _HALF + 1), mode="reflect")[:, 0]
        frames = emphasised.shape[1] // HOP + 1
        blocks = padded[:, : _STEP * (2 * frames + 3)].reshape(-1, 2 * frames + 3, _STEP)
        whole = torch.cat([blocks[:, at : at + 2 * frames - 1 : 2] for at in range(5)], dim=2)
        before, after = whole[:, :, :_HALF].flip(2) * self.window, whole[:, :, _HALF:] * self.window
        total, change = after + before, after - before
        power = torch.cat(
            [
                (_fold(total, 1) @ self.basis[0]).square() + (_fold(change, -1) @ self.basis[2]).square(),
                (_fold(total, -1) @ self.basis[1]).square() + (_fold(change, 1) @ self.basis[3]).square(),
            ],
            dim=2,
        )
        # ln(power + 1e-5) in a form that the exporter's optimiser leaves alone
        level = torch.log(self.mel @ power.transpose(1, 2) / LEAST_POWER + 1) + math.log(LEAST_POWER)
        return ((level + 4.5) / 5)[:, None]


def _fold(x: Tensor, sign: int) -> Tensor:
    """Add or subtract what lies behind a quarter of the transform: (n, frames, 400) -> 256."""
    quarter = N_FFT // 4
    behind = x[:, :, quarter:].flip(2) * sign  # of 256 to 399, to add to 255 down to 112
    start = N_FFT // 2 - _HALF
    return torch.cat([x[:, :, :start], x[:, :, start:quarter] + behind], dim=2)
