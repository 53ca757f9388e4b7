"""A chime that no word of the model is for, in wind made by code, and files with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.sources import demo_sounds

RATE = demo_sounds.SAMPLE_RATE


def chime(pitch: float = 1.0) -> NDArray[np.float32]:
    """An electronic melody of six notes, 1.1 s, float32 (n,)."""
    t = np.arange(round(0.18 * RATE)) / RATE
    notes = []
    for step in (0, 4, 7, 12, 7, 4):
        phase = 2.0 * np.pi * 660.0 * pitch * 2.0 ** (step / 12.0) * t
        tone = np.sin(phase) + 0.4 * np.sin(2.0 * phase) + 0.3 * np.sin(3.0 * phase)
        notes.append(tone * np.exp(-6.0 * t))
    return np.concatenate(notes).astype(np.float32)


def place(seconds: float, seed: int = 0, amplitude: float = 0.003) -> NDArray[np.float32]:
    """Wind, float32 (n,)."""
    wind = demo_sounds.wind(np.random.default_rng(seed), round(seconds * RATE))
    return np.asarray(wind / wind.std() * amplitude, np.float32)


def scene(starts_s: Sequence[float], seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Wind with a chime at each of `starts_s`, none quite like another."""
    samples, rng = place(seconds, seed), np.random.default_rng(seed)
    for start_s in starts_s:
        one, start = chime(rng.uniform(0.98, 1.02)), round(start_s * RATE)
        samples[start : start + len(one)] += one * np.float32(rng.uniform(0.06, 0.12))
    return samples


def write(path: Path, samples: NDArray[np.float32]) -> str:
    """Write samples as a WAV file; return its path."""
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return str(path)


def takes_file(folder: Path, count: int = 5) -> str:
    """A recording of the place, and then of the chime every four seconds."""
    starts = [4.0 + 4.0 * at for at in range(count)]
    return write(folder / "takes.wav", scene(starts, starts[-1] + 4.0, seed=1))


def street_file(folder: Path) -> str:
    """Another recording, with the chime at 6 s and at 13 s."""
    return write(folder / "street.wav", scene([6.0, 13.0], 18.0, seed=2))
