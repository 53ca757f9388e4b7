"""Labelled windows to learn names from: training clips and signals made by code, in training backgrounds."""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.train.student.noise import echo
from tools.train.student.scenes import room
from tools.train.student.signals import Signal
from tools.train.student.sources import RATE, Sound, is_labelled

WINDOW_LEN = 2 * RATE
CLEAN, SNR_DB = 0.4, (-5.0, 24.0)
"""How many examples have no background, and the ratios of the others."""
PEAK_DB = (-35.0, -3.0)
SIGNAL_SNR_DB = (0.0, 30.0)
"""Of signals. Fainter, they taught labels the background: quiet nights were taken for alarms."""
ECHOED = 0.5
"""How many signals are in a room."""


class Draw(Protocol):
    """What labelled windows are drawn from."""

    classes: list[str]
    """Class words."""

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Draw n: audio float32 (n, WINDOW_LEN), full scale +-1.0, and its classes (n,)."""


class Examples:
    """Draws labelled training clips, clean or in training backgrounds."""

    snr_db = SNR_DB

    def __init__(self, sound: Sound, seed: int) -> None:
        self._sound, self._rng = sound, np.random.default_rng(seed)
        clips, odds = sound.clips, label_odds(sound)
        self._main = np.flatnonzero(odds)
        self._beds = np.flatnonzero([clip.kind == "background" for clip in clips])
        names = [clips[at].canonical for at in self._main]
        self.classes = sorted(set(names))
        self._truth = np.array([self.classes.index(name) for name in names])
        self._odds = odds[self._main]

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Draw n: audio float32 (n, WINDOW_LEN), full scale +-1.0, and its classes (n,)."""
        rng = self._rng
        windows, truth = self._labelled(n)
        main = _level(windows)
        beds = _level([self._cut(int(at)) for at in rng.choice(self._beds, n)])
        ratio = 10 ** (-rng.uniform(*self.snr_db, (n, 1)) / 20) * (rng.random((n, 1)) >= CLEAN)
        mixed = main + beds * ratio
        peak = np.abs(mixed).max(axis=1, keepdims=True)
        mixed *= 10 ** (rng.uniform(*PEAK_DB, (n, 1)) / 20) / (peak + 1e-9)
        return torch.from_numpy(mixed.astype(np.float32)), torch.from_numpy(truth)

    def _labelled(self, n: int) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
        """Draw n windows without their backgrounds, and their classes."""
        drawn = self._rng.choice(len(self._main), n, p=self._odds)
        return [self._cut(int(at)) for at in self._main[drawn]], self._truth[drawn]

    def _cut(self, at: int) -> NDArray[np.float32]:
        """Cut a window around a tenth of a second drawn by its energy; a short clip lies amid silence."""
        rng, samples = self._rng, self._sound.clip(at).astype(np.float32) / 32767
        if len(samples) <= WINDOW_LEN:
            padded = np.zeros(WINDOW_LEN, np.float32)
            start = int(rng.integers(0, WINDOW_LEN - len(samples) + 1))
            padded[start : start + len(samples)] = samples
            return padded
        step = RATE // 10
        energy = np.square(samples[: len(samples) // step * step]).reshape(-1, step).sum(axis=1) + 1e-9
        middle = int(rng.choice(len(energy), p=energy / energy.sum())) * step
        start = middle - int(rng.integers(RATE // 4, WINDOW_LEN - RATE // 4))
        part = samples[min(max(0, start), len(samples) - WINDOW_LEN) :][:WINDOW_LEN]
        return np.asarray(part, np.float32)


class SignalExamples(Examples):
    """Draws one signal made by code, half of them in a room, clean or in training backgrounds.

    Its seed is what the signal is called, so no other signal changes its examples.
    """

    snr_db = SIGNAL_SNR_DB

    def __init__(self, sound: Sound, signal: Signal) -> None:
        named = hashlib.md5(signal.make.__name__.encode(), usedforsecurity=False)
        super().__init__(sound, int(named.hexdigest()[:6], 16))
        self._make, self.classes = signal.make, list(signal.names)

    def _labelled(self, n: int) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
        windows, truth = [], []
        for _ in range(n):
            windows.append(self._in_room(self._make(self._rng, WINDOW_LEN).astype(np.float32)))
            truth.append(int(self._rng.integers(len(self.classes))))
        return windows, np.array(truth)

    def _in_room(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._rng.random() >= ECHOED:
            return window
        return echo(window, room(self._rng, WINDOW_LEN), float(np.mean(np.square(window))))


def label_odds(sound: Sound) -> NDArray[np.float64]:
    """Say how often each clip is drawn for its label, (clips,): less if its class or recording has many."""
    told = np.flatnonzero([is_labelled(clip) for clip in sound.clips])
    names, groups = ([getattr(sound.clips[at], key) for at in told] for key in ("canonical", "group"))
    sizes = [names.count(name) * groups.count(group) for name, group in zip(names, groups, strict=True)]
    odds = np.zeros(len(sound.clips))
    odds[told] = np.array(sizes) ** -0.5 / (np.array(sizes) ** -0.5).sum()
    return odds


def _level(windows: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Stack windows, each of RMS one."""
    stack = np.stack(windows)
    return np.asarray(stack / (np.sqrt(np.square(stack).mean(axis=1, keepdims=True)) + 1e-6), np.float32)
