"""Training examples: crops of clips, placed, coloured, reverberated and mixed, all on mel power.

Powers of two sounds add up only on average; the missing cross term 2 sqrt(a b) cos(phase) is drawn at
random, with the spread that is left after each mel band has averaged its bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from corpus import SAMPLE_RATE, WINDOW_LEN, Audio, Clip
from numpy.typing import NDArray
from torch import Tensor
from towers import HOP_LEN, N_FFT, N_MELS, MelPower, mel_weights
from tqdm import tqdm

FRAMES = (WINDOW_LEN - N_FFT) // HOP_LEN + 1
"""Frames of one window: 124."""
ACTIVE_DB = 25.0
"""A frame is active when it is this close to the loudest of its clip."""

URGENT = frozenset(
    """
    siren dog_bark fire_smoke_alarm alarm_clock baby_cry glass_break door_knock doorbell car_horn
    gunshot scream telephone_ring ringtone car_alarm alarm_siren civil_defense_siren buzzer speech_shout
    """.split()  # noqa: SIM905
)
"""Classes that people rely on; drawn twice as often."""
CONFUSABLE = frozenset(
    """
    speech music street_music children_playing bird_chirp engine drilling wind train_horn chime
    morse_code
    """.split()  # noqa: SIM905
)
"""Classes that are taken for urgent ones; drawn half as often again."""


@dataclass(frozen=True)
class Mels:
    """Mel power of every clip, end to end."""

    power: Tensor
    """float32 (total_frames, N_MELS)."""
    starts: NDArray[np.int64]
    """(n_clips + 1,) first frame of each clip."""
    loudness: NDArray[np.float32]
    """(n_clips,) mean power per cell of the loudest 2 s; silence counts where a clip is shorter."""
    active: list[NDArray[np.int64]]
    """Per clip, the frames within it that are active."""


def compute_mels(audio: Audio) -> Mels:
    """Compute the mel power of all clips."""
    front = MelPower()
    pieces, active, loudness = [], [], []
    for row in tqdm(range(len(audio.starts) - 1), desc="mels", unit="clip"):
        samples = audio.clip(row)
        samples = np.pad(samples, (0, max(0, N_FFT - len(samples))))
        power = front(torch.from_numpy(samples)[None])[0]
        level = power.sum(dim=1).numpy()
        active.append(np.flatnonzero(level >= level.max() / 10 ** (ACTIVE_DB / 10)))
        sums = np.concatenate([[0.0], np.cumsum(level)])
        loudness.append((sums[FRAMES:] - sums[:-FRAMES]).max() if len(level) >= FRAMES else sums[-1])
        pieces.append(power)
    starts = np.cumsum([0, *(len(piece) for piece in pieces)]).astype(np.int64)
    scale = 1 / (FRAMES * N_MELS)
    return Mels(torch.cat(pieces), starts, np.array(loudness, np.float32) * scale + 1e-12, active)


@dataclass(frozen=True)
class Batch:
    """One batch of training examples."""

    power: Tensor
    """float32 (n, FRAMES, N_MELS)."""
    rows: Tensor
    """int64 (n, 2): the clips heard, the main one first."""
    frames: Tensor
    """int64 (n, 2): the frame of each clip at the middle of the window."""
    shares: Tensor
    """float32 (n, 2): how much each is the answer; the main one has at least a half unless it is drowned."""


def class_weights(clips: list[Clip]) -> NDArray[np.float64]:
    """Weigh clips for sampling: classes by the root of their size, recordings by the root of theirs."""
    groups: dict[str, int] = {}
    for clip in clips:
        groups[clip.group] = groups.get(clip.group, 0) + 1
    weight = np.array([groups[clip.group] ** -0.5 for clip in clips])
    names = np.array([clip.canonical for clip in clips])
    for name in np.unique(names):
        boost = 2.0 if name in URGENT else 1.5 if name in CONFUSABLE else 1.0
        weight[names == name] *= boost / np.sqrt(weight[names == name].sum())
    return np.asarray(weight / weight.sum())


class Mixer:
    """Draws batches from the training clips; the same seed draws the same ones."""

    def __init__(self, mels: Mels, clips: list[Clip], seed: int) -> None:
        usable = [clip for clip in clips if clip.rms_db > -65]
        self._mels, self._rng = mels, np.random.default_rng(seed)
        self._torch = torch.Generator().manual_seed(seed)
        self._pools = {
            kind: [clip for clip in usable if clip.kind in kinds]
            for kind, kinds in {
                "event": ("event",),
                "background": ("background",),
                "tonal": ("speech", "music"),
                "synthetic": ("synthetic",),
            }.items()
        }
        self._weights = {kind: class_weights(pool) for kind, pool in self._pools.items()}
        bins = (mel_weights() > 0).sum(axis=1)
        self._spread = torch.from_numpy((0.7 / np.sqrt(np.maximum(bins / 2, 1))).astype(np.float32))

    def _draw(self, kinds: NDArray[np.str_]) -> NDArray[np.int64]:
        rows = np.empty(len(kinds), np.int64)
        for kind, pool in self._pools.items():
            chosen = np.flatnonzero(kinds == kind)
            picks = self._rng.choice(len(pool), len(chosen), p=self._weights[kind])
            rows[chosen] = [pool[pick].row for pick in picks]
        return rows

    def _starts(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Choose the clip frame at the window's first frame; an active frame is then well inside the window.

        Short events may lie only partly in the window, at either end; long clips mostly fill it.
        """
        starts = np.empty(len(rows), np.int64)
        for at, row in enumerate(rows):
            length = int(self._mels.starts[row + 1] - self._mels.starts[row])
            start = int(self._rng.choice(self._mels.active[row])) - int(self._rng.integers(6, FRAMES - 12))
            if length >= FRAMES and self._rng.random() < 0.75:
                start = min(max(start, 0), length - FRAMES)
            starts[at] = start
        return starts

    def _crop(self, rows: NDArray[np.int64], starts: NDArray[np.int64]) -> Tensor:
        """Cut windows, slightly stretched in time and shifted in pitch; outside its clip there is silence."""
        n = len(rows)
        rate = np.where(self._rng.random(n) < 0.5, self._rng.uniform(0.88, 1.14, n), 1.0)
        shift = np.where(self._rng.random(n) < 0.4, self._rng.integers(-2, 3, n), 0)
        first, last = self._mels.starts[rows][:, None], self._mels.starts[rows + 1][:, None]
        frame = first + starts[:, None] + np.round(np.arange(FRAMES) * rate[:, None]).astype(np.int64)
        inside = torch.from_numpy((frame >= first) & (frame < last))
        power = self._mels.power[torch.from_numpy(np.clip(frame, first, last - 1))] * inside[:, :, None]
        for step in (-2, -1, 1, 2):
            moved = torch.from_numpy(shift == step)
            power[moved] = power[moved].roll(step, dims=2)
        return power

    def _colour(self, power: Tensor) -> Tensor:
        """Filter each window: a smooth curve for all, a band limit for some."""
        n = len(power)
        position = np.linspace(0, 1, N_MELS)
        waves = np.cos(np.pi * np.arange(1, 5)[:, None] * position)
        decibels = (self._rng.normal(0, 3, (n, 4)) / np.sqrt(np.arange(1, 5))) @ waves
        low_pass = np.where(self._rng.random(n) < 0.35, self._rng.uniform(30, 64, n), 99)[:, None]
        high_pass = np.where(self._rng.random(n) < 0.25, self._rng.uniform(0, 16, n), -9)[:, None]
        slope = self._rng.uniform(2, 12, n)[:, None]
        index = np.arange(N_MELS)
        decibels -= np.minimum(
            70, slope * (np.maximum(index - low_pass, 0) + 0.5 * np.maximum(high_pass - index, 0))
        )
        return power * torch.from_numpy(10 ** (decibels / 10)).float()[:, None, :]

    def _reverberate(self, power: Tensor) -> Tensor:
        """Smear a third of the windows along time, as a room of 0.2 to 1.2 s does."""
        wet = np.flatnonzero(self._rng.random(len(power)) < 0.35)
        decay = 6 * np.log(10) * HOP_LEN / SAMPLE_RATE / self._rng.uniform(0.2, 1.2, len(wet))[:, None, None]
        tail = 10 ** self._rng.uniform(-1.5, 0, len(wet))[:, None, None] * decay
        lag = np.arange(FRAMES)[:, None] - np.arange(FRAMES)
        kernel = np.where(lag > 0, tail * np.exp(-decay * np.maximum(lag, 0)), 0).astype(np.float32)
        power[wet] += torch.from_numpy(kernel) @ power[wet]
        return power

    def _kinds(self, n: int) -> tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.float64]]:
        """Choose what is heard, what else is heard, and the ratio between them in dB."""
        first = self._rng.choice(["event", "background", "tonal", "synthetic"], n, p=[0.66, 0.16, 0.12, 0.06])
        second = self._rng.choice(["background", "tonal", "event"], n, p=[0.68, 0.18, 0.14])
        ratio = self._rng.uniform(-6, 28, n)
        ratio[second == "event"] = self._rng.uniform(-6, 12, int((second == "event").sum()))
        return first, second, np.where(self._rng.random(n) < 0.22, 90.0, ratio)

    def draw(self, n: int) -> Batch:
        """Draw n examples."""
        first, second, ratio_db = self._kinds(n)
        rows = np.stack([self._draw(first), self._draw(second)], axis=1)
        starts = np.stack([self._starts(rows[:, 0]), self._starts(rows[:, 1])], axis=1)
        loudness = torch.from_numpy(self._mels.loudness[rows])
        main = self._reverberate(self._colour(self._crop(rows[:, 0], starts[:, 0])))
        other = self._colour(self._crop(rows[:, 1], starts[:, 1]))
        main = main / loudness[:, 0, None, None]
        other = (
            other
            / loudness[:, 1, None, None]
            * torch.from_numpy(10 ** (-ratio_db / 10)).float()[:, None, None]
        )
        noise = torch.randn(main.shape, generator=self._torch) * self._spread
        power = main + other + 2 * (main * other).sqrt() * noise.clamp(-0.95, 0.95)
        hiss_db = torch.from_numpy(self._rng.uniform(-70, -25, n)).float()[:, None, None]
        power = power + 10 ** (hiss_db / 10) * (0.5 + torch.rand(main.shape, generator=self._torch))
        level_db = torch.from_numpy(self._rng.uniform(-50, 10, n)).float()[:, None, None]
        share = 1 / (1 + np.exp(ratio_db / 5)) * np.where(second == "event", 1.0, 0.6)
        return Batch(
            power=power * 10 ** (level_db / 10),
            rows=torch.from_numpy(rows),
            frames=torch.from_numpy(starts + FRAMES // 2),
            shares=torch.from_numpy(np.stack([1 - share, share], axis=1)).float(),
        )
