"""Networks of the sizes that others use for sound, to be timed beside the model in the box.

Only their cost is of interest: weights are random unless the audio teacher's folder is given. Front ends are
convolutions, as in the model in the box; a graph without front end takes the log-mel spectrogram instead.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tools.train.export_teacher import ConvTeacher
from tools.train.teacher import RATE, Teacher

WINDOW_S = 2
OPSET = 18

_MN04 = (
    (8, 8, 3, 0),
    (24, 16, 3, 0),
    (32, 16, 3, 0),
    (32, 16, 5, 8),
    (48, 16, 5, 16),
    (48, 16, 5, 16),
    (96, 32, 3, 0),
    (80, 32, 3, 0),
    (72, 32, 3, 0),
    (72, 32, 3, 0),
    (192, 48, 3, 48),
    (272, 48, 3, 72),
    (272, 64, 5, 72),
    (384, 64, 5, 96),
    (384, 64, 5, 96),
)
"""MobileNetV3-Large at width 0.4: channels expanded to, channels out, kernel, squeezed to (0: not)."""

_YAMNET = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
)
"""MobileNetV1 as YAMNet has it, behind a first convolution to 32 channels: channels out, stride."""
_YAMNET_RATE, _YAMNET_WINDOW, _YAMNET_FFT, _YAMNET_HOP, _YAMNET_MELS = 16_000, 400, 512, 160, 64
_YAMNET_LOWEST_HZ, _YAMNET_HIGHEST_HZ = 125.0, 7_500.0
PATCH, PATCH_HOP = 96, 48
"""Frames of one YAMNet patch, and from one to the next."""
PATCHES = 4
"""Patches in 2 s: its own code fills the last one up with silence."""
_YAMNET_CLASSES = 521


def random_mn04() -> dict[str, Tensor]:
    """Make a state of the audio teacher's layout with random weights."""
    state: dict[str, Tensor] = {}

    def conv(name: str, out: int, into: int, kernel: int = 1) -> None:
        state[f"{name}.0.weight"] = torch.randn(out, into, kernel, kernel) * (2 / (into * kernel**2)) ** 0.5
        state[f"{name}.1.weight"], state[f"{name}.1.bias"] = torch.ones(out), torch.zeros(out)
        state[f"{name}.1.running_mean"], state[f"{name}.1.running_var"] = torch.zeros(out), torch.ones(out)

    def linear(name: str, out: int, into: int) -> None:
        state[f"{name}.weight"], state[f"{name}.bias"] = torch.randn(out, into) / into**0.5, torch.zeros(out)

    conv("features.0", 8, 1, 3)
    width = 8
    for number, (expanded, out, kernel, squeezed) in enumerate(_MN04, start=1):
        name, part = f"features.{number}.block", 0
        if expanded != width:
            conv(f"{name}.0", expanded, width)
            part = 1
        conv(f"{name}.{part}", expanded, 1, kernel)
        if squeezed:
            part += 1
            linear(f"{name}.{part}.conc_se_layers.0.fc1", squeezed, expanded)
            linear(f"{name}.{part}.conc_se_layers.0.fc2", expanded, squeezed)
        conv(f"{name}.{part + 1}", out, expanded)
        width = out
    conv("features.16", 384, width)
    linear("classifier.2", 512, 384)
    linear("classifier.5", 527, 512)
    return state


class SpectrogramTeacher(Teacher):
    """The audio teacher without its front end: log-mel (n, 1, 128, frames) -> logits (n, 527)."""

    def front(self, audio: Tensor) -> Tensor:
        """Take the spectrogram as it comes."""
        return audio


class Logits(nn.Module):
    """The teacher's second answer alone."""

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.teacher = teacher

    def forward(self, audio: Tensor) -> Tensor:
        """Return logits (n, 527)."""
        logits: Tensor = self.teacher(audio)[1]
        return logits


def yamnet_mel_weights() -> NDArray[np.float32]:
    """Triangles between points that are even on the HTK mel scale, in mel: (64, 257)."""
    bins = 1127 * np.log1p(np.arange(_YAMNET_FFT // 2 + 1) * _YAMNET_RATE / _YAMNET_FFT / 700)
    low, high = (1127 * np.log1p(edge / 700) for edge in (_YAMNET_LOWEST_HZ, _YAMNET_HIGHEST_HZ))
    edges = np.linspace(low, high, _YAMNET_MELS + 2)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), np.float32)


class YamnetFront(nn.Module):
    """Audio (n, 32,000) at 16 kHz -> patches (n x PATCHES, 1, PATCH, 64)."""

    basis: Tensor
    bands: Tensor

    def __init__(self) -> None:
        super().__init__()
        mel = torch.from_numpy(yamnet_mel_weights())
        used = torch.nonzero(mel.sum(0) > 0).flatten()
        angle = 2 * math.pi / _YAMNET_FFT * used.double()[:, None] * torch.arange(_YAMNET_WINDOW).double()
        window = torch.hann_window(_YAMNET_WINDOW).double()
        self._bins = len(used)
        self.register_buffer(
            "basis", torch.cat([angle.cos() * window, angle.sin() * window]).float()[:, None]
        )
        self.register_buffer("bands", mel[:, used, None])

    def forward(self, audio: Tensor) -> Tensor:
        """Compute log-mel spectrograms, half overlapped."""
        frames = PATCH + (PATCHES - 1) * PATCH_HOP
        missing = (frames - 1) * _YAMNET_HOP + _YAMNET_WINDOW - audio.shape[1]
        padded = functional.pad(audio, (0, missing))[:, None]
        parts = functional.conv1d(padded, self.basis, stride=_YAMNET_HOP).square()
        magnitude = (parts[:, : self._bins] + parts[:, self._bins :]).sqrt()
        level = torch.log(functional.conv1d(magnitude, self.bands) + 1e-3).transpose(1, 2)
        cut = [level[:, at * PATCH_HOP : at * PATCH_HOP + PATCH] for at in range(PATCHES)]
        return torch.stack(cut, dim=1).reshape(-1, 1, PATCH, _YAMNET_MELS)


class Yamnet(nn.Module):
    """A network of YAMNet's size: audio, or patches, -> scores (n, 521), averaged over the patches."""

    def __init__(self, front: bool) -> None:
        super().__init__()
        self.front = YamnetFront() if front else nn.Identity()
        layers: list[nn.Module] = [*_conv(1, 32, 3, 2)]
        width = 32
        for out, stride in _YAMNET:
            layers += [*_conv(width, width, 3, stride, groups=width), *_conv(width, out, 1, 1)]
            width = out
        self.layers = nn.Sequential(*layers)
        self.scores = nn.Linear(width, _YAMNET_CLASSES)

    def forward(self, audio: Tensor) -> Tensor:
        """Score each patch and average."""
        each = torch.sigmoid(self.scores(self.layers(self.front(audio)).mean((2, 3))))
        return each.reshape(-1, PATCHES, _YAMNET_CLASSES).mean(dim=1)


def _conv(into: int, out: int, kernel: int, stride: int, groups: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(into, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return convolution, nn.BatchNorm2d(out), nn.ReLU()


def make_mn04(folder: Path | None, front: bool) -> tuple[nn.Module, Tensor]:
    """Make a network of EfficientAT mn04's layout, with the weights in `folder` if named, and one input."""
    kind = ConvTeacher if front else SpectrogramTeacher
    if folder is not None:
        made: Teacher = kind(folder)
    else:
        with tempfile.TemporaryDirectory() as name:
            torch.save(random_mn04(), Path(name) / "mn04_as_mAP_432.pt")
            made = kind(Path(name))
    sample = torch.randn(1, WINDOW_S * RATE) * 0.1 if front else torch.randn(1, 1, 128, 200)
    return Logits(made), sample


def make_yamnet(front: bool) -> tuple[nn.Module, Tensor]:
    """Make a network of YAMNet's layout and one input."""
    sample = (
        torch.randn(1, WINDOW_S * _YAMNET_RATE) * 0.1
        if front
        else torch.randn(PATCHES, 1, PATCH, _YAMNET_MELS)
    )
    return Yamnet(front), sample


def export(network: nn.Module, sample: Tensor, path: Path) -> None:
    """Write one network for one window."""
    torch.onnx.export(
        network.eval(),
        (sample,),
        str(path),
        input_names=["audio"],
        output_names=["answer"],
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
