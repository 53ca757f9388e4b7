"""Scenes to learn from: sounds filtered, reverberated, mixed as waveforms with one another, at any level."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.train.student.made import make
from tools.train.student.sources import RATE, Sound

MADE, SILENT = 0.14, 0.01
"""How many sounds are made by code, and how many are a faint hiss."""
MIXED, MIXED_AGAIN = 0.7, 0.25
"""How many sounds have a second one in them, and how many a third."""
RATIO_DB = (-20.0, 20.0)
PEAK_DB = (-35.0, 0.0)
"""Full scale 0 dB."""
FILTERED, REVERBERATED, CLIPPED, FASTER = 0.5, 0.3, 0.03, 0.4
_KNOTS = 8
"""Of a random filter's curve, over the octaves from 50 Hz to 16 kHz."""


class Scenes:
    """Draws batches of waveforms; the same seed draws the same ones. `weights` (clips,) are of its clips."""

    def __init__(self, sound: Sound, seed: int, weights: NDArray[np.float64] | None = None) -> None:
        self._sound, self._rng = sound, np.random.default_rng(seed)
        weights = _weights(sound) if weights is None else weights
        self._cumulated = np.cumsum(weights / weights.sum())

    def draw(self, n: int, length: int) -> Tensor:
        """Draw scenes: float32 (n, length) at RATE, full scale +-1.0."""
        rng = self._rng
        fresh = self._shape(np.stack([self._one(length) for _ in range((n + 1) // 2)]))
        again = np.roll(fresh, int(rng.integers(length)), axis=1)
        sounds = np.concatenate([fresh, again])[:n]  # each sound twice, with others in it
        mixed = sounds
        for share in (MIXED, MIXED_AGAIN):
            mixed = mixed + self._others(sounds, int(rng.integers(1, max(2, n))), RATIO_DB, share)
        return self._levelled(mixed)

    def _others(
        self, sounds: NDArray[np.float32], shift: int, ratio_db: tuple[float, float], share: float
    ) -> NDArray[np.float32]:
        """Give a share of (n, length) the one `shift` places before as a second sound, the others silence."""
        rng, n = self._rng, len(sounds)
        gain = 10 ** (-rng.uniform(*ratio_db, (n, 1)) / 20) * (rng.random((n, 1)) < share)
        return np.asarray(np.roll(sounds, shift, axis=0) * gain, np.float32)

    def _levelled(self, mixed: NDArray[np.float32]) -> Tensor:
        """Bring each of (n, length) to a level of its own; some are clipped."""
        rng, n = self._rng, len(mixed)
        peak = np.abs(mixed).max(axis=1, keepdims=True) + 1e-9
        level = 10 ** (rng.uniform(*PEAK_DB, (n, 1)) / 20)
        level = np.where(rng.random((n, 1)) < CLIPPED, level * 10 ** rng.uniform(0.2, 1, (n, 1)), level)
        return torch.from_numpy(np.clip(mixed / peak * level, -1, 1).astype(np.float32))

    def _one(self, length: int) -> NDArray[np.float32]:
        """Draw one sound of RMS 1."""
        rng = self._rng
        kind = rng.random()
        if kind < MADE:
            sound = make(rng, length)
        elif kind < MADE + SILENT:
            sound = rng.normal(0, 1, length).astype(np.float32)
        else:
            sound = self._cut(self._which(), length)
        return even(sound)

    def _which(self) -> int:
        """Draw a clip."""
        return int(np.searchsorted(self._cumulated, self._rng.random()))

    def _cut(self, which: int, length: int) -> NDArray[np.float32]:
        """Cut anywhere out of a clip, faster or slower for some; a short clip lies anywhere amid silence."""
        rng = self._rng
        samples = self._sound.clip(which)
        speed = float(np.exp(rng.uniform(-0.3, 0.3))) if rng.random() < FASTER else 1.0
        need = int(length * speed) + 2
        if len(samples) > need:
            start = self._somewhere(samples, need)
            part = samples[start : start + need].astype(np.float32)
        else:
            part = np.zeros(need, np.float32)
            start = int(rng.integers(0, need - len(samples) + 1))
            part[start : start + len(samples)] = samples
        if speed == 1.0:
            return np.asarray(part[:length] / np.float32(32767), np.float32)
        at = np.arange(length) * speed
        below = at.astype(np.int64)
        share = (at - below).astype(np.float32)
        return np.asarray(
            (part[below] * (1 - share) + part[below + 1] * share) / np.float32(32767), np.float32
        )

    def _somewhere(self, samples: NDArray[np.int16], need: int) -> int:
        """Choose a start; the louder of two most times."""
        starts = self._rng.integers(0, len(samples) - need, 2)
        if self._rng.random() < 0.3:
            return int(starts[0])
        energy = [np.square(samples[s : s + need : 16].astype(np.float32)).sum() for s in starts]
        return int(starts[int(np.argmax(energy))])

    def _shape(self, sounds: NDArray[np.float32]) -> NDArray[np.float32]:
        """Filter some sounds and put some into a room; around the end, which does no harm here."""
        rng, length = self._rng, sounds.shape[1]
        for at in range(len(sounds)):
            filtered, wet = rng.random() < FILTERED, rng.random() < REVERBERATED
            if not (filtered or wet):
                continue
            spectrum = torch.fft.rfft(torch.from_numpy(sounds[at]))
            if filtered:
                spectrum *= torch.from_numpy(self._filter(len(spectrum)))
            if wet:
                spectrum *= torch.fft.rfft(torch.from_numpy(room(rng, length)))
            shaped = torch.fft.irfft(spectrum, length).numpy()
            sounds[at] = even(shaped)
        return sounds

    def _filter(self, bins: int) -> NDArray[np.float32]:
        """Draw a smooth curve and, for some, the band of a small loudspeaker or a wall: (bins,)."""
        rng = self._rng
        octave = np.log2(np.maximum(np.arange(bins), 1) * (RATE / 2 / bins) / 50)
        decibels = np.interp(octave, np.linspace(0, 8.3, _KNOTS), rng.normal(0, 6, _KNOTS))
        if rng.random() < 0.4:
            decibels -= rng.uniform(6, 40) * np.maximum(octave - rng.uniform(3, 8), 0)
        if rng.random() < 0.25:
            decibels -= rng.uniform(6, 30) * np.maximum(rng.uniform(0, 4) - octave, 0)
        return np.asarray(10 ** (np.maximum(decibels, -100) / 20), np.float32)


def even(sound: NDArray[np.floating]) -> NDArray[np.float32]:
    """Bring a sound to RMS 1."""
    return np.asarray(sound / (np.sqrt(np.mean(np.square(sound))) + 1e-5), np.float32)


def room(rng: np.random.Generator, length: int) -> NDArray[np.float32]:
    """Draw an impulse response: the sound itself, then noise that dies away in 0.1 to 1.5 s."""
    reverberation_s = float(np.exp(rng.uniform(np.log(0.1), np.log(1.5))))
    size = min(length, int(reverberation_s * RATE))
    tail = rng.normal(size=size) * 10 ** (-3 * np.arange(size) / (reverberation_s * RATE))
    response = np.zeros(length, np.float32)
    response[:size] = tail / (np.sqrt(np.square(tail).sum()) + 1e-9) * 10 ** rng.uniform(-1, 0.3)
    response[0] = 1
    return response


def _weights(sound: Sound) -> NDArray[np.float64]:
    """Weigh clips: recordings by the root of their size, sources by the fourth root of theirs."""
    groups, sources = ([getattr(clip, key) for clip in sound.clips] for key in ("group", "source"))
    sizes = {name: groups.count(name) for name in set(groups)}
    source_sizes = {name: sources.count(name) for name in set(sources)}
    return np.array(
        [
            sizes[group] ** -0.5 * source_sizes[source] ** -0.25
            for group, source in zip(groups, sources, strict=True)
        ]
    )
