"""The two towers as networks that take what `monitor` gives: sound, and token ids with their mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from monitor.encoders.clap import INPUT_LEN
from monitor.encoders.log_mel import HOP_LEN
from monitor.export.front_end import FrontEndSpec, LogMel
from monitor.export.swin import COLUMNS, PIECES, Htsat

_SHARPNESS = -0.75
"""The `a` of the cubic kernel that torch and laion-clap stretch spectrograms with."""


class AudioTower(nn.Module):
    """Sound, float32 (n, input_len), 48 kHz, to its embedding, float32 (n, dim), unit norm."""

    scale: Tensor
    shift: Tensor

    def __init__(self, model: Any, spec: FrontEndSpec, pieces: int = PIECES, half: bool = False) -> None:
        """Build from a `ClapModel` in evaluation mode, whose weights are shared.

        `half` computes the network behind the front end in float16; the front end spans 100 dB of power and
        stays float32.
        """
        super().__init__()
        source = model.audio_model.audio_encoder
        self.log_mel = LogMel(spec)
        norm = source.batch_norm
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        self.register_buffer("scale", scale.detach())
        self.register_buffer("shift", (norm.bias - norm.running_mean * scale).detach())
        self.stretch = Stretch(1 + INPUT_LEN // HOP_LEN, PIECES * COLUMNS) if pieces == PIECES else None
        self.columns = pieces * COLUMNS
        self.network = Htsat(source, pieces)
        self.projection = model.audio_projection
        self.half_width = half
        if half:
            self.network.half()
            self.projection.half()

    def forward(self, audio: Tensor) -> Tensor:
        """Return the embedding."""
        spectrogram = self.log_mel(audio) * self.scale + self.shift
        spectrogram = spectrogram[:, : self.columns] if self.stretch is None else self.stretch(spectrogram)
        x = self.projection(self.network(spectrogram.half() if self.half_width else spectrogram))
        return functional.normalize(x.float(), dim=-1)


class TextTower(nn.Module):
    """Token ids and their mask, int64 (n, t), to the embedding, float32 (n, dim), unit norm."""

    def __init__(self, model: Any, half: bool = False) -> None:
        """Build from a `ClapModel` in evaluation mode, whose weights are shared; `half`: in float16."""
        super().__init__()
        self.network, self.projection = model.text_model, model.text_projection
        if half:
            self.network.half()
            self.projection.half()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the embedding."""
        pooled = self.network(input_ids=input_ids, attention_mask=attention_mask).pooler_output
        return functional.normalize(self.projection(pooled).float(), dim=-1)


class Stretch(nn.Module):
    """Cubic stretching along time, ends on ends, (n, t, bands) to (n, length, bands)."""

    around: Tensor
    weights: Tensor

    def __init__(self, now: int, length: int) -> None:
        super().__init__()
        place = np.arange(length) * ((now - 1) / (length - 1))
        base = np.minimum(np.floor(place), now - 2)
        around = base[None] + np.arange(-1, 3)[:, None]
        weights = _cubic(np.abs(place - around))
        self.register_buffer("around", torch.from_numpy(np.clip(around, 0, now - 1).astype(np.int64)))
        self.register_buffer("weights", torch.from_numpy(weights[:, :, None].astype(np.float32)))

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Return the stretched spectrogram."""
        parts = [spectrogram.index_select(1, self.around[tap]) * self.weights[tap] for tap in range(4)]
        return (parts[0] + parts[1]) + (parts[2] + parts[3])


def _cubic(distance: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the weight of a value at a distance from 0 to 2 (Keys 1981, eq. 4, with another `a`)."""
    near = ((_SHARPNESS + 2) * distance - (_SHARPNESS + 3)) * distance**2 + 1
    far = _SHARPNESS * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, far)
