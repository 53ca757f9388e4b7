"""HTSAT, CLAP's audio network, with the weights of transformers' model but a graph of its own.

The log-mel spectrogram is cut along time into four pieces of 256 columns, stacked to a square, and seen in
patches of 4 by 4. Attention works in windows of 8 by 8 patches, shifted by half a window in every other
block. Two things differ from the source, and neither changes what is computed:

- Patches travel in the order in which the next block wants its windows. One gather between two blocks
  takes the place of rolling, cutting into windows, and all of that backwards; adding and norms do not care.
- Query, key and value come from one product, with the scale in the weights.

With fewer than four pieces the network hears a shorter sound as the square hears that sound repeated
without end: see `Grid.repeats`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from monitor.export.architecture import BANDS, PATCH, WINDOW

PIECES = 4
"""Pieces of the whole spectrogram."""
COLUMNS = 256
"""Columns of one piece."""
_FAR = -100.0
"""What the source adds to the attention between patches that only the wrap made neighbours."""

Order = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """The patches of one stage."""

    rows: int
    columns: int
    whole_rows: int
    """Rows of the same stage when all four pieces are there."""

    @property
    def repeats(self) -> bool:
        """Whether the spectrogram stands for itself repeated downwards without end."""
        return self.rows < self.whole_rows

    @property
    def window(self) -> tuple[int, int]:
        """Rows and columns of an attention window."""
        return min(WINDOW, self.rows), min(WINDOW, self.columns)

    @property
    def shifts(self) -> bool:
        """Whether every other block shifts its windows: not where one window sees the whole square."""
        return self.whole_rows > WINDOW

    def merged(self) -> Grid:
        """Return the grid of the next stage."""
        return Grid(self.rows // 2, self.columns // 2, self.whole_rows // 2)

    def plain(self) -> Order:
        """Return patch numbers, row by row."""
        return np.arange(self.rows * self.columns)

    def windows(self, shifted: bool) -> Order:
        """Return patch numbers window by window, (windows, patches)."""
        height, width = self.window
        spectrogram = self.plain().reshape(self.rows, self.columns)
        if shifted:
            spectrogram = np.roll(spectrogram, (-(WINDOW // 2), -(WINDOW // 2)), (0, 1))
        cut = spectrogram.reshape(self.rows // height, height, self.columns // width, width)
        return cut.transpose(0, 2, 1, 3).reshape(-1, height * width)

    def far(self, shifted: bool) -> NDArray[np.float32]:
        """Return what is added between patches that only the wrap made neighbours, (windows, p, p)."""
        if not shifted:
            return np.zeros((1, 1, 1), np.float32)
        regions = np.zeros((self.rows, self.columns), np.int64)
        regions[:, : WINDOW // 2] += 1
        if not self.repeats:
            regions[: WINDOW // 2] += 2
        of = regions.reshape(-1)[self.windows(shifted)]
        return np.where(of[:, :, None] == of[:, None, :], 0.0, _FAR).astype(np.float32)


def children(grid: Grid) -> Order:
    """Return, for each patch of the next stage, the four it is merged from: (patches, 4)."""
    spectrogram = grid.plain().reshape(grid.rows // 2, 2, grid.columns // 2, 2)
    return spectrogram.transpose(0, 2, 3, 1).reshape(-1, 4)


def step(now: Order, then: Order) -> Tensor:
    """Return where each patch of order `then` stands in order `now`."""
    place = np.empty(now.size, np.int64)
    place[now.reshape(-1)] = np.arange(now.size)
    return torch.from_numpy(place[then.reshape(-1)])


def position_bias(table: Tensor, height: int) -> Tensor:
    """Return the bias between the patches of a window, (heads, p, p), from the source's table (225, heads).

    A window of fewer than eight rows stands for itself repeated: a key is then there several times, and the
    softmax adds its copies up, so its bias is the logarithm of the sum; queries take the mean over theirs.
    """
    place = torch.arange(WINDOW)
    apart = place[:, None] - place[None] + WINDOW - 1
    rows = apart[:, None, :, None].expand(WINDOW, WINDOW, WINDOW, WINDOW)
    columns = apart[None, :, None, :].expand(WINDOW, WINDOW, WINDOW, WINDOW)
    bias = table[rows * (2 * WINDOW - 1) + columns].permute(4, 0, 1, 2, 3)
    copies, patches = WINDOW // height, height * WINDOW
    bias = bias.reshape(-1, copies, height, WINDOW, copies, height, WINDOW)
    return bias.logsumexp(4).mean(1).reshape(-1, patches, patches)


class Block(nn.Module):
    """One attention block with the weights of a `ClapAudioLayer`; patches come in any order."""

    step: Tensor
    bias: Tensor
    far: Tensor

    def __init__(self, source: Any, grid: Grid, shifted: bool, now: Order) -> None:
        super().__init__()
        order = grid.windows(shifted)
        self.n_windows, self.patches = order.shape
        own = source.attention.self
        self.heads, self.head_width = own.num_attention_heads, own.attention_head_size
        self.register_buffer("step", step(now, order))
        self.register_buffer("bias", position_bias(own.relative_position_bias_table.detach(), grid.window[0]))
        self.register_buffer("far", torch.from_numpy(grid.far(shifted)))
        self.before, self.after = source.layernorm_before, source.layernorm_after
        self.packed = _packed(own)
        self.out = source.attention.output.dense
        self.inner, self.activation = source.intermediate.dense, source.intermediate.intermediate_act_fn
        self.outer = source.output.dense

    def forward(self, x: Tensor) -> Tensor:
        """Return float32 (n, patches, channels) in the order of this block's windows."""
        x = x.index_select(1, self.step)
        x = x + self._attend(self.before(x))
        return x + self.outer(self.activation(self.inner(self.after(x))))

    def _attend(self, x: Tensor) -> Tensor:
        shape = (-1, self.n_windows, self.patches, 3, self.heads, self.head_width)
        query, key, value = self.packed(x).reshape(shape).permute(3, 0, 1, 4, 2, 5).unbind(0)
        weights = torch.softmax(query @ key.transpose(-1, -2) + (self.bias + self.far[:, None]), -1)
        heard = (weights @ value).transpose(2, 3)
        return self.out(heard.reshape(-1, self.n_windows * self.patches, self.heads * self.head_width))


class Merge(nn.Module):
    """Four patches to one, with the weights of a `ClapAudioPatchMerging`."""

    step: Tensor

    def __init__(self, source: Any, grid: Grid, now: Order) -> None:
        super().__init__()
        self.register_buffer("step", step(now, children(grid)))
        self.norm, self.reduction = source.norm, source.reduction

    def forward(self, x: Tensor) -> Tensor:
        """Return float32 (n, patches / 4, 2 channels), row by row."""
        x = x.index_select(1, self.step)
        return self.reduction(self.norm(x.reshape(-1, x.shape[1] // 4, 4 * x.shape[2])))


class Htsat(nn.Module):
    """A normalised spectrogram, float32 (n, 256 pieces, 64), to float32 (n, channels)."""

    def __init__(self, source: Any, pieces: int = PIECES) -> None:
        """Build from a `ClapAudioEncoder`, whose weights are shared; `pieces` is 1, 2 or 4."""
        super().__init__()
        self.pieces = pieces
        self.patches = source.patch_embed.proj
        self.patch_norm = source.patch_embed.norm
        side = COLUMNS // PATCH
        grid = Grid(side * pieces // PIECES, side, side)
        now = grid.plain()
        layers: list[nn.Module] = []
        for stage in source.layers:
            for number, block in enumerate(stage.blocks):
                shifted = grid.shifts and number % 2 == 1
                layers.append(Block(block, grid, shifted, now))
                now = grid.windows(shifted)
            if stage.downsample is not None:
                layers.append(Merge(stage.downsample, grid, now))
                grid = grid.merged()
                now = grid.plain()
        self.layers = nn.ModuleList(layers)
        self.norm = source.norm

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Return the mean over all patches."""
        stacked = spectrogram.reshape(-1, self.pieces, COLUMNS, BANDS).transpose(2, 3)
        x = self.patches(stacked.reshape(-1, 1, self.pieces * BANDS, COLUMNS)).flatten(2).transpose(1, 2)
        x = self.patch_norm(x)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x).mean(1)


def _packed(attention: Any) -> nn.Linear:
    """Return one layer for query, key and value; the query is scaled by the root of the head's width."""
    scale = attention.attention_head_size**-0.5
    parts = (attention.query, attention.key, attention.value)
    packed = nn.Linear(parts[0].in_features, 3 * parts[0].out_features)
    with torch.no_grad():
        for rows, part, factor in zip(range(3), parts, (scale, 1.0, 1.0), strict=True):
            place = slice(rows * part.out_features, (rows + 1) * part.out_features)
            packed.weight[place] = part.weight * factor
            packed.bias[place] = part.bias * factor
    return packed
