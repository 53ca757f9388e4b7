"""The two towers of the model in the box, and the log-mel front end."""

from __future__ import annotations

import math

import numpy as np
import torch
from corpus import SAMPLE_RATE
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

N_FFT = 512
"""Samples of one analysis frame: 32 ms."""
HOP_LEN = 256
"""Samples between frames: 16 ms, so 124 frames in a window."""
N_MELS = 64
LOWEST_HZ, HIGHEST_HZ = 50.0, 7_800.0
FLOOR_DB = 80.0
"""Below the loudest cell of the window nothing is seen."""
SILENCE_POWER = 1e-9
"""Mel power of digital silence; keeps the logarithm finite."""

STAGES = ((32, 1), (64, 1), (128, 2), (256, 2))
"""Channels and residual blocks of the audio tower; each stage halves the picture but the first."""

MAX_TOKENS = 48
VOCABULARY = 12_000
TEXT_WIDTH = 256
TEXT_LAYERS = 2
TEXT_HEADS = 4


def mel_weights() -> NDArray[np.float32]:
    """Triangles on the HTK mel scale (2595 log10(1 + f/700)): (N_MELS, N_FFT / 2 + 1)."""
    low, high = (2595 * math.log10(1 + edge / 700) for edge in (LOWEST_HZ, HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(low, high, N_MELS + 2) / 2595) - 1)
    bins = np.arange(N_FFT // 2 + 1) * SAMPLE_RATE / N_FFT
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


class MelPower(nn.Module):
    """Audio (n, samples) -> mel power (n, frames, N_MELS), by a fast Fourier transform; for training."""

    window: Tensor
    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(N_FFT))
        self.register_buffer("weights", torch.from_numpy(mel_weights()))

    def forward(self, audio: Tensor) -> Tensor:
        """Turn audio into mel power."""
        spectrum = torch.fft.rfft(audio.unfold(1, N_FFT, HOP_LEN) * self.window)
        power: Tensor = (spectrum.real.square() + spectrum.imag.square()) @ self.weights.T
        return power


class MelPowerConv(nn.Module):
    """The same as `MelPower`, with the transform as one convolution; for export."""

    basis: Tensor
    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        weights = torch.from_numpy(mel_weights())
        used = torch.nonzero(weights.sum(0) > 0).flatten()
        angle = 2 * math.pi / N_FFT * used.double()[:, None] * torch.arange(N_FFT).double()
        window = torch.hann_window(N_FFT).double()
        self._bins = len(used)
        self.register_buffer(
            "basis", torch.cat([angle.cos() * window, angle.sin() * window]).float()[:, None]
        )
        self.register_buffer("weights", weights[:, used, None])

    def forward(self, audio: Tensor) -> Tensor:
        """Turn audio into mel power."""
        parts = functional.conv1d(audio[:, None], self.basis, stride=HOP_LEN).square()
        power = parts[:, : self._bins] + parts[:, self._bins :]
        return functional.conv1d(power, self.weights).transpose(1, 2)


def log_mel(power: Tensor) -> Tensor:
    """Mel power (n, frames, mels) -> decibels / 20, floored 80 dB below the loudest, less their mean."""
    level = 10 * torch.log10(power / SILENCE_POWER + 1)  # power + 1e-9 would be optimised away on export
    loudest = level.amax(dim=(1, 2), keepdim=True)
    level = torch.maximum(level, loudest - FLOOR_DB)
    return (level - level.mean(dim=(1, 2), keepdim=True)) / 20


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, stride, ceil_mode=True) if stride > 1 else nn.Identity(),
                nn.Conv2d(channels_in, channels, 1, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels_in, t, f) to (n, channels, t / stride, f / stride)."""
        inner = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(inner)) + self.shortcut(x))


class AudioTower(nn.Module):
    """Log-mel (n, frames, N_MELS) -> what the audio teacher would say of it, and a point in the joint space.

    The picture is seen three ways: as it is, less each band's mean over time, and with the band's place. The
    embedding is a sum of AudioSet names. Labels teach only how much each name weighs, from what the teacher
    would have in its hidden layer: nothing before it learns from a label, and no direction is added, so a
    sound without a label still lands near its name.
    """

    names: Tensor
    pitch: Tensor

    def __init__(self, names: Tensor, features: int = 320, hidden: int = 512) -> None:
        super().__init__()
        self.register_buffer("names", names)
        self.register_buffer("pitch", torch.linspace(-1, 1, N_MELS))
        self.stem = nn.Conv2d(3, STAGES[0][0], 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(STAGES[0][0])
        blocks, width = [], STAGES[0][0]
        for stage, (wider, depth) in enumerate(STAGES):
            for at in range(depth):
                blocks.append(Block(width, wider, 2 if stage and at == 0 else 1))
                width = wider
        self.blocks = nn.Sequential(*blocks)
        self.over_pitch = nn.Conv2d(width, features, (1, N_MELS // 16), bias=False)
        self.over_pitch_norm = nn.BatchNorm2d(features)
        self.hidden = nn.Linear(2 * features, hidden)
        self.evidence = nn.Linear(hidden, names.shape[0])
        self.gain = nn.Parameter(torch.full((names.shape[0],), 1.0))
        self.offset = nn.Parameter(torch.full((names.shape[0],), -8.0))
        self.correction = nn.Linear(hidden, names.shape[0])
        self.slope = nn.Parameter(torch.tensor(15.0))
        self.middle = nn.Parameter(torch.tensor(0.5))
        nn.init.zeros_(self.correction.weight)
        nn.init.zeros_(self.correction.bias)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return hidden (n, 512) and evidence (n, 527), as the teacher has them when clean; a point (n, d).

        Hidden is standardised, evidence is less its mean, the point is the embedding, unit norm.
        """
        picture = torch.stack([mel, mel - mel.mean(dim=1, keepdim=True), self.pitch.expand_as(mel)], dim=1)
        x = self.blocks(functional.relu(self.stem_norm(self.stem(picture))))
        x = functional.relu(self.over_pitch_norm(self.over_pitch(x))).squeeze(3)
        x = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)
        hidden = self.hidden(x)
        evidence = self.evidence(hidden)
        return hidden, evidence, self.place(hidden.detach(), evidence.detach())

    def place(self, hidden: Tensor, evidence: Tensor) -> Tensor:
        """Return the point (n, d) of hidden (n, 512) and evidence (n, 527): weights times the names."""
        weights = torch.sigmoid(evidence * self.gain + self.offset + self.correction(hidden))
        return functional.normalize((weights @ self.names).float(), dim=1)

    def naming(self) -> dict[str, nn.Parameter]:
        """Return all that labels teach."""
        return {
            name: one
            for name, one in self.named_parameters()
            if name.split(".")[0] in {"gain", "offset", "correction", "slope", "middle"}
        }

    def odds(self, cosines: Tensor) -> Tensor:
        """Turn cosines to words into log-odds that each is heard; for training."""
        return self.slope * (cosines - self.middle)


class AudioGraph(nn.Module):
    """What is exported: audio (n, WINDOW_LEN) at 16 kHz -> embedding (n, d), unit norm."""

    def __init__(self, tower: AudioTower) -> None:
        super().__init__()
        self.front, self.tower = MelPowerConv(), tower

    def forward(self, audio: Tensor) -> Tensor:
        """Embed audio of full scale +-1.0."""
        embedding: Tensor = self.tower(log_mel(self.front(audio)))[2]
        return embedding


class TextLayer(nn.Module):
    """Self-attention and a feed-forward layer, normalised before each."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Map (n, t, width); `hidden` (n, 1, 1, t) is very negative where a token is padding."""
        n, t, width = x.shape
        qkv = self.qkv(self.attention_norm(x)).reshape(n, t, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(width // self.heads) + hidden, dim=-1)
        x = x + self.merge((weights @ value).transpose(1, 2).reshape(n, t, width))
        fed: Tensor = self.narrow(functional.gelu(self.widen(self.feed_norm(x))))
        return x + fed


class TextTower(nn.Module):
    """Token ids (n, t) and mask (n, t) -> embedding (n, d), unit norm."""

    def __init__(self, dim: int, vocabulary: int = VOCABULARY) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, TEXT_WIDTH)
        self.positions = nn.Embedding(MAX_TOKENS, TEXT_WIDTH)
        self.layers = nn.ModuleList(TextLayer(TEXT_WIDTH, TEXT_HEADS) for _ in range(TEXT_LAYERS))
        self.norm = nn.LayerNorm(TEXT_WIDTH)
        self.out = nn.Linear(TEXT_WIDTH, dim)
        nn.init.normal_(self.tokens.weight, std=0.1)
        nn.init.normal_(self.positions.weight, std=0.02)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embed a padded batch of at most MAX_TOKENS tokens; padding does not change the result."""
        mask = attention_mask.to(self.norm.weight.dtype)
        x = self.tokens.weight[input_ids] + self.positions.weight[: input_ids.shape[1]]
        for layer in self.layers:
            x = layer(x, (mask[:, None, None, :] - 1) * 1e4)
        kept = mask[:, :, None]
        pooled = (self.norm(x) * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)
        return functional.normalize(self.out(pooled).float(), dim=1)
