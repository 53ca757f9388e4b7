"""Training examples: windows of the bank, coloured, reverberated and mixed, all on mel power.

Powers of two sounds add up only on average; the missing cross term 2 sqrt(a b) cos(phase) is drawn at
random, with the spread that is left after each mel band has averaged its bins.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from bank import KINDS, Bank
from corpus import SAMPLE_RATE
from numpy.typing import NDArray
from torch import Tensor
from towers import HOP_LEN, N_MELS, mel_weights

SECOND = {"background": 0.62, "tonal": 0.2, "event": 0.18}
"""What is mixed in."""
ALONE = 0.2
"""How many windows have nothing mixed in."""
SNR_DB = (-8.0, 24.0)
EVENT_RATIO_DB = (-6.0, 12.0)
"""Ratio to a second event: both are answers."""


@dataclass(frozen=True)
class Batch:
    """One batch of training examples."""

    power: Tensor
    """float32 (n, frames, N_MELS)."""
    items: Tensor
    """int64 (n, 2): windows of the bank, the main one first."""
    shares: Tensor
    """float32 (n, 2): how much each is the answer; the main one has at least a half unless it is drowned."""


class Mixer:
    """Draws batches from the bank; the same seed draws the same ones."""

    def __init__(self, bank: Bank, seed: int, left_out: Collection[int] = ()) -> None:
        self._power, self._rng = bank.power, np.random.default_rng(seed)
        self._torch = torch.Generator().manual_seed(seed)
        kept = ~np.isin(bank.classes.numpy(), list(left_out)).any(axis=1)
        kinds = bank.kinds.numpy()
        self._any = np.flatnonzero(kept)
        self._second = {kind: np.flatnonzero(kept & (kinds == KINDS.index(kind))) for kind in SECOND}
        bins = (mel_weights() > 0).sum(axis=1)
        self._spread = torch.from_numpy((0.7 / np.sqrt(np.maximum(bins / 2, 1))).astype(np.float32))

    def draw(self, n: int) -> Batch:
        """Draw n examples."""
        kind = self._rng.choice(list(SECOND), n, p=list(SECOND.values()))
        items = np.stack([self._rng.choice(self._any, n), np.zeros(n, np.int64)], axis=1)
        for name, pool in self._second.items():
            items[kind == name, 1] = self._rng.choice(pool, int((kind == name).sum()))
        ratio_db = np.where(
            kind == "event", self._rng.uniform(*EVENT_RATIO_DB, n), self._rng.uniform(*SNR_DB, n)
        )
        ratio_db[self._rng.random(n) < ALONE] = 90.0
        main = self._reverberate(self._colour(self._take(items[:, 0])))
        other = self._colour(self._take(items[:, 1])) * _decibels(-ratio_db)
        noise = torch.randn(main.shape, generator=self._torch) * self._spread
        power = main + other + 2 * (main * other).sqrt() * noise.clamp(-0.95, 0.95)
        hiss = _decibels(self._rng.uniform(-70, -25, n))
        power = power + hiss * (0.5 + torch.rand(main.shape, generator=self._torch))
        share = 1 / (1 + np.exp(ratio_db / 5)) * np.where(kind == "event", 1.0, 0.6)
        return Batch(
            power=power * _decibels(self._rng.uniform(-50, 10, n)),
            items=torch.from_numpy(items),
            shares=torch.from_numpy(np.stack([1 - share, share], axis=1)).float(),
        )

    def _take(self, items: NDArray[np.int64]) -> Tensor:
        """Fetch windows and bring their mean power to one."""
        power = torch.exp(self._power[torch.from_numpy(items)].float() * float(np.log(10)))
        return power / (power.mean(dim=(1, 2), keepdim=True) + 1e-12)

    def _colour(self, power: Tensor) -> Tensor:
        """Filter each window: a smooth curve for all, a band limit for some."""
        n = len(power)
        position = np.linspace(0, 1, N_MELS)
        waves = np.cos(np.pi * np.arange(1, 5)[:, None] * position)
        decibels = (self._rng.normal(0, 3, (n, 4)) / np.sqrt(np.arange(1, 5))) @ waves
        low_pass = np.where(self._rng.random(n) < 0.3, self._rng.uniform(30, 64, n), 99)[:, None]
        high_pass = np.where(self._rng.random(n) < 0.2, self._rng.uniform(0, 16, n), -9)[:, None]
        slope = self._rng.uniform(2, 12, n)[:, None]
        index = np.arange(N_MELS)
        decibels -= np.minimum(
            70, slope * (np.maximum(index - low_pass, 0) + 0.5 * np.maximum(high_pass - index, 0))
        )
        return power * torch.from_numpy(10 ** (decibels / 10)).float()[:, None, :]

    def _reverberate(self, power: Tensor) -> Tensor:
        """Smear a third of the windows along time, as a room of 0.2 to 1.2 s does."""
        frames = power.shape[1]
        wet = np.flatnonzero(self._rng.random(len(power)) < 0.35)
        decay = 6 * np.log(10) * HOP_LEN / SAMPLE_RATE / self._rng.uniform(0.2, 1.2, len(wet))[:, None, None]
        tail = 10 ** self._rng.uniform(-1.5, 0, len(wet))[:, None, None] * decay
        lag = np.arange(frames)[:, None] - np.arange(frames)
        kernel = np.where(lag > 0, tail * np.exp(-decay * np.maximum(lag, 0)), 0).astype(np.float32)
        power[wet] += torch.from_numpy(kernel) @ power[wet]
        return power


def _decibels(value: NDArray[np.float64]) -> Tensor:
    """Turn decibels (n,) into power ratios (n, 1, 1)."""
    return torch.from_numpy(10 ** (value / 10)).float()[:, None, None]
