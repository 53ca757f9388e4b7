"""AudioCLIP's audio tower, ESResNeXt with attention over its own time-frequency transform (arXiv 2106.13043).

Sound at 44.1 kHz in steps of 16 bits, brought to +-1.0; frames of 1654 samples every 561 under a
Blackman-Harris window, the last one filled with zeros that are shared by both ends, in the middle of 2048.
The transform is learnt: complex frequency B-splines, order m, bandwidth fb, centre fc (arXiv 2104.11587).
1023 lower bins of it are cut into three bands of 341, the channels of one image in dB, which the network sees
(github.com/AndreyGuzhov/AudioCLIP, model/esresnet).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from monitor.encoders.published.fitting import Tensors, below, count, fit, shape
from monitor.encoders.published.residual import GroupedBottleneck, stage

_FRAME_LEN, _HOP_LEN, _FFT_LEN = 1654, 561, 2048
_BINS, _BANDS = 1025, 3
_STEPS = 32_768.0
"""Steps of a 16-bit sample on the lower side of zero."""
_EPS, _LEAST_POWER = 1e-8, 1e-18
_WIDTHS = (64, 128, 256, 512)
_KERNELS = ((3, 1), (1, 5), (3, 1), (1, 5), (3, 5))
"""Of the attention of each stage, and of the last."""


class _Splines(nn.Module):
    """The learnt transform."""

    def __init__(self) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(_BINS))
        self.fb = nn.Parameter(torch.ones(_BINS))
        self.fc = nn.Parameter(torch.arange(_BINS, dtype=torch.float32))

    def power(self, frames: Tensor) -> Tensor:
        """Return float32 (n, frames, bins) of float32 (n, frames, 2048)."""
        time = math.pi * torch.linspace(-1.0, 1.0, _FFT_LEN, device=frames.device) + _EPS
        order, width = self.m[:, None], self.fb[:, None]
        place = width * time / (order + _EPS)
        taper = torch.where(place == 0, torch.ones_like(place), torch.sin(place) / place)
        size = taper.abs() ** order * width.sqrt() / _FFT_LEN**0.5
        angle = order * torch.atan2(torch.zeros_like(taper), taper) - self.fc[:, None] * time
        real, imaginary = size * torch.cos(angle), size * torch.sin(angle)
        return (frames @ real.T).square() + (frames @ imaginary.T).square()


class _Attention(nn.Module):
    """What of a stage's output counts, seen from its input."""

    def __init__(self, channels: int, out: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        around = kernel[0] // 2, kernel[1] // 2
        self.conv_depth = nn.Conv2d(channels, channels, kernel, padding=around, groups=channels)
        self.conv_point = nn.Conv2d(channels, out, 1)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Return `after`, weighed."""
        x = functional.adaptive_max_pool2d(before, after.shape[-2:])
        return after * torch.sigmoid(self.bn(self.conv_point(self.conv_depth(x))))


class AudioClip(nn.Module):
    """Sound, float32 (n, t) at 44.1 kHz, full scale +-1.0, to float32 (n, dim); named as published."""

    window: Tensor

    def __init__(self, depths: tuple[int, ...] = (3, 4, 6, 3), dim: int = 1024) -> None:
        super().__init__()
        self.register_buffer("window", torch.ones(_FRAME_LEN))
        self.fbsp = _Splines()
        self.conv1 = nn.Conv2d(_BANDS, _WIDTHS[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(_WIDTHS[0])
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = _WIDTHS[0]
        for number, width in enumerate(_WIDTHS):
            out = GroupedBottleneck.widens * width
            blocks = stage(GroupedBottleneck, channels, width, depths[number], 1 if number == 0 else 2)
            self.add_module(f"layer{number + 1}", blocks)
            self.add_module(f"att{number + 1}", _Attention(channels, out, _KERNELS[number]))
            channels = out
        self.att5 = _Attention(channels, channels, _KERNELS[-1])
        self.fc = nn.Linear(channels, dim)

    def spectrogram(self, audio: Tensor) -> Tensor:
        """Return decibels, float32 (n, 3, 341, frames)."""
        stepped = (audio * _STEPS + _STEPS) * (2.0 / (2.0 * _STEPS - 1.0)) - 1.0
        height = _BINS // _BANDS
        power = self.fbsp.power(_frames(stepped) * self._centred_window())[..., : height * _BANDS]
        image = power.transpose(1, 2).reshape(len(audio), _BANDS, height, -1)
        return 10.0 * torch.log10(torch.where(image > 0.0, image, torch.full_like(image, _LEAST_POWER)))

    def forward(self, audio: Tensor) -> Tensor:
        """Return the embeddings."""
        x = self.maxpool(self.bn1(self.conv1(self.spectrogram(audio))).relu())
        for number in range(1, len(_WIDTHS) + 1):
            x = self.get_submodule(f"att{number}")(x, self.get_submodule(f"layer{number}")(x))
        found: Tensor = self.fc(self.att5(x, x.mean(dim=(2, 3), keepdim=True)).flatten(1))
        return found

    def _centred_window(self) -> Tensor:
        left = (_FFT_LEN - _FRAME_LEN) // 2
        return functional.pad(self.window, (left, _FFT_LEN - _FRAME_LEN - left))


def _frames(audio: Tensor) -> Tensor:
    """Return float32 (n, frames, 2048): each frame with what is around it, which the window takes away."""
    count_of = 1 + max(0, math.ceil((audio.shape[1] - _FRAME_LEN) / _HOP_LEN))
    lacking = (count_of - 1) * _HOP_LEN + _FRAME_LEN - audio.shape[1]
    around = (_FFT_LEN - _FRAME_LEN) // 2
    left = lacking // 2 + around
    right = lacking - lacking // 2 + _FFT_LEN - _FRAME_LEN - around
    return functional.pad(audio, (left, right)).unfold(1, _FFT_LEN, _HOP_LEN)


def audio_tower(tensors: Tensors) -> AudioClip:
    """Return the audio tower of a published file, whose tensors begin with `audio.`.

    Raises
    ------
    ModelError
        A tensor is missing or has another shape.
    """
    own = below(tensors, "audio.")
    depths = tuple(count(own, rf"layer{number}\.(\d+)\.") for number in (1, 2, 3, 4))
    return fit(AudioClip(depths, shape(own, "fc.weight")[0]), own, "audio tower of AudioCLIP")
