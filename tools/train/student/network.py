"""The student: a stem, fifteen inverted-residual blocks with their own inner widths, and a head.

The student is distilled feature by feature from EfficientAT mn04_as (F. Schmid, MIT licence): block k learns,
on sound, to turn the teacher's map k-1 into its map k. So its maps have the teacher's shapes; what is inside
a block is its own, wider than the teacher's, and starts at random. No tensor of the teacher is read.

Inside, every map is standardised: each channel less its mean and over its deviation on real sound. So all
layers see numbers about one, errors are shares of variance, and no normalisation is computed at run time.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """One block."""

    channels_in: int
    inner: int
    """Channels inside, about half as many again as the teacher's block has."""
    channels: int
    kernel: int
    stride: int
    squeeze: int
    """Channels of the squeeze-excitation; 0 for none."""
    plain: bool
    """ReLU inside, otherwise hard swish."""

    @property
    def has_skip(self) -> bool:
        """Say whether the input is added to the output."""
        return self.stride == 1 and self.channels_in == self.channels


SHAPES = (
    Shape(8, 16, 8, 3, 1, 0, plain=True),
    Shape(8, 32, 16, 3, 2, 0, plain=True),
    Shape(16, 48, 16, 3, 1, 0, plain=True),
    Shape(16, 48, 16, 5, 2, 16, plain=True),
    Shape(16, 72, 16, 5, 1, 24, plain=True),
    Shape(16, 72, 16, 5, 1, 24, plain=True),
    Shape(16, 144, 32, 3, 2, 0, plain=False),
    Shape(32, 128, 32, 3, 1, 0, plain=False),
    Shape(32, 112, 32, 3, 1, 0, plain=False),
    Shape(32, 112, 32, 3, 1, 0, plain=False),
    Shape(32, 288, 48, 3, 1, 64, plain=False),
    Shape(48, 400, 48, 3, 1, 96, plain=False),
    Shape(48, 400, 64, 5, 2, 96, plain=False),
    Shape(64, 576, 64, 5, 1, 128, plain=False),
    Shape(64, 576, 64, 5, 1, 128, plain=False),
)
STEM, POOLED, HIDDEN, LOGITS = 8, 384, 512, 527
MAP_CHANNELS = (STEM, *(shape.channels for shape in SHAPES))
"""Channels of map 0, the stem's, to map 15."""


class Scale(nn.Module):
    """Mean and deviation of each channel of a teacher's map, learnt from sound before anything else."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))

    def set(self, values: Tensor) -> None:
        """Measure (n, channels, ...)."""
        flat = values.transpose(0, 1).flatten(1)
        self.mean.copy_(flat.mean(1))
        self.deviation.copy_(flat.std(1) + 1e-3)

    def forward(self, values: Tensor) -> Tensor:
        """Standardise (n, channels, ...)."""
        shape = (1, -1) + (1,) * (values.dim() - 2)
        return (values - self.mean.view(shape)) / self.deviation.view(shape)

    def undo(self, values: Tensor) -> Tensor:
        """Return standardised (n, channels) to the teacher's own units."""
        return values * self.deviation + self.mean


class Bend(nn.Module):
    """Hard swish of a layer that learns in units about one: y = hardswish(gain x + shift), by channel."""

    gain: Tensor
    shift: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("gain", torch.ones(channels))
        self.register_buffer("shift", torch.zeros(channels))

    def set(self, scale: Scale) -> None:
        """Bring the output near mean and deviation of the teacher's map: hardswish(x) is x (x + 3) / 6."""
        root = torch.sqrt(9 + 24 * scale.mean.clamp(min=-0.3))
        self.shift.copy_((root - 3) / 2)
        self.gain.copy_(scale.deviation * (6 / root).clamp(max=4))

    def forward(self, x: Tensor) -> Tensor:
        """Bend (n, channels, ...)."""
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return functional.hardswish(x * self.gain.view(shape) + self.shift.view(shape))


class Block(nn.Module):
    """Widen, filter each channel over time and frequency, weigh the channels, narrow."""

    skip: Tensor | None
    """What the input is multiplied by before it is added; None in a folded block: one."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.plain = shape.plain
        self.expand = nn.Conv2d(shape.channels_in, shape.inner, 1)
        self.filter = nn.Conv2d(
            shape.inner, shape.inner, shape.kernel, shape.stride, shape.kernel // 2, groups=shape.inner
        )
        self.squeeze = nn.Linear(shape.inner, shape.squeeze) if shape.squeeze else None
        self.excite = nn.Linear(shape.squeeze, shape.inner) if shape.squeeze else None
        self.project = nn.Conv2d(shape.inner, shape.channels, 1)
        self.has_skip = shape.has_skip
        self.register_buffer("skip", torch.ones(shape.channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels_in, frequency, time), standardised, to the next map."""
        y = self.act(self.filter(self.act(self.expand(x))))
        y = self.project(y * self.weigh(y) if self.squeeze is not None else y)
        if not self.has_skip:
            return y
        return x + y if self.skip is None else torch.addcmul(y, x, self.skip[:, None, None])

    def act(self, x: Tensor) -> Tensor:
        """Apply the block's non-linearity."""
        return functional.relu(x) if self.plain else functional.hardswish(x)

    def weigh(self, y: Tensor) -> Tensor:
        """Weigh each channel by what all of them are on average: (n, inner, 1, 1), 0 to 1."""
        assert self.squeeze is not None  # noqa: S101
        assert self.excite is not None  # noqa: S101
        weights = torch.sigmoid(self.excite(functional.relu(self.squeeze(y.mean((2, 3))))))
        return weights[:, :, None, None]


class Student(nn.Module):
    """A log-mel (n, 1, 128, frames) of the teacher's front end -> maps, pooled, hidden and logits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, STEM, 3, 2, 1)
        self.blocks = nn.ModuleList(Block(shape) for shape in SHAPES)
        self.scales = nn.ModuleList(Scale(channels) for channels in MAP_CHANNELS)
        self.last = nn.Conv2d(SHAPES[-1].channels, POOLED, 1)
        self.pooled_scale, self.hidden_scale = Scale(POOLED), Scale(HIDDEN)
        self.hidden = nn.Linear(POOLED, HIDDEN)
        self.stem_bend, self.last_bend, self.hidden_bend = Bend(STEM), Bend(POOLED), Bend(HIDDEN)
        self.logits = nn.Linear(HIDDEN, LOGITS)

    def steps(self) -> list[tuple[Block, Scale, Scale]]:
        """Pair each block with the scales of the map it is given and of the one it makes."""
        scales = [one for one in self.scales if isinstance(one, Scale)]
        blocks = [one for one in self.blocks if isinstance(one, Block)]
        return list(zip(blocks, scales[:-1], scales[1:], strict=True))

    def bends(self) -> list[tuple[Bend, Scale]]:
        """Pair each layer that bends with the scale of what it makes."""
        stem = self.scales[0]
        assert isinstance(stem, Scale)  # noqa: S101
        return [
            (self.stem_bend, stem),
            (self.last_bend, self.pooled_scale),
            (self.hidden_bend, self.hidden_scale),
        ]

    def first(self, mel: Tensor) -> Tensor:
        """Return map 0."""
        standardised: Tensor = self.scales[0](self.stem_bend(self.stem(mel)))
        return standardised

    def pool(self, x: Tensor) -> Tensor:
        """Return the pooled layer of map 15, standardised: (n, POOLED)."""
        standardised: Tensor = self.pooled_scale(self.last_bend(self.last(x)).mean((2, 3)))
        return standardised

    def think(self, pooled: Tensor) -> Tensor:
        """Return the hidden layer of the pooled one, standardised: (n, HIDDEN)."""
        standardised: Tensor = self.hidden_scale(self.hidden_bend(self.hidden(pooled)))
        return standardised

    def maps(self, mel: Tensor) -> list[Tensor]:
        """Return all maps, each made from the student's own map before it, standardised."""
        found = [self.first(mel)]
        for block in self.blocks:
            found.append(block(found[-1]))
        return found

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Return hidden (n, HIDDEN), standardised, and logits (n, LOGITS)."""
        hidden = self.think(self.pool(self.maps(mel)[-1]))
        return hidden, self.logits(hidden)
