"""Wav2CLIP: a ResNet-18 that hears a spectrogram, taught to land where CLIP puts the film (arXiv 2110.11499).

Sound at 16 kHz; power of frames of 512 samples every 353, centred, the signal reflected at both ends, Hann
window, periodic; the natural logarithm of it plus 1e-7, to mean 0 and standard deviation 1 of the whole
(github.com/descriptinc/lyrebird-wav2clip, wav2clip/model/resnet.py). The package does the last over all that
is in one batch; here it is over each sound alone, so that no sound changes another's embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from monitor.encoders.published.fitting import Tensors, count, fit
from monitor.encoders.published.residual import BasicBlock, stage

_FRAME_LEN, _HOP_LEN = 512, 353
_LEAST_POWER, _LEAST_DEVIATION = 1e-7, 1e-9
_WIDTHS = (64, 128, 256, 512)
_OWN = ("audio_encoder.", "audio_transform.")


class _Spectrogram(nn.Module):
    """Holds the window, as it is stored with the weights."""

    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(_FRAME_LEN))

    def forward(self, audio: Tensor) -> Tensor:
        """Return the power, float32 (n, 257, frames)."""
        spectrum = torch.stft(audio, _FRAME_LEN, _HOP_LEN, window=self.window, return_complex=True)
        return spectrum.abs().square()


class _ResNet(nn.Module):
    """The audio encoder."""

    def __init__(self, depths: tuple[int, ...]) -> None:
        super().__init__()
        self.spectrogram = _Spectrogram()
        self.conv1 = nn.Conv2d(1, _WIDTHS[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(_WIDTHS[0])
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = (_WIDTHS[0], *_WIDTHS)
        for number, width in enumerate(_WIDTHS):
            blocks = stage(BasicBlock, channels[number], width, depths[number], 1 if number == 0 else 2)
            self.add_module(f"layer{number + 1}", blocks)

    def forward(self, audio: Tensor) -> Tensor:
        """Return float32 (n, 512)."""
        x = torch.log(self.spectrogram(audio) + _LEAST_POWER)
        deviation = x.std(dim=(1, 2), keepdim=True)
        x = (x - x.mean(dim=(1, 2), keepdim=True)) / (deviation + _LEAST_DEVIATION)
        x = self.maxpool(self.bn1(self.conv1(x[:, None])).relu())
        for number in range(1, len(_WIDTHS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x.mean(dim=(2, 3))


class Wav2Clip(nn.Module):
    """Sound, float32 (n, t) at 16 kHz, to float32 (n, dim); tensors named as in the published file."""

    def __init__(self, depths: tuple[int, ...] = (2, 2, 2, 2), dim: int = 512) -> None:
        super().__init__()
        self.audio_encoder = _ResNet(depths)
        inner = nn.Sequential(nn.Linear(_WIDTHS[-1], dim), nn.ReLU(), nn.Identity(), nn.Linear(dim, dim))
        self.audio_transform = nn.ModuleDict({"sequential": inner})

    def forward(self, audio: Tensor) -> Tensor:
        """Return the embeddings, of any length."""
        found: Tensor = self.audio_transform["sequential"](self.audio_encoder(audio))
        return found


def audio_tower(tensors: Tensors) -> Wav2Clip:
    """Return the audio tower of a published file.

    Raises
    ------
    ModelError
        A tensor is missing or has another shape.
    """
    own = {name: one for name, one in tensors.items() if name.startswith(_OWN)}
    depths = tuple(count(own, rf"audio_encoder\.layer{number}\.(\d+)\.") for number in (1, 2, 3, 4))
    return fit(Wav2Clip(depths), own, "audio tower of Wav2CLIP")
