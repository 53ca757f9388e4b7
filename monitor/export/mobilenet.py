"""EfficientAT's MobileNets, of any width, from the tensors of a published checkpoint.

The layout is MobileNetV3-Large's (A. Howard et al. 2019, table 1) with one input channel (F. Schmid et al.
2023): a stem, fifteen blocks, a last convolution, the mean over frequency and time, two linear layers. All
widths are read off the tensors; norms are folded into the convolutions before them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from monitor.encoders.weights import reason
from monitor.errors import ModelError

CLASSES = 527
"""Of AudioSet."""
STRIDES = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1)
"""Of the blocks."""
KERNELS = (3, 3, 3, 5, 5, 5, 3, 3, 3, 3, 3, 3, 5, 5, 5)
_PLAIN_BLOCKS = 6
"""The first so many blocks bend by ReLU, the others by hard swish."""
_EPSILON = 1e-3
"""Of the norms."""
_HIDDEN = 1280
"""Of the hidden layer at width 1."""
_COUNTERS = "num_batches_tracked"
_VALID = "valid: an EfficientAT MobileNet of any width for AudioSet's 527 classes, mn01_as to mn40_as"

Bend = Callable[[Tensor], Tensor]


class MobileNet(nn.Module):
    """A log-mel (n, 1, bands, frames) -> last hidden layer (n, h) and logits (n, CLASSES)."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        """Build from a checkpoint's tensors, by its own names.

        Raises
        ------
        ModelError
            A tensor is missing, of another shape, or belongs to another network.
        """
        super().__init__()
        parts = _Parts(tensors)
        self.stem = parts.convolution("features.0", 3, stride=2)
        self.blocks = nn.ModuleList(
            Block(parts, f"features.{number}.block", kernel, stride, number <= _PLAIN_BLOCKS)
            for number, (kernel, stride) in enumerate(zip(KERNELS, STRIDES, strict=True), start=1)
        )
        self.last = parts.convolution(f"features.{len(STRIDES) + 1}", 1)
        self.hidden, self.logits = parts.linear("classifier.2"), parts.linear("classifier.5")
        parts.check_all_used()
        if self.logits.out_features != CLASSES:
            raise ModelError(f"The tagger knows {self.logits.out_features} classes; {_VALID}.")
        self.requires_grad_(False)
        self._check_chain()

    def _check_chain(self) -> None:
        """Check that each layer takes what the one before it gives."""
        try:
            self(torch.zeros(1, 1, 32, 8))
        except RuntimeError as error:
            raise ModelError(
                f"The tagger's layers do not fit one another ({reason(error)}); {_VALID}."
            ) from None

    @property
    def label(self) -> str:
        """A short description."""
        millions = sum(weight.numel() for weight in self.parameters()) / 1e6
        return f"MobileNetV3-Large at width {self.width:g}, {millions:.1f} million parameters"

    @property
    def width(self) -> float:
        """Width beside MobileNetV3-Large's own, 1."""
        return round(self.hidden.out_features / _HIDDEN, 1)

    def first(self, mel: Tensor) -> Tensor:
        """Return the stem's map."""
        return functional.hardswish(self.stem(mel))

    def pool(self, x: Tensor) -> Tensor:
        """Return the mean of the last convolution on the last block's map."""
        return functional.hardswish(self.last(x)).mean((2, 3))

    def think(self, pooled: Tensor) -> Tensor:
        """Return the hidden layer of the pooled one."""
        return functional.hardswish(self.hidden(pooled))

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Return hidden and logits."""
        x = self.first(mel)
        for block in self.blocks:
            x = block(x)
        hidden = self.think(self.pool(x))
        return hidden, self.logits(hidden)


class Block(nn.Module):
    """Widen, filter each channel over time and frequency, weigh the channels, narrow."""

    def __init__(self, parts: _Parts, name: str, kernel: int, stride: int, plain: bool) -> None:
        super().__init__()
        self.bend: Bend = functional.relu if plain else functional.hardswish
        part = int(parts.shape(f"{name}.0.0.weight")[2] == 1)
        self.expand = parts.convolution(f"{name}.0", 1) if part else None
        self.filter = parts.convolution(f"{name}.{part}", kernel, stride, each=True)
        weigh = f"{name}.{part + 1}.conc_se_layers.0"
        weighs = parts.has(f"{weigh}.fc1.weight")
        self.squeeze = parts.linear(f"{weigh}.fc1") if weighs else None
        self.excite = parts.linear(f"{weigh}.fc2") if weighs else None
        self.project = parts.convolution(f"{name}.{part + 1 + weighs}", 1)
        widest = self.expand or self.filter
        self.has_skip = stride == 1 and self.project.out_channels == widest.in_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels, frequency, time) to the next map."""
        y = x if self.expand is None else self.bend(self.expand(x))
        y = self.bend(self.filter(y))
        if self.squeeze is not None and self.excite is not None:
            squeezed = functional.relu(self.squeeze(y.mean((2, 3))))
            y = y * torch.sigmoid(self.excite(squeezed))[:, :, None, None]
        y = self.project(y)
        return x + y if self.has_skip else y


class _Parts:
    """Layers made of named tensors, each of which must belong to one."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = {name: value for name, value in tensors.items() if not name.endswith(_COUNTERS)}
        self._used: set[str] = set()

    def has(self, name: str) -> bool:
        return name in self._tensors

    def shape(self, name: str) -> tuple[int, ...]:
        shape = tuple(self._take(name).shape)
        if len(shape) != 4:
            raise ModelError(f"The tagger's tensor {name} is {shape}, not a convolution's; {_VALID}.")
        return shape

    def convolution(self, name: str, kernel: int, stride: int = 1, each: bool = False) -> nn.Conv2d:
        """Return a convolution with the norm behind it folded in; `each`: of every channel by itself."""
        out, into, *sides = self.shape(f"{name}.0.weight")
        if sides != [kernel, kernel] or (each and into != 1):
            found = f"{into} x {sides[0]} x {sides[1]}"
            raise ModelError(f"The tagger's convolution {name} is over {found}, not {kernel}; {_VALID}.")
        weight = self._take(f"{name}.0.weight")
        mean, variance, gain, shift = (
            self._take(f"{name}.1.{key}", (out,)) for key in ("running_mean", "running_var", "weight", "bias")
        )
        gain = gain / torch.sqrt(variance + _EPSILON)
        groups = out if each else 1
        layer = nn.Conv2d(into * groups, out, kernel, stride, kernel // 2, groups=groups)
        layer.load_state_dict({"weight": weight * gain[:, None, None, None], "bias": shift - mean * gain})
        return layer

    def linear(self, name: str) -> nn.Linear:
        weight = self._take(f"{name}.weight")
        if weight.ndim != 2:
            raise ModelError(f"The tagger's layer {name} is {tuple(weight.shape)}, not a matrix; {_VALID}.")
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        layer.load_state_dict({"weight": weight, "bias": self._take(f"{name}.bias", (weight.shape[0],))})
        return layer

    def check_all_used(self) -> None:
        if unknown := sorted(self._tensors.keys() - self._used):
            raise ModelError(
                f"The tagger has {len(unknown)} tensors of another network, {unknown[0]} the first; {_VALID}."
            )

    def _take(self, name: str, shape: tuple[int, ...] | None = None) -> Tensor:
        found = self._tensors.get(name)
        if found is None or (shape is not None and tuple(found.shape) != shape):
            raise ModelError(f"The tagger has no tensor {name} that fits; {_VALID}.")
        self._used.add(name)
        return found
